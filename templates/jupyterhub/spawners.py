"""The notebooks' spawner: KubeSpawner, which says on the form what it can't take."""

import re
from decimal import Decimal

from kubespawner import KubeSpawner
from traitlets import Dict

OWNER_ANNOTATION = "hub.jupyter.org/username"
POWERS = {suffix: power for power, suffix in enumerate(["n", "u", "m", "", "k", "M", "G", "T", "P", "E"], -3)}


class TooMuch(Exception):
    """A notebook asks for more than it may have."""

    @property
    def jupyterhub_message(self):
        """What the page of the start says."""
        return str(self)


class ForeignClaim(Exception):
    """The claim that would be mounted belongs to another user."""

    jupyterhub_message = "the claim for your disk belongs to another user; ask an administrator of the hub"


class FormSpawner(KubeSpawner):
    """Looks at what is typed while the form can still show a fault; KubeSpawner leaves it to the log."""

    maximum = Dict(config=True, help="The most CPU (cpu), memory and GPUs (gpus) of a notebook.")

    async def get_pod_manifest(self):
        """Return the pod, or raise TooMuch: what is asked for may also come by the hub's API."""
        pod = await super().get_pod_manifest()
        resources = pod.spec.containers[0].resources
        resources.limits = bounded(resources.requests or {}, resources.limits or {}, self.maximum)
        return pod

    async def _make_create_pvc_request(self, pvc, request_timeout):
        """Create the user's claim if there is none; raise ForeignClaim if it belongs to another user.

        Different names can lead to the same name of a claim: KubeSpawner shortens them to a hash of 32 bits.
        """
        is_there = await super()._make_create_pvc_request(pvc, request_timeout)
        if is_there:
            claim = await self.api.read_namespaced_persistent_volume_claim(pvc.metadata.name, self.namespace)
            owner = (claim.metadata.annotations or {}).get(OWNER_ANNOTATION)
            if owner not in (None, self.user.name):
                self.log.error("The claim %s belongs to %r", pvc.metadata.name, owner)
                raise ForeignClaim
        return is_there

    def _options_from_form(self, formdata):
        """Return what was chosen, or raise ValueError."""
        found = super()._options_from_form(formdata)
        if isinstance(self.profile_list, list) and self.profile_list:  # extraConfig may make it a function
            profile = self._get_profile(
                found.get("profile"), self._get_initialized_profile_list(self.profile_list)
            )
            for name, option in profile.get("profile_options", {}).items():
                typed = found.get(f"{name}--unlisted-choice")
                check(option, found.get(name), typed)
                if typed is not None and name in self.maximum and number(typed) > number(self.maximum[name]):
                    raise ValueError(
                        f"{option['display_name']} can't be {typed}: at most {self.maximum[name]}"
                    )
        return found


def bounded(requests, limits, maximum):
    """Return a notebook's limits, by default the maximum; raise TooMuch if it asks for more."""
    limits = {**{name: str(maximum[name]) for name in ("cpu", "memory") if name in maximum}, **limits}
    for asked in (requests, limits):
        for name, amount in asked.items():
            kind = "gpus" if name.endswith("/gpu") else name
            if kind in maximum and number(amount) > number(maximum[kind]):
                raise TooMuch(f"{kind} can't be {amount}: at most {maximum[kind]}")
    for name, amount in requests.items():
        if name in limits and number(amount) > number(limits[name]):
            raise TooMuch(f"{name} can't be {amount}: the limit is {limits[name]}")
    return limits


def number(quantity):
    """Return a quantity of Kubernetes, such as 500m, 1.5Gi or 1e3, as a number."""
    digits, suffix, binary = re.fullmatch("(.*?)([numkKMGTPE]?)(i?)", str(quantity)).groups()
    return Decimal(digits) * Decimal(1024 if binary else 1000) ** POWERS[suffix.replace("K", "k")]


def check(option, chosen, typed):
    """Raise ValueError unless what is chosen is in the list, or what is typed instead is as expected."""
    other = option.get("unlisted_choice") or {}
    if typed is None:
        fine = chosen is None or chosen in option.get("choices", {})
    else:
        fine = typed and re.fullmatch(other.get("validation_regex") or ".*", typed)
    if not fine:
        expected = other.get("validation_message") or "choose from the list"
        raise ValueError(f"{option['display_name']} can't be {typed or 'empty'}: {expected}")
