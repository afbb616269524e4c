"""Secrets leave no trace in what is kept, and come back from where they are."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.hidden import Hider, reveal
from kfctl.model.resource import Resource
from kfctl.model.secretfields import SecretFields
from tests.campaign import size

CANARY = 'c4n"ary\\é\n%'
SECRETS = {"web.token": CANARY}
FORMS = (CANARY, base64.b64encode(CANARY.encode()).decode(), json.dumps(CANARY, ensure_ascii=False)[1:-1])

SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.text(max_size=8), st.sampled_from([*FORMS, "ab", 12345])
)
KEYS = st.one_of(st.text(max_size=4), st.sampled_from(["$secret", "$live", "$literal", "data"]))
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=3)),
    max_leaves=12,
)


def secret(**fields: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, **fields}


@settings(max_examples=size(3_000), deadline=None)
@given(value=VALUES)
def test_what_is_left_out_comes_back(value: Any) -> None:
    secrets = {**SECRETS, "web.pin": 12345, "web.short": "ab"}
    hidden = Hider(secrets).values({"other": {"value": value}})
    assert reveal(json.loads(json.dumps(hidden)), None, secrets).value == {"other": {"value": value}}


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_left_out(form: str) -> None:
    body = {"kind": "ConfigMap", "data": {"a": f"before {form} after {form}", "b": form, "c": [form]}}
    hidden = Hider(SECRETS).resource(Resource(body))
    assert form not in str(hidden)
    assert json.dumps(form)[1:-1] not in json.dumps(hidden)
    assert reveal(hidden, None, SECRETS).value == body
    missing = reveal(hidden, None, {})
    assert missing.missing == ("parameter web.token",)


def test_a_short_secret_is_left_out_only_as_a_word() -> None:
    body = {"kind": "ConfigMap", "data": {"a": "chroot", "b": "root:x"}}
    hidden = Hider({"web.user": "root"}).resource(Resource(body))
    assert hidden["data"]["a"] == "chroot"
    assert reveal(hidden, None, {"web.user": "toor"}).value["data"] == {"a": "chroot", "b": "toor:x"}


def test_values_of_secret_parameters_are_left_out_by_name() -> None:
    secrets = {"web.pin": 1, "web.login": {"user": "u", "keys": ["a"]}, "web.flag": True}
    values = {"web": {"pin": 1, "login": secrets["web.login"], "flag": True, "replicas": 1}}
    hidden = Hider(secrets).values(values)
    assert hidden["web"]["replicas"] == 1
    assert all(hidden["web"][name].keys() == {"$secret"} for name in ("pin", "login", "flag"))
    assert reveal(hidden, None, secrets).value == values
    assert set(reveal(hidden, None, {}).missing) == {f"parameter {name}" for name in secrets}


FIELDS = SecretFields(
    parts={
        ("data", "pin"): {"7": ({"of": "web.pin", "as": "value"},)},
        ("data", "flag"): {"true": ({"of": "web.login", "at": ["flag"], "as": "value"},)},
        ("data", "shout"): {'"A-B"': ({"of": "web.login", "at": ["keys", 0], "as": "upper"}, "-B")},
        ("data", "hash"): {'"1f"': ()},
    },
    whole=frozenset([("data", "map")]),
)
DERIVED = {
    "kind": "ConfigMap",
    "data": {"pin": 7, "flag": True, "shout": "A-B", "hash": "1f", "map": {"k": "v"}, "other": 7},
}
GIVEN = {"web.pin": 7, "web.login": {"flag": True, "keys": ["a"]}}


def test_secret_fields_are_left_out_and_come_back() -> None:
    hidden = Hider(GIVEN).resource(Resource(DERIVED, secrets=FIELDS))
    assert hidden["data"].pop("other") == 7
    assert all(note.keys() <= {"$secret", "$live"} for note in hidden["data"].values())
    revealed = reveal({**hidden, "data": {**hidden["data"], "other": 7}}, DERIVED, GIVEN)
    assert (revealed.value, revealed.live) == (DERIVED, ("data.hash", "data.map"))
    assert revealed.fields.parts == FIELDS.parts and revealed.fields.whole == FIELDS.whole


def test_what_is_nowhere_to_be_found_is_missing() -> None:
    hidden = Hider(GIVEN).resource(Resource(DERIVED, secrets=FIELDS))
    revealed = reveal(hidden, {"data": {"hash": "1f"}}, {"web.pin": 7, "web.login": {"flag": True}})
    assert revealed.missing == ("parameter web.login", "data.map")


def test_an_object_that_is_secret_as_a_whole_keeps_its_name() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "labels": {}},
        "data": {"x": "y"},
    }
    hidden = Hider({}).resource(Resource(body, secrets=SecretFields(whole=frozenset([()]))))
    assert (hidden["metadata"], hidden["data"]) == ({"name": "a"}, {"$live": True})


def test_the_data_of_secrets_is_on_the_cluster() -> None:
    copy = json.dumps(secret(data={"a": "eA=="}))
    body = secret(data={"a": "eA==", "b": "eQ=="}, type="Opaque")
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": copy, "k": "v"}
    hidden = Hider({}).resource(Resource(body))
    assert "eA==" not in str(hidden)
    assert (hidden["type"], hidden["metadata"]["annotations"]) == ("Opaque", {"k": "v"})

    live = secret(data={"a": "bmV3", "c": "eg=="})
    found = reveal(hidden, live, {})
    assert found.value["data"] == {"a": "bmV3", "b": None}
    assert found.missing == ("data.b",)


def test_what_is_no_secret_of_kubernetes_keeps_its_data() -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Secret", "data": {"a": "b"}}
    assert Hider({}).resource(Resource(other)) == other
