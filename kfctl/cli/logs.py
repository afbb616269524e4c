"""`kfctl logs`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import (
    ClusterSession,
    EnvironmentOrComponent,
    MaybeComponent,
    Report,
    ReportOutput,
    login,
)
from kfctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.actions.logs import Wish
    from kfctl.model.log import Line, Note

_STYLES = ("cyan", "green", "yellow", "blue", "magenta", "red")


@dataclass(frozen=True)
class Part:
    """Which part of the logs is shown."""

    follow: Annotated[
        bool, typer.Option("--follow", "-f", help="Go on with what is printed from now on.")
    ] = False
    replica: Annotated[
        str,
        typer.Option(
            "--replica", metavar="NAME", help="These pods alone: worker-0, worker, or a pod's name."
        ),
    ] = ""
    tail: Annotated[
        int | None, typer.Option("--tail", metavar="N", min=0, help="The last N lines of each container.")
    ] = None
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="What was printed in the last 10m, 90s, 1h30m.")
    ] = ""
    previous: Annotated[
        bool, typer.Option("--previous", "-p", help="What containers printed before their last restart.")
    ] = False


Raw = Annotated[bool, typer.Option("--raw", help="Print control characters as they are, even on a terminal.")]


def logs(
    session: ClusterSession,
    part: Part,
    env: EnvironmentOrComponent,
    component: MaybeComponent = None,
    form: ReportOutput = Report.TEXT,
    raw: Raw = False,
) -> ExitCode:
    """Print what the programs of a component have printed: all its pods, line by line in the order of time.

    Pods that have ended count, too, and so do those that the component's program made, such as notebooks.
    With `-f` it goes on: with pods that come up later, and where the connection broke. That ends when all
    pods of a job have ended (0), or with Ctrl-C (130).

    Control characters of the logs are printed as escapes, such as \\x1b, so that no pod can write over your
    terminal. Colors stay on a terminal and are removed elsewhere; `--raw` keeps everything.

    \b
      kfctl logs train
      kfctl logs prod train -f --replica worker-0
      kfctl logs model-server --tail 20 --since 10m
    """
    from kfctl.actions.app import here, one_component
    from kfctl.actions.logs import logs as told

    app, environment, chosen = one_component(here(session.directory), (env, component))
    wanted = wish(chosen, part)
    try:
        return show(told(app, app.environments[environment], wanted, login(session)), form, raw=raw)
    except KeyboardInterrupt:
        return ExitCode.INTERRUPTED


def wish(component: str, part: Part) -> "Wish":
    """Return which logs the command line asks for."""
    from kfctl.actions.logs import Wish
    from kfctl.cli.apply import duration
    from kfctl.cluster.request import LogQuery

    if part.follow and part.previous:
        raise UsageError("-f and --previous do not go together: nothing is added to a log from before")
    seconds = max(1, round(duration(part.since, "--since"))) if part.since else None
    query = LogQuery(tail=part.tail, previous=part.previous, since_seconds=seconds)
    return Wish(component, part.replica, query, part.follow)


def show(said: "Iterable[Line | Note]", form: Report, *, raw: bool = False) -> ExitCode:
    """Print lines as they come, each behind the name of its pod."""
    from kfctl.model.log import Line

    code, printer = ExitCode.OK, Printer(form, raw=raw)
    for each in said:
        if isinstance(each, Line):
            printer.line(each)
            continue
        (console.warn if each.failure else console.note)(each.message, each.hint)
        code = ExitCode.CLUSTER if each.failure else code
    return code


class Printer:
    """Prints lines, those of each container in a colour of its own."""

    def __init__(self, form: Report, *, raw: bool = False) -> None:
        """Print as text, `raw` or with control characters escaped, or as one JSON object a line."""
        self._form = form
        self._raw = raw
        self._prefixes: dict[str, str] = {}

    def line(self, line: "Line") -> None:
        """Print one line."""
        if self._form is Report.JSON:
            source = line.source
            value = {"time": line.time, "pod": source.pod, "container": source.container, "line": line.text}
            console.out(console.as_json(value), flush=True)
        else:
            console.log_line(self._prefix(str(line.source)), line.text, raw=self._raw)

    def _prefix(self, name: str) -> str:
        if name not in self._prefixes:
            style = _STYLES[len(self._prefixes) % len(_STYLES)]
            self._prefixes[name] = console.paint(f"{name} |", style)
        return self._prefixes[name]
