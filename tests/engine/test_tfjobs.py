"""TFJobs of old versions: after the changes they are such as v1 has them, and nothing more changes."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.modern import modern
from kfctl.yamltext.steps import changed
from tests.campaign import size

NAMES = st.sampled_from(["tensorflow", "main", "sidecar"])
CONTAINERS = st.lists(
    st.fixed_dictionaries(
        {"image": st.just("example.com/train:1")},
        optional={"name": NAMES, "ports": st.just([{"containerPort": 80}]), "args": st.just(["--x"])},
    ),
    max_size=2,
)
TEMPLATES = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {"containers": CONTAINERS}, optional={"restartPolicy": st.just("OnFailure")}
        )
    }
)
REPLICA = {
    "replicas": st.integers(0, 3),
    "template": TEMPLATES,
    "restartPolicy": st.sampled_from(["Never", "ExitCode"]),
    "tfPort": st.sampled_from([2222, 2223]),
    "odd": st.just(1),
}
LISTED = st.lists(
    st.fixed_dictionaries({"tfReplicaType": st.sampled_from(["MASTER", "WORKER", "PS"])}, optional=REPLICA),
    min_size=1,
    max_size=3,
    unique_by=lambda replica: replica["tfReplicaType"],
)
MAPPED = st.dictionaries(
    st.sampled_from(["Chief", "Master", "Worker", "Ps", "PS", "evaluator"]),
    st.fixed_dictionaries({}, optional={**REPLICA, "tfReplicaType": st.just("PS")}),
    min_size=1,
    max_size=3,
).filter(lambda found: len({name.lower() for name in found}) == len(found))
BESIDE = {
    "cleanPodPolicy": st.sampled_from(["All", "None"]),
    "backoffLimit": st.integers(0, 3),
    "terminationPolicy": st.just({"chief": {"replicaName": "WORKER", "replicaIndex": 0}}),
    "tfImage": st.just("tensorflow/tensorflow:1.3.0"),
    "schedulerName": st.just("kube-batch"),
    "RuntimeId": st.just("ab12"),
    "strange": st.just({"a": 1}),
    "runPolicy": st.just({"backoffLimit": 5}),
}
SPECS = st.one_of(
    st.fixed_dictionaries({"replicaSpecs": LISTED}, optional=BESIDE),
    st.fixed_dictionaries({"tfReplicaSpecs": MAPPED}, optional=BESIDE),
)
VERSIONS = st.sampled_from(["v1alpha1", "v1alpha2", "v1beta1", "v1beta2", "v1"])


@settings(max_examples=size(2_000), deadline=None)
@given(SPECS, VERSIONS)
def test_every_old_job_becomes_one_of_v1(spec: dict[str, Any], version: str) -> None:
    body = {"apiVersion": f"kubeflow.org/{version}", "kind": "TFJob", "metadata": {"name": "j"}, "spec": spec}
    changes = list(modern(body))
    after = changed(body, [step for change in changes for step in change.steps])
    assert after["apiVersion"] == "kubeflow.org/v1"
    assert after["spec"].keys() <= {"tfReplicaSpecs", "runPolicy"}
    old = spec.get("replicaSpecs") or list(spec["tfReplicaSpecs"].values())
    new = after["spec"]["tfReplicaSpecs"]
    assert new.keys() <= {"Chief", "Master", "Worker", "PS", "Evaluator"}
    assert [each.get("replicas") for each in new.values()] == [each.get("replicas") for each in old]
    for before, replica in zip(old, new.values(), strict=True):
        assert replica.keys() <= {"replicas", "restartPolicy", "template"}
        assert _images(replica) == _images(before)
    assert not [change for change in modern(after) if change.steps]  # once is enough
    assert version == "v1" or after["spec"]["runPolicy"]["cleanPodPolicy"]


def _images(replica: dict[str, Any]) -> list[str]:
    return [
        each["image"] for each in replica.get("template", {"spec": {"containers": []}})["spec"]["containers"]
    ]


def test_a_job_of_today_is_left_alone() -> None:
    template = {"spec": {"containers": [{"name": "tensorflow", "image": "x"}], "restartPolicy": "Never"}}
    spec = {"runPolicy": {}, "tfReplicaSpecs": {"Chief": {"replicas": 1, "template": template}}}
    assert not list(modern({"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "spec": spec}))


def test_two_lists_of_workers_are_not_made_one() -> None:
    spec = {"replicaSpecs": [{"tfReplicaType": "WORKER"}, {"tfReplicaType": "Worker"}]}
    body = {"apiVersion": "kubeflow.org/v1alpha1", "kind": "TFJob", "spec": spec}
    lost = [change.said for change in modern(body) if change.lost]
    assert lost == ["spec.replicaSpecs can't become a map: two entries have the same tfReplicaType"]


def test_objects_of_any_shape_end_in_no_traceback() -> None:
    for spec in (None, 1, [], {"replicaSpecs": 1}, {"replicaSpecs": [1]}, {"tfReplicaSpecs": {"PS": None}}):
        for version in ("kubeflow.org/v1alpha1", "extensions/v1beta1"):
            for kind in ("TFJob", "Ingress", "Deployment"):
                list(modern({"apiVersion": version, "kind": kind, "metadata": 1, "spec": spec}))
