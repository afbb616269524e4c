"""The model that the tutorial trained, on the stand-in for ModelServer: asked, missed, renewed under load."""

from __future__ import annotations

import base64
import json
import shutil
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from tests.cluster.node.nodecluster import NodeCluster
from tests.cluster.processes import wait_until
from tests.node.tutorial import GIVEN, NAMESPACE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.node.app import App

SIGNATURE = "predict_images"
STORED = ("modelStorageType=pvc", "nfsPVC=models", "cpuRequest=50m", "memoryRequest=256Mi")
PICTURE_ON_A_CLAIM = """
patches:
  - target: {kind: Job}
    merge:
      spec:
        template:
          spec:
            volumes:
              - name: inception-persistent-storage-katacoda
                hostPath: null
                persistentVolumeClaim: {claimName: models}
            containers:
              - name: model-client-job-katacoda
                volumeMounts:
                  - {name: inception-persistent-storage-katacoda, mountPath: /data, subPath: images}
"""
LARGEST_LOAD = 4000  # requests; a load that nobody ends stops there


@pytest.fixture(scope="module")
def claim(kubeflow: App) -> Path:
    """The files of the tutorial's claim, where the node keeps them."""
    (folder,) = (NodeCluster().folder / "volumes").glob(f"*_{NAMESPACE}_models")
    return folder


@pytest.fixture(scope="module")
def server(kubeflow: App) -> str:
    """Where the model server's Service answers REST."""
    return f"http://{kubeflow.address('inception')}:8501/v1/models/inception"


@pytest.fixture(scope="module")
def seven(claim: Path) -> dict[str, str]:
    """The picture of a seven, as REST takes it."""
    return {"b64": base64.b64encode((claim / "images" / "7.png").read_bytes()).decode()}


def ask(url: str, question: Any = None) -> tuple[int, Any]:
    """Status and JSON of an answer."""
    body = None if question is None else json.dumps(question).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


def versions(server: str) -> list[tuple[str, str]]:
    """The versions that the server has, with their states."""
    return [(each["version"], each["state"]) for each in ask(server)[1]["model_version_status"]]


def test_rest_by_rows_and_by_columns(server: str, seven: dict[str, str]) -> None:
    rows = ask(f"{server}:predict", {"signature_name": SIGNATURE, "instances": [{"images": seven}]})[1]
    columns = ask(f"{server}:predict", {"signature_name": SIGNATURE, "inputs": {"images": [seven]}})[1]
    assert rows["predictions"][0]["classes"][0] == "7"
    assert columns["outputs"]["classes"][0][0] == "7"
    named = ask(f"{server}/versions/1:predict", {"signature_name": SIGNATURE, "instances": [seven]})
    assert named[0] == 200


@pytest.mark.parametrize(
    ("path", "question", "status", "words"),
    [
        ("/versions/99", None, 404, "Could not find version 99 of model inception"),
        (
            "/versions/99:predict",
            {"instances": [1]},
            404,
            "Servable not found for request: Specific(inception, 99)",
        ),
        (
            ":predict",
            {"instances": [1]},
            400,
            'Serving signature name: "serving_default" not found in signature def',
        ),
        (":predict", {"signature_name": SIGNATURE}, 400, "Missing 'inputs' or 'instances' key"),
        (":guess", {}, 400, "Malformed request: POST /v1/models/inception:guess"),
    ],
)
def test_errors_are_told_as_the_real_server_tells_them(
    server: str, path: str, question: Any, status: int, words: str
) -> None:
    assert ask(server + path, question) == (status, {"error": words})


def test_prometheus_finds_the_numbers(server: str, seven: dict[str, str]) -> None:
    ask(f"{server}:predict", {"signature_name": SIGNATURE, "instances": [seven]})
    address = server.partition("/v1/")[0]
    with urllib.request.urlopen(f"{address}/monitoring/prometheus/metrics", timeout=20) as answer:
        assert (
            ':tensorflow:serving:request_count{model_name="inception",status="OK"}' in answer.read().decode()
        )


def test_a_flag_that_is_none_is_noticed(output: Callable[..., str]) -> None:
    said = output("flags", "tensorflow/serving:2.20.0", "tensorflow_model_server", "--modle_name=inception")
    assert said.startswith("unknown argument: --modle_name=inception\n")


def test_grpc_and_addresses(kubeflow: App) -> None:
    image = "registry.example.com/serving-client:2.21"
    options = (
        "--protocol=grpc",
        f"--image={image}",
        "--images=http://tf-hub-lb/hub/logo",
        "--memoryLimit=2Gi",
    )
    kubeflow.done("generate", "tf-serving-client", "by-grpc", *options, "--topK=1")
    kubeflow.done("apply", "default", "-c", "by-grpc", "--wait-for-jobs", "--timeout", "2m")
    name, best, last = kubeflow.kubectl("logs", "job/by-grpc").splitlines()
    assert name == "http://tf-hub-lb/hub/logo"
    assert float(best.split()[0]) <= 1
    assert last == "1 of 1 images labelled"


def test_the_old_tutorials_own_client_is_answered(kubeflow: App, claim: Path) -> None:
    shutil.copy(claim / "images" / "3.png", claim / "images" / "katacoda.jpg")
    kubeflow.done("import", str(GIVEN / "model-client-job.yaml"), "--name", "old-client")
    component = kubeflow.folder / "components" / "old-client.yaml"
    # The tutorial lays the picture into /root of its machine; here it is on the claim.
    component.write_text(component.read_text() + PICTURE_ON_A_CLAIM)
    kubeflow.done("apply", "default", "-c", "old-client", "--wait-for-jobs", "--timeout", "3m")
    assert 'string_val: "3"' in kubeflow.kubectl("logs", "job/model-client-job-katacoda")


def test_a_server_waits_for_its_model_and_its_client_for_the_server(kubeflow: App, claim: Path) -> None:
    kubeflow.done("generate", "tf-serving", "late")
    kubeflow.done("param", "set", "late", "modelPath=/mnt/late", *STORED)
    asks = ("--modelName=late", "--inputPVC=models", "--inputPath=images/3.png", "--topK=1")
    kubeflow.done("generate", "tf-serving-client", "early", *asks)
    kubeflow.done("apply", "default", "-c", "late", "-c", "early", "--no-wait")
    why = "filesystem access error: Could not find base path /mnt/late for servable late with error NOT_FOUND"
    waits = "waiting for the server: http://late:8501/v1/models/late:predict: "
    assert wait_until(lambda: why in kubeflow.kfctl("status", "default", "-c", "late").out, 90)
    assert wait_until(lambda: waits in kubeflow.kfctl("logs", "default", "early").out, 90)
    done = kubeflow.kfctl("apply", "default", "-c", "late", "-c", "early", "--timeout", "1s")
    assert (done.code, why in done.out) == (6, True), done.out + done.err
    publish(claim / "inception" / "1", claim / "late" / "1")
    kubeflow.done("apply", "default", "-c", "late", "-c", "early", "--wait-for-jobs", "--timeout", "2m")
    said = kubeflow.kubectl("logs", "job/early")
    assert waits in said
    assert said.splitlines()[-2:][0].endswith("  3"), said


def test_a_new_version_and_a_new_server_miss_no_request(
    kubeflow: App, claim: Path, server: str, seven: dict[str, str]
) -> None:
    kubeflow.done("param", "set", "model-server", "replicas=2", "memoryRequest=256Mi")
    kubeflow.done("apply", "default", "-c", "model-server", "--timeout", "3m")
    question = {"signature_name": SIGNATURE, "instances": [seven]}
    with load(f"{server}:predict", question) as seen:
        publish(claim / "inception" / "1", claim / "inception" / "2")
        two_only = lambda: all(versions(server)[0] == ("2", "AVAILABLE") for _ in range(6))  # noqa: E731
        assert wait_until(two_only, 60)
        before = seen.answers
        kubeflow.done("param", "set", "model-server", "annotations", '{"example.com/run": "2"}')
        kubeflow.done("apply", "default", "-c", "model-server", "--timeout", "3m")
        assert wait_until(lambda: seen.answers > before + 20, 60)
    assert seen.failures == []
    assert seen.answers > 50


@dataclass
class Load:
    """What came of a steady load."""

    answers: int = 0
    failures: list[str] = field(default_factory=list)


@contextmanager
def load(url: str, question: Any) -> Iterator[Load]:
    """Ask again and again, four at a time and each by a new connection, for as long as the block runs."""
    seen, over, body = Load(), threading.Event(), json.dumps(question).encode()

    def client() -> None:
        for _ in range(LARGEST_LOAD // 4):
            try:
                with urllib.request.urlopen(urllib.request.Request(url, body), timeout=20) as answer:
                    assert json.loads(answer.read())["predictions"]
                seen.answers += 1
            except (OSError, AssertionError, ValueError) as error:
                seen.failures.append(repr(error))
            if over.wait(0.1):
                return

    clients = [threading.Thread(target=client) for _ in range(4)]
    for each in clients:
        each.start()
    try:
        yield seen
    finally:
        over.set()
        for each in clients:
            each.join()


def publish(source: Path, target: Path) -> None:
    """Put a version of a model on the claim, there whole or not at all."""
    target.parent.mkdir(exist_ok=True)
    shutil.copytree(source, target.with_name(f".{target.name}"))
    target.with_name(f".{target.name}").rename(target)
