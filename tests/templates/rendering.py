"""Renders a prototype from parameters alone, as a component of an app of one component."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from kfctl.engine.render import render
from kfctl.engine.resolve import resolve
from kfctl.errors import Location
from kfctl.model.app import App, Component, Environment, Settings, Target
from kfctl.store.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.model.parameters import ParameterSet
    from kfctl.model.prototype import Example
    from kfctl.model.resource import Resource

NAMESPACE = "kubeflow"


@cache
def every_example() -> tuple[tuple[str, Example], ...]:
    """Return each example of each shipped prototype, with the prototype's name."""
    shelf = catalog()
    return tuple((name, example) for name in shelf.names() for example in shelf.examples(shelf.get(name)))


def app_of(prototype: str, params: Mapping[str, Any], component: str = "", namespace: str = NAMESPACE) -> App:
    """Return an app of one component, made by hand; its environment is called default."""
    name = component or prototype
    here = Location(f"components/{name}.yaml", 1)
    made = Component(name, prototype, Settings(dict(params)), (), here)
    environment = Environment("default", Target(None, namespace), Settings(), {}, {}, here)
    return App("examples", "0", ".", Settings(), {name: made}, {"default": environment})


def resolved(prototype: str, params: Mapping[str, Any], component: str = "") -> ParameterSet:
    """Return the values of a component of that prototype; ParameterError if they are wrong."""
    app = app_of(prototype, params, component)
    (made,) = app.components.values()
    return resolve(app, app.environments["default"], made, catalog().get(prototype))


def rendered(prototype: str, params: Mapping[str, Any], component: str = "") -> list[Resource]:
    """Return the objects of a component of that prototype."""
    values = resolved(prototype, params, component).plain()
    values |= {"component": component or prototype, "app": "examples", "environment": "default"}
    found = catalog().get(prototype)
    return render(found, catalog().sources(found), values)


def objects(prototype: str, params: Mapping[str, Any], component: str = "") -> dict[str, Any]:
    """Return the bodies by kind, of which there must be one each; ``Role/x`` where a kind has several."""
    bodies: dict[str, Any] = {}
    for resource in rendered(prototype, params, component):
        bodies[f"{resource.kind}/{resource.name}"] = bodies[resource.kind] = resource.body
    return bodies
