"""Requests as they go over the wire; what is sent as YAML is read back the same by a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.cluster import request as ask
from kfctl.cluster.kinds import Kind
from kfctl.cluster.request import Precondition, Selection, Write
from tests.campaign import size

if TYPE_CHECKING:
    from kfctl.cluster.client import Cluster

DEPLOYMENT = Kind("apps", "v1", "Deployment", "deployments", namespaced=True)
ROLE = Kind("rbac.authorization.k8s.io", "v1", "ClusterRole", "clusterroles", namespaced=False)
POD = Kind("", "v1", "Pod", "pods", namespaced=True)
BODY = {"metadata": {"name": "a", "namespace": "n"}}

# What JSON and YAML may hold: all but halves of surrogate pairs.
TEXT = st.text(st.characters(exclude_categories=("Cs",)))


def test_paths() -> None:
    assert ask.path_of(DEPLOYMENT, "n", "a", "scale") == "/apis/apps/v1/namespaces/n/deployments/a/scale"
    assert ask.path_of(DEPLOYMENT) == "/apis/apps/v1/deployments"
    assert ask.path_of(POD, "n") == "/api/v1/namespaces/n/pods"
    assert ask.path_of(ROLE, "n", "system:a/b?c") == (
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/system:a%2Fb%3Fc"
    )


def test_an_apply_is_strict_and_named() -> None:
    request = ask.apply(DEPLOYMENT, BODY, Write(dry_run=True, force=True))
    assert request.method == "PATCH"
    assert dict(request.query) == {
        "fieldManager": "kfctl",
        "fieldValidation": "Strict",
        "dryRun": "All",
        "force": "true",
    }
    assert not request.writes
    assert ask.apply(DEPLOYMENT, BODY, Write()).writes


def test_what_may_be_sent_twice() -> None:
    read = ask.get(POD, "a", "n")
    assert ask.apply(POD, BODY, Write()).repeatable
    assert ask.delete(read, Precondition()).repeatable
    assert ask.patch(read, {"a": 1}, Write()).repeatable
    assert not ask.patch(read, [{"op": "add"}], Write()).repeatable
    assert not ask.create(POD, BODY, Write()).repeatable
    assert ask.create(POD, BODY, Write(dry_run=True)).repeatable
    assert not ask.raw("POST", "/x", {}).repeatable
    assert ask.apply(POD, {"metadata": {"resourceVersion": "1"}}, Write()).names_version


def test_a_delete_names_what_it_means() -> None:
    request = ask.delete(ask.get(POD, "a", "n"), Precondition(uid="u", resource_version="7", grace_seconds=0))
    assert json.loads(request.body or b"") == {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": "Background",
        "preconditions": {"uid": "u", "resourceVersion": "7"},
        "gracePeriodSeconds": 0,
    }


def test_lists_and_watches() -> None:
    selection = Selection("n", labels="a=b,c!=d", fields="metadata.name=x")
    assert ask.list_(POD, selection, "tok en").target == (
        "/api/v1/namespaces/n/pods?labelSelector=a%3Db%2Cc%21%3Dd&fieldSelector=metadata.name%3Dx"
        "&limit=500&continue=tok+en"
    )
    watch = ask.watch(POD, Selection(), "7", 30)
    assert "watch=1&allowWatchBookmarks=true&resourceVersion=7&timeoutSeconds=30" in watch.target
    assert watch.read_timeout > 30


@given(st.dictionaries(TEXT, TEXT))
@settings(max_examples=size(5_000), deadline=None)
def test_a_yaml_reader_reads_the_json_of_an_apply(texts: dict[str, str]) -> None:
    texts = {
        key: text for key, text in texts.items() if len(key) < 1000
    }  # longer ones YAML takes for no keys
    assert yaml.load(ask.encode(texts, as_yaml=True), Loader=yaml.CSafeLoader) == texts


def test_the_server_reads_every_text_as_it_was_sent(client: Cluster, namespace: str) -> None:
    texts = [chr(point) for point in range(0x300)] + [
        "\u2028\u2029",
        "\ufeff",
        "\uffff",
        "\U0001f600",
        "\\ud83d",
    ]
    texts += [
        "- a",
        "yes",
        "1e3",
        "~",
        "a: b",
        "'",
        '"',
        "#",
        "a\r\nb",
        " \n ",
        "\t",
        "{{ x }}",
        "%",
        "!!str",
    ]
    body = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "texts", "namespace": namespace},
        "data": {f"k{number}": f"a{text}b" for number, text in enumerate(texts)},
    }
    assert client.apply(body)["data"] == body["data"]
    assert client.get("v1", "ConfigMap", "texts", namespace)["data"] == body["data"]
