"""Which fields differ: what the server adds is no difference, secrets never show."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.compare import compare, compare_wanted
from kfctl.engine.mask import Mask
from kfctl.engine.quantity import holds_quantity, quantity, same_quantity
from kfctl.model.plan import ABSENT
from kfctl.model.redactor import Redactor
from kfctl.model.secretfields import NO_SECRETS, SecretFields
from tests.campaign import size

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfctl.model.plan import FieldChange

MASK = Mask(b"key")


def body(kind: str = "Deployment", version: str = "apps/v1", **more: Any) -> dict[str, Any]:
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {"name": "a", **more.pop("metadata", {})},
        **more,
    }


def pod(**spec: Any) -> dict[str, Any]:
    return body("Pod", "v1", spec=spec)


def rows(changes: tuple[FieldChange, ...]) -> list[tuple[str, Any, Any]]:
    return [(change.path, change.live, change.wanted) for change in changes]


def container(name: str, **more: Any) -> dict[str, Any]:
    return {"name": name, **more}


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        (body(spec={"replicas": 1}), body(spec={"replicas": 1}), []),
        (body(spec={"replicas": 1}), body(spec={"replicas": 2}), [("spec.replicas", 1, 2)]),
        (body(spec={"replicas": 1}), body(spec={}), [("spec.replicas", 1, ABSENT)]),
        (body(spec={}), body(spec={"paused": True}), [("spec.paused", ABSENT, True)]),
        (body(spec={"a": True}), body(spec={"a": 1}), [("spec.a", True, 1)]),
        (body(spec={"a": 1}), body(spec={"a": "1"}), [("spec.a", 1, "1")]),
        (body(spec={"a": 1}), body(spec={"a": 1.0}), []),
        (body(spec={"a": None}), body(spec={}), [("spec.a", None, ABSENT)]),
        (
            body(metadata={"labels": {"kfctl.dev/app": "a"}}),
            body(metadata={"annotations": {"x.y/z": "1"}}),
            [("metadata.labels[kfctl.dev/app]", "a", ABSENT), ("metadata.annotations[x.y/z]", ABSENT, "1")],
        ),
        (
            pod(containers=[container("a", image="x"), container("b")]),
            pod(containers=[container("b"), container("a", image="y")]),
            [
                ("spec.containers[name=a].image", "x", "y"),
                ("spec.containers[order]", ["name=a", "name=b"], ["name=b", "name=a"]),
            ],
        ),
        (
            pod(containers=[container("a")]),
            pod(containers=[container("a"), container("b", image="y")]),
            [("spec.containers[name=b]", ABSENT, {"name": "b", "image": "y"})],
        ),
        (
            pod(containers=[container("a", ports=[{"containerPort": 80, "protocol": "TCP"}])]),
            pod(containers=[container("a", ports=[{"containerPort": 80, "protocol": "TCP", "name": "web"}])]),
            [("spec.containers[name=a].ports[containerPort=80].name", ABSENT, "web")],
        ),
        (
            pod(containers=[container("a", ports=[{"containerPort": 53, "protocol": "TCP"}])]),
            pod(
                containers=[
                    container("a", ports=[{"containerPort": 53, "protocol": p} for p in ("TCP", "UDP")])
                ]
            ),
            [
                (
                    "spec.containers[name=a].ports[containerPort=53,protocol=UDP]",
                    ABSENT,
                    {"containerPort": 53, "protocol": "UDP"},
                )
            ],
        ),
        (
            pod(containers=[container("a", args=["1", "2"])]),
            pod(containers=[container("a", args=["1", "3"])]),
            [("spec.containers[name=a].args[1]", "2", "3")],
        ),
        (
            pod(containers=[container("a", args=["1", "2"])]),
            pod(containers=[container("a", args=["0", "1", "2"])]),
            [("spec.containers[name=a].args", ["1", "2"], ["0", "1", "2"])],
        ),
        (
            pod(containers=[container("a", env=[{"name": "X", "value": "1"}, {"name": "X", "value": "2"}])]),
            pod(containers=[container("a", env=[{"name": "X", "value": "1"}, {"name": "X", "value": "3"}])]),
            [("spec.containers[name=a].env[1].value", "2", "3")],
        ),
        (
            body("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"]}]),
            body("Role", "rbac.authorization.k8s.io/v1", rules=[{"verbs": ["get"]}, {"verbs": ["list"]}]),
            [("rules[1]", ABSENT, {"verbs": ["list"]})],
        ),
        (
            body(metadata={"finalizers": ["a", "b"]}),
            body(metadata={"finalizers": ["b", "a"]}),
            [],
        ),
    ],
)
def test_fields_that_differ(live: Any, wanted: Any, expected: list[Any]) -> None:
    assert rows(compare(live, wanted, MASK)) == expected


def test_what_the_server_writes_by_itself_is_no_difference() -> None:
    live = body(
        metadata={
            "uid": "u",
            "resourceVersion": "7",
            "generation": 3,
            "creationTimestamp": "now",
            "managedFields": [{}],
            "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "hunter2"},
        },
        status={"replicas": 3},
    )
    assert compare(live, body(metadata={"uid": "v"}), MASK) == ()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["name", "env", "ports", "a", "b.c", "containers"]), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(JSON, JSON)
@settings(max_examples=size(5_000), deadline=None)
def test_no_fields_differ_exactly_when_the_objects_are_equal(left: Any, right: Any) -> None:
    one, other = body(spec=left), body(spec=right)
    assert compare(one, one, MASK) == ()
    assert bool(compare(one, other, MASK)) == (strict(left) != strict(right))


@given(JSON, JSON)
@settings(max_examples=size(5_000), deadline=None)
def test_the_other_way_round_the_same_fields_differ(left: Any, right: Any) -> None:
    there = {(c.path, repr(c.live), repr(c.wanted)) for c in compare(body(spec=left), body(spec=right), MASK)}
    back = {(c.path, repr(c.wanted), repr(c.live)) for c in compare(body(spec=right), body(spec=left), MASK)}
    assert there == back


def strict(value: Any) -> Any:
    """A value in a form in which True and 1 are not equal."""
    if isinstance(value, dict):
        return {key: strict(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [strict(inner) for inner in value]
    return type(value).__name__, value


# Offline: only what is wanted counts


@pytest.mark.parametrize(
    ("live", "wanted", "expected"),
    [
        (body(spec={"a": 1, "added": 2}), body(spec={"a": 1}), []),
        (body(spec={"a": 1}), body(spec={"a": 1, "empty": {}, "none": None, "zero": 0, "off": False}), []),
        (body(spec={}), body(spec={"a": "x"}), [("spec.a", ABSENT, "x")]),
        (
            pod(containers=[container("a", imagePullPolicy="Always"), container("injected")]),
            pod(containers=[container("a")]),
            [],
        ),
        (
            pod(containers=[container("a", resources={"limits": {"cpu": "500m", "memory": "1Gi"}})]),
            pod(containers=[container("a", resources={"limits": {"cpu": 0.5, "memory": "1024Mi"}})]),
            [],
        ),
        (
            pod(containers=[container("a", env=[{"name": "X", "value": "1"}])]),
            pod(containers=[container("a", env=[{"name": "X", "value": "1000m"}])]),
            [("spec.containers[name=a].env[name=X].value", "1", "1000m")],
        ),
        (
            body("TFJob", "kubeflow.org/v1", spec={"resources": {"limits": {"cpu": "1"}}}),
            body("TFJob", "kubeflow.org/v1", spec={"resources": {"limits": {"cpu": "1000m"}}}),
            [("spec.resources.limits.cpu", "1", "1000m")],
        ),
        (
            pod(tolerations=[{"a": 1}, {"b": 2}]),
            pod(tolerations=[{"a": 1}]),
            [("spec.tolerations[1]", {"b": 2}, ABSENT)],
        ),
    ],
)
def test_only_wanted_fields_count_offline(live: Any, wanted: Any, expected: list[Any]) -> None:
    assert rows(compare_wanted(live, wanted, MASK)) == expected


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1),
        ("500m", 0.5),
        ("1Ki", 1024),
        ("1k", 1000),
        ("1e3", 1000),
        ("1E3", 1000),
        ("-.5", -0.5),
        ("2E", 2e18),
    ],
)
def test_quantities(text: str, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "x", "1x", "1 Gi", "1ee3", None, True, [], "1e9999"])
def test_what_is_no_quantity(text: Any) -> None:
    assert quantity(text) is None


def test_where_quantities_are() -> None:
    assert same_quantity("0.5", "500m") and same_quantity(1, "1000m") and not same_quantity("1", "2")
    containers = ("spec", "containers", "resources", "limits", "nvidia.com/gpu")
    assert holds_quantity("apps", containers) and not holds_quantity("kubeflow.org", containers)
    assert holds_quantity("", ("spec", "hard", "pods"))
    assert not holds_quantity("", ("data", "cpu"))


# Secrets

PLAIN = "hunter2-and-more"
ENCODED = base64.b64encode(PLAIN.encode()).decode()


def secret(**data: Any) -> dict[str, Any]:
    return body("Secret", "v1", **data)


def test_values_of_a_secret_show_only_whether_they_are_equal() -> None:
    other = base64.b64encode(b"other").decode()
    (change,) = compare(
        secret(data={"a": ENCODED, "b": "eA=="}), secret(data={"a": other, "b": "eA=="}), MASK
    )
    assert change.path == "data.a"
    assert change.live != change.wanted
    assert ENCODED not in repr(change) and PLAIN not in repr(change)
    (added,) = compare(secret(data={}), secret(data={"a": ENCODED}), MASK)
    assert (added.live, added.wanted) == (ABSENT, change.live)
    (plain,) = compare(secret(), secret(stringData={"a": PLAIN}), MASK)
    assert plain.wanted == {"a": change.live}
    (elsewhere,) = compare(secret(data={}), secret(data={"a": ENCODED}), Mask(b"another run"))
    assert elsewhere.wanted != added.wanted


def masking(*values: Any, secrets: Mapping[str, Any] = {}, fields: SecretFields = NO_SECRETS) -> Mask:
    return Mask(b"key", Redactor(values), secrets, fields)


def test_secrets_are_masked_in_texts_by_length() -> None:
    mask = masking(PLAIN, "word", "abc", 4815162342)
    args = [f"--password={PLAIN}", ENCODED, "a word", "a sword", "abc"]
    (change,) = compare(
        pod(containers=[]), pod(containers=[container("a", args=args, port=4815162342)]), mask
    )
    token = mask.text(PLAIN)
    assert change.wanted["args"] == [
        f"--password={token}",
        token,
        f"a {mask.text('word')}",
        "a sword",
        "abc",
    ]
    assert change.wanted["port"] == mask.text("4815162342")


@given(st.text(min_size=6, max_size=20), st.text(max_size=5), st.text(max_size=5))
@settings(max_examples=size(5_000), deadline=None)
def test_no_secret_gets_through(value: str, before: str, after: str) -> None:
    mask = masking(value)
    shown = mask.text(before + value + after)
    rest = shown.replace(mask.text(value), "")
    assert value not in rest or value in before + after or "secret" in value
    assert mask.text(value) == mask.text(base64.b64encode(value.encode()).decode())


def test_what_a_secret_was_before_is_not_shown_either() -> None:
    was, will = body(data={"a": "u:old@h", "b": "1"}), body(data={"a": f"u:{PLAIN}@h", "b": "2"})
    secret_one, other = compare(was, will, masking(PLAIN))
    assert "old" not in repr(secret_one) and PLAIN not in repr(secret_one)
    assert (other.live, other.wanted) == ("1", "2")


def env(*pairs: tuple[str, str]) -> Any:
    return pod(containers=[container("a", env=[{"name": name, "value": value} for name, value in pairs])])


ENV = ("spec", "containers", "env", "value")
PORT = SecretFields(parts={ENV: {'"1"': ()}}, public={ENV: frozenset(['"x"'])})


def test_a_value_at_a_secret_place_is_masked_whatever_it_is() -> None:
    fields = SecretFields(parts={("data", "a"): {'"1"': ()}, ("data", "b"): {"true": ()}})
    was, will = body(data={"a": "old", "b": False}), body(data={"a": "1", "b": True})
    first, second = compare(was, will, masking(fields=fields))
    assert all(
        str(value).startswith("(secret ")
        for change in (first, second)
        for value in (change.live, change.wanted)
    )


def test_what_is_beside_a_secret_in_a_list_is_shown() -> None:
    changes = compare(env(("PIN", "9"), ("X", "y")), env(("PIN", "1"), ("X", "x")), masking(fields=PORT))
    pin, other = changes
    assert pin.live.startswith("(secret ") and pin.wanted.startswith("(secret ")
    assert (other.live, other.wanted) == ("y", "x")


def test_an_entry_that_goes_does_not_show_what_it_was() -> None:
    (gone,) = compare(env(("PIN", "9"), ("X", "x")), env(("X", "x")), masking(fields=PORT))
    assert gone.live == {"name": "PIN", "value": masking().whole("9")}


def test_the_keys_of_a_secret_map_are_not_shown() -> None:
    fields = SecretFields(whole=frozenset([("data",)]))
    (change,) = compare(body(data={"old-key": "1"}), body(data={PLAIN: "1"}), masking(fields=fields))
    assert change.path == "data"
    assert "key" not in repr(change) and PLAIN not in repr(change)


def test_a_secret_name_of_an_entry_is_not_in_the_path() -> None:
    fields = SecretFields(parts={("spec", "containers", "env", "name"): {f'"{PLAIN}"': ()}})
    changes = compare(env(("old-name", "1")), env((PLAIN, "2")), masking(fields=fields))
    assert changes and "old" not in repr(changes) and PLAIN not in repr(changes)


def test_text_around_a_secret_is_shown() -> None:
    parts = ("u:", {"of": "c.p", "at": ["x"], "as": "upper"}, "@h")
    fields = SecretFields(parts={("data", "a"): {'"u:ABC@h"': parts}})
    mask = masking(secrets={"c.p": {"x": "abc"}}, fields=fields)
    (change,) = compare(body(data={}), body(data={"a": "u:ABC@h"}), mask)
    assert change.wanted == f"u:{mask.whole('abc')}@h"


@pytest.mark.parametrize("function", [compare, compare_wanted])
def test_fields_of_wrong_types_are_no_traceback(function: Callable[..., tuple[FieldChange, ...]]) -> None:
    assert function(secret(data="x"), secret(data=["y"]), MASK)
    assert function(body(metadata={"labels": None}), body(metadata={"annotations": None}), MASK) == ()
