"""What an apply would do, decided before anything is done."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, StrEnum
from typing import TYPE_CHECKING, Any

from kfctl.model.absent import ABSENT as ABSENT
from kfctl.model.resource import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Problem
    from kfctl.model.resource import Resource


class Deferral(StrEnum):
    """Why the server can verify an object only when the apply has come to it; the value says so to users."""

    NAMESPACE = "its namespace is made by the same apply"
    NAMESPACE_CHANGES = "the labels of its namespace are changed by the same apply"
    KIND = "its kind is made by the same apply"
    SCHEMA = "the CRD of its kind is changed by the same apply"
    LIMITS = "the limits of its namespace are changed by the same apply"
    ROLE = "its role is made by the same apply"
    POD_REFERENCES = "what its pod names is not there yet"


# What is verified by a dry run as soon as namespaces and CRDs are written, before everything else.
_VERIFIED_FIRST = frozenset({Deferral.NAMESPACE, Deferral.NAMESPACE_CHANGES, Deferral.KIND, Deferral.SCHEMA})


class Action(Enum):
    """What happens to one object."""

    UNCHANGED = "unchanged"
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"  # an immutable field changes: delete and create
    ADOPT = "adopt"  # exists without an owner
    DELETE = "delete"
    KEEP = "keep"  # no longer wanted, left on the cluster
    CONFLICT = "conflict"  # another manager owns a field
    REFUSE = "refuse"  # another app or tool owns the object, or the server does not accept it


@dataclass(frozen=True)
class FieldChange:
    """One field that differs: its path, the value on the cluster and the value wanted (masked if secret)."""

    path: str  # such as spec.template.spec.containers[name=main].image
    live: Any = ABSENT
    wanted: Any = ABSENT
    owner: str = ""  # the field manager in the way, for a conflict


@dataclass(frozen=True)
class Change:
    """What happens to one object, and why."""

    key: Key
    action: Action
    wanted: Resource | None = None
    live: Mapping[str, Any] | None = None
    fields: tuple[FieldChange, ...] = ()
    reason: str = ""  # for people: why it is kept, replaced, refused …
    hint: str = ""  # what to do about a conflict or a refusal
    handed_over: Mapping[str, Any] | None = None  # what another manager of ours applies before
    approximate: bool = False  # compared offline, not by the server's dry run
    deferral: Deferral | None = None  # until when the server can't verify it
    stale: tuple[tuple[str, ...], ...] = ()  # fields that nobody sets, which the apply claims and drops

    @property
    def writes(self) -> bool:
        """Whether carrying it out changes the cluster."""
        return self.action in WRITES

    @property
    def untried(self) -> bool:
        """Whether the server can try it only when the apply has made what it is in, or an instance of."""
        return self.writes and self.deferral in _VERIFIED_FIRST

    @property
    def blocked(self) -> bool:
        """Whether it keeps the whole plan from being carried out."""
        return self.action in {Action.CONFLICT, Action.REFUSE}


WRITES = frozenset({Action.CREATE, Action.UPDATE, Action.REPLACE, Action.ADOPT, Action.DELETE})


@dataclass(frozen=True)
class Scope:
    """Where a plan applies: which app and environment, on which cluster."""

    app: str
    app_id: str
    environment: str
    context: str
    server: str
    namespace: str
    cluster_uid: str
    namespace_missing: bool = False  # the apply makes it first
    cluster_read: bool = True  # False: `cluster_uid` is what is recorded, for the cluster's may not be read
    set_id: str = ""  # of the ApplySet that the objects are in
    former_id: str = ""  # of the app whose objects are taken over


@dataclass(frozen=True)
class Need:
    """One object that goes after another; with `ready` it waits until the other is ready."""

    key: Key
    on: Key
    ready: bool = False
    why: str = ""  # for people: what the one is to the other, such as "its kind"


@dataclass(frozen=True)
class Plan:
    """Every change, in the order of its carrying out; `waves` are tuples of keys that go side by side."""

    scope: Scope
    changes: tuple[Change, ...]
    waves: tuple[tuple[Key, ...], ...]
    warnings: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()
    prune: tuple[tuple[Key, ...], ...] = ()  # groups of what goes, when all else is done
    refused: tuple[Problem, ...] = ()  # what forbids the plan as a whole

    @property
    def blocked(self) -> tuple[Change, ...]:
        """The changes that forbid the apply: conflicts and refusals."""
        return tuple(change for change in self.changes if change.blocked)

    @property
    def forbidden(self) -> bool:
        """Whether it can't be carried out."""
        return bool(self.refused or self.blocked)

    @property
    def differs(self) -> bool:
        """Whether applying it would write anything."""
        return self.scope.namespace_missing or any(change.writes for change in self.changes)

    @property
    def adds_namespace(self) -> bool:
        """Whether the apply makes the environment's namespace, which is no object of the app."""
        own = Key("", "Namespace", "", self.scope.namespace)
        return self.scope.namespace_missing and all(change.key != own for change in self.changes)

    def counts(self) -> dict[str, int]:
        """Return how many changes there are of each action, in the order of `Action`, the namespace too."""
        actions = [Action.CREATE] * self.adds_namespace + [change.action for change in self.changes]
        return {action.value: actions.count(action) for action in Action if action in actions}
