"""Prototypes made by hand: a template's text is all that most tests need."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.render import Renderer
from kfctl.errors import Location
from kfctl.model.parameters import Parameter
from kfctl.model.prototype import Prototype, Template

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

VALUES = {"text": "plain", "number": 3, "unset": None, "labels": {"a": "x", "items": "y"}, "list": ["p", "q"]}


def made(
    templates: Sequence[Template], parameters: Mapping[str, Any] = VALUES, *, shipped: bool = True
) -> Prototype:
    """Return a prototype whose parameters take anything; one that is shipped renders in this process."""
    declared = {name: Parameter(name, {}) for name in parameters}
    where = Location("prototypes/made/prototype.yaml", 1)
    return Prototype("made", "", "", "", {"properties": {}}, declared, tuple(templates), (), shipped, where)


def bodies(
    template: str, *, when: str = "", sources: Mapping[str, str] = {}, shipped: bool = True, **values: Any
) -> list[Any]:
    """Return the objects that one template renders, called t.yaml.j2."""
    given = {**VALUES, **values}
    prototype = made([Template("t.yaml.j2", when)], given, shipped=shipped)
    known = {"component": "web", "app": "app", "environment": "prod"}
    found = Renderer(prototype, {"t.yaml.j2": template, **sources}).render({**known, **given})
    return [resource.body for resource in found]


def body(template: str, **more: Any) -> Any:
    """Return the one object that a template renders."""
    (only,) = bodies(template, **more)
    return only
