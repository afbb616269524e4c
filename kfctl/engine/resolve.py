"""Layers of parameters and a schema in, one checked set out."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.schema import check
from kfctl.engine.typed import parse_value, unusable
from kfctl.errors import Location, ParameterError, Problem, did_you_mean
from kfctl.model.app import Environment, Settings, Target
from kfctl.model.parameters import Layer, ParameterSet, Value
from kfctl.model.secrecy import conceal_rule

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.model.app import App, Component
    from kfctl.model.dialect import Fault
    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype

__all__ = [
    "cautions",
    "examine",
    "faults_of_defaults",
    "layers",
    "parse_value",
    "problems_of_value",
    "resolve",
]

NOTHING = Settings()
NOWHERE = Environment("", Target(), NOTHING, {}, {}, Location(""))
PER_PARAMETER = frozenset({"type", "properties", "additionalProperties"})
IMPLIED = ("name", "namespace")
GLOBALS = frozenset({Layer.ENVIRONMENT_GLOBALS, Layer.APP_GLOBALS})


def resolve(
    app: App, environment: Environment | None, component: Component, prototype: Prototype
) -> ParameterSet:
    """Return every parameter's winning value; ParameterError with all faults if there is any."""
    resolved, problems = examine(app, environment, component, prototype)
    if problems:
        raise ParameterError.of(problems)
    return resolved


def examine(
    app: App, environment: Environment | None, component: Component, prototype: Prototype
) -> tuple[ParameterSet, tuple[Problem, ...]]:
    """Return the winning values, those they hide, and every fault; refuses none."""
    environment = environment or NOWHERE
    problems: list[Problem] = []
    given = [
        _named(layer, settings, prototype, problems)
        for layer, settings in layers(app, environment, component)
    ]
    resolved = _resolved(given, prototype, _implied(environment, component))
    problems += _faults(resolved, component, prototype)
    return resolved, tuple(sorted(problems, key=lambda problem: problem.where or component.where))


def layers(app: App, environment: Environment, component: Component) -> tuple[tuple[Layer, Settings], ...]:
    """Return who may set a value and what they set, strongest first; below all is the prototype's default."""
    return (
        (Layer.ENVIRONMENT, environment.components.get(component.name, NOTHING)),
        (Layer.ENVIRONMENT_GLOBALS, environment.globals),
        (Layer.COMPONENT, component.params),
        (Layer.APP_GLOBALS, app.globals),
    )


def cautions(component: Component, prototype: Prototype, resolved: ParameterSet) -> tuple[str, ...]:
    """Return what a user should know of a component whose values are as these are."""
    values = {name: value.value for name, value in resolved.values.items() if value.value is not None}
    return tuple(
        f"{component.name}: {each.message}" for each in prototype.cautions if not check(each.schema, values)
    )


def faults_of_defaults(prototype: Prototype) -> list[Problem]:
    """Return the defaults that the prototype's own schema does not accept."""
    return [
        Problem(f"the default of {fault}", prototype.at("parameters", "properties", name))
        for name, parameter in prototype.parameters.items()
        if parameter.default is not None
        for fault in check(parameter.schema, parameter.default, (name,))
    ]


def _implied(environment: Environment, component: Component) -> Mapping[str, str]:
    """Return the defaults that no prototype can know."""
    return dict(zip(IMPLIED, (component.name, environment.target.namespace or "default"), strict=True))


def _named(
    layer: Layer, settings: Settings, prototype: Prototype, problems: list[Problem]
) -> Mapping[str, Value]:
    """Return the values of one layer under the parameters' own names."""
    values: dict[str, Value] = {}
    spellings: dict[str, str] = {}
    for spelling, value in settings.values.items():
        where = settings.locations.get(spelling)
        name = prototype.canonical(spelling)
        if name is None:
            if layer not in GLOBALS:  # a global is for those prototypes that know it
                problems.append(_unknown(spelling, prototype, where))
        elif name in values:
            message = f"'{spellings[name]}' and '{spelling}' are the same parameter, {name}"
            problems.append(Problem(message, where, "leave one of them out"))
        else:
            values[name], spellings[name] = Value(value, layer, where), spelling
    return values


def _unknown(name: str, prototype: Prototype, where: Location | None) -> Problem:
    hint = did_you_mean(name, prototype.spellings)
    hint = hint or f"kfctl prototype describe {prototype.name} lists its parameters"
    return Problem(f"{prototype.name} has no parameter '{name}'", where, hint)


def _resolved(
    given: Sequence[Mapping[str, Value]], prototype: Prototype, implied: Mapping[str, str]
) -> ParameterSet:
    values = dict(prototype.defaults)
    for name, text in implied.items():
        if name in values and values[name].value is None:
            values[name] = Value(text, Layer.DEFAULT)
    hidden: dict[str, tuple[Value, ...]] = {}
    for name in dict.fromkeys(name for layer in given for name in layer):
        stack = [*(layer[name] for layer in given if name in layer), values[name]]
        # The strongest that is set wins; null hides what is weaker and means the default.
        wins = stack[0] if stack[0].value is not None else stack[-1]
        values[name] = _integral(wins, prototype.parameters[name])
        hidden[name] = tuple(
            value for value in stack if value is not wins and (value.where or value.value is not None)
        )
    return ParameterSet(
        values, hidden, tuple(_deprecations({name: values[name] for name in hidden}, prototype))
    )


def _integral(value: Value, parameter: Parameter) -> Value:
    """Return 2 for 2.0 where an integer is wanted: Kubernetes reads them as different types."""
    number = value.value
    if isinstance(number, float) and parameter.schema.get("type") == "integer" and number.is_integer():
        return Value(int(number), value.layer, value.where)
    return value


def _deprecations(values: Mapping[str, Value], prototype: Prototype) -> Iterator[str]:
    for name, value in values.items():
        if value.layer is not Layer.DEFAULT and prototype.parameters[name].deprecated:
            reason = prototype.parameters[name].deprecated
            reason = "it no longer does anything" if reason == "True" else reason
            yield f"{value.where}: {name} is deprecated: {reason}" if value.where else f"{name}: {reason}"


def _faults(resolved: ParameterSet, component: Component, prototype: Prototype) -> Iterator[Problem]:
    names = (*resolved.hidden, *(name for name in IMPLIED if name in resolved.values))
    chosen = {name: resolved.values[name] for name in names}
    wrong = set[str]()
    for name, value in chosen.items():
        if value is not prototype.defaults[name]:
            where = value.where or component.where
            problems = list(problems_of_value(prototype.parameters[name], value.value, where))
            if problems and value.where:  # of what nobody set, rules say what to set
                wrong.add(name)
            yield from problems
    instance = {name: value for name, value in resolved.plain().items() if value is not None}
    for rule in _rules(prototype):
        # What a rule says of a value that is wrong by itself is noise.
        muted = not wrong.isdisjoint(rule.about) and "required" not in rule.schema
        idle = rule.held and rule.about.isdisjoint(chosen)
        if not muted and not idle:
            for fault in check(rule.schema, instance):
                yield _across(fault, resolved, component, prototype)


class _Rule(NamedTuple):
    """A part of a prototype's schema that is about several parameters at once."""

    schema: Mapping[str, Any]
    about: frozenset[str]
    held: bool  # by the defaults alone


@lru_cache(maxsize=64)
def _rules(prototype: Prototype) -> tuple[_Rule, ...]:
    """Return the cross-field rules apart, so that those are left out which nothing that is set is about."""
    parts = {word: rule for word, rule in prototype.schema.items() if word not in PER_PARAMETER}
    schemas = [*parts.pop("allOf", ()), *({word: rule} for word, rule in parts.items() if word != "if")]
    if "if" in parts:
        schemas.append(parts)
    defaults = {name: value.value for name, value in prototype.defaults.items() if value.value is not None}
    known = frozenset(prototype.parameters)
    secret = {name for name, parameter in prototype.parameters.items() if parameter.secret}
    return tuple(
        _Rule(conceal_rule(rule, secret), known & _words(rule), not check(rule, defaults)) for rule in schemas
    )


def _words(value: Any) -> frozenset[str]:
    """Return every text in a schema: among them are the names of the parameters it is about."""
    if isinstance(value, dict):
        return frozenset(value).union(*map(_words, value.values()))
    if isinstance(value, list):
        return frozenset().union(*map(_words, value))
    return frozenset([value]) if isinstance(value, str) else frozenset()


def problems_of_value(parameter: Parameter, value: Any, where: Location | None) -> Iterator[Problem]:
    """Yield what is wrong with a value that stands in a file at `where`."""
    reason = unusable(value)
    if reason:
        yield Problem(f"{parameter.name} {reason}", where)
        return
    for fault in check(parameter.schema, value, (parameter.name,)):
        yield Problem(str(fault), where, _advice(fault, value, parameter))


def _advice(fault: Fault, value: Any, parameter: Parameter) -> str:
    if fault.keyword == "type" and len(fault.path) == 1 and not parameter.secret:
        if parameter.type == "string" and isinstance(value, bool | int | float):
            return "write it in quotes"
        if parameter.type == "list" and isinstance(value, str):
            return f"write it as a list: [{value}]"
    return ""


def _across(fault: Fault, resolved: ParameterSet, component: Component, prototype: Prototype) -> Problem:
    name = str(fault.path[0]) if fault.path else ""
    if fault.keyword in {"required", "dependentRequired"} and len(fault.path) == 1:
        hint = f"kfctl param set {component.name} {name} VALUE"
        if prototype.parameters[name].help:
            hint += f"   ({prototype.parameters[name].help.splitlines()[0]})"
        reason = "is required" if fault.keyword == "required" else fault.message
        return Problem(f"{component.name}: {name} {reason} and has no value", component.where, hint)
    where = resolved.values[name].where if name in resolved.values else None
    return Problem(f"{component.name}: {fault}", where or component.where)
