"""Sends requests to an API server; the one importer of `kubernetes`."""

from __future__ import annotations

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
from kubernetes.config.incluster_config import load_incluster_config
from kubernetes.config.kube_config import KubeConfigLoader
from urllib3.exceptions import HTTPError, InsecureRequestWarning

from kfctl import __version__
from kfctl.cluster.credentials import Credentials, credentials, doubt_of, impersonation
from kfctl.cluster.faults import Fault, fault_of
from kfctl.cluster.kubeconfig import Context, KubeConfig, Login, load
from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.cluster.request import Request

__all__ = ["Login", "Response", "Stream", "Transport", "connect"]

CONNECTIONS = 32
_CONNECT_TIMEOUT = 4.0
_FIRST_ANSWER = 5.0  # until a server has answered once, so that a dead one is told within 10 s
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


@dataclass(frozen=True)
class Response:
    """What a server answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Stream(Protocol):
    """An answer that goes on: a watch, or a log that is followed."""

    status: int
    headers: Mapping[str, str]

    def read(self) -> bytes:
        """Return all that is left of it."""

    def lines(self) -> Iterator[bytes]:
        """Yield each line as it comes, without its end."""

    def close(self) -> None:
        """End it, from any thread."""


class Transport(Protocol):
    """A way to one API server; what can't be sent or received raises Fault or ClusterError."""

    server: str
    context: str  # the kubeconfig context; "in-cluster" inside a pod
    namespace: str  # what the context names; empty where it names none

    def send(self, request: Request) -> Response:
        """Send it and return the whole answer, whatever its status."""

    def stream(self, request: Request) -> Stream:
        """Send it and return the answer as it comes."""

    def renew(self) -> bool:
        """Make new credentials after a 401; False where there is no way to."""

    def doubt(self) -> str:
        """Return what is wrong with the credentials, such as that they expired; empty: nothing is known."""

    def close(self) -> None:
        """Close all connections."""


def connect(login: Login) -> Transport:
    """Return the transport to the cluster that `login` means; nothing is sent yet."""
    config = load(login.kubeconfig)
    if not config.contexts and (login.context is None or login.context_is_default) and _in_cluster(login):
        return _pod_transport(login)
    return _kubeconfig_transport(config, login)


def _in_cluster(login: Login) -> bool:
    return (
        login.kubeconfig is None
        and "KUBERNETES_SERVICE_HOST" in os.environ
        and (_SERVICE_ACCOUNT / "token").exists()
    )


def _pod_transport(login: Login) -> Transport:
    configuration = _configuration()
    with _library_errors("the pod's service account"):
        loader: Any = load_incluster_config
        loader(configuration)
    namespace = _SERVICE_ACCOUNT / "namespace"
    inside = namespace.read_text(encoding="utf-8").strip() if namespace.exists() else ""
    return _HttpTransport(configuration, Context("in-cluster", {}, {}, inside), login)


def _kubeconfig_transport(config: KubeConfig, login: Login) -> Transport:
    context = config.context(login.context)
    if not context.cluster.get("server"):
        raise ClusterError(
            f"the cluster of context {context.name!r} has no server", hint="mend the kubeconfig"
        )
    cluster = {**context.cluster, "server": _address(context)}
    return _HttpTransport(_configuration(), replace(context, cluster=cluster), login)


def _address(context: Context) -> str:
    """Return the server's address; as in kubectl one without a scheme is https if there are certificates."""
    address = str(context.cluster["server"])
    if "://" in address:
        return address
    secured = any("certificate" in key for key in (*context.cluster, *context.user))
    return f"{'https' if secured else 'http'}://{address}"


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
        self._load()
        self.server: str = configuration.host

    def _load(self) -> None:
        """Read certificates and tokens, running the exec plugin if there is one."""
        self._credentials = credentials(self._entry.user, self._entry.cluster)
        if self._entry.cluster:
            with _library_errors(f"context {self._entry.name!r} of the kubeconfig"):
                _load_entry(_single(self._entry, self._credentials), self._configuration)
        with _library_errors(f"a certificate of context {self._entry.name!r}"):
            rest = RESTClientObject(self._configuration)
        self._pool: urllib3.PoolManager = rest.pool_manager
        if not self._configuration.verify_ssl:
            urllib3.disable_warnings(InsecureRequestWarning)

    def send(self, request: Request) -> Response:
        with self._faults():
            answer = self._open(request, {"Accept-Encoding": "gzip"})
            body = answer.read(decode_content=True)
            answer.release_conn()
        return Response(answer.status, answer.headers, body)

    def stream(self, request: Request) -> Stream:
        with self._faults():
            return _HttpStream(self._open(request, {"Accept-Encoding": "identity"}), self._faults)

    def renew(self) -> bool:
        if not (self._entry.user.get("exec") or self._entry.user.get("tokenFile")):
            return False
        with self._lock:
            self._load()
        return True

    def doubt(self) -> str:
        return doubt_of(self._configuration.cert_file, bool(self._authorization()))

    def close(self) -> None:
        self._pool.clear()

    def _open(self, request: Request, headers: dict[str, str]) -> urllib3.BaseHTTPResponse:
        if self._credentials.expired:
            self.renew()
        read = request.read_timeout if self._answered else min(request.read_timeout, _FIRST_ANSWER)
        all_headers = urllib3.HTTPHeaderDict({**self._headers, "Accept": request.accept, **headers})
        if request.content_type:
            all_headers["Content-Type"] = request.content_type
        for name, value in (*self._authorization().items(), *self._acting):
            all_headers.add(name, value)
        answer = self._pool.request(
            request.method,
            self.server + request.target,
            body=request.body,
            headers=all_headers,
            timeout=urllib3.Timeout(connect=_CONNECT_TIMEOUT, read=read),
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
        "clusters": [{"name": "it", "cluster": context.cluster}],
        "users": [{"name": "it", "user": user}],
    }


def _base64(text: str) -> str:
    import base64

    return base64.b64encode(text.encode()).decode()


class _HttpStream:
    """An answer of urllib3, read as it comes."""

    def __init__(self, answer: urllib3.BaseHTTPResponse, faults: Any) -> None:
        self._answer = answer
        self._faults = faults
        self._closed = False
        self.status: int = answer.status
        self.headers: Mapping[str, str] = answer.headers

    def read(self) -> bytes:
        with self._faults():
            return self._answer.read()

    def lines(self) -> Iterator[bytes]:
        rest = b""
        for chunk in self._chunks():
            *whole, rest = (rest + chunk).split(b"\n")
            yield from whole
        if rest:
            yield rest

    def close(self) -> None:
        self._closed = True
        try:
            self._answer.shutdown()  # wakes the thread that reads
        except (ValueError, OSError, RuntimeError, AttributeError):
            self._answer.close()

    def _chunks(self) -> Iterator[bytes]:
        try:
            with self._faults():
                yield from self._answer.stream(65536)
        except Fault:
            if not self._closed:
                raise
        finally:
            self._answer.close()
