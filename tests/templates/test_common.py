"""The parameters and macros that all prototypes share, seen through one that uses them."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.errors import ParameterError
from kfctl.store.catalog import catalog
from tests.templates.rendering import objects

COMMON = {
    "name",
    "namespace",
    "labels",
    "annotations",
    "imagePullPolicy",
    "imagePullSecrets",
    "nodeSelector",
    "tolerations",
    "serviceAccountName",
    "podSecurity",
}


def board(**params: Any) -> Any:
    return objects("tensorboard", {"logDir": "/logs", **params}, "board")


@pytest.mark.parametrize("prototype", [name for name in catalog().names() if name != "manifests"])
def test_every_prototype_takes_the_common_parameters(prototype: str) -> None:
    assert catalog().get(prototype).parameters.keys() >= COMMON


@pytest.mark.parametrize("name", ["Board", "1st", "a.b", "-a", "a-", "a\n", "", "a" * 64])
def test_a_name_that_can_not_be_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match="name must be at most 63 lower-case letters, digits and dashes"):
        board(name=name)


@pytest.mark.parametrize("key", ["", "a b", "-a", "a/b/c", "Upper.Case/x", "a" * 64, "a\n", "a/"])
def test_a_label_that_can_not_be_is_refused(key: str) -> None:
    with pytest.raises(ParameterError, match=r"(?s)labels has the key .* must be NAME or DOMAIN/NAME"):
        board(labels={key: "x"})


@pytest.mark.parametrize("value", ["a b", "-", "a" * 64, "x\n", 1, True, None])
def test_a_value_of_a_label_that_can_not_be_is_refused(value: object) -> None:
    with pytest.raises(ParameterError, match=r"labels\.team must be text of at most 63 letters"):
        board(labels={"team": value})


def test_labels_of_the_user_are_on_all_objects_and_pods() -> None:
    made = board(labels={"example.com/team": "vision", "empty": ""})
    for metadata in (
        made["Service"]["metadata"],
        made["Deployment"]["metadata"],
        made["Deployment"]["spec"]["template"]["metadata"],
    ):
        assert metadata["labels"] == {"app": "board", "example.com/team": "vision", "empty": ""}


def test_a_label_that_selects_is_followed() -> None:
    made = board(labels={"app": "mine"})
    assert made["Service"]["spec"]["selector"] == {"app": "mine"}
    assert made["Deployment"]["spec"]["selector"] == {"matchLabels": {"app": "mine"}}
    assert made["Deployment"]["spec"]["template"]["metadata"]["labels"] == {"app": "mine"}


def test_what_is_not_given_is_not_there() -> None:
    spec = board()["Deployment"]["spec"]["template"]["spec"]
    absent = {"nodeSelector", "tolerations", "serviceAccountName", "imagePullSecrets", "env"}
    assert absent.isdisjoint(spec)
    assert "annotations" not in board()["Service"]["metadata"]


def test_an_unknown_field_of_a_toleration_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"tolerations\[0\]\.keys is not known here"):
        board(tolerations=[{"keys": "gpu"}])
