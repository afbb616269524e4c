"""Several changes of one document, in texts of every layout."""

from random import Random
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError
from kfctl.yamltext import load
from kfctl.yamltext.splice import same
from kfctl.yamltext.steps import Act, Step, changed, spliced
from kfctl.yamltext.streams import edited
from tests.campaign import size
from tests.yamltext.layouts import Layout
from tests.yamltext.values import scalars

ITEMS = st.lists(
    st.fixed_dictionaries(
        {"type": st.sampled_from(["A", "B"]), "n": scalars},
        optional={"inner": st.fixed_dictionaries({"x": scalars, "list": st.lists(scalars, max_size=2)})},
    ),
    min_size=1,
    max_size=3,
)


def steps_for(items: list[dict[str, Any]]) -> list[Step]:
    """Return what a list of replicas goes through."""
    numbers = range(len(items))
    return [
        *(Step(Act.UNSET, ("spec", "list", i, "type")) for i in numbers),
        *(Step(Act.SET, ("spec", "list", i, "inner", "new"), "v") for i in numbers),
        Step(Act.KEY, ("spec", "list"), [f"key{i}" for i in numbers]),
        Step(Act.RENAME, ("spec", "list"), "map"),
        Step(Act.SET, ("version",), 2),
    ]


@settings(max_examples=size(2_000), deadline=None)
@given(ITEMS, st.integers(0, 2**32))
def test_right_or_refused(items: list[dict[str, Any]], seed: int) -> None:
    value = {"version": 1, "spec": {"list": items, "after": "x"}}
    text = Layout(Random(seed)).text(value)
    text += "" if _reads_as(text, value) else "\n"
    wanted = changed(value, steps_for(items))
    assert wanted["spec"]["map"].keys() == {f"key{i}" for i in range(len(items))}
    try:
        after = spliced(text, steps_for(items))
    except AppError:
        event("refused")
        return
    event("spliced")
    assert same(load(after), wanted)


def _reads_as(text: str, value: Any) -> bool:
    try:
        return same(load(text), value)
    except AppError:
        return False


def test_the_value_is_what_the_steps_say() -> None:
    value = {"a": [{"k": 1}, {"k": 2}], "b": None}
    steps = [
        Step(Act.SET, ("b", "c", "d"), [1]),
        Step(Act.UNSET, ("a", 1, "k")),
        Step(Act.KEY, ("a",), ["x", "y"]),
        Step(Act.RENAME, ("a", "y"), "z"),
        Step(Act.SET, ("a", "x", "k"), 3),
    ]
    assert changed(value, steps) == {"a": {"x": {"k": 3}, "z": {}}, "b": {"c": {"d": [1]}}}
    assert list(changed(value, steps)) == ["a", "b"]
    assert value == {"a": [{"k": 1}, {"k": 2}], "b": None}


def test_documents_are_edited_by_themselves() -> None:
    text = "# head\n--- # first\na: 1 # one\n---\n# empty\n---\n"
    text += "b: |\n  --- no\n  ---x\n...\n# between\n--- {c: 3}\n"
    steps = {0: [Step(Act.SET, ("a",), 2)], 2: [Step(Act.SET, ("d",), 4)]}
    assert edited(text, steps) == text.replace("a: 1 #", "a: 2 #").replace("{c: 3}", "{c: 3, d: 4}")
