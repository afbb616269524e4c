"""Which members of an app may be deleted, in which order, and why the others may not.

An object goes only if nothing speaks against it: it is in the set, names itself, no controller has it, nobody
wants it (by name or by UID), a complete list found it, it is neither one of the cluster's own namespaces nor
in one, nobody asked to keep it, what lives in it goes too, and everything that is wanted has been applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.applyset import RECORD_OF
from kfctl.engine.keep import (
    DEFINITION,
    NAMESPACE,
    Member,
    Verdict,
    controller_of,
    first_reason,
    is_copy,
    keeping,
)
from kfctl.engine.order import sort_key, waves
from kfctl.engine.ownership import COMPONENT, PART_OF_SET
from kfctl.engine.spawned import is_spawned
from kfctl.errors import AppError
from kfctl.model.plan import Action, Change
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.engine.keep import Situation
    from kfctl.model.inventory import Inventory, Listed, Place, Spawn

    Body = Mapping[str, Any]

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
class Pruning:
    """What goes, in groups that may go side by side, and what stays."""

    changes: tuple[Change, ...] = ()  # deletes in their order, then what is kept and why
    waves: tuple[tuple[Key, ...], ...] = ()
    staying: frozenset[Key] = frozenset()  # members that no one wants and that must remain findable
    unsearched: frozenset[Place] = frozenset()  # where members may be that were not found
    unknown: tuple[Key, ...] = ()  # what could go if the situation said what lives in it
    makers: Mapping[Key, Spawn] = field(default_factory=dict)  # of what programs made, going or not
    unseen: frozenset[Spawn] = frozenset()  # what may have left something behind

    @property
    def deletes(self) -> tuple[Change, ...]:
        """What goes."""
        return tuple(change for change in self.changes if change.action is Action.DELETE)

    @property
    def keeps(self) -> tuple[Change, ...]:
        """What stays although nobody wants it."""
        return tuple(change for change in self.changes if change.action is Action.KEEP)

    @property
    def spawned(self) -> frozenset[Spawn]:
        """Where to find what programs made, before anything of it goes."""
        return self.unseen | frozenset(self.makers.values())


def prune(listed: Sequence[Listed], situation: Situation) -> Pruning:
    """Decide over every member that was found."""
    judge = _Judge(situation)
    found = [Member(Resource(item), place.gap) for place in listed for item in place.items]
    rivals = [member for member in found if judge.is_candidate(member)]
    mine = [member for member in rivals if judge.is_concerned(member)]
    kept = {member.key: verdict for member in mine if (verdict := first_reason(member, situation))}
    going = [member for member in mine if member.key not in kept]
    for kind in (DEFINITION, NAMESPACE):
        verdicts = {m.key: judge.holder(m, going) for m in going if m.group_kind == kind}
        kept |= {key: verdict for key, verdict in verdicts.items() if verdict}
        going = [member for member in going if member.key not in kept]
    order = tuple(reversed(_waves([member.resource for member in going])))
    goes = {member.key: member for member in going}
    stays = sorted((m for m in mine if m.key in kept), key=lambda member: sort_key(member.resource))
    return Pruning(
        changes=(
            *(
                _change(goes[key], Action.DELETE, _deleted(goes[key], situation))
                for wave in order
                for key in wave
            ),
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
    left = frozenset(left)
    gone = {change.key for change in pruning.deletes} - left
    spawned = pruning.unseen | {spawn for key, spawn in pruning.makers.items() if key not in gone}
    found = inventory.exactly((*wanted, *pruning.staying, *left - pruning.makers.keys()), pruning.unsearched)
    return replace(found, spawned=spawned)


def why_stays(body: Body, situation: Situation) -> str:
    """Return what speaks against deleting an object that has changed since it was decided; else empty."""
    member = Member(Resource(body))
    if member.uid in situation.spawned:
        return (
            "" if is_spawned(body) and not keeping(body) else "it is controlled, or asked to be kept, since"
        )
    if member.group_kind in {DEFINITION, NAMESPACE}:
        return "what lives in it may have changed, too"
    if not _Judge(situation).is_candidate(member):
        return "it is no longer what this app left behind"
    verdict = first_reason(member, situation)
    return verdict.reason if verdict else ""


_UNKNOWN = Verdict("it is not known what lives in it")


@dataclass(frozen=True)
class _Judge:
    situation: Situation

    def is_candidate(self, member: Member) -> bool:
        """Whether it is in the set for certain, and nobody wants it."""
        labels = member.resource.metadata.get("labels") or {}
        wanted = member.key in self.situation.wanted or member.uid in self.situation.in_use
        return labels.get(PART_OF_SET) == self.situation.inventory.id and not wanted and not is_copy(member)

    def is_concerned(self, member: Member) -> bool:
        """Whether it belongs to the components that this run is about."""
        labels = member.resource.metadata.get("labels") or {}
        chosen = self.situation.components
        return chosen is None or labels.get(COMPONENT) in chosen

    def holder(self, member: Member, going: Sequence[Member]) -> Verdict | None:
        """Return why a namespace or a definition stays: something in it does, or nobody knows."""
        contents = self.situation.contents.get(member.key)
        if contents is None:
            return _UNKNOWN
        gap = next((found.gap for found in contents if found.gap), "")
        if gap:
            return Verdict(f"it is not known what lives in it: {gap}")
        gone = {other.uid for other in going}
        left = list(staying(contents, gone, self.situation.inventory.id))
        if not left:
            return None
        more = f" and {len(left) - 3} more" if len(left) > 3 else ""
        return Verdict(f"it holds what stays: {', '.join(map(str, left[:3]))}{more}")


def staying(contents: Sequence[Listed], gone: set[str], inventory_id: str) -> Iterator[Key]:
    """Yield what would be lost with a namespace or a definition although nobody decided that it goes."""
    found = {str(at(item, "metadata", "uid")): Resource(item) for listed in contents for item in listed.items}
    for uid, resource in found.items():
        root = _root(uid, found)
        ours = at(found[root].body, "metadata", "labels", RECORD_OF) == inventory_id
        given = not resource.group and (resource.kind, resource.name) in _GIVEN
        if not (root in gone or ours or given or resource.kind in _SHADOWS):
            yield resource.key


def leaving(contents: Sequence[Listed], held: Iterable[Key]) -> bool:
    """Whether all of what is held there is on its way out: being deleted, or made by what is gone."""
    found = [item for listed in contents for item in listed.items]
    there = {str(at(item, "metadata", "uid")) for item in found}
    orphaned = (item for item in found if controller_of(item) not in {"", *there})
    deleted = (item for item in found if at(item, "metadata", "deletionTimestamp"))
    return {*held} <= {Resource(item).key for item in (*orphaned, *deleted)}


def _root(uid: str, found: Mapping[str, Resource]) -> str:
    """Follow the controllers of an object up to one that none made, or whose own is not known."""
    seen = {uid}
    while (above := controller_of(found[uid].body)) in found and above not in seen:
        seen.add(above)
        uid = above
    return uid


def _waves(resources: Sequence[Resource]) -> tuple[tuple[Key, ...], ...]:
    try:
        return waves(resources)
    except AppError:  # what they say that they need makes no sense: their kinds decide
        return tuple((resource.key,) for resource in sorted(resources, key=sort_key))


def _deleted(member: Member, situation: Situation) -> Verdict:
    if not member.resource.metadata.get("deletionTimestamp"):
        return Verdict(situation.gone)
    held = member.resource.metadata.get("finalizers") or []
    return Verdict("it is being deleted" + (f", held by {', '.join(held)}" if held else ""))


def _change(member: Member, action: Action, verdict: Verdict) -> Change:
    return Change(member.key, action, live=member.resource.body, reason=verdict.reason, hint=verdict.hint)
