"""Which value wins, where each comes from, and what is wrong with them."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest

from kfctl.engine.resolve import examine, faults_of_defaults, resolve
from kfctl.errors import Location, ParameterError
from kfctl.model.app import App, Component, Environment, Settings, Target
from kfctl.model.declaration import merged
from kfctl.model.parameters import Layer, Parameter, ParameterSet
from kfctl.model.prototype import Prototype

PROPERTIES: dict[str, Any] = {
    "name": {"type": "string", "pattern": "^[a-z]"},
    "namespace": {"type": "string"},
    "replicas": {"type": "integer", "minimum": 0, "default": 1},
    "modelPath": {"type": "string", "description": "where the model is", "aliases": ["modelBasePath"]},
    "labels": {"type": "object", "additionalProperties": {"type": "string"}},
    "args": {"type": "array", "items": {"type": "string"}},
    "password": {"type": "object", "properties": {"key": {"type": "string"}}, "secret": True},
    "cloud": {"type": "string", "deprecated": "there is nothing left that depends on it"},
    "claim": {"type": "string"},
    "storage": {"type": "string", "enum": ["cloud", "nfs"], "default": "cloud"},
}
NFS = {
    "if": {"properties": {"storage": {"const": "nfs"}}},
    "then": {"required": ["claim"]},
    "errorMessage": "storage nfs needs claim",
}


def prototype(**more: Any) -> Prototype:
    schema = merged([{"properties": PROPERTIES, **more}])
    required = schema.get("required", ())
    declared = {name: Parameter(name, part, name in required) for name, part in PROPERTIES.items()}
    return Prototype("thing", "", "", "", schema, declared, (), (), True, Location("thing/prototype.yaml", 1))


def settings(path: str, values: dict[str, Any] | None) -> Settings:
    values = values or {}
    return Settings(values, {name: Location(path, line) for line, name in enumerate(values, 1)})


def examined(
    component: dict[str, Any] | None = None,
    *,
    env: dict[str, Any] | None = None,
    env_globals: dict[str, Any] | None = None,
    app_globals: dict[str, Any] | None = None,
    namespace: str | None = None,
    kind: Prototype | None = None,
    name: str = "web",
) -> tuple[ParameterSet, list[str]]:
    made = Component(name, "thing", settings("c.yaml", component), (), Location("c.yaml"))
    environment = Environment(
        "prod",
        Target(namespace=namespace),
        settings("eg.yaml", env_globals),
        {name: settings("e.yaml", env)},
        {},
        Location("e.yaml"),
    )
    app = App("app", "id", ".", settings("kfctl.yaml", app_globals), {}, {})
    found, problems = examine(app, environment, made, kind or prototype())
    return found, [f"{problem}|{problem.hint}" if problem.hint else str(problem) for problem in problems]


LAYERS = {
    Layer.ENVIRONMENT: "env",
    Layer.ENVIRONMENT_GLOBALS: "env_globals",
    Layer.COMPONENT: "component",
    Layer.APP_GLOBALS: "app_globals",
}


@pytest.mark.parametrize("chosen", list(product([None, "null", "set"], repeat=4)))
def test_the_strongest_layer_that_says_something_wins(chosen: tuple[str | None, ...]) -> None:
    """All 81 ways in which four layers can say nothing, null or a number."""
    numbers = dict(zip(LAYERS, (10, 20, 30, 40), strict=True))
    given: dict[str, dict[str, Any]] = {}
    spoken: list[tuple[Layer, int | None]] = []
    for (layer, argument), choice in zip(LAYERS.items(), chosen, strict=True):
        if choice:
            value = numbers[layer] if choice == "set" else None
            given[argument] = {"replicas": value}
            spoken.append((layer, value))
    found, problems = examined(given.pop("component", None), **given)  # type: ignore[arg-type]
    wins = spoken[0] if spoken and spoken[0][1] is not None else (Layer.DEFAULT, 1)
    assert not problems
    value = found.values["replicas"]
    assert (value.layer, value.value) == wins
    rest = [pair for pair in [*spoken, (Layer.DEFAULT, 1)] if pair != wins] if spoken else []
    assert [(each.layer, each.value) for each in found.hidden.get("replicas", ())] == rest


def test_every_value_knows_its_place() -> None:
    found, _ = examined({"claim": "a", "replicas": 2}, env={"replicas": 3})
    assert str(found.values["replicas"].where) == "e.yaml:1"
    assert [str(value.where) for value in found.hidden["replicas"]] == ["c.yaml:2", "None"]
    assert str(found.values["claim"].where) == "c.yaml:1"


def test_name_and_namespace_are_known_without_being_set() -> None:
    found, problems = examined(namespace="kubeflow")
    assert (found.values["name"].value, found.values["namespace"].value) == ("web", "kubeflow")
    assert found.values["name"].layer is Layer.DEFAULT
    assert not problems
    assert examined()[0].values["namespace"].value == "default"
    assert examined({"name": "x"}, namespace="y", env={"namespace": "z"})[0].plain()["namespace"] == "z"


def test_a_components_name_must_do_as_a_name() -> None:
    assert examined(name="3d")[1] == ["c.yaml: name must match ^[a-z], not '3d'"]


def test_globals_are_for_those_that_know_them() -> None:
    found, problems = examined(app_globals={"strange": 1, "replicas": 2}, env_globals={"odd": 1})
    assert not problems
    assert found.values["replicas"].value == 2
    assert "strange" not in found.values


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replica": 1}, ["c.yaml:1: thing has no parameter 'replica'|did you mean replicas?"]),
        (
            {"zzzzzz": 1},
            ["c.yaml:1: thing has no parameter 'zzzzzz'|kfctl prototype describe thing lists its parameters"],
        ),
        ({"replicas": "2"}, ["c.yaml:1: replicas must be an integer, not '2'"]),
        ({"replicas": -1}, ["c.yaml:1: replicas must be at least 0, not -1"]),
        ({"modelPath": 5}, ["c.yaml:1: modelPath must be text, not 5|write it in quotes"]),
        ({"modelPath": True}, ["c.yaml:1: modelPath must be text, not true|write it in quotes"]),
        ({"args": "a"}, ["c.yaml:1: args must be a list, not 'a'|write it as a list: [a]"]),
        ({"labels": {"a": 1}}, ["c.yaml:1: labels.a must be text, not 1"]),
        (
            {"modelPath": "a", "modelBasePath": "b"},
            [
                "c.yaml:2: 'modelPath' and 'modelBasePath' are the same parameter, modelPath"
                "|leave one of them out"
            ],
        ),
        (
            {"model-path": "a", "modelPath": "b"},
            [
                "c.yaml:2: 'model-path' and 'modelPath' are the same parameter, modelPath"
                "|leave one of them out"
            ],
        ),
        ({"storage": "nfs"}, ["c.yaml: web: storage nfs needs claim"]),
        ({"storage": "nfs", "claim": None}, ["c.yaml: web: storage nfs needs claim"]),
        ({"storage": "nfs", "claim": "x"}, []),
        (
            {"modelPath": "\ud800"},
            ["c.yaml:1: modelPath holds U+D800, which is half a character and no text"],
        ),
        (
            {"labels": {"\udfff": "x"}},
            ["c.yaml:1: labels holds U+DFFF, which is half a character and no text"],
        ),
        (
            {"password": {"key": 12345}},
            ["c.yaml:1: password has an entry that must be text"],
        ),
        ({"password": "12345"}, ["c.yaml:1: password must be a map"]),
        (
            {"replicas": "x", "args": 1, "nope": 2},
            [
                "c.yaml:1: replicas must be an integer, not 'x'",
                "c.yaml:2: args must be a list, not 1",
                "c.yaml:3: thing has no parameter 'nope'|kfctl prototype describe thing lists its parameters",
            ],
        ),
    ],
)
def test_faults(values: dict[str, Any], said: list[str]) -> None:
    assert examined(values, kind=prototype(allOf=[NFS]))[1] == said


def test_a_value_nested_beyond_reason_is_refused() -> None:
    value: Any = {}
    for _ in range(5_000):
        value = {"a": value}
    assert examined({"labels": value})[1] == ["c.yaml:1: labels is nested more than 100 deep"]


def test_what_is_required_is_said_with_the_line_that_gives_it() -> None:
    _, problems = examined(kind=prototype(required=["modelPath"]))
    hint = "kfctl param set web modelPath VALUE   (where the model is)"
    assert problems == [f"c.yaml: web: modelPath is required and has no value|{hint}"]
    assert not examined(env={"modelPath": "x"}, kind=prototype(required=["modelPath"]))[1]
    assert examined({"modelPath": "x"}, env={"modelPath": None}, kind=prototype(required=["modelPath"]))[1]


def test_names_have_several_spellings() -> None:
    found, problems = examined({"modelBasePath": "a", "REPLICAS": 3})
    assert not problems
    assert (found.values["modelPath"].value, found.values["replicas"].value) == ("a", 3)


def test_a_deprecated_parameter_is_taken_with_a_warning() -> None:
    found, problems = examined({"cloud": "gke"})
    assert not problems
    assert found.warnings == ("c.yaml:1: cloud is deprecated: there is nothing left that depends on it",)
    assert not examined({"cloud": None})[0].warnings


def test_an_integer_that_is_written_with_a_point_is_an_integer() -> None:
    value = examined({"replicas": 2.0})[0].values["replicas"].value
    assert (value, type(value)) == (2, int)


def test_rules_see_defaults() -> None:
    rule = {"properties": {"replicas": {"maximum": 0}}, "errorMessage": "too many"}
    assert examined(kind=prototype(allOf=[rule]))[1] == ["c.yaml: web: too many"]


def test_rules_about_a_value_that_is_wrong_by_itself_are_not_told() -> None:
    rule = {"properties": {"storage": {"const": "nfs"}}, "errorMessage": "storage must be nfs here"}
    kind = prototype(allOf=[rule], required=["claim"])
    assert examined({"claim": "c"}, kind=kind)[1] == ["c.yaml: web: storage must be nfs here"]
    assert examined({"storage": "nsf"}, kind=kind)[1] == [
        "c.yaml: web: claim is required and has no value|kfctl param set web claim VALUE",
        "c.yaml:1: storage must be one of cloud, nfs, not 'nsf'",
    ]


def test_resolve_raises_all_faults_at_once() -> None:
    made = Component("web", "thing", settings("c.yaml", {"a1": 1, "replicas": "x"}), (), Location("c.yaml"))
    with pytest.raises(ParameterError) as error:
        resolve(App("app", "id", ".", Settings(), {}, {}), None, made, prototype())
    assert len(error.value.problems) == 2


def test_a_default_against_its_own_schema_is_found() -> None:
    kind = prototype()
    broken = Parameter("replicas", {**PROPERTIES["replicas"], "default": -1})
    kind.parameters["replicas"] = broken  # type: ignore[index]
    assert [str(problem) for problem in faults_of_defaults(kind)] == [
        "thing/prototype.yaml:1: the default of replicas must be at least 0, not -1"
    ]
