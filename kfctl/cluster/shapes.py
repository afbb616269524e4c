"""Checks at the edge: JSON of a server becomes values of the expected shape, or a ClusterError."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 200  # of maps and lists in each other, as in YAML
_INTEGER_DIGITS = 20  # an int64 with its sign; Kubernetes has no larger ones

# A shape is a type, a list with the shape of its items, or a map with the shapes of some of its keys ("*": of
# all others; with "!": required). Null fits each, as a missing key does; numbers are int or float.
_NUMBER = (int, float)
_CONDITIONS = [{"type": str, "status": str, "reason": str, "message": str, "lastTransitionTime": str}]
_METADATA: Mapping[str, Any] = {
    "name": str,
    "namespace": str,
    "uid": str,
    "resourceVersion": str,
    "creationTimestamp": str,
    "deletionTimestamp": str,
    "continue": str,
    "generation": _NUMBER,
    "labels": {"*": str},
    "annotations": {"*": str},
    "finalizers": [str],
    "ownerReferences": [{"apiVersion": str, "kind": str, "name": str, "uid": str}],
    "managedFields": [
        {"manager": str, "operation": str, "subresource": str, "time": str, "fieldsV1": {"*": object}}
    ],
}
_POD_SPEC = {"containers": [{"name": str}], "initContainers": [{"name": str}], "restartPolicy": str}
_STATE = {
    "waiting": {"reason": str, "message": str},
    "running": {"startedAt": str},
    "terminated": {"exitCode": int, "reason": str, "message": str, "containerID": str},
}
_CONTAINER = {"name": str, "ready": bool, "restartCount": int, "state": _STATE, "lastState": _STATE}
_POD_STATUS = {
    "phase": str,
    "reason": str,
    "message": str,
    "conditions": _CONDITIONS,
    "containerStatuses": [_CONTAINER],
    "initContainerStatuses": [_CONTAINER],
}
# Of the kinds that commands read most of: pods, which kubelets and so notebooks' users write into.
_KINDS: Mapping[tuple[Any, Any], Any] = {("v1", "Pod"): {"spec": _POD_SPEC, "status": _POD_STATUS}}
_ANY_OBJECT = {"apiVersion": str, "kind": str, "metadata": _METADATA}


def decode(body: bytes) -> Any:
    """Return the value of a JSON text; raise ValueError where it is none, ClusterError where it is hostile.

    Python's reader takes more than JSON: infinite numbers, integers of any size, halves of surrogate pairs.
    """
    try:
        text = body.decode()
        found = json.loads(text, parse_int=_integer, parse_float=_finite, parse_constant=_finite)
    except (RecursionError, MemoryError) as error:
        raise ClusterError("the server's answer is nested too deep or too large") from error
    if "\\u" in text:
        json.dumps(found, ensure_ascii=False).encode()  # UnicodeEncodeError, a ValueError
    _check_depth(found)
    return found


def decode_object(body: bytes) -> dict[str, Any]:
    """Return the map that a JSON text holds, with metadata of the shape that every object has."""
    found = decode(body)
    if not isinstance(found, dict):
        raise ValueError
    check(found, _ANY_OBJECT, "")
    return found


def check_object(found: Any) -> dict[str, Any]:
    """Return an object of a list or an event after a check of its shape and name."""
    check(found, _ANY_OBJECT, "")
    if isinstance(found, dict):
        check(found, _KINDS.get((found.get("apiVersion"), found.get("kind")), object), "")
    if not isinstance(found, dict) or not (found.get("metadata") or {}).get("name"):
        raise _misshapen("metadata.name", "missing")
    return found


def items_of(page: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the items of a list."""
    check(page, {"items": [{}]}, "")
    return page.get("items") or []


def check(found: Any, shape: Any, path: str) -> None:
    """Raise ClusterError where a value is not of a shape."""
    if found is None or shape is object:
        return
    if isinstance(shape, list):
        if not isinstance(found, list):
            raise _misshapen(path, "not a list")
        for item in found:
            if item is None and isinstance(shape[0], dict):
                raise _misshapen(f"{path}[]", "null")
            check(item, shape[0], f"{path}[]")
    elif isinstance(shape, dict):
        if not isinstance(found, dict):
            raise _misshapen(path, "not a map")
        _check_fields(found, shape, path)
    elif not isinstance(found, shape):
        raise _misshapen(path, "of the wrong type")


def _check_fields(found: dict[str, Any], shape: Mapping[str, Any], path: str) -> None:
    if "*" in shape:
        for key, value in found.items():
            check(value, shape["*"], f"{path}.{key}")
        return
    for key, inner in shape.items():
        name = key.removesuffix("!")
        if name != key and found.get(name) is None:
            raise _misshapen(f"{path}.{name}", "missing")
        if name in found:
            check(found[name], inner, f"{path}.{name}" if path else name)


def _misshapen(path: str, what: str) -> ClusterError:
    return ClusterError(f"the server's answer is no Kubernetes object: {path or 'it'} is {what}")


def _integer(digits: str) -> int | float:
    return int(digits) if len(digits) <= _INTEGER_DIGITS else _finite(digits)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)
    return number


def _check_depth(found: Any) -> None:
    level = [found]
    for _ in range(MAX_DEPTH):
        level = [
            inner
            for each in level
            for inner in (each.values() if isinstance(each, dict) else each if isinstance(each, list) else ())
            if isinstance(inner, dict | list)
        ]
        if not level:
            return
    raise ClusterError(f"the server's answer is nested deeper than {MAX_DEPTH} levels")
