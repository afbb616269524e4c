"""The client of a model server: what its parameters refuse, and its program against a server on 127.0.0.1."""

from __future__ import annotations

import base64
import json
import os
import socket
import subprocess
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.errors import ParameterError
from tests.templates.modelserver import JPEG, PNG, inception, peer
from tests.templates.rendering import objects, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path


def test_what_cannot_work_is_refused() -> None:
    faults = {
        "nothing to label": {},
        "outputPath needs outputPVC": {"images": ["a"], "outputPath": "a"},
        "not both": {"inputPVC": "a", "imagesConfigMap": "b"},
        "needs image": {"images": ["a"], "protocol": "grpc"},
        "modelVersion or versionLabel": {"images": ["a"], "modelVersion": 1, "versionLabel": "stable"},
    }
    for words, params in faults.items():
        with pytest.raises(ParameterError, match=words):
            resolved("tf-serving-client", params)


def test_a_refusal_ends_the_job_and_a_server_that_is_not_there_starts_it_anew() -> None:
    job = objects("tf-serving-client", {"images": ["a"]})["Job"]["spec"]
    (rule,) = job["podFailurePolicy"]["rules"]
    assert (rule["action"], rule["onExitCodes"]["values"]) == ("FailJob", [2])
    assert job["template"]["spec"]["restartPolicy"] == "Never"
    assert "ttlSecondsAfterFinished" not in job


def test_one_claim_may_hold_images_and_results() -> None:
    job = objects("tf-serving-client", {"inputPVC": "data", "outputPVC": "data"})["Job"]["spec"]
    claims = [
        v["persistentVolumeClaim"] for v in job["template"]["spec"]["volumes"] if "persistentVolumeClaim" in v
    ]
    assert claims == [{"claimName": "data"}, {"claimName": "data"}]


# The program


@dataclass(frozen=True)
class Done:
    """How the program ended."""

    code: int
    out: str
    err: str
    output: Path


@pytest.fixture
def client(tmp_path: Path) -> Callable[..., Done]:
    """Run the program as the container does: its files beside it, a folder mounted."""

    def run(
        server: str, mounted: Mapping[str, bytes] = {}, *, index: int | None = None, **params: Any
    ) -> Done:
        program, pictures, output = tmp_path / "client", tmp_path / "input", tmp_path / "output"
        for folder in (program, pictures, output):
            folder.mkdir(exist_ok=True)
        for name, content in mounted.items():
            (pictures / name).parent.mkdir(parents=True, exist_ok=True)
            (pictures / name).write_bytes(content)
        params = {"server": server, "waitSeconds": 0, **params}
        if not params.get("images"):
            params["inputPVC"] = "pictures"
        config = objects("tf-serving-client", params)["ConfigMap"]["data"]
        for name, text in config.items():
            (program / name).write_text(text, encoding="utf-8")
        environment = {**os.environ, "INPUT": str(pictures), "OUTPUT": str(output)}
        if index is not None:
            environment["JOB_COMPLETION_INDEX"] = str(index)
        done = subprocess.run(
            [sys.executable, "-I", program / "label.py"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        return Done(done.returncode, done.stdout, done.stderr, output)

    return run


def test_every_file_is_labelled_best_class_first(client: Callable[..., Done]) -> None:
    # As a ConfigMap is mounted: what Kubernetes adds begins with a dot.
    images = {"cat.jpg": JPEG, "more/dog.png": PNG, "..2026/cat.jpg": JPEG}
    with peer((200, inception)) as server:
        done = client(server.url, images, topK=2)
    assert done.code == 0, done.err
    lines = done.out.splitlines()
    assert [line.rpartition("/")[2] for line in lines[:-1:3]] == ["cat.jpg", "dog.png"]
    assert lines[1:3] == ["  9.2500  cat", "  1.5000  dog"]
    path, question = server.asked[0]
    assert path == "/v1/models/inception:predict"
    assert question["signature_name"] == "predict_images"
    assert base64.b64decode(question["instances"][0]["images"]["b64"]) == JPEG


def test_addresses_and_named_files(client: Callable[..., Done]) -> None:
    with peer((200, inception), files={"/a%20cat.jpg": JPEG, "/page": b"<html>"}) as server:
        named = [
            f"{server.url}/a%20cat.jpg",
            "more/dog.png",
            f"{server.url}/gone",
            f"{server.url}/page",
            "no.jpg",
        ]
        done = client(server.url.removeprefix("http://"), {"more/dog.png": PNG}, images=named)
    assert done.code == 2
    assert [line for line in done.out.splitlines() if line in named] == named[:2]
    assert "/gone: can't be fetched: HTTP Error 404" in done.out
    assert "/page: is no image (JPEG, PNG, GIF, BMP, WebP): it begins with b'<html>'" in done.out
    assert "no.jpg: can't be read: [Errno 2]" in done.out
    assert "2 of 5 images labelled" in done.out


def test_nothing_there_is_said(client: Callable[..., Done]) -> None:
    done = client("127.0.0.1:1", inputPath="holidays")
    assert done.code == 2
    assert "there are no files in" in done.out


def test_the_version_and_the_models_name_are_in_the_address(client: Callable[..., Done]) -> None:
    for params, path in (
        ({"modelVersion": 7}, "/v1/models/a%2Fb%20c/versions/7:predict"),
        ({"versionLabel": "can/ary"}, "/v1/models/a%2Fb%20c/labels/can%2Fary:predict"),
    ):
        with peer((200, inception)) as server:
            assert client(server.url + "/", {"a.jpg": JPEG}, modelName="a/b c", **params).code == 0
        assert server.asked[0][0] == path


def test_it_asks_again_while_the_server_comes_up(client: Callable[..., Done]) -> None:
    busy = (503, b"upstream connect error"), (429, {"error": "too many"})
    with peer(*busy, (200, inception)) as server:
        done = client(server.url, {"a.jpg": JPEG}, waitSeconds=30)
    assert done.code == 0
    assert "503 upstream connect error" in done.out
    assert "429 too many" in done.out


def test_a_server_that_never_comes_up_is_tried_again_by_the_job(client: Callable[..., Done]) -> None:
    with closing(socket.socket()) as nobody:  # a port that nobody listens on, and nobody else gets
        nobody.bind(("127.0.0.1", 0))
        done = client(f"127.0.0.1:{nobody.getsockname()[1]}", {"a.jpg": JPEG})
    assert done.code == 1
    assert "gave up after 0 s: http://127.0.0.1:" in done.out
    assert "refused" in done.out
    assert client("no-such-host.invalid:8501", {"a.jpg": JPEG}).code == 1


def test_a_server_that_does_not_answer_in_time(client: Callable[..., Done]) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        done = client(f"127.0.0.1:{silent.getsockname()[1]}", {"a.jpg": JPEG}, timeoutSeconds=0.2)
    assert done.code == 1
    assert "timed out" in done.out


def test_the_servers_own_words_end_the_job(client: Callable[..., Done]) -> None:
    with peer((404, {"error": "Servable not found for request: Latest(inception)"})) as server:
        done = client(server.url, {"a.jpg": JPEG}, waitSeconds=300)
    assert done.code == 2
    assert "404 Servable not found for request: Latest(inception)" in done.out
    assert len(server.asked) == 1


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"<html>", "no predictions: <html>"),
        ({"outputs": []}, "no predictions"),
        ({"predictions": 1}, "are no list"),
        ({"predictions": []}, "0 predictions for 1 images"),
        ({"predictions": [{"classes": ["cat"]}]}, "no classes with scores, but"),
        ({"predictions": ["cat"]}, "no classes with scores, but"),
        ({"predictions": [{}]}, "no classes with scores, but"),
    ],
)
def test_an_answer_that_makes_no_sense(client: Callable[..., Done], answer: Any, words: str) -> None:
    with peer((200, answer)) as server:
        done = client(server.url, {"a.jpg": JPEG})
    assert done.code == 2
    assert words in done.out
    assert "Traceback" not in done.out


def test_grpc_without_its_package_says_what_is_missing(client: Callable[..., Done]) -> None:
    done = client("127.0.0.1:1", {"a.jpg": JPEG}, protocol="grpc", image="python:3")
    assert done.code == 2
    assert done.out.startswith("protocol grpc needs an image with tensorflow-serving-api: ")


def test_scores_by_number_have_the_names_given(client: Callable[..., Done]) -> None:
    with peer((200, {"predictions": [{"probabilities": [0.1, 0.7, 0.2]}]})) as server:
        done = client(server.url, {"a.jpg": JPEG}, classNames=["zero", "one"])
        assert done.out.splitlines()[1:-1] == ["  0.7000  one", "  0.2000  2", "  0.1000  zero"]
    with peer((200, {"predictions": [[0.25, 0.75]]})) as server:
        done = client(server.url, {"a.jpg": JPEG})
        assert done.out.splitlines()[1:-1] == ["  0.7500  1", "  0.2500  0"]


def test_classes_may_come_as_bytes(client: Callable[..., Done]) -> None:
    word = {"b64": base64.b64encode("Kätzchen".encode()).decode()}
    answer = {"predictions": [{"classes_bytes": [word], "scores": [1]}]}
    with peer((200, answer)) as server:
        done = client(server.url, {"a.jpg": JPEG}, classesOutput="classes_bytes")
    assert done.out.splitlines()[1:-1] == ["  1.0000  Kätzchen"]


def test_one_bad_image_of_a_batch_takes_no_other_with_it(client: Callable[..., Done]) -> None:
    def picky(instances: list[Any]) -> dict[str, Any]:
        return inception(instances)

    images = {f"{i}.jpg": JPEG for i in range(5)}
    refusal = (400, {"error": "Invalid JPEG data"})
    ok = (200, picky)
    # 0 to 2 together: refused, so one by one, of which 1 is refused; then 3 and 4.
    with peer(refusal, ok, refusal, ok, ok) as server:
        done = client(server.url, images, batchSize=3)
    assert [len(question["instances"]) for _, question in server.asked] == [3, 1, 1, 1, 2]
    assert done.code == 2
    assert "1.jpg: " in done.out
    assert "Invalid JPEG data" in done.out
    assert "4 of 5 images labelled" in done.out


def test_pods_share_the_images_and_write_what_they_found(client: Callable[..., Done]) -> None:
    images = {f"{i}.jpg": JPEG for i in range(5)}
    shared = {"completions": 2, "outputPVC": "results", "outputPath": "today/found.jsonl", "topK": 1}
    with peer((200, inception)) as server:
        first = client(server.url, images, index=0, **shared)
        second = client(server.url, images, index=1, **shared)
    assert (first.code, second.code) == (0, 0), first.err
    written = sorted((first.output / "today").iterdir())
    assert [path.name for path in written] == ["found-0.jsonl", "found-1.jsonl"]
    rows = [[json.loads(line) for line in path.read_text().splitlines()] for path in written]
    assert [[row["image"].rpartition("/")[2] for row in part] for part in rows] == [
        ["0.jpg", "2.jpg", "4.jpg"],
        ["1.jpg", "3.jpg"],
    ]
    assert rows[0][0]["classes"] == [{"class": "cat", "score": 9.25}]
