"""Carries out what is decided: lock, record, write, wait, delete, record again."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from kfctl.model.plan import Action
from kfctl.model.resource import Key
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator

    from kfctl.actions.apply import Apply
    from kfctl.actions.judge import Judge
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.execute import Executed
    from kfctl.cluster.follow import Followed, Waiting
    from kfctl.cluster.lock import Lock
    from kfctl.model.inventory import Inventory, Run
    from kfctl.model.plan import Plan
    from kfctl.model.redactor import Redactor
    from kfctl.model.report import Report

    Steps = Generator[Event, None, None]

_TO_GO = 60.0  # seconds at least for what is deleted to go, however long the waiting before took


def _silent(message: str) -> None:
    del message


@contextmanager
def begun(prepared: Apply, tell: Callable[[str], None] = _silent) -> Iterator[Apply]:
    """Take the lock if anything is to be written, and decide again over what has moved meanwhile."""
    from kfctl.actions.delete import clear_lock
    from kfctl.actions.plan import decide
    from kfctl.actions.saved import refuse_moved
    from kfctl.cluster.lock import Taking, holding, identity, locked
    from kfctl.engine.applyset import record_labels

    inventory, this = prepared.decision.inventory, new_run(prepared.cluster.now())
    place = (inventory.name, inventory.namespace)
    # A delete that died at its very end may have left the lock and nothing else.
    if not prepared.writes and not (prepared.removes and holding(prepared.cluster, place)):
        yield prepared
        return
    early = _namespace(prepared)
    labels = record_labels(inventory.id, "lock")
    taking = Taking(break_lock=prepared.options.break_lock, labels=labels, tell=tell)
    with locked(prepared.cluster, place, identity(this.id), taking) as lock:
        decision = decide(replace(prepared.about, cluster=prepared.cluster), prepared.decision)
        _tell_of_the_dead(lock, decision.inventory, tell)
        ready = replace(prepared, decision=decision, run=this, lock=lock, early=early)
        refuse_moved(ready)
        yield ready
    if prepared.removes:
        clear_lock(prepared.cluster, inventory)


def _namespace(prepared: Apply) -> tuple[Event, ...]:
    """Make the environment's namespace if it is missing: the lock and the inventory are in it."""
    from kfctl.cluster.write import make_namespace
    from kfctl.engine.ownership import MADE_FOR

    scope = prepared.plan.scope
    if not scope.namespace_missing:
        return ()
    make_namespace(prepared.cluster, scope.namespace, {MADE_FOR: scope.set_id})
    key = Key("", "Namespace", "", scope.namespace)
    return (Event(Step.DONE, key, Action.CREATE.value, "the namespace was missing"),)


def new_run(now: float) -> Run:
    """Return a run of this process that begins at this time, in seconds since 1970 by the server's clock."""
    from datetime import UTC, datetime

    from kfctl import __version__
    from kfctl.cluster.lock import me
    from kfctl.model.inventory import Run

    when = datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return Run(secrets.token_hex(6), me(), when, __version__)


def _tell_of_the_dead(lock: Lock, inventory: Inventory, tell: Callable[[str], None]) -> None:
    """Say whose run this one takes over from."""
    if lock.before:
        tell(f"{lock.before.who} had the lock since {lock.before.since} and is not heard of any more")
    if not inventory.finished and inventory.run:
        tell(f"the run of {inventory.run} did not come to its end: this one goes on from what it left")


def run(prepared: Apply) -> Generator[Event, None, Report]:
    """Carry out the plan, wait until all is ready, and return what came of each object."""
    from kfctl.engine.report import report

    told: list[Event] = []
    steps = _steps(prepared)
    late = False
    while True:
        try:
            event = next(steps)
        except StopIteration as ended:
            late = ended.value
            break
        if event.step is not Step.NOTE or event not in told:
            told.append(event)
            yield event
    unseen = prepared.about.deletes and bool(prepared.decision.pruning.unsearched)
    made = report(prepared.plan, told, interrupted=prepared.stop.is_set(), late=late)
    return replace(made, unseen=unseen)


def _steps(prepared: Apply) -> Generator[Event, None, bool]:
    """Do it all, and return whether time ran out."""
    from kfctl.actions import ledger
    from kfctl.actions.judge import Judge
    from kfctl.actions.trial import trying
    from kfctl.cluster.execute import Run, execute
    from kfctl.cluster.follow import Waiting
    from kfctl.engine.ownership import selector

    plan, cluster, options = prepared.plan, prepared.cluster, prepared.options
    yield from prepared.early
    yield from _over(plan)
    yield from ledger.bind(prepared)
    inventory = ledger.begin(prepared)
    judge = Judge(cluster, wait_for_jobs=options.wait_for_jobs, redactor=_redactor(prepared))
    waiting = Waiting(judge, prepared.stop, time.monotonic() + options.timeout, selector(plan.scope))
    force = options.choices.force_conflicts
    how = Run(waiting, force, _allowed(prepared), trying(cluster, plan, force=force))
    executed = yield from execute(plan, cluster, how)
    late = yield from _waited(prepared, executed, waiting, judge)
    gone = yield from _removed(prepared, executed, waiting)
    if inventory:
        yield from ledger.close(prepared, inventory, executed, gone)
    return late


def _redactor(prepared: Apply) -> Redactor:
    """Return what no status may quote: secret parameters, and the data of the app's Secrets."""
    from kfctl.actions.secrets import secrets_of

    about = prepared.about
    return secrets_of(about.app, about.environment).redactor(prepared.decision.intents)


def _over(plan: Plan) -> Iterator[Event]:
    """Tell of the jobs that have run and are not made again."""
    from kfctl.engine.health import gone

    for change in plan.changes:
        if change.action is Action.UNCHANGED and change.wanted and not change.live:
            yield Event(Step.STATUS, change.key, status=gone(change.wanted.body))


def _waited(
    prepared: Apply, executed: Executed, waiting: Waiting, judge: Judge
) -> Generator[Event, None, bool]:
    """Wait until all is ready, and return whether time ran out."""
    from kfctl.cluster.follow import End, follow

    if not prepared.options.wait or executed.away or prepared.stop.is_set():
        return False
    bodies = [body for key, body in executed.bodies.items() if key not in executed.undone]
    followed = yield from follow(prepared.cluster, bodies, waiting)
    if followed.end is not End.INTERRUPTED:
        yield from _explained(prepared.cluster, followed, judge)
        yield from _idle(prepared, followed)
    return followed.end is End.LATE


def _idle(prepared: Apply, followed: Followed) -> Iterator[Event]:
    """Tell of what was changed and is ready, and yet of no use: Services without pods."""
    from kfctl.actions.selecting import with_idle

    changes = [change for change in prepared.plan.changes if change.wanted]
    wanted = [change.wanted for change in changes if change.wanted]
    changed = [change.key for change in changes if change.writes]
    for key, status in with_idle(prepared.cluster, followed.statuses, wanted, changed).items():
        yield Event(Step.STATUS, key, status=status)


def _removed(prepared: Apply, executed: Executed, waiting: Waiting) -> Generator[Event, None, frozenset[Key]]:
    """Delete what is no longer wanted, last of all and only if all that is wanted was applied."""
    from kfctl.cluster.remove import Removal, remove, skipped
    from kfctl.engine.prune import why_stays

    plan, situation = prepared.plan, prepared.decision.situation
    why = "not everything could be applied: it goes with the next apply that succeeds"
    if executed.undone and not prepared.stop.is_set():
        yield from skipped(plan, why)
        return frozenset()
    deadline = waiting.deadline
    if not prepared.about.deletes:  # a delete has waited for nothing yet
        deadline = max(deadline, time.monotonic() + _TO_GO)
    removal = Removal(prepared.stop, deadline, _allowed(prepared), lambda body: why_stays(body, situation))
    return (yield from remove(plan, prepared.cluster, removal))


def _allowed(prepared: Apply) -> Callable[[], None]:
    lock = prepared.lock
    return lock.assert_held if lock else lambda: None


def _explained(cluster: Cluster, followed: Followed, judge: Judge) -> Iterator[Event]:
    from kfctl.actions.explain import Troubled, explained

    troubled = [
        Troubled(status, followed.bodies.get(key, {}), followed.pods.get(key, ()))
        for key, status in followed.statuses.items()
        if not status.health.good
    ]
    for status in explained(cluster, troubled, judge):
        yield Event(Step.STATUS, status.key, status=status)
