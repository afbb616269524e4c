"""Objects with one value of a wrong type: built-in ones are refused, custom ones judged."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
import yaml

from kfctl.cluster.shapes import BUILT_IN, OTHERS, check_object
from kfctl.engine.health import gone, has_ended, health, needs_pods
from kfctl.engine.pods import troubled_container
from kfctl.engine.surroundings import Surroundings
from kfctl.errors import ClusterError
from kfctl.model.resource import is_custom
from kfctl.store.kinds import built_in
from tests.campaign import size
from tests.faults.hostile import ODD, mutated

FIXTURES = sorted((Path(__file__).parents[1] / "health").rglob("*.yaml"))


def read(path: Path) -> list[dict[str, Any]]:
    """Return an object and its pods."""
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def checked(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object as the client does that has asked for its kind and name."""
    return check_object(body, str(body["apiVersion"]), str(body["kind"]))


def judge(body: dict[str, Any], pods: list[dict[str, Any]]) -> None:
    """Have all judged that a command may ask of an object."""
    health(body, Surroundings(1e9, tuple(pods), wait_for_jobs=True))
    gone(body)
    has_ended(body)
    needs_pods(body)
    for pod in pods:
        troubled_container(pod)


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_object_of_a_cluster_passes_the_check(path: Path) -> None:
    for body in read(path):
        assert checked(body) == body


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_malformed_object_is_refused_or_judged(path: Path) -> None:
    body, *pods = read(path)
    chance = Random(path.stem)
    for _ in range(size(1000)):
        wrong = {
            **mutated(body, chance, chance.choice(ODD)),
            "apiVersion": body["apiVersion"],
            "kind": body["kind"],
        }
        wrong_pods = [
            {**mutated(pod, chance, chance.choice(ODD)), "apiVersion": "v1", "kind": "Pod"} for pod in pods
        ]
        try:
            judge(checked(wrong), [*map(checked, wrong_pods)])
        except ClusterError as error:
            assert "malformed object" in error.message


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_status_of_a_custom_object_may_hold_anything(path: Path) -> None:
    body, *pods = read(path)
    if is_custom(body["apiVersion"].rpartition("/")[0]):
        for odd in ODD:
            judge(checked({**body, "status": odd}), pods)
            judge(checked({**body, "spec": odd}), pods)


SCALARS = {"integer": {int}, "boolean": {bool}, "int-or-string": {int, str}, "quantity": {str, int}}


def agrees(shape: Any, text: str) -> bool:
    """Whether every value of a type of the table of built-in kinds is of a shape."""
    text = text.rstrip("!")
    if shape is object or text == "any":
        return True
    if isinstance(shape, list):
        return text.startswith("[]") and agrees(shape[0], text[2:])
    if isinstance(shape, dict):
        if text.startswith("{}"):
            return all(key == "*" and agrees(inner, text[2:]) for key, inner in shape.items())
        fields = built_in()["types"].get(text)
        shapes = {key.removesuffix("!"): inner for key, inner in shape.items()}
        return fields is not None and all(agrees(shapes[key], fields[key]) for key in shapes.keys() & fields)
    types = set(shape) if isinstance(shape, tuple) else {shape} if isinstance(shape, type) else {str}
    return SCALARS.get(text, {str}) <= types


@pytest.mark.parametrize("kind", built_in()["kinds"])
def test_shape_agrees_with_the_schema_of_a_built_in_kind(kind: str) -> None:
    version, _, name = kind.rpartition("/")
    assert agrees(OTHERS.get((version, name), BUILT_IN), built_in()["kinds"][kind])
