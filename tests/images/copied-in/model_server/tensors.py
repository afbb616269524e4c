"""Tensors as JSON: the formats of ModelServer's REST API, by rows ("instances") and by columns ("inputs")."""

import base64
import binascii

import numpy
import tensorflow as tf

from model_server.faults import invalid


def inputs(body, signature):
    """The named tensors of a request, and whether it is by rows."""
    given = [key for key in ("instances", "inputs") if key in body]
    if len(given) != 1:
        wrong = "Not formatted correctly expected either 'inputs' or 'instances'"
        raise invalid(wrong if given else "Missing 'inputs' or 'instances' key")
    if given == ["instances"]:
        return tensors(rows(body["instances"], signature), signature), True
    columns = body["inputs"]
    if not named(columns):
        columns = {only(signature.inputs): columns}
    return tensors(columns, signature), False


def rows(instances, signature):
    """The columns of a list of rows."""
    if not isinstance(instances, list):
        raise invalid("Excepting 'instances' to be an list/array")
    if not instances:
        raise invalid("Nothing to process in 'instances'")
    if not any(named(row) for row in instances):
        return {only(signature.inputs): instances}
    for index, row in enumerate(instances):
        if not named(row) or row.keys() != instances[0].keys():
            names = ", ".join(signature.inputs)
            raise invalid(
                f"Failed to process element: {index} of 'instances' list. "
                f"Error: INVALID_ARGUMENT: JSON object: does not have the named inputs: {names}"
            )
    return {name: [row[name] for row in instances] for name in instances[0]}


def named(value):
    """Is this an object of inputs, not a value or the bytes of one?"""
    return isinstance(value, dict) and value.keys() != {"b64"}


def only(known):
    """The name of the one input that needs no name."""
    if len(known) != 1:
        raise invalid(
            f"instances is a plain list, but expecting list of objects as multiple input tensors required "
            f"as per tensorinfo_map: {', '.join(known)}"
        )
    return next(iter(known))


def tensors(columns, signature):
    """Columns of JSON values as tensors of the signature's types."""
    return {
        name: tensor(name, column, signature.inputs[name].dtype) if name in signature.inputs else column
        for name, column in columns.items()
    }


def tensor(name, value, kind):
    """A JSON value as a tensor."""
    try:
        return tf.constant(plain(value), dtype=tf.as_dtype(kind))
    except (ValueError, TypeError, binascii.Error) as error:
        raise invalid(f"Failed to process input {name}: {error}") from None


def plain(value):
    """A JSON value with bytes where it says so."""
    if isinstance(value, list):
        return [plain(each) for each in value]
    if isinstance(value, dict) and value.keys() == {"b64"}:
        return base64.b64decode(value["b64"], validate=True)
    return value


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
