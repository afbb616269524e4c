"""What is read is what kubectl reads, each thing with its place, and what is wrong is said with its place."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError
from kfctl.yamltext import documents, load, load_all, load_located
from kfctl.yamltext.splice import same
from tests.campaign import size
from tests.work import assert_linear
from tests.yamltext.conftest import Reads
from tests.yamltext.layouts import Layout
from tests.yamltext.test_emit import alike
from tests.yamltext.test_splice_random import keys, trees
from tests.yamltext.values import WORDS

MANIFESTS = {
    "keys of other types": "{80: a, on: b, off: c, 0x1F: d, -5: e, 'on': f}",
    "merge": "a: &a {x: 1, z: 3}\nb: {<<: *a, x: 2}\nc: {<<: [*a, {w: 5}], v: 1}\n",
    "aliases": "a: &a [1, {b: c}]\nb: *a\nc: &c text\nd: *c\n",
    "tags": "[!!str 5, !!float 5, !!int '7', !!bool yes, !!null '', ! 5, !!map {a: b}, !!seq [1]]",
    "blocks": "a: |\n  x\n   y\n\nb: |-\n  x\n\nc: |+\n  x\n\nd: >\n  x\n  y\n\n  z\ne: |2\n    x\n",
    "flow over lines": "a: {\n  b: 'c\n    d',\n  e: [1,\n 2]}\nf: plain\n  text\n\n  more\n",
    "explicit keys": "? a\n: b\n? c\n",
    "quotes": "a: \"\\x41\\u00e9\\n\\\n  b\"\nb: 'it''s'\n",
    "comments and tabs": "a: b\t# c\nd: [e, # f\n\tg]\n",
}

FAULTS = {  # text → where and what, of each fault
    "twice": ("a: 1\nb: {c: 1, c: 2}\na: 3\n", "2:11 this key is here twice|3:1 this key is here"),
    "keys": ("on: 1\n5: 2\n~: 3\n[x]: 4\n", "1:1 a key must be a string, and this is a boolean|2:1|3:1|4:1"),
    "tab before a key": ("a:\n\tb: 1\n", "2:1 a tab where YAML wants spaces"),
    "tab in the indentation": ("a:\n  b: 1\n\tc: 2\n", "3:1 a tab where YAML wants spaces"),
    "binary": ("a: \0\n", "1:4 the control character U+0000"),
    "escape": ("a: b\nc: \x1b[0m\n", "2:4 the control character U+001B"),
    "surrogate": ("a: \ud800", "1:4 the lone surrogate U+D800"),
    "not UTF-8": (b"a: b\nc: \xe9\xe9\n", "2:4 byte 0xe9 is not UTF-8"),
    "UTF-16": ("a: é\n".encode("utf-16"), "1:1 byte 0xff is not UTF-8"),
    "unclosed": ("a: [1, 2\nb: 3\n", "2:2 "),
    "open quote": ("a: 'x\nb: 1\n", "3:1 found unexpected end of stream (while scanning a quoted scalar"),
    "colon": ("a: b: c\n", "1:5 a second `: ` where no map can start"),
    "indent": ("a: 1\n b: 2\n", "2:3 a second `: ` where no map can start"),
    "dedent": ("a:\n   b: 1\n  c: 2\n", "3:3 neither a key nor the end of the map"),
    "no alias": ("a: *b\n", "1:4 this alias names nothing: there is no such anchor before it"),
    "alias in itself": ("a: &x [1, *x]\n", "1:11 this alias names nothing: it stands inside"),
    "tag": ("a: !!omap 1\nb: !own x\nc: !!set {a}\n", "1:4 this tag is not supported|2:4|3:4"),
    "not base64": ("a: !!binary aGk\n", "1:4 the value of !!binary is not text in base64"),
    "wrong for its tag": ("a: !!int x\nb: !!bool 1\nc: !!int yes\n", "1:4 this is no !!int|2:4|3:4"),
    "infinite": ("a: .inf\nb: -.INF\nc: .nan\n", "1:4 .inf is no number that JSON knows|2:4|3:4"),
    "merge of text": ("a: {<<: b}\n", "1:9 what `<<` merges must be a map or a list of maps"),
    "deep": ("[" * 500, "1:201 more than 200 maps and lists in one another"),
    "deeper than libyaml reads": ("[" * 5000, " more than 200 maps and lists in one another"),
    "long number": ("a: " + "9" * 5000, "1:4 an integer of more than 4,300 digits is too long"),
    "two documents": ("a: 1\n---\nb: 2\n", "3:1 a second document"),
    "an empty second document": ("a: 1\n---\n", " a second document"),
    "reserved": ("a: @b\n", "1:4 this character can't start a value"),
    "a merge conflict": ("a: 1\n<<<<<<< ours\nb: 1\n=======\nb: 2\n>>>>>>> theirs\n", "2:1 a merge conflict"),
    "faults before a syntax error": ("a: 1\na: 2\nb: [\n", "2:1 this key is here twice|4:1 "),
}  # fmt: skip


def refusal(text: str | bytes, read: Any = load) -> list[str]:
    with pytest.raises(AppError) as caught:
        read(text, "f.yaml")
    return [f"{problem.where}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_has_its_place(name: str) -> None:
    text, wanted = FAULTS[name]
    found = refusal(text)
    expected = [each.partition(" ") for each in wanted.split("|")]
    assert len(found) == len(expected), found
    for line, (place, _, message) in zip(found, expected, strict=True):
        assert line.startswith(f"f.yaml:{place}: " if place else "f.yaml"), found
        assert message in line


def test_plain_words_mean_what_they_mean_to_kubectl(kubectl_reads: Reads) -> None:
    for form in ("v: {}\n", "v: [{}]\n", "v: {{a: {}}}\n", "v:\n- {} # c\n"):
        texts = [text for text in map(form.format, WORDS) if _read(text) is not None]
        assert len(texts) > 150
        for text, read in zip(texts, kubectl_reads(texts), strict=True):
            assert alike(read["v"], load_all(text)[0]["v"]), text


@settings(max_examples=size(2_000) // 20, deadline=None)
@given(st.lists(st.from_regex(r"[-+]?[0-9._eExXoObB:]{1,7}", fullmatch=True), min_size=50, max_size=50))
def test_what_looks_like_a_number_is_what_it_is_to_kubectl(kubectl_reads: Reads, words: list[str]) -> None:
    texts = [text for word in words if _read(text := f"v: {word}\n") is not None]
    for text, read in zip(texts, kubectl_reads(texts), strict=True):
        assert alike(read["v"], load_all(text)[0]["v"]), text


@pytest.mark.parametrize("name", MANIFESTS)
def test_manifests_are_read_as_kubectl_reads_them(name: str, kubectl_reads: Reads) -> None:
    text = MANIFESTS[name]
    assert kubectl_reads([text]) == load_all(text)


def _read(text: str) -> Any:
    try:
        return load_all(text)[0]
    except AppError:
        return None


def test_all_documents_but_the_empty_ones() -> None:
    assert load_all("# c\n---\na: 1\n---\n---\n# d\n---\n[2]\n...\n") == [{"a": 1}, [2]]
    assert load_all("") == load_all("# c\n") == load_all("---\n...\n") == []
    assert load("") is load("# c\n") is load("~") is None


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert load("\ufeffa: 1\n") == load(b"\xef\xbb\xbfa: 1\n") == {"a": 1}
    assert refusal(b"\xef\xbb\xbfa: \xff") == refusal(b"a: \xff")


def test_dates_stay_text() -> None:
    assert load("a: 2001-12-14\nb: 2001-12-14T21:59:43Z\n2001-01-01: c\n") == {
        "a": "2001-12-14",
        "b": "2001-12-14T21:59:43Z",
        "2001-01-01": "c",
    }


def test_each_value_has_its_place() -> None:
    located = load_located("# c\na: 1\nb:\n  - x\n  - c: {d: e}\nf:\n  g:\n", "f.yaml")
    assert {path: str(where) for path, where in located.locations.items()} == {
        (): "f.yaml:2:1",
        ("a",): "f.yaml:2:1",
        ("b",): "f.yaml:3:1",
        ("b", 0): "f.yaml:4:5",
        ("b", 1): "f.yaml:5:5",
        ("b", 1, "c"): "f.yaml:5:5",
        ("b", 1, "c", "d"): "f.yaml:5:9",
        ("f",): "f.yaml:6:1",
        ("f", "g"): "f.yaml:7:3",
    }
    assert str(located.at("a")) == "f.yaml:2:4"
    assert str(located.at("b", 1, "c", "d")) == "f.yaml:5:12"
    assert str(located.at("b", 1, "nothing", "there")) == "f.yaml:5:5"
    assert str(load_located("", "f.yaml").at("a")) == "f.yaml"


def test_aliases_are_copies() -> None:
    value = load("a: &x {b: []}\nc: *x\n")
    value["c"]["b"].append(1)
    assert value["a"] == {"b": []}


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 12)]
    assert "aliases stand for more than 100,000 values" in refusal("\n".join(lines))[0]


@settings(max_examples=size(5_000), deadline=None)
@given(
    st.one_of(st.binary(max_size=40), st.text(alphabet="ab:-?[]{},&*!|>'\"%@`# \n\t\\<=0.~yn", max_size=30))
)
def test_any_text_is_read_or_refused(text: str | bytes) -> None:
    for read in (load, load_all):
        try:
            assert same(read(text), read(text))
        except AppError as error:
            assert all(problem.where and problem.message for problem in error.problems)


@settings(max_examples=size(5_000) // 20, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.lists(st.dictionaries(keys, trees, min_size=1, max_size=4), min_size=20, max_size=20),
    st.integers(0, 2**32),
)
def test_every_style_is_read_as_kubectl_reads_it(kubectl_reads: Reads, batch: list[Any], seed: int) -> None:
    layouts = (Layout(Random(seed + number), sharing=number % 2 == 0) for number in range(len(batch)))
    texts = [
        "\n".join(layout.block(value, 0)).replace("\r", "") + "\n"
        for layout, value in zip(layouts, batch, strict=True)
    ]
    for text, value, read in zip(texts, batch, kubectl_reads(texts), strict=True):
        assert same(load_all(text)[0], value), text
        assert alike(read, value), text


SCALING = {
    "map": lambda number: "".join(f"a{n}: 1\n" for n in range(number)),
    "long key": lambda number: f"? {'a' * 10 * number}\n: 1\n",
    "plain text": lambda number: "a: x\n" + "  y z\n" * number,
    "documents": lambda number: "--- {}\n" * number,
    "anchors": lambda number: "".join(f"a{n}: &a{n} x\n" for n in range(number)),
    "aliases": lambda number: "a: &a {b: c}\n" + "".join(f"b{n}: *a\n" for n in range(number)),
    "merges": lambda number: "a: &a {b: c}\n" + "".join(f"b{n}: {{<<: *a, c: d}}\n" for n in range(number)),
    "merges of one list": lambda number: "a: &a {b: c}\nd: {<<: [" + "*a, " * number + "]}\n",
}


@pytest.mark.parametrize("make", SCALING.values(), ids=SCALING)
def test_reading_takes_linear_work(make: Callable[[int], str]) -> None:
    def call(number: int) -> Callable[[], object]:
        text = make(number)
        return lambda: documents(text, places=True)

    assert_linear(call, 100)


@pytest.mark.parametrize("text", ["[" + "1, " * 100 + "]", "--- 1\n" * 10, "---\n" * 10])
def test_text_of_too_many_values_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfctl.yamltext.reader.MAX_VALUES", 100)
    with pytest.raises(AppError, match="more than 100 values"):
        load_all(text)


def test_aliases_of_a_long_text_are_refused() -> None:
    text = f"a: &a {'x' * 10_000}\n" + "".join(f"k{number}: *a\n" for number in range(1_001))
    assert "aliases stand for more than 10,000,000 characters" in refusal(text)[0]
    keys = f"a: &a {{? {'x' * 10_000}\n : 1}}\n" + "".join(f"k{number}: *a\n" for number in range(1_001))
    assert "characters" in refusal(keys)[0]


def test_aliases_do_not_nest_deeper_than_what_is_written() -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} {'[' * 90}*a{n - 1}{']' * 90}\n" for n in range(1, 4))
    assert "more than 200 maps and lists in one another" in refusal(text)[0]


def test_an_error_lists_at_most_a_hundred_faults() -> None:
    assert len(refusal("a: 1\n" * 1_000)) == 100


def test_many_tag_lines_are_refused() -> None:
    lines = "".join(f"%TAG !a{number}! x\n" for number in range(200))
    assert "lines with %TAG" in refusal(f"{lines}---\na: 1\n")[0]
