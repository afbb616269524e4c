"""A small evaluator of the part of JSON Schema 2020-12 of prototypes, with messages for people."""

from __future__ import annotations

import re
from itertools import islice
from typing import TYPE_CHECKING, Any

from kfctl.errors import did_you_mean
from kfctl.model.dialect import TYPES, Fault, is_number
from kfctl.model.pattern import compile_pattern

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
    from fractions import Fraction

    from kfctl.model.dialect import Path

    Schema = Mapping[str, Any] | bool
    Rule = Callable[["_Evaluation", Any, Any, Mapping[str, Any], Path], Iterable[Fault]]

MAX_WORK = 2_000_000  # steps of one check, some seconds: an object of 1 MB takes a tenth
_MATCHING = 200  # instructions of a pattern that take as long as one step
_MANY = 50  # choices that an error lists
_LONGEST = 500  # characters of what is said of several forms together


def check(schema: Schema, instance: Any, path: Path = ()) -> list[Fault]:
    """Return every fault of `instance`, none if the schema accepts it.

    Each part of the schema judges each value once; where schema and value together are so large that it takes
    more than `MAX_WORK` steps nevertheless, that is the only fault.
    """
    try:
        return _Evaluation().faults(schema, instance, path)
    except _ExhaustedError:
        return [Fault(path, "is too large to be checked by its schema", "work")]


class _ExhaustedError(Exception):
    """A check took too many steps."""


class _Evaluation:
    """One check, and the steps that it may still take."""

    __slots__ = ("_left",)

    def __init__(self) -> None:
        self._left = MAX_WORK

    def spend(self, steps: int) -> None:
        """Count work; raise _ExhaustedError when none is left."""
        self._left -= steps
        if self._left < 0:
            raise _ExhaustedError

    def faults(self, schema: Schema, instance: Any, path: Path = ()) -> list[Fault]:
        self.spend(1)
        if isinstance(schema, bool):
            return [] if schema else [Fault(path, "is not allowed", "false")]
        faults: list[Fault] = []
        for keyword, expected in schema.items():
            if keyword in RULES:
                self.spend(len(expected) if isinstance(expected, list | dict) else 1)
                faults += RULES[keyword](self, expected, instance, schema, path)
        if faults and "errorMessage" in schema:
            return [Fault(path, str(schema["errorMessage"]), "errorMessage")]
        return _without_parts(faults, path) if path and schema.get("secret") else faults

    def matches(self, pattern: str, text: str) -> bool:
        compiled = compile_pattern(pattern)
        self.spend(1 + compiled.size * len(text) // _MATCHING)
        return compiled.is_in(text)

    def canonical(self, value: Any) -> Any:
        """Return a hashable form of a value that is equal for the values that JSON calls equal."""
        self.spend(1)
        if isinstance(value, dict):
            return frozenset((key, self.canonical(item)) for key, item in value.items())
        if isinstance(value, list):
            return tuple(map(self.canonical, value))
        # As texts, whose hash nobody can foresee: that of numbers can be made to collide.
        if isinstance(value, float):
            return ("number", hex(int(value)) if value.is_integer() else value.hex())
        if isinstance(value, int):
            return ("boolean", value) if isinstance(value, bool) else ("number", hex(value))
        return value


def _without_parts(faults: Iterable[Fault], path: Path) -> list[Fault]:
    """Return the faults of a secret value without the paths of its parts: keys are secret, too."""
    return list(dict.fromkeys(f if f.path == path else Fault(path, _of_part(f)) for f in faults))


def _of_part(fault: Fault) -> str:
    if fault.keyword in {"required", "dependentRequired"}:
        return f"lacks {fault.path[-1]}"  # a name that the schema has
    return f"has an entry that {fault.message}"


def shown(value: Any) -> str:
    """Return a value as an error quotes it: as JSON would, short."""
    import json  # only a failing command pays for it

    if isinstance(value, str):
        text = f"'{value[:60]}'"
    else:
        chunks = json.JSONEncoder(ensure_ascii=False, default=str).iterencode(value)
        text = "".join(islice(chunks, 60))[:61]  # each has at least one character
    return text if len(text) <= 60 else f"{text[:57]}…"


def same(a: Any, b: Any) -> bool:
    """Whether two values are one in JSON: 1 is 1.0, true is not 1."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(same(a[key], b[key]) for key in a)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(same, a, b))
    return bool(a == b)


QUANTITY = re.compile(r"\+?([0-9]+(\.[0-9]*)?|\.[0-9]+)([KMGTPE]i|[numkMGTPE]|[eE][+-]?[0-9]+)?")


def is_quantity(value: Any) -> bool:
    """Whether Kubernetes reads the value as an amount: 500m, 1Gi, 2, 0.5."""
    if isinstance(value, str):
        return QUANTITY.fullmatch(value) is not None
    return is_number(value) and value >= 0


HOST = r"(localhost|[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+|[A-Za-z0-9.-]+(?=:)|\[[0-9a-f:.]+\])(:[0-9]+)?/"
STEP = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*"
TAG = "[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}"
DIGEST = "(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})"
IMAGE = re.compile(rf"({HOST})?{STEP}(/{STEP})*(:{TAG})?(@{DIGEST})?")


def is_image(value: Any) -> bool:
    """Whether a container runtime reads the value as the name of an image; empty text is for none."""
    return not isinstance(value, str) or not value or IMAGE.fullmatch(value) is not None


UNITS: dict[str, tuple[str, Callable[[Any], bool]]] = {
    "quantity": ("a quantity such as 500m or 1Gi", is_quantity),
    "image": ("an image such as ghcr.io/org/name:tag, in lower case up to its tag", is_image),
}


WORDS = {
    "string": "text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a map",
    "null": "null",
}


def _not(instance: Any, schema: Mapping[str, Any]) -> str:
    return "" if schema.get("secret") else f", not {shown(instance)}"


def _type(
    run: _Evaluation, expected: str | list[str], instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    names = [expected] if isinstance(expected, str) else expected
    if not any(TYPES[name](instance) for name in names):
        words = " or ".join(WORDS[name] for name in names)
        if schema.get("unit") == "quantity":
            words = "a quantity such as 500m or 1Gi"
        yield Fault(path, f"must be {words}{_not(instance, schema)}", "type")


def _enum(
    run: _Evaluation, expected: list[Any], instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if not any(same(choice, instance) for choice in expected):
        first = expected[:_MANY]
        choices = [choice if isinstance(choice, str) and choice else shown(choice) for choice in first]
        words = ", ".join([*choices, "…"] if len(expected) > _MANY else choices)
        yield Fault(path, f"must be one of {words}{_not(instance, schema)}", "enum")


def _const(
    run: _Evaluation, expected: Any, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if not same(expected, instance):
        yield Fault(path, f"must be {shown(expected)}{_not(instance, schema)}", "const")


def _unit(
    run: _Evaluation, expected: str, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if isinstance(instance, bool) or not isinstance(instance, str | int | float):
        return  # which `type` refuses
    words, fits = UNITS[expected]
    if not fits(instance):
        yield Fault(path, f"must be {words}{_not(instance, schema)}", "unit")


def _properties(
    run: _Evaluation, expected: Mapping[str, Schema], instance: Any, _: Any, path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name, schema in expected.items():
            if name in instance:
                yield from run.faults(schema, instance[name], (*path, name))


def _pattern_properties(
    run: _Evaluation, expected: Mapping[str, Schema], instance: Any, _: Any, path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for pattern, schema in expected.items():
            for name in instance:
                if run.matches(pattern, name):
                    yield from run.faults(schema, instance[name], (*path, name))


def _additional(
    run: _Evaluation, expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if not isinstance(instance, dict):
        return
    run.spend(len(instance))
    known, patterns = schema.get("properties", {}), schema.get("patternProperties", ())
    for name in instance:
        if name in known or any(run.matches(pattern, name) for pattern in patterns):
            continue
        if expected is False:
            run.spend(5 * len(known))  # to compare it with each
            hint = did_you_mean(str(name), known)
            message = f"is not known here{': ' * bool(hint)}{hint}"
            yield Fault((*path, name), message, "additionalProperties")
        else:
            yield from run.faults(expected, instance[name], (*path, name))


def _property_names(
    run: _Evaluation, expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in instance:
            key = "a key that" if schema.get("secret") else f"the key '{name}', which"
            for fault in run.faults(expected, name):
                yield Fault(path, f"has {key} {fault.message}", "propertyNames")


def _required(
    run: _Evaluation, expected: Sequence[str], instance: Any, _: Any, path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in expected:
            if name not in instance:
                yield Fault((*path, name), "is required", "required")


def _dependent(
    run: _Evaluation, expected: Mapping[str, list[str]], instance: Any, _: Any, path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in filter(instance.__contains__, expected):
            for missing in (other for other in expected[name] if other not in instance):
                yield Fault((*path, missing), f"is required with {name}", "dependentRequired")


def _items(run: _Evaluation, expected: Schema, instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, list):
        for index, item in enumerate(instance):
            yield from run.faults(expected, item, (*path, index))


def _unique(
    run: _Evaluation, expected: bool, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if expected and isinstance(instance, list):
        seen = set[Any]()
        for index, item in enumerate(instance):
            form = run.canonical(item)
            if form in seen:
                which = "" if schema.get("secret") else f": {shown(item)}"
                yield Fault((*path, index), f"is in the list twice{which}", "uniqueItems")
                return
            seen.add(form)


def _all_of(run: _Evaluation, expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    for schema in expected:
        yield from run.faults(schema, instance, path)


def _any_of(run: _Evaluation, expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    forms = [run.faults(schema, instance, path) for schema in expected]
    if all(forms):
        yield _none_fits(forms, path, "anyOf")


def _one_of(run: _Evaluation, expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    forms = [run.faults(schema, instance, path) for schema in expected]
    fitting = sum(not faults for faults in forms)
    if not fitting:
        yield _none_fits(forms, path, "oneOf")
    elif fitting > 1:
        yield Fault(path, f"fits {fitting} of its forms, of which exactly one may fit", "oneOf")


def _none_fits(forms: list[list[Fault]], path: Path, keyword: str) -> Fault:
    options = " — ".join(dict.fromkeys("; ".join(map(str, faults)) for faults in forms))
    short = options if len(options) <= _LONGEST else f"{options[:_LONGEST]}…"
    return Fault(path, f"fits none of its forms ({short})", keyword)


def _negated(
    run: _Evaluation, expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if not run.faults(expected, instance):
        yield Fault(path, f"is not allowed{_not(instance, schema).replace(', not', ':')}", "not")


def _if(
    run: _Evaluation, expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterable[Fault]:
    return run.faults(schema.get("else" if run.faults(expected, instance) else "then", True), instance, path)


def _multiple(
    run: _Evaluation, expected: float, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if is_number(instance) and _decimal(instance) % _decimal(expected):
        yield Fault(path, f"must be a multiple of {shown(expected)}{_not(instance, schema)}", "multipleOf")


def _decimal(number: float) -> Fraction:
    """Return the number that stands in the file, which a float may not hold: 0.1 is one tenth."""
    from fractions import Fraction  # 6 ms, for a keyword that few schemas have

    return Fraction(number) if isinstance(number, int) else Fraction(repr(number))


def _bound(words: str, keyword: str, fits: Callable[[Any, Any], bool]) -> Rule:
    def rule(
        run: _Evaluation, expected: float, instance: Any, schema: Mapping[str, Any], path: Path
    ) -> Iterator[Fault]:
        if is_number(instance) and not fits(instance, expected):
            yield Fault(path, f"must be {words} {shown(expected)}{_not(instance, schema)}", keyword)

    return rule


def _length(kind: type[Sized], noun: str, keyword: str) -> Rule:
    least = keyword.startswith("min")

    def rule(
        run: _Evaluation, expected: int, instance: Any, schema: Mapping[str, Any], path: Path
    ) -> Iterator[Fault]:
        if isinstance(instance, kind) and (len(instance) < expected if least else len(instance) > expected):
            many = f"{expected} {noun if expected == 1 else PLURALS[noun]}"
            words = f"must have at {'least' if least else 'most'} {many}{_not(len(instance), schema)}"
            yield Fault(path, "must not be empty" if least and not instance else words, keyword)

    return rule


PLURALS = {"character": "characters", "entry": "entries"}


def _pattern(
    run: _Evaluation, expected: str, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if isinstance(instance, str) and not run.matches(expected, instance):
        yield Fault(path, f"must match {expected}{_not(instance, schema)}", "pattern")


RULES: dict[str, Rule] = {
    "type": _type,
    "enum": _enum,
    "const": _const,
    "unit": _unit,
    "properties": _properties,
    "patternProperties": _pattern_properties,
    "additionalProperties": _additional,
    "propertyNames": _property_names,
    "required": _required,
    "dependentRequired": _dependent,
    "minProperties": _length(dict, "entry", "minProperties"),
    "items": _items,
    "minItems": _length(list, "entry", "minItems"),
    "maxItems": _length(list, "entry", "maxItems"),
    "uniqueItems": _unique,
    "minLength": _length(str, "character", "minLength"),
    "maxLength": _length(str, "character", "maxLength"),
    "pattern": _pattern,
    "minimum": _bound("at least", "minimum", lambda value, bound: value >= bound),
    "maximum": _bound("at most", "maximum", lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound("more than", "exclusiveMinimum", lambda value, bound: value > bound),
    "exclusiveMaximum": _bound("less than", "exclusiveMaximum", lambda value, bound: value < bound),
    "multipleOf": _multiple,
    "allOf": _all_of,
    "anyOf": _any_of,
    "oneOf": _one_of,
    "not": _negated,
    "if": _if,
}
