"""`kfctl doctor`."""

from typing import TYPE_CHECKING, Any

from kfctl.cli import console, output
from kfctl.cli.options import ClusterSession, EnvironmentName, Format, Report, ReportOutput, login
from kfctl.errors import AppError, ExitCode
from kfctl.model.finding import Result

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.model.finding import Finding

_SIGNS = {Result.OK: ("✓", "green"), Result.BAD: ("✗", "red"), Result.UNKNOWN: ("?", "yellow")}


def doctor(
    session: ClusterSession, env: EnvironmentName = None, form: ReportOutput = Report.TEXT
) -> ExitCode:
    """Look whether a cluster is able to run the app, or outside of an app, whether it is able to run any.

    It asks and changes nothing. Ends with 4 if something is missing without which the app can't run.

    \b
      kfctl doctor
      kfctl doctor prod -o json
    """
    found = examined(session, env)
    if form is Report.JSON:
        output.write_value([value(each) for each in found], Format.JSON)
    else:
        console.lines(lines(found))
    return ExitCode.CLUSTER if any(each.fatal for each in found) else ExitCode.OK


def examined(session: ClusterSession, env: str | None) -> "Sequence[Finding]":
    """Return what is found out about the cluster of the environment, or about that of the kubeconfig."""
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.doctor import of_app, of_cluster
    from kfctl.actions.target import Wish, current_target
    from kfctl.store.appfiles import load_app

    who = login(session)
    try:
        root = here(session.directory)
    except AppError:
        if env or session.directory:
            raise
        target, _ = current_target(Wish(who.context, kubeconfig=who.kubeconfig))
        return of_cluster(target.namespace or "default", who)
    name = the_environment(root, env)
    app = load_app(root, environments=[name])
    return of_app(app, app.environments[name], who)


def lines(found: "Sequence[Finding]") -> "Iterator[str]":
    """Yield a line for each answer, and what to do below it."""
    width = max(len(each.what) for each in found)
    for each in found:
        mark, style = _SIGNS[each.result]
        yield f"{console.paint(mark, style)} {each.what:<{width}}  {each.message}"
        if each.hint:
            yield console.paint(f"  {'':<{width}}  {each.hint}", "cyan")


def value(found: "Finding") -> dict[str, Any]:
    """Return an answer as JSON has it."""
    return {
        "what": found.what,
        "result": found.result.value,
        "needed": found.needed,
        "message": found.message,
        "hint": found.hint or None,
    }
