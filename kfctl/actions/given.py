"""Values as a user gives them, checked against what prototypes declare."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import AppError, KfctlError, Location, ParameterError, Problem, UsageError, did_you_mean
from kfctl.model.absent import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kfctl.model.app import App, Environment
    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype

SECRET = "(secret)"  # what is shown in place of a secret value


class Given(NamedTuple):
    """A value for a parameter: texts of a command line (several for a list) or, if there are none, typed."""

    name: str
    texts: tuple[str, ...] = ()
    value: Any = None
    where: Location | None = None  # in the file that gives it, if one does


class Declared(NamedTuple):
    """The parameters that may be set in a place: those of one prototype, or of several for a global."""

    prototypes: tuple[Prototype, ...]

    def find(self, name: str) -> tuple[Parameter, ...]:
        """Return the parameters that a name means."""
        found = ((prototype, prototype.canonical(name)) for prototype in self.prototypes)
        return tuple(prototype.parameters[canonical] for prototype, canonical in found if canonical)

    def unknown(self, name: str, where: Location | None = None) -> Problem:
        """Return the problem with a name that means nothing."""
        near = did_you_mean(name, {each for prototype in self.prototypes for each in prototype.spellings})
        if len(self.prototypes) != 1:
            hint = near or "kfctl param list --all lists them"
            return Problem(f"no component of this app has a parameter '{name}'", where, hint)
        owner = self.prototypes[0].name
        hint = near or f"kfctl prototype describe {owner} lists its parameters"
        return Problem(f"{owner} has no parameter '{name}'", where, hint)

    def typed(self, given: Iterable[Given]) -> dict[str, Any]:
        """Return the values by parameter, of two the later one; one error tells every fault."""
        problems: list[Problem] = []
        result: dict[str, Any] = {}
        for item in given:
            try:
                name, value = self.value(item)
                result[name] = value
            except KfctlError as error:
                problems += error.problems
        if problems:
            raise (ParameterError if all(p.where for p in problems) else UsageError).of(problems)
        return result

    def value(self, item: Given) -> tuple[str, Any]:
        """Return the parameter's own name and the value, which its schema accepts."""
        parameters = self.find(item.name)
        if not parameters:
            raise ParameterError.of([self.unknown(item.name, item.where)])
        if any(parameter.secret for parameter in parameters):
            parameters = tuple(parameter.concealed() for parameter in parameters)
        values = [_value(parameter, item) for parameter in parameters]
        if any(value != values[0] for value in values):
            message = f"{item.name} is not of the same type in all components: set it in each of them"
            raise ParameterError(message, where=item.where)
        return parameters[0].name, values[0]

    def masked(self, name: str, value: Any) -> Any:
        """Return a value as it may be shown."""
        secret = any(parameter.secret for parameter in self.find(name))
        return SECRET if secret and value is not None and value is not ABSENT else value

    def deprecations(self, names: Iterable[str]) -> Iterator[str]:
        """Return a warning for each parameter that no longer does anything."""
        for name in names:
            for parameter in self.find(name)[:1]:
                if parameter.deprecated:
                    yield f"{name} is deprecated: {parameter.deprecated}"


def idle_globals(app: App, environment: Environment | None) -> Iterator[Problem]:
    """Yield the globals that no component has: a slip, or what is left of a component that is gone."""
    given = [each.globals for each in (environment, app) if each and each.globals.values]
    if not given:
        return
    from kfctl.store.catalog import catalog

    wanted = {component.prototype: component.where for component in app.components.values()}
    declared = Declared(tuple(catalog(app.root).get(name, where) for name, where in wanted.items()))
    for settings in given:
        for name in settings.values:
            if not declared.find(name):
                yield declared.unknown(name, settings.locations.get(name))


def read_values(path: str) -> list[Given]:
    """Return the values of a YAML file (`-` is standard input); as in examples, they may be in `params`."""
    from kfctl import yamltext
    from kfctl.store.files.reader import read_named

    try:
        raw = read_named(path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"can't read the values: {reason}", where=Location(path)) from None
    located = yamltext.load_located(raw, "standard input" if path == "-" else path)
    value: Any = located.value
    keys: tuple[str, ...] = ()
    if isinstance(value, dict) and list(value) == ["params"] and isinstance(value["params"], dict):
        value, keys = value["params"], ("params",)
    if value is not None and not isinstance(value, dict):
        raise AppError("a file of values is a map: parameter: value", where=located.at())
    return [Given(name, (), each, located.key_at(*keys, name)) for name, each in (value or {}).items()]


def _value(parameter: Parameter, item: Given) -> Any:
    from kfctl.engine.resolve import parse_value, problems_of_value

    if item.texts:
        return parse_value(parameter, item.texts)
    if item.value is not None:
        problems = list(problems_of_value(parameter, item.value, item.where))
        if problems:
            raise ParameterError.of(problems)
    return item.value
