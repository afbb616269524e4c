"""Which members of an app may be deleted, in which order, and why the others may not.

An object goes only if nothing speaks against it: it is in the set, names itself, no controller has it, nobody
wants it (by name or by UID), a complete list found it, it is neither one of the cluster's own namespaces nor
in one, nobody asked to keep it, what lives in it goes too, and everything that is wanted has been applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.engine.applyset import IDENTITY, PART_OF_SET, RECORD_OF, identity
from kfctl.engine.order import sort_key, waves
from kfctl.engine.ownership import COMPONENT
from kfctl.errors import AppError
from kfctl.model.inventory import GroupKind, Place
from kfctl.model.plan import Action, Change
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.inventory import Inventory, Listed

    Body = Mapping[str, Any]

KEEP = "kfctl.dev/keep"
SYSTEM_NAMESPACES = frozenset({"default", "kube-node-lease", "kube-public", "kube-system"})
DATA = frozenset({GroupKind("", "PersistentVolumeClaim"), GroupKind("", "PersistentVolume")})
NAMESPACE = GroupKind("", "Namespace")
DEFINITION = GroupKind("apiextensions.k8s.io", "CustomResourceDefinition")

# The annotations by which people ask tools to leave an object: the name → the texts that mean it.
KEEPING: Mapping[str, frozenset[str]] = {
    KEEP: frozenset({"true"}),
    "helm.sh/resource-policy": frozenset({"keep"}),
    "cli-utils.sigs.k8s.io/on-remove": frozenset({"keep"}),
    "client.lifecycle.config.k8s.io/deletion": frozenset({"detach"}),
    "argocd.argoproj.io/sync-options": frozenset(
        {"prune=false", "prune=confirm", "delete=false", "delete=confirm"}
    ),
    "kustomize.toolkit.fluxcd.io/prune": frozenset({"disabled"}),
}

# What every namespace is given, and what only tells of other objects: nobody's, and gone with it.
_GIVEN = frozenset(
    {
        ("ServiceAccount", "default"),
        ("ConfigMap", "kube-root-ca.crt"),
        ("ConfigMap", "openshift-service-ca.crt"),
    }
)
_SHADOWS = frozenset({"Event", "Endpoints", "PodMetrics"})


@dataclass(frozen=True)
class Permits:
    """What the user allows to be deleted besides ordinary objects."""

    data: bool = False
    definitions: bool = False
    namespaces: bool = False
    system: bool = False  # objects in the cluster's own namespaces
    prune: bool = True


@dataclass(frozen=True)
class Situation:
    """What is known when it is decided."""

    inventory: Inventory
    wanted: frozenset[Key] = frozenset()
    in_use: frozenset[str] = frozenset()  # UIDs of what is wanted: one object may be served by two groups
    permits: Permits = field(default_factory=Permits)
    components: frozenset[str] | None = None  # only these may lose objects; None: all
    unapplied: int = 0  # how many of the wanted objects could not be applied
    recorded: Mapping[Key, Body] = field(default_factory=dict)  # as applied last, for what it asked to keep
    contents: Mapping[Key, tuple[Listed, ...]] = field(default_factory=dict)  # of namespaces and definitions


@dataclass(frozen=True)
class Pruning:
    """What goes, in groups that may go side by side, and what stays."""

    changes: tuple[Change, ...] = ()  # deletes in their order, then what is kept and why
    waves: tuple[tuple[Key, ...], ...] = ()
    staying: frozenset[Key] = (
        frozenset()
    )  # members that no one wants and that stay: they must remain findable
    unsearched: frozenset[Place] = frozenset()  # where members may be that were not found
    unknown: tuple[Key, ...] = ()  # what could go if the situation said what lives in it

    @property
    def deletes(self) -> tuple[Change, ...]:
        """What goes."""
        return tuple(change for change in self.changes if change.action is Action.DELETE)

    @property
    def keeps(self) -> tuple[Change, ...]:
        """What stays although nobody wants it."""
        return tuple(change for change in self.changes if change.action is Action.KEEP)


def prune(listed: Sequence[Listed], situation: Situation) -> Pruning:
    """Decide over every member that was found."""
    judge = _Judge(situation)
    found = [_Member(Resource(item), place.gap) for place in listed for item in place.items]
    rivals = [member for member in found if judge.is_candidate(member)]
    mine = [member for member in rivals if judge.is_concerned(member)]
    kept = {member.key: verdict for member in mine if (verdict := judge.first(member))}
    going = [member for member in mine if member.key not in kept]
    for kind in (DEFINITION, NAMESPACE):  # a namespace may hold instances of a definition
        verdicts = {m.key: judge.holder(m, going) for m in going if m.group_kind == kind}
        kept |= {key: verdict for key, verdict in verdicts.items() if verdict}
        going = [member for member in going if member.key not in kept]
    order = tuple(reversed(_waves([member.resource for member in going])))
    goes = {member.key: member for member in going}
    stays = sorted((m for m in mine if m.key in kept), key=lambda member: sort_key(member.resource))
    return Pruning(
        changes=(
            *(_change(goes[key], Action.DELETE, _deleted(goes[key])) for wave in order for key in wave),
            *(_change(member, Action.KEEP, kept[member.key]) for member in stays),
        ),
        waves=order,
        staying=frozenset(member.key for member in rivals if member.key not in goes),
        unsearched=frozenset(place.place for place in listed if place.gap),
        unknown=tuple(key for key, verdict in kept.items() if verdict is _UNKNOWN),
    )


def remaining(
    inventory: Inventory, wanted: Iterable[Key], pruning: Pruning, left: Iterable[Key]
) -> Inventory:
    """Return the smallest inventory that still leads to every member; `left` could not be deleted."""
    return inventory.exactly((*wanted, *pruning.staying, *left), pruning.unsearched)


def keeping(body: Body) -> str:
    """Return the annotation that asks to keep an object, as ``name: value``; empty where none does."""
    annotations = at(body, "metadata", "annotations") or {}
    for name, meant in KEEPING.items():
        said = str(annotations.get(name) or "")
        if meant & {part.strip().lower() for part in said.split(",")}:
            return f"{name}: {said}"
    return ""


@dataclass(frozen=True)
class _Member:
    """An object that was found, and why the list that found it may lack others."""

    resource: Resource
    gap: str = ""

    @property
    def key(self) -> Key:
        return self.resource.key

    @property
    def group_kind(self) -> GroupKind:
        return GroupKind(self.resource.group, self.resource.kind)

    @property
    def uid(self) -> str:
        return str(self.resource.metadata.get("uid") or "")

    @property
    def annotations(self) -> Mapping[str, str]:
        return self.resource.metadata.get("annotations") or {}


@dataclass(frozen=True)
class _Verdict:
    """Why an object stays, and what would let it go."""

    reason: str
    hint: str = ""


_UNKNOWN = _Verdict("it is not known what lives in it")


@dataclass(frozen=True)
class _Judge:
    situation: Situation

    def is_candidate(self, member: _Member) -> bool:
        """Whether it is in the set for certain, and nobody wants it."""
        labels = member.resource.metadata.get("labels") or {}
        wanted = member.key in self.situation.wanted or member.uid in self.situation.in_use
        return labels.get(PART_OF_SET) == self.situation.inventory.id and not wanted and not _is_copy(member)

    def is_concerned(self, member: _Member) -> bool:
        """Whether it belongs to the components that this run is about."""
        labels = member.resource.metadata.get("labels") or {}
        chosen = self.situation.components
        return chosen is None or labels.get(COMPONENT) in chosen

    def first(self, member: _Member) -> _Verdict | None:
        """Return the first thing that speaks for keeping it."""
        return next((verdict for rule in _RULES if (verdict := rule(member, self.situation))), None)

    def holder(self, member: _Member, going: Sequence[_Member]) -> _Verdict | None:
        """Return why a namespace or a definition stays: something in it does, or nobody knows."""
        contents = self.situation.contents.get(member.key)
        if contents is None:
            return _UNKNOWN
        gap = next((found.gap for found in contents if found.gap), "")
        if gap:
            return _Verdict(f"it is not known what lives in it: {gap}")
        gone = {other.uid for other in going}
        staying = list(_staying(contents, gone, self.situation.inventory.id))
        if not staying:
            return None
        more = f" and {len(staying) - 3} more" if len(staying) > 3 else ""
        return _Verdict(f"it holds what stays: {', '.join(map(str, staying[:3]))}{more}")


def _is_copy(member: _Member) -> bool:
    """Whether a controller made it, labels and all: it names another object, or none."""
    named = member.annotations.get(IDENTITY)
    return named != identity(member.key) and bool(named or _controller(member.resource.body))


def _controlled(member: _Member, situation: Situation) -> _Verdict | None:
    del situation
    owners = member.resource.metadata.get("ownerReferences") or ()
    names = (f"{owner.get('kind')}/{owner.get('name')}" for owner in owners if owner.get("controller"))
    name = next(names, "")
    return _Verdict(f"{name} has taken it over and controls it") if name else None


def _unnamed(member: _Member, situation: Situation) -> _Verdict | None:
    del situation
    if member.annotations.get(IDENTITY):
        return None
    return _Verdict(
        f"it may be a copy: its annotation {IDENTITY} is missing", "delete it by hand if it is no copy"
    )


def _anonymous(member: _Member, situation: Situation) -> _Verdict | None:
    del situation
    return None if member.uid else _Verdict("the server gave no UID for it")


def _unapplied(member: _Member, situation: Situation) -> _Verdict | None:
    del member
    if not situation.unapplied:
        return None
    return _Verdict("not everything could be applied", "it goes with the next apply that succeeds")


def _incomplete(member: _Member, situation: Situation) -> _Verdict | None:
    del situation
    return _Verdict(f"not everything of its kind could be listed: {member.gap}") if member.gap else None


def _unasked(member: _Member, situation: Situation) -> _Verdict | None:
    del member
    return None if situation.permits.prune else _Verdict("--no-prune")


def _system(member: _Member, situation: Situation) -> _Verdict | None:
    if member.group_kind == NAMESPACE and member.key.name in SYSTEM_NAMESPACES:
        return _Verdict("it is one of the cluster's own namespaces")
    if member.key.namespace in SYSTEM_NAMESPACES - {"default"} and not situation.permits.system:
        return _Verdict(f"it is in {member.key.namespace}", "--delete-system deletes there too")
    return None


def _asked(member: _Member, situation: Situation) -> _Verdict | None:
    said = keeping(member.resource.body) or keeping(situation.recorded.get(member.key, {}))
    return _Verdict(f"its annotation says so ({said})") if said else None


def _precious(member: _Member, situation: Situation) -> _Verdict | None:
    kind, permits = member.group_kind, situation.permits
    if kind in DATA and not permits.data:
        return _Verdict("it holds data", "--delete-data deletes it")
    if kind == DEFINITION and not permits.definitions:
        return _Verdict("all objects of its kind would go with it", "--delete-crds deletes it")
    if kind == NAMESPACE and not permits.namespaces:
        return _Verdict("everything in it would go with it", "--delete-namespace deletes it")
    return None


_RULES: tuple[Callable[[_Member, Situation], _Verdict | None], ...] = (
    _unnamed,
    _anonymous,
    _controlled,
    _asked,
    _system,
    _precious,
    _unasked,
    _incomplete,
    _unapplied,
)


def _staying(contents: Sequence[Listed], gone: set[str], inventory_id: str) -> Iterator[Key]:
    """Yield what would be lost with a namespace or a definition although nobody decided that it goes."""
    found = {str(at(item, "metadata", "uid")): Resource(item) for listed in contents for item in listed.items}
    for uid, resource in found.items():
        root = _root(uid, found)
        ours = at(found[root].body, "metadata", "labels", RECORD_OF) == inventory_id
        given = not resource.group and (resource.kind, resource.name) in _GIVEN
        if not (root in gone or ours or given or resource.kind in _SHADOWS):
            yield resource.key


def _root(uid: str, found: Mapping[str, Resource]) -> str:
    """Follow the controllers of an object up to one that none made, or whose own is not known."""
    seen = {uid}
    while (above := _controller(found[uid].body)) in found and above not in seen:
        seen.add(above)
        uid = above
    return uid


def _controller(body: Body) -> str:
    """Return the UID of the object that made this one."""
    owners = at(body, "metadata", "ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


def _waves(resources: Sequence[Resource]) -> tuple[tuple[Key, ...], ...]:
    try:
        return waves(resources)
    except AppError:  # what they say that they need makes no sense: their kinds decide
        return tuple((resource.key,) for resource in sorted(resources, key=sort_key))


def _deleted(member: _Member) -> _Verdict:
    if not member.resource.metadata.get("deletionTimestamp"):
        return _Verdict("it is no longer part of the app")
    held = member.resource.metadata.get("finalizers") or []
    return _Verdict("it is being deleted" + (f", held by {', '.join(held)}" if held else ""))


def _change(member: _Member, action: Action, verdict: _Verdict) -> Change:
    return Change(member.key, action, live=member.resource.body, reason=verdict.reason, hint=verdict.hint)
