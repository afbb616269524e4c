"""What `kubectl get -o yaml` prints becomes a manifest for any cluster."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine.modern import modern
from kfctl.yamltext.steps import changed

UID = {"name": "x", "uid": "1-2-3"}
JOB_LABELS = {"app": "x", "controller-uid": "1", "batch.kubernetes.io/job-name": "x"}


def imported(body: dict[str, Any]) -> Any:
    return changed(body, [step for change in modern(body) for step in change.steps])


def exported(version: str, kind: str, **rest: Any) -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": dict(UID), **rest}


@pytest.mark.parametrize(
    ("body", "key", "left"),
    [
        (
            exported("v1", "Service", spec={"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"]}),
            "spec",
            {},
        ),
        (
            exported("v1", "Service", spec={"type": "NodePort", "ports": [{"port": 80, "nodePort": 30080}]}),
            "spec",
            {"type": "NodePort", "ports": [{"port": 80}]},
        ),
        (
            exported("v1", "Service", spec={"clusterIP": "None", "clusterIPs": ["None"]}),
            "spec",
            {"clusterIP": "None", "clusterIPs": ["None"]},
        ),
        (
            exported(
                "batch/v1",
                "Job",
                spec={
                    "selector": {"matchLabels": {"controller-uid": "1"}},
                    "template": {"metadata": {"labels": JOB_LABELS}},
                },
            ),
            "spec",
            {"template": {"metadata": {"labels": {"app": "x"}}}},
        ),
        (
            exported(
                "batch/v1", "Job", spec={"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}}
            ),
            "spec",
            {"manualSelector": True, "selector": {"matchLabels": {"a": "b"}}},
        ),
        (exported("v1", "PersistentVolumeClaim", spec={"volumeName": "pvc-1", "x": 1}), "spec", {"x": 1}),
        (exported("v1", "Pod", spec={"nodeName": "n", "x": 1}), "spec", {"x": 1}),
        (exported("v1", "ServiceAccount", secrets=[{"name": "x-token-1"}], x=1), "x", 1),
    ],
)
def test_import_drops_what_the_cluster_assigned(body: dict[str, Any], key: str, left: Any) -> None:
    result = imported(body)
    assert result[key] == left
    assert result["metadata"] == {"name": "x"}
    assert "secrets" not in result


def test_import_keeps_an_address_that_a_person_wrote() -> None:
    body = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "x"},
        "spec": {"clusterIP": "10.0.0.1"},
    }
    assert imported(body) == body
