"""The options that several commands share, each with its help and its completion."""

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Self

import typer

from kfctl.cli import complete

if TYPE_CHECKING:
    from kfctl.cluster.kubeconfig import Login


class Format(StrEnum):
    """How a list is printed."""

    TABLE = "table"
    JSON = "json"
    YAML = "yaml"


class Report(StrEnum):
    """How a plan, or what became of it, is printed."""

    TEXT = "text"
    JSON = "json"


class Tree(StrEnum):
    """How a tree is printed."""

    TEXT = "text"
    JSON = "json"
    YAML = "yaml"


class Difference(StrEnum):
    """How a difference is printed."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


Output = Annotated[Format, typer.Option("--output", "-o", help="How to print it.", show_default=True)]
ReportOutput = Annotated[Report, typer.Option("--output", "-o", help="How to print it.", show_default=True)]
TreeOutput = Annotated[Tree, typer.Option("--output", "-o", help="How to print it.", show_default=True)]
DifferenceOutput = Annotated[
    Difference, typer.Option("--output", "-o", help="How to print it.", show_default=True)
]
EnvironmentName = Annotated[
    str | None,
    typer.Argument(
        metavar="[ENV]",
        help="The environment; without it `default`.",
        show_default=False,
        autocompletion=complete.environments,
    ),
]
EnvironmentOption = Annotated[
    str | None,
    typer.Option(
        "--env",
        metavar="ENV",
        help="The environment whose own values are meant.",
        autocompletion=complete.environments,
    ),
]
ComponentName = Annotated[
    str, typer.Argument(metavar="COMPONENT", help="The component.", autocompletion=complete.components)
]
EnvironmentOrComponent = Annotated[
    str,
    typer.Argument(
        metavar="[ENV] COMPONENT",
        help="The environment (without it `default`), and the component.",
        autocompletion=complete.environment_or_component,
    ),
]
MaybeComponent = Annotated[  # where the environment stands before it
    str | None, typer.Argument(metavar="", hidden=True, autocompletion=complete.components)
]
PrototypeName = Annotated[
    str, typer.Argument(metavar="PROTOTYPE", help="The prototype.", autocompletion=complete.prototypes)
]
ComponentNames = Annotated[
    list[str] | None,
    typer.Option(
        "--component",
        "-c",
        metavar="COMPONENT",
        help="This component alone; may be given several times.",
        autocompletion=complete.components,
    ),
]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask before anything is deleted or replaced.")]


@dataclass(frozen=True)
class Session:
    """What every command may be told: which app it works on."""

    directory: Annotated[
        str | None,
        typer.Option(
            "--dir", metavar="DIR", help="The app's folder, or one in it; without it the current folder."
        ),
    ] = None

    def over(self, weaker: "Session") -> Self:
        """Return this with what it does not say taken from `weaker`."""
        unsaid = [f.name for f in fields(self) if getattr(self, f.name) in (None, [])]
        return replace(self, **{name: getattr(weaker, name) for name in unsaid})


@dataclass(frozen=True)
class ClusterSession(Session):
    """What every command that talks to a cluster may be told; none of it is ever written to a file."""

    kubeconfig: Annotated[
        str | None, typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig to read.")
    ] = None
    context: Annotated[
        str | None,
        typer.Option(
            "--context",
            metavar="NAME",
            help="The kubeconfig context to use instead of the environment's.",
            autocompletion=complete.contexts,
        ),
    ] = None
    user: Annotated[
        str | None, typer.Option("--as", metavar="USER", help="The user to act as.", show_default=False)
    ] = None
    groups: Annotated[
        list[str] | None,
        typer.Option("--as-group", metavar="GROUP", help="A group to act as; may be given several times."),
    ] = None


def login(session: ClusterSession) -> "Login":
    """Return which cluster to talk to, and as whom, as the command line has it."""
    from kfctl.cli import console
    from kfctl.cluster.kubeconfig import Login

    groups = tuple(session.groups or ())
    told: set[str] = set()

    def warn(warning: str, hint: str) -> None:
        """Print a warning once, however often the command connects."""
        if warning not in told:
            console.warn(warning, hint)
        told.add(warning)

    return Login(session.context, session.kubeconfig, session.user, groups, warn=warn)


def print_version(wanted: bool) -> None:
    """Print the version and end, if it is wanted."""
    if wanted:
        from kfctl import __version__
        from kfctl.cli import console

        console.out(f"kfctl {__version__}")
        raise typer.Exit


def root_options(
    session: ClusterSession,
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=print_version, is_eager=True)
    ] = False,
) -> None:
    """Take the options that stand before a command's name."""
