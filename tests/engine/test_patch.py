"""Patches: JSON merge, lists of maps by name, null deletes, and none that does nothing."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.engine.patch import merge, patched, sets
from kfctl.errors import AppError, Location
from kfctl.model.app import Patch
from kfctl.model.resource import Resource

WEB = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "web"}, "spec": {"replicas": 1}}
SERVICE = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}}


def named(*names: str, **more: Any) -> list[dict[str, Any]]:
    return [{"name": name, **more} for name in names]


@pytest.mark.parametrize(
    ("value", "patch", "expected"),
    [
        ({"a": 1}, {"b": 2}, {"a": 1, "b": 2}),
        ({"a": 1}, {"a": 2}, {"a": 2}),
        ({"a": 1, "b": 2}, {"a": None}, {"b": 2}),
        ({"a": 1}, {"b": None}, {"a": 1}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": None}}, {"a": {"c": 2}}),
        ({}, {"a": {"b": None, "c": 1}}, {"a": {"c": 1}}),
        ({"a": 1}, {"a": {"b": 1}}, {"a": {"b": 1}}),
        ({"a": {"b": 1}}, {"a": 1}, {"a": 1}),
        ({"a": {"b": 1}}, {"a": {}}, {"a": {"b": 1}}),
        ({"a": [1, 2]}, {"a": [3]}, {"a": [3]}),
        ({"a": [1]}, {"a": []}, {"a": []}),
        (
            {"a": named("x", "y", v=1)},
            {"a": named("y", w=2)},
            {"a": [{"name": "x", "v": 1}, {"name": "y", "v": 1, "w": 2}]},
        ),
        ({"a": named("x")}, {"a": named("z", v=1)}, {"a": [{"name": "x"}, {"name": "z", "v": 1}]}),
        ({"a": named("x", v=1)}, {"a": [{"name": "x", "v": None}]}, {"a": [{"name": "x"}]}),
        ({"a": named("x", "y")}, {"a": [{"name": "x", "$patch": "delete"}]}, {"a": named("y")}),
        ({"a": named("x")}, {"a": [{"name": "z", "$patch": "delete"}]}, {"a": named("x")}),
        (
            {"a": named("x", in_=named("p", v=1))},
            {"a": named("x", in_=named("p", w=2))},
            {"a": named("x", in_=named("p", v=1, w=2))},
        ),
        ({"a": [{"port": 1}]}, {"a": named("x")}, {"a": named("x")}),
        ({"a": named("x")}, {"a": [{"port": 1}]}, {"a": [{"port": 1}]}),
        ({"a": []}, {"a": named("x")}, {"a": named("x")}),
    ],
)
def test_merge(value: Any, patch: Any, expected: Any) -> None:
    before = copy.deepcopy((value, patch))
    assert merge(value, patch) == expected
    assert (value, patch) == before


json = st.recursive(
    st.one_of(st.booleans(), st.integers(0, 3), st.text("ab", max_size=2)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from("abc"), inner, max_size=3)
    ),
)
maps = st.dictionaries(st.sampled_from("abc"), json, max_size=3)


@given(maps, maps)
def test_a_patch_given_twice_is_a_patch_given_once(value: Any, patch: Any) -> None:
    once = merge(value, patch)
    assert merge(once, patch) == once


@given(maps)
def test_a_patch_shares_nothing_with_the_object(patch: Any) -> None:
    one, two = merge({}, patch), merge({}, patch)
    for key in one:
        assert not isinstance(one[key], dict | list) or one[key] is not two[key]


def patch(merge: dict[str, Any], line: int = 3, **target: str) -> Patch:
    return Patch(target, merge, Location("components/web.yaml", line))


def resources() -> list[Resource]:
    return [Resource(copy.deepcopy(body), "web", "t.j2") for body in (WEB, SERVICE)]


@pytest.mark.parametrize(
    ("target", "changed"),
    [
        ({"kind": "Deployment"}, [True, False]),
        ({"kind": "Service"}, [False, True]),
        ({"name": "web"}, [True, True]),
        ({"kind": "Service", "name": "web"}, [False, True]),
        ({"apiVersion": "apps/v1"}, [True, False]),
        ({}, [True, True]),
    ],
)
def test_targets(target: dict[str, str], changed: list[bool]) -> None:
    found = patched(resources(), [patch({"x": 1}, **target)])
    assert ["x" in resource.body for resource in found] == changed
    assert [resource.origin for resource in found] == ["t.j2", "t.j2"]


def test_patches_come_one_after_the_other() -> None:
    found = patched(
        resources(),
        [patch({"spec": {"replicas": 2}}, kind="Deployment"), patch({"spec": {"replicas": 3}}, name="web")],
    )
    assert [resource.body["spec"]["replicas"] for resource in found] == [3, 3]


def test_patches_that_do_nothing_are_all_told() -> None:
    useless = [
        patch({}, kind="Deploymint"),
        patch({}, 9, kind="Service", name="wep"),
        patch({}, 12, kind="CronTab"),
    ]
    with pytest.raises(AppError) as error:
        patched(resources(), useless)
    assert [f"{problem}|{problem.hint}" for problem in error.value.problems] == [
        "components/web.yaml:3: the patch matches no object (kind Deploymint)|did you mean Deployment?",
        "components/web.yaml:9: the patch matches no object (kind Service, name wep)|did you mean web?",
        "components/web.yaml:12: the patch matches no object (kind CronTab)"
        "|the component has Deployment/web, Service/web",
    ]


def test_a_name_that_is_there_twice_can_not_be_patched() -> None:
    body = {**WEB, "spec": {"mounts": named("data", "data")}}
    with pytest.raises(AppError) as error:
        patched(
            [Resource(body, "web")],
            [patch({"spec": {"mounts": named("data", path="/x")}}, kind="Deployment")],
        )
    assert str(error.value) == (
        "components/web.yaml:3: the patch of Deployment/web: spec.mounts has several entries called 'data'"
    )


@pytest.mark.parametrize(
    ("change", "path", "is_set"),
    [
        ({"spec": {"replicas": 1}}, ("spec", "replicas"), True),
        ({"spec": {"replicas": 1}}, ("spec", "paused"), False),
        ({"spec": {"replicas": None}}, ("spec", "replicas"), False),
        ({"spec": 1}, ("spec", "replicas"), True),
        ({"spec": {"containers": named("b", x=1)}}, ("spec", "containers", 1, "x"), True),
        ({"spec": {"containers": named("b", x=1)}}, ("spec", "containers", 0, "x"), False),
        ({"spec": {"args": ["x"]}}, ("spec", "args", 0), True),
    ],
)
def test_what_comes_from_a_patch(change: dict[str, Any], path: tuple[str | int, ...], is_set: bool) -> None:
    spec = {"replicas": 1, "paused": True, "args": ["x"], "containers": named("a", "b", x=1)}
    patch = Patch({"kind": "Deployment"}, change, Location("c.yaml", 3))
    assert sets(patch, Resource({**WEB, "spec": spec}), path) is is_set
    assert not sets(patch, Resource({**SERVICE, "spec": spec}), path)
