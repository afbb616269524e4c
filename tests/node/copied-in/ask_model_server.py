"""Makes small models, waits for a model server that serves them, and prints all that it answers as JSON."""

import json
import time
import urllib.error
import urllib.request
from pathlib import Path

import grpc
import tensorflow as tf
from google.protobuf import json_format, text_format
from tensorflow_serving.apis import (
    classification_pb2,
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_management_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
    regression_pb2,
)

MODELS = Path("/models")
REST = "http://localhost:8501"
EXAMPLE = tf.io.FixedLenFeature([], tf.float32)
ADDED = (
    'config { name: "added" base_path: "/models/made" model_version_policy { latest { num_versions: 2 } } }'
)
answers = {}


class Model(tf.Module):
    """Adds, classifies and estimates; each version by its number."""

    def __init__(self, number):
        super().__init__()
        self.number = tf.constant(float(number))

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def plus(self, x):
        return {"y": x + self.number}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name=name) for name in ("a", "b")])
    def sum(self, a, b):
        return {"sum": a + b, "first": a}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs):
        x = tf.io.parse_example(inputs, {"x": EXAMPLE})["x"]
        scores = tf.stack([x, 1 - x], axis=1)
        return {"classes": tf.repeat([["yes", "no"]], tf.shape(x)[0], axis=0), "scores": scores}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs):
        found = tf.io.parse_example(
            inputs, {"x": EXAMPLE, "shared": tf.io.FixedLenFeature([], tf.float32, 0)}
        )
        return {"outputs": found["x"] + found["shared"] + self.number}


def make_models():
    """Three versions for each of the configured models; the server sees each whole or not at all."""
    for number in (1, 2, 3):
        model = Model(number)
        signatures = {"serving_default": model.plus, "sum": model.sum}
        signatures |= {"classify": model.classify, "regress": model.regress}
        tf.saved_model.save(model, str(MODELS / "made" / str(number)), signatures=signatures)
    for name in ("every", "some", "newest"):
        (MODELS / name).symlink_to("made")


def ask(name, call):
    """Remember what a call answers, or how it fails."""
    try:
        answers[name] = call()
    except grpc.RpcError as error:
        answers[name] = f"{error.code().name}: {error.details()}"


def rest(path, question=None):
    """Status and JSON that REST answers; text is sent as it is."""
    body = question if question is None or isinstance(question, bytes) else json.dumps(question).encode()
    try:
        with urllib.request.urlopen(urllib.request.Request(f"{REST}/v1/models/{path}", body)) as answer:
            return [answer.status, json.load(answer)]
    except urllib.error.HTTPError as error:
        return [error.code, json.load(error)]


def examples(kind, model, signature, *numbers, shared=None):
    """A request with examples."""
    request = kind()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    listed = request.input.example_list
    if shared is not None:
        listed = request.input.example_list_with_context
        listed.context.features.feature["shared"].float_list.value.append(shared)
    for number in numbers:
        listed.examples.add().features.feature["x"].float_list.value.append(number)
    return request


def predict(model, signature="", version=None, label="", **inputs):
    """A request with tensors."""
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = model, signature
    if version:
        request.model_spec.version.value = version
    if label:
        request.model_spec.version_label = label
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value, tf.float32))
    return request


def states(model, version=None):
    """A question for the states of versions."""
    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = model
    if version:
        request.model_spec.version.value = version
    return request


def reload(*models):
    """A request for other models."""
    text = " ".join(("config { model_config_list {", *models, "} }"))
    return text_format.Parse(text, model_management_pb2.ReloadConfigRequest())


def every(label):
    """A model of which all versions are served."""
    return (
        f'config {{ name: "every" base_path: "/models/every" model_version_policy {{ all {{}} }} {label} }}'
    )


def as_json(message):
    """A message as JSON; tensors are lists, however they were packed."""
    found = json_format.MessageToDict(message, preserving_proto_field_name=True)
    if isinstance(message, predict_pb2.PredictResponse):
        found["outputs"] = {name: tf.make_ndarray(each).tolist() for name, each in message.outputs.items()}
    return found


def by_grpc(channel):
    """What the services answer."""
    service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    models = model_service_pb2_grpc.ModelServiceStub(channel)
    classification, regression = classification_pb2.ClassificationRequest, regression_pb2.RegressionRequest

    def computed(name, method, request):
        ask(name, lambda: as_json(method(request)))

    computed("classify", service.Classify, examples(classification, "every", "classify", 0.25, 1))
    computed("classify nothing", service.Classify, examples(classification, "every", "classify"))
    computed("classify by another signature", service.Classify, examples(classification, "every", "", 1))
    computed("classify by none", service.Classify, examples(classification, "every", "nosuch", 1))
    computed("regress", service.Regress, examples(regression, "every", "regress", 0.5, 1.5))
    computed("regress with context", service.Regress, examples(regression, "every", "regress", 1, shared=10))
    computed("regress by classification", service.Regress, examples(regression, "every", "classify", 1))
    computed("predict", service.Predict, predict("every", x=[1, 2]))
    computed("predict by version", service.Predict, predict("every", version=2, x=[1]))
    computed("predict by label", service.Predict, predict("every", label="stable", x=[1]))
    computed("predict by no label", service.Predict, predict("every", label="nosuch", x=[1]))
    computed("predict by no version", service.Predict, predict("every", version=9, x=[1]))
    computed("predict of no model", service.Predict, predict("nosuch", x=[1]))
    computed("predict of nothing", service.Predict, predict("", x=[1]))
    computed("predict by no signature", service.Predict, predict("every", "nosuch", x=[1]))
    computed("predict of other inputs", service.Predict, predict("every", "sum", a=[1], c=[2]))
    metadata = get_model_metadata_pb2.GetModelMetadataRequest()
    metadata.model_spec.name = "every"
    computed("no metadata", service.GetModelMetadata, metadata)
    metadata.metadata_field.append("nosuch")
    computed("other metadata", service.GetModelMetadata, metadata)
    for name in ("every", "some", "newest", "nosuch"):
        computed(f"states of {name}", models.GetModelStatus, states(name))
    computed("state of a version", models.GetModelStatus, states("every", 2))
    computed("state of no version", models.GetModelStatus, states("every", 9))
    computed("states of nothing", models.GetModelStatus, get_model_status_pb2.GetModelStatusRequest())


def by_rest():
    """What REST answers."""

    def asked(name, path, question=None):
        answers[name] = rest(path, question)

    rows = [{"x": 0.25}, {"x": 1.0}]
    asked("rest classify", "every:classify", {"signature_name": "classify", "examples": rows})
    asked("rest regress", "every/versions/1:regress", {"signature_name": "regress", "examples": rows})
    shared = {"signature_name": "regress", "context": {"shared": 10.0}, "examples": [{"x": 1.0}]}
    asked("rest regress with context", "every:regress", shared)
    asked("rest no examples", "every:classify", {"signature_name": "classify"})
    asked("rest examples of null", "every:classify", {"examples": [{"x": None}]})
    asked("rest examples of two kinds", "every:classify", {"examples": [{"x": [1, 1.5]}]})
    asked("rest predict by label", "every/labels/canary:predict", {"instances": [1.0]})
    asked("rest by no label", "every/labels/nosuch:predict", {"instances": [1.0]})
    asked("rest rows", "every:predict", {"signature_name": "sum", "instances": [{"a": 1, "b": 2}]})
    asked("rest columns", "every:predict", {"signature_name": "sum", "inputs": {"a": [1], "b": [2]}})
    asked("rest both", "every:predict", {"instances": [1], "inputs": [1]})
    asked("rest no rows", "every:predict", {"instances": []})
    asked("rest one row", "every:predict", {"instances": 1})
    asked("rest text for a number", "every:predict", {"instances": ["one"]})
    asked("rest another name", "every:predict", {"signature_name": "sum", "instances": [{"a": 1, "c": 2}]})
    asked("rest a name too few", "every:predict", {"signature_name": "sum", "instances": [{"a": 1}]})
    asked("rest a column too few", "every:predict", {"signature_name": "sum", "inputs": {"a": [1]}})
    asked("rest no names", "every:predict", {"signature_name": "sum", "instances": [1]})
    asked("rest no json", "every:predict", b"{")
    asked("rest no object", "every:predict", [1])
    asked("rest states", "some")
    asked("rest state of a version", "every/versions/2")
    asked("rest metadata of no model", "nosuch/metadata")


def by_metrics():
    """The numbers for Prometheus, as lines."""
    with urllib.request.urlopen(f"{REST}/monitoring/prometheus/metrics") as answer:
        answers["metrics"] = answer.read().decode().splitlines()


def by_reload(channel):
    """What becomes of the models when others are asked for."""
    service = prediction_service_pb2_grpc.PredictionServiceStub(channel)
    models = model_service_pb2_grpc.ModelServiceStub(channel)

    def reloaded(name, request):
        ask(name, lambda: as_json(models.HandleReloadConfigRequest(request)))

    other = model_management_pb2.ReloadConfigRequest()
    other.config.custom_model_config.SetInParent()
    reloaded("reload of another kind", other)
    reloaded("label of no version", reload(every('version_labels { key: "stable" value: 9 }')))
    reloaded("reload", reload(every('version_labels { key: "stable" value: 3 }'), ADDED))
    ask("predict by moved label", lambda: as_json(service.Predict(predict("every", label="stable", x=[1]))))
    ask("states of added", lambda: as_json(models.GetModelStatus(states("added"))))
    ask("predict of removed", lambda: as_json(service.Predict(predict("some", x=[1]))))


def wait_for(channel):
    """Wait until the server has opened its ports, which it does when all models answer."""
    grpc.channel_ready_future(channel).result(120)
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            return rest("every")
        except OSError:
            time.sleep(0.1)
    raise TimeoutError(f"nothing answers at {REST}")


make_models()
with grpc.insecure_channel("localhost:8500") as channel:
    wait_for(channel)
    by_grpc(channel)
    by_rest()
    by_metrics()
    by_reload(channel)
print(json.dumps(answers))
