"""Whether a value has a fault, in no words: nearly none has, and `schema.check` takes ten times as long."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.schema import RULES, compiled, same
from kfctl.model.dialect import TYPES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfctl.engine.schema import Schema

    Judge = Callable[[Any], bool]


def accepts(schema: Schema, instance: Any) -> bool:
    """Whether the instance has no fault."""
    return judge(schema)(instance)


def judge(schema: Schema) -> Judge:
    """Return what says of any instance whether it has no fault."""
    if isinstance(schema, bool):
        return lambda _: bool(schema)
    parts = [
        JUDGES.get(keyword, _by_rule(keyword))(expected, schema)
        for keyword, expected in schema.items()
        if keyword in RULES
    ]
    return parts[0] if len(parts) == 1 else _all(parts)


def _all(parts: list[Judge]) -> Judge:
    def judged(instance: Any) -> bool:
        for part in parts:  # noqa: SIM110  half the time of all(…)
            if not part(instance):
                return False
        return True

    return judged


def _by_rule(keyword: str) -> Callable[[Any, Mapping[str, Any]], Judge]:
    rule = RULES[keyword]
    return lambda expected, schema: lambda instance: not any(rule(expected, instance, schema, ()))


def _type(expected: str | list[str], _: object) -> Judge:
    if isinstance(expected, str):
        return TYPES[expected]
    return lambda instance: any(TYPES[name](instance) for name in expected)


def _properties(expected: Mapping[str, Schema], _: object) -> Judge:
    parts = [(name, judge(schema)) for name, schema in expected.items()]

    def judged(instance: Any) -> bool:
        if isinstance(instance, dict):
            for name, part in parts:
                if name in instance and not part(instance[name]):
                    return False
        return True

    return judged


def _required(expected: list[str], _: object) -> Judge:
    names = frozenset(expected)
    return lambda instance: not isinstance(instance, dict) or names <= instance.keys()


def _pattern(expected: str, _: object) -> Judge:
    search = compiled(expected).search
    return lambda instance: not isinstance(instance, str) or search(instance) is not None


def _not(expected: Schema, _: object) -> Judge:
    refused = judge(expected)
    return lambda instance: not refused(instance)


def _if(expected: Schema, schema: Mapping[str, Any]) -> Judge:
    condition, then, other = judge(expected), judge(schema.get("then", True)), judge(schema.get("else", True))
    return lambda instance: then(instance) if condition(instance) else other(instance)


# What the schemas of prototypes are mostly made of; for the rest the rule itself is asked.
JUDGES: dict[str, Callable[[Any, Mapping[str, Any]], Judge]] = {
    "type": _type,
    "const": lambda expected, _: lambda instance: same(expected, instance),
    "enum": lambda expected, _: lambda instance: any(same(choice, instance) for choice in expected),
    "properties": _properties,
    "required": _required,
    "pattern": _pattern,
    "not": _not,
    "if": _if,
}
