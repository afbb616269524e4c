"""Shell completion of the names and values of an app."""

import re
from typing import TYPE_CHECKING

import typer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype

    Names = Callable[[typer.Context], Iterable[str]]
    Completion = Callable[[typer.Context, str], list[str]]


_OPTION = re.compile(r"-\D")


def quiet(names: "Names") -> "Completion":
    """Make a function that returns all candidates into one that completes, and that no app can make fail.

    A candidate that a command would read as an option is left out.
    """

    def complete(context: typer.Context, incomplete: str) -> list[str]:
        try:
            return [
                name for name in names(context) if name.startswith(incomplete) and not _OPTION.match(name)
            ]
        except Exception:  # whatever is wrong: a prompt is no place to say so
            return []

    return complete


@quiet
def environments(context: typer.Context) -> "Iterable[str]":
    """Return the app's environments."""
    return _environments(_root(context))


@quiet
def components(context: typer.Context) -> "Iterable[str]":
    """Return the app's components."""
    return _components(_root(context))


@quiet
def environment_or_component(context: typer.Context) -> "Iterable[str]":
    """Return what may stand first where the environment may be left out."""
    root = _root(context)
    return [*_environments(root), *_components(root)]


@quiet
def prototypes(context: typer.Context) -> "Iterable[str]":
    """Return the prototypes, the app's own too."""
    from kfctl.store.catalog import catalog

    return catalog(_root_or_none(context)).names()


@quiet
def contexts(context: typer.Context) -> "Iterable[str]":
    """Return the contexts of the user's kubeconfig."""
    from kfctl.cluster.kubeconfig import load

    return load(context.params.get("kubeconfig")).contexts


@quiet
def keys(context: typer.Context) -> "Iterable[str]":
    """Return the parameters of the component that was named."""
    return _prototype(context, context.params["component"]).parameters


@quiet
def assignment(context: typer.Context) -> "Iterable[str]":
    """Return what may come next in `COMPONENT KEY VALUE`, or in `KEY VALUE` with --global."""
    words = list(context.params.get("words") or ())
    if context.params.get("everywhere"):
        found = [_prototype(context, name) for name in _components(_root(context))]
    elif not words:
        return _components(_root(context))
    else:
        found = [_prototype(context, words.pop(0))]
    if len(words) == 1 and "=" not in words[0]:
        return _choices(found, words[0])
    return {name for prototype in found for name in prototype.parameters}


def _environments(root: "Path") -> list[str]:
    from kfctl.store.appfile import is_label
    from kfctl.store.appfiles import environment_names

    return [name for name in environment_names(root) if is_label(name)]


def _components(root: "Path") -> list[str]:
    from kfctl.store.appfile import is_label
    from kfctl.store.appfiles import component_names

    return [name for name in component_names(root) if is_label(name)]


def _choices(prototypes: "Iterable[Prototype]", key: str) -> "Iterable[str]":
    declared = [p.parameters[name] for p in prototypes if (name := p.canonical(key))]
    return {choice for parameter in declared for choice in _values(parameter)}


def _values(parameter: "Parameter") -> "Iterable[str]":
    if parameter.type == "boolean":
        return ("true", "false")
    return map(str, parameter.schema.get("enum", ()))


def _prototype(context: typer.Context, component: str) -> "Prototype":
    from kfctl.store.appfiles import load_app
    from kfctl.store.catalog import catalog

    app = load_app(_root(context), components=[component], environments=[])
    return catalog(app.root).get(app.components[component].prototype)


def _root(context: typer.Context) -> "Path":
    from kfctl.actions.app import here

    return here(context.params.get("directory") or context.find_root().params.get("directory"))


def _root_or_none(context: typer.Context) -> "Path | None":
    from kfctl.errors import AppError

    try:
        return _root(context)
    except AppError:
        return None
