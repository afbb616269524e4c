"""Whether a cluster has what an app asks of it: one small function a question, over what the cluster says."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from kfctl.engine.conditions import conditions
from kfctl.engine.quantity import quantity
from kfctl.model.finding import Finding, bad, ok, unknown
from kfctl.model.resource import at, is_custom, number

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.engine.demands import Demands

    Body = Mapping[str, Any]

OLDEST = (1, 28)
LEVEL = "pod-security.kubernetes.io/enforce"
DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_DEVICES = ("gpu", "tpu", "npu")
_OPERATOR = "kfctl generate tf-job-operator tf-job-operator brings the one of this kind"
_SHOWN = 5


def version(text: str) -> Finding:
    """Judge the server's version."""
    found = re.match(r"v?(\d+)\.(\d+)", text)
    needed = ".".join(map(str, OLDEST))
    if not found:
        return unknown("version", f"{text or 'nothing'} is no version that is known")
    if tuple(map(number, found.groups())) < OLDEST:
        return bad("version", f"{text} is older than {needed}", "have the cluster upgraded")
    return ok("version", f"{text} ({needed} or newer is needed)")


def nodes(found: Sequence[Body], demands: Demands) -> Iterator[Finding]:
    """Judge the nodes: is any ready, and has any the devices that pods ask for."""
    ready = [node for node in found if takes_pods(node)]
    if ready:
        yield ok("nodes", f"{len(ready)} of {len(found)} ready")
    else:
        message = f"none of {len(found)} is ready" if found else "there is none"
        yield bad("nodes", f"{message}: no pod can run", "kubectl get nodes", needed=demands.pods)
    yield from _devices(ready, demands.devices)


def takes_pods(node: Body) -> bool:
    """Return whether a node is ready, and pods may be put on it."""
    return conditions(node).get("Ready", {}).get("status") == "True" and not at(node, "spec", "unschedulable")


def _devices(ready: Iterable[Body], wanted: Iterable[str]) -> Iterator[Finding]:
    there: dict[str, Fraction] = {}
    for node in ready:
        for name, amount in (at(node, "status", "allocatable") or {}).items():
            if name in wanted or any(device in name for device in _DEVICES):
                there[name] = there.get(name, Fraction(0)) + (quantity(amount) or 0)
    having = {name: amount for name, amount in there.items() if amount}
    for name in sorted({*wanted} - having.keys()):
        yield bad("devices", f"no ready node has {name}, which pods of the app ask for", _DRIVER)
    if having:
        yield ok("devices", ", ".join(f"{float(amount):g} {name}" for name, amount in sorted(having.items())))
    elif not wanted:
        yield ok("devices", "no GPU, and nothing asks for one")


_DRIVER = "add nodes that have it, with its device plugin, or ask for none (numGpus 0)"


def storage(classes: Sequence[Body], demands: Demands) -> Finding:
    """Judge whether claims that name no class get a volume."""
    defaults = [
        str(at(each, "metadata", "name"))
        for each in classes
        if (at(each, "metadata", "annotations") or {}).get(DEFAULT_CLASS) == "true"
    ]
    if defaults:
        return ok("storage class", f"{', '.join(defaults)} is the default")
    if not demands.claims:
        return ok("storage class", "no default, and nothing asks for one")
    names = ", ".join(str(at(each, "metadata", "name")) for each in classes)
    hint = (
        f"set storageClass to one of {names}, or make one the default"
        if names
        else "ask who runs the cluster"
    )
    return bad("storage class", f"there is no default one for {_some(demands.claims)}", hint)


def quotas(found: Iterable[Body]) -> Iterator[Finding]:
    """Judge each quota of the namespace: is it used up."""
    for body in found:
        name, hard = at(body, "metadata", "name"), at(body, "status", "hard") or {}
        used = at(body, "status", "used") or {}
        full = [key for key, most in hard.items() if (quantity(used.get(key)) or 0) >= (quantity(most) or 0)]
        said = ", ".join(f"{key} {used.get(key, 0)} of {most}" for key, most in sorted(hard.items()))
        if full:
            hint = "delete what is not needed, or have the quota raised"
            yield bad(f"quota {name}", f"used up: {', '.join(sorted(full))} ({said})", hint, needed=False)
        else:
            yield ok(f"quota {name}", said or "limits nothing")


def balancer(services: Iterable[Body], demands: Demands) -> Finding:
    """Judge whether Services of type LoadBalancer get an address here, by those that are there."""
    listed = [each for each in services if at(each, "spec", "type") == "LoadBalancer"]
    if any(at(each, "status", "loadBalancer", "ingress") for each in listed):
        return ok("load balancer", "Services get addresses")
    if not demands.balanced:
        return ok("load balancer", "none seen, and nothing asks for one")
    what = _some(demands.balanced)
    hint = "kfctl open reaches it all the same; minikube tunnel or MetalLB make load balancers"
    if listed:
        return bad(
            "load balancer", f"no Service here has got an address: {what} waits in vain", hint, needed=False
        )
    return unknown("load balancer", f"no Service to tell by whether {what} will get an address", hint)


def namespace(name: str, found: Body | None) -> Iterator[Finding]:
    """Judge the namespace and what Pod Security lets in there."""
    if found is None:
        yield ok("namespace", f"{name} is not there: apply makes it")
        return
    if at(found, "metadata", "deletionTimestamp"):
        yield bad("namespace", f"{name} is being deleted", "wait until it is gone, or use another one")
        return
    yield ok("namespace", f"{name} is there")
    level = (at(found, "metadata", "labels") or {}).get(LEVEL)
    more = {"restricted": ": the prototypes keep to it unless podSecurity is baseline"}
    yield ok("pod security", f"{level}{more.get(level, '')}" if level else "enforces nothing")


def kinds(
    known: Iterable[tuple[str, str]], unserved: Iterable[tuple[str, str]], demands: Demands
) -> Iterator[Finding]:
    """Judge whether the server knows every kind of the app; `known` are those that it serves of `demands`."""
    custom = sorted(kind for version, kind in known if is_custom(version.partition("/")[0]))
    if custom:
        yield ok("kinds", f"the cluster has {', '.join(custom)}")
    own = {(group, kind) for group, kind in demands.defined}
    for version, kind in sorted(unserved):
        group = version.rpartition("/")[0]
        if (group, kind) in own:
            yield ok("kinds", f"{kind} of {group} comes with the app")
        else:
            hint = _OPERATOR if group == "kubeflow.org" else "install what defines it"
            yield bad("kinds", f"the cluster does not know {kind} of {version}", hint)


def rights(missing: Sequence[str], asked: int) -> Finding:
    """Judge the rights that an apply needs; `missing` as `kubectl auth can-i` has them."""
    if not missing:
        return ok("rights", f"all {asked} that an apply needs")
    hint = f"ask who runs the cluster; to see it: kubectl auth can-i {missing[0]}"
    return bad("rights", f"missing: {_some(missing)}", hint)


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{', '.join(names[:_SHOWN])}{more}"
