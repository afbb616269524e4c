"""`kfctl status`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import console
from kfctl.cli.options import ClusterSession, ComponentNames, EnvironmentName, Report, ReportOutput, login

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kfctl.actions.status import AppStatus
    from kfctl.model.status import Status

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Show it again and again, until Ctrl-C.")]
_EVERY = 2.0  # seconds between two looks


def status(
    session: ClusterSession,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    form: ReportOutput = Report.TEXT,
    watch: Watch = False,
) -> None:
    """Show how each component is on the cluster: its objects, their pods, and why something is not ready.

    \b
      kfctl status
      kfctl status prod -c model-server -o json
    """
    from kfctl.actions import status as action
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components or ())
    app = load_app(root, components=chosen or None, environments=[name])

    def look() -> "AppStatus":
        return action.status(app, app.environments[name], chosen, login(session))

    if watch and form is Report.TEXT:
        watched(look)
    show(look(), form)


def watched(look: "Callable[[], AppStatus]") -> None:
    """Show how an app is again and again: in place on a terminal, below each other elsewhere."""
    import time

    with console.live() as region:
        while True:
            found = look()
            if region:
                region.show(list(lines(found)))
            else:
                show(found, Report.TEXT)
            time.sleep(_EVERY)


def show(found: "AppStatus", form: Report) -> None:
    """Print how an app is."""
    for warning in found.warnings:
        console.warn(warning)
    if form is Report.JSON:
        import json

        console.out(json.dumps(value(found), ensure_ascii=False, indent=2))
    else:
        console.out("\n".join(lines(found)))


def lines(found: "AppStatus") -> "Iterator[str]":
    """Yield the tree: component, objects, pods, causes."""
    from kfctl.cli.statusview import sign

    scope = found.scope
    yield f"{scope.app} → {scope.environment}: context {scope.context}, namespace {scope.namespace}"
    if not found.components:
        yield "nothing of it is on the cluster, and it has no objects"
    for component in found.components:
        yield ""
        name = console.paint(component.name or "(no component)", "bold")
        yield f"{sign(component.health)} {name}  {component.health.value}"
        for each in (*component.objects, *component.spawned):
            yield from object_lines(each)


def object_lines(found: "Status") -> "Iterator[str]":
    """Yield one object, its pods below it, and why it is not ready."""
    from kfctl.cli.statusview import cause_lines, sign, words

    yield f"  {sign(found.health)} {found.key}  {words(found)}"
    for pod in found.children:
        yield f"      {sign(pod.health)} {pod.key}  {words(pod)}"
    if found.cause and not found.health.good:
        yield from (f"        {line}" for line in cause_lines(found.cause))


def value(found: "AppStatus") -> dict[str, Any]:
    """Return how an app is as JSON has it."""
    from kfctl.cli.statusview import status_value

    scope = found.scope
    return {
        "app": scope.app,
        "environment": scope.environment,
        "context": scope.context,
        "namespace": scope.namespace,
        "components": [
            {
                "name": component.name,
                "health": component.health.value,
                "objects": [status_value(each) for each in component.objects],
                "spawned": [status_value(each) for each in component.spawned],
            }
            for component in found.components
        ],
        "warnings": list(found.warnings),
    }
