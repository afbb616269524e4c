"""What the cluster says about the objects of an app: what is there, and what an apply would make of it."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kfctl.actions.deferrals import BINDINGS, defer_refusals
from kfctl.actions.in_place import InPlace, at_served_version, kept_fields, redefault, trial_body, unblock
from kfctl.cluster.client import Preview
from kfctl.cluster.ownership import list_members
from kfctl.cluster.pool import parallel
from kfctl.cluster.request import MANAGER, Write
from kfctl.engine.handover import hands_over
from kfctl.engine.ownership import owner_of
from kfctl.engine.plan import HOLD_DATA, Found
from kfctl.engine.unchanged import is_unchanged
from kfctl.engine.verdicts import claims, immutable, refuses_new, untriable
from kfctl.errors import ClusterError, Forbidden, Invalid, KfctlError, NotFound, Problem, Refused
from kfctl.model.inventory import GroupKind
from kfctl.model.managed import BY_HAND, let_go, steps_to, taken_over, without_left_over
from kfctl.model.plan import Deferral
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kinds import Kind
    from kfctl.model.inventory import Inventory, Listed
    from kfctl.model.plan import Scope

Body = dict[str, Any]

_LOOKS = 3  # at an object that changes all the time


@dataclass(frozen=True)
class Ours:
    """What of this app and environment is on the cluster: the members of its inventory."""

    listed: tuple[Listed, ...] = ()

    @cached_property
    def objects(self) -> Mapping[Key, Body]:
        """The members by what they are."""
        return {Resource(live).key: dict(live) for each in self.listed for live in each.items}

    @property
    def gaps(self) -> tuple[str, ...]:
        """What to warn of: where members may be that were not found."""
        gaps = dict.fromkeys(each.gap for each in self.listed if each.gap)
        return tuple(f"what is no longer in the app can't all be told: {gap}" for gap in gaps)


def placed(cluster: Cluster, resources: Iterable[Resource], namespace: str) -> list[Resource]:
    """Return the resources with a namespace exactly where the server's kinds have one."""
    return [_placed(resource, _kind(cluster, resource), namespace) for resource in resources]


def ours(cluster: Cluster, inventory: Inventory, resources: Sequence[Resource]) -> Ours:
    """Return all members of an inventory, read at the versions in which they are wanted."""
    versions = {GroupKind(resource.group, resource.kind): resource.api_version for resource in resources}
    return Ours(list_members(cluster, inventory, versions))


def observe(cluster: Cluster, resources: Sequence[Resource], there: Ours, already: Already) -> list[Found]:
    """Return what the cluster says about each wanted object, where that is not known already."""
    defined = {
        (at(r.body, "spec", "group"), at(r.body, "spec", "names", "kind"))
        for r in resources
        if r.kind == "CustomResourceDefinition"
    }
    look = _Look(cluster, there, already, frozenset(defined))
    known = [look.known(wanted) for wanted in resources]
    asked = [wanted for wanted, found in zip(resources, known, strict=True) if found is None]
    answers = iter(parallel(look.asked, asked))
    return defer_refusals([found or _raised(next(answers)) for found in known], already.coming)


def missing_namespaces(cluster: Cluster, names: Iterable[str]) -> frozenset[str]:
    """Return those of the namespaces that are not there; one that may not be read counts as there.

    Refused where one is being deleted: nothing can be made in it.
    """
    listed = sorted(set(names))
    answers = parallel(cluster.namespace, listed)
    for answer in answers:
        if isinstance(answer, KfctlError) and not isinstance(answer, NotFound | Forbidden):
            raise answer
    going = [problem for each in answers if isinstance(each, dict) for problem in _going(each)]
    if going:
        raise Refused.of(going)
    return frozenset(
        name for name, answer in zip(listed, answers, strict=True) if isinstance(answer, NotFound)
    )


def _going(namespace: Mapping[str, Any]) -> Iterator[Problem]:
    """Yield that a namespace is being deleted, if it is, and what holds it."""
    if not at(namespace, "metadata", "deletionTimestamp"):
        return
    conditions = at(namespace, "status", "conditions") or ()
    held = [str(c.get("message")) for c in conditions if c.get("status") == "True" and c.get("message")]
    name = at(namespace, "metadata", "name")
    why = f": {'; '.join(held)}" if held else ""
    yield Problem(f"namespace {name} is being deleted{why}", hint="when it is gone, run the command again")


@dataclass(frozen=True)
class Already:
    """What is known before the cluster is asked about the objects, and how it is to be asked."""

    missing: frozenset[str] = frozenset()  # namespaces that the same apply makes
    force: bool = False
    found: Mapping[Key, Found] = field(default_factory=dict)  # said a moment ago; it holds unless it moved
    scope: Scope | None = None  # whose objects are ours; None: nothing is adopted
    coming: frozenset[tuple[str, str]] = (
        frozenset()
    )  # kind and name of what the same apply makes beside these


@dataclass(frozen=True)
class _Look:
    """Looks at one wanted object."""

    cluster: Cluster
    there: Ours
    already: Already
    defined: frozenset[tuple[Any, Any]]  # group and kind of the definitions in the same apply

    def known(self, wanted: Resource) -> Found | None:
        """Return what can be told without asking the server; None where it can't."""
        if _kind(self.cluster, wanted) is None:
            return self._unknown_kind(wanted)
        live = self.there.objects.get(wanted.key)
        known = self.already.found.get(wanted.key)
        if known and known.offline != Deferral.NAMESPACE and not _moved(known.live, live):
            return known
        if live and is_unchanged(wanted.body, live, MANAGER):
            return Found(wanted, live, unchanged=True)
        if wanted.namespace in self.already.missing:
            return Found(wanted, live, offline=Deferral.NAMESPACE)
        return None

    def asked(self, wanted: Resource) -> Found:
        """Return what the server says that an apply would make of it."""
        return self._in_place(self._taken_over(self._answered(wanted)))

    def _answered(self, wanted: Resource) -> Found:
        live = self.there.objects.get(wanted.key)
        try:
            return self._tried(wanted, live)
        except ClusterError as error:
            taken = claims(error.answer) if self.already.force else ()
            if not taken:
                return self._failed(wanted, live or self._read(wanted), error)
        try:
            return replace(self._tried(wanted, live, force=True), taken=taken)
        except ClusterError as error:
            return self._failed(wanted, live or self._read(wanted), error)

    def _failed(self, wanted: Resource, live: Body | None, error: ClusterError) -> Found:
        try:
            forced = self._forced(wanted, live, error)
        except ClusterError as refusal:  # it would be refused without the conflict, too
            return Found(wanted, live, error=refusal)
        return Found(wanted, live, forced, self._anew(wanted, error) or error)

    def _preview(self, wanted: Resource, live: Body | None, *, force: bool) -> tuple[Preview, InPlace | None]:
        """Return the dry run of an object, and how to get there where stale fields are in the way."""
        served = at_served_version(self.cluster, wanted, live) if live else None
        if served:
            return Preview(dict(served.preview), created=False), served
        try:
            return self.cluster.preview(wanted.body, Write(force=force)), None
        except Invalid as error:
            live = live or self._read(wanted)
            if not live or immutable(error.answer):
                raise
            in_place = unblock(self.cluster, wanted, self._as_written(live))
            if in_place is None:
                raise
            return Preview(dict(in_place.preview), created=False), in_place

    def _as_written(self, live: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a live object with the managedFields that the write of the plan begins with."""
        entries = self._entries(Found(Resource({}), live))
        return (
            live if entries is None else {**live, "metadata": {**live["metadata"], "managedFields": entries}}
        )

    def _tried(self, wanted: Resource, live: Body | None, *, force: bool = False) -> Found:
        """Return the object before and after as of one moment: controllers change it while we look."""
        for _ in range(_LOOKS):
            preview, in_place = self._preview(wanted, live, force=force)
            if preview.created:
                return Found(wanted, preview=preview.body)
            if _version(live) != _version(preview.body):
                live = self._read(wanted)
            if _version(live) == _version(preview.body):
                break
        return Found(wanted, live, preview=preview.body, stale=in_place.stale if in_place else ())

    def _in_place(self, found: Found) -> Found:
        """Return a change of ours with its dependent defaults, and with what the server keeps of it."""
        live, preview, scope = found.live, found.preview, self.already.scope
        owner = owner_of(live, scope) if live and scope else None
        if not live or not preview or not owner or not owner.ours or found.error or found.stale:
            return found
        before = self._as_written(live)
        done = redefault(self.cluster, found.wanted, before, preview)
        handed_over = hands_over(found.wanted.body, live, MANAGER)
        kept = () if handed_over else kept_fields(self.cluster, found.wanted, before, done.preview)
        return replace(found, preview=done.preview, stale=done.stale, kept=kept)

    def _taken_over(self, found: Found) -> Found:
        """Return what becomes of an object that people sent from files whose place the app takes."""
        live, preview, entries = found.live, found.preview, self._entries(found)
        if not live or not preview or entries is None:
            return found
        rest = without_left_over(preview, found.wanted.body, live, entries, MANAGER)
        if rest == preview and found.error is None:
            return found
        try:
            exact = self.cluster.patch(live, steps_to(live, rest), write=Write(dry_run=True))
        except ClusterError as error:
            return replace(found, preview=None, error=error)
        return replace(found, preview=exact, error=None)

    def _entries(self, found: Found) -> list[Mapping[str, Any]] | None:
        """Return the managedFields that the write begins with, where these are not those of now."""
        live, scope = found.live, self.already.scope
        if live is None or scope is None:
            return None
        owner = owner_of(live, scope)
        if owner:
            return let_go(live, MANAGER) if owner.ours and found.error is None else None
        taken = claims(found.error.answer) if found.error else ()
        return taken_over(live, MANAGER) if all(claim.owner in BY_HAND for claim in taken) else None

    def _anew(self, wanted: Resource, error: ClusterError) -> ClusterError | None:
        """Return why what takes a new object can't be made anew, as tried beside the old one.

        Without that the old one would be deleted first, and the new one refused then.
        """
        if not immutable(error.answer) or wanted.kind in BINDINGS | HOLD_DATA:
            return None
        try:
            self.cluster.create(trial_body(wanted), Write(dry_run=True))
        except ClusterError as refusal:
            return refusal if refuses_new(refusal) else None
        return None

    def _forced(self, wanted: Resource, live: Body | None, error: ClusterError) -> Body | None:
        """Return what the object would become if the fields of other managers were taken."""
        if not claims(error.answer):
            return None
        return self._preview(wanted, live, force=True)[0].body

    def _read(self, wanted: Resource) -> Body | None:
        try:
            return self.cluster.find(wanted.api_version, wanted.kind, wanted.name, wanted.namespace)
        except Forbidden:
            if wanted.namespace:
                raise  # who may not look can't know what would change
            return None  # of the whole cluster: the plan refuses it, and says how to do without
        except ClusterError as error:
            if not untriable(error):
                raise
            return self._as_stored(wanted, error)

    def _as_stored(self, wanted: Resource, error: ClusterError) -> Body | None:
        """Return an object that nothing converts just now, in the version that takes no conversion."""
        for kind in self.cluster.kinds.versions(wanted.group, wanted.kind):
            with suppress(ClusterError):
                return self.cluster.find(kind.api_version, kind.kind, wanted.name, wanted.namespace)
        raise error

    def _unknown_kind(self, wanted: Resource) -> Found:
        if (wanted.group, wanted.kind) in self.defined:
            served = self.cluster.kinds.of_group(wanted.group, wanted.kind)
            live = self.there.objects.get(wanted.key) or (self._read(wanted) if served else None)
            return Found(wanted, live, offline=Deferral.KIND)
        return Found(wanted, error=self.cluster.kinds.unknown(wanted.api_version, wanted.kind))


def _kind(cluster: Cluster, resource: Resource) -> Kind | None:
    return cluster.kinds.find(resource.api_version, resource.kind)


def _placed(resource: Resource, kind: Kind | None, namespace: str) -> Resource:
    wanted = (resource.namespace or namespace) if kind and kind.namespaced else ""
    if kind is None or resource.namespace == wanted:
        return resource
    metadata = {key: value for key, value in resource.metadata.items() if key != "namespace"}
    return replace(
        resource,
        body={**resource.body, "metadata": {**metadata, **({"namespace": wanted} if wanted else {})}},
    )


def _version(body: Mapping[str, Any] | None) -> Any:
    return at(body, "metadata", "resourceVersion")


def _moved(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> bool:
    """Whether an object is not as it was."""
    same = ("uid", "resourceVersion")
    return [at(before, "metadata", part) for part in same] != [at(now, "metadata", part) for part in same]


def _raised(result: Found | KfctlError) -> Found:
    if isinstance(result, KfctlError):
        raise result
    return result
