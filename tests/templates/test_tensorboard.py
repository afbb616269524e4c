"""tensorboard: where its logs come from, and how it is reached."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.errors import ParameterError
from tests.templates.rendering import objects, resolved


def board(**params: Any) -> Any:
    return objects("tensorboard", {"logDir": "/logs", **params}, "board")


def pod(**params: Any) -> Any:
    return board(**params)["Deployment"]["spec"]["template"]["spec"]


def container(**params: Any) -> Any:
    return pod(**params)["containers"][0]


def variables(**params: Any) -> dict[str, Any]:
    return {entry["name"]: entry.get("value", entry.get("valueFrom")) for entry in container(**params)["env"]}


def test_service_keeps_the_port_of_old() -> None:
    made = board()
    (port,) = made["Service"]["spec"]["ports"]
    assert (port["port"], port["targetPort"]) == (9000, "http")
    assert container()["ports"] == [{"name": "http", "containerPort": 6006, "protocol": "TCP"}]
    assert made["Service"]["spec"]["selector"] == made["Deployment"]["spec"]["selector"]["matchLabels"]


def test_the_probes_follow_the_path_in_front() -> None:
    made = container(pathPrefix="/tb/mnist", port=7007)
    assert {"--path_prefix=/tb/mnist", "--port=7007"} <= set(made["args"])
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        assert made[probe]["httpGet"] == {"path": "/tb/mnist/data/environment", "port": "http"}


@pytest.mark.parametrize("path", ["tb", "/tb/", "/a b", "/", "/tb?x"])
def test_a_path_that_can_not_be_is_refused(path: str) -> None:
    with pytest.raises(ParameterError, match="pathPrefix must be empty or a path such as"):
        board(pathPrefix=path)


def test_both_names_of_the_image_mean_the_same() -> None:
    assert container(defaultTbImage="tb:1")["image"] == container(image="tb:1")["image"] == "tb:1"


def test_a_claim_is_only_read() -> None:
    made = pod(pvcName="training-data")
    assert made["volumes"][1]["persistentVolumeClaim"] == {"claimName": "training-data", "readOnly": True}
    assert made["containers"][0]["volumeMounts"][1] == {
        "name": "logs",
        "mountPath": "/logs",
        "readOnly": True,
    }


def test_credentials_of_google_are_mounted() -> None:
    given = {"logDir": "gs://b/logs", "gcpCredentialSecretName": "sa"}
    assert variables(**given) == {"GOOGLE_APPLICATION_CREDENTIALS": "/secret/gcp-credentials/key.json"}
    assert pod(**given)["volumes"][-1] == {"name": "gcp-credentials", "secret": {"secretName": "sa"}}


@pytest.mark.parametrize(
    ("endpoint", "https", "url"),
    [
        ("minio:9000", True, "https://minio:9000"),
        ("minio:9000", False, "http://minio:9000"),
        ("http://minio:9000", True, "http://minio:9000"),
    ],
)
def test_address_of_a_store(endpoint: str, https: bool, url: str) -> None:
    made = variables(logDir="s3://b/logs", s3Enable=True, s3Endpoint=endpoint, s3UseHttps=https)
    assert made["S3_ENDPOINT"] == made["AWS_ENDPOINT_URL"] == url
    assert made["S3_USE_HTTPS"] == ("1" if https else "0")


def test_credentials_of_s3_are_references() -> None:
    made = variables(logDir="s3://b/logs", s3Enable=True, s3SecretName="aws", s3SecretAccesskeyidKeyName="id")
    assert made["AWS_ACCESS_KEY_ID"] == {"secretKeyRef": {"name": "aws", "key": "id"}}
    assert made["AWS_SECRET_ACCESS_KEY"] == {"secretKeyRef": {"name": "aws", "key": "AWS_SECRET_ACCESS_KEY"}}
    assert "AWS_ACCESS_KEY_ID" not in variables(logDir="s3://b/logs", s3Enable=True)


def test_logs_on_s3_without_s3_are_refused() -> None:
    with pytest.raises(ParameterError, match="needs s3Enable: true"):
        board(logDir="s3://bucket/logs")


@pytest.mark.parametrize("name", ["s3Endpoint", "s3SecretName"])
def test_what_would_do_nothing_is_refused(name: str) -> None:
    with pytest.raises(ParameterError, match=f"{name} does nothing without s3Enable"):
        board(**{name: "x"})


def test_the_cloud_is_not_asked_any_more() -> None:
    (warning,) = resolved("tensorboard", {"logDir": "gs://b", "cloud": "gcp"}).warnings
    assert "gcpCredentialSecretName alone decides" in warning
