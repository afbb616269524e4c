"""`kfctl component`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import complete, console, output
from kfctl.cli.options import ComponentName, Format, Output, Session

if TYPE_CHECKING:
    from kfctl.model.app import App, Component


def list_components(session: Session, form: Output = Format.TABLE) -> None:
    """List the components."""
    from kfctl.actions.app import here
    from kfctl.actions.component import summaries
    from kfctl.actions.prototype import replacements
    from kfctl.store.appfiles import load_app

    app = load_app(here(session.directory), environments=[])
    told = summaries(app)
    records = [
        {"component": name, "prototype": component.prototype, "summary": told[component.prototype]}
        for name, component in sorted(app.components.items())
    ]
    for replacement in replacements(app):
        console.warn(replacement)
    output.write_list(records, ["component", "prototype", "summary"], form)


def describe_component(component: ComponentName, session: Session, form: Output = Format.TABLE) -> None:
    """Show what a component is made from, what is set for it, and where."""
    from kfctl.actions.app import here, the_components
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    (name,) = the_components(root, [component])
    app = load_app(root, components=[name])
    described = _record(app, app.components[name])
    output.write_value(described, Format.YAML if form is Format.TABLE else form)


def remove_components(
    components: Annotated[
        list[str],
        typer.Argument(metavar="COMPONENT…", help="The components.", autocompletion=complete.components),
    ],
    session: Session,
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask before manifests are deleted.")
    ] = False,
) -> None:
    """Remove components from the app, with their overrides; the next apply removes them from the cluster.

    It asks before it deletes manifests, which are written by hand.
    """
    from kfctl.actions.app import here, the_components
    from kfctl.actions.component import remove_components as remove

    root = here(session.directory)
    ask = (lambda _: True) if yes else console.confirm if console.can_ask() else None
    for touched in remove(root, the_components(root, components), ask):
        console.out(f"removed {touched.component}: {', '.join(touched.paths)}")
    console.note("nothing on a cluster was touched: the next apply removes it there")


def rename_component(
    old: ComponentName,
    new: Annotated[str, typer.Argument(metavar="NEW", help="The new name.")],
    session: Session,
) -> None:
    """Rename a component; its overrides in environments follow."""
    from kfctl.actions.app import here, the_components
    from kfctl.actions.component import rename_component as rename

    root = here(session.directory)
    (name,) = the_components(root, [old])
    touched = rename(root, name, new)
    console.out(f"renamed {name} to {new}: {', '.join(touched.paths)}")
    console.note("the next apply makes its objects anew where their names came from the component's")


def _record(app: "App", component: "Component") -> dict[str, Any]:
    from kfctl.actions.values import masked_settings

    mine = [component.name]
    described: dict[str, Any] = {
        "component": component.name,
        "prototype": component.prototype,
        "file": component.where.path,
        "params": masked_settings(app, mine, component.params),
        "environments": {
            name: masked_settings(app, mine, environment.components[component.name])
            for name, environment in sorted(app.environments.items())
            if component.name in environment.components
        },
        "patches": [f"{patch.where}" for patch in component.patches],
        "manifests": list(component.manifests),
    }
    return {title: value for title, value in described.items() if value or title == "params"}
