"""What a server's error answers mean: HTTP status and Status body in, one of our errors out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cluster.shapes import check, decode, decode_object
from kfctl.errors import (
    Answer,
    Cause,
    ClusterError,
    Conflict,
    Forbidden,
    Invalid,
    NotFound,
    Unauthorized,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.model.redactor import Redactor


class Expired(ClusterError):
    """The version asked for is too old: list again (HTTP 410)."""

    code = "expired"


_ERRORS: Mapping[int, type[ClusterError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Expired,
    413: Invalid,
    422: Invalid,
}

_POLICY = "a policy of the cluster forbids it: change the object, or ask who runs the cluster"
# What to do, by what the server says; the first that fits.
_HINTS = (
    (401, "", "log in again, or use another context: --context"),
    (403, "exceeded quota", "ask for less, or have the quota raised: kubectl describe resourcequota"),
    (403, "violates podsecurity", "the namespace's Pod Security level forbids it: change the named fields"),
    (403, "denied request", _POLICY),
    (403, "denied the request", _POLICY),
    (403, "is being terminated", "the namespace is being deleted: wait until it is gone, then try again"),
    (
        403,
        "can be resized",
        "set it back, or take a StorageClass that lets its claims grow (allowVolumeExpansion)",
    ),
    (403, " cannot ", "have the right granted by who runs the cluster, or use another context: --context"),
    (413, "", "an object may be about 1 MB: put big files into a volume"),
    (429, "", "the cluster is overloaded: try again later"),
    (
        500,
        "failed calling webhook",
        "an admission webhook does not answer: kubectl get pods of who provides it",
    ),
    (
        500,
        "conversion webhook for",
        "what converts its kind does not answer: kubectl get pods of who provides it",
    ),
    (503, "", "the cluster is starting or overloaded: try again later"),
)
# A server-side apply of a body that does not fit its schema is answered with 500 and no reason.
_INVALID_500 = ("failed to create typed patch object", "failed to convert new object")
_REDIRECTS = range(300, 400)
_LONGEST_MESSAGE = 10_000  # characters; servers cut theirs earlier
_STATUS = {"message": str, "reason": str, "details": {"kind": str, "name": str, "causes": [{"*": object}]}}


def answer_of(status: int, body: bytes) -> Answer:
    """Read an error answer; one that holds no Status object keeps its text and has no reason."""
    try:
        found = decode(body)
        check(found, _STATUS, "")
    except (ValueError, ClusterError):
        found = None
    if not isinstance(found, dict) or found.get("kind") != "Status":
        text = body[:500].decode(errors="replace").strip()
        return Answer(status, message=" ".join(text.split()) or f"HTTP {status} without a text")
    details: dict[str, Any] = found.get("details") or {}
    return Answer(
        status=status,
        reason=str(found.get("reason") or ""),
        message=_short(str(found.get("message") or "")),
        causes=tuple(_cause(cause) for cause in details.get("causes") or ()),
        kind=str(details.get("kind") or ""),
        name=str(details.get("name") or ""),
    )


def error_of(answer: Answer, *, doubt: str = "", server: str = "") -> ClusterError:
    """Return the error that an answer is; `doubt` is what is known to be wrong with the credentials."""
    if answer.status in _REDIRECTS or "<html" in answer.message.lower():
        return _made(_no_api_server(server, answer.status), answer)
    message = answer.message
    if answer.status == 401:
        message = f"{server} does not accept these credentials" + (f": {doubt}" if doubt else "")
    if answer.status == 500 and answer.message.startswith(_INVALID_500):
        return _made(Invalid(message), answer)
    return _made(_ERRORS.get(answer.status, ClusterError)(message, hint=_hint(answer)), answer)


def read_object(body: bytes, server: str) -> dict[str, Any]:
    """Return the object that a good answer holds."""
    try:
        return decode_object(body)
    except ValueError:
        raise _no_api_server(server, 200) from None


def redacted(answer: Answer, hide: Redactor) -> Answer:
    """Return the answer without secrets: servers echo the values that they refuse."""
    causes = tuple(c._replace(message=hide.text(c.message)) for c in answer.causes)
    return answer._replace(message=hide.text(answer.message), causes=causes)


def _no_api_server(server: str, status: int) -> ClusterError:
    message = f"{server} answered with HTTP {status} and no Kubernetes object"
    return ClusterError(message, hint="is it an API server? look at `server` in the kubeconfig")


def _made(error: ClusterError, answer: Answer) -> ClusterError:
    error.answer = answer
    return error


def _hint(answer: Answer) -> str:
    said = answer.message.lower()
    return next((hint for status, part, hint in _HINTS if status == answer.status and part in said), "")


def _cause(found: Mapping[str, Any]) -> Cause:
    return Cause(*(_short(str(found.get(key) or "")) for key in ("reason", "field", "message")))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_MESSAGE else f"{text[:_LONGEST_MESSAGE]} …"
