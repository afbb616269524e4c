"""The model server: what its parameters refuse, and what it renders where users and servers rely on it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kfctl.errors import ParameterError
from tests.templates.modelconfig import parsed
from tests.templates.rendering import objects, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

SMALLEST = {"modelPath": "/models/inception"}
S3 = {"modelPath": "s3://bucket/inception", "s3Enable": True}


def container(**params: Any) -> dict[str, Any]:
    """Return the server's container."""
    pod = objects("tf-serving", {**SMALLEST, **params}, "inception")["Deployment"]["spec"]["template"]["spec"]
    found: dict[str, Any] = pod["containers"][0]
    return found


def pod(**params: Any) -> dict[str, Any]:
    """Return the server's pod."""
    found: dict[str, Any] = objects("tf-serving", {**SMALLEST, **params})["Deployment"]["spec"]["template"][
        "spec"
    ]
    return found


REFUSED: dict[str, Mapping[str, Any]] = {
    "modelPath is required": {},
    "need nfsPVC": {**SMALLEST, "modelStorageType": "nfs"},
    "nfsPVC does nothing": {**SMALLEST, "nfsPVC": "models"},
    "begins with /": {"modelPath": "gs://b/m", "modelStorageType": "pvc", "nfsPVC": "models"},
    "needs modelStorageType oci": {"modelPath": "oci://registry/m:1"},
    "needs a modelPath oci://IMAGE": {**SMALLEST, "modelStorageType": "oci"},
    "needs s3Enable true": {"modelPath": "s3://bucket/m"},
    "modelPath of models needs s3Enable": {
        **SMALLEST,
        "models": [{"name": "m", "modelPath": "s3://bucket/m"}],
    },
    "s3Enable fetches the model from S3": {**SMALLEST, "s3Enable": True},
    "no other address": {"modelPath": "hdfs://namenode/m"},
    "give the folder above": {"modelPath": "/models/inception/1"},
    "give both or neither": {**SMALLEST, "versionPolicy": "specific"},
    "maxReplicas is required with minReplicas": {**SMALLEST, "minReplicas": 2},
    "batchingParams does nothing": {**SMALLEST, "batchingParams": {"max_batch_size": 8}},
    "is no flag of TensorFlow Serving": {**SMALLEST, "extraArgs": ["--enable_model_warmups"]},
    "or one that a parameter sets": {**SMALLEST, "extraArgs": ["--model_name=other"]},
    "in the form --flag": {**SMALLEST, "extraArgs": ["--rest_api_num_threads 4"]},
}


@pytest.mark.parametrize(("words", "params"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_work_is_refused(words: str, params: Mapping[str, Any]) -> None:
    with pytest.raises(ParameterError, match=words):
        resolved("tf-serving", params)


def test_a_folder_whose_name_is_a_number_ends_in_a_slash() -> None:
    assert "--model_base_path=/models/2024/" in container(modelPath="/models/2024/")["args"]


OLD = {
    "cloud": "gcp",
    "deployHttpProxy": True,
    "httpProxyImage": "proxy:1",
    "defaultHttpProxyImage": "proxy:1",
    "deployIstio": True,
    "firstVersion": False,
}


def test_parameters_of_0_2_5_that_do_nothing_are_taken_with_a_warning() -> None:
    warned = resolved("tf-serving", {**SMALLEST, **OLD}).warnings
    assert all(any(name in warning for warning in warned) for name in OLD)
    assert objects("tf-serving", {**SMALLEST, **OLD}) == objects("tf-serving", SMALLEST)


def test_names_and_ports_that_others_rely_on() -> None:
    found = objects("tf-serving", {**SMALLEST, "name": "inception", "legacyHttpPort": 8000}, "model-server")
    assert found["Deployment"]["metadata"]["name"] == "inception-v1"
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == {"app": "inception", "version": "v1"}
    service = found["Service/inception"]["spec"]
    assert service["selector"] == {"app": "inception"}  # pods of every version
    assert {port["name"]: (port["port"], port["targetPort"]) for port in service["ports"]} == {
        "grpc-tf-serving": (9000, "grpc"),
        "http-tf-serving": (8501, "http"),
        "http-tf-serving-proxy": (8000, "http"),
    }
    ports = {port["name"]: port["containerPort"] for port in container()["ports"]}
    assert ports == {"grpc": 8500, "http": 8501}


def test_the_server_is_told_of_one_model_by_flags() -> None:
    assert container()["command"] == ["/usr/bin/tensorflow_model_server"]
    assert {
        "--port=8500",
        "--rest_api_port=8501",
        "--model_name=inception",
        "--model_base_path=/models/inception",
        "--file_system_poll_wait_seconds=1",
    } <= set(container()["args"])
    assert "--file_system_poll_wait_seconds=30" in container(modelPath="gs://bucket/inception")["args"]


def test_the_image_follows_the_gpus() -> None:
    assert container()["image"] == "tensorflow/serving:2.20.0"
    assert container(numGpus=2)["image"] == "tensorflow/serving:2.20.0-gpu"
    assert container(numGpus=2, modelServerImage="mine:1")["image"] == "mine:1"
    assert container(numGpus=2)["resources"]["limits"]["nvidia.com/gpu"] == 2
    assert "nvidia.com/gpu" not in container()["resources"]["limits"]


def test_readiness_asks_for_the_model_where_the_server_has_rest() -> None:
    assert container()["readinessProbe"]["httpGet"]["path"] == "/v1/models/inception/metadata"
    assert container()["startupProbe"]["httpGet"]["path"] == "/v1/models/inception"
    assert container(modelServerImage="mine:1")["startupProbe"]["tcpSocket"] == {"port": "grpc"}
    assert container(modelServerImage="mine:1", probes="rest")["startupProbe"]["httpGet"]
    assert "readinessProbe" not in container(probes="none")
    many = container(models=[{"name": "other", "modelPath": "/models/other"}])
    assert many["readinessProbe"]["httpGet"]["path"] == "/v1/models/inception"
    assert container(startupTimeout=61)["startupProbe"]["failureThreshold"] == 7


def test_s3_models_are_fetched_before_the_server_starts() -> None:
    other = {"name": "other", "modelPath": "s3://bucket/other"}
    params = {**S3, "modelName": "inception", "s3SecretName": "keys", "models": [other]}
    fetcher = pod(**params)["initContainers"][0]
    assert fetcher["args"] == [
        "s3://bucket/inception",
        "/model/inception",
        "s3://bucket/other",
        "/model/other",
    ]
    keys = {v["name"]: v["valueFrom"]["secretKeyRef"] for v in fetcher["env"] if "valueFrom" in v}
    assert keys["AWS_ACCESS_KEY_ID"] == {"name": "keys", "key": "AWS_ACCESS_KEY_ID"}
    assert "env" not in pod(**params)["containers"][0]
    first, second = models(**params)
    assert (first.base_path, second.base_path) == ("/model/inception", "/model/other")
    assert "--model_base_path=/model/tf-serving" in pod(**S3)["containers"][0]["args"]


def test_a_model_on_a_claim_is_mounted_read_only() -> None:
    spec = pod(modelPath="/mnt/inception", modelStorageType="nfs", nfsPVC="models")
    mount = {"name": "nfs", "mountPath": "/mnt", "readOnly": True}
    assert mount in spec["containers"][0]["volumeMounts"]
    claim = {"name": "nfs", "persistentVolumeClaim": {"claimName": "models", "readOnly": True}}
    assert claim in spec["volumes"]


def test_a_model_in_an_image_is_copied_or_mounted() -> None:
    params = {"modelPath": "oci://registry/m:1", "modelStorageType": "oci"}
    copied, mounted = pod(**params), pod(**params, ociMode="volume", ociPath="/models/a")
    assert copied["initContainers"][0]["image"] == "registry/m:1"
    assert "--model_base_path=/model-image" in copied["containers"][0]["args"]
    image = {"name": "model-image", "image": {"reference": "registry/m:1", "pullPolicy": "IfNotPresent"}}
    assert image in mounted["volumes"]
    assert "--model_base_path=/model-image/models/a" in mounted["containers"][0]["args"]


def test_googles_credentials_go_to_the_server() -> None:
    server = container(gcpCredentialSecretName="key")
    assert {"name": "GOOGLE_APPLICATION_CREDENTIALS", "value": "/secret/gcp-credentials/key.json"} in server[
        "env"
    ]


def models(**params: Any) -> list[Any]:
    """Return the models of the server's configuration file."""
    found = objects("tf-serving", {**SMALLEST, **params}, "inception")
    assert (
        "--model_config_file=/etc/tf-serving/models.config"
        in found["Deployment"]["spec"]["template"]["spec"]["containers"][0]["args"]
    )
    text = found["ConfigMap"]["data"]["models.config"]
    return list(parsed("ModelServerConfig", text).model_config_list.config)


def test_versions_and_labels_are_told_in_a_file() -> None:
    (model,) = models(versionPolicy="specific", versions=[1, 3], versionLabels={"stable": 1, "canary": 3})
    assert list(model.model_version_policy.specific.versions) == [1, 3]
    assert {label.key: label.value for label in model.version_labels} == {"stable": 1, "canary": 3}
    assert (
        "--allow_version_labels_for_unavailable_models=true" in container(versionLabels={"stable": 1})["args"]
    )
    (model,) = models(numVersions=2)
    assert model.model_version_policy.latest.num_versions == 2
    (model,) = models(versionPolicy="all")
    assert model.model_version_policy.HasField("all")


def test_several_models_keep_their_own_settings() -> None:
    others = [
        {"name": "bert", "modelPath": "gs://b/bert", "versionPolicy": "all"},
        {"name": "mnist", "modelPath": "/m", "versionLabels": {"new": 2}},
    ]
    first, bert, mnist = models(models=others)
    assert [m.name for m in (first, bert, mnist)] == ["inception", "bert", "mnist"]
    assert [m.base_path for m in (first, bert, mnist)] == ["/models/inception", "gs://b/bert", "/m"]
    assert bert.model_version_policy.HasField("all")
    assert mnist.model_version_policy.latest.num_versions == 1
    assert all(m.model_platform == "tensorflow" for m in (first, bert, mnist))
    assert "--file_system_poll_wait_seconds=30" in container(models=others)["args"]


def test_the_configuration_of_batching_and_monitoring() -> None:
    settings = {
        "max_batch_size": 64,
        "allowed_batch_sizes": [8, 64],
        "pad_variable_length_inputs": True,
        "enable_large_batch_splitting": False,
        "thread_pool_name": "mine",
    }
    found = objects("tf-serving", {**SMALLEST, "batching": True, "batchingParams": settings})["ConfigMap"][
        "data"
    ]
    batching = parsed("BatchingParameters", found["batching.config"])
    assert (batching.max_batch_size.value, list(batching.allowed_batch_sizes)) == (64, [8, 64])
    assert batching.pad_variable_length_inputs
    assert batching.HasField("enable_large_batch_splitting")
    assert batching.thread_pool_name.value == "mine"
    assert not batching.HasField("num_batch_threads")
    monitoring = parsed("MonitoringConfig", found["monitoring.config"]).prometheus_config
    assert (monitoring.enable, monitoring.path) == (True, "/monitoring/prometheus/metrics")
    bare = objects("tf-serving", {**SMALLEST, "batching": True, "enablePrometheus": False})["ConfigMap"][
        "data"
    ]
    assert parsed("BatchingParameters", bare["batching.config"]).ByteSize() == 0
    assert "ConfigMap" not in objects("tf-serving", {**SMALLEST, "enablePrometheus": False})


def test_replicas_are_left_to_the_autoscaler() -> None:
    scaled = objects("tf-serving", {**SMALLEST, "replicas": 3, "maxReplicas": 8})
    assert "replicas" not in scaled["Deployment"]["spec"]
    scaler = scaled["HorizontalPodAutoscaler"]["spec"]
    assert (scaler["minReplicas"], scaler["maxReplicas"]) == (3, 8)
    assert scaler["scaleTargetRef"]["name"] == scaled["Deployment"]["metadata"]["name"]
    assert "PodDisruptionBudget" in scaled
    assert objects("tf-serving", {**SMALLEST, "replicas": 0})["Deployment"]["spec"]["replicas"] == 0


@pytest.mark.parametrize(
    ("pdb", "replicas", "made"), [("auto", 1, 0), ("auto", 2, 1), ("always", 1, 1), ("never", 2, 0)]
)
def test_the_disruption_budget(pdb: str, replicas: int, made: int) -> None:
    found = objects("tf-serving", {**SMALLEST, "pdb": pdb, "replicas": replicas})
    assert ("PodDisruptionBudget" in found) == bool(made)


def test_a_gateways_mappings_lead_to_rest() -> None:
    service = objects("tf-serving", {**SMALLEST, "ambassador": True}, "inception")["Service"]
    text = service["metadata"]["annotations"]["getambassador.io/config"]
    get, post = yaml.safe_load_all(text)
    assert (get["method"], get["rewrite"]) == ("GET", "/v1/models/inception")
    assert (post["method"], post["rewrite"]) == ("POST", "/v1/models/inception:predict")
    assert get["prefix"] == post["prefix"] == "/models/inception/"
    assert get["service"].endswith(":8501")
    assert get["name"] != post["name"]
    assert "annotations" not in objects("tf-serving", SMALLEST)["Service"]["metadata"]


def test_two_versions_share_a_service() -> None:
    first = objects("tf-serving", {**SMALLEST, "name": "m"}, "one")
    second = objects("tf-serving", {**SMALLEST, "name": "m", "version": "v2", "service": False}, "two")
    names = [
        {f"{body['kind']}/{body['metadata']['name']}" for body in found.values()} for found in (first, second)
    ]
    assert not names[0] & names[1]
    pod = second["Deployment"]["spec"]["template"]["metadata"]["labels"]
    assert first["Service"]["spec"]["selector"].items() <= pod.items()


def test_what_the_user_labels_is_followed_by_every_selector() -> None:
    params = {**SMALLEST, "labels": {"app": "a", "version": "b"}, "replicas": 2, "networkPolicy": True}
    found = objects("tf-serving", params)
    labels = found["Deployment"]["spec"]["template"]["metadata"]["labels"].items()
    both = {"app": "a", "version": "b"}
    assert found["Deployment"]["spec"]["selector"]["matchLabels"] == both
    assert found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"] == both
    assert found["NetworkPolicy"]["spec"]["podSelector"]["matchLabels"] == both
    assert found["Service"]["spec"]["selector"].items() <= labels
    assert both.items() <= labels


def test_nothing_of_a_component_is_left_unset() -> None:
    text = json.dumps(objects("tf-serving", {**SMALLEST, "networkPolicy": True, "maxReplicas": 2}))
    assert "null" not in text
