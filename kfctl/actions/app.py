"""The app that a command works on, and the names in it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.errors import AppError, UsageError, did_you_mean
from kfctl.store.appfile import as_label, is_label
from kfctl.store.appfiles import component_names, environment_names, find_app, load_app, refuse_misnamed
from kfctl.store.appfolder import COMPONENTS, ENVIRONMENTS

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kfctl.model.app import App

_WHERE = "environments stand alone (`kfctl apply {0}`) or behind --env (`kfctl param list --env {0}`)"
_CHOSEN = "components stand behind -c (`kfctl show -c {0}`); `kfctl component describe {0}` tells of one"
DEFAULT = "default"  # the environment that is meant where none is named


def here(directory: str | None = None) -> Path:
    """Return the folder of the app around the current folder, or around `directory`."""
    return find_app(current_folder(), directory)


def current_folder() -> Path:
    """Return the current folder."""
    try:
        return Path.cwd()
    except OSError:
        raise AppError("the current folder is gone", hint="go to another one: cd") from None


def the_environment(root: Path, given: str | None) -> str:
    """Return the name of the environment that is meant: `default` where none is given."""
    known = environment_names(root)
    if given is None:
        if DEFAULT in known:
            return DEFAULT
        refuse_misnamed(root, ENVIRONMENTS, DEFAULT)
        message = f"this app has no environment `{DEFAULT}`, so one must be named"
        raise UsageError(message, hint=_there_are(known) or f"kfctl env add {DEFAULT}")
    if given not in known and given in component_names(root):
        message = f"{given} is a component of this app, not an environment"
        raise UsageError(message, hint=_CHOSEN.format(given))
    if given not in known:
        refuse_misnamed(root, ENVIRONMENTS, given)
    return _known(given, known, "environment", "kfctl env add")


def the_components(root: Path, given: Sequence[str]) -> tuple[str, ...]:
    """Return the names given, each once; UsageError with all those that no component has."""
    known = component_names(root)
    for name in given:
        if name not in known and name in environment_names(root):
            raise UsageError(
                f"{name} is an environment of this app, not a component", hint=_WHERE.format(name)
            )
        if name not in known:
            refuse_misnamed(root, COMPONENTS, name)
    return tuple(
        _known(name, known, "component", "kfctl generate PROTOTYPE") for name in dict.fromkeys(given)
    )


def one_component(root: Path, words: tuple[str, str | None]) -> tuple[App, str, str]:
    """Return the app with the environment and the component that `[ENV] COMPONENT` means, and their names."""
    first, second = words
    environment = the_environment(root, first if second is not None else None)
    (component,) = the_components(root, [second if second is not None else first])
    return load_app(root, components=[component], environments=[environment]), environment, component


def check_name(what: str, name: str) -> None:
    """Refuse what is no DNS-1123 label."""
    if not is_label(name):
        rule = "of at most 63 lower-case letters, digits and inner dashes"
        near = as_label(name)
        hint = f"{near} would do" if near else ""
        raise UsageError(f"'{name}' can't be the name of {what}: that is made {rule}", hint=hint)


def _known(name: str, known: Collection[str], noun: str, maker: str) -> str:
    if name in known:
        return name
    hint = did_you_mean(name, known) or _there_are(known) or f"{maker} {name} makes it"
    raise UsageError(f"there is no {noun} '{name}' in this app", hint=hint)


def _there_are(names: Collection[str]) -> str:
    return (
        f"there are {', '.join(sorted(names))}"
        if len(names) > 1
        else f"there is {next(iter(names), '')}" * bool(names)
    )
