"""Changes of unions, types and strategies happen in place and leave nothing of the old state."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.request import Write
from kfctl.engine.plan import Choices
from kfctl.model.plan import Action
from tests.shop import Shop, actions, config_map, deployment

if TYPE_CHECKING:
    from collections.abc import Mapping

Body = dict[str, Any]
ASSIGNED = ("clusterIP", "clusterIPs", "nodePort", "healthCheckNodePort")  # by the server, another each time


def in_pod(**fields: Any) -> Body:
    """A Deployment without pods whose pod template has these fields."""
    body = deployment(replicas=0)
    pod = body["spec"]["template"]["spec"]
    pod["containers"][0] |= fields.pop("container", {})
    pod |= fields
    return body


def volume(**source: Any) -> Body:
    return in_pod(volumes=[{"name": "data", **source}])


def probe(**handler: Any) -> Body:
    return in_pod(container={"livenessProbe": {"periodSeconds": 7, **handler}})


def hook(**handler: Any) -> Body:
    return in_pod(container={"lifecycle": {"preStop": handler}})


def variable(**value: Any) -> Body:
    return in_pod(container={"env": [{"name": "A", **value}]})


def strategy(**value: Any) -> Body:
    body = deployment(replicas=0)
    body["spec"] |= {"strategy": value} if value else {}
    return body


def of_kind(kind: str, **spec: Any) -> Body:
    body = deployment(replicas=None)
    return {**body, "kind": kind, "spec": {**body["spec"], **spec}}


def service(**spec: Any) -> Body:
    ports = [{"port": 80, "name": "http"}]
    meta = {"name": "web"}
    return {"apiVersion": "v1", "kind": "Service", "metadata": meta, "spec": {"ports": ports, **spec}}


def thing(version: str, kind: str, **spec: Any) -> Body:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": "web"}, "spec": spec}


def policy(**spec: Any) -> Body:
    return thing("networking.k8s.io/v1", "NetworkPolicy", podSelector={}, **spec)


def autoscaler(**spec: Any) -> Body:
    target = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "none"}
    return thing("autoscaling/v2", "HorizontalPodAutoscaler", scaleTargetRef=target, maxReplicas=3, **spec)


def metric(**target: Any) -> Body:
    return {"type": "Resource", "resource": {"name": "cpu", "target": target}}


ROLLING = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 2}}
BACKEND = {"name": "web", "port": {"number": 80}}
PAIRS: Mapping[str, tuple[Body, Body]] = {
    "volume: default emptyDir to ConfigMap": (volume(), volume(configMap={"name": "settings"})),
    "volume: ConfigMap to Secret": (volume(configMap={"name": "a"}), volume(secret={"secretName": "a"})),
    "volume: hostPath to nothing": (volume(hostPath={"path": "/data"}), volume()),
    "volume: claim to projected": (
        volume(persistentVolumeClaim={"claimName": "a"}),
        volume(projected={"sources": [{"configMap": {"name": "a"}}]}),
    ),
    "probe: httpGet to exec": (probe(httpGet={"port": 80}), probe(exec={"command": ["true"]})),
    "probe: grpc to tcpSocket": (probe(grpc={"port": 80}), probe(tcpSocket={"port": 80})),
    "hook: exec to httpGet": (hook(exec={"command": ["true"]}), hook(httpGet={"port": 80})),
    "variable: value to field": (
        variable(value="x"),
        variable(valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
    ),
    "variable: field to value": (
        variable(valueFrom={"fieldRef": {"fieldPath": "metadata.name"}}),
        variable(value="x"),
    ),
    "Deployment: default strategy to Recreate": (strategy(), strategy(type="Recreate")),
    "Deployment: rolling to Recreate": (strategy(**ROLLING), strategy(type="Recreate")),
    "Deployment: Recreate to default": (strategy(type="Recreate"), strategy()),
    "DaemonSet: default strategy to OnDelete": (
        of_kind("DaemonSet"),
        of_kind("DaemonSet", updateStrategy={"type": "OnDelete"}),
    ),
    "StatefulSet: default strategy to OnDelete": (
        of_kind("StatefulSet", serviceName="web", replicas=0),
        of_kind("StatefulSet", serviceName="web", replicas=0, updateStrategy={"type": "OnDelete"}),
    ),
    "Service: ClusterIP to NodePort": (service(), service(type="NodePort")),
    "Service: LoadBalancer to ClusterIP": (
        service(type="LoadBalancer", externalTrafficPolicy="Local"),
        service(type="ClusterIP"),
    ),
    "Service: NodePort to ExternalName": (
        service(type="NodePort"),
        service(type="ExternalName", externalName="example.com"),
    ),
    "Service: ExternalName to default": (service(type="ExternalName", externalName="example.com"), service()),
    "Service: affinity with timeout to none": (
        service(sessionAffinity="ClientIP", sessionAffinityConfig={"clientIP": {"timeoutSeconds": 5}}),
        service(sessionAffinity="None"),
    ),
    "Service: default affinity timeout to none": (service(sessionAffinity="ClientIP"), service()),
    "NetworkPolicy: egress added": (policy(ingress=[{}]), policy(ingress=[{}], egress=[{}])),
    "NetworkPolicy: egress removed": (policy(ingress=[{}], egress=[{}]), policy(ingress=[{}])),
    "HPA: utilization to average value": (
        autoscaler(metrics=[metric(type="Utilization", averageUtilization=5)]),
        autoscaler(metrics=[metric(type="AverageValue", averageValue="1")]),
    ),
    "HPA: default metrics to own": (
        autoscaler(),
        autoscaler(metrics=[metric(type="AverageValue", averageValue="1")]),
    ),
    "HPA: behavior removed": (
        autoscaler(behavior={"scaleDown": {"stabilizationWindowSeconds": 3}}),
        autoscaler(),
    ),
    "Ingress: backend to rules": (
        thing("networking.k8s.io/v1", "Ingress", defaultBackend={"service": BACKEND}),
        thing("networking.k8s.io/v1", "Ingress", rules=[{"host": "example.com"}]),
    ),
    "Ingress: service to resource": (
        thing("networking.k8s.io/v1", "Ingress", defaultBackend={"service": BACKEND}),
        thing(
            "networking.k8s.io/v1",
            "Ingress",
            defaultBackend={"resource": {"apiGroup": "example.com", "kind": "Bucket", "name": "b"}},
        ),
    ),
    "PodDisruptionBudget: minAvailable to maxUnavailable": (
        thing("policy/v1", "PodDisruptionBudget", minAvailable=1),
        thing("policy/v1", "PodDisruptionBudget", maxUnavailable=1),
    ),
}


def without_assigned(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without_assigned(inner) for name, inner in value.items() if name not in ASSIGNED}
    return [without_assigned(item) for item in value] if isinstance(value, list) else value


@pytest.mark.parametrize("name", PAIRS)
def test_change_of_a_union_leaves_the_spec_of_a_new_object(shop: Shop, name: str) -> None:
    before, after = PAIRS[name]
    shop.objects("web", before)
    shop.apply()
    cluster = shop.connect()
    first = cluster.get(before["apiVersion"], before["kind"], "web", shop.namespace)
    shop.objects("web", after)
    change = shop.change("web")
    assert change.action is Action.UPDATE
    assert change.wanted
    shop.apply()
    live = cluster.get(after["apiVersion"], after["kind"], "web", shop.namespace)
    new = {**change.wanted.body, "metadata": {"name": "new", "namespace": shop.namespace}}
    assert live["metadata"]["uid"] == first["metadata"]["uid"]
    assert without_assigned(live["spec"]) == without_assigned(
        cluster.create(new, Write(dry_run=True))["spec"]
    )
    assert actions(shop.plan()) == {f"{after['kind']}/web": "unchanged"}


def test_plan_shows_the_stale_field_that_goes(shop: Shop) -> None:
    shop.objects("web", strategy())
    shop.apply()
    shop.objects("web", strategy(type="Recreate"))
    assert [field.path for field in shop.change("web").fields] == [
        "spec.strategy.type",
        "spec.strategy.rollingUpdate",
    ]


def test_redefault_keeps_what_others_and_nobody_set(shop: Shop) -> None:
    shop.objects("web", deployment(replicas=None))
    shop.apply()
    cluster = shop.connect()
    live = cluster.get("apps/v1", "Deployment", "web", shop.namespace)
    scaled = {"spec": {"replicas": 4, "revisionHistoryLimit": 3}}
    cluster.patch(live, scaled, write=Write(manager="person"))
    cluster.patch(live, [{"op": "replace", "path": "/metadata/managedFields", "value": [{}]}])
    shop.objects("web", deployment(replicas=None))
    shop.apply()
    changed = deployment(replicas=None)
    changed["spec"]["minReadySeconds"] = 5
    shop.objects("web", changed)
    shop.apply()
    spec = cluster.get("apps/v1", "Deployment", "web", shop.namespace)["spec"]
    assert (spec["replicas"], spec["revisionHistoryLimit"], spec["minReadySeconds"]) == (4, 3, 5)


def test_service_is_replaced_when_the_server_keeps_a_dropped_address(shop: Shop) -> None:
    shop.objects("web", service(clusterIP="None"))
    shop.apply()
    shop.objects("web", service())
    change = shop.change("web")
    assert change.action is Action.REPLACE
    assert "spec.clusterIP" in change.reason


def test_adoption_from_server_side_kubectl_drops_its_volume_source(shop: Shop) -> None:
    cluster = shop.connect()
    theirs = volume(emptyDir={})
    theirs["metadata"]["namespace"] = shop.namespace
    uid = cluster.apply(theirs, Write(manager="kubectl"))["metadata"]["uid"]
    shop.objects("web", config_map(), volume(configMap={"name": "settings"}))
    shop.apply(Choices(adopt=True, force_conflicts=True))
    live = cluster.get("apps/v1", "Deployment", "web", shop.namespace)
    assert live["metadata"]["uid"] == uid
    assert live["spec"]["template"]["spec"]["volumes"][0].keys() == {"name", "configMap"}


def test_null_is_unset_in_built_in_kinds(shop: Shop) -> None:
    body = in_pod(container={"resources": {"limits": {"cpu": None, "memory": "1Gi"}}})
    shop.objects("web", body, config_map(kept="1", dropped=None))
    shop.apply()
    cluster = shop.connect()
    container = cluster.get("apps/v1", "Deployment", "web", shop.namespace)["spec"]["template"]["spec"][
        "containers"
    ][0]
    assert container["resources"] == {"limits": {"memory": "1Gi"}}
    assert cluster.get("v1", "ConfigMap", "settings", shop.namespace)["data"] == {"kept": "1"}
    assert not shop.plan().differs
