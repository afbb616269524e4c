"""Sends requests to an API server; the one importer of `kubernetes`."""

from __future__ import annotations

import math
import os
import threading
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import urllib3
from kubernetes.client import Configuration
from kubernetes.client.rest import RESTClientObject
from kubernetes.config import ConfigException
from kubernetes.config.kube_config import KubeConfigLoader
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from kfctl import __version__
from kfctl.cluster.credentials import (
    Credentials,
    credentials,
    doubt_of,
    impersonation,
    is_secure,
    with_files,
    without_credentials,
)
from kfctl.cluster.faults import Fault, fault_of
from kfctl.cluster.httpstream import HttpAnswer, HttpStream, Stream, read_whole
from kfctl.cluster.kubeconfig import Context, KubeConfig, Login, load
from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import TypeVar

    from websocket import WebSocket

    from kfctl.cluster.request import Request

    Answer = TypeVar("Answer", urllib3.BaseHTTPResponse, "WebSocket | Response")

__all__ = ["Login", "Response", "Stream", "Transport", "connect"]

CONNECTIONS = 32
# Seconds to connect (to each address of a name) and to read: before and after a server has answered once,
# so that a dead one is told within 10 s.
_TIMEOUTS = {False: (3.0, 5.0), True: (4.0, math.inf)}
_UNAUTHORIZED = 401
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Response:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport(Protocol):
    """A way to one API server; what can't be sent or received raises Fault or ClusterError."""

    server: str
    context: str  # the kubeconfig context; "in-cluster" inside a pod
    namespace: str  # what the context names; empty where it names none

    def send(self, request: Request) -> Response:
        """Send it and return the whole answer, whatever its status."""

    def stream(self, request: Request) -> Stream:
        """Send it and return the answer as it comes."""

    def websocket(self, request: Request, protocol: str) -> WebSocket | Response:
        """Send it and return the websocket that its connection becomes, or the answer that says no."""

    def doubt(self) -> str:
        """Return what is wrong with the credentials, such as that they expired; empty: nothing is known."""

    def close(self) -> None:
        """Close all connections."""


def connect(login: Login) -> Transport:
    """Return the transport to the cluster that `login` means; nothing is sent yet."""
    config = load(login.kubeconfig)
    if not config.contexts and (login.context is None or login.context_is_default) and _in_cluster(login):
        return _HttpTransport(_configuration(), _pod_context(), login)
    return _kubeconfig_transport(config, login)


def _in_cluster(login: Login) -> bool:
    return (
        login.kubeconfig is None
        and "KUBERNETES_SERVICE_HOST" in os.environ
        and (_SERVICE_ACCOUNT / "token").exists()
    )


def _pod_context() -> Context:
    """Return what a kubeconfig would say of the cluster that we run in."""
    host, port = (os.environ.get(f"KUBERNETES_SERVICE_{part}", "") for part in ("HOST", "PORT"))
    server = f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}"
    namespace = _SERVICE_ACCOUNT / "namespace"
    return Context(
        "in-cluster",
        {"server": server, "certificate-authority": str(_SERVICE_ACCOUNT / "ca.crt")},
        {"tokenFile": str(_SERVICE_ACCOUNT / "token")},
        namespace.read_text(encoding="utf-8").strip() if namespace.exists() else "",
    )


def _kubeconfig_transport(config: KubeConfig, login: Login) -> Transport:
    context = config.context(login.context)
    if not context.cluster.get("server"):
        raise ClusterError(
            f"the cluster of context {context.name!r} has no server", hint="mend the kubeconfig"
        )
    server = _address(context)
    user = context.user
    if not is_secure(server):
        user = without_credentials(user)
        if user != context.user:
            warning = f"no credentials are sent to {server}: it is not https"
            login.warn(warning, "use an https address as `server` in the kubeconfig")
    cluster = {**context.cluster, "server": server}
    return _HttpTransport(_configuration(), replace(context, cluster=cluster, user=user), login)


def _address(context: Context) -> str:
    """Return the server's address; as in kubectl one without a scheme is https if there are certificates."""
    address = str(context.cluster["server"])
    if "://" in address:
        return address
    secured = any("certificate" in key for key in (*context.cluster, *context.user))
    return f"{'https' if secured else 'http'}://{address}"


def _is_loopback(server: str) -> bool:
    host = urllib3.util.parse_url(server).host or ""
    return host == "localhost" or host.startswith("127.") or host == "[::1]"


def _configuration() -> Any:
    configuration = Configuration()
    configuration.connection_pool_maxsize = CONNECTIONS
    configuration.retries = False  # retry.py decides
    return configuration


@contextmanager
def _library_errors(what: str) -> Iterator[None]:
    try:
        yield
    except (ConfigException, OSError, ValueError, TypeError, AttributeError, KeyError) as error:
        raise ClusterError(f"{what} can't be used: {error}", hint="mend the kubeconfig") from error


class _HttpTransport:
    """HTTP through the pool of connections of the kubernetes package."""

    def __init__(self, configuration: Any, context: Context, login: Login) -> None:
        self._configuration = configuration
        self._entry = context
        self._lock = threading.Lock()
        self._answered = False
        self.context = context.name
        self.namespace = context.namespace
        self._headers = {"User-Agent": f"kfctl/{__version__}"}
        self._acting = impersonation(context.user, login)
        self._load(credentials(context.user, context.cluster))
        self.server: str = configuration.host

    def _load(self, made: Credentials) -> None:
        """Make the pool of connections that these credentials, and the kubeconfig's certificates, ask for."""
        self._credentials = made
        with _library_errors(f"context {self._entry.name!r} of the kubeconfig"):
            _load_entry(_single(self._entry, made), self._configuration)
            if _is_loopback(self._configuration.host) and "proxy-url" not in self._entry.cluster:
                self._configuration.proxy = None  # as Go does, whatever HTTPS_PROXY says
            self._pool: urllib3.PoolManager = RESTClientObject(self._configuration).pool_manager
            pools = self._pool.pool_classes_by_scheme  # other ones for a SOCKS proxy
            self._pool.pool_classes_by_scheme = {name: _bounded(pool) for name, pool in pools.items()}
        if not self._configuration.verify_ssl:
            urllib3.disable_warnings(InsecureRequestWarning)

    def _renew(self, used: Credentials) -> bool:
        """Make new credentials unless another thread has; False where there is no way to."""
        user = self._entry.user
        if not (user.get("exec") or user.get("tokenFile")):
            return False
        with self._lock:
            if self._credentials is used:
                made = credentials(user, self._entry.cluster)
                if (made.certificate, made.key) == (used.certificate, used.key):
                    self._credentials = made
                else:
                    self._load(made)
        return True

    def send(self, request: Request) -> Response:
        with self._faults():
            answer = self._open(request, {"Accept-Encoding": "gzip"})
            body = read_whole(answer, request.limit)
        return Response(answer.status, answer.headers, body)

    def stream(self, request: Request) -> Stream:
        with self._faults():
            return HttpStream(self._open(request, {"Accept-Encoding": "identity"}), self._faults)

    def websocket(self, request: Request, protocol: str) -> WebSocket | Response:
        from kfctl.cluster.upgrade import Declined, open_websocket

        def ask() -> WebSocket | Response:
            headers = [*self._headers.items(), *self._authorization().items(), *self._acting]
            try:
                return open_websocket(self.server + request.target, protocol, headers, self._configuration)
            except Declined as answer:
                return Response(answer.status, {}, answer.body)

        with self._faults():
            return self._with_credentials(ask)

    def doubt(self) -> str:
        if not is_secure(self.server):
            return "credentials are sent over https only"
        return doubt_of(self._configuration.cert_file, bool(self._authorization()))

    def close(self) -> None:
        self._pool.clear()

    def _open(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        """Send a request whose answer is to be read."""
        return self._with_credentials(lambda: self._ask(request, headers))

    def _with_credentials(self, ask: Callable[[], Answer]) -> Answer:
        """Ask; what is refused for its credentials is asked once more, with new ones."""
        if self._credentials.expired:
            self._renew(self._credentials)
        used = self._credentials
        answer = ask()
        if answer.status == _UNAUTHORIZED and self._renew(used):
            if isinstance(answer, urllib3.BaseHTTPResponse):
                answer.close()
            answer = ask()
        return answer

    def _ask(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        all_headers = urllib3.HTTPHeaderDict({**self._headers, "Accept": request.accept, **headers})
        if request.content_type:
            all_headers["Content-Type"] = request.content_type
        for name, value in (*self._authorization().items(), *self._acting):
            all_headers.add(name, value)
        connect, read = _TIMEOUTS[self._answered]
        answer = self._pool.request(
            request.method,
            self.server + request.target,
            body=request.body,
            headers=all_headers,
            timeout=urllib3.Timeout(connect=connect, read=min(request.read_timeout, read)),
            preload_content=False,
            redirect=False,
            retries=False,
        )
        self._answered = True
        return answer

    def _authorization(self) -> dict[str, str]:
        if self._credentials.authorization:
            return {"Authorization": self._credentials.authorization}
        with self._lock:
            value = (self._configuration.auth_settings().get("BearerToken") or {}).get("value")
        return {"Authorization": value} if value else {}

    @contextmanager
    def _faults(self) -> Iterator[None]:
        try:
            yield
        except (HTTPError, OSError) as error:
            raise fault_of(error, self.server, self._answered) from error
        except ValueError as error:  # http.client: a header with a line break, an address that is none
            raise Fault(f"can't send to {self.server}: {error}", hint="mend the kubeconfig") from error


def _bounded(pool: Any) -> Any:
    """Return a class of pools of connections as `pool`, whose answers are HttpAnswers."""
    connection = type("Connection", (pool.ConnectionCls,), {"response_class": HttpAnswer})
    return type("Pool", (pool,), {"ConnectionCls": connection})


def _load_entry(config: dict[str, Any], configuration: Any) -> None:
    loader: Any = KubeConfigLoader
    loader(config, config_base_path="").load_and_set(configuration)


def _single(context: Context, made: Credentials) -> dict[str, Any]:
    """Return a kubeconfig of one context for the library: tokens and plugins are not its business."""
    kept = ("client-certificate", "client-certificate-data", "client-key", "client-key-data", "auth-provider")
    user = {key: context.user[key] for key in kept if context.user.get(key)}
    if made.certificate:
        pem = {"client-certificate-data": made.certificate, "client-key-data": made.key}
        user |= {key: _base64(text) for key, text in pem.items()}
    return {
        "current-context": "it",
        "contexts": [{"name": "it", "context": {"cluster": "it", "user": "it"}}],
        "clusters": [{"name": "it", "cluster": with_files(context.cluster)}],
        "users": [{"name": "it", "user": with_files(user)}],
    }


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()
