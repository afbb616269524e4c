"""`kfctl apply`."""

import re
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.allowed import Allowed, choices
from kfctl.cli.options import (
    ClusterSession,
    ComponentNames,
    EnvironmentName,
    Report,
    ReportOutput,
    Yes,
    login,
)
from kfctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfctl.actions.apply import Apply
    from kfctl.cli.applyview import View
    from kfctl.engine.saved import Saved
    from kfctl.model.report import Report as AppliedReport

_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_DURATION = re.compile(r"(?:\d+(?:\.\d+)?(?:h|ms|m|s))+")


def duration(text: str, option: str = "--timeout") -> float:
    """Return the seconds of a duration such as 10m, 1h30m or 90s; a bare number is seconds."""
    if re.fullmatch(r"\d+(\.\d+)?", text):
        return float(text)
    if not _DURATION.fullmatch(text):
        raise UsageError(f"{option} {text!r} is no duration", hint="such as 10m, 90s or 1h30m")
    parts: list[tuple[str, str]] = re.findall(r"(\d+(?:\.\d+)?)(h|ms|m|s)", text)
    return sum(float(number) * _UNITS[unit] for number, unit in parts)


@dataclass(frozen=True)
class Manner:
    """How an apply is carried out, and how long it waits."""

    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show the plan and write nothing.")] = False
    yes: Yes = False
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not wait until everything is ready.")] = False
    wait_for_jobs: Annotated[
        bool, typer.Option("--wait-for-jobs", help="Wait until jobs have ended, not only until they run.")
    ] = False
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long to wait, all in all: 10m, 90s, 1h30m.")
    ] = "10m"
    break_lock: Annotated[
        bool, typer.Option("--break-lock", help="Take the lock from another run that hangs.")
    ] = False


@dataclass(frozen=True)
class Applying(Manner):
    """How an apply is carried out: now, or in two steps with a file between them."""

    plan_out: Annotated[
        str | None,
        typer.Option(
            "--plan-out", metavar="FILE", help="Write the plan to a file, and nothing to the cluster."
        ),
    ] = None
    plan: Annotated[
        str | None,
        typer.Option(
            "--plan", metavar="FILE", help="Carry out this plan, if it is still what would be done."
        ),
    ] = None


def apply(
    session: ClusterSession,
    allowed: Allowed,
    manner: Applying,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    form: ReportOutput = Report.TEXT,
) -> ExitCode:
    """Make the cluster what the app says, and wait until everything is ready.

    Ends with 0 if all is well, 4 if something could not be applied, 5 if the plan was refused and nothing
    was written, 6 if everything was applied and not everything became ready, 130 if it was interrupted.

    With `-o json` each line is an object: first the plan, then what happens as it happens, last the report.

    \b
      kfctl apply
      kfctl apply prod -c model-server --timeout 3m
      kfctl apply --dry-run
      kfctl apply prod --plan-out prod.plan    # nothing is written but the file
      kfctl apply --plan prod.plan             # does that and nothing else, or ends with 5
    """
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.actions.apply import Options, prepare
    from kfctl.cli.interrupt import deciding
    from kfctl.store.appfiles import load_app

    saved = given_plan(manner, allowed, env, components)
    if saved:
        env, components = saved.environment, list(saved.components)
    options = Options(
        choices=saved.choices if saved else choices(allowed),
        dry_run=manner.dry_run,
        wait=not manner.no_wait,
        wait_for_jobs=manner.wait_for_jobs,
        break_lock=manner.break_lock,
        timeout=duration(manner.timeout),
    )
    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components or ())
    app = load_app(root, components=chosen or None, environments=[name])
    with deciding():
        prepared = prepare(app, app.environments[name], chosen, (options, login(session)))
    if manner.plan_out:
        return save_plan(prepared, form, manner.plan_out)
    return carry_out(replace(prepared, saved=saved), form, yes=manner.yes)


def given_plan(
    manner: Applying, allowed: Allowed, env: str | None, components: "Sequence[str] | None"
) -> "Saved | None":
    """Return the plan to carry out, if one is given; it has said all that says what is to be done."""
    from kfctl.actions.saved import open_plan

    if manner.plan is None:
        return None
    other = [option_of(f.name) for f in fields(allowed) if getattr(allowed, f.name) != f.default]
    other += ["--component"] if components else []
    other += ["--plan-out"] if manner.plan_out else []
    if other:
        hint = "make another plan with --plan-out and these options"
        raise UsageError(f"--plan can't be changed by {', '.join(other)}: the plan has its own", hint=hint)
    saved = open_plan(manner.plan)
    if env not in (None, saved.environment):
        hint = f"kfctl apply {saved.environment} --plan {manner.plan}"
        raise UsageError(f"the plan is for environment {saved.environment}, not for {env}", hint=hint)
    return saved


def option_of(name: str) -> str:
    """Return the option of a field."""
    return f"--{name.replace('_', '-')}"


def save_plan(prepared: "Apply", form: Report, path: str) -> ExitCode:
    """Show the plan and write it to a file; one that is refused is not written."""
    from kfctl.actions.apply import refuse_blocked
    from kfctl.actions.rights import refuse_powerless
    from kfctl.actions.saved import save
    from kfctl.cli.applyview import view

    for warning in prepared.plan.warnings:
        console.warn(warning)
    view(form).plan(prepared.plan)
    refuse_powerless(prepared)
    refuse_blocked(prepared.plan)
    save(prepared, path)
    console.note(f"The plan is in {path}, nothing was written to the cluster. To carry it out:")
    console.note(f"  kfctl apply {prepared.plan.scope.environment} --plan {path}")
    return ExitCode.OK


def carry_out(prepared: "Apply", form: Report, *, yes: bool) -> ExitCode:
    """Show the plan, ask where that is needed, do it, and show what came of it."""
    from kfctl.actions.apply import refuse_blocked, worse
    from kfctl.actions.rights import refuse_powerless
    from kfctl.actions.run import begun
    from kfctl.actions.saved import refuse_moved
    from kfctl.cli.applyview import view
    from kfctl.cli.interrupt import deciding

    refuse_moved(prepared)
    shown = view(form)
    for warning in prepared.plan.warnings:
        console.warn(warning)
    shown.plan(prepared.plan)
    if prepared.options.dry_run:
        refuse_blocked(prepared.plan)
        return ExitCode.OK
    refuse_powerless(prepared)
    with deciding():
        agreed(prepared, yes=yes)
    with begun(prepared, console.note) as ready:
        if worse(prepared.plan, ready.plan):
            console.note(f"{what_is_new(ready)} What would be done now:")
            shown.plan(ready.plan)
            agreed(ready, yes=yes)
        report = followed(ready, shown)
    shown.report(report)
    return report.exit_code


def what_is_new(ready: "Apply") -> str:
    """Say why the plan is another one than a moment ago."""
    if not ready.early:
        return "The cluster has changed meanwhile."
    return (
        f"Namespace {ready.plan.scope.namespace} is made, and nothing else was written: the server can now "
        "be asked about what goes into it."
    )


def agreed(prepared: "Apply", *, yes: bool) -> None:
    """Raise Refused if the plan is impossible, or if somebody must say yes to it and nobody does."""
    from kfctl.actions.apply import refuse_blocked, refuse_unasked

    refuse_blocked(prepared.plan)
    if not yes:
        empty = not prepared.about.resources
        refuse_unasked(prepared.plan, console.confirm if console.can_ask() else None, many=not empty)


def followed(ready: "Apply", shown: "View") -> "AppliedReport":
    """Do it, and show how it goes."""
    from kfctl.actions.run import run
    from kfctl.cli.interrupt import stopping

    with stopping(ready.stop), shown.progress(ready.plan) as told:
        steps = run(ready)
        while True:
            try:
                told(next(steps))
            except StopIteration as ended:
                report: AppliedReport = ended.value
                return report
