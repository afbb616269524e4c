"""Pure: a verb and a kind in, an HTTP request value out."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.cluster.kinds import Kind

MANAGER = "kfctl"
PAGE = 500
OBJECT_LIMIT = 32 * 1024 * 1024  # etcd takes 1.5 MiB; discovery and many review answers are larger
PAGE_LIMIT = 128 * 1024 * 1024  # of a list
SILENCE = 300.0  # seconds after which a log that says nothing is asked for anew: the connection may be dead
JSON = "application/json"
APPLY_PATCH = "application/apply-patch+yaml"
MERGE_PATCH = "application/merge-patch+json"
JSON_PATCH = "application/json-patch+json"

# An apply is read as YAML, which folds or refuses these characters where JSON takes them as they are.
_NOT_IN_YAML = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")


@dataclass(frozen=True)
class Request:
    """One HTTP request, before it is known to which server; `path` is percent-encoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    content_type: str = ""
    accept: str = JSON
    read_timeout: float = 60.0
    limit: int = OBJECT_LIMIT  # bytes of an answer, unpacked
    repeatable: bool = True  # whether sending it twice is the same as sending it once
    names_version: bool = False  # whether it is only for one version of the object

    @property
    def target(self) -> str:
        """The path with the query, as it stands in the request line."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def writes(self) -> bool:
        """Whether it can change the cluster: neither a read nor a dry run."""
        return self.method not in {"GET", "HEAD"} and ("dryRun", "All") not in self.query


@dataclass(frozen=True)
class Write:
    """How an object is written."""

    dry_run: bool = False
    force: bool = False  # take the fields that other managers own
    manager: str = MANAGER


@dataclass(frozen=True)
class Selection:
    """Which objects a list or a watch is about; no namespace means all of them."""

    namespace: str = ""
    labels: str = ""
    fields: str = ""


@dataclass(frozen=True)
class Precondition:
    """What the object must still be for a delete to happen, and what becomes of its dependents."""

    uid: str = ""
    resource_version: str = ""
    propagation: str = "Background"
    grace_seconds: int | None = None
    dry_run: bool = False


@dataclass(frozen=True)
class LogQuery:
    """Which lines of a container's log."""

    container: str = ""
    tail: int | None = None
    previous: bool = False
    timestamps: bool = False
    since_seconds: int | None = None
    since: str = ""  # a time of RFC 3339


PLAIN = Write()
WHOLE_LOG = LogQuery()
EVERYTHING = Selection()
UNCONDITIONAL = Precondition()


def raw(method: str, path: str, body: Any = None, **query: str) -> Request:
    """Return a request of any path; a POST counts as not repeatable."""
    text = None if body is None else encode(body)
    kind = JSON if text is not None else ""
    request = Request(method, path, tuple(query.items()), text, kind, repeatable=method != "POST")
    return replace(request, names_version=_names_version(body))


def get(kind: Kind, name: str, namespace: str = "", subresource: str = "") -> Request:
    """Return the request that reads one object."""
    return Request("GET", path_of(kind, namespace, name, subresource))


def list_(kind: Kind, selection: Selection, token: str = "", limit: int = PAGE) -> Request:
    """Return the request of one page of a list; `token` is the `continue` of the page before."""
    query = {**_selectors(selection), "limit": str(limit), **({"continue": token} if token else {})}
    return Request("GET", path_of(kind, selection.namespace), tuple(query.items()), limit=PAGE_LIMIT)


def log(namespace: str, pod: str, query: LogQuery, *, follow: bool = False) -> Request:
    """Return the request of a container's log; with `follow` its answer goes on while the container runs."""
    numbers = {"tailLines": query.tail, "sinceSeconds": query.since_seconds}
    given = {
        "container": query.container,
        "sinceTime": query.since,
        **{name: str(number) for name, number in numbers.items() if number is not None},
        "previous": "true" * query.previous,
        "timestamps": "true" * query.timestamps,
        "follow": "true" * follow,
    }
    path = f"/api/v1/namespaces/{_segment(namespace)}/pods/{_segment(pod)}/log"
    asked = tuple((key, value) for key, value in given.items() if value)
    return Request("GET", path, asked, accept="*/*", read_timeout=SILENCE if follow else 60.0)


def port_forward(namespace: str, pod: str, port: int) -> Request:
    """Return the request of a connection to a port of a pod, which becomes a websocket."""
    path = f"/api/v1/namespaces/{_segment(namespace)}/pods/{_segment(pod)}/portforward"
    return Request("GET", path, (("ports", str(port)),))


def watch(kind: Kind, selection: Selection, resource_version: str, seconds: int) -> Request:
    """Return the request that streams what changes after `resource_version`, for so many seconds."""
    query = {
        **_selectors(selection),
        "watch": "1",
        "allowWatchBookmarks": "true",
        "resourceVersion": resource_version,
        "timeoutSeconds": str(seconds),
    }
    return Request(
        "GET", path_of(kind, selection.namespace), tuple(query.items()), read_timeout=seconds + 10.0
    )


def apply(kind: Kind, body: Mapping[str, Any], write: Write) -> Request:
    """Return the server-side apply of one object."""
    metadata = body.get("metadata") or {}
    path = path_of(kind, metadata.get("namespace") or "", metadata.get("name") or "")
    query = {**_writing(write), "force": "true" if write.force else "false"}
    request = Request("PATCH", path, tuple(query.items()), encode(body, as_yaml=True), APPLY_PATCH)
    return replace(request, names_version=_names_version(body))


def create(kind: Kind, body: Mapping[str, Any], write: Write) -> Request:
    """Return the request that makes an object which must not exist yet."""
    path = path_of(kind, (body.get("metadata") or {}).get("namespace") or "")
    return Request("POST", path, tuple(_writing(write).items()), encode(body), JSON, repeatable=write.dry_run)


def patch(request: Request, change: Mapping[str, Any] | list[Any], write: Write) -> Request:
    """Return the patch of what `request` reads: a mapping is merged, a list holds JSON patch operations."""
    steps = isinstance(change, list)
    return replace(
        request,
        method="PATCH",
        query=tuple(_writing(write).items()),
        body=encode(change),
        content_type=JSON_PATCH if steps else MERGE_PATCH,
        repeatable=not steps or write.dry_run,
        names_version=_names_version(change),
    )


def delete(request: Request, condition: Precondition) -> Request:
    """Return the delete of what `request` reads, refused by the server unless `condition` holds."""
    wanted = {"uid": condition.uid, "resourceVersion": condition.resource_version}
    options: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "DeleteOptions",
        "propagationPolicy": condition.propagation,
        "preconditions": {key: value for key, value in wanted.items() if value},
    }
    if condition.grace_seconds is not None:
        options["gracePeriodSeconds"] = condition.grace_seconds
    if condition.dry_run:
        options["dryRun"] = ["All"]  # a server that gets options in the body reads none in the query
    query = (("dryRun", "All"),) if condition.dry_run else ()
    return replace(request, method="DELETE", query=query, body=encode(options), content_type=JSON)


def path_of(kind: Kind, namespace: str = "", name: str = "", subresource: str = "") -> str:
    """Return the path of a kind's collection, of one object in it or of one object's subresource."""
    root = f"/apis/{kind.group}/{kind.version}" if kind.group else f"/api/{kind.version}"
    inside = f"/namespaces/{_segment(namespace)}" if kind.namespaced and namespace else ""
    return f"{root}{inside}/{kind.plural}" + "".join(
        f"/{_segment(part)}" for part in (name, subresource) if part
    )


def encode(value: Any, *, as_yaml: bool = False) -> bytes:
    """Return `value` as JSON; `as_yaml` as JSON that a YAML reader reads the same."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if as_yaml:
        text = _NOT_IN_YAML.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
    return text.encode()


def _names_version(body: Any) -> bool:
    return isinstance(body, dict) and bool((body.get("metadata") or {}).get("resourceVersion"))


def _segment(text: str) -> str:
    return quote(text, safe=":")  # RBAC names hold colons


def _selectors(selection: Selection) -> dict[str, str]:
    given = {"labelSelector": selection.labels, "fieldSelector": selection.fields}
    return {key: value for key, value in given.items() if value}


def _writing(write: Write) -> dict[str, str]:
    query = {"fieldManager": write.manager, "fieldValidation": "Strict"}
    return {**query, "dryRun": "All"} if write.dry_run else query
