"""`kfctl show`."""

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import console
from kfctl.cli.options import ComponentNames, EnvironmentName, Session

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfctl.model.resource import Resource


class Form(StrEnum):
    """How objects are printed."""

    YAML = "yaml"
    JSON = "json"
    NAME = "name"


def show(
    session: Session,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    form: Annotated[
        Form, typer.Option("--output", "-o", help="How to print them; json is one List.", show_default=True)
    ] = Form.YAML,
    folder: Annotated[
        Path | None,
        typer.Option(
            "--output-dir", metavar="DIR", help="Write one file an object into this folder instead."
        ),
    ] = None,
) -> None:
    """Print the objects that the app is made of, in the order of an apply; no cluster is asked.

    With --output-dir, files that an earlier run wrote and that are no longer wanted are removed.
    """
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.actions.show import render_all
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components or ())
    app = load_app(root, components=chosen or None, environments=[name])
    rendered = render_all(app, name, chosen)
    for warning in rendered.warnings:
        console.warn(warning)
    if not rendered.resources:
        console.note("there is nothing to show: no component makes an object")
    if folder:
        _export(root, folder, rendered.resources, form)
    elif rendered.resources or form is Form.JSON:
        console.document(PRINTERS[form](rendered.resources))


def _export(root: Path, folder: Path, resources: "Sequence[Resource]", form: Form) -> None:
    from kfctl.store.export import export, file_names, refuse_sources

    refuse_sources(root, folder)
    if form is Form.JSON:
        files = [as_json(resource.body) + "\n" for resource in resources]
    else:
        files = [as_yaml([resource]) + "\n" for resource in resources]
    names = file_names(resources, ".json" if form is Form.JSON else ".yaml")
    done = export(root, folder, dict(zip(names, files, strict=True)))
    console.note(f"{folder}: {len(names)} files, {len(done.written)} written, {len(done.removed)} removed")


def as_yaml(resources: "Sequence[Resource]") -> str:
    """Return the objects as documents of YAML."""
    from kfctl.forks import spread
    from kfctl.yamltext import dump

    return "---\n".join(spread(dump, [resource.body for resource in resources])).rstrip("\n")


def as_json(value: Any) -> str:
    """Return a value as JSON."""
    return console.as_json(value, indent=2)


def as_list(resources: "Sequence[Resource]") -> str:
    """Return the objects as one List in JSON."""
    return as_json({"apiVersion": "v1", "kind": "List", "items": [resource.body for resource in resources]})


def as_names(resources: "Sequence[Resource]") -> str:
    """Return the objects' names as kubectl writes them: deployment.apps/web."""
    return "\n".join(
        f"{'.'.join(filter(None, (resource.kind.lower(), resource.group)))}/{resource.name}"
        for resource in resources
    )


PRINTERS = {Form.YAML: as_yaml, Form.JSON: as_list, Form.NAME: as_names}
