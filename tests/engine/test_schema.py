"""The evaluator of schemas: what it says to people, and that it judges as the jsonschema library does."""

from __future__ import annotations

import re
import sys
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import hypothesis
import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema.exceptions import ValidationError
from jsonschema.validators import extend

from kfctl.engine.schema import check, is_image, is_quantity
from kfctl.model.dialect import faults_of_schema, is_number
from kfctl.model.pattern import _Compiled
from kfctl.store.catalog import catalog
from tests.campaign import size
from tests.engine.instances import instances, schemas
from tests.work import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping


@pytest.mark.parametrize(
    ("schema", "instance", "said"),
    [
        ({"type": "integer"}, "two", "must be an integer, not 'two'"),
        ({"type": "integer"}, True, "must be an integer, not true"),
        ({"type": "integer"}, 2.0, None),
        ({"type": ["string", "number"]}, [1], "must be text or a number, not [1]"),
        ({"type": "object"}, "x" * 100, f"must be a map, not '{'x' * 56}…"),
        ({"enum": ["a", "b"]}, "c", "must be one of a, b, not 'c'"),
        ({"enum": ["", 1, None]}, "c", "must be one of '', 1, null, not 'c'"),
        ({"enum": [1]}, True, "must be one of 1, not true"),
        ({"const": "nfs"}, "pvc", "must be 'nfs', not 'pvc'"),
        ({"minLength": 1}, "", "must not be empty"),
        ({"minItems": 2}, ["a"], "must have at least 2 entries, not 1"),
        ({"maxLength": 1}, "ab", "must have at most 1 character, not 2"),
        ({"pattern": "^a+$"}, "b", "must match ^a+$, not 'b'"),
        ({"pattern": "^a+$", "errorMessage": "must be a's"}, "b", "must be a's"),
        ({"minimum": 1}, 0, "must be at least 1, not 0"),
        ({"exclusiveMaximum": 1}, 1, "must be less than 1, not 1"),
        ({"multipleOf": 2}, 3, "must be a multiple of 2, not 3"),
        ({"uniqueItems": True}, [1, 1.0], "[1] is in the list twice: 1.0"),
        ({"uniqueItems": True}, [1, True], None),
        ({"required": ["a"]}, {}, "a is required"),
        ({"dependentRequired": {"a": ["b"]}}, {"a": 1}, "b is required with a"),
        ({"properties": {"a": {"type": "string"}}}, {"a": 1}, "a must be text, not 1"),
        ({"items": {"properties": {"b": {"type": "string"}}}}, [{"b": 1}], "[0].b must be text, not 1"),
        ({"additionalProperties": False, "properties": {"a": True}}, {"b": 1}, "b is not known here"),
        (
            {"additionalProperties": False, "properties": {"replicas": True}},
            {"replicaz": 1},
            "replicaz is not known here: did you mean replicas?",
        ),
        (
            {"propertyNames": {"maxLength": 1}},
            {"bb": 1},
            "has the key 'bb', which must have at most 1 character, not 2",
        ),
        ({"type": "string", "secret": True}, 1234, "must be text"),
        ({"enum": ["x"], "secret": True}, "s3cr3t", "must be one of x"),
        (
            {"unit": "quantity", "type": ["string", "number"]},
            "1GB",
            "must be a quantity such as 500m or 1Gi, not '1GB'",
        ),
        (
            {"unit": "quantity", "type": ["string", "number"]},
            True,
            "must be a quantity such as 500m or 1Gi, not true",
        ),
        ({"not": {"const": 1}}, 1, "is not allowed: 1"),
        (
            {"anyOf": [{"type": "string"}, {"minimum": 3}]},
            1,
            "fits none of its forms (must be text, not 1 — must be at least 3, not 1)",
        ),
        (
            {"oneOf": [{"type": "integer"}, {"minimum": 3}]},
            4,
            "fits 2 of its forms, of which exactly one may fit",
        ),
        (
            {
                "if": {"properties": {"kind": {"const": "nfs"}}, "required": ["kind"]},
                "then": {"required": ["claim"]},
                "errorMessage": "kind nfs needs claim",
            },
            {"kind": "nfs"},
            "kind nfs needs claim",
        ),
        ({"if": {"const": 1}, "then": False}, 1, "is not allowed"),
        ({"if": {"const": 1}, "then": False}, 2, None),
        (False, 1, "is not allowed"),
        (True, 1, None),
    ],
)
def test_faults_are_said_for_people(schema: Any, instance: Any, said: str | None) -> None:
    assert [str(fault) for fault in check(schema, instance)] == ([said] if said else [])


def test_every_fault_is_said() -> None:
    schema = {"properties": {"a": {"type": "string"}, "b": {"minimum": 3}}, "required": ["c"]}
    assert {str(fault) for fault in check(schema, {"a": 1, "b": 2})} == {
        "a must be text, not 1",
        "b must be at least 3, not 2",
        "c is required",
    }


@pytest.mark.parametrize(
    "text", ["500m", "1Gi", "0.5", ".5", "5.", "1e3", "1E-3", "12Ki", "0", "+1", 1, 0.5, 0]
)
def test_quantities(text: Any) -> None:
    assert is_quantity(text)


@pytest.mark.parametrize(
    "text",
    ["", "1GB", "1 Gi", "Gi", "-1", "1gi", "1e", "0x1", "1Gi\n", ".", "1K", -1, True, None, float("inf")],
)
def test_no_quantities(text: Any) -> None:
    assert not is_quantity(text)


IMAGES = [
    "nginx",
    "tensorflow/serving:2.20.0-gpu",
    "ghcr.io/org/sub/name:V1_x",
    "localhost/x",
    "localhost:5000/x/y__z",
    "registry:5000/a-b",
    "REGISTRY.example.com:5000/a",
    "[fd00::1]:5000/a",
    "quay.io/a/b:tag@sha256:" + "0a" * 32,
    "a@sha512:" + "0" * 128,
    "",  # none; `minLength` is for those that must be
]
NO_IMAGES = [
    "a b",
    " a",
    "a\n",
    "TensorFlow/serving",
    "tensorflow/Serving:1",
    ":tag",
    "a:",
    "a:b:c",
    "a:" + "t" * 129,
    "a//b",
    "/a",
    "a/",
    "http://example.com/a",
    "a@sha256:1234",
    "a@latest",
    "${IMAGE}",
    "-a",
    "a..b",
]


@pytest.mark.parametrize("text", IMAGES)
def test_images(text: str) -> None:
    assert is_image(text)


@pytest.mark.parametrize("text", NO_IMAGES)
def test_no_images(text: str) -> None:
    assert not is_image(text)
    (fault,) = check({"type": "string", "unit": "image"}, text, ("image",))
    assert str(fault).startswith("image must be an image such as ghcr.io/org/name:tag")


def unit_keyword(_: Any, unit: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Tell the referee of the one keyword of ours that judges."""
    judged = isinstance(instance, str | int | float) and not isinstance(instance, bool)
    if judged and not {"quantity": is_quantity, "image": is_image}[unit](instance):
        yield ValidationError(f"no {unit}")


def pattern_keyword(_: Any, pattern: str, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Match as RE2 does, with Python's `re`: `$` is the end of the text, `\\s` and `\\d` are ASCII."""
    translated = (
        pattern.replace("$", r"\Z").replace(r"[^,\s]", r"[^,\t\n\f\r ]").replace(r"[^\s/]", r"[^\t\n\f\r /]")
    )
    if isinstance(instance, str) and not re.search(translated, instance, re.ASCII):
        yield ValidationError("no match")


def multiple_keyword(_: Any, divisor: float, instance: Any, __: Any) -> Iterator[ValidationError]:
    """Divide decimals, where the referee divides binary floats: 0.3 is a multiple of 0.1."""
    if is_number(instance) and (Decimal(repr(instance)) / Decimal(repr(divisor))) % 1:
        yield ValidationError("no multiple")


REFEREE = extend(
    jsonschema.Draft202012Validator,
    {"unit": unit_keyword, "pattern": pattern_keyword, "multipleOf": multiple_keyword},
)
CAMPAIGN = settings(
    max_examples=size(2_000), deadline=None, database=None, suppress_health_check=list(hypothesis.HealthCheck)
)


def assert_same_verdict(schema: Mapping[str, Any], instance: Any) -> None:
    verdict = REFEREE(schema).is_valid(instance)
    faults = [str(fault) for fault in check(schema, instance)]
    assert (not faults) == verdict, faults


@pytest.mark.parametrize("name", catalog().names())
def test_every_shipped_schema_is_judged_as_by_the_referee(name: str) -> None:
    schema = catalog().get(name).schema

    @CAMPAIGN
    @given(instances(schema))
    def judge(instance: Any) -> None:
        assert_same_verdict(schema, instance)

    judge()


@CAMPAIGN
@given(schemas.flatmap(lambda schema: st.tuples(st.just(schema), instances(schema))))
def test_random_schemas_are_judged_as_by_the_referee(pair: tuple[dict[str, Any], Any]) -> None:
    assert_same_verdict(*pair)


@pytest.mark.parametrize("name", catalog().names())
def test_examples_and_defaults_are_accepted(name: str) -> None:
    prototype = catalog().get(name)
    for parameter in prototype.parameters.values():
        if parameter.default is not None:
            assert not check(parameter.schema, parameter.default), parameter
        for example in parameter.schema.get("examples", ()):
            assert not check(parameter.schema, example), (parameter, example)


def test_faults_come_in_the_order_of_the_values() -> None:
    """Not in that of a set, which another run has otherwise."""
    names = [f"name{number}" for number in range(20)]
    schema = {"type": "object", "additionalProperties": {"type": "string"}}
    assert [fault.path for fault in check(schema, dict.fromkeys(names, 1))] == [(name,) for name in names]
    closed = {"type": "object", "properties": {}, "additionalProperties": False}
    assert [fault.path for fault in check(closed, dict.fromkeys(names, 1))] == [(name,) for name in names]
    needs = {"dependentRequired": {name: ["other"] for name in names}}
    assert [str(fault) for fault in check(needs, dict.fromkeys(names, 1))] == [
        f"other is required with {name}" for name in names
    ]


def nested(keyword: str, depth: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(depth):
        schema = {keyword: schema if keyword == "not" else [schema]}
    return schema


Pair = tuple[Any, Any]  # a schema and a value
SCALING: dict[str, tuple[int, Callable[[int], Pair]]] = {
    "oneOf": (8, lambda size: (nested("oneOf", size), 1)),
    "anyOf": (8, lambda size: (nested("anyOf", size), 1)),
    "allOf": (8, lambda size: (nested("allOf", size), 1)),
    "not": (8, lambda size: (nested("not", size), 1)),
    "if": (8, lambda size: ({"if": nested("oneOf", size), "else": nested("anyOf", size)}, 1)),
    "unique": (500, lambda size: ({"uniqueItems": True}, list(range(size)))),
    "one hash": (500, lambda size: ({"uniqueItems": True}, [n * sys.hash_info.modulus for n in range(size)])),
    "enum": (500, lambda size: ({"enum": list(range(size))}, -1)),
    "required": (500, lambda size: ({"required": names(size)}, {})),
    "unknown": (500, lambda size: ({"additionalProperties": False}, dict.fromkeys(names(size)))),
    "names": (500, lambda size: ({"propertyNames": {"pattern": "^(a+)+$"}}, dict.fromkeys(names(size)))),
    "patterns": (500, lambda size: ({"patternProperties": {"^(a+)+$": False}}, dict.fromkeys(names(size)))),
}


def names(size: int) -> list[str]:
    return [f"a{number}" for number in range(size)]


@pytest.mark.parametrize(("size", "make"), SCALING.values(), ids=SCALING)
def test_checking_takes_linear_work(size: int, make: Callable[[int], Pair]) -> None:
    def call(size: int) -> Callable[[], object]:
        schema, instance = make(size)
        return lambda: check(schema, instance)

    assert_linear(call, size)


@pytest.mark.parametrize("pattern", ["^(a+)+$", "^(a|a)*$", "(a*)*b", "^(a|aa)+$"])
def test_patterns_that_backtrack_end_at_once(pattern: str) -> None:
    assert check({"pattern": pattern}, "a" * 100_000 + "!")


def test_a_pattern_matches_the_whole_text_up_to_its_end() -> None:
    assert [bool(check({"pattern": "^a$"}, text)) for text in ("a", "a\n", "b\na")] == [False, True, True]


@pytest.mark.parametrize(
    ("schema", "instance"),
    [
        ({"items": {"allOf": [{"minimum": 0}] * 300}}, [1] * 300),
        ({"items": {"enum": list(range(300))}}, [-1] * 300),
        ({"items": {"pattern": "(.?){900}(.?){900}c"}}, ["x" * 1_000] * 100),
        ({"items": {"properties": dict.fromkeys(names(300), True)}}, [{}] * 300),
    ],
    ids=["schemas", "enum", "pattern", "properties"],
)
def test_a_schema_and_a_value_too_large_together_are_refused(
    schema: Any, instance: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kfctl.engine.schema.MAX_WORK", 30_000)
    assert [fault.keyword for fault in check(schema, instance, ("x",))] == ["work"]


@pytest.mark.parametrize(
    ("schema", "instance", "fits"),
    [
        ({"type": "integer"}, 10**400, True),
        ({"maximum": 10**400}, 1.5, True),
        ({"multipleOf": 1e-300}, 1e308, True),
        ({"multipleOf": 0.1}, 0.3, True),
        ({"multipleOf": 1e308}, 10**400 + 1, False),
        ({"multipleOf": 7}, 10**400, False),
        ({"uniqueItems": True}, [10**400, 10**400], False),
        ({"uniqueItems": True}, [1, 1.0], False),
        ({"uniqueItems": True}, [True, 1, "1", None, [1], {"1": 1}], True),
        ({"uniqueItems": True}, [{"a": 1, "b": [2]}, {"b": [2.0], "a": 1.0}], False),
    ],
)
def test_numbers_of_any_size_are_judged_exactly(schema: Any, instance: Any, fits: bool) -> None:
    assert (not check(schema, instance)) == fits


def test_many_large_patterns_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfctl.model.pattern._compiled", _Compiled())
    monkeypatch.setattr("kfctl.model.pattern.MAX_SIZES", 20_000)
    schema = {"allOf": [{"pattern": f"[^x]{{900}}{number}z"} for number in range(9)]}
    faults = faults_of_schema(schema)
    assert len(faults) == 6
    assert all("too many large patterns" in fault.message for fault in faults)
