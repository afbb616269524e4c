"""What an edit leaves as it was and how the new lines look, row by row."""

from typing import Any

import pytest

from kfctl.errors import AppError
from kfctl.yamltext import load, set_in, unset_in

FILE = """\
# head
apiVersion: kfctl/v1
kind: Component   # c

params:
  # about the name
  name: 'inception'   # the name
  script: |
    a
    b

  list: [a, "b"]   # l
  map: {x: 1, z: 2}
  # after

patches: []
"""

SET = {  # name → lines of FILE that change, by number: (first, last, what then stands there)
    "quotes stay": (("params", "name"), "it's", (7, 7, "  name: 'it''s'   # the name")),
    "a number is bare": (("params", "name"), 5, (7, 7, "  name: 5   # the name")),
    "text like a number is quoted": (("params", "list"), "5", (12, 12, '  list: "5"   # l')),
    "a map for a text": (
        ("params", "name"),
        {"a": {"b": 1}},
        (7, 7, "  name:   # the name\n    a:\n      b: 1"),
    ),
    "a text of lines": (("params", "name"), "x\ny\n", (7, 7, "  name: |   # the name\n    x\n    y")),
    "one line for a block": (("params", "script"), 5, (8, 10, "  script: 5")),
    "another block": (("params", "script"), "x\n", (8, 10, "  script: |\n    x")),
    "in a flow map": (("params", "map", "x"), [1], (13, 13, "  map: {x: [1], z: 2}")),
    "new in a flow map": (("params", "map", "q"), "r, s", (13, 13, '  map: {x: 1, z: 2, q: "r, s"}')),
    "in a flow list": (("params", "list", 1), None, (12, 12, "  list: [a, null]   # l")),
    "new at the end of its map": (("params", "new"), [1, {"a": "b"}], (14, 13, "  new:\n  - 1\n  - a: b")),
    "new parents": (("x", "y", "z"), True, (17, 16, 'x:\n  "y":\n    z: true')),
    "a block for a flow list": (("patches",), [{"a": 1}], (16, 16, "patches:\n- a: 1")),
    "nothing for a map": (("params",), {}, (5, 13, "params: {}")),
    "the same": (("params", "map", "x"), 1, (1, 0, "")),
    "the same but for its type": (("params", "map", "x"), 1.0, (13, 13, "  map: {x: 1.0, z: 2}")),
    "true is not 1": (("params", "map", "x"), True, (13, 13, "  map: {x: true, z: 2}")),
}

UNSET = {
    "a line": (("params", "name"), (7, 7, "")),
    "a block and the blank line after it": (("params", "script"), (8, 10, "")),
    "of a flow map, first": (("params", "map", "x"), (13, 13, "  map: {z: 2}")),
    "of a flow map, last": (("params", "map", "z"), (13, 13, "  map: {x: 1}")),
    "of a list": (("params", "list", 0), (12, 12, '  list: ["b"]   # l')),
    "the last key, and the blank line before it": (("patches",), (15, 16, "")),
}

OTHERS: dict[str, tuple[str, tuple[str | int, ...], Any, str]] = {
    "empty file": ("", ("a", "b"), 1, "a:\n  b: 1\n"),
    "only a comment": ("# c", ("a",), "x", "# c\na: x\n"),
    "only a document start": ("---\n", ("a",), "x", "---\na: x\n"),
    "an empty map": ("{} # c\n", ("a", "b"), 1, "a:\n  b: 1 # c\n"),
    "nothing after the key": ("a:  # c\nb: 1\n", ("a", "b"), 1, "a:  # c\n  b: 1\nb: 1\n"),
    "null": ("a: ~ # c\n", ("a", "b"), 1, "a: # c\n  b: 1\n"),
    "an empty map becomes a block": ("p: {}  # c\nq: 1", ("p", "b"), 1, "p:  # c\n  b: 1\nq: 1"),
    "no last line break": ("a: 1", ("b",), 2, "a: 1\nb: 2"),
    "CRLF": ("a: 1\r\nb: 2\r\n", ("c", "d"), "x\ny", "a: 1\r\nb: 2\r\nc:\r\n  d: |-\r\n    x\r\n    y\r\n"),
    "byte order mark": ("\ufeffa: 1\n", ("a",), 2, "\ufeffa: 2\n"),
    "indentation of the neighbours": (
        "a:\n    b:\n      - 1\n",
        ("c",),
        {"d": {"e": [1]}},
        "a:\n    b:\n      - 1\nc:\n    d:\n        e:\n          - 1\n",
    ),
    "in a list of maps": ("a:\n- b: 1\n  c: 2\n", ("a", 0, "d"), [1], "a:\n- b: 1\n  c: 2\n  d:\n  - 1\n"),
    "a map for an item": ("a:\n  - x\n  - w # c\n", ("a", 1), {"k": 1}, "a:\n  - x\n  - k: 1 # c\n"),
    "before the end of the document": ("a: 1\n...\n# end\n", ("b",), 2, "a: 1\nb: 2\n...\n# end\n"),
    "a map over lines": ("{\n  x: 1,\n  w: 2 # d\n}\n", ("z",), 3, "{\n  x: 1,\n  w: 2, # d\n  z: 3\n}\n"),
    "a flow map with a last comma": ("a: {\n  x: 1,\n}\n", ("a", "z"), 3, "a: {\n  x: 1,\n  z: 3,\n}\n"),
    "JSON": ('{"a": {"b":1}}\n', ("a", "c"), "x", '{"a": {"b":1, "c": "x"}}\n'),
    "a value in JSON": ('{"a": "b c"}\n', ("a",), {"x": [True, None]}, '{"a": {"x": [true, null]}}\n'),
    "a control character in JSON": ('{"a": 1}\n', ("a",), "é\x7f", '{"a": "é\\u007f"}\n'),
    "a map without anything in JSON": ('{"a": {}}', ("a", "b", "c"), 1, '{"a": {"b": {"c": 1}}}'),
    "quotes around a key of YAML": ('{a: 1, "b": 2}\n', ("c",), "x", '{a: 1, "b": 2, c: x}\n'),
    "quotes around a key in braces": ('a: {"b": 2}\n', ("a", "c"), "x", 'a: {"b": 2, c: x}\n'),
    "beside what is merged": ("b: &b {}\nd:\n  <<: *b\n", ("d", "x"), 5, "b: &b {}\nd:\n  <<: *b\n  x: 5\n"),
    "over an alias": ("a: &x 1\nb: *x\n", ("b",), 2, "a: &x 1\nb: 2\n"),
    "an explicit key": ("? a\n: b\n", ("a",), {"c": 1}, "? a\n:\n    c: 1\n"),
    "text over lines": ('a: "x\n  y"  # c\nb: 1\n', ("a",), "z", 'a: "z"  # c\nb: 1\n'),
    "a comment before a value": ("a: # c\n  # d\n  x\n", ("a",), "z", "a: # c\n  # d\n  z\n"),
    "a comment after a tab": ("a: |\t# c\n  x\n", ("a",), [], "a: []\t# c\n"),
    "spaces and names of all scripts": ("größe: 1\n", ("größe",), 2, "größe: 2\n"),
}  # fmt: skip

REFUSED = {
    "shared": ("a: &x 1\nb: *x\n", ("a",), 2, "f.yaml:1:1: can't change a: it is shared"),
    "in an alias": ("a: &x {c: 1}\nb: *x\n", ("b", "c"), 2, "f.yaml:2:1: can't change b.c: it is shared"),
    "no map": ("a: [1]\n", ("a", "b"), 2, "f.yaml:1:4: a is no map, so that 'b' can't be set"),
    "no such item": ("a: [1]\n", ("a", 1), 2, "f.yaml:1:4: a has no item 1"),
    "text": ("a: b\n", ("a", "b"), 2, "f.yaml:1:4: a is no map"),
    "a root that is no map": ("[1]\n", ("a",), 2, "f.yaml:1:1: the file is no map"),
    "a fault in the file": ("a: 1\na: 2\n", ("b",), 2, "f.yaml:2:1: this key is here twice"),
    "two documents": ("a: 1\n---\nb: 1\n", ("a",), 2, "f.yaml:3:1: a second document"),
    "not a number of JSON": ("a: 1\n", ("a",), float("inf"), "inf is no number that JSON knows"),
    "a lone surrogate": ("a: 1\n", ("a",), "\ud800", "the text holds the lone surrogate U+D800"),
}  # fmt: skip


def with_lines(first: int, last: int, text: str) -> str:
    lines = FILE.splitlines(keepends=True)
    return "".join([*lines[: first - 1], *([text + "\n"] if text else []), *lines[last:]])


@pytest.mark.parametrize("name", SET)
def test_set(name: str) -> None:
    keys, value, change = SET[name]
    assert set_in(FILE, keys, value) == with_lines(*change)


@pytest.mark.parametrize("name", UNSET)
def test_unset(name: str) -> None:
    keys, change = UNSET[name]
    assert unset_in(FILE, keys) == with_lines(*change)


@pytest.mark.parametrize("name", OTHERS)
def test_set_in_other_files(name: str) -> None:
    text, keys, value, wanted = OTHERS[name]
    assert set_in(text, keys, value) == wanted


@pytest.mark.parametrize(
    ("text", "keys", "wanted"),
    [
        ("a:\n  b: 1 # c\nd: 1\n", ("a", "b"), "a: {}\nd: 1\n"),
        ("a:\n  # c\n  b: 1\n", ("a", "b"), "a: {}\n"),
        ("a: 1\n", ("a",), "{}\n"),
        ("a: 1\nb: 2", ("b",), "a: 1"),
        ("a: 1\r\nb: 2", ("b",), "a: 1"),
        ("a: 1\n\nb: 2\n\nc: 3\n", ("b",), "a: 1\n\nc: 3\n"),
        ("a: 1\n# c\nb: 2\n# d\nc: 3\n", ("b",), "a: 1\n# c\n# d\nc: 3\n"),
        ("- a: 1\n  b: 2\n", (0, "a"), "- b: 2\n"),
        ("- a: 1\n  # c\n  b: 2\n", (0, "a"), "-\n  # c\n  b: 2\n"),
        ("a:\n- 1 # c\n# d\n- 2\n- 3\n", ("a", 1), "a:\n- 1 # c\n# d\n- 3\n"),
        ("a:\n- x: 1\n  w: 2\n\n- 2\n", ("a", 0), "a:\n\n- 2\n"),
        ("- - 1\n  - 2\n", (0, 0), "- - 2\n"),
        ("- - 1\n", (0, 0), "- []\n"),
        ("[[1, 2], 3]\n", (0,), "[3]\n"),
        ("a: {b: 1,}\n", ("a", "b"), "a: {}\n"),
        ("a: |+\n  x\n\n\nb: 1\n", ("a",), "b: 1\n"),
        ("a: 1\nb: |+\n  x\n\n", ("a",), "b: |+\n  x\n\n"),
    ],
)
def test_unset_in_other_files(text: str, keys: tuple[str | int, ...], wanted: str) -> None:
    assert unset_in(text, keys) == wanted


@pytest.mark.parametrize("name", REFUSED)
def test_refused(name: str) -> None:
    text, keys, value, wanted = REFUSED[name]
    with pytest.raises(AppError) as caught:
        set_in(text, keys, value, "f.yaml")
    assert str(caught.value).startswith(wanted)


def test_what_is_not_set_can_not_be_removed() -> None:
    for text, keys in (
        ("a: 1\n", ("b",)),
        ("a:\n", ("a", "b")),
        ("", ("a",)),
        ("a: {b: 1}\n", ("a", "c", "d")),
    ):
        with pytest.raises(AppError, match="is not set"):
            unset_in(text, keys)
    with pytest.raises(AppError, match="comes from what is merged"):
        unset_in("b: &b {x: 1}\nd: {<<: *b, w: 1}\n", ("d", "x"))


def test_tuples_are_lists() -> None:
    assert load(set_in("", ("a",), ({"b": (1, 2)},))) == {"a": [{"b": [1, 2]}]}


def test_a_text_that_ends_in_blank_lines_takes_none_that_follow() -> None:
    assert set_in("name: x\n\n\n...\n", ("name",), "0\n\n") == 'name: "0\\n\\n"\n\n\n...\n'
