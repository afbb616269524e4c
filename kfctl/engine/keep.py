"""What speaks for keeping an object that nobody wants any more: one rule each, in a table."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.engine.applyset import identity
from kfctl.engine.ownership import IDENTITY, controller
from kfctl.model.inventory import GroupKind
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

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


@dataclass(frozen=True)
class Permits:
    """What the user allows a plan to do besides changing ordinary objects."""

    data: bool = False
    definitions: bool = False
    namespaces: bool = False
    system: bool = False  # objects in the cluster's own namespaces
    prune: bool = True
    outside: bool = False  # objects outside the app's namespace that only the history or inventory names


@dataclass(frozen=True)
class Situation:
    """What is known when it is decided."""

    inventory: Inventory
    wanted: frozenset[Key] = frozenset()
    in_use: frozenset[str] = frozenset()  # UIDs of what is wanted: one object may be served by two groups
    permits: Permits = field(default_factory=Permits)
    components: frozenset[str] | None = None  # only these may lose objects; None: all
    gone: str = "it is no longer part of the app"  # why what is not wanted goes
    doubt: str = ""  # why it is not known what else is wanted
    unapplied: int = 0  # how many of the wanted objects could not be applied
    recorded: Mapping[Key, Body] = field(default_factory=dict)  # as applied last, for what it asked to keep
    spawned: frozenset[str] = frozenset()  # UIDs of what programs made that go
    contents: Mapping[Key, tuple[Listed, ...]] = field(default_factory=dict)  # of namespaces and definitions


@dataclass(frozen=True)
class Member:
    """An object that was found, and why the list that found it may lack others."""

    resource: Resource
    gap: str = ""

    @property
    def key(self) -> Key:
        """The object's identity."""
        return self.resource.key

    @property
    def group_kind(self) -> GroupKind:
        """Its kind, whatever the version."""
        return GroupKind(self.resource.group, self.resource.kind)

    @property
    def uid(self) -> str:
        """What the server calls this one object and no other."""
        return str(self.resource.metadata.get("uid") or "")

    @property
    def annotations(self) -> Mapping[str, str]:
        """Its annotations."""
        return self.resource.metadata.get("annotations") or {}


@dataclass(frozen=True)
class Verdict:
    """Why an object stays, and what would let it go."""

    reason: str
    hint: str = ""


def first_reason(member: Member, situation: Situation) -> Verdict | None:
    """Return the first thing that speaks for keeping a member."""
    return next((verdict for rule in _RULES if (verdict := rule(member, situation))), None)


def keeping(body: Body) -> str:
    """Return the annotation that asks to keep an object, as ``name: value``; empty where none does."""
    annotations = at(body, "metadata", "annotations") or {}
    for name, meant in KEEPING.items():
        said = str(annotations.get(name) or "")
        if meant & {part.strip().lower() for part in said.split(",")}:
            return f"{name}: {said}"
    return ""


def controller_of(body: Body) -> str:
    """Return the UID of the object that made this one."""
    owners = at(body, "metadata", "ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


def is_copy(member: Member) -> bool:
    """Whether a controller made it, labels and all: it names another object, or none."""
    named = member.annotations.get(IDENTITY)
    return named != identity(member.key) and bool(named or controller_of(member.resource.body))


def _controlled(member: Member, situation: Situation) -> Verdict | None:
    del situation
    name = controller(member.resource.body)
    return Verdict(f"{name} has taken it over and controls it") if name else None


def _unnamed(member: Member, situation: Situation) -> Verdict | None:
    del situation
    if member.annotations.get(IDENTITY):
        return None
    return Verdict(
        f"it may be a copy: its annotation {IDENTITY} is missing", "delete it by hand if it is no copy"
    )


def _anonymous(member: Member, situation: Situation) -> Verdict | None:
    del situation
    return None if member.uid else Verdict("the server gave no UID for it")


def _unapplied(member: Member, situation: Situation) -> Verdict | None:
    del member
    if not situation.unapplied:
        return None
    return Verdict("not everything could be applied", "it goes with the next apply that succeeds")


def _doubtful(member: Member, situation: Situation) -> Verdict | None:
    del member
    return Verdict(situation.doubt) if situation.doubt else None


def _incomplete(member: Member, situation: Situation) -> Verdict | None:
    del situation
    return Verdict(f"not everything of its kind could be listed: {member.gap}") if member.gap else None


def _unasked(member: Member, situation: Situation) -> Verdict | None:
    del member
    return None if situation.permits.prune else Verdict("--no-prune")


def _system(member: Member, situation: Situation) -> Verdict | None:
    if member.group_kind == NAMESPACE and member.key.name in SYSTEM_NAMESPACES:
        return Verdict("it is one of the cluster's own namespaces")
    if member.key.namespace in SYSTEM_NAMESPACES - {"default"} and not situation.permits.system:
        return Verdict(f"it is in {member.key.namespace}", "delete it by hand if it must go")
    return None


def _asked(member: Member, situation: Situation) -> Verdict | None:
    said = keeping(member.resource.body) or keeping(situation.recorded.get(member.key, {}))
    return Verdict(f"its annotation says so ({said})") if said else None


def _precious(member: Member, situation: Situation) -> Verdict | None:
    kind, permits = member.group_kind, situation.permits
    if kind in DATA and not permits.data:
        return Verdict("it holds data", "--delete-data deletes it")
    if kind == DEFINITION and not permits.definitions:
        return Verdict("all objects of its kind would go with it", "--delete-crds deletes it")
    if kind == NAMESPACE and not permits.namespaces:
        return Verdict("everything in it would go with it", "--delete-namespace deletes it")
    return None


_RULES: tuple[Callable[[Member, Situation], Verdict | None], ...] = (
    _unnamed,
    _anonymous,
    _controlled,
    _asked,
    _system,
    _precious,
    _unasked,
    _incomplete,
    _doubtful,
    _unapplied,
)
