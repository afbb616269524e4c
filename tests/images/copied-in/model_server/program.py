"""One SavedModel in memory: its signatures, and what they compute."""

from pathlib import Path

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from model_server.faults import invalid

DEFAULT_SIGNATURE = "serving_default"


class Program:
    """A SavedModel that was loaded from a folder."""

    def __init__(self, folder, tags):
        """Load it."""
        self.definition = signatures(folder, tags)
        self.loaded = tf.saved_model.load(str(folder), tags=tags)

    def signature(self, name):
        """The names, types and shapes of a signature's inputs and outputs."""
        if name not in self.definition:
            raise invalid(f'Serving signature name: "{name}" not found in signature def')
        return self.definition[name]

    def run(self, name, inputs, wanted=()):
        """What a signature computes of named tensors: its outputs, or the wanted ones of them."""
        signature = self.signature(name)
        check(signature.inputs, inputs)
        strange = [output for output in wanted if output not in signature.outputs]
        if strange:
            raise invalid(f"output tensor alias not found in signature: {strange[0]}")
        try:
            outputs = self.loaded.signatures[name](**inputs)
        except (tf.errors.OpError, ValueError, TypeError) as error:
            raise invalid(str(error)) from None
        return {output: outputs[output] for output in wanted or outputs}


def check(known, given):
    """Refuse inputs that are not the signature's."""
    extra, missing = sorted(given.keys() - known), sorted(known.keys() - given)
    if extra or missing:
        raise invalid(
            f"input size does not match signature: {len(given)}!={len(known)} "
            f"len({{{','.join(sorted(given))}}}) != len({{{','.join(sorted(known))}}}). "
            f"Sent extra: {{{','.join(extra)}}}. Missing but required: {{{','.join(missing)}}}."
        )
    for name, tensor in given.items():
        if tensor.dtype != known[name].dtype:
            expected = tf.as_dtype(known[name].dtype).name
            raise invalid(f"input {name} is to be {expected}, but is {tensor.dtype.name}")


def signatures(folder, tags):
    """The signatures that a SavedModel says it has under these tags."""
    model = saved_model_pb2.SavedModel()
    model.ParseFromString((Path(folder) / "saved_model.pb").read_bytes())
    for graph in model.meta_graphs:
        if set(graph.meta_info_def.tags) == set(tags):
            return {name: of for name, of in graph.signature_def.items() if not name.startswith("__")}
    raise ValueError(
        f"Could not find meta graph def matching supplied tags: {{ {' '.join(tags)} }} in {folder}"
    )
