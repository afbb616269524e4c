"""Text from a command line becomes a value by the schema's type, never by how it looks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.engine.typed import parse_value
from kfctl.errors import ParameterError
from kfctl.model.parameters import Parameter

STRING: dict[str, Any] = {"type": "string"}
INTEGER: dict[str, Any] = {"type": "integer"}
QUANTITY: dict[str, Any] = {"type": ["string", "number"], "unit": "quantity"}
LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
NUMBERS: dict[str, Any] = {"type": "array", "items": {"type": "integer"}}
MAP: dict[str, Any] = {"type": "object", "additionalProperties": {"type": "string"}}


@pytest.mark.parametrize(
    ("schema", "texts", "value"),
    [
        (STRING, ["5"], "5"),
        (STRING, ["true"], "true"),
        (STRING, [""], ""),
        (STRING, ["-5"], "-5"),
        (STRING, ["null"], "null"),
        (STRING, ["[1]"], "[1]"),
        (INTEGER, ["5"], 5),
        (INTEGER, ["-5"], -5),
        (INTEGER, ["007"], 7),
        ({"type": "number"}, ["0.5"], 0.5),
        ({"type": "number"}, ["2"], 2),
        ({"type": "number"}, ["1e3"], 1000.0),
        ({"type": "boolean"}, ["true"], True),
        ({"type": "boolean"}, ["False"], False),
        (QUANTITY, ["2"], "2"),
        (QUANTITY, ["500m"], "500m"),
        ({"enum": ["a", "b"]}, ["a"], "a"),
        ({"enum": [1, 2]}, ["2"], 2),
        ({"type": ["integer", "string"]}, ["80"], 80),
        ({"type": ["string", "integer"]}, ["80"], 80),
        ({"type": ["string", "integer"]}, ["http"], "http"),
        ({}, ["5"], "5"),
        (LIST, ["--foo"], ["--foo"]),
        (LIST, ["--foo", "--bar"], ["--foo", "--bar"]),
        (LIST, ["a,b"], ["a,b"]),
        (LIST, ['["--layers=64,32"]'], ["--layers=64,32"]),
        (LIST, ["[]"], []),
        (LIST, ["[x", "y"], ["[x", "y"]),
        (LIST, [""], [""]),
        (NUMBERS, ["1", "2"], [1, 2]),
        (NUMBERS, ["[1, 2]"], [1, 2]),
        ({"type": "array", "items": {"type": "object"}}, ['{"a": 1}'], [{"a": 1}]),
        (MAP, ['{"a": "b"}'], {"a": "b"}),
        (MAP, ["{}"], {}),
        (MAP, ["a=b=c"], {"a": "b=c"}),
        (MAP, ["a=1", "b="], {"a": "1", "b": ""}),
    ],
)
def test_values(schema: dict[str, Any], texts: list[str], value: Any) -> None:
    found = parse_value(Parameter("p", schema), texts)
    assert found == value
    assert type(found) is type(value)


NESTED = {"type": "object", "properties": {"limits": {"type": "object"}}}
JSON_LIST = "must be a JSON list, or one plain value each"


@pytest.mark.parametrize(
    ("schema", "texts", "said"),
    [
        (INTEGER, ["two"], "p must be an integer, not 'two'"),
        (INTEGER, ["2.0"], "p must be an integer, not '2.0'"),
        (INTEGER, [""], "p must be an integer"),
        (INTEGER, ["5\n"], "p must be an integer, not '5\n'"),
        (INTEGER, ["٣"], "p must be an integer, not '٣'"),
        (INTEGER, ["1", "2"], "p takes one value, and 2 were given"),
        ({"type": "number"}, ["nan"], "p must be a number, not 'nan'"),
        ({"type": "number"}, ["1e999"], "p must be a number, not '1e999'"),
        ({"type": "boolean"}, ["yes"], "p must be true or false, not 'yes'"),
        (QUANTITY, ["1GB"], "p must be a quantity such as 500m or 1Gi, not '1GB'"),
        ({"enum": ["a", "b"]}, ["c"], "p must be one of a, b, not 'c'"),
        (NUMBERS, ["1", "x"], "p[1] must be an integer, not 'x'"),
        ({"type": "array", "items": MAP}, ["x"], "p[0] must be a JSON map, or key=value"),
        (NESTED, ["limits=1"], "p.limits must be a JSON map, or key=value"),
        (LIST, ['["a" "b"]'], f"p {JSON_LIST} (expecting ',' delimiter at character 6), not '[\"a\" \"b\"]'"),
        (LIST, ['["a\n"]'], f"p {JSON_LIST} (invalid control character at character 4), not '[\"a\n\"]'"),
        (LIST, ["[1e400]"], f"p {JSON_LIST} (a number is too large), not '[1e400]'"),
        (
            MAP,
            ['{"a": "1", "a": "2"}'],
            'p must be a JSON map (a key is there twice), not \'{"a": "1", "a": "2"}\'',
        ),
        (MAP, ["a"], "p must be a JSON map, or key=value"),
        (MAP, ["=a"], "p must be a JSON map, or key=value"),
        ({**STRING, "minLength": 1}, [""], "p must not be empty"),
    ],
)
def test_faults(schema: dict[str, Any], texts: list[str], said: str) -> None:
    with pytest.raises(ParameterError) as error:
        parse_value(Parameter("p", schema), texts)
    assert str(error.value) == said


@pytest.mark.parametrize("text", ["[a]", '["a"', "[NaN]", "[" * 100_000])
def test_a_list_that_only_begins_like_json_is_refused(text: str) -> None:
    with pytest.raises(ParameterError, match="must be a JSON list, or one plain value"):
        parse_value(Parameter("p", LIST), [text])


def test_a_secret_value_is_not_repeated() -> None:
    with pytest.raises(ParameterError) as error:
        parse_value(Parameter("p", {**INTEGER, "secret": True}), ["hunter2"])
    assert "hunter2" not in str(error.value)
    for text in ('{"hunter2": 1, "hunter2": 2}', '{"hunter2": 1e999}', '{"hunter2"', "hunter2=[", "hunter2"):
        schema = {"type": "object", "additionalProperties": {"type": "array"}, "secret": True}
        with pytest.raises(ParameterError) as error:
            parse_value(Parameter("p", schema), [text])
        assert "hunter2" not in str(error.value)


@pytest.mark.parametrize(("schema", "text"), [(STRING, "a\udcff"), (LIST, '["\\ud800"]'), (MAP, "\udfffa=b")])
def test_half_a_character_is_no_text(schema: dict[str, Any], text: str) -> None:
    with pytest.raises(ParameterError, match=r"holds U\+D[0-9A-F]{3}, which is half a character and no text"):
        parse_value(Parameter("p", schema), [text])


@given(st.text())
def test_any_text_is_the_string_it_is(text: str) -> None:
    assert parse_value(Parameter("p", STRING), [text]) == text


@given(st.integers())
def test_any_integer_comes_back(number: int) -> None:
    assert parse_value(Parameter("p", INTEGER), [str(number)]) == number


@given(st.lists(st.text(), min_size=2))
def test_repeated_plain_values_are_a_list(texts: list[str]) -> None:
    assert parse_value(Parameter("p", LIST), texts) == texts
