"""Classification and regression: what signatures compute of serialized examples, by gRPC and as JSON."""

import grpc
import tensorflow as tf
from tensorflow_serving.apis import classification_pb2, input_pb2, regression_pb2

from model_server.faults import Fault, invalid
from model_server.program import DEFAULT_SIGNATURE
from model_server.tensors import decoded, kind_of, wrong

# Method → what it is called in messages, and the outputs that its signatures may have.
METHODS = {"classify": ("classification", {"classes", "scores"}), "regress": ("regression", {"outputs"})}
LISTS = {bool: "int64_list", int: "int64_list", float: "float_list", str: "bytes_list", bytes: "bytes_list"}


def classified(version, name, given, checked):
    """A label and a score for each class of each example; a model may have only one of the two."""
    outputs = computed(version, "classify", name, (given, checked))
    classes, scores = (outputs[key].numpy() if key in outputs else None for key in ("classes", "scores"))
    found = classification_pb2.ClassificationResult()
    for row in range(len(scores if classes is None else classes)):
        classification = found.classifications.add()
        for column in range((scores if classes is None else classes).shape[1]):
            one = classification.classes.add()
            if classes is not None:
                one.label = classes[row, column].decode(errors="replace")
            if scores is not None:
                one.score = scores[row, column]
    return found


def regressed(version, name, given, checked):
    """A number for each example."""
    values = computed(version, "regress", name, (given, checked))["outputs"].numpy()
    found = regression_pb2.RegressionResult()
    for value in values.reshape(-1):
        found.regressions.add(value=value)
    return found


def computed(version, method, name, asked):
    """What a signature computes of examples; with `checked` its method must be the one that is called."""
    given, checked = asked
    kind, outputs = METHODS[method]
    name = name or DEFAULT_SIGNATURE
    if name not in version.program.definition:
        raise invalid(f"No signature was found with the name: {name}")
    signature = version.program.definition[name]
    wanted = f"tensorflow/serving/{method}"
    if checked and signature.method_name != wanted:
        told = f"Expected {kind} signature method_name to be {wanted}."
        raise invalid(f"{told} Was: {signature.method_name}")
    if len(signature.inputs) != 1:
        raise invalid("Expected one input Tensor.")
    if "inputs" not in signature.inputs:
        raise lacking(f"No {kind} inputs found in SignatureDef: {signature}")
    found = [output for output in signature.outputs if output in outputs]
    if not found:
        raise lacking(f"No {kind} outputs found in SignatureDef: {signature}")
    return version.program.run(name, {"inputs": serialized(given)}, tuple(found))


def lacking(message):
    """A signature that is none for examples."""
    return Fault(grpc.StatusCode.FAILED_PRECONDITION, message)


def serialized(given):
    """The examples of an input, each with the context that they share."""
    shared = given.example_list_with_context
    context = shared.context.SerializeToString()
    examples = given.example_list.examples or shared.examples
    if not examples:
        raise invalid("Input is empty.")
    return tf.constant([context + example.SerializeToString() for example in examples], tf.string)


def asked(body):
    """The input that is the body of a REST request."""
    if "examples" not in body:
        raise wrong(body, "When method is classify, key 'examples' is expected and was not found")
    if not isinstance(body["examples"], list):
        raise wrong(body, "Expecting 'examples' value to be an list/array")
    if not body["examples"]:
        raise wrong(body, "'examples' value is an empty array")
    given = input_pb2.Input()
    listed = given.example_list
    if "context" in body:
        listed = given.example_list_with_context
        listed.context.CopyFrom(example(body["context"]))
    listed.examples.extend(map(example, body["examples"]))
    return given


def example(given):
    """An object of JSON as an example."""
    if not isinstance(given, dict):
        raise invalid(f"Example must be JSON object but got JSON {kind_of(given)}")
    made = tf.train.Example()
    for name, value in given.items():
        for each in value if isinstance(value, list) else [value]:
            add(made.features.feature[name], name, each)
    return made


def add(feature, name, value):
    """Add a value to a feature, whose values are all of one type."""
    if isinstance(value, dict) and value.keys() == {"b64"}:
        value = decoded(value)
    if type(value) not in LISTS:
        raise invalid(f"Feature: {name} has element with unexpected JSON type: {kind_of(value)}")
    kind, before = LISTS[type(value)], feature.WhichOneof("kind")
    if before not in (None, kind):
        expected = before.removesuffix("_list")
        raise invalid(f"Unexpected element type in feature: {name} expecting type: {expected}")
    getattr(feature, kind).value.append(value.encode() if isinstance(value, str) else value)


def as_json(result):
    """A result as REST answers it."""
    if isinstance(result, regression_pb2.RegressionResult):
        return {"results": [each.value for each in result.regressions]}
    rows = result.classifications
    return {"results": [[[each.label, each.score] for each in row.classes] for row in rows]}
