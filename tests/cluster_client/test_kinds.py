"""What the server knows: one answer whether it is asked in two requests or in many."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.kinds import Kind, Kinds, aggregated, discover
from kfctl.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.request import Request
    from tests.faults.proxy import Proxy


def test_both_ways_of_asking_give_the_same_kinds(client: Cluster) -> None:
    asked: list[str] = []

    def plainly(requests: Sequence[Request]) -> Sequence[dict[str, Any]]:
        asked.extend(request.path for request in requests)
        return [client.raw("GET", request.path) for request in requests]

    plain = discover(plainly)
    assert len(asked) > 10
    assert plain.by_name == client.kinds.by_name
    assert {kind.resource for kind in plain} == {kind.resource for kind in client.kinds}


def test_two_requests_are_enough(proxied: Cluster, proxy: Proxy) -> None:
    proxied.refresh_kinds()
    proxied.get("v1", "Namespace", "default")
    assert sorted(request.path for request in proxy.requests[:2]) == ["/api", "/apis"]
    assert len(proxy.requests) == 3


def test_what_is_known_of_a_kind(client: Cluster) -> None:
    deployment = client.kind("apps/v1", "Deployment")
    assert (deployment.plural, deployment.namespaced, deployment.resource) == (
        "deployments",
        True,
        "deployments.apps",
    )
    assert {"status", "scale"} <= deployment.subresources
    assert {"list", "patch"} <= deployment.verbs
    assert not client.kind("v1", "Namespace").namespaced
    scaler = client.kinds.of_group("autoscaling", "HorizontalPodAutoscaler")
    assert scaler and scaler.version == "v2"


@pytest.mark.parametrize(
    ("api_version", "kind", "hint"),
    [
        ("apps/v1", "Deploymnt", "did you mean Deployment?"),
        ("extensions/v1beta1", "Deployment", "it knows Deployment of apps/v1"),
        ("example.com/v1", "Doohickey", "is the custom resource definition (the operator) installed?"),
    ],
)
def test_unknown_kinds(client: Cluster, api_version: str, kind: str, hint: str) -> None:
    with pytest.raises(NotFound, match=f"knows no {kind} of {api_version}") as caught:
        client.kind(api_version, kind)
    assert caught.value.problems[0].hint == hint


def test_a_group_whose_server_is_down_is_incomplete() -> None:
    group = {
        "metadata": {"name": "metrics.k8s.io"},
        "versions": [{"version": "v1", "freshness": "Stale", "resources": []}],
    }
    kinds = aggregated({"items": [group]})
    assert kinds.incomplete == {"metrics.k8s.io"}
    with pytest.raises(NotFound) as caught:
        kinds.get("metrics.k8s.io/v1", "PodMetrics")
    assert "does not answer" in caught.value.problems[0].hint


def test_the_first_version_of_a_group_is_preferred() -> None:
    new, old = (Kind("g", version, "K", "ks", namespaced=True) for version in ("v2", "v1"))
    kinds = Kinds.of([new, old])
    assert list(kinds) == [new]
    assert kinds.get("g/v1", "K") == old


def test_a_kind_that_is_added_later_is_found(client: Cluster, namespace: str) -> None:
    assert client.kinds.find("kfctl.test/v1", "Late") is None
    group = f"{namespace}.kfctl.test"
    definition = {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"lates.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "lates", "singular": "late", "kind": "Late", "listKind": "LateList"},
            "versions": [
                {
                    "name": "v1",
                    "served": True,
                    "storage": True,
                    "schema": {"openAPIV3Schema": {"type": "object"}},
                }
            ],
        },
    }
    client.apply(definition)
    try:
        wait_for_kind(client, f"{group}/v1", "Late")
        late = {
            "apiVersion": f"{group}/v1",
            "kind": "Late",
            "metadata": {"name": "a", "namespace": namespace},
        }
        assert client.apply(late)["metadata"]["uid"]
    finally:
        client.delete(definition)


def wait_for_kind(client: Cluster, api_version: str, kind: str) -> Kind:
    """Ask until the server serves it: it does so a moment after the definition is there."""
    import time

    for _ in range(200):
        try:
            return client.kind(api_version, kind)
        except NotFound:
            time.sleep(0.1)
    raise AssertionError(f"{kind} of {api_version} never came")
