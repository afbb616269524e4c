"""What is wanted, what is there and what the server says to it in, a plan out."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine import handover
from kfctl.engine.compare import compare, compare_wanted, field_change
from kfctl.engine.fieldpath import follow
from kfctl.engine.health import has_ended, leaves_pods
from kfctl.engine.keep import Permits
from kfctl.engine.needs import needs
from kfctl.engine.order import waves
from kfctl.engine.ownership import MANAGER, MARKS, controller, owner_of
from kfctl.engine.verdicts import claims, faults, immutable, lacks_right, says_no, untriable
from kfctl.model.field_sets import text_of
from kfctl.model.managed import by_hand, joins
from kfctl.model.plan import Action, Change, Deferral, Plan
from kfctl.model.resource import Resource, at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfctl.engine.mask import Mask
    from kfctl.engine.ownership import Owner
    from kfctl.engine.verdicts import Claim
    from kfctl.errors import ClusterError
    from kfctl.model.field_sets import Path
    from kfctl.model.plan import FieldChange, Scope

AGAIN = "it has ended: another run needs a new object"
AS_STARTED = "its pods would run on as they were started: to run something else it needs a new object"
HOLD_DATA = frozenset({"PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition"})


@dataclass(frozen=True)
class Found:
    """A wanted object and what the cluster says about it."""

    wanted: Resource  # as it will be sent
    live: Mapping[str, Any] | None = None
    preview: Mapping[str, Any] | None = None  # what the dry run makes of it; a forced one, where it conflicts
    error: ClusterError | None = None  # why it said no
    offline: str = ""  # or why there was no dry run
    unchanged: bool = False  # known to be as wanted without one
    taken: tuple[Claim, ...] = ()  # the fields of other managers that a forced one takes
    stale: tuple[
        Path, ...
    ] = ()  # fields that nobody sets, to be claimed before the apply so that it drops them
    kept: tuple[Path, ...] = ()  # fields that the app drops and the server keeps
    ran: bool = False  # a job that was applied as wanted, and is no longer there: its TTL removed it


@dataclass(frozen=True)
class Choices:
    """What the user allows, and whether the plan is going to be carried out."""

    adopt: bool = False
    force_conflicts: bool = False
    will_write: bool = False
    take_over: bool = False  # the record of another app of this name
    allow_empty: bool = False
    rerun: bool = False  # jobs that have ended
    permits: Permits = field(default_factory=Permits)


def make_plan(
    scope: Scope, found: Sequence[Found], left: Iterable[Change], choices: Choices, mask: Mask
) -> Plan:
    """Return what has to happen; `left` is what becomes of ours that are no longer wanted."""
    judge = _Judge(scope, choices, mask)
    resources = [each.wanted for each in found]
    after = needs(resources)
    changes = tuple(judge.change(each) for each in found)
    return Plan(scope, (*changes, *left), waves(resources, after), needs=after)


@dataclass(frozen=True)
class _Judge:
    """Decides what happens to an object."""

    scope: Scope
    choices: Choices
    mask: Mask

    def change(self, found: Found) -> Change:
        live = found.live
        if live is None:
            return self._new(found)
        owner = owner_of(live, self.scope)
        if owner and not owner.ours:
            return self._owned(found, owner)
        if at(live, "metadata", "deletionTimestamp"):
            return _terminating(found, live)
        decided = self._existing(found, live)
        if not owner:
            return self._adopted(decided)
        if self.choices.rerun and has_ended(live) and not decided.blocked:
            return replace(decided, action=Action.REPLACE, reason=AGAIN)
        return _contested(decided, controller(live))

    def _mask(self, found: Found) -> Mask:
        return self.mask.of(found.wanted.secrets)

    def _new(self, found: Found) -> Change:
        if found.ran and not self.choices.rerun:
            return _change(found, Action.UNCHANGED)
        if found.error is None:
            return _change(found, Action.CREATE)
        return self._without_preview(found, found.error, Action.CREATE)

    def _existing(self, found: Found, live: Mapping[str, Any]) -> Change:
        if found.unchanged:
            return _change(found, Action.UNCHANGED)
        if found.error is not None:
            return self._failed(found, live, found.error)
        if found.preview is not None:
            fields = _with_owners(compare(live, found.preview, self._mask(found)), found)
            if not fields and joins(live, found.preview, MANAGER):
                reason = f"as wanted{_with_what(live)}: now the app's, too"
                return _change(found, Action.UPDATE, reason=reason)
            return self._handed_over(found, live, fields)
        return self._offline(found, live)

    def _handed_over(self, found: Found, live: Mapping[str, Any], fields: tuple[FieldChange, ...]) -> Change:
        if not handover.hands_over(found.wanted.body, live, MANAGER):
            return self._updated(found, live, fields)
        left = tuple(field for field in fields if field.path != handover.FIELD)
        return replace(self._updated(found, live, left), handed_over=handover.number(live))

    def _updated(self, found: Found, live: Mapping[str, Any], fields: tuple[FieldChange, ...]) -> Change:
        if not fields and not found.kept:
            return _change(found, Action.UNCHANGED)
        anew = _anew(live, fields) or _not_in_place(found)
        return _change(found, Action.REPLACE if anew else Action.UPDATE, fields, anew)

    def _failed(self, found: Found, live: Mapping[str, Any], error: ClusterError) -> Change:
        taken = claims(error.answer)
        if taken:
            return self._conflict(found, live, taken)
        fixed = immutable(error.answer)
        if fixed:
            return self._immutable(found, live, fixed)
        return self._without_preview(found, error, Action.UPDATE)

    def _conflict(self, found: Found, live: Mapping[str, Any], taken: tuple[Claim, ...]) -> Change:
        claimed = tuple(self._claimed(found, live, claim.path, claim.owner) for claim in taken)
        every = compare(live, found.preview, self._mask(found)) if found.preview else ()
        fields = (*claimed, *(each for each in every if not any(_within(each.path, f.path) for f in claimed)))
        owners = ", ".join(dict.fromkeys(claim.owner for claim in taken))
        leave = f"to leave them to {owners}, set them to what is there or not at all"
        hint = f"--force-conflicts takes these fields; {leave}"
        return _change(found, Action.CONFLICT, fields, f"{owners} set fields that would change", hint)

    def _claimed(self, found: Found, live: Mapping[str, Any], path: str, owner: str) -> FieldChange:
        wanted, here = follow(found.wanted.body, path), follow(live, path)
        named = (found.wanted.kind, self.mask.redactor.text(wanted.text), wanted.names)
        return field_change(here.value, wanted.value, named, self._mask(found), owner)

    def _immutable(self, found: Found, live: Mapping[str, Any], fixed: tuple[str, ...]) -> Change:
        fields = compare_wanted(live, found.wanted.body, self._mask(found))
        why = self.mask.redactor.text(f"{', '.join(fixed)} can't be changed in place")
        if found.wanted.kind in HOLD_DATA:
            hint = "a new one would lose what it holds: set it back, or give the component another `name`"
            return _change(found, Action.REFUSE, fields, why, hint)
        return _change(found, Action.REPLACE, fields, why + _about_claims(fields))

    def _without_preview(self, found: Found, error: ClusterError, action: Action) -> Change:
        """Compare offline where the server could not judge, refuse where it said no, else raise."""
        why = untriable(error)
        if why and not (lacks_right(error) and self._must_have(found, action)):
            if action is Action.CREATE:
                return _change(replace(found, offline=why), action)
            return self._offline(replace(found, offline=why), found.live or {})
        if not says_no(error) and not why:
            raise error
        reason, hint = self.mask.redactor.text(faults(error)), error.problems[0].hint
        if not lacks_right(error):
            return _change(found, Action.REFUSE, (), reason, hint)
        return self._refused(found, reason, hint)

    def _must_have(self, found: Found, action: Action) -> bool:
        """Whether a missing right forbids the plan: what is to be written can't be, so nothing is begun."""
        if action is Action.UPDATE and self._offline(found, found.live or {}).action is Action.UNCHANGED:
            return False
        return self.choices.will_write or not found.wanted.namespace

    def _offline(self, found: Found, live: Mapping[str, Any]) -> Change:
        fields = compare_wanted(live, found.wanted.body, self._mask(found))
        return replace(self._updated(found, live, fields), approximate=True, reason=found.offline)

    def _owned(self, found: Found, owner: Owner) -> Change:
        return self._refused(found, f"it belongs to {owner.name}", owner.hint)

    def _refused(self, found: Found, reason: str, hint: str, fields: tuple[FieldChange, ...] = ()) -> Change:
        """Refuse what others have; of the whole cluster's objects theirs may do."""
        component = found.wanted.component
        if component and not found.wanted.namespace:
            leave_out = f"kfctl component rm {component} leaves it out: the one on the cluster is used then"
            hint = f"{leave_out}; or {hint}" if hint else leave_out
        return _change(found, Action.REFUSE, fields, reason, hint)

    def _adopted(self, decided: Change) -> Change:
        """Return what happens to an object that nobody claims: taken over where that changes nothing."""
        found = Found(decided.wanted or Resource({}), decided.live)
        taken_over = decided.action in {Action.UPDATE, Action.UNCHANGED}
        if decided.action is Action.REFUSE:
            return decided
        if taken_over and all(field.path in MARKS for field in decided.fields):
            return replace(
                decided, action=Action.ADOPT, reason="it is there, without an owner, and as wanted"
            )
        if not self.choices.adopt:
            reason = "it is there and nobody's, and it would change"
            return self._refused(found, reason, "--adopt takes it over", decided.fields)
        reason = f"it is there, without an owner: taken over{_with_what(decided.live or {})}"
        return replace(decided, action=Action.ADOPT, reason=reason) if taken_over else decided


def _change(
    found: Found, action: Action, fields: tuple[FieldChange, ...] = (), reason: str = "", hint: str = ""
) -> Change:
    return Change(
        key=found.wanted.key,
        action=action,
        wanted=found.wanted,
        live=found.live,
        fields=fields,
        reason=reason or found.offline,
        deferral=found.offline if isinstance(found.offline, Deferral) else None,
        stale=found.stale,
        hint=hint,
        approximate=bool(found.offline and not reason),
    )


def _contested(decided: Change, rival: str) -> Change:
    """Return an update, with a word on the controller that has taken the object over meanwhile."""
    if decided.action is not Action.UPDATE or not rival or decided.approximate:
        return decided
    return replace(decided, reason=f"{rival} controls it and may change it back")


def _with_owners(fields: tuple[FieldChange, ...], found: Found) -> tuple[FieldChange, ...]:
    """Return the fields, each with the manager from whom it is taken."""
    owners = {follow(found.wanted.body, claim.path).text: claim.owner for claim in found.taken}

    def owner(path: str) -> str:
        return next((owners[way] for way in owners if _within(path, way) or _within(way, path)), "")

    return tuple(replace(field, owner=owner(field.path)) for field in fields) if owners else fields


def _within(path: str, outer: str) -> bool:
    return path == outer or path.startswith((f"{outer}.", f"{outer}["))


def _with_what(live: Mapping[str, Any]) -> str:
    tools = sorted({str(entry.get("manager")) for entry in by_hand(live)})
    return f", with what {' and '.join(tools)} set" if tools else ""


def _anew(live: Mapping[str, Any], fields: tuple[FieldChange, ...]) -> str:
    """Return why a change of these fields takes a new object; empty where it does not."""
    if has_ended(live) and any(field.path.startswith("spec") for field in fields):
        return AGAIN
    if leaves_pods(live) and any(".template.spec" in field.path for field in fields):
        return AS_STARTED
    return ""


def _about_claims(fields: tuple[FieldChange, ...]) -> str:
    """Return what becomes of claims when the templates change that they were created from."""
    templates = any(field.path.startswith("spec.volumeClaimTemplates") for field in fields)
    return "; existing claims stay as they are, whatever their template says" if templates else ""


def _not_in_place(found: Found) -> str:
    """Return why a dropped field takes a new object; empty where none does, or data is at stake."""
    if not found.kept or found.wanted.kind in HOLD_DATA:
        return ""
    return f"the server keeps {', '.join(map(text_of, found.kept))} of an existing object"


def _terminating(found: Found, live: Mapping[str, Any]) -> Change:
    finalizers = at(live, "metadata", "finalizers") or []
    held = f", held by {', '.join(finalizers)}" if finalizers else ""
    return _change(found, Action.CREATE, reason=f"it is being deleted{held}: made anew when it is gone")
