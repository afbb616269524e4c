"""A list made a map where it stands."""

import pytest

from kfctl.errors import AppError
from kfctl.yamltext.keying import key_in

LISTS = {
    "deeper than its key": (
        "s:\n  list: # l\n    # one\n    - x: 1 # x\n      t: |\n        a\n          b\n\n"
        "    # two\n    - w: 2\n  after: 3\n",
        "s:\n  list: # l\n    # one\n    A:\n      x: 1 # x\n      t: |\n        a\n          b\n\n"
        "    # two\n    B:\n      w: 2\n  after: 3\n",
    ),
    "as deep as its key": (
        "s:\n  list:\n  - x: 1\n    t: |\n      a\n  # two\n  - w: 2\n",
        "s:\n  list:\n    A:\n      x: 1\n      t: |\n        a\n    # two\n    B:\n      w: 2\n",
    ),
    "a dash alone": (
        "s:\n  list:\n    -\n      x: 1\n    -   w: 2\n",
        "s:\n  list:\n    A:\n      x: 1\n    B:\n        w: 2\n",
    ),
    "in brackets": ("s: {list: [{x: 1}, {w: 2}]} # s\n", "s: {list: {A: {x: 1}, B: {w: 2}}} # s\n"),
    "with the line ends of DOS": (
        "s:\r\n  list:\r\n    - x: 1\r\n    - w: 2",
        "s:\r\n  list:\r\n    A:\r\n      x: 1\r\n    B:\r\n      w: 2",
    ),
}


@pytest.mark.parametrize("name", LISTS)
def test_items_keep_their_lines(name: str) -> None:
    before, after = LISTS[name]
    assert key_in(before, ("s", "list"), ["A", "B"]) == after


def test_a_list_that_is_used_elsewhere_is_refused() -> None:
    text = "a: &l [{x: 1}]\nb: *l\n"
    assert key_in(text, ("b",), ["A"]) == "a: &l [{x: 1}]\nb:\n  A:\n    x: 1\n"
    with pytest.raises(AppError, match="it is shared"):
        key_in(text, ("a",), ["A"])
