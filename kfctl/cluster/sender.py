"""Requests with patience: sent again where that may help; what fails for good becomes one of our errors."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.cluster.answers import answer_of, error_of, redacted
from kfctl.cluster.faults import Fault
from kfctl.cluster.pool import Limit
from kfctl.cluster.retry import Clock, Failure, Patience, Tries, failure_of_answer, failure_of_fault
from kfctl.cluster.serverclock import ServerClock

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from websocket import WebSocket

    from kfctl.cluster.request import Request
    from kfctl.cluster.transport import Response, Stream, Transport
    from kfctl.errors import Answer, ClusterError
    from kfctl.model.redactor import Redactor

CONNECTIONS = 32


@dataclass(frozen=True)
class Sender:
    """Sends to one server; `hide` removes what no message may hold."""

    transport: Transport
    hide: Redactor
    patience: Patience
    clock: Clock
    notify: Callable[[Request, str, float], None] | None = (
        None  # told of each failed try, and the wait after it
    )
    limit: Limit = field(default_factory=lambda: Limit(CONNECTIONS))
    time: ServerClock = field(default_factory=ServerClock)

    def send(self, request: Request, secrets: Iterable[Any] = ()) -> Response:
        """Send a request, again where that may help, and return its answer; an error answer is raised."""
        tries = Tries(request, self.patience, self.clock)
        hide = self.hide.including(secrets)
        while True:
            result = self._try(request, hide)
            if not isinstance(result, tuple):
                return result
            error, failure = result
            delay = tries.wait_after(failure)
            if delay is None:
                raise error
            if self.notify:
                self.notify(request, failure.why, delay)
            self.clock.sleep(delay)

    def open(self, request: Request) -> Stream:
        """Send a request whose answer goes on, and return that; an error answer is raised."""
        stream = self.transport.stream(request)
        if stream.status >= 300:
            raise self._error(redacted(answer_of(stream.status, stream.read()), self.hide))
        return stream

    def websocket(self, request: Request, protocol: str) -> WebSocket:
        """Return the websocket that a request's connection becomes; an error answer is raised."""
        from kfctl.cluster.transport import Response

        answer = self.transport.websocket(request, protocol)
        if isinstance(answer, Response):
            raise self._error(redacted(answer_of(answer.status, answer.body), self.hide))
        return answer

    def _try(self, request: Request, hide: Redactor) -> Response | tuple[ClusterError, Failure]:
        try:
            response = self._once(request)
        except Fault as fault:
            return fault, failure_of_fault(fault, self.patience)
        if response.status < 300:
            return response
        answer = redacted(answer_of(response.status, response.body), hide)
        return self._error(answer), failure_of_answer(answer, response.headers.get("Retry-After", ""))

    def _once(self, request: Request) -> Response:
        with self.limit.place() as halvings:
            response = self.transport.send(request)
        self.time.hear(response.headers.get("Date"))
        if response.status == 429:
            self.limit.halve(halvings)
        else:
            self.limit.widen()
        return response

    def _error(self, answer: Answer) -> ClusterError:
        doubt = self.transport.doubt() if answer.status == 401 else ""
        return error_of(answer, doubt=doubt, server=self.transport.server)
