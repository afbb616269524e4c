"""Plan files: what is read from one that is damaged, foreign or of another version."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.applyset import inventory_of
from kfctl.engine.keep import Permits
from kfctl.engine.moved import moved
from kfctl.engine.plan import Choices
from kfctl.engine.saved import Basis, content, read, text
from kfctl.errors import AppError
from kfctl.model.inventory import Run
from kfctl.model.plan import Action, Change, FieldChange, Plan, Scope
from kfctl.model.resource import Resource
from tests.campaign import size

if TYPE_CHECKING:
    from collections.abc import Callable

SCOPE = Scope("app", "id", "default", "here", "https://here", "ns", "uid")
RUN = Run("1", "ann@box", "2026-01-01T00:00:00Z", "1.0")
SALT = bytes(16)


def wanted(**data: Any) -> Resource:
    metadata = {"name": "a", "namespace": "ns"}
    return Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": data}, "one")


def live(version: str = "1", uid: str = "u") -> dict[str, Any]:
    return {"metadata": {"uid": uid, "resourceVersion": version}}


def basis(*changes: Change, choices: Choices | None = None, secrets: dict[str, str] | None = None) -> Basis:
    return Basis(Plan(SCOPE, changes, ()), inventory_of(SCOPE), choices or Choices(), (), secrets or {})


def change(action: Action = Action.UPDATE, version: str = "1", **fields: Any) -> Change:
    told = tuple(FieldChange(f"data.{name}", was, "new") for name, was in fields.items())
    body = wanted(x="new")
    return Change(body.key, action, body, live(version), told)


def file() -> str:
    return text(content(basis(change(x="1")), RUN, SALT))


def test_a_plan_reads_as_it_was_written() -> None:
    permits = Permits(data=True, prune=False)
    choices = Choices(adopt=True, force_conflicts=True, permits=permits)
    saved = read(text(content(basis(change(x="1"), choices=choices), RUN, SALT)), "p")
    assert (saved.choices, saved.environment, saved.components) == (choices, "default", ())
    assert moved(saved.content, content(basis(change(x="1"), choices=choices), RUN, saved.salt)) == ()


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        (lambda whole: "", "this is no plan of kfctl"),
        (lambda whole: "[" * 100_000, "this is no plan of kfctl"),
        (lambda whole: "\x00\x01", "this is no plan of kfctl"),
        (lambda whole: whole[:-40], "this is no plan of kfctl"),
        (lambda whole: '{"kind": "Plan"}', "this is no plan of kfctl"),
        (lambda whole: '{"kind": "Plan", "apiVersion": "terraform/v1"}', "this is no plan of kfctl"),
        (lambda whole: whole.replace("kfctl/v1", "kfctl/v2"), "this plan is of version kfctl/v2"),
        (lambda whole: whole.replace('"update"', '"create"'), "is damaged, or was changed after"),
        (lambda whole: '{"kind": "Plan", "apiVersion": "kfctl/v1"}', "is damaged, or was changed after"),
    ],
)
def test_what_is_wrong_with_a_file_is_said(damage: Callable[[str], str], told: str) -> None:
    with pytest.raises(AppError, match=told) as caught:
        read(damage(file()), "the.plan")
    assert str(caught.value).startswith("the.plan: ")
    assert "--plan-out" in caught.value.problems[0].hint


@given(st.integers(min_value=0), st.binary(min_size=1, max_size=3))
def test_no_damage_goes_unseen(at: int, noise: bytes) -> None:
    whole = file().encode()
    place = at % len(whole)
    harmed = (whole[:place] + noise + whole[place + len(noise) :]).decode(errors="replace")
    try:
        saved = read(harmed, "p")
    except AppError:
        return
    assert saved.content == read(file(), "p").content  # white space, or the same text once more


def test_secrets_count_and_are_not_told() -> None:
    first, second = ({"one.password": text} for text in ("cobra-7", "viper-8"))
    with_one = [content(basis(change(x="1"), secrets=each), RUN, SALT) for each in (first, second)]
    assert "cobra" not in json.dumps(with_one)
    assert [str(problem) for problem in moved(*with_one)] == [
        "a secret parameter, or the data of a Secret, is another than when the plan was made"
    ]


def told(was: Change, now: Change) -> list[str]:
    problems = moved(content(basis(was), RUN, SALT), content(basis(now), RUN, SALT))
    return [str(problem) for problem in problems]


def test_only_what_would_be_done_counts() -> None:
    assert told(change(version="1", x="1"), change(version="2", x="1")) == []
    assert told(change(version="1", x="1"), change(version="2", x="3")) == [
        "ConfigMap/a: data.x: it was 1 and was to become new; it is 3 and would become new"
    ]
    assert told(change(version="1", x="1"), change(version="2", x="1", y="0")) == [
        "ConfigMap/a: data.y: it is 0 now, and would become new"
    ]
    assert told(change(version="1", x="1", y="0"), change(version="2", x="1")) == [
        "ConfigMap/a: data.y: it was 0 and was to become new; now it would stay as it is"
    ]
    assert told(change(Action.UNCHANGED, "1"), change(Action.UNCHANGED, "2")) == []


def test_masked_values_can_not_be_compared_so_the_version_counts() -> None:
    assert told(change(version="1", x="(secret 01234567)"), change(version="1", x="(secret 89abcdef)")) == []
    assert told(change(version="1", x="(secret 01234567)"), change(version="2", x="(secret 89abcdef)")) == [
        "ConfigMap/a: it was changed after the plan was made: resourceVersion 1, now 2"
    ]


def sealed(held: dict[str, Any]) -> str:
    """Return a plan as whoever knows how its digest is made would write it."""
    return text({"apiVersion": "kfctl/v1", "kind": "Plan", **held})


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"environment": "default", "components": [], "options": 5},
        {"environment": "default", "components": 3, "options": []},
    ],
)
def test_a_sealed_plan_that_lacks_parts_is_refused(held: dict[str, Any]) -> None:
    with pytest.raises(AppError, match="the plan is incomplete"):
        read(sealed(held), "the.plan")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=3)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.text(max_size=3), inner, max_size=2)
    ),
    max_leaves=4,
)


@settings(max_examples=size(5_000, least=100), deadline=None)
@given(st.data())
def test_a_sealed_plan_with_a_part_of_another_type_ends_in_no_traceback(data: st.DataObject) -> None:
    held = json.loads(file())
    del held["digest"]
    part: Any = held
    while True:
        keys = list(part) if isinstance(part, dict) else list(range(len(part)))
        key = data.draw(st.sampled_from(keys))
        if not isinstance(part[key], dict | list) or not part[key] or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(JSON)
    try:
        saved = read(text(held), "the.plan")
    except AppError:
        return
    assert saved.choices and saved.environment is not None and saved.components is not None
    moved(saved.content, content(basis(change(x="1")), RUN, saved.salt))
