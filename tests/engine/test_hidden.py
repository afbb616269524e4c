"""Secrets leave no trace in what is kept, and come back from where they are."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.hidden import Hider, reveal
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
    secrets = {**SECRETS, "web.pin": "12345", "web.short": "ab"}
    hidden = Hider(secrets).value(value)
    assert reveal(json.loads(json.dumps(hidden)), None, secrets).value == value


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_secret_is_left_out(form: str) -> None:
    body = {"kind": "ConfigMap", "data": {"a": f"before {form} after {form}", "b": form, "c": [form]}}
    hidden = Hider(SECRETS).body(body)
    assert form not in str(hidden)
    assert json.dumps(form)[1:-1] not in json.dumps(hidden)
    assert reveal(hidden, None, SECRETS).value == body
    missing = reveal(hidden, None, {})
    assert missing.missing == ("parameter web.token",)


def test_a_short_secret_hides_no_part_of_a_word() -> None:
    hidden = Hider({"p": "ab"}).value({"word": "cable", "alone": "ab"})
    assert hidden == {"word": "cable", "alone": {"$secret": [{"of": "p", "as": "text"}]}}


def test_a_numeric_secret() -> None:
    hidden = Hider({"p": "12345"}).value({"pin": 12345, "other": 1234, "yes": True})
    assert hidden == {"pin": {"$secret": [{"of": "p", "as": "number"}]}, "other": 1234, "yes": True}


def test_the_data_of_secrets_is_on_the_cluster() -> None:
    copy = json.dumps(secret(data={"a": "eA=="}))
    body = secret(data={"a": "eA==", "b": "eQ=="}, type="Opaque")
    body["metadata"]["annotations"] = {"kubectl.kubernetes.io/last-applied-configuration": copy, "k": "v"}
    hidden = Hider({}).body(body)
    assert "eA==" not in str(hidden)
    assert (hidden["type"], hidden["metadata"]["annotations"]) == ("Opaque", {"k": "v"})

    live = secret(data={"a": "bmV3", "c": "eg=="})
    found = reveal(hidden, live, {})
    assert found.value["data"] == {"a": "bmV3", "b": None}
    assert found.missing == ("data.b",)


def test_what_is_no_secret_of_kubernetes_keeps_its_data() -> None:
    other = {"apiVersion": "example.com/v1", "kind": "Secret", "data": {"a": "b"}}
    assert Hider({}).body(other) == other
