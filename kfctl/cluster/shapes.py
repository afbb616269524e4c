"""Checks at the edge: JSON of a server becomes values of the expected shape, or a ClusterError."""

from __future__ import annotations

import json
import math
from datetime import datetime
from typing import TYPE_CHECKING, Any

from kfctl.errors import ClusterError
from kfctl.model.resource import at, is_custom

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_DEPTH = 200  # of maps and lists in each other, as in YAML
_INTEGER_DIGITS = 20  # an int64 with its sign; Kubernetes has no larger ones

# A shape is a type, a predicate, a list with the shape of its items, or a map with the shapes of some of its
# keys ("*": of all others; with "!": required). Null fits each field, as a missing key does.
_NUMBER = (int, float)
_TEXTS = {"*": str}


def _is_time(found: Any) -> bool:
    """Whether a value is a time of RFC 3339, as every Time and MicroTime of Kubernetes is."""
    try:
        return datetime.fromisoformat(found).tzinfo is not None
    except (TypeError, ValueError):
        return False


_CONDITIONS = [{"type": str, "status": str, "reason": str, "message": str, "lastTransitionTime": _is_time}]
_METADATA: Mapping[str, Any] = {
    "name": str,
    "namespace": str,
    "uid": str,
    "resourceVersion": str,
    "creationTimestamp": _is_time,
    "deletionTimestamp": _is_time,
    "continue": str,
    "generation": _NUMBER,
    "labels": _TEXTS,
    "annotations": _TEXTS,
    "finalizers": [str],
    "ownerReferences": [{"apiVersion!": str, "kind!": str, "name!": str, "uid!": str, "controller": bool}],
    "managedFields": [
        {"manager": str, "operation": str, "subresource": str, "time": _is_time, "fieldsV1": {"*": object}}
    ],
}
_PORT = {"name": str, "port!": int, "targetPort": (int, str)}
_CONTAINER_PORT = {"name": str, "containerPort!": int}
_CONTAINERS = [
    {"name!": str, "image": str, "ports": [_CONTAINER_PORT], "resources": {"limits": {}, "requests": {}}}
]
_POD_SPEC = {"containers": _CONTAINERS, "initContainers": _CONTAINERS, "restartPolicy": str}
_TEMPLATE = {"metadata": _METADATA, "spec": _POD_SPEC}
_STATE = {
    "waiting": {"reason": str, "message": str},
    "running": {"startedAt": _is_time},
    "terminated": {
        "exitCode": int,
        "reason": str,
        "message": str,
        "containerID": str,
        "startedAt": _is_time,
        "finishedAt": _is_time,
    },
}
_CONTAINER = {"name!": str, "ready": bool, "restartCount": int, "state": _STATE, "lastState": _STATE}
# What kfctl reads of the built-in kinds, whose types every API server guarantees: a field has one type in all
# of them, but for those below. Custom kinds may hold anything: the engine reads them tolerantly.
BUILT_IN: Mapping[str, Any] = {
    "spec": {
        **_POD_SPEC,
        "replicas": int,
        "template": _TEMPLATE,
        "jobTemplate": {"spec": {"template": _TEMPLATE}},
        "volumeClaimTemplates": [{"spec": {}}],
        "updateStrategy": {"type": str, "rollingUpdate": {"partition": int}},
        "selector": {"matchLabels": _TEXTS},
        "type": str,
        "clusterIP": str,
        "externalIPs": [str],
        "ports": [_PORT],
        "storageClassName": str,
        "taints": [{"key": str, "value": str, "effect": str}],
        "group": str,
        "names": {"kind": str, "plural": str},
    },
    "status": {
        "phase": str,
        "reason": str,
        "message": str,
        "conditions": _CONDITIONS,
        "containerStatuses": [_CONTAINER],
        "initContainerStatuses": [_CONTAINER],
        "startTime": _is_time,
        "lastScheduleTime": _is_time,
        "loadBalancer": {"ingress": [{"ip": str, "hostname": str}]},
        "hard": {"*": (str, int)},
        "used": {"*": (str, int)},
        "allocatable": {"*": (str, int)},
    },
}
_EVENT = {
    "type": str,
    "reason": str,
    "message": str,
    "count": int,
    "lastTimestamp": _is_time,
    "eventTime": _is_time,
    "series": {"lastObservedTime": _is_time},
    "involvedObject": {"kind": str, "name": str},
}
_DATA = {"type": str, "data": _TEXTS}
_CLASS = {"provisioner": str, "volumeBindingMode": str}
_BY_LABELS = {**BUILT_IN, "spec": {**BUILT_IN["spec"], "selector": _TEXTS}}
OTHERS: Mapping[tuple[Any, Any], Mapping[str, Any]] = {
    ("v1", "Event"): _EVENT,
    ("v1", "Secret"): _DATA,
    ("v1", "ConfigMap"): _DATA,
    ("v1", "Service"): _BY_LABELS,
    ("v1", "ReplicationController"): _BY_LABELS,
    ("storage.k8s.io/v1", "StorageClass"): _CLASS,
}
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


def check_object(found: Any, api_version: str, kind: str, name: str = "") -> dict[str, Any]:
    """Return an object of a kind after a check of its shape and name; items of lists don't tell their kind.

    What kind it is follows from what was asked for, never from the answer: that might evade the check.
    """
    if not isinstance(found, dict):
        raise _misshapen("", "not a map")
    named = {"apiVersion": api_version, "kind": kind}
    whole = {**named, **found, **named}
    own = at(whole, "metadata", "name")
    path = f"{kind} {own!r}" if isinstance(own, str) else kind
    check(whole, _ANY_OBJECT, path)
    is_built_in = not is_custom(api_version.rpartition("/")[0])
    check(whole, OTHERS.get((api_version, kind), BUILT_IN if is_built_in else object), path)
    if not own:
        raise _misshapen(f"{kind}.metadata.name", "missing")
    if name and own != name:
        raise _misshapen(f"{kind} {name!r}", f"called {own!r}")
    return whole


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
            if item is None:
                raise _misshapen(f"{path}[]", "null")
            check(item, shape[0], f"{path}[]")
    elif isinstance(shape, dict):
        if not isinstance(found, dict):
            raise _misshapen(path, "not a map")
        _check_fields(found, shape, path)
    elif not (isinstance(found, shape) if isinstance(shape, type | tuple) else shape(found)):
        raise _misshapen(path, "of the wrong type")


def _check_fields(found: dict[str, Any], shape: Mapping[str, Any], path: str) -> None:
    if "*" in shape:
        for key, value in found.items():
            if value is None and shape["*"] is not object:
                raise _misshapen(f"{path}.{key}", "null")
            check(value, shape["*"], f"{path}.{key}")
        return
    for key, inner in shape.items():
        name = key.removesuffix("!")
        if name != key and found.get(name) is None:
            raise _misshapen(f"{path}.{name}", "missing")
        if name in found:
            check(found[name], inner, f"{path}.{name}" if path else name)


def _misshapen(path: str, what: str) -> ClusterError:
    return ClusterError(f"malformed object from the server: {path or 'it'} is {what}")


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
