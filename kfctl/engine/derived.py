"""Finds what of rendered objects was made from secrets, by rendering them with other secrets."""

from __future__ import annotations

import string
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.recipes import Recipes
from kfctl.errors import AppError, KfctlError, Location, Problem, TemplateError
from kfctl.model.redactor import AS_A_WORD, Redactor, texts_of
from kfctl.model.resource import at
from kfctl.model.secretfields import SecretFields, canonical

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.resource import Resource
    from kfctl.model.secretfields import Names, Parts

    Values = Mapping[str, Any]
    Render = Callable[[Values], list[Resource]]

_EVERYTHING = SecretFields(whole=frozenset({()}))
_MISSING = object()
_ALWAYS_PUBLIC = frozenset({(), ("metadata",)})  # maps whose keys tell nothing
_IDENTITY = (("apiVersion",), ("kind",), ("metadata", "name"), ("metadata", "namespace"))
_WITHHELD = "the message quotes a value that was made from a secret parameter, so it is withheld"


def render_secretly(render: Render, values: Values, secrets: Mapping[str, str]) -> list[Resource]:
    """Return the objects that `values` make; each knows which of its fields depend on secrets.

    `secrets` are the names of secret parameters, and what references to them call them. The objects are
    rendered again with other values in their place: what then differs was made from them, whatever a template
    did to them. Where that says nothing, because it fails or makes other objects, everything is secret. No
    error quotes what differs.
    """
    held = {name: values[name] for name in secrets if _tells_something(values.get(name))}
    if not held:
        return render(values)
    tries = [_changed(held, _similar), _changed(held, _Other())]
    try:
        resources = render(values)
    except KfctlError as error:
        failures = [(Redactor(each.values()), _attempt(render, {**values, **each})) for each in tries]
        raise _redacted(error, Redactor(held.values()), failures) from None
    more_keys = {name: _with_more_keys(value) for name, value in held.items()}
    made = [
        (each, found) for each in tries if isinstance(found := _attempt(render, {**values, **each}), list)
    ]
    if made and more_keys != held and isinstance(found := _attempt(render, {**values, **more_keys}), list):
        made.append((more_keys, found))
    listed = {secrets[name] for name in _without_named_keys(render, values, held, resources)}
    called = [
        Recipes({secrets[name]: value for name, value in each.items()}, listed)
        for each in (held, *(each for each, _ in made))
    ]
    return _Comparison(called, _texts(held.values())).resources(resources, [found for _, found in made])


def _without_named_keys(
    render: Render, values: Values, held: Values, resources: list[Resource]
) -> Iterator[str]:
    """Yield the secrets with maps of which templates name no key: these keys are secret as values are."""
    for name, value in held.items():
        other = _with_other_keys(value)
        if other != value and isinstance(found := _attempt(render, {**values, name: other}), list):
            _check_identities(resources, found)
            yield name


def _tells_something(value: Any) -> bool:
    if isinstance(value, dict | list):
        return bool(value)
    return value is not None and value != ""


def _attempt(render: Render, values: Values) -> list[Resource] | KfctlError:
    try:
        return render(values)
    except KfctlError as error:
        return error


def _redacted(
    error: KfctlError,
    redactor: Redactor,
    others: Sequence[tuple[Redactor, list[Resource] | KfctlError]],
) -> KfctlError:
    """Return an error without what differs in the errors that other secrets cause."""
    failures = [(redact, other.problems) for redact, other in others if isinstance(other, KfctlError)]

    def redacted(index: int, problem: Problem) -> Problem:
        message, hint = redactor.text(problem.message), redactor.text(problem.hint)
        same = all(
            index < len(problems)
            and message == redact.text(problems[index].message)
            and hint == redact.text(problems[index].hint)
            for redact, problems in failures
        )
        return Problem(message if same and failures else _WITHHELD, problem.where, hint if same else "")

    problems = [redacted(index, problem) for index, problem in enumerate(error.problems)]
    return type(error).of(problems)


@dataclass(frozen=True)
class _Comparison:
    """Objects made from the secrets beside those made from others; `recipes` of the secrets come first."""

    recipes: Sequence[Recipes]
    texts: frozenset[str]  # of the secrets, in lower case

    def resources(self, ours: list[Resource], others: Sequence[list[Resource]]) -> list[Resource]:
        kinds = [[resource.kind for resource in made] for made in (ours, *others)]
        if all(each == kinds[0] for each in kinds):
            pairs = [(resource, [made[i] for made in others]) for i, resource in enumerate(ours)]
        else:
            for made in others:
                _check_identities(ours, made)
            by_key = [{resource.key: resource for resource in made} for made in others]
            pairs = [(r, [made[r.key] for made in by_key if r.key in made]) for r in ours]
        return [self._resource(resource, beside, len(others)) for resource, beside in pairs]

    def _resource(self, resource: Resource, beside: Sequence[Resource], expected: int) -> Resource:
        if not beside or len(beside) < expected:
            for names in _IDENTITY:
                value = str(at(resource.body, *names) or "").lower()
                if any(text in value for text in self.texts):
                    raise _public(resource, ".".join(names))
            return replace(resource, secrets=_EVERYTHING)
        finder = _Finder(self.recipes)
        finder.compare(resource.body, [other.body for other in beside], ())
        for names in _IDENTITY:
            if names in finder.parts or names in finder.whole:
                raise _public(resource, ".".join(names))
        if finder.named:
            raise _public(resource, "the name of a field")
        return replace(resource, secrets=finder.fields()) if finder.parts or finder.whole else resource


def _texts(secrets: Iterable[Any]) -> frozenset[str]:
    """Return the texts of secrets that are long enough to be no accident."""
    return frozenset(text.lower() for text in texts_of(list(secrets)) if len(text) >= AS_A_WORD)


def _check_identities(ours: Sequence[Resource], others: Sequence[Resource]) -> None:
    """Refuse objects in whose place other secrets make others: what tells them apart is shown."""
    known, made = ({resource.key for resource in resources} for resources in (ours, others))
    if known - made and made - known:
        raise _public(next(resource for resource in ours if resource.key not in made), "the kind or name")


def _public(resource: Resource, part: str) -> AppError:
    problem = Problem(
        f"{part} of an object is made from a secret parameter: it would be shown",
        Location(resource.origin) if resource.origin else None,
    )
    return TemplateError(problem.message, problems=[problem])


@dataclass
class _Finder:
    """Collects the secret fields of one object."""

    recipes: Sequence[Recipes]
    parts: dict[Names, dict[str, Parts]] = field(default_factory=dict)
    public: dict[Names, set[str]] = field(default_factory=dict)
    whole: set[Names] = field(default_factory=set)
    named: bool = False  # whether the name of a field that is always shown depends on secrets

    def compare(self, value: Any, others: Sequence[Any], names: Names) -> None:
        if isinstance(value, dict) and all(isinstance(other, dict) for other in others):
            self._maps(value, others, names)
        elif isinstance(value, list) and all(isinstance(other, list) for other in others):
            self._lists(value, others, names)
        elif isinstance(value, dict | list) or _MISSING in others:
            self.whole.add(names)
        elif all(type(value) is type(other) and value == other for other in others):
            self.public.setdefault(names, set()).add(canonical(value))
        else:
            self.parts.setdefault(names, {})[canonical(value)] = self._recipe(value, others)

    def _maps(self, value: Mapping[str, Any], others: Sequence[Any], names: Names) -> None:
        if names not in _ALWAYS_PUBLIC and any(other.keys() != value.keys() for other in others):
            self.whole.add(names)
            return
        self.named |= any(value.keys() - other.keys() and other.keys() - value.keys() for other in others)
        for name, item in value.items():
            self.compare(item, [other.get(name, _MISSING) for other in others], (*names, name))

    def _lists(self, value: Sequence[Any], others: Sequence[Any], names: Names) -> None:
        if any(len(other) != len(value) for other in others):
            self.whole.add(names)
            return
        for index, item in enumerate(value):
            self.compare(item, [other[index] for other in others], names)

    def _recipe(self, value: Any, others: Sequence[Any]) -> Parts:
        """Return what a value is made of, if it is made of it with every secret."""
        made = list(zip(self.recipes, (value, *others), strict=True))
        for recipes, each in made:
            parts = recipes.parts(each)
            if parts and all(recipes.make(parts, each) for recipes, each in made):
                return parts
        return ()

    def fields(self) -> SecretFields:
        public = {
            names: frozenset(values - self.parts[names].keys())
            for names, values in self.public.items()
            if names in self.parts
        }
        return SecretFields(self.parts, public, frozenset(self.whole))


# Other values in the place of secrets. The first change keeps what a template may need of a value: letters
# stay letters (hexadecimal ones too) and digits digits. The second changes every character, the case of
# letters and the length, and makes equal values different; the third changes the number of keys of maps.

_SIMILAR = str.maketrans(
    string.ascii_lowercase + string.ascii_uppercase + string.digits,
    "bcdefahijklmnopqrstuvwxyzg" + "BCDEFAHIJKLMNOPQRSTUVWXYZG" + "5234567891",
)
_OTHER = str.maketrans(
    string.ascii_letters + string.digits + string.punctuation,
    string.ascii_uppercase[13:]
    + string.ascii_uppercase[:13]
    + string.ascii_lowercase[13:]
    + string.ascii_lowercase[:13]
    + "7891234563"
    + string.punctuation[1:]
    + string.punctuation[0],
)


def _shift(text: str, table: Mapping[int, Any]) -> str:
    changed = text.translate(table)
    return "".join(chr(ord(c) ^ 1) if ord(c) > 0xA0 and c not in "\ud7ff\ue000" else c for c in changed)


def _similar(value: Any) -> Any:
    if isinstance(value, str):
        return _shift(value, _SIMILAR)
    if isinstance(value, int) and not isinstance(value, bool):
        return int(str(value).translate(_SIMILAR))
    return value * 1.5 + 1 if isinstance(value, float) else value


class _Other:
    """Returns other values; no two calls with equal values return equal ones."""

    def __init__(self) -> None:
        self._calls = 0

    def __call__(self, value: Any) -> Any:
        self._calls += 1
        if isinstance(value, str):
            return _other_text(value) + str(self._calls)
        if isinstance(value, int | float) and not isinstance(value, bool):
            return value * 3 + 7 + self._calls
        return value


def _other_text(text: str) -> str:
    changed = _shift(text, _OTHER)
    return changed + changed[-3:]


def _changed(values: Values, change: Callable[[Any], Any]) -> dict[str, Any]:
    return {name: _deep(change, value) for name, value in values.items()}


def _deep(change: Callable[[Any], Any], value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _deep(change, item) for key, item in value.items()}
    if isinstance(value, list):
        return [_deep(change, item) for item in value]
    return not value if isinstance(value, bool) else change(value)


def _with_other_keys(value: Any) -> Any:
    if isinstance(value, dict):
        return {_other_text(key): _with_other_keys(item) for key, item in value.items()}
    return [_with_other_keys(item) for item in value] if isinstance(value, list) else value


def _with_more_keys(value: Any) -> Any:
    """Return a value whose maps have more keys, the first and the last ones among them, sorted or not."""
    if isinstance(value, dict):
        same = {key: _with_more_keys(item) for key, item in value.items()}
        first, last = ({f"{mark}{_other_text(key)}": item for key, item in same.items()} for mark in "!~")
        return {**first, **same, **last}
    return [_with_more_keys(item) for item in value] if isinstance(value, list) else value
