"""Whether a cluster has what an app asks of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine import checkup
from kfctl.engine.demands import Demands, demands
from kfctl.model.finding import Result
from kfctl.model.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.model.finding import Finding

Body = dict[str, Any]
OK, BAD, UNKNOWN = Result.OK, Result.BAD, Result.UNKNOWN
GPU = "nvidia.com/gpu"


def told(found: Iterable[Finding]) -> list[tuple[str, Result, bool]]:
    return [(each.what, each.result, each.fatal) for each in found]


@pytest.mark.parametrize(
    ("text", "result"),
    [("v1.28.0", OK), ("v1.34.2+k3s1", OK), ("v2.0.0", OK), ("v1.27.9", BAD), ("v1.9.0", BAD), ("", UNKNOWN)],
)
def test_versions(text: str, result: Result) -> None:
    assert checkup.version(text).result is result


def node(*, ready: bool = True, closed: bool = False, **allocatable: str) -> Body:
    return {
        "spec": {"unschedulable": closed},
        "status": {
            "conditions": [{"type": "Ready", "status": str(ready)}],
            "allocatable": {name.replace("_", "/").replace("DOT", "."): n for name, n in allocatable.items()},
        },
    }


@pytest.mark.parametrize(
    ("nodes", "wanted", "expected"),
    [
        ([], Demands(pods=True), [("nodes", BAD, True), ("devices", OK, False)]),
        ([], Demands(), [("nodes", BAD, False), ("devices", OK, False)]),
        (
            [node(ready=False), node(closed=True)],
            Demands(pods=True),
            [("nodes", BAD, True), ("devices", OK, False)],
        ),
        ([node()], Demands(pods=True), [("nodes", OK, False), ("devices", OK, False)]),
        ([node()], Demands(devices=frozenset({GPU})), [("nodes", OK, False), ("devices", BAD, True)]),
        (
            [node(nvidiaDOTcom_gpu="2")],
            Demands(devices=frozenset({GPU})),
            [("nodes", OK, False), ("devices", OK, False)],
        ),
        (
            [node(nvidiaDOTcom_gpu="0")],
            Demands(devices=frozenset({GPU})),
            [("nodes", OK, False), ("devices", BAD, True)],
        ),
    ],
)
def test_nodes(nodes: list[Body], wanted: Demands, expected: list[Any]) -> None:
    assert told(checkup.nodes(nodes, wanted)) == expected


@pytest.mark.parametrize(
    ("default", "claims", "result"), [("true", ("c",), OK), ("false", (), OK), ("false", ("c",), BAD)]
)
def test_storage(default: str, claims: tuple[str, ...], result: Result) -> None:
    classes = [{"metadata": {"name": "fast", "annotations": {checkup.DEFAULT_CLASS: default}}}]
    found = checkup.storage(classes, Demands(claims=claims))
    assert (found.result, found.fatal) == (result, result is BAD)


@pytest.mark.parametrize(("used", "result"), [("1", OK), ("1999m", OK), ("2", BAD), ("2500m", BAD)])
def test_quotas(used: str, result: Result) -> None:
    body = {"metadata": {"name": "q"}, "status": {"hard": {"cpu": "2"}, "used": {"cpu": used}}}
    assert told(checkup.quotas([body])) == [("quota q", result, False)]


@pytest.mark.parametrize(
    ("addresses", "wanted", "result"),
    [
        ([["1.2.3.4"]], ("s",), OK),
        ([[], ["1.2.3.4"]], ("s",), OK),
        ([[]], ("s",), BAD),
        ([], ("s",), UNKNOWN),
        ([], (), OK),
    ],
)
def test_load_balancers(addresses: list[list[str]], wanted: tuple[str, ...], result: Result) -> None:
    services = [
        {
            "spec": {"type": "LoadBalancer"},
            "status": {"loadBalancer": {"ingress": [{"ip": ip} for ip in ips]}},
        }
        for ips in addresses
    ]
    found = checkup.balancer([*services, {"spec": {"type": "ClusterIP"}}], Demands(balanced=wanted))
    assert (found.result, found.fatal) == (result, False)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, [("namespace", OK, False)]),
        ({"metadata": {}}, [("namespace", OK, False), ("pod security", OK, False)]),
        ({"metadata": {"deletionTimestamp": "t"}}, [("namespace", BAD, True)]),
    ],
)
def test_namespaces(body: Body | None, expected: list[Any]) -> None:
    assert told(checkup.namespace("ns", body)) == expected


def test_kinds() -> None:
    job, own, gone = ("kubeflow.org/v1", "TFJob"), ("a.b/v1", "Own"), ("c.d/v1", "Gone")
    wanted = Demands(kinds=frozenset({job, own, gone}), defined=frozenset({("a.b", "Own")}))
    found = list(checkup.kinds([], [job, own, gone], wanted))
    assert [(each.message.partition(" of ")[0], each.result) for each in found] == [
        ("Own", OK),
        ("the cluster does not know Gone", BAD),
        ("the cluster does not know TFJob", BAD),
    ]
    assert "tf-job-operator" in found[-1].hint
    assert told(checkup.kinds([job, ("v1", "Pod")], [], wanted)) == [("kinds", OK, False)]


def test_rights() -> None:
    assert checkup.rights([], 5).result is OK
    found = checkup.rights([f"get {n}" for n in range(7)], 9)
    assert (found.fatal, found.message) == (True, "missing: get 0, get 1, get 2, get 3, get 4 and 2 more")


def test_what_objects_ask_for() -> None:
    container = {"name": "c", "resources": {"limits": {GPU: 1, "cpu": "1"}, "requests": {"amd.com/gpu": "0"}}}
    template = {"spec": {"containers": [container]}}
    objects = [
        {
            "apiVersion": "apps/v1",
            "kind": "StatefulSet",
            "spec": {"template": template, "volumeClaimTemplates": [{}]},
        },
        {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "spec": {"storageClassName": "fast"}},
        {"apiVersion": "v1", "kind": "Service", "spec": {"type": "LoadBalancer"}},
        {
            "apiVersion": "apiextensions.k8s.io/v1",
            "kind": "CustomResourceDefinition",
            "spec": {"group": "a.b", "names": {"kind": "Own"}},
        },
    ]
    resources = [Resource({**body, "metadata": {"name": f"o{n}"}}) for n, body in enumerate(objects)]
    found = demands(resources)
    assert found.devices == {GPU}
    assert found.claims == ("StatefulSet/o0",)
    assert found.balanced == ("Service/o2",)
    assert found.defined == {("a.b", "Own")}
    assert found.pods
    assert ("v1", "Service") in found.kinds
