"""The stand-in for ModelServer answers as the real one does, by what its documentation and sources say."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.node.programs import pod

if TYPE_CHECKING:
    from tests.cluster.access import Cluster

IMAGE = "tensorflow/serving:2.20.0"
CLIENT = Path(__file__).parent / "copied-in" / "ask_model_server.py"
FILES = {
    "models": """model_config_list {
  config { name: "every" base_path: "/models/every" model_version_policy { all {} }
    version_labels { key: "stable" value: 1 } version_labels { key: "canary" value: 3 } }
  config { name: "some" base_path: "/models/some"
    model_version_policy { specific { versions: 1 versions: 3 } } }
  config { name: "newest" base_path: "/models/newest" }
}""",
    "monitoring": "prometheus_config { enable: true }",
    "ask.py": CLIENT.read_text(encoding="utf-8"),
}
FLAGS = ("--model_config_file=/config/models", "--monitoring_config_file=/config/monitoring")
AHEAD = "--allow_version_labels_for_unavailable_models=true"
OK = {"error_code": "OK", "error_message": ""}


def container(name: str, *command: str) -> dict[str, Any]:
    """A container that has the models and the configuration."""
    mounts = [{"name": "models", "mountPath": "/models"}, {"name": "config", "mountPath": "/config"}]
    return {
        "name": name,
        "image": IMAGE,
        "imagePullPolicy": "IfNotPresent",
        "command": list(command),
        "volumeMounts": mounts,
    }


@pytest.fixture(scope="module")
def logs(node: Cluster, shared_namespace: str) -> dict[str, str]:
    """What was printed by a client of a running server, and by a server that may not run."""
    server = ("tensorflow_model_server", *FLAGS)
    spec = pod(
        container("server", *server, AHEAD, "--port=8500", "--rest_api_port=8501"),
        container("strict", *server, "--port=8600"),
        container("client", "python", "/config/ask.py"),
        policy="Never",
        volumes=[{"name": "models", "emptyDir": {}}, {"name": "config", "configMap": {"name": "config"}}],
    )
    bodies = [
        {"kind": "ConfigMap", "metadata": {"name": "config"}, "data": FILES},
        {"kind": "Pod", "metadata": {"name": "asked"}, "spec": spec},
    ]
    for body in bodies:
        text = json.dumps({"apiVersion": "v1", **body})
        node.kubectl("create", "--namespace", shared_namespace, "--filename=-", input=text)
    found = {}
    for name in ("strict", "client"):
        ended = f'--for=jsonpath={{.status.containerStatuses[?(@.name=="{name}")].state.terminated}}'
        node.kubectl("wait", ended, "pod/asked", "--namespace", shared_namespace, "--timeout=180s")
        found[name] = node.kubectl("logs", "asked", f"--container={name}", "--namespace", shared_namespace)
    return found


@pytest.fixture(scope="module")
def answers(logs: dict[str, str]) -> dict[str, Any]:
    """What the client was answered."""
    *_, said = logs["client"].splitlines()
    assert said.startswith("{"), logs["client"]
    found: dict[str, Any] = json.loads(said)
    return found


def spec(version: int, signature: str = "serving_default", model: str = "every") -> dict[str, str]:
    """The model that answered."""
    return {"name": model, "version": str(version), "signature_name": signature}


def states(*versions: int) -> dict[str, Any]:
    """Versions that answer."""
    return {"model_version_status": [state(version) for version in versions]}


def state(version: int) -> dict[str, Any]:
    return {"version": str(version), "state": "AVAILABLE", "status": {}}


def test_classes_and_scores(answers: dict[str, Any]) -> None:
    rows = (
        [{"label": "yes", "score": 0.25}, {"label": "no", "score": 0.75}],
        [
            {"label": "yes", "score": 1.0},
            {"label": "no"},
        ],
    )
    assert answers["classify"] == {
        "model_spec": spec(3, "classify"),
        "result": {"classifications": [{"classes": row} for row in rows]},
    }
    assert answers["rest classify"] == [
        200,
        {"results": [[["yes", 0.25], ["no", 0.75]], [["yes", 1.0], ["no", 0.0]]]},
    ]


def test_numbers_for_examples(answers: dict[str, Any]) -> None:
    assert answers["regress"]["result"] == {"regressions": [{"value": 3.5}, {"value": 4.5}]}
    assert answers["regress with context"]["result"] == {"regressions": [{"value": 14.0}]}
    assert answers["rest regress"] == [200, {"results": [1.25, 2.0]}]
    assert answers["rest regress with context"] == [200, {"results": [14.0]}]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("classify nothing", "INVALID_ARGUMENT: Input is empty."),
        (
            "classify by another signature",
            "FAILED_PRECONDITION: No classification inputs found in SignatureDef: ",
        ),
        ("classify by none", "INVALID_ARGUMENT: No signature was found with the name: nosuch"),
        (
            "regress by classification",
            "FAILED_PRECONDITION: No regression outputs found in SignatureDef: ",
        ),
        ("predict by no label", "INVALID_ARGUMENT: Unrecognized servable version label: nosuch"),
        ("predict by no version", "NOT_FOUND: Servable not found for request: Specific(every, 9)"),
        ("predict of no model", "NOT_FOUND: Servable not found for request: Latest(nosuch)"),
        ("predict of nothing", "INVALID_ARGUMENT: ModelSpec has no name specified."),
        ("predict by no signature", 'FAILED_PRECONDITION: Serving signature key "nosuch" not found.'),
        (
            "predict of other inputs",
            "INVALID_ARGUMENT: input size does not match signature: 2!=2 len({a,c}) != len({a,b}). "
            "Sent extra: {c}. Missing but required: {b}.",
        ),
        ("no metadata", "INVALID_ARGUMENT: GetModelMetadataRequest must specify at least one metadata_field"),
        ("other metadata", "INVALID_ARGUMENT: Metadata field nosuch is not supported"),
        ("states of nosuch", "NOT_FOUND: Could not find any versions of model nosuch"),
        ("state of no version", "NOT_FOUND: Could not find version 9 of model every"),
        ("states of nothing", "INVALID_ARGUMENT: Missing ModelSpec"),
        (
            "reload of another kind",
            "INVALID_ARGUMENT: ServerModelConfig type not supported by HandleReloadConfigRequest. "
            "Only ModelConfigList is currently supported",
        ),
        (
            "label of no version",
            "FAILED_PRECONDITION: Request to assign label to version 9 of model every, "
            "which is not currently available for inference",
        ),
        ("predict of removed", "NOT_FOUND: Servable not found for request: Latest(some)"),
    ],
)
def test_faults_by_grpc(answers: dict[str, Any], name: str, said: str) -> None:
    assert isinstance(answers[name], str), answers[name]
    assert answers[name] == said or (said.endswith(" ") and answers[name].startswith(said))


def test_versions_and_labels(answers: dict[str, Any]) -> None:
    assert answers["predict"] == {"model_spec": spec(3), "outputs": {"y": [4.0, 5.0]}}
    assert answers["predict by version"] == {"model_spec": spec(2), "outputs": {"y": [3.0]}}
    assert answers["predict by label"] == {"model_spec": spec(1), "outputs": {"y": [2.0]}}
    assert answers["rest predict by label"] == [200, {"predictions": [4.0]}]


def test_policies_choose_versions(answers: dict[str, Any]) -> None:
    assert answers["states of every"] == states(3, 2, 1)
    assert answers["states of some"] == states(3, 1)
    assert answers["states of newest"] == states(3)
    assert answers["state of a version"] == states(2)


def test_a_reload_adds_removes_and_moves_a_label(answers: dict[str, Any]) -> None:
    assert answers["reload"] == {}
    assert answers["predict by moved label"]["model_spec"] == spec(3)
    assert answers["states of added"] == states(3, 2)


def test_states_by_rest(answers: dict[str, Any]) -> None:
    def state(version: int) -> dict[str, Any]:
        return {"version": str(version), "state": "AVAILABLE", "status": OK}

    assert answers["rest states"] == [200, {"model_version_status": [state(3), state(1)]}]
    assert answers["rest state of a version"] == [200, {"model_version_status": [state(2)]}]


def test_tensors_by_rest(answers: dict[str, Any]) -> None:
    assert answers["rest rows"] == [200, {"predictions": [{"sum": 3.0, "first": 1.0}]}]
    assert answers["rest columns"] == [200, {"outputs": {"sum": [3.0], "first": [1.0]}}]


@pytest.mark.parametrize(
    ("name", "status", "said"),
    [
        ("no examples", 400, "When method is classify, key 'examples' is expected and was not found"),
        ("examples of null", 400, "Feature: x has element with unexpected JSON type: Null"),
        (
            "examples of two kinds",
            400,
            "Unexpected element type in feature: x expecting type: int64",
        ),
        ("by no label", 400, "Unrecognized servable version label: nosuch"),
        ("both", 400, "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "),
        ("no rows", 400, "No values in 'instances' array"),
        ("one row", 400, "Excepting 'instances' to be an list/array"),
        (
            "text for a number",
            400,
            "Failed to process element: 0 of 'instances' list. Error: INVALID_ARGUMENT: "
            'JSON Value: "one" Type: String is not of expected type: float',
        ),
        (
            "another name",
            400,
            "Failed to process element: 0 key: c of 'instances' list. Error: INVALID_ARGUMENT: "
            "JSON object: does not have named input: c",
        ),
        ("a name too few", 400, "keys must be equal to: a,b"),
        ("a column too few", 400, "Missing named input: b in 'inputs' object."),
        (
            "no names",
            400,
            "instances is a plain list, but expecting list of objects as multiple input tensors required "
            "as per tensorinfo_map",
        ),
        ("no json", 400, "JSON Parse error: "),
        ("no object", 400, "Is not object"),
        ("metadata of no model", 404, "Servable not found for request: Latest(nosuch)"),
    ],
)
def test_faults_by_rest(answers: dict[str, Any], name: str, status: int, said: str) -> None:
    code, body = answers[f"rest {name}"]
    assert (code, list(body)) == (status, ["error"])
    assert body["error"].endswith(said) or (said.endswith(" ") and body["error"].startswith(said))


def test_prometheus_reads_counts_and_latencies(answers: dict[str, Any]) -> None:
    lines = answers["metrics"]
    form = re.compile(r'(# TYPE [\w:]+ (counter|histogram))|([\w:]+\{(\w+="[^"]*",?)+\} [\d.e+]+)')
    assert [line for line in lines if not form.fullmatch(line)] == []
    counts = ":tensorflow:serving:request_count"
    assert f"# TYPE {counts} counter" in lines
    assert f'{counts}{{model_name="nosuch",status="NOT_FOUND"}} 1' in lines
    buckets = ":tensorflow:serving:request_latency"
    assert f"# TYPE {buckets} histogram" in lines
    for labels, number in (
        ('API="Classify",entrypoint="GRPC"', 1),
        ('API="Predict",entrypoint="GRPC"', 3),
        ('API="regress",entrypoint="REST"', 2),
    ):
        last = f'{{model_name="every",{labels},le="+Inf"}}'
        assert f"{buckets}_bucket{last} {number}" in lines
        assert f'{buckets}_count{{model_name="every",{labels}}} {number}' in lines


def test_a_label_is_refused_before_its_version_is_loaded(logs: dict[str, str]) -> None:
    refusal = (
        "Failed to start server. Error: FAILED_PRECONDITION: Request to assign label to version 3 of model "
        "every, which is not currently available for inference"
    )
    # It has two streams, which the runtime reads in no certain order.
    (said,) = (line for line in logs["strict"].splitlines() if line.startswith("Failed to start server"))
    assert re.sub(r"version \d", "version 3", said) == refusal  # labels are a map, in any order
