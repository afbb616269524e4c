"""Shows the values of parameters: which one wins, who set it, what it hides."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.actions.given import SECRET, Declared, idle_globals
from kfctl.engine.resolve import examine
from kfctl.errors import KfctlError, UsageError, did_you_mean
from kfctl.model.parameters import Layer
from kfctl.store.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.errors import Problem
    from kfctl.model.app import App, Component, Settings
    from kfctl.model.parameters import Parameter, ParameterSet, Value
    from kfctl.model.prototype import Prototype


class Row(NamedTuple):
    """The value of one parameter of one component."""

    component: str
    parameter: Parameter
    value: Value


class Listing(NamedTuple):
    """Rows, and what is wrong with what they show."""

    rows: tuple[Row, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


class Explained(NamedTuple):
    """One parameter of one component with every value it is given, the one that wins first."""

    component: str
    parameter: Parameter
    values: tuple[Value, ...]


class Difference(NamedTuple):
    """One parameter whose values in two environments differ."""

    component: str
    parameter: Parameter
    values: tuple[Value, Value]


def shown(parameter: Parameter, value: Value) -> Any:
    """Return a value as it may be shown: not if it is secret."""
    return SECRET if parameter.secret and value.value is not None else value.value


def masked_settings(app: App, components: Sequence[str], settings: Settings) -> dict[str, Any]:
    """Return what is set in one place for these components, as it may be shown."""
    prototypes = catalog(app.root)
    wanted = {app.components[name].prototype: app.components[name].where for name in components}
    declared = Declared(tuple(prototypes.get(name, where) for name, where in wanted.items()))
    return {name: declared.masked(name, value) for name, value in settings.values.items()}


def list_params(
    app: App, components: Sequence[str], environment: str | None, *, defaults: bool = False
) -> Listing:
    """Return the values of these components (none: of all); with `defaults` also what nobody set."""
    rows: list[Row] = []
    problems: list[Problem] = []
    warnings: list[str] = []
    for component in _chosen(app, components):
        try:
            prototype, values, faults = _examined(app, component, environment)
        except KfctlError as error:  # of its prototype: the others can be shown all the same
            problems += error.problems
            continue
        rows += _rows(component, prototype, values, defaults=defaults)
        problems += faults
        warnings += values.warnings
    if not components and not problems:
        problems += idle_globals(app, app.environments[environment] if environment else None)
    return Listing(tuple(rows), tuple(dict.fromkeys(problems)), tuple(dict.fromkeys(warnings)))


def explain_params(
    app: App, component: str, name: str | None, environment: str | None
) -> tuple[Explained, ...]:
    """Return every parameter of a component, or the one called `name`, with all its values."""
    prototype, values, _ = _examined(app, app.components[component], environment)
    if name is None:
        names = list(prototype.parameters)
    else:
        canonical = prototype.canonical(name)
        if canonical is None:
            hint = did_you_mean(name, prototype.spellings)
            hint = hint or f"kfctl prototype describe {prototype.name} lists its parameters"
            raise UsageError(f"{prototype.name} has no parameter '{name}'", hint=hint)
        names = [canonical]
    return tuple(
        Explained(component, prototype.parameters[n], (values.values[n], *values.hidden.get(n, ())))
        for n in names
    )


def diff_params(app: App, components: Sequence[str], first: str, second: str) -> tuple[Difference, ...]:
    """Return the parameters whose winning values differ between two environments."""
    return tuple(
        difference
        for component in _chosen(app, components)
        for difference in _differences(app, component, first, second)
    )


def _differences(app: App, component: Component, first: str, second: str) -> Iterator[Difference]:
    prototype, left, _ = _examined(app, component, first)
    _, right, _ = _examined(app, component, second)
    for name in sorted(prototype.parameters):
        pair = (left.values[name], right.values[name])
        if pair[0].value != pair[1].value:
            yield Difference(component.name, prototype.parameters[name], pair)


def _chosen(app: App, components: Sequence[str]) -> list[Component]:
    return [app.components[name] for name in (components or sorted(app.components))]


def _examined(
    app: App, component: Component, environment: str | None
) -> tuple[Prototype, ParameterSet, tuple[Problem, ...]]:
    prototype = catalog(app.root).get(component.prototype, component.where)
    chosen = app.environments[environment] if environment else None
    return prototype, *examine(app, chosen, component, prototype)


def _rows(
    component: Component, prototype: Prototype, values: ParameterSet, *, defaults: bool
) -> Iterator[Row]:
    for name in sorted(prototype.parameters):
        value = values.values[name]
        if defaults or value.layer is not Layer.DEFAULT:
            yield Row(component.name, prototype.parameters[name], value)
