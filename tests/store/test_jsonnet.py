"""The part of Jsonnet that is read: values, and sums of objects; the rest is kept as text."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError, Location
from kfctl.model.ksonnet import Expression
from kfctl.store.jsonnet import Object, parse, plain
from tests.campaign import size
from tests.work import assert_linear

if TYPE_CHECKING:
    from collections.abc import Callable

JSON = st.recursive(
    st.one_of(
        st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text()
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)),
    max_leaves=8,
)


@settings(max_examples=size(2_000), deadline=None)
@given(JSON, st.booleans())
def test_json_is_jsonnet(value: Any, ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only, indent=1)
    assert plain(parse(text, "p").result) == json.loads(text)


@settings(max_examples=size(5_000), deadline=None)
@given(
    st.lists(st.sampled_from([*"{}[]()+:,;.'\"\\#/*|@-01ax \n", "local ", "|||", "import ", "if "])).map(
        "".join
    )
)
@example("{a:")
@example("||| \n")
@example("local")
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    try:
        plain(parse(text, "p").result)
    except AppError as error:
        assert error.problems[0].where


@pytest.mark.parametrize(
    ("text", "value"),
    [
        (r"""'a\'b\n\u0041\x'""", "a'b\nAx"),
        ("""@"a""b\\n" """, 'a"b\\n'),
        ("|||\n  one\n    two\n|||", "one\n  two\n"),
        ("-0.5e1", -5.0),
        ("/* a */ [1, // b\n 2, # c\n]", [1, 2]),
        ("{a: 1, 'b c': 2, \"d\" +: {e:: 3}, f::: null,}", {"a": 1, "b c": 2, "d": {"e": 3}, "f": None}),
        ("9007199254740993", 9007199254740993),
    ],
)
def test_values(text: str, value: Any) -> None:
    assert plain(parse(text, "p").result) == value


@pytest.mark.parametrize(
    "text",
    [
        "1 + 1",
        "self.a",
        "$.b",
        "import 'x'",
        "if true then 1 else 2",
        "f(1, [2])",
        "local x = 1; x",
        "'it''s'",
        "'%s' % 1",
    ],
)
def test_programs_are_kept_as_text(text: str) -> None:
    found = parse(f"{{ a: {text}, b: 2 }}", "p").result
    assert found.values == {"a": Expression(text, Location("p", 1, 6)), "b": 2}
    assert plain(found) == Expression(text, Location("p", 1, 6))


def test_what_an_environment_adds() -> None:
    text = (
        'local params = std.extVar("__ksonnet/params");\nlocal more = params + {\n  a +: { b: 1 } };\nmore\n'
    )
    program = parse(text, "p")
    more = program.locals["more"]
    assert isinstance(more, Object)
    assert (more.base, plain(more), more.places["a"]) == ("params", {"a": {"b": 1}}, Location("p", 3, 3))
    assert program.result == Expression("more", Location("p", 4, 1))
    assert parse("params { a: 1 }", "p").result.base == "params"


@pytest.mark.parametrize(
    ("text", "where"),
    [('{\n a: "x"y" }', "p:3"), ("{ a: 1 ", "p:1:8"), ("[1, 2", "p:1:6"), ("{ a: ]", "p:1:6"), ("", "p:1:1")],
)
def test_what_is_no_jsonnet_is_told_with_its_place(text: str, where: str) -> None:
    with pytest.raises(AppError) as caught:
        parse(text, "p")
    assert str(caught.value.problems[0].where).startswith(where.rpartition(":")[0])


def test_deep_values_end_in_an_error_of_ours() -> None:
    with pytest.raises(AppError, match="more than 100"):
        parse("[" * 5000 + "]" * 5000, "p")


SCALING = {
    "fields": lambda number: "{" + "".join(f'a{n}: "v",\n' for n in range(number)) + "}",
    "blocks": lambda number: "{" + "".join(f"a{n}: |||\n  x\n|||,\n" for n in range(number)) + "}",
    "comments": lambda number: "{" + "/* x */ \n" * number + "}",
    "sums": lambda number: "{ a: " + "x + " * number + "1 }",
    "nested": lambda number: "{ a: " * 90 + "{" + "a: 1 + 1, " * number + "}" + " + 1 }" * 90,
    "lists": lambda number: "[" + "1, " * number + "]",
}


@pytest.mark.parametrize("make", SCALING.values(), ids=SCALING)
def test_reading_takes_linear_work(make: Callable[[int], str]) -> None:
    def call(number: int) -> Callable[[], object]:
        text = make(number)
        return lambda: parse(text, "p")

    assert_linear(call, 200)


@pytest.mark.parametrize(
    ("text", "line"), [("{ a: 1 + \n" + "x |||\n" * 1_000 + "}", 2), ("{\n\n" + "/*" * 1_000, 3)]
)
def test_the_first_block_or_comment_without_an_end_is_the_error(text: str, line: int) -> None:
    with pytest.raises(AppError, match="has no end") as caught:
        parse(text, "p")
    assert caught.value.problems[0].where.line == line


@pytest.mark.parametrize("number", ["9" * 5_000, "1e999", "-1e999", "-" + "9" * 5_000])
def test_a_number_too_large_is_an_error_with_its_place(number: str) -> None:
    with pytest.raises(AppError, match="too large") as caught:
        parse("{\n a: " + number + "}", "p")
    assert caught.value.problems[0].where.line == 2
