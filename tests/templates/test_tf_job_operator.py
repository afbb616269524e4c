"""tf-job-operator: rights, webhook and flags follow the parameters."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.errors import ParameterError
from tests.templates.rendering import objects, resolved

VALIDATOR = "validator.training-operator.kubeflow.org"


def operator(component: str = "tf-job-operator", **params: Any) -> Any:
    return objects("tf-job-operator", params, component)


def flags(**params: Any) -> list[str]:
    return list(operator(**params)["Deployment"]["spec"]["template"]["spec"]["containers"][0]["args"])


def verbs(role: Any, resource: str) -> set[str]:
    return {verb for rule in role["rules"] if resource in rule["resources"] for verb in rule["verbs"]}


def test_the_operator_looks_after_tfjobs_alone() -> None:
    made = operator()
    assert [flag for flag in flags() if "scheme" in flag] == ["--enable-scheme=tfjob"]
    assert verbs(made["ClusterRole/tf-job-operator"], "tfjobs") >= {"list", "watch", "patch"}
    assert not verbs(made["ClusterRole/tf-job-operator"], "secrets")
    assert not verbs(made["ClusterRole/tf-job-operator"], "roles")
    hooks = made["ValidatingWebhookConfiguration"]["webhooks"]
    assert [hook["name"] for hook in hooks] == ["validator.tfjob.training-operator.kubeflow.org"]


def test_other_kinds_bring_their_rights_and_webhooks() -> None:
    made = operator(enableSchemes=["tfjob", "pytorchjob", "mpijob"])
    role = made["ClusterRole/tf-job-operator"]
    assert verbs(role, "pytorchjobs/status") and verbs(role, "horizontalpodautoscalers")
    assert verbs(role, "mpijobs") and verbs(role, "pods/exec") == {"create"}
    rules = [
        hook["rules"][0]["resources"]
        for hook in made[f"ValidatingWebhookConfiguration/{VALIDATOR}"]["webhooks"]
    ]
    assert rules == [["tfjobs"], ["pytorchjobs"]]  # the operator has none for MPIJobs


def test_mpijobs_alone_have_no_webhook() -> None:
    assert "ValidatingWebhookConfiguration" not in operator(enableSchemes=["mpijob"])


def test_what_the_operator_writes_is_not_sent() -> None:
    made = operator()
    assert made["Secret"].keys() == {"apiVersion", "kind", "metadata", "type"}
    assert "caBundle" not in made["ValidatingWebhookConfiguration"]["webhooks"][0]["clientConfig"]


def test_the_certificate_is_for_the_names_of_this_component() -> None:
    made = operator("training")
    args = flags(component="training")
    service = made["ValidatingWebhookConfiguration"]["webhooks"][0]["clientConfig"]["service"]
    assert service["name"] == made["Service"]["metadata"]["name"] == "training"
    assert {"--webhook-service-name=training", "--webhook-secret-name=training-webhook-cert"} <= set(args)
    volume = made["Deployment"]["spec"]["template"]["spec"]["volumes"][0]
    assert volume["secret"]["secretName"] == made["Secret"]["metadata"]["name"] == "training-webhook-cert"
    assert made["Role"]["rules"][1]["resourceNames"] == ["training-webhook-cert"]


def test_pod_groups_may_be_watched_always_and_made_with_a_gang_scheduler() -> None:
    # The operator watches them as soon as their kind is there, and starts no job if it may not.
    assert verbs(operator()["ClusterRole/tf-job-operator"], "podgroups") == {"get", "list", "watch"}
    gang = operator(gangSchedulerName="volcano")
    assert "create" in verbs(gang["ClusterRole/tf-job-operator"], "podgroups")
    assert "--gang-scheduler-name=volcano" in flags(gangSchedulerName="volcano")


def test_an_operator_of_one_namespace_has_rights_there_alone() -> None:
    made = operator(watchNamespace="vision")
    assert "--namespace=vision" in flags(watchNamespace="vision")
    assert "ClusterRoleBinding/tf-job-operator" not in made
    binding = made["RoleBinding/tf-job-operator-jobs"]
    assert binding["metadata"]["namespace"] == "vision"
    assert binding["subjects"][0]["namespace"] == "kubeflow"
    selector = made["ValidatingWebhookConfiguration"]["webhooks"][0]["namespaceSelector"]
    assert selector == {"matchLabels": {"kubernetes.io/metadata.name": "vision"}}


def test_an_account_that_is_there_is_used_and_not_made() -> None:
    made = operator(serviceAccountName="trainer")
    assert "ServiceAccount" not in made
    assert made["Deployment"]["spec"]["template"]["spec"]["serviceAccountName"] == "trainer"
    assert made["ClusterRoleBinding/tf-job-operator"]["subjects"][0]["name"] == "trainer"


def test_the_service_finds_the_pods_also_by_a_label_of_the_users() -> None:
    made = operator(labels={"app": "mine"})
    spec = made["Deployment"]["spec"]
    assert made["Service"]["spec"]["selector"] == spec["selector"]["matchLabels"] == {"app": "mine"}
    assert spec["template"]["metadata"]["labels"].items() >= {"app": "mine"}.items()


def test_the_kind_and_the_webhook_can_be_left_out() -> None:
    made = operator(installCrds=False, webhook=False)
    assert {"CustomResourceDefinition", "ValidatingWebhookConfiguration"}.isdisjoint(made)
    assert "Secret" in made  # the operator does not start without it


def test_domain_of_the_cluster_reaches_the_operator() -> None:
    env = operator(clusterDomain="corp.local")["Deployment"]["spec"]["template"]["spec"]["containers"][0][
        "env"
    ]
    assert env[-1] == {"name": "CUSTOM_CLUSTER_DOMAIN", "value": "corp.local"}


@pytest.mark.parametrize("version", ["v1alpha1", "v1alpha2", "v1beta2"])
def test_old_versions_are_refused_with_what_has_changed(version: str) -> None:
    with pytest.raises(ParameterError, match=r"must be v1: .* stand in runPolicy"):
        operator(tfJobVersion=version)


@pytest.mark.parametrize("name", ["cloud", "tfDefaultImage", "tfJobUiServiceType", "tfAmbassadorServiceType"])
def test_what_does_nothing_any_more_is_taken_with_a_warning(name: str) -> None:
    (warning,) = resolved("tf-job-operator", {name: "gke"}).warnings
    assert name in warning
    assert operator(**{name: "gke"}) == operator()


def test_namespace_of_its_own_is_made_where_asked() -> None:
    assert "Namespace" not in operator(namespace="training")
    made = operator(namespace="training", createNamespace=True)
    assert made["Namespace"]["metadata"]["name"] == "training"
