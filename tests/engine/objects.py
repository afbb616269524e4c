"""Objects that are right, and copies of them with one part changed."""

from __future__ import annotations

import copy
from typing import Any

CONTAINER: dict[str, Any] = {"name": "main", "image": "nginx"}
POD: dict[str, Any] = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [CONTAINER]}}
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "n"},
    "spec": {"selector": {"matchLabels": {"app": "web"}}, "template": POD},
}
SERVICE: dict[str, Any] = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "n"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80}]},
}
ABSENT = object()


def changed(body: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """Return a copy with the value at a dotted path replaced, added or taken out."""
    result = copy.deepcopy(body)
    inner: Any = result
    *parents, last = [int(step) if step.isdecimal() else step for step in path.split("/")]
    for step in parents:
        inner = inner[step] if isinstance(step, int) else inner.setdefault(step, {})
    if value is ABSENT:
        inner.pop(last)
    else:
        inner[last] = value
    return result


C = "spec/template/spec/containers/0"
