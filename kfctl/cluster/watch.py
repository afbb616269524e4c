"""What changes on a server, as it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfctl.cluster.answers import answer_of, error_of
from kfctl.cluster.httpstream import MIB
from kfctl.cluster.request import OBJECT_LIMIT
from kfctl.cluster.shapes import check, check_object, decode_object
from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.cluster.kinds import Kind
    from kfctl.cluster.transport import Stream


_EVENT = {"type!": str, "object!": {"metadata": {"resourceVersion": str}}}


class Watch:
    """What changes, as it comes; ends when the server ends it or `close` is called."""

    def __init__(self, stream: Stream, kind: Kind) -> None:
        """Read objects of a kind from `stream`."""
        self._stream = stream
        self._kind = kind

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield ADDED, MODIFIED, DELETED or BOOKMARK with the object; Expired is raised: list again."""
        for line in filter(None, self._stream.lines(OBJECT_LIMIT)):
            event = _event(line)
            if event is None:
                return
            kind, body = event
            if kind == "ERROR":
                code = body.get("code")
                status = code if isinstance(code, int) else 500
                raise error_of(answer_of(status, json.dumps(body).encode()))
            if kind != "BOOKMARK":  # which has a version, and no name
                body = check_object(body, self._kind.api_version, self._kind.kind)
            yield kind, body

    def close(self) -> None:
        """End it, from any thread."""
        self._stream.close()


def _event(line: bytes) -> tuple[str, dict[str, Any]] | None:
    """Return an event's type and object, or None for what is left of one when the connection is cut."""
    if len(line) > OBJECT_LIMIT:
        raise ClusterError(f"the server sent an event of more than {OBJECT_LIMIT // MIB} MiB")
    try:
        event = decode_object(line)
    except ValueError:
        return None
    check(event, _EVENT, "")
    return event["type"], event["object"]
