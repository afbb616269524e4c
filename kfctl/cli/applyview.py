"""An apply as text for people and as JSON lines for programs: the plan, what happens, the report."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from kfctl.cli import console
from kfctl.cli.console import paint
from kfctl.cli.options import Report as Form
from kfctl.cli.statusview import cause_lines, sign, status_value, words
from kfctl.engine.jobs import JOBS
from kfctl.model.plan import Action
from kfctl.model.status import Health, Step

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from contextlib import AbstractContextManager

    from kfctl.model.plan import Plan
    from kfctl.model.report import Report, Row
    from kfctl.model.status import Event

    Told = Callable[[Event], None]

DONE = {
    Action.UNCHANGED: "unchanged",
    Action.CREATE: "created",
    Action.UPDATE: "updated",
    Action.REPLACE: "replaced",
    Action.ADOPT: "adopted",
    Action.DELETE: "deleted",
}


class View(Protocol):
    """Shows an apply."""

    def plan(self, plan: Plan) -> None:
        """Show what would happen."""

    def progress(self, plan: Plan) -> AbstractContextManager[Told]:
        """Return what shows each event as it comes."""

    def report(self, report: Report) -> None:
        """Show what came of it."""


def view(form: Form) -> View:
    """Return the view for a form of output."""
    return _Lines() if form is Form.JSON else _Text()


class _Text:
    """For people: the plan and the report on stdout, progress on stderr."""

    def plan(self, plan: Plan) -> None:
        from kfctl.cli.planview import plan_lines

        console.lines(plan_lines(plan))

    @contextmanager
    def progress(self, plan: Plan) -> Iterator[Told]:
        from kfctl.cli.progress import progress

        with progress(plan) as told:
            yield told

    def report(self, report: Report) -> None:
        console.lines(report_lines(report))


class _Lines:
    """For programs: an object a line, all on stdout."""

    def __init__(self) -> None:
        self._gone = False  # whoever read it: the apply goes on

    def plan(self, plan: Plan) -> None:
        from kfctl.engine.planvalue import plan_value

        self._write({"event": "plan", "plan": plan_value(plan)})

    @contextmanager
    def progress(self, plan: Plan) -> Iterator[Told]:
        del plan
        yield lambda event: self._write(event_value(event))

    def report(self, report: Report) -> None:
        self._write({"event": "report", "report": report_value(report)})

    def _write(self, value: dict[str, Any]) -> None:
        if self._gone:
            return
        try:
            console.out(console.as_json(value), flush=True)
        except BrokenPipeError:
            self._gone = True
            console.abandon_stdout()


def event_value(event: Event) -> dict[str, Any]:
    """Return an event as JSON has it."""
    named: dict[str, Any] = {"object": event.key._asdict() if event.key else None}
    named |= {"action": event.action, "message": event.message, "hint": event.hint}
    named["status"] = status_value(event.status) if event.status else None
    return {"event": event.step.value, **{key: value for key, value in named.items() if value}}


def report_value(report: Report) -> dict[str, Any]:
    """Return a report as JSON has it."""
    return {
        "app": report.scope.app,
        "environment": report.scope.environment,
        "context": report.scope.context,
        "namespace": report.scope.namespace,
        "exitCode": int(report.exit_code),
        "interrupted": report.interrupted,
        "timedOut": report.late,
        "unseen": report.unseen,
        "summary": report.counts(),
        "objects": [_row_value(row) for row in report.rows],
        "left": [{**change.key._asdict(), "reason": change.reason} for change in report.left],
        "notes": list(report.notes),
    }


def _row_value(row: Row) -> dict[str, Any]:
    return {
        **row.key._asdict(),
        "component": row.component,
        "action": row.action.value,
        "result": row.step.value,
        "message": row.message,
        "hint": row.hint,
        "status": status_value(row.status) if row.status else None,
    }


def report_lines(report: Report) -> Iterator[str]:
    """Yield a report line by line: what is left over, each object, what is not well and why, the sum."""
    home = report.scope.namespace
    if report.left:
        yield "Left on the cluster:"
        yield from (paint(f"= {each.key.seen_from(home)}: {each.reason}", "dim") for each in report.left)
        yield ""
    yield from _objects(report.rows, home)
    for row in report.failed:
        yield ""
        what = "deleted" if row.action is Action.DELETE else "applied"
        yield f"{paint('✗', 'red')} {row.key.seen_from(home)} could not be {what}: {row.message}"
        if row.hint:
            yield paint(f"    {row.hint}", "cyan")
    yield from _troubles(report)
    yield ""
    yield _sum(report)


def _objects(rows: Iterable[Row], home: str) -> Iterator[str]:
    from kfctl.cli.output import table

    told = [row for row in rows if not _uneventful(row)]
    if told:
        lines = table(["OBJECT", "COMPONENT", "RESULT", "HEALTH"], [_cells(row, home) for row in told])
        yield paint(f"  {lines[0]}", "bold")
        yield from (f"{_sign(row)} {line}" for row, line in zip(told, lines[1:], strict=True))


def _uneventful(row: Row) -> bool:
    good = row.status is None or row.status.health.good
    return row.action is Action.UNCHANGED and row.step is Step.DONE and good


def _cells(row: Row, home: str) -> list[str]:
    result = DONE[row.action] if row.step is Step.DONE else row.step.value
    health = words(row.status) if row.status else row.message if row.step is Step.SKIPPED else ""
    return [row.key.seen_from(home), row.component, result, health]


def _sign(row: Row) -> str:
    if row.step is Step.FAILED:
        return paint("✗", "red")
    if row.step is Step.SKIPPED:
        return paint("-", "yellow")
    return sign(row.status.health if row.status else Health.READY)


def _troubles(report: Report) -> Iterator[str]:
    """Yield why objects are not ready; those that have one and the same cause together."""
    groups: dict[object, list[Row]] = {}
    for row in report.troubled:
        cause = row.status.cause if row.status else None
        if cause:
            groups.setdefault(cause.anywhere, []).append(row)
    for rows in groups.values():
        status = rows[0].status
        if status and status.cause:
            yield ""
            names = ", ".join(row.key.seen_from(report.scope.namespace) for row in rows)
            yield f"{sign(status.health)} {names} not ready"
            yield from (f"    {line}" for line in cause_lines(status.cause))
            if ended := next(filter(_has_failed_before, rows), None):
                component = f" -c {ended.component}" if ended.component else ""
                yield paint(f"    kfctl apply{component} --rerun runs it again", "cyan")


def _has_failed_before(row: Row) -> bool:
    """Whether a row is of a job that had failed, so that this apply did not start it."""
    failed = row.status is not None and row.status.health is Health.FAILED
    return failed and row.action is Action.UNCHANGED and (row.key.group, row.key.kind) in JOBS


def _sum(report: Report) -> str:
    counts = report.counts()
    done = {action.value: word for action, word in DONE.items()}
    parts = [f"{count} {done.get(word, word)}" for word, count in counts.items()] or ["no object was changed"]
    troubled = len(report.troubled)
    waited = [row for row in report.rows if row.status]
    if troubled:
        parts.append(f"{troubled} of {len(waited)} not ready" + (" in time" if report.late else ""))
    elif waited and not report.interrupted and not report.failed and not report.skipped:
        parts.append("everything is ready")
    if report.unseen:
        parts.append("more may be there that could not be looked for")
    text = ", ".join(parts) + "."
    return f"Interrupted: {text} Run the command again to go on." if report.interrupted else text
