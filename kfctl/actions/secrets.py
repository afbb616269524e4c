"""The secrets of an app in an environment, and what removes them from outputs."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.errors import KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.engine.mask import Mask
    from kfctl.model.app import App, Component, Environment
    from kfctl.model.prototype import Prototype
    from kfctl.model.redactor import Redactor
    from kfctl.model.resource import Resource


@dataclass(frozen=True)
class Secrets:
    """Values of secret parameters: those that win, by ``component.parameter``, and those they override."""

    parameters: Mapping[str, Any] = field(default_factory=dict)
    overridden: tuple[Any, ...] = ()

    def redactor(self, objects: Iterable[Resource] = ()) -> Redactor:
        """Return what removes them from texts, with what was made from them in objects and Secrets' data."""
        from kfctl.model.redactor import Redactor, data_of

        values = [*self.parameters.values(), *self.overridden]
        for resource in objects:
            values += (value for _, value in resource.secrets.opaque(resource.body))
            values += data_of(resource.body)
        return Redactor(values)

    def mask(self, redactor: Redactor, key: bytes = b"") -> Mask:
        """Return what masks them in fields of objects; without a key with a random one."""
        from kfctl.engine.mask import Mask

        return Mask(key or os.urandom(16), redactor, self.parameters)


def secrets_of(app: App, environment: Environment) -> Secrets:
    """Return the secrets of all components; a component with a broken prototype has none."""
    prototypes = _with_secrets(app)
    parameters: dict[str, Any] = {}
    overridden: list[Any] = []
    for component in app.components.values():
        if component.prototype in prototypes:
            for name, *values in _values(app, environment, component, prototypes[component.prototype]):
                winning, *others = values
                overridden += others
                if winning not in (None, ""):
                    parameters[name] = winning
    return Secrets(parameters, tuple(overridden))


def _with_secrets(app: App) -> dict[str, Prototype]:
    """Return those of the app's prototypes that declare secret parameters."""
    from kfctl.store.catalog import catalog

    prototypes, found = catalog(app.root), {}
    for name in {component.prototype for component in app.components.values()}:
        with suppress(KfctlError):  # whoever renders it gets the error
            found[name] = prototypes.get(name)
    return {name: prototype for name, prototype in found.items() if secret_parameters(prototype)}


def _values(
    app: App, environment: Environment, component: Component, prototype: Prototype
) -> Iterator[tuple[Any, ...]]:
    """Yield each secret parameter with its values, the one that wins first."""
    from kfctl.engine.resolve import examine

    resolved = examine(app, environment, component, prototype)[0]
    for name in secret_parameters(prototype):
        others = (value.value for value in resolved.hidden.get(name, ()))
        yield (f"{component.name}.{name}", resolved.values[name].value, *others)


def secret_parameters(prototype: Prototype) -> tuple[str, ...]:
    """Return the names of a prototype's secret parameters."""
    return tuple(name for name, parameter in prototype.parameters.items() if parameter.secret)
