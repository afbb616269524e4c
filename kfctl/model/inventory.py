"""What an app owns in an environment, as its record on the cluster says, and what listing that found."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.model.resource import Key


class GroupKind(NamedTuple):
    """A kind of object in any version of its group."""

    group: str  # empty for the core group
    kind: str

    def __str__(self) -> str:
        """Return ``Kind.group``, or the kind alone for the core group."""
        return f"{self.kind}.{self.group}" if self.group else self.kind


class Place(NamedTuple):
    """Where members may be: a kind in a namespace; no namespace for what belongs to the whole cluster."""

    kind: GroupKind
    namespace: str


class Spawn(NamedTuple):
    """Where what a workload's program makes by itself is to be found."""

    maker: Key
    selector: str  # as the API server takes it
    component: str  # of the maker

    @property
    def place(self) -> tuple[str, str]:
        """The namespace and the selector."""
        return self.maker.namespace, self.selector


@dataclass(frozen=True)
class Run:
    """One run of kfctl that writes to a cluster."""

    id: str
    who: str  # user@host
    when: str  # RFC 3339, UTC
    version: str  # of kfctl

    def __str__(self) -> str:
        """Return who and when, as messages tell them."""
        return f"{self.who} at {self.when}"


@dataclass(frozen=True)
class Inventory:
    """Which kinds of objects in which namespaces to search for members, and who wrote that last."""

    id: str  # the ApplySet's, which every member carries
    app: str
    environment: str
    app_id: str
    namespace: str
    kinds: frozenset[GroupKind] = frozenset()
    namespaces: frozenset[str] = frozenset()  # besides its own
    spawned: frozenset[Spawn] = frozenset()  # what makers that went have left behind
    run: Run | None = None  # None before the first write
    finished: bool = True  # False while `run` goes on, and for ever when it died
    revision: int = 0  # the last one recorded
    former_id: str = ""  # the app's that had it before, where it is taken over
    cluster: str = ""  # UID of the namespace kube-system, if a run that wrote the record could read it
    uid: str = ""  # of the record itself; empty: there is none
    version: str = ""  # and its version, to notice that somebody else wrote it

    @property
    def name(self) -> str:
        """The name of the record: of the Secret, of the Lease, and the start of all revisions' names."""
        return f"kfctl.{self.app}.{self.environment}"

    @property
    def leads(self) -> bool:
        """Whether there may be anything that it leads to."""
        return bool(self.kinds or self.spawned)

    def including(self, keys: Iterable[Key]) -> Inventory:
        """Return the superset that must be on the cluster before the first of these objects is written."""
        return self.exactly(keys, [Place(kind, "") for kind in self.kinds], self.namespaces)

    def exactly(
        self, keys: Iterable[Key], places: Iterable[Place] = (), namespaces: Iterable[str] = ()
    ) -> Inventory:
        """Return the one that leads to these objects and places and no others."""
        here = [*(Place(GroupKind(key.group, key.kind), key.namespace) for key in keys), *places]
        spread = {place.namespace for place in here} | set(namespaces)
        return replace(
            self,
            kinds=frozenset(place.kind for place in here),
            namespaces=frozenset(spread - {"", self.namespace}),
        )


@dataclass(frozen=True)
class Listed:
    """What was found at a place; with a `gap` it is not everything, or it is not known whether it is."""

    place: Place
    items: tuple[Mapping[str, Any], ...] = ()
    gap: str = ""  # why, for people
