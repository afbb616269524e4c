"""A small evaluator of the part of JSON Schema 2020-12 of prototypes, with messages for people."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from kfctl.errors import did_you_mean
from kfctl.model.dialect import TYPES, Fault, is_number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized

    from kfctl.model.dialect import Path

    Schema = Mapping[str, Any] | bool
    Rule = Callable[[Any, Any, Mapping[str, Any], Path], Iterable[Fault]]


def check(schema: Schema, instance: Any, path: Path = ()) -> list[Fault]:
    """Return every fault of `instance`, none if the schema accepts it."""
    if isinstance(schema, bool):
        return [] if schema else [Fault(path, "is not allowed", "false")]
    faults = [
        fault
        for keyword, expected in schema.items()
        if keyword in RULES
        for fault in RULES[keyword](expected, instance, schema, path)
    ]
    if faults and "errorMessage" in schema:
        return [Fault(path, str(schema["errorMessage"]), "errorMessage")]
    return _without_parts(faults, path) if path and schema.get("secret") else faults


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

    text = f"'{value}'" if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
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


def _type(expected: str | list[str], instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    names = [expected] if isinstance(expected, str) else expected
    if not any(TYPES[name](instance) for name in names):
        words = " or ".join(WORDS[name] for name in names)
        if schema.get("unit") == "quantity":
            words = "a quantity such as 500m or 1Gi"
        yield Fault(path, f"must be {words}{_not(instance, schema)}", "type")


def _enum(expected: list[Any], instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if not any(same(choice, instance) for choice in expected):
        choices = ", ".join(
            choice if isinstance(choice, str) and choice else shown(choice) for choice in expected
        )
        yield Fault(path, f"must be one of {choices}{_not(instance, schema)}", "enum")


def _const(expected: Any, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if not same(expected, instance):
        yield Fault(path, f"must be {shown(expected)}{_not(instance, schema)}", "const")


def _unit(expected: str, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if isinstance(instance, bool) or not isinstance(instance, str | int | float):
        return  # which `type` refuses
    words, fits = UNITS[expected]
    if not fits(instance):
        yield Fault(path, f"must be {words}{_not(instance, schema)}", "unit")


def _properties(expected: Mapping[str, Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name, schema in expected.items():
            if name in instance:
                yield from check(schema, instance[name], (*path, name))


def _pattern_properties(expected: Mapping[str, Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for pattern, schema in expected.items():
            for name in filter(compiled(pattern).search, instance):
                yield from check(schema, instance[name], (*path, name))


def _additional(expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if not isinstance(instance, dict):
        return
    patterns = [compiled(pattern) for pattern in schema.get("patternProperties", ())]
    for name in instance:
        if name in schema.get("properties", ()) or any(pattern.search(name) for pattern in patterns):
            continue
        if expected is False:
            hint = did_you_mean(str(name), schema.get("properties", ()))
            message = f"is not known here{': ' * bool(hint)}{hint}"
            yield Fault((*path, name), message, "additionalProperties")
        else:
            yield from check(expected, instance[name], (*path, name))


def _property_names(
    expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path
) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in instance:
            key = "a key that" if schema.get("secret") else f"the key '{name}', which"
            for fault in check(expected, name):
                yield Fault(path, f"has {key} {fault.message}", "propertyNames")


def _required(expected: Sequence[str], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in expected:
            if name not in instance:
                yield Fault((*path, name), "is required", "required")


def _dependent(expected: Mapping[str, list[str]], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, dict):
        for name in filter(instance.__contains__, expected):
            for missing in (other for other in expected[name] if other not in instance):
                yield Fault((*path, missing), f"is required with {name}", "dependentRequired")


def _items(expected: Schema, instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    if isinstance(instance, list):
        for index, item in enumerate(instance):
            yield from check(expected, item, (*path, index))


def _unique(expected: bool, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if expected and isinstance(instance, list):
        twice = (i for i, a in enumerate(instance) if any(same(a, b) for b in instance[:i]))
        for index in twice:
            which = "" if schema.get("secret") else f": {shown(instance[index])}"
            yield Fault((*path, index), f"is in the list twice{which}", "uniqueItems")
            return


def _all_of(expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    for schema in expected:
        yield from check(schema, instance, path)


def _any_of(expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    faults = [check(schema, instance, path) for schema in expected]
    if all(faults):
        options = dict.fromkeys("; ".join(map(str, some)) for some in faults)
        yield Fault(path, f"fits none of its forms ({' — '.join(options)})", "anyOf")


def _one_of(expected: list[Schema], instance: Any, _: Any, path: Path) -> Iterator[Fault]:
    fitting = sum(not check(schema, instance) for schema in expected)
    if not fitting:
        yield from (
            Fault(fault.path, fault.message, "oneOf") for fault in _any_of(expected, instance, _, path)
        )
    elif fitting > 1:
        yield Fault(path, f"fits {fitting} of its forms, of which exactly one may fit", "oneOf")


def _negated(expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if not check(expected, instance):
        yield Fault(path, f"is not allowed{_not(instance, schema).replace(', not', ':')}", "not")


def _if(expected: Schema, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterable[Fault]:
    return check(schema.get("else" if check(expected, instance) else "then", True), instance, path)


def _multiple(expected: float, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if is_number(instance):
        quotient = instance / expected if isinstance(expected, float) else None
        rest = instance % expected if quotient is None else quotient != int(quotient)
        if rest:
            yield Fault(path, f"must be a multiple of {expected}{_not(instance, schema)}", "multipleOf")


def _bound(words: str, keyword: str, fits: Callable[[Any, Any], bool]) -> Rule:
    def rule(expected: float, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
        if is_number(instance) and not fits(instance, expected):
            yield Fault(path, f"must be {words} {expected}{_not(instance, schema)}", keyword)

    return rule


def _length(kind: type[Sized], noun: str, keyword: str) -> Rule:
    least = keyword.startswith("min")

    def rule(expected: int, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
        if isinstance(instance, kind) and (len(instance) < expected if least else len(instance) > expected):
            many = f"{expected} {noun if expected == 1 else PLURALS[noun]}"
            words = f"must have at {'least' if least else 'most'} {many}{_not(len(instance), schema)}"
            yield Fault(path, "must not be empty" if least and not instance else words, keyword)

    return rule


PLURALS = {"character": "characters", "entry": "entries"}


def _pattern(expected: str, instance: Any, schema: Mapping[str, Any], path: Path) -> Iterator[Fault]:
    if isinstance(instance, str) and not compiled(expected).search(instance):
        yield Fault(path, f"must match {expected}{_not(instance, schema)}", "pattern")


@lru_cache(maxsize=512)
def compiled(pattern: str) -> re.Pattern[str]:
    """Return a pattern as Python has it."""
    return re.compile(pattern)


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
