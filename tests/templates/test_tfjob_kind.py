"""The TFJob kind on the real API server: it refuses mistakes in words and keeps what the operator writes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.access import KubectlError
from tests.templates.rendering import objects

if TYPE_CHECKING:
    from tests.cluster.access import Cluster

Body = dict[str, Any]


def replica(**changes: Any) -> Body:
    return {"replicas": 1, "template": {"spec": {"containers": [container()]}}, **changes}


def container(**changes: Any) -> Body:
    return {"name": "tensorflow", "image": "train:1", **changes}


def pod(*containers: Body) -> Body:
    return replica(template={"spec": {"containers": list(containers)}})


def job(name: str = "mnist", **spec: Any) -> Body:
    metadata = {"name": name}
    given = {"tfReplicaSpecs": {"Worker": replica()}, **spec}
    return {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": metadata, "spec": given}


def types(**replicas: Any) -> Body:
    return job(tfReplicaSpecs=replicas)


BARE = {"replicas": 1, "template": {"containers": [container()]}}

MISTAKES = {
    "the type of a replica in small letters": (
        types(worker=replica()),
        "a replica type is one of Chief, Master, PS, Worker, Evaluator: mind the capitals",
    ),
    "two chiefs": (
        types(Chief=replica(replicas=2)),
        "there is one Chief (or Master) at most, give the other replicas to Worker",
    ),
    "chief and master": (
        types(Chief=replica(), Master=replica()),
        "Chief and Master are two names of one role, give only one of them",
    ),
    "no container named tensorflow": (
        types(Worker=pod(container(name="train"))),
        "one of the containers must be named tensorflow",
    ),
    "no image": (
        types(Worker=pod({"name": "tensorflow"})),
        "spec.tfReplicaSpecs.Worker.template.spec.containers[0].image: Required value",
    ),
    "an empty image": (
        types(Worker=pod(container(image=""))),
        "containers[0].image in body should be at least 1 chars long",
    ),
    "cleanPodPolicy where v1beta2 had it": (
        job(cleanPodPolicy="Running"),
        "spec.cleanPodPolicy has moved, use spec.runPolicy.cleanPodPolicy",
    ),
    "backoffLimit where v1beta2 had it": (
        job(backoffLimit=3),
        "spec.backoffLimit has moved, use spec.runPolicy.backoffLimit",
    ),
    "ttlSecondsAfterFinished where v1beta2 had it": (
        job(ttlSecondsAfterFinished=60),
        "spec.ttlSecondsAfterFinished has moved, use spec.runPolicy.ttlSecondsAfterFinished",
    ),
    "activeDeadlineSeconds where v1beta2 had it": (
        job(activeDeadlineSeconds=60),
        "spec.activeDeadlineSeconds has moved, use spec.runPolicy.activeDeadlineSeconds",
    ),
    "an unknown policy of restarts": (
        types(Worker=replica(restartPolicy="onfailure")),
        'supported values: "Always", "OnFailure", "Never", "ExitCode"',
    ),
    "an unknown policy of cleaning": (
        job(runPolicy={"cleanPodPolicy": "Never"}),
        'supported values: "All", "Running", "None"',
    ),
    "a negative number of replicas": (
        types(Worker=replica(replicas=-1)),
        "Worker.replicas in body should be greater than or equal to 0",
    ),
    "replicas as text": (
        types(Worker=replica(replicas="2")),
        "Worker.replicas in body must be of type integer",
    ),
    "a number as an argument": (
        types(Worker=pod(container(args=["--steps", 1000]))),
        "containers[0].args[1] in body must be of type string",
    ),
    "a number as an environment variable": (
        types(Worker=pod(container(env=[{"name": "STEPS", "value": 1000}]))),
        "containers[0].env[0].value in body must be of type string",
    ),
    "an amount of memory that is none": (
        types(Worker=pod(container(resources={"limits": {"memory": "4 GB"}}))),
        "containers[0].resources.limits.memory in body should match",
    ),
    "no replicas at all": (
        job(tfReplicaSpecs={}),
        "spec.tfReplicaSpecs in body should have at least 1 properties",
    ),
    "a spec without replicas": ({**job(), "spec": {}}, "spec.tfReplicaSpecs: Required value"),
    "a replica without a pod": (
        types(Worker={"replicas": 1}),
        "spec.tfReplicaSpecs.Worker.template: Required value",
    ),
    "containers without spec around them": (types(Worker=BARE), "Worker.template.spec: Required value"),
    "the list of replicas of v1alpha1": (
        job(replicaSpecs=[{"tfReplicaType": "MASTER"}]),
        'unknown field "spec.replicaSpecs"',
    ),
    "a misspelled field": (job(runPolcy={}), 'unknown field "spec.runPolcy"'),
    "a name that begins with a digit": (
        job("2nd-try"),
        "begins with a letter, since its pods' Services are named",
    ),
    "a name with a dot": (job("mnist.v2"), "the name of a TFJob is lower-case letters, digits and dashes"),
    "a name too long for its pods": (job("m" * 55), "NAME-TYPE-INDEX, the name of each pod and its Service"),
}


@pytest.mark.parametrize(("body", "message"), MISTAKES.values(), ids=MISTAKES)
def test_server_refuses(body: Body, message: str, cluster: Cluster, tfjob_kind: str) -> None:
    with pytest.raises(KubectlError) as refused:
        cluster.kubectl("create", "--dry-run=server", "-f", "-", input=json.dumps(body))
    assert message in str(refused.value)


RIGHT = {
    "one worker": job(),
    "every type, none of them twice": types(**{t: replica() for t in ("Chief", "PS", "Worker", "Evaluator")}),
    "no replicas of a type for now": types(Worker=replica(replicas=0), Master=replica()),
    "a side container, and fields of pods that the kind does not know": types(
        Worker=pod(container(securityContext={"runAsUser": 5}, tty=True), {"name": "log", "image": "tail:1"})
    ),
    "amounts as numbers and text": types(
        Worker=pod(container(resources={"limits": {"cpu": 2, "memory": "1.5Gi", "nvidia.com/gpu": 1}}))
    ),
    "the longest name": job("m" * 54),
    "all that a run can be told": job(
        successPolicy="AllWorkers",
        enableDynamicWorker=True,
        runPolicy={
            "cleanPodPolicy": "None",
            "ttlSecondsAfterFinished": 0,
            "activeDeadlineSeconds": 1,
            "backoffLimit": 0,
            "suspend": True,
            "managedBy": "kueue.x-k8s.io/multikueue",
            "schedulingPolicy": {"minAvailable": 2, "minResources": {"cpu": "2"}, "queue": "q"},
        },
    ),
}


@pytest.mark.parametrize("body", RIGHT.values(), ids=RIGHT)
def test_server_keeps_every_field(body: Body, cluster: Cluster, tfjob_kind: str) -> None:
    made = json.loads(
        cluster.kubectl("create", "--dry-run=server", "-o", "json", "-f", "-", input=json.dumps(body))
    )
    assert made["spec"] == body["spec"]


# As the operator's release 1.9.4 wrote it of a job whose chief had ended, and what it may write besides.
STATUS = {
    "completionTime": "2026-01-01T00:00:26Z",
    "conditions": [
        {
            "lastTransitionTime": "2026-01-01T00:00:00Z",
            "lastUpdateTime": "2026-01-01T00:00:00Z",
            "message": "TFJob mnist is created.",
            "reason": "TFJobCreated",
            "status": "True",
            "type": "Created",
        },
        {
            "lastTransitionTime": "2026-01-01T00:00:26Z",
            "lastUpdateTime": "2026-01-01T00:00:26Z",
            "message": "TFJob kubeflow/mnist successfully completed.",
            "reason": "TFJobSucceeded",
            "status": "True",
            "type": "Succeeded",
        },
    ],
    "lastReconcileTime": "2026-01-01T00:00:26Z",
    "replicaStatuses": {
        "Chief": {"succeeded": 1},
        "PS": {"active": 0, "selector": "training.kubeflow.org/job-name=mnist"},
        "Worker": {"labelSelector": {"matchLabels": {"a": "b"}}, "failed": 1},
        "Evaluator": {},
    },
    "startTime": "2026-01-01T00:00:00Z",
}


def test_status_of_the_operator_is_kept_and_shown(cluster: Cluster, namespace: str, tfjob_kind: str) -> None:
    cluster.kubectl("create", "--namespace", namespace, "-f", "-", input=json.dumps(job()))
    patch = ("--subresource=status", "--type=merge", "--patch", json.dumps({"status": STATUS}))
    cluster.kubectl("patch", "tfjob", "mnist", "--namespace", namespace, *patch)
    live = json.loads(cluster.kubectl("get", "tfjob", "mnist", "--namespace", namespace, "-o", "json"))
    assert live["status"] == STATUS
    head, row = cluster.kubectl("get", "tfjobs", "--namespace", namespace).splitlines()
    assert head.split() == ["NAME", "STATE", "AGE"]
    assert row.split()[:2] == ["mnist", "Succeeded"]


def test_what_may_not_change_is_refused(cluster: Cluster, namespace: str, tfjob_kind: str) -> None:
    managed = job(
        runPolicy={"managedBy": "kubeflow.org/training-operator", "schedulingPolicy": {"queue": "a"}}
    )
    cluster.kubectl("create", "--namespace", namespace, "-f", "-", input=json.dumps(managed))
    changes = {"managedBy": "kueue.x-k8s.io/multikueue", "schedulingPolicy": {"queue": "b"}}
    with pytest.raises(KubectlError) as refused:
        patch = ("--type=merge", "--patch", json.dumps({"spec": {"runPolicy": changes}}))
        cluster.kubectl("patch", "tfjob", "mnist", "--namespace", namespace, *patch)
    assert "managedBy can't be changed" in str(refused.value)
    assert "queue can't be changed" in str(refused.value)


def test_kind_is_compact() -> None:
    crd = objects("tf-job-operator", {})["CustomResourceDefinition"]
    assert len(json.dumps(crd, separators=(",", ":"))) < 15_000  # a client-side apply may hold 262,144
