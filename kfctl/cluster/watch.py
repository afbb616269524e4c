"""What changes on a server, as it comes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kfctl.cluster.answers import answer_of, error_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.cluster.transport import Stream


class Watch:
    """What changes, as it comes; ends when the server ends it or `close` is called."""

    def __init__(self, stream: Stream) -> None:
        """Read from `stream`."""
        self._stream = stream

    def __iter__(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield ADDED, MODIFIED, DELETED or BOOKMARK with the object; Expired is raised: list again."""
        for line in self._stream.lines():
            if not line:
                continue
            event = _event(line)
            if event is None:
                return
            if event["type"] == "ERROR":
                status = int(event["object"].get("code") or 500)
                raise error_of(answer_of(status, json.dumps(event["object"]).encode()))
            yield event["type"], event["object"]

    def close(self) -> None:
        """End it, from any thread."""
        self._stream.close()


def _event(line: bytes) -> dict[str, Any] | None:
    """Return an event, or None for what is left of one when the connection is cut."""
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found
