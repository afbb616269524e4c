"""`kfctl open`."""

import re
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import ClusterSession, EnvironmentOrComponent, MaybeComponent, login
from kfctl.errors import ExitCode, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfctl.actions.open import Opened, Opening

_PORT = re.compile(r"(\d{1,5})?(?::([\w-]+))?", re.ASCII)
_HIGHEST = 65535

Ports = Annotated[
    list[str] | None,
    typer.Option(
        "--port",
        metavar="LOCAL[:PORT]",
        help="Open one port at LOCAL of this machine: the page's, or the Service's PORT (a name or number).",
    ),
]
Browser = Annotated[bool, typer.Option("--browser", help="Show the page in the browser.")]


def open_component(
    session: ClusterSession,
    env: EnvironmentOrComponent,
    component: MaybeComponent = None,
    ports: Ports = None,
    browser: Browser = False,
) -> ExitCode:
    """Open a component's page: a port of this machine that leads through the API server to its pods.

    All ports of the component's Services are opened, under their own numbers where these are free, for this
    machine alone (127.0.0.1). When a pod is replaced it goes on with the new one. Ctrl-C ends it.

    \b
      kfctl open jupyterhub
      kfctl open prod model-server --port 9000 --port 9001:grpc
    """
    from kfctl.actions.app import here, one_component
    from kfctl.actions.open import doors_of, opened
    from kfctl.cli.interrupt import ending

    openings = [opening(text) for text in ports or ()]
    app, environment, chosen = one_component(here(session.directory), (env, component))
    found = doors_of(app, app.environments[environment], chosen, login(session))
    with ending() as wait, opened(found, openings, console.note) as ways:
        for line in lines(ways):
            console.out(line, flush=True)
        console.note("Ctrl-C ends it")
        if browser:
            show(ways)
        wait()
    return ExitCode.OK


def opening(text: str) -> "Opening":
    """Return the opening that LOCAL, LOCAL:PORT or :PORT means."""
    from kfctl.actions.open import Opening

    found = _PORT.fullmatch(text)
    if not text or not found or int(found[1] or 0) > _HIGHEST:
        raise UsageError(f"--port {text!r} is no port", hint="such as 9000, 9000:grpc or :8500")
    return Opening(int(found[1] or 0), found[2] or "")


def lines(ways: "Sequence[Opened]") -> list[str]:
    """Return a line for each port: its address, and what is there."""
    from kfctl.cli.output import table

    rows = [
        [way.address, f"Service {way.door.service}, port {way.door.name or way.door.number}, pod {way.pod}"]
        for way in ways
    ]
    first, *rest = rows
    return table(first, rest)


def show(ways: "Sequence[Opened]") -> None:
    """Show the page in the user's browser."""
    import webbrowser

    page = next((way for way in ways if way.door.is_page), None)
    if page is None or not webbrowser.open(page.address):
        console.warn("there is no page to show" if page is None else "no browser could be started")
