"""Decides on an apply: the plan, what it may do, and what must be asked before."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import groupby
from threading import Event as Flag
from typing import TYPE_CHECKING

from kfctl.engine.plan import Choices
from kfctl.errors import AppError, Forbidden, Problem, Refused
from kfctl.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from kfctl.actions.plan import Decision, Subject
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.cluster.lock import Lock
    from kfctl.engine.saved import Saved
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Run
    from kfctl.model.plan import Plan
    from kfctl.model.status import Event

MANY = 20  # deleted objects above which it is asked again
SHARE = 0.3  # or this part of all there are


@dataclass(frozen=True)
class Options:
    """What the user allows and wants."""

    choices: Choices = field(default_factory=Choices)
    dry_run: bool = False
    wait: bool = True
    wait_for_jobs: bool = False
    break_lock: bool = False
    timeout: float = 600.0  # seconds for all waiting together


@dataclass(frozen=True)
class Apply:
    """An apply that is decided; it is carried out once it has begun."""

    about: Subject
    decision: Decision
    cluster: Cluster
    options: Options = field(default_factory=Options)
    stop: Flag = field(default_factory=Flag)  # set from outside: nothing more is begun
    run: Run | None = None  # None before it has begun, and where nothing is to be written
    lock: Lock | None = None
    removes: bool = False  # the record, too, when nothing is left
    early: tuple[Event, ...] = ()  # what happened when it began
    saved: Saved | None = None  # the plan that it must still be

    @property
    def plan(self) -> Plan:
        """What it does."""
        return self.decision.plan

    @property
    def writes(self) -> bool:
        """Whether anything is to be written: an object, or the record of what is owned."""
        inventory = self.decision.inventory
        wanted = [each.key for each in self.decision.intents]
        wider = inventory.including(wanted)
        covered = (wider.kinds, wider.namespaces) == (inventory.kinds, inventory.namespaces)
        record = bool(inventory.former_id or (self.removes and inventory.uid))
        return self.plan.differs or not covered or not inventory.finished or record


def prepare(
    app: App, environment: Environment, components: Sequence[str], asked: tuple[Options, Login]
) -> Apply:
    """Decide what an apply of the app (or of these components) would do; nothing is written."""
    from kfctl.actions.plan import connect, subject
    from kfctl.actions.rights import powerless

    options, login = asked
    cluster = connect(app, environment, login)
    choices = replace(options.choices, will_write=not options.dry_run)
    about = subject(app, environment, components, cluster, choices)
    try:
        return prepare_for(about, options)
    except Forbidden:
        if choices.will_write:
            powerless(about)
        raise


def prepare_for(about: Subject, options: Options) -> Apply:
    """Decide what it takes for the cluster to become what `about` wants."""
    from kfctl.actions.plan import decide

    decision = decide(about)
    plan = _checked(decision.plan, whole=not about.components)
    return Apply(about, replace(decision, plan=plan), about.cluster, options)


def refuse_blocked(plan: Plan) -> None:
    """Raise Refused with every conflict and refusal in the plan.

    Which fields are in conflict and what to do about it stands in the plan, which has been shown.
    """
    if plan.forbidden:
        raise Refused("the plan can't be carried out", problems=[*plan.refused, *_obstacles(plan)])


def refuse_unasked(plan: Plan, ask: Callable[[str], bool] | None, *, many: bool = True) -> None:
    """Ask before anything is deleted or replaced; Refused where the answer is no, or nobody can be asked.

    With `many` it is asked once more where a large part goes.
    """
    harmful = [change for change in plan.changes if change.action in {Action.REPLACE, Action.DELETE}]
    if not harmful:
        return
    scope = plan.scope
    by_action = groupby(harmful[:5], key=lambda change: change.action.value)
    names = {change.key: change.key.seen_from(scope.namespace) for change in harmful}
    named = ", ".join(f"{action} {', '.join(names[c.key] for c in same)}" for action, same in by_action)
    more = f" and {len(harmful) - 5} more" if len(harmful) > 5 else ""
    if ask is None:
        raise Refused(f"this would {named}{more}", hint="--dry-run shows all of it, --yes does it")
    size = _much(plan) if many else ""
    questions = [f"In {scope.namespace} of {scope.context}: {named}{more}?", *([size] if size else [])]
    if not all(ask(question) for question in questions):
        raise Refused("nothing was written", hint="without a yes nothing is deleted or replaced")


def worse(before: Plan, now: Plan) -> bool:
    """Whether something is to be deleted or replaced, or stands in the way, that was not before."""
    known = {(change.key, change.action) for change in before.changes}
    harm = {Action.REPLACE, Action.DELETE, Action.CONFLICT, Action.REFUSE}
    return any(
        (change.key, change.action) not in known and change.action in harm for change in now.changes
    ) or bool(now.refused and not before.refused)


def _much(plan: Plan) -> str:
    """Return the question to ask where a large part is deleted; else an empty text."""
    deleted = sum(change.action is Action.DELETE for change in plan.changes)
    there = sum(change.live is not None for change in plan.changes)
    if deleted <= MANY and deleted <= SHARE * there:
        return ""
    return f"These are {deleted} of the {there} objects that it has there. Delete them all the same?"


def _checked(plan: Plan, *, whole: bool) -> Plan:
    """Return the plan, warned or refused where it names what is not there."""
    from kfctl.engine.needs import dangling

    problems = dangling([change.wanted for change in plan.changes if change.wanted])
    if problems and whole:
        raise AppError.of(problems)
    warnings = (f"{problem}: it is not waited for" for problem in problems)
    return replace(plan, warnings=(*plan.warnings, *warnings))


def _obstacles(plan: Plan) -> Iterator[Problem]:
    """Yield what stands in the way, once for all objects of which the same is true."""
    named: dict[str, list[str]] = {}
    for change in plan.blocked:
        named.setdefault(change.reason, []).append(change.key.seen_from(plan.scope.namespace))
    hint = "the plan says what is in the way and how to go on"
    yield from (Problem(f"{', '.join(keys)}: {why}", hint=hint) for why, keys in named.items())
