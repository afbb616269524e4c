"""`kfctl prototype`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import complete, console, output
from kfctl.cli.options import Format, Output, PrototypeName, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kfctl.actions.prototype import Listing
    from kfctl.model.prototype import Example, Prototype


def list_prototypes(session: Session, form: Output = Format.TABLE) -> None:
    """List the prototypes: those that come with kfctl, and the app's own."""
    from kfctl.actions.prototype import list_prototypes as listed

    _write(listed(_root(session)), form)


def search_prototypes(
    words: Annotated[list[str], typer.Argument(metavar="WORD…", help="Words, all of which must be found.")],
    session: Session,
    form: Output = Format.TABLE,
) -> None:
    """List the prototypes whose name, summary or description has the words."""
    from kfctl.actions.prototype import search

    found = search(_root(session), words)
    _write(found, form)
    if not found.prototypes:
        console.note("no prototype has all of these words; `kfctl prototype list` lists them all")


def describe_prototype(prototype: PrototypeName, session: Session, form: Output = Format.TABLE) -> None:
    """Explain a prototype: what it is for, its parameters, its examples."""
    from kfctl.actions.generate import find_prototype
    from kfctl.cli.parameters import record, sorted_parameters
    from kfctl.store.catalog import catalog

    root = _root(session)
    found = find_prototype(root, prototype)
    if form is Format.TABLE:
        console.lines(_description(found, catalog(root).examples(found)))
        return
    described = {
        **_record(found),
        "description": found.description,
        "parameters": [record(parameter) for parameter in sorted_parameters(found)],
        "templates": [template.file for template in found.templates],
        "examples": [
            {"name": example.name, "summary": example.summary, "params": dict(example.params)}
            for example in catalog(root).examples(found)
        ],
    }
    output.write_value(described, form)


def copy_prototype(
    prototype: PrototypeName,
    session: Session,
    new: Annotated[
        str | None, typer.Argument(metavar="[NEW]", help="Its name in the app; without it the same name.")
    ] = None,
) -> None:
    """Copy a prototype into the app, to change it: the app's own wins over the one that comes with kfctl."""
    from kfctl.actions.app import here
    from kfctl.actions.prototype import copy_prototype as copy

    console.out(f"made {copy(here(session.directory), prototype, new or prototype)}/")


def new_prototype(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The name of the new prototype.")],
    session: Session,
) -> None:
    """Make a prototype in the app that works already, to be changed."""
    from kfctl.actions.app import here
    from kfctl.actions.prototype import new_prototype as make

    folder = make(here(session.directory), name)
    console.out(f"made {folder}/")
    console.note(f"try it: kfctl generate {name} COMPONENT -f {folder}/examples/smallest.yaml")


def lint_prototypes(
    session: Session,
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME]…",
            help="Prototypes; without any, the app's own.",
            autocompletion=complete.prototypes,
        ),
    ] = None,
) -> None:
    """Look prototypes over: schema, templates, every example, what nothing uses or nobody explains."""
    from kfctl.actions.lint import lint_prototype
    from kfctl.errors import AppError, UsageError
    from kfctl.store.catalog import catalog

    root = _root(session)
    shipped = set(catalog().names())
    chosen = names or [
        name for name in catalog(root).names() if name not in shipped or not catalog(root).get(name).shipped
    ]
    if not chosen and root is None:
        raise UsageError("no app here, so no prototypes of its own", hint="name prototypes: NAME…")
    if not chosen:
        console.note("the app has no prototypes of its own", "kfctl prototype lint NAME checks a shipped one")
        return
    problems = [problem for name in chosen for problem in lint_prototype(root, name)]
    if problems:
        raise AppError.of(problems)
    console.out(f"{', '.join(chosen)}: nothing wrong")


def _root(session: Session) -> "Path | None":
    """Return the app's folder; None outside of any, unless --dir says that there is one."""
    from kfctl.actions.app import here
    from kfctl.errors import AppError

    try:
        return here(session.directory)
    except AppError:
        if session.directory is not None:
            raise
        return None


def _write(listing: "Listing", form: Format) -> None:
    for problem in listing.problems:
        console.warn(str(problem), problem.hint)
    output.write_list(list(map(_record, listing.prototypes)), ["name", "summary", "from"], form)


def _record(prototype: "Prototype") -> dict[str, Any]:
    origin = "kfctl" if prototype.shipped else f"prototypes/{prototype.name}"
    return {"name": prototype.name, "summary": prototype.summary, "from": origin}


def _description(prototype: "Prototype", examples: "Iterable[Example]") -> "Iterator[str]":
    """Yield the lines about a prototype."""
    from kfctl.cli.parameters import default, kind, sorted_parameters

    yield f"{console.paint(prototype.name, 'bold')}: {prototype.summary}"
    if prototype.description:
        yield from ("", *(f"  {line}".rstrip() for line in prototype.description.strip().split("\n")))
    parameters = sorted_parameters(prototype)
    if parameters:
        rows = [
            [
                p.name,
                kind(p),
                "(required)" if p.required else default(p),
                f"(deprecated) {p.deprecated}" if p.deprecated else " ".join(p.help.split()),
            ]
            for p in parameters
        ]
        yield from ("", *output.table(["PARAMETER", "TYPE", "DEFAULT", "MEANING"], rows))
    shown = [[example.name, example.summary] for example in examples]
    if shown:
        yield from ("", *output.table(["EXAMPLE", "SUMMARY"], shown))
