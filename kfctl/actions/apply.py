"""Makes the cluster what the app says: plan, carry out, wait, explain what did not come up."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from threading import Event as Flag
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Problem, Refused
from kfctl.model.plan import Action
from kfctl.model.status import Event, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterator, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.follow import Followed
    from kfctl.cluster.kubeconfig import Login
    from kfctl.model.app import App, Environment
    from kfctl.model.plan import Change, Plan
    from kfctl.model.report import Report


@dataclass(frozen=True)
class Options:
    """What the user allows and wants."""

    adopt: bool = False
    force_conflicts: bool = False
    dry_run: bool = False
    wait: bool = True
    wait_for_jobs: bool = False
    timeout: float = 600.0  # seconds for all waiting together


@dataclass(frozen=True)
class Apply:
    """An apply that is decided and not begun."""

    app: App
    environment: Environment
    cluster: Cluster
    plan: Plan
    options: Options = Options()
    stop: Flag = field(default_factory=Flag)  # set from outside: nothing more is begun


def prepare(
    app: App, environment: Environment, components: Sequence[str], asked: tuple[Options, Login]
) -> Apply:
    """Decide what an apply of the app (or of these components) would do; nothing is written."""
    from kfctl.actions.plan import connect, plan_app
    from kfctl.engine.plan import Choices

    options, login = asked
    cluster = connect(app, environment, login)
    choices = Choices(options.adopt, options.force_conflicts, will_write=not options.dry_run)
    plan = plan_app(app, environment, components, cluster, choices)
    return Apply(app, environment, cluster, _checked(plan, whole=not components), options)


def refuse_blocked(plan: Plan) -> None:
    """Raise Refused with every conflict and refusal in the plan."""
    if plan.blocked:
        problems = [Problem(_blocked(change), hint=change.hint) for change in plan.blocked]
        raise Refused("the plan can't be carried out", problems=problems)


def refuse_unasked(plan: Plan, ask: Callable[[str], bool] | None) -> None:
    """Ask before anything is deleted or replaced; Refused where the answer is no, or nobody can be asked."""
    harmful = [change for change in plan.changes if change.action in {Action.REPLACE, Action.DELETE}]
    if not harmful:
        return
    scope = plan.scope
    named = ", ".join(f"{change.action.value} {change.key}" for change in harmful[:5])
    more = f" and {len(harmful) - 5} more" if len(harmful) > 5 else ""
    if ask is None:
        raise Refused(f"this would {named}{more}", hint="look at it with kfctl diff; --yes does it")
    if not ask(f"In {scope.namespace} of {scope.context}: {named}{more}?"):
        raise Refused("nothing was written", hint="without a yes nothing is deleted or replaced")


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
    return report(prepared.plan, told, interrupted=prepared.stop.is_set(), late=late)


def _steps(prepared: Apply) -> Generator[Event, None, bool]:
    """Do it all, and return whether time ran out."""
    from kfctl.actions.guard import record
    from kfctl.actions.judge import Judge
    from kfctl.cluster.execute import Run, execute
    from kfctl.cluster.follow import End, Waiting, follow
    from kfctl.engine.ownership import selector

    plan, cluster, options = prepared.plan, prepared.cluster, prepared.options
    warning = record(prepared.app, prepared.environment, cluster, plan.scope.cluster_uid)
    if warning:
        yield Event(Step.NOTE, message=warning)
    judge = Judge(cluster, wait_for_jobs=options.wait_for_jobs)
    deadline = time.monotonic() + options.timeout
    waiting = Waiting(judge, prepared.stop, deadline, selector(plan.scope))
    executed = yield from execute(plan, cluster, Run(waiting, options.force_conflicts))
    if not options.wait or executed.away or prepared.stop.is_set():
        return False
    bodies = [body for key, body in executed.bodies.items() if key not in executed.undone]
    followed = yield from follow(cluster, bodies, waiting)
    if followed.end is not End.INTERRUPTED:
        yield from _explained(cluster, followed)
    return followed.end is End.LATE


def _explained(cluster: Cluster, followed: Followed) -> Iterator[Event]:
    from kfctl.actions.explain import Troubled, explained

    troubled = [
        Troubled(status, followed.bodies.get(key, {}), followed.pods.get(key, ()))
        for key, status in followed.statuses.items()
        if not status.health.good
    ]
    for status in explained(cluster, troubled):
        yield Event(Step.STATUS, status.key, status=status)


def _checked(plan: Plan, *, whole: bool) -> Plan:
    """Return the plan, warned or refused where it names what is not there."""
    from kfctl.engine.needs import dangling

    problems = dangling([change.wanted for change in plan.changes if change.wanted])
    if problems and whole:
        raise AppError.of(problems)
    warnings = (f"{problem}: it is not waited for" for problem in problems)
    return replace(plan, warnings=(*plan.warnings, *warnings))


def _blocked(change: Change) -> str:
    taken = [f"{field.path} is owned by {field.owner}" for field in change.fields if field.owner]
    return f"{change.key}: {change.reason}" + (f": {', '.join(taken)}" if taken else "")
