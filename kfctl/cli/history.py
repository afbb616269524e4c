"""`kfctl history` and `kfctl rollback`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import console, output
from kfctl.cli.allowed import Allowed, choices
from kfctl.cli.apply import Manner, carry_out, duration
from kfctl.cli.options import ClusterSession, EnvironmentName, Format, Output, Report, ReportOutput, login
from kfctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from kfctl.engine.revision import Revision

COLUMNS = ["revision", "when", "who", "what", "changes", "objects", "version"]


def history(session: ClusterSession, env: EnvironmentName = None, form: Output = Format.TABLE) -> None:
    """List the last applies that changed something, the newest first."""
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.revise import revisions_of
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name = the_environment(root, env)
    app = load_app(root, components=[], environments=[name])
    found = revisions_of(app, app.environments[name], login(session))
    output.write_list([_record(each) for each in found], COLUMNS, form)
    if not found:
        console.note(f"no apply of {app.name} for {name} has changed anything yet")


def rollback(
    session: ClusterSession,
    allowed: Allowed,
    manner: Manner,
    env: Annotated[
        str, typer.Argument(metavar="[ENV] REVISION", help="The environment; without it `default`.")
    ],
    revision: Annotated[str | None, typer.Argument(metavar="", hidden=True)] = None,
    form: ReportOutput = Report.TEXT,
) -> ExitCode:
    """Apply once more what a revision holds; the app's own files stay as they are.

    It is a plan like any other: shown, asked for and recorded as a new revision.

    \b
      kfctl history prod
      kfctl rollback prod 3
    """
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.apply import Options
    from kfctl.actions.revise import prepare_rollback
    from kfctl.store.appfiles import load_app

    given, number = (env, revision) if revision is not None else (None, env)
    if not number.isdecimal():
        raise UsageError(f"{number!r} is no revision", hint="a number that kfctl history lists")
    options = Options(
        choices=choices(allowed),
        dry_run=manner.dry_run,
        wait=not manner.no_wait,
        wait_for_jobs=manner.wait_for_jobs,
        break_lock=manner.break_lock,
        timeout=duration(manner.timeout),
    )
    root = here(session.directory)
    name = the_environment(root, given)
    app = load_app(root, environments=[name])
    prepared = prepare_rollback(app, app.environments[name], int(number), (options, login(session)))
    return carry_out(prepared, form, yes=manner.yes)


def _record(found: "Revision") -> dict[str, Any]:
    run = found.run
    changes = ", ".join(
        f"{count} {action}" for action, count in found.counts.items() if action != "unchanged"
    )
    return {
        "revision": found.number,
        "when": run.when,
        "who": run.who,
        "what": found.what,
        "changes": changes,
        "objects": found.size,
        "version": run.version,
    }
