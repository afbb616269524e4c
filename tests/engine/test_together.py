"""What is odd about the objects of a whole app."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine.structure import examine_objects
from kfctl.model.resource import Resource
from tests.engine.objects import ABSENT, SERVICE, WEB, C, changed


def odd(*bodies: dict[str, Any]) -> list[str]:
    resources = [Resource(body, "web") for body in bodies]
    found = examine_objects(resources)
    assert not found.problems
    assert not examine_objects(resources, whole=False).warnings
    return [str(warning) for warning in found.warnings]


REFERRING = changed(WEB, "spec/template/spec/volumes", [{"name": "v", "configMap": {"name": "confg"}}])
CONFIG = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "config", "namespace": "n"}}
OTHER = changed(changed(WEB, "metadata/name", "web2"), "spec/template/spec/containers/0/name", "second")
SCALER = {
    "apiVersion": "autoscaling/v2",
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "s", "namespace": "n"},
    "spec": {"scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "webb"}},
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "b", "namespace": "n"},
    "roleRef": {"kind": "Role", "name": "readr"},
    "subjects": [{"kind": "ServiceAccount", "name": "runer", "namespace": "n"}],
}
ROLE = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "Role",
    "metadata": {"name": "reader", "namespace": "n"},
}
ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "runner", "namespace": "n"}}


@pytest.mark.parametrize(
    ("bodies", "warnings"),
    [
        ([WEB, SERVICE], []),
        ([SERVICE], ["web: Service/web selects app=web, and no object of the app makes such pods"]),
        (
            [WEB, changed(SERVICE, "metadata/namespace", "m")],
            ["web: Service/web selects app=web, and no object of the app makes such pods"],
        ),
        ([changed(SERVICE, "spec/selector", ABSENT)], []),
        (
            [WEB, changed(SERVICE, "spec/ports", [{"port": 80, "targetPort": "http"}])],
            ["web: Service/web sends to the port 'http', which no container of its pods has"],
        ),
        (
            [
                changed(WEB, f"{C}/ports", [{"name": "http", "containerPort": 80}]),
                changed(SERVICE, "spec/ports", [{"port": 80, "targetPort": "http"}]),
            ],
            [],
        ),
        (
            [WEB, OTHER],
            [
                "web: Deployment/web selects the pods of Deployment/web2 too: the two will fight over them",
                "web: Deployment/web2 selects the pods of Deployment/web too: the two will fight over them",
            ],
        ),
        (
            [REFERRING, CONFIG],
            ["web: Deployment/web names ConfigMap/confg, which is not in the app: did you mean config?"],
        ),
        ([REFERRING], []),
        ([REFERRING, changed(CONFIG, "metadata/name", "something")], []),
        ([REFERRING, CONFIG, changed(CONFIG, "metadata/name", "confg")], []),
        (
            [WEB, SCALER],
            [
                "web: HorizontalPodAutoscaler/s names Deployment/webb, which is not in the app: "
                "did you mean web?"
            ],
        ),
        (
            [BINDING, ROLE, ACCOUNT],
            [
                "web: RoleBinding/b names Role/readr, which is not in the app: did you mean reader?",
                "web: RoleBinding/b names ServiceAccount/runer, which is not in the app: "
                "did you mean runner?",
            ],
        ),
    ],
)
def test_oddities_of_a_whole_app(bodies: list[dict[str, Any]], warnings: list[str]) -> None:
    assert sorted(odd(*bodies)) == sorted(warnings)
