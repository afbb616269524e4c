"""The inventory in the form of the specification, and every record that must not be trusted."""

import contextlib
import copy
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine import applyset
from kfctl.engine.ownership import APP_ID
from kfctl.errors import AppError, KfctlError, Refused
from kfctl.model.inventory import GroupKind, Inventory, Run, Spawn
from kfctl.model.plan import Scope
from kfctl.model.resource import Key, Resource
from tests.campaign import size

SCOPE = Scope("x", "id-1", "y", "ctx", "https://server", "ml", "uid")
RUN = Run("run-1", "ann@box", "2026-01-02T03:04:05Z", "0.1.0")
KEYS = (
    Key("apps", "Deployment", "ml", "web"),
    Key("", "ConfigMap", "ml", "settings"),
    Key("", "ConfigMap", "other", "settings"),
    Key("rbac.authorization.k8s.io", "ClusterRole", "", "reader"),
)


SPAWN = Spawn(Key("apps", "StatefulSet", "ml", "hub"), "app=hub,by=hub", "notebooks")


def full() -> Inventory:
    known = applyset.inventory_of(SCOPE).including(KEYS)
    return replace(known, run=RUN, finished=False, spawned=frozenset({SPAWN}))


def body(**changes: Any) -> dict[str, Any]:
    """The record; a change names a label or an annotation by its key, and gives its value or None."""
    made = copy.deepcopy(applyset.parent(full()))
    for key, value in changes.items():
        name = {"kinds": applyset.KINDS, "tooling": applyset.TOOLING, "app": APP_ID}.get(key)
        where = made["metadata"]["annotations" if name else "labels"]
        where.pop(name or applyset.ID)
        if value is not None:
            where[name or applyset.ID] = value
    return made


@pytest.mark.parametrize(
    ("parent", "expected"),
    [
        (("my-set", "test", "Secret", ""), "applyset-0eFHV8ySqp7XoShsGvyWFQD3s96yqwHmzc4e0HR1dsY-v1"),
        (("my-app", "ml", "ConfigMap", ""), "applyset-gw4l4r9E2kxuz4Wt7ikjI7bVnWrxfPqcdo24xlheCN0-v1"),
        (
            ("platform", "", "ApplySet", "kfctl.dev"),
            "applyset-nxxvg_gVu0WaCFmzPOoB5aDsblvCKfbaFQNwlIWWVQg-v1",
        ),
    ],
)
def test_ids_are_those_of_the_specification(parent: tuple[str, str, str, str], expected: str) -> None:
    assert applyset.set_id(*parent) == expected


def test_a_parent_as_the_specification_wants_it() -> None:
    metadata = applyset.parent(full())["metadata"]
    assert metadata["name"] == "kfctl.x.y"
    assert metadata["labels"][applyset.ID] == applyset.set_id("kfctl.x.y", "ml")
    notes = metadata["annotations"]
    assert notes[applyset.TOOLING] == "kfctl/v0.1.0"
    assert notes[applyset.KINDS] == "ClusterRole.rbac.authorization.k8s.io,ConfigMap,Deployment.apps"
    assert notes[applyset.NAMESPACES] == "other"


def test_what_is_written_is_read_back() -> None:
    assert applyset.read(body(), SCOPE) == full()
    assert applyset.read(None, SCOPE) == applyset.inventory_of(SCOPE)
    empty = replace(applyset.inventory_of(SCOPE), run=RUN, revision=7)
    assert applyset.read(applyset.parent(empty), SCOPE) == empty


def test_a_superset_keeps_what_was_there_and_the_exact_set_does_not() -> None:
    job = Key("batch", "Job", "third", "j")
    wider = full().including([job])
    assert wider.kinds == full().kinds | {GroupKind("batch", "Job")}
    assert wider.namespaces == {"other", "third"}
    exact = wider.exactly([job])
    assert exact.kinds == {GroupKind("batch", "Job")}
    assert exact.namespaces == {"third"}


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"label": "applyset-x-v1"}, "not its own, applyset-x-v1"),
        ({"label": None}, "label applyset.kubernetes.io/id is missing"),
        ({"tooling": "kubectl/v1.34"}, "another tool, kubectl/v1.34"),
        ({"tooling": "some/kfctl/v1"}, "another tool, some/kfctl/v1"),
        ({"tooling": None}, "annotation applyset.kubernetes.io/tooling is missing"),
        ({"tooling": ""}, "annotation applyset.kubernetes.io/tooling is missing"),
        ({"kinds": None}, "contains-group-kinds is missing"),
        ({"kinds": "Job.batch,.apps"}, "contains-group-kinds holds '.apps'"),
        ({"kinds": "Job.batch,,ConfigMap"}, "contains-group-kinds holds ''"),
        ({"app": None}, "annotation kfctl.dev/app-id is missing"),
    ],
)
@pytest.mark.parametrize("take_over", [False, True])
def test_a_record_that_is_not_ours_is_refused(changes: dict[str, Any], said: str, take_over: bool) -> None:
    with pytest.raises(Refused) as caught:
        applyset.read(body(**changes), SCOPE, take_over=take_over)
    assert said in str(caught.value)
    assert all(problem.hint for problem in caught.value.problems)


def test_all_damage_is_told_at_once() -> None:
    with pytest.raises(Refused) as caught:
        applyset.read(body(kinds=None, app=None), SCOPE)
    assert len(caught.value.problems) == 2


def test_a_secret_of_the_users_is_left_alone() -> None:
    mine = {"metadata": {"name": "kfctl.x.y", "namespace": "ml", "labels": {"a": "b"}}}
    with pytest.raises(Refused, match="is there and is no inventory"):
        applyset.read(mine, SCOPE, take_over=True)


def test_another_app_of_the_name_is_refused_and_may_be_taken_over() -> None:
    other = replace(SCOPE, app_id="id-2")
    with pytest.raises(Refused, match=r"another app named x .*ann@box at 2026-01-02T03:04:05Z"):
        applyset.read(body(), other)
    taken = applyset.read(body(), other, take_over=True)
    assert (taken.app_id, taken.kinds) == ("id-2", full().kinds)


def test_damage_is_read_as_far_as_it_goes() -> None:
    broken = body(kinds="Job.batch,.apps", app=None)
    broken["metadata"]["annotations"][applyset.LAST_APPLY] = "{"
    found = applyset.tolerant(broken)
    assert (found.app, found.environment) == ("x", "y")
    assert found.kinds == {GroupKind("batch", "Job")}
    assert found.run is None


@pytest.mark.parametrize(
    "damaged",
    ["{", "{}", '["x"]', '[["apps/Deployment/web", "a=b", ""]]', '[["//ml/x", "", ""]]', "[[1, 2, 3]]"],
)
def test_a_damaged_memory_of_what_was_made_selects_nothing(damaged: str) -> None:
    broken = body()
    broken["metadata"]["annotations"][applyset.SPAWNED] = damaged
    assert applyset.tolerant(broken).spawned == frozenset()


def test_members_name_themselves() -> None:
    resource = Resource(
        {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": {"name": "web", "namespace": "ml", "labels": {"a": "b"}},
        }
    )
    (made,) = applyset.members([resource], "applyset-x-v1")
    assert made.metadata["labels"] == {"a": "b", applyset.PART_OF_SET: "applyset-x-v1"}
    assert made.metadata["annotations"] == {applyset.IDENTITY: "apps/Deployment/ml/web"}
    assert applyset.overlap(made.body, "applyset-x-v1") == ""
    assert applyset.overlap(made.body, "applyset-z-v1") == "applyset-x-v1"
    assert applyset.overlap(resource.body, "applyset-z-v1") == ""
    with pytest.raises(AppError) as caught:
        applyset.members([resource, made, made], "applyset-z-v1")
    assert len(caught.value.problems) == 4


DAMAGED = ["[" * 2_000, "9" * 5_000, "NaN", "[]", "{}", "null", '{"run": 5, "when": []}', "[[1, 2, 3]]"]
NAMES = sorted(applyset.parent(full())["metadata"]["annotations"])
TEXTS = st.sampled_from(DAMAGED) | st.text(max_size=5)


@settings(max_examples=size(5_000, least=100), deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), TEXTS, max_size=4))
def test_no_record_ends_in_a_traceback(annotations: dict[str, str]) -> None:
    record = body()
    record["metadata"]["annotations"] |= annotations
    applyset.tolerant(record)
    with contextlib.suppress(KfctlError):
        applyset.read(record, SCOPE)
