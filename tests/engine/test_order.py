"""The order of objects: by kind, and by what the objects ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.engine.needs import DEPENDS_ON, dangling, needs
from kfctl.engine.order import ORDER, sort_key, waves
from kfctl.errors import AppError
from kfctl.model.resource import Key, Resource

if TYPE_CHECKING:
    import random

RBAC = "rbac.authorization.k8s.io/v1"


def made(api_version: str, kind: str, name: str, namespace: str = "ns", **body: Any) -> Resource:
    metadata: dict[str, Any] = {"name": name, **({"namespace": namespace} if namespace else {})}
    if "depends_on" in body:
        metadata["annotations"] = {DEPENDS_ON: body.pop("depends_on")}
    return Resource({"apiVersion": api_version, "kind": kind, "metadata": metadata, **body})


def workload(name: str, *, labels: dict[str, str] | None = None, **pod: Any) -> Resource:
    template = {"metadata": {"labels": labels or {}}, "spec": {"containers": [{"name": "main"}], **pod}}
    return made("apps/v1", "Deployment", name, spec={"template": template})


OPERATOR = [
    made("v1", "Namespace", "ns", ""),
    made(
        "apiextensions.k8s.io/v1",
        "CustomResourceDefinition",
        "tfjobs.kubeflow.org",
        "",
        spec={"group": "kubeflow.org", "names": {"kind": "TFJob", "plural": "tfjobs"}},
    ),
    made("v1", "ServiceAccount", "operator"),
    made("v1", "ConfigMap", "settings"),
    made(RBAC, "ClusterRole", "operator", ""),
    made(RBAC, "ClusterRoleBinding", "operator", ""),
    made("v1", "PersistentVolumeClaim", "data"),
    made("v1", "Service", "operator", spec={"selector": {"app": "operator"}}),
    workload("operator", labels={"app": "operator", "more": "x"}, serviceAccountName="operator"),
    made(
        "admissionregistration.k8s.io/v1",
        "ValidatingWebhookConfiguration",
        "operator",
        "",
        webhooks=[
            {
                "rules": [{"apiGroups": ["kubeflow.org"], "resources": ["tfjobs"]}],
                "clientConfig": {"service": {"name": "operator", "namespace": "ns"}},
            }
        ],
    ),
    made("kubeflow.org/v1", "TFJob", "train"),
]


def names(groups: tuple[tuple[Key, ...], ...]) -> list[list[str]]:
    return [[str(key) for key in group] for group in groups]


def test_waves_of_an_operator_and_its_job() -> None:
    assert names(waves(OPERATOR)) == [
        ["Namespace/ns"],
        ["CustomResourceDefinition/tfjobs.kubeflow.org"],
        [
            "ServiceAccount/operator",
            "ConfigMap/settings",
            "ClusterRole/operator",
            "ClusterRoleBinding/operator",
        ],
        ["PersistentVolumeClaim/data"],
        ["Service/operator"],
        ["Deployment/operator"],
        ["ValidatingWebhookConfiguration/operator"],
        ["TFJob/train"],
    ]


def test_a_custom_resource_waits_for_its_kind_and_for_its_webhook() -> None:
    waited = {str(need.on): need.why for need in needs(OPERATOR) if need.key.kind == "TFJob" and need.ready}
    assert waited == {
        "CustomResourceDefinition/tfjobs.kubeflow.org": "its kind",
        "Deployment/operator": "the webhook that admits it",
    }


def test_a_custom_resource_waits_for_what_converts_it() -> None:
    client = {"service": {"name": "operator", "namespace": "ns"}}
    conversion = {"strategy": "Webhook", "webhook": {"clientConfig": client}}
    kinds = [each for each in OPERATOR if each.kind == "CustomResourceDefinition"]
    (kind,) = (
        each.with_body({**each.body, "spec": {**each.body["spec"], "conversion": conversion}})
        for each in kinds
    )
    others = [each for each in OPERATOR if "Webhook" not in each.kind and each not in kinds]
    waited = {
        str(need.on): need.why for need in needs([kind, *others]) if need.key.kind == "TFJob" and need.ready
    }
    assert waited == {
        "CustomResourceDefinition/tfjobs.kubeflow.org": "its kind",
        "Deployment/operator": "the webhook that converts it",
    }


def test_nothing_but_custom_resources_waits_for_anything() -> None:
    assert {need.key.kind for need in needs(OPERATOR) if need.ready} == {"TFJob"}


@pytest.mark.parametrize(
    "pod",
    [
        {"volumes": [{"name": "v", "configMap": {"name": "settings"}}]},
        {"volumes": [{"name": "v", "projected": {"sources": [{"configMap": {"name": "settings"}}]}}]},
        {"containers": [{"name": "c", "envFrom": [{"configMapRef": {"name": "settings"}}]}]},
        {"initContainers": [{"env": [{"valueFrom": {"configMapKeyRef": {"name": "settings", "key": "k"}}}]}]},
    ],
)
def test_a_workload_needs_the_configmap_that_its_pods_read(pod: dict[str, Any]) -> None:
    found = needs([made("v1", "ConfigMap", "settings"), workload("w", **pod)])
    assert [(str(need.key), str(need.on), need.ready) for need in found] == [
        ("Deployment/w", "ConfigMap/settings", False)
    ]


@pytest.mark.parametrize(
    ("kind", "pod"),
    [
        ("Secret", {"volumes": [{"name": "v", "secret": {"secretName": "x"}}]}),
        ("PersistentVolumeClaim", {"volumes": [{"name": "v", "persistentVolumeClaim": {"claimName": "x"}}]}),
        ("ServiceAccount", {"serviceAccountName": "x"}),
    ],
)
def test_a_job_of_any_kind_needs_what_its_pods_mount(kind: str, pod: dict[str, Any]) -> None:
    template = {"spec": {"containers": [], **pod}}
    job = made("kubeflow.org/v1", "TFJob", "j", spec={"tfReplicaSpecs": {"Worker": {"template": template}}})
    assert [str(need.on) for need in needs([made("v1", kind, "x"), job])] == [f"{kind}/x"]


def test_token_secret_is_applied_after_its_account() -> None:
    account = made("v1", "ServiceAccount", "robot")
    secret = made("v1", "Secret", "token", type="kubernetes.io/service-account-token")
    secret.metadata["annotations"] = {"kubernetes.io/service-account.name": "robot"}
    assert waves([secret, account]) == ((account.key,), (secret.key,))


def test_what_is_optional_is_not_needed() -> None:
    volumes = [{"name": "v", "secret": {"secretName": "x", "optional": True}}]
    assert needs([made("v1", "Secret", "x"), workload("w", volumes=volumes)]) == ()


def test_same_kind_of_another_group_is_a_custom_resource() -> None:
    knative = made("serving.knative.dev/v1", "Service", "a")
    core = made("v1", "Service", "b")
    pod = made("v1", "Pod", "c")
    assert sorted([knative, pod, core], key=sort_key) == [core, pod, knative]


def test_depends_on_makes_waves_of_its_own_inside_a_stage() -> None:
    chain = [
        made("batch/v1", "Job", "load", depends_on="Job/migrate, Deployment/db"),
        made("batch/v1", "Job", "migrate", depends_on="Deployment/db"),
        workload("db"),
        made("v1", "Service", "db"),
    ]
    assert names(waves(chain)) == [["Service/db"], ["Deployment/db"], ["Job/migrate"], ["Job/load"]]


def test_depends_on_wins_over_the_order_of_kinds() -> None:
    late = made("v1", "ConfigMap", "late", depends_on="Deployment/db")
    assert names(waves([late, workload("db")])) == [["Deployment/db"], ["ConfigMap/late"]]


def test_depends_on_means_the_nearest_of_one_name() -> None:
    own, other = made("v1", "ConfigMap", "c", "one"), made("v1", "ConfigMap", "c", "two")
    asker = made("v1", "Secret", "s", "two", depends_on="ConfigMap/c")
    assert [need.on.namespace for need in needs([own, other, asker])] == ["two"]


def test_a_circle_is_an_error_that_names_it() -> None:
    circle = [
        made("batch/v1", "Job", "a", depends_on="Job/b"),
        made("batch/v1", "Job", "b", depends_on="Job/a"),
    ]
    with pytest.raises(AppError, match=r"circle: Job/. before Job/. before Job/."):
        waves(circle)


def test_waiting_for_oneself_is_a_circle() -> None:
    with pytest.raises(AppError, match="circle"):
        waves([made("batch/v1", "Job", "a", depends_on="Job/a")])


@pytest.mark.parametrize("text", ["db", "Deployment/", "/db", "apps/Deployment/db", "Deployment db"])
def test_a_depends_on_that_is_not_kind_and_name_is_an_error(text: str) -> None:
    with pytest.raises(AppError, match="depends-on holds"):
        waves([made("batch/v1", "Job", "a", depends_on=text)])


def test_a_name_that_nothing_has_is_found_with_what_was_meant() -> None:
    (problem,) = dangling(
        [workload("database"), made("batch/v1", "Job", "a", depends_on="Deployment/databse")]
    )
    assert "Deployment/databse" in problem.message
    assert problem.hint == "did you mean Deployment/database?"


def test_a_long_chain_does_not_end_in_a_recursion() -> None:
    chain = [made("batch/v1", "Job", f"j{i}", depends_on=f"Job/j{i + 1}") for i in range(3000)]
    chain.append(made("batch/v1", "Job", "j3000"))
    assert len(waves(chain)) == 3001


KINDS = [kind for stage in ORDER for kind in stage] + ["example.com/Thing", "kubeflow.org/TFJob"]


@given(st.lists(st.tuples(st.sampled_from(KINDS), st.sampled_from("abc")), max_size=30), st.randoms())
def test_waves_hold_everything_once_in_stable_order(
    picked: list[tuple[str, str]], shuffler: random.Random
) -> None:
    resources = [
        made(f"{kind.rpartition('/')[0]}/v1".lstrip("/"), kind.rpartition("/")[2], name)
        for kind, name in dict.fromkeys(picked)
    ]
    first = waves(resources)
    flat = [key for wave in first for key in wave]
    assert flat == [resource.key for resource in sorted(resources, key=sort_key)]
    shuffler.shuffle(resources)
    assert waves(resources) == first
