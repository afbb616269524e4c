"""`kfctl param set` and `kfctl param unset`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import complete, console
from kfctl.cli.commands import parsed_by
from kfctl.cli.options import EnvironmentOption, Session
from kfctl.cli.words import Words, key_value
from kfctl.errors import UsageError

if TYPE_CHECKING:
    from kfctl.actions.param import Outcome

OPTIONS = ("--env", "--global", "--file", "--null", "--dir")

Globally = Annotated[
    bool,
    typer.Option("--global", help="For all components that know the parameter; no COMPONENT is given."),
]


@parsed_by(Words)
def set_param(
    session: Session,
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="COMPONENT KEY VALUE",
            help="Or COMPONENT KEY=VALUE …, or with --global KEY VALUE.",
            autocompletion=complete.assignment,
        ),
    ] = None,
    env: EnvironmentOption = None,
    everywhere: Globally = False,
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", metavar="FILE", help="Take values from a YAML file; - is stdin."),
    ] = None,
    null: Annotated[
        bool, typer.Option("--null", help="Set the keys to null: the prototype's default.")
    ] = False,
) -> None:
    """Set parameters of a component, once their names and types are checked.

    \b
      kfctl param set model-server numGpus 1
      kfctl param set model-server numGpus=1 modelName=inception
      kfctl param set model-server replicas 3 --env prod
      kfctl param set model-server -f values.yaml
      kfctl param set --global imagePullPolicy Always

    A list is a JSON array or a repeated KEY=VALUE; a map is JSON or repeated KEY=key=value.
    """
    from kfctl.actions.app import here
    from kfctl.actions.given import Given, read_values
    from kfctl.actions.param import set_params

    if not words and not (everywhere and file):
        message = "missing argument 'COMPONENT KEY VALUE'"
        raise UsageError(message, hint="see `kfctl param set --help`")
    root = here(session.directory)
    component, rest = _component(words or [], everywhere=everywhere)
    given = read_values(file) if file else []
    if null:
        given += [Given(key) for key in rest]
    elif rest or not file:
        given += [Given(key, texts) for key, texts in key_value(rest, OPTIONS).items()]
    if not given:
        raise UsageError("there is nothing to set", hint="give KEY VALUE, or KEY=VALUE as often as you like")
    _tell(set_params(root, _place(root, component, env), given))


@parsed_by(Words)
def unset_param(
    words: Annotated[
        list[str],
        typer.Argument(
            metavar="COMPONENT KEY…",
            help="Or with --global only KEY….",
            autocompletion=complete.assignment,
        ),
    ],
    session: Session,
    env: EnvironmentOption = None,
    everywhere: Globally = False,
) -> None:
    """Remove values of a component: a weaker layer's value, or the prototype's default, counts again."""
    from kfctl.actions.app import here
    from kfctl.actions.param import unset_params

    root = here(session.directory)
    component, names = _component(words, everywhere=everywhere)
    if not names:
        raise UsageError("there is nothing to unset", hint="name the keys after the component")
    place = _place(root, component, env)
    outcome = unset_params(root, place, names)
    _tell(outcome)
    if not outcome.changes:
        console.note(f"{place} sets none of them in {place.path}: nothing changed")


def _component(words: list[str], *, everywhere: bool) -> tuple[str | None, list[str]]:
    """Return the component, None where globals are meant, and the words after it."""
    if everywhere:
        return None, words
    if "=" in words[0] or words[0].startswith("-"):
        hint = "put the component first, or --global"
        raise UsageError(f"'{words[0]}' stands where the component belongs", hint=hint)
    return words[0], words[1:]


def _place(root: Any, component: str | None, env: str | None) -> Any:
    from kfctl.actions.app import the_components, the_environment
    from kfctl.actions.param import Place

    name = None if component is None else the_components(root, [component])[0]
    return Place(name, None if env is None else the_environment(root, env))


def _tell(outcome: "Outcome") -> None:
    """Print what changed, and what the component still needs."""
    for warning in outcome.warnings:
        console.warn(warning)
    for change in outcome.changes:
        console.out(_told(change))
    for problem in outcome.problems:
        command = problem.hint.partition("   (")[0]  # what the parameter means is too long for a line
        console.warn(f"{problem}{': ' * bool(command)}{command}")


def _told(change: Any) -> str:
    from kfctl.cli.output import cell
    from kfctl.model.absent import ABSENT

    old, new = (
        "(not set)" if value is ABSENT else cell(value) or "null" for value in (change.old, change.new)
    )
    what = new if change.old == change.new else f"{old} → {new}"
    return f"{change.place} {change.name}: {what}   ({change.where.path}:{change.where.line})"
