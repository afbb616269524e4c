"""The real API server accepts every example of every prototype, with no warning, as Pod Security asks."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.show import render_app
from tests.cluster.access import KubectlError
from tests.templates.rendering import app_of, every_example

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kfctl.model.prototype import Example
    from tests.cluster.access import Cluster

EXAMPLES = every_example()
IDS = [f"{prototype}/{example.name}" for prototype, example in EXAMPLES]
LEVELS = ("restricted", "baseline")

Namespaces = dict[str, str]


@pytest.fixture(scope="module")
def policed(cluster: Cluster, new_namespace: Callable[[], str]) -> Namespaces:
    """A namespace for each level of Pod Security, which refuses pods and warns of workloads below it."""
    namespaces = {level: new_namespace() for level in LEVELS}
    for level, namespace in namespaces.items():
        labels = (f"pod-security.kubernetes.io/{mode}={level}" for mode in ("enforce", "warn"))
        cluster.kubectl("label", "namespace", namespace, *labels)
    return namespaces


def dry_run(cluster: Cluster, namespace: str, bodies: Sequence[Mapping[str, Any]]) -> str:
    """Have the server check objects as if they were applied; a KubectlError for an error or a warning."""
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": [into(namespace, b) for b in bodies]})
    flags = ("--server-side", "--dry-run=server", "--force-conflicts", "--warnings-as-errors")
    return cluster.kubectl("apply", *flags, "--namespace", namespace, "-f", "-", input=text)


def into(namespace: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """Return an object with a namespace in ours: one that an example names is not there."""
    own = {"namespace": namespace} if "namespace" in body["metadata"] else {}
    return {**body, "metadata": {**body["metadata"], **own}}


def pods_of_tfjob(body: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the pods that the operator would make of a TFJob, which the server can't know of."""
    replicas = body["spec"]["tfReplicaSpecs"] if body["kind"] == "TFJob" else {}
    return [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                **spec["template"]["metadata"],
                "name": f"{body['metadata']['name']}-{kind.lower()}-0",
            },
            # An account that is not there would be refused; whether it is, is not the question here.
            "spec": {**spec["template"]["spec"], "serviceAccountName": "default"},
        }
        for kind, spec in replicas.items()
    ]


@pytest.mark.parametrize(("prototype", "example"), EXAMPLES, ids=IDS)
def test_server_accepts_example(
    prototype: str, example: Example, cluster: Cluster, policed: Namespaces, tfjob_kind: str
) -> None:
    namespace = policed[str(example.params.get("podSecurity", "restricted"))]
    app = app_of(prototype, example.params, namespace=namespace)
    bodies = [resource.body for resource in render_app(app, "default")]
    pods = [pod for body in bodies for pod in pods_of_tfjob(body)]
    if bodies:
        answer = dry_run(cluster, namespace, [*bodies, *pods])
        assert len(answer.splitlines()) == len(bodies) + len(pods)


def test_a_namespace_does_refuse_what_is_not_secure(cluster: Cluster, policed: Namespaces) -> None:
    pod = {"containers": [{"name": "main", "image": "x"}]}
    labels = {"matchLabels": {"app": "x"}}
    template = {"metadata": {"labels": {"app": "x"}}, "spec": pod}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "x"},
        "spec": {"selector": labels, "template": template},
    }
    with pytest.raises(KubectlError, match='would violate PodSecurity "restricted'):
        dry_run(cluster, policed["restricted"], [deployment])
