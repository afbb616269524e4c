"""tf-job: what its parameters make of a TFJob."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.errors import ParameterError
from tests.templates.rendering import objects, resolved

IMAGE = {"image": "train:1"}


def tfjob(component: str = "mnist", **params: Any) -> Any:
    return objects("tf-job", {**IMAGE, **params}, component)["TFJob"]


def replicas(**params: Any) -> Any:
    return tfjob(**params)["spec"]["tfReplicaSpecs"]


def container(kind: str, **params: Any) -> Any:
    return replicas(**params)[kind]["template"]["spec"]["containers"][0]


def pod(kind: str, **params: Any) -> Any:
    return replicas(**params)[kind]["template"]["spec"]


def gpus(specs: Any) -> dict[str, Any]:
    return {
        kind: spec["template"]["spec"]["containers"][0]["resources"].get("limits", {}).get("nvidia.com/gpu")
        for kind, spec in specs.items()
    }


@pytest.mark.parametrize(
    ("params", "counts"),
    [
        ({}, {"Chief": 1}),
        ({"num_workers": 2}, {"Chief": 1, "Worker": 2}),
        ({"num_masters": 0, "num_workers": 2, "num_ps": 1}, {"PS": 1, "Worker": 2}),
        ({"numWorkers": 3, "num-evaluators": 1}, {"Chief": 1, "Worker": 3, "Evaluator": 1}),
    ],
)
def test_replicas_are_those_that_are_counted(params: dict[str, int], counts: dict[str, int]) -> None:
    assert {kind: spec["replicas"] for kind, spec in replicas(**params).items()} == counts


def test_a_job_that_could_never_end_is_refused() -> None:
    with pytest.raises(ParameterError, match="num_masters and num_workers are both 0"):
        replicas(num_masters=0, num_ps=2)


def test_two_masters_are_refused() -> None:
    with pytest.raises(ParameterError, match="num_masters must be 0 or 1, a job has one chief at most"):
        replicas(num_masters=2)


def test_a_name_too_long_for_the_names_of_pods_is_refused() -> None:
    assert tfjob("m" * 50)["metadata"]["name"] == "m" * 50
    with pytest.raises(ParameterError, match="the name of a TFJob has at most 50 characters"):
        tfjob("m" * 51)


def test_a_component_that_begins_with_a_digit_needs_a_name() -> None:
    with pytest.raises(ParameterError, match="must begin with a letter"):
        tfjob("2nd-try")
    assert tfjob("2nd-try", name="second-try")["metadata"]["name"] == "second-try"


def test_gpus_go_to_the_workers() -> None:
    specs = replicas(num_gpus=2, num_workers=1, num_ps=1)
    assert gpus(specs) == {"Chief": None, "PS": None, "Worker": "2"}


def test_gpus_go_to_the_chief_where_there_are_no_workers() -> None:
    assert gpus(replicas(num_gpus=1, num_ps=1)) == {"Chief": "1", "PS": None}


def test_the_image_for_gpus_is_that_of_the_processes_that_have_one() -> None:
    params = {"num_gpus": 1, "num_workers": 1, "imageGpu": "train:1-gpu"}
    assert container("Worker", **params)["image"] == "train:1-gpu"
    assert container("Chief", **params)["image"] == "train:1"
    assert container("Worker", num_workers=1, image_gpu="train:1-gpu")["image"] == "train:1"


def test_arguments_stay_as_they_are() -> None:
    args = ["--layers=64,32", "", "-5", "{{ x }}", "a: b"]
    made = container("Chief", args=args, command=["python", "-u"])
    assert (made["args"], made["command"]) == (args, ["python", "-u"])


def test_no_arguments_leave_those_of_the_image() -> None:
    assert {"args", "command", "env", "envFrom", "volumeMounts"}.isdisjoint(container("Chief"))


def test_amounts_are_text_and_the_users_own_win() -> None:
    resources = {"requests": {"cpu": 2, "ephemeral-storage": "1Gi"}, "limits": {"nvidia.com/gpu": 4}}
    made = container("Chief", cpuRequest=0.5, memoryLimit="2Gi", num_gpus=1, resources=resources)
    assert made["resources"] == {
        "requests": {"cpu": "2", "memory": "512Mi", "ephemeral-storage": "1Gi"},
        "limits": {"memory": "2Gi", "nvidia.com/gpu": "4"},
    }


def test_run_policy_holds_what_is_given_and_no_more() -> None:
    assert tfjob()["spec"]["runPolicy"] == {"cleanPodPolicy": "Running"}
    given: dict[str, Any] = {
        "cleanPodPolicy": "None",
        "backoffLimit": 0,
        "activeDeadlineSeconds": 60,
        "ttlSecondsAfterFinished": 0,
        "suspend": True,
    }
    assert tfjob(**given)["spec"]["runPolicy"] == given


def test_scheduling_policy_is_made_of_what_is_given() -> None:
    assert tfjob(queue="night")["spec"]["runPolicy"]["schedulingPolicy"] == {"queue": "night"}


def test_a_claim_is_mounted_and_its_files_are_the_users() -> None:
    made = pod("Chief", pvcName="data", mountPath="/mnt/data")
    assert made["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
    assert made["containers"][0]["volumeMounts"] == [{"name": "data", "mountPath": "/mnt/data"}]
    assert made["securityContext"]["fsGroup"] == 1000


def test_further_volumes_stand_beside_the_claim() -> None:
    shm = {"name": "shm", "emptyDir": {"medium": "Memory"}}
    mount = {"name": "shm", "mountPath": "/dev/shm"}
    made = pod("Chief", pvcName="data", volumes=[shm], volumeMounts=[mount])
    assert made["volumes"][1:] == [shm]
    assert made["containers"][0]["volumeMounts"][1:] == [mount]


def test_secrets_become_variables_by_reference() -> None:
    assert container("Chief", envFromSecret=["a", "b"])["envFrom"] == [
        {"secretRef": {"name": "a"}},
        {"secretRef": {"name": "b"}},
    ]


@pytest.mark.parametrize("variable", ["1A", "A=B", "", "A B"])
def test_a_variable_that_can_not_be_is_refused(variable: str) -> None:
    with pytest.raises(ParameterError, match="must be the name of an environment variable"):
        container("Chief", env={variable: "x"})


def test_a_number_as_a_variable_is_refused() -> None:
    with pytest.raises(ParameterError, match=r"env\.N must be text"):
        container("Chief", env={"N": 5})


@pytest.mark.parametrize(("inject", "text"), [(False, "false"), (True, "true")])
def test_istio_is_told_whether_to_come_in(inject: bool, text: str) -> None:
    template = replicas(istioInject=inject)["Chief"]["template"]
    assert template["metadata"]["annotations"] == {"sidecar.istio.io/inject": text}


def test_labels_and_annotations_are_on_the_job_and_its_pods() -> None:
    body = tfjob(labels={"team": "vision", "app": "other"}, annotations={"sidecar.istio.io/inject": "true"})
    inner = body["spec"]["tfReplicaSpecs"]["Chief"]["template"]["metadata"]
    assert body["metadata"]["labels"] == inner["labels"] == {"app": "other", "team": "vision"}
    assert body["metadata"]["annotations"] == inner["annotations"] == {"sidecar.istio.io/inject": "true"}


def test_pods_are_restricted_unless_told_otherwise() -> None:
    made = pod("Chief")
    assert made["securityContext"]["runAsNonRoot"] is True
    assert made["containers"][0]["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    own = pod("Chief", podSecurity="baseline")
    assert own["securityContext"] == {"seccompProfile": {"type": "RuntimeDefault"}}
    assert own["containers"][0]["securityContext"] == {"allowPrivilegeEscalation": False}


def test_the_token_of_an_account_is_mounted_only_where_one_is_named() -> None:
    assert pod("Chief")["automountServiceAccountToken"] is False
    named = pod("Chief", serviceAccountName="trainer")
    assert (named["automountServiceAccountToken"], named["serviceAccountName"]) == (True, "trainer")


def test_placement_reaches_the_pods() -> None:
    toleration = {"key": "gpu", "operator": "Exists"}
    made = pod("Chief", nodeSelector={"gpu": "yes"}, tolerations=[toleration], imagePullSecrets=["a"])
    assert made["nodeSelector"] == {"gpu": "yes"}
    assert made["tolerations"] == [toleration]
    assert made["imagePullSecrets"] == [{"name": "a"}]


def test_the_container_is_the_one_that_the_operator_looks_for() -> None:
    made = container("Chief")
    assert made["name"] == "tensorflow"
    assert made["ports"] == [{"name": "tfjob-port", "containerPort": 2222, "protocol": "TCP"}]


def test_one_parameter_in_two_spellings_is_refused() -> None:
    with pytest.raises(ParameterError, match="'num_workers' and 'numWorkers' are the same parameter"):
        resolved("tf-job", {**IMAGE, "num_workers": 1, "numWorkers": 2})


def test_only_pods_of_the_job_reach_it() -> None:
    policy = objects("tf-job", IMAGE, "mnist")["NetworkPolicy/mnist"]["spec"]
    pods = {"matchLabels": {"training.kubeflow.org/job-name": "mnist"}}
    assert policy == {
        "podSelector": pods,
        "policyTypes": ["Ingress"],
        "ingress": [{"from": [{"podSelector": pods}]}],
    }
    assert "NetworkPolicy" not in objects("tf-job", {**IMAGE, "networkPolicy": False})
