"""A parameter is secret by its schema, and no message quotes a part of its value."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine.schema import RULES, check
from kfctl.model.parameters import Parameter
from kfctl.model.secrecy import conceal, conceal_rule, secret_names

CANARY = "canary-7"
NUMBER = 735_197

# Keyword → schemas that refuse a value which holds a canary.
FAILURES: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "type": [({"type": "integer"}, CANARY), ({"type": "string"}, NUMBER), ({"type": "string"}, [CANARY])],
    "enum": [({"enum": ["a"]}, CANARY), ({"enum": ["a"]}, {CANARY: CANARY}), ({"enum": [1]}, NUMBER)],
    "const": [({"const": "a"}, CANARY), ({"const": {}}, {"a": CANARY})],
    "unit": [({"unit": "quantity"}, CANARY), ({"unit": "image"}, f"{CANARY}:")],
    "properties": [({"properties": {"a": {"type": "integer"}}}, {"a": CANARY})],
    "patternProperties": [({"patternProperties": {"": {"type": "integer"}}}, {CANARY: CANARY})],
    "additionalProperties": [
        ({"additionalProperties": False}, {CANARY: 1}),
        ({"additionalProperties": {"pattern": "^a$"}}, {CANARY: CANARY}),
    ],
    "propertyNames": [({"propertyNames": {"maxLength": 2}}, {CANARY: 1})],
    "required": [({"additionalProperties": {"required": ["x"]}}, {CANARY: {"a": CANARY}})],
    "dependentRequired": [({"dependentRequired": {"a": ["b"]}}, {"a": CANARY})],
    "minProperties": [({"minProperties": 2}, {CANARY: 1})],
    "items": [({"items": {"pattern": "^a$"}}, [CANARY])],
    "minItems": [({"minItems": 2}, [CANARY])],
    "maxItems": [({"maxItems": 0}, [CANARY])],
    "uniqueItems": [({"uniqueItems": True}, [CANARY, CANARY])],
    "minLength": [({"minLength": 20}, CANARY)],
    "maxLength": [({"maxLength": 2}, CANARY)],
    "pattern": [({"pattern": "^a$"}, CANARY)],
    "minimum": [({"minimum": 1_000_000}, NUMBER)],
    "maximum": [({"maximum": 1}, NUMBER)],
    "exclusiveMinimum": [({"exclusiveMinimum": 1_000_000}, NUMBER)],
    "exclusiveMaximum": [({"exclusiveMaximum": 1}, NUMBER)],
    "multipleOf": [({"multipleOf": 2}, NUMBER)],
    "allOf": [({"allOf": [{"pattern": "^a$"}, {"items": {"const": 1}}]}, CANARY)],
    "anyOf": [({"anyOf": [{"const": 1}, {"properties": {"a": {"const": 1}}}]}, {"a": CANARY})],
    "oneOf": [({"oneOf": [{"const": 1}, {"items": {"enum": [2]}}]}, [CANARY])],
    "not": [({"not": {"type": "string"}}, CANARY), ({"not": {}}, {CANARY: NUMBER})],
    "if": [
        ({"if": {"type": "string"}, "then": {"pattern": "^a$"}}, CANARY),
        ({"if": {"type": "integer"}, "else": {"const": 1}}, CANARY),
    ],
}
CASES = [(schema, value) for cases in FAILURES.values() for schema, value in cases]
SECRET = {"type": "string", "secret": True}


def quotes(texts: list[str]) -> bool:
    return any(form in text for text in texts for form in (CANARY, str(NUMBER)))


def test_every_keyword_has_a_case() -> None:
    assert FAILURES.keys() == RULES.keys()


@pytest.mark.parametrize(("schema", "value"), CASES)
def test_a_fault_of_a_secret_quotes_no_value(schema: dict[str, Any], value: Any) -> None:
    parameter = Parameter("p", {**schema, "secret": True})
    faults = [str(fault) for fault in check(parameter.schema, value, ("p",))]
    assert faults and not quotes(faults)


@pytest.mark.parametrize(("schema", "value"), CASES)
@pytest.mark.parametrize(
    "around",
    [
        lambda part: {"properties": {"p": part}},
        lambda part: {"patternProperties": {"^p": part}},
        lambda part: {"additionalProperties": part},
        lambda part: {"if": {"required": ["p"]}, "then": {"allOf": [{"properties": {"p": part}}]}},
        lambda part: {"anyOf": [{"properties": {"p": part}}, {"required": ["q"]}]},
        lambda part: {"not": {"not": {"properties": {"p": part}}}},
    ],
)
def test_a_fault_of_a_rule_quotes_no_secret(schema: dict[str, Any], value: Any, around: Any) -> None:
    faults = [str(fault) for fault in check(conceal_rule(around(schema), {"p"}), {"p": value})]
    assert faults and not quotes(faults)


def test_a_fault_of_a_rule_quotes_what_is_not_secret() -> None:
    rule = conceal_rule({"properties": {"p": {"const": 1}, "q": {"const": 1}}}, {"p"})
    assert [str(fault) for fault in check(rule, {"p": 2, "q": 3})] == ["p must be 1", "q must be 1, not 3"]


@pytest.mark.parametrize(
    "schema",
    [
        SECRET,
        {"type": "object", "properties": {"a": {"type": "object", "properties": {"b": SECRET}}}},
        {"type": "object", "patternProperties": {"x": SECRET}},
        {"type": "object", "additionalProperties": SECRET},
        {"type": "array", "items": {"properties": {"a": SECRET}}},
        {"oneOf": [{"type": "null"}, SECRET]},
        {"anyOf": [{"type": "null"}, SECRET]},
        {"allOf": [SECRET]},
        {"if": {}, "then": SECRET},
        {"if": {}, "else": SECRET},
    ],
)
def test_a_parameter_is_secret_if_a_part_of_it_is(schema: dict[str, Any]) -> None:
    parameter = Parameter("p", schema)
    assert parameter.secret
    assert parameter.schema == conceal(schema)


def test_a_parameter_is_not_secret_by_a_value_in_its_schema() -> None:
    schema = {"type": "object", "default": {"secret": True}, "examples": [{"secret": True}]}
    assert not Parameter("p", {**schema, "properties": {"secret": {"type": "boolean"}}}).secret


@pytest.mark.parametrize(
    "rule",
    [
        {"allOf": [{"properties": {"p": SECRET}}]},
        {"if": {"required": ["q"]}, "then": {"properties": {"p": {"items": SECRET}}}},
        {"patternProperties": {"^p$": SECRET}},
        {"properties": {"q": {}}, "additionalProperties": SECRET},
    ],
)
def test_a_rule_can_make_a_parameter_secret(rule: dict[str, Any]) -> None:
    assert secret_names(rule, ["p", "q"]) == {"p"}
