"""Objects in and out of a cluster; the one place where HTTP statuses become errors."""

from __future__ import annotations

import copy
import threading
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster import request as ask
from kfctl.cluster.answers import Expired, read_object
from kfctl.cluster.kinds import Kind, Kinds, discover
from kfctl.cluster.pool import parallel, values
from kfctl.cluster.request import (
    EVERYTHING,
    PLAIN,
    UNCONDITIONAL,
    WHOLE_LOG,
    LogQuery,
    Precondition,
    Request,
    Selection,
    Write,
)
from kfctl.cluster.retry import CLOCK, PATIENCE, Clock, Patience
from kfctl.cluster.sender import Sender
from kfctl.cluster.shapes import check, check_object, items_of
from kfctl.cluster.watch import Watch
from kfctl.errors import ClusterError, NotFound
from kfctl.model.redactor import NOTHING, data_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from kfctl.cluster.kubeconfig import Login
    from kfctl.cluster.transport import Response, Stream, Transport
    from kfctl.cluster.tunnel import Tunnel
    from kfctl.errors import KfctlError
    from kfctl.model.redactor import Redactor

Body = dict[str, Any]

_CREATED = 201
_NO_SUCH_PATH = "could not find the requested resource"
LIST_LIMIT = 1024 * 1024 * 1024  # bytes of all pages
LONGEST_LIST = 600.0  # seconds for all pages: an empty page may have a next one, but not for ever
_RESTARTS = 5  # of a list whose pages got too old


@dataclass(frozen=True)
class Listing:
    """All objects that a list found, and the version to watch from."""

    items: tuple[dict[str, Any], ...]
    resource_version: str


@dataclass(frozen=True)
class Preview:
    """What a dry run made of an object, and whether it would be a new one."""

    body: dict[str, Any]
    created: bool


def connect(login: Login, hide: Redactor = NOTHING) -> Cluster:
    """Return the cluster that `login` means; `hide` removes what no message may hold."""
    from kfctl.cluster import transport

    return Cluster(transport.connect(login), hide=hide)


class Cluster:
    """One API server, as one user."""

    def __init__(
        self,
        transport: Transport,
        *,
        hide: Redactor = NOTHING,
        patience: Patience = PATIENCE,
        clock: Clock = CLOCK,
    ) -> None:
        """Talk through `transport`; nothing is sent yet."""
        self.transport = transport
        self._sender = Sender(transport, hide, patience, clock)
        self._kinds: Kinds | None = None
        self._discovering = threading.Lock()

    @property
    def server(self) -> str:
        """The server's address."""
        return self.transport.server

    @property
    def context(self) -> str:
        """The name of the kubeconfig context."""
        return self.transport.context

    @property
    def connections(self) -> int:
        """How many requests may be under way: fewer after the server asked for it."""
        return self._sender.limit.now

    def now(self) -> float:
        """Return the server's time, in seconds since 1970; ours, before it has been heard of."""
        return self._sender.time.now()

    def noticing(self, notify: Callable[[Request, str, float], None]) -> Cluster:
        """Return the same cluster; `notify` is told of every failed try: request, reason, seconds to wait."""
        twin = copy.copy(self)
        twin._sender = replace(self._sender, notify=notify)
        return twin

    def hiding(self, hide: Redactor) -> Cluster:
        """Return the same cluster, whose messages hold nothing that `hide` removes."""
        twin = copy.copy(self)
        twin._sender = replace(self._sender, hide=hide)
        return twin

    # Kinds

    @property
    def kinds(self) -> Kinds:
        """Every kind that the server knows, asked once."""
        with self._discovering:
            if self._kinds is None:
                self._kinds = discover(self._objects)
            return self._kinds

    def refresh_kinds(self) -> Kinds:
        """Ask again: after a CRD was added."""
        with self._discovering:
            self._kinds = None
        return self.kinds

    def kind(self, api_version: str, kind: str) -> Kind:
        """Return a kind; one that is not known yet is asked for once more."""
        return self.kinds.find(api_version, kind) or self.refresh_kinds().get(api_version, kind)

    def _objects(self, requests: Sequence[Request]) -> Sequence[dict[str, Any]]:
        return values(parallel(self._json, requests))

    # One object

    def get(self, api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any]:
        """Return an object; raise NotFound where there is none."""
        return self._there(
            api_version, kind, lambda found: self._object(found, ask.get(found, name, namespace), name=name)
        )

    def find(self, api_version: str, kind: str, name: str, namespace: str = "") -> dict[str, Any] | None:
        """Return an object, or None where there is none."""
        try:
            return self.get(api_version, kind, name, namespace)
        except NotFound:
            return None

    def apply(self, body: Mapping[str, Any], write: Write = PLAIN) -> dict[str, Any]:
        """Apply an object server-side and return it as it is then (or would be, in a dry run)."""
        kind = self._kind_of(body)
        return self._object(kind, ask.apply(kind, body, write), body)

    def preview(self, body: Mapping[str, Any], write: Write = PLAIN) -> Preview:
        """Return what an apply would make of an object, without making it."""
        kind = self._kind_of(body)
        response = self.send(ask.apply(kind, body, replace(write, dry_run=True)), data_of(body))
        return Preview(self._checked(kind, response), response.status == _CREATED)

    def create(self, body: Mapping[str, Any], write: Write = PLAIN) -> dict[str, Any]:
        """Make an object which must not exist yet."""
        kind = self._kind_of(body)
        return self._object(kind, ask.create(kind, body, write), body)

    def patch(
        self,
        body: Mapping[str, Any],
        change: Mapping[str, Any] | list[Any],
        subresource: str = "",
        write: Write = PLAIN,
    ) -> dict[str, Any]:
        """Change the object that `body` names: a mapping is merged, a list holds JSON patch operations."""

        def send(kind: Kind, read: Request) -> Body:
            request = ask.patch(read, change, write)
            return self._json(request, body) if subresource else self._object(kind, request, body)

        return self._of(body, subresource, send)

    def delete(self, body: Mapping[str, Any], condition: Precondition = UNCONDITIONAL) -> dict[str, Any]:
        """Delete the object that `body` names, if `condition` holds."""
        return self._of(body, "", lambda kind, read: self._json(ask.delete(read, condition)))

    def _kind_of(self, body: Mapping[str, Any]) -> Kind:
        return self.kind(str(body.get("apiVersion")), str(body.get("kind")))

    def _of(self, body: Mapping[str, Any], subresource: str, send: Callable[[Kind, Request], Body]) -> Body:
        """Send what is made of the request that reads the object."""
        metadata = body.get("metadata") or {}
        named = (metadata["name"], metadata.get("namespace") or "", subresource)
        version, kind = str(body.get("apiVersion")), str(body.get("kind"))
        return self._there(version, kind, lambda found: send(found, ask.get(found, *named)))

    def _there(self, api_version: str, kind: str, send: Callable[[Kind], Body]) -> Body:
        """Send about what is there, in a version that is served: the one it was read in may no longer be."""
        try:
            return send(self.kind(api_version, kind))
        except NotFound as error:
            if error.answer and error.answer.reason and _NO_SUCH_PATH not in error.answer.message:
                raise  # the server has looked for it
            kinds = self.refresh_kinds() if error.answer else self.kinds
            served = kinds.of_group(api_version.rpartition("/")[0], kind)
            if served is None or served.api_version == api_version:
                raise
            return send(served)

    # Many objects

    def list_all(self, api_version: str, kind: str, selection: Selection = EVERYTHING) -> Listing:
        """Return all objects of a kind that `selection` fits: every page, or an error."""
        found = self.kind(api_version, kind)
        for _ in range(_RESTARTS):
            try:
                return self._pages(found, selection)
            except Expired:
                continue  # the pages got too old between two requests: from the start
        raise ClusterError(f"the list of {found.resource} could not be read to its end: it changes too fast")

    def _pages(self, kind: Kind, selection: Selection) -> Listing:
        items: list[dict[str, Any]] = []
        token, version, tokens, left = "", "", set[str](), LIST_LIMIT
        end = self._sender.clock.now() + LONGEST_LIST
        while True:
            body = self.send(ask.list_(kind, selection, token)).body
            page, left = read_object(body, self.server), left - len(body)
            items += (check_object(item, kind.api_version, kind.kind) for item in items_of(page))
            metadata = page.get("metadata") or {}
            version = version or str(metadata.get("resourceVersion") or "")
            token = str(metadata.get("continue") or "")
            if not token:
                return Listing(tuple(items), version)
            if token in tokens or left < 0 or self._sender.clock.now() > end:
                raise ClusterError(f"the list of {kind.resource} has no end: the server goes on with pages")
            tokens.add(token)

    def map(self, function: Callable[[Any], Any], items: Iterable[Any]) -> list[Any | KfctlError]:
        """Run `function` on all items side by side; results in order, errors in their items' places."""
        return parallel(function, items)

    def watch(
        self, api_version: str, kind: str, selection: Selection, resource_version: str, seconds: int = 300
    ) -> Watch:
        """Return what changes after `resource_version`, as it comes, for so many seconds."""
        found = self.kind(api_version, kind)
        stream = self._sender.open(ask.watch(found, selection, resource_version, seconds))
        return Watch(stream, found)

    # What pods print and serve, and events

    def logs(self, namespace: str, pod: str, query: LogQuery = WHOLE_LOG) -> str:
        """Return a container's log."""
        return self.send(ask.log(namespace, pod, query)).body.decode(errors="replace")

    def open_log(
        self, namespace: str, pod: str, query: LogQuery = WHOLE_LOG, *, follow: bool = False
    ) -> Stream:
        """Return a container's log line by line; with `follow` as it is written."""
        return self._sender.open(ask.log(namespace, pod, query, follow=follow))

    def tunnel(self, namespace: str, pod: str, port: int) -> Tunnel:
        """Return a new connection to a port of a pod."""
        from kfctl.cluster.tunnel import PROTOCOL, Tunnel

        return Tunnel(self._sender.websocket(ask.port_forward(namespace, pod, port), PROTOCOL))

    def events(self, namespace: str, **involved: str) -> tuple[dict[str, Any], ...]:
        """Return the events about an object, given by its `name`, `kind` or `uid`."""
        fields = ",".join(f"involvedObject.{key}={value}" for key, value in involved.items())
        return self.list_all("v1", "Event", Selection(namespace, fields=fields)).items

    # The server and who we are

    def version(self) -> str:
        """Return the server's version, such as v1.34.2."""
        return str(self.raw("GET", "/version").get("gitVersion", ""))

    def uid(self, namespace: str = "kube-system") -> str:
        """Return a namespace's UID; that of kube-system stands for the cluster."""
        found = self.namespace(namespace)
        return str(found["metadata"].get("uid") or "")

    def namespace(self, name: str) -> dict[str, Any]:
        """Return a namespace; unlike `get` this does not ask for the server's kinds."""
        return check_object(self.raw("GET", f"/api/v1/namespaces/{name}"), "v1", "Namespace", name)

    def may(self, verb: str, kind: Kind, namespace: str = "", name: str = "") -> bool:
        """Return whether we have a right."""
        attributes = {
            "verb": verb,
            "group": kind.group,
            "resource": kind.plural,
            "namespace": namespace,
            "name": name,
        }
        review = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectAccessReview",
            "spec": {"resourceAttributes": attributes},
        }
        request = ask.raw("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
        answer = self._json(replace(request, repeatable=True))
        check(answer, {"status": {"allowed": bool}}, "")
        return bool((answer.get("status") or {}).get("allowed"))

    def raw(self, method: str, path: str, body: Any = None, **query: str) -> dict[str, Any]:
        """Send any request and return the object that comes back."""
        return self._json(ask.raw(method, path, body, **query), body)

    def send(self, request: Request, secrets: Iterable[str] = ()) -> Response:
        """Send any request, again where that may help; `secrets` are kept out of the error's message."""
        return self._sender.send(request, secrets)

    def _object(self, kind: Kind, request: Request, body: Any = None, *, name: str = "") -> dict[str, Any]:
        return self._checked(kind, self.send(request, data_of(body)), name)

    def _checked(self, kind: Kind, response: Response, name: str = "") -> dict[str, Any]:
        found = read_object(response.body, self.server)
        return check_object(found, kind.api_version, kind.kind, name)

    def _json(self, request: Request, body: Any = None) -> dict[str, Any]:
        return read_object(self.send(request, data_of(body)).body, self.server)
