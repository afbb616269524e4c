"""Tensors as JSON: the formats of ModelServer's REST API, by rows ("instances") and by columns ("inputs")."""

import base64
import binascii
import json

import numpy
import tensorflow as tf

from model_server.faults import Fault, invalid

SEVERAL = "as multiple input tensors required as per tensorinfo_map"
# What JSON calls types, and what TensorFlow calls some of its own outside of Python.
KINDS = {type(None): "Null", dict: "Object", list: "Array", str: "String", int: "Number", float: "Number"}
NAMES = {"float32": "float", "float64": "double"}


def inputs(body, signature):
    """The named tensors of a request, and whether it is by rows."""
    if "instances" in body and "inputs" in body:
        only_one = "Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist "
        raise wrong(body, only_one)
    if "instances" in body:
        return tensors(rows(body, signature.inputs), signature), True
    if "inputs" in body:
        return tensors(columns(body["inputs"], signature.inputs), signature), False
    raise invalid("Missing 'inputs' or 'instances' key")


def rows(body, known):
    """The columns of a request by rows."""
    instances = body["instances"]
    if not isinstance(instances, list):
        raise wrong(body, "Excepting 'instances' to be an list/array")
    if not instances:
        raise wrong(body, "No values in 'instances' array")
    if not isinstance(instances[0], dict) and len(known) > 1:
        raise invalid(f"instances is a plain list, but expecting list of objects {SEVERAL}")
    objects = named(instances[0])
    for index, row in enumerate(instances):
        if named(row) != objects:
            expected = "object but got list" if objects else "value/list but got object"
            raise invalid(f"Expecting {expected} at item {index} of input list")
    if not objects:
        name = next(iter(known))
        return {name: [element(row, known[name], str(index)) for index, row in enumerate(instances)]}
    found = [cells(row, known, index) for index, row in enumerate(instances)]
    return {name: [row[name] for row in found] for name in known}


def cells(row, known, index):
    """The values of a row with names."""
    for name in row:
        if name not in known:
            missing = f"JSON object: does not have named input: {name}"
            raise failed(f"{index} key: {name}", missing)
    if row.keys() != set(known):
        names = ",".join(sorted(known))
        raise invalid(
            f"Failed to process element: {index} of 'instances' list. "
            f"JSON object: {shown(row)} keys must be equal to: {names}"
        )
    return {name: element(value, known[name], f"{index} key: {name}") for name, value in row.items()}


def element(value, tensor, which):
    """A value of a row."""
    try:
        return plain(value, tf.as_dtype(tensor.dtype))
    except Fault as fault:
        raise failed(which, fault) from None


def failed(which, why):
    """A row that is wrong."""
    return invalid(f"Failed to process element: {which} of 'instances' list. Error: INVALID_ARGUMENT: {why}")


def columns(value, known):
    """The columns of a request by columns; what else is in there is ignored."""
    if not named(value):
        if len(known) > 1:
            raise invalid(f"inputs is a plain value/list, but expecting an object {SEVERAL}")
        value = {next(iter(known)): value}
    for name in sorted(known):
        if name not in value:
            raise invalid(f"Missing named input: {name} in 'inputs' object.")
    return {name: plain(value[name], tf.as_dtype(known[name].dtype)) for name in known}


def named(value):
    """Is this an object of inputs, not a value or the bytes of one?"""
    return isinstance(value, dict) and value.keys() != {"b64"}


def tensors(found, signature):
    """Columns of values as tensors of the signature's types."""
    return {name: tensor(name, column, signature.inputs[name].dtype) for name, column in found.items()}


def tensor(name, value, kind):
    """Values as a tensor."""
    try:
        return tf.constant(value, dtype=tf.as_dtype(kind))
    except (ValueError, TypeError) as error:
        raise invalid(f"Failed to process input {name}: {error}") from None


def plain(value, kind):
    """A JSON value, of the type of a tensor's elements, with bytes where it says so."""
    if isinstance(value, list):
        return [plain(each, kind) for each in value]
    if kind == tf.string and isinstance(value, dict):
        return decoded(value)
    if isinstance(value, python_types(kind)) and (kind.is_bool or not isinstance(value, bool)):
        return value
    told = f"JSON Value: {shown(value)} Type: {kind_of(value)}"
    raise invalid(f"{told} is not of expected type: {NAMES.get(kind.name, kind.name)}")


def python_types(kind):
    """The types that JSON values have which can be elements of a tensor."""
    if kind.is_floating:
        return (int, float)
    if kind.is_integer:
        return (int,)
    return (bool,) if kind.is_bool else (str,)


def decoded(value):
    """The bytes that an object holds."""
    if value.keys() != {"b64"} or not isinstance(value["b64"], str):
        raise wrong(value, "not formatted correctly for base64 data")
    try:
        return base64.b64decode(value["b64"], validate=True)
    except binascii.Error:
        raise invalid("Unable to base64 decode") from None


def wrong(value, why):
    """A JSON value that is not of the form that is wanted."""
    return invalid(f"JSON Value: {shown(value)} {why}")


def shown(value):
    """A JSON value in a message."""
    return json.dumps(value, indent=4)


def kind_of(value):
    """What JSON calls the type of a value."""
    return str(value) if isinstance(value, bool) else KINDS[type(value)]


def answer(outputs, by_rows):
    """The named tensors of an answer, in the format of the question."""
    columns = {name: as_json(output.numpy(), name) for name, output in outputs.items()}
    if not by_rows:
        return {"outputs": columns if len(columns) > 1 else next(iter(columns.values()))}
    sizes = {len(column) if isinstance(column, list) else None for column in columns.values()}
    if len(sizes) != 1 or None in sizes:
        raise invalid("Tensors of the answer have inconsistent batch sizes: ask by 'inputs'")
    if len(columns) == 1:
        return {"predictions": next(iter(columns.values()))}
    return {
        "predictions": [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    }


def as_json(array, name):
    """An array as JSON; bytes are text, unless the output's name says that they are none."""
    value = array.tolist() if isinstance(array, numpy.ndarray | numpy.generic) else array
    return spelled(value, name.endswith("_bytes"))


def spelled(value, in_base64):
    """A value without bytes."""
    if isinstance(value, list):
        return [spelled(each, in_base64) for each in value]
    if not isinstance(value, bytes):
        return value
    return {"b64": base64.b64encode(value).decode()} if in_base64 else value.decode(errors="replace")
