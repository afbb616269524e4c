"""Why a request got no answer: the network's and TLS's errors in words, by what went wrong and what to do."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator


class Fault(Unreachable):
    """No answer to a request; `again` tells whether sending it once more may help."""

    again = False


@dataclass(frozen=True)
class _Words:
    message: str  # may name the {server} and the library's {detail}
    hint: str
    again: bool = True  # once the server has answered before


_RUNNING = (
    "is the cluster running (minikube status, kind get clusters), and is this the right context: --context"
)
_NETWORK = "check the network, VPN and proxy, and the server's address in the kubeconfig"
_CUT = _Words("{server} closed the connection in the middle of an answer", _RUNNING)

# By the name of an exception's class: the library's own classes stay behind transport.py.
_WORDS = {
    "NameResolutionError": _Words("the address of {server} can't be found", _NETWORK),
    "gaierror": _Words("the address of {server} can't be found", _NETWORK),
    "ProxyError": _Words("the proxy to {server} does not work: {detail}", "check HTTPS_PROXY and NO_PROXY"),
    "ConnectionRefusedError": _Words("nothing listens at {server}: the connection is refused", _RUNNING),
    "ConnectTimeoutError": _Words("{server} does not answer: the connection timed out", _NETWORK),
    "ReadTimeoutError": _Words("{server} took the request and gave no answer in time", _RUNNING),
    "TimeoutError": _Words("{server} does not answer: it timed out", _NETWORK),
    "ConnectionResetError": _CUT,
    "BrokenPipeError": _CUT,
    "RemoteDisconnected": _CUT,
    "IncompleteRead": _CUT,
    "ProtocolError": _CUT,
    "DecodeError": _CUT,
    "InvalidChunkLength": _CUT,
    "LocationParseError": _Words("{server} is no address of a server", "mend the kubeconfig", again=False),
    "URLSchemeUnknown": _Words("{server} is no address of a server", "mend the kubeconfig", again=False),
    "OSError": _Words("{server} can't be reached: {detail}", _NETWORK),
}

# By what OpenSSL's text holds; the first that fits.
_TLS = {
    "certificate has expired": _Words(
        "the certificate of {server} has expired",
        "renew it (kubeadm certs renew all, minikube delete and start), and check this machine's clock",
    ),
    "certificate is not yet valid": _Words(
        "the certificate of {server} is not valid yet", "check this machine's clock"
    ),
    "mismatch": _Words(
        "the certificate of {server} is for another name: {detail}",
        "use the name it is for as `server` in the kubeconfig, or set `tls-server-name`",
    ),
    "CERTIFICATE_VERIFY_FAILED": _Words(
        "{server} is not the cluster that the kubeconfig means: {detail}",
        "the cluster was made anew or another one answers there: fetch its kubeconfig again",
    ),
    "WRONG_VERSION_NUMBER": _Words(
        "{server} does not speak TLS", "is it http instead of https, or another program's port?"
    ),
    "RECORD_LAYER_FAILURE": _Words(
        "{server} does not speak TLS", "is it http instead of https, or another program's port?"
    ),
    "ALERT": _Words(
        "{server} refused the client certificate: {detail}",
        "it has expired or belongs to another cluster: fetch the kubeconfig again",
    ),
    "KEY_VALUES_MISMATCH": _Words(
        "the client certificate and key do not belong together", "mend the kubeconfig"
    ),
    "UNEXPECTED_EOF": _CUT,
}


def fault_of(error: BaseException, server: str, answered: bool) -> Fault:
    """Return what to tell about an error of the network; `answered`: the server has been heard of before."""
    words, cause = _tls_words(error) or _plain_words(error)
    fault = Fault(words.message.format(server=server, detail=_detail(cause)), hint=words.hint)
    fault.again = words.again and (answered or words is _CUT)
    return fault


def _tls_words(error: BaseException) -> tuple[_Words, BaseException] | None:
    for cause in _chain(error):
        if isinstance(cause, ssl.SSLError):
            return next((words for part, words in _TLS.items() if part in str(cause)), _no_tls(cause)), cause
    return None


def _no_tls(cause: ssl.SSLError) -> _Words:
    del cause
    return _Words(
        "TLS with {server} failed: {detail}", "mend the cluster's entry in the kubeconfig", again=False
    )


def _plain_words(error: BaseException) -> tuple[_Words, BaseException]:
    causes = list(_chain(error))
    for name, words in _WORDS.items():
        for cause in causes:
            if name in (base.__name__ for base in type(cause).__mro__):
                return words, cause
    return _Words("{server} can't be reached: {detail}", _NETWORK), error


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it wraps, the outermost first."""
    todo, seen = [error], set[int]()
    while todo:
        found = todo.pop(0)
        if id(found) in seen:
            continue
        seen.add(id(found))
        yield found
        wrapped = (*found.args, found.__cause__, found.__context__)
        todo += [inner for inner in wrapped if isinstance(inner, BaseException)]


def _detail(cause: BaseException) -> str:
    if isinstance(cause, ssl.SSLCertVerificationError):
        return cause.verify_message
    if isinstance(cause, OSError) and cause.strerror:
        return cause.strerror
    return str(cause)
