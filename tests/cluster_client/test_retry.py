"""Every class of failure has a rule; waiting is bounded and never in step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.cluster.answers import answer_of, error_of
from kfctl.cluster.request import Request, Write
from kfctl.cluster.retry import Again, Clock, Failure, Patience, Tries, failure_of_answer, rule_for
from kfctl.errors import Answer, ClusterError, Conflict, Forbidden, Invalid, NotFound, Unreachable
from tests.faults.proxy import Cut, Reset, Status

if TYPE_CHECKING:
    from kfctl.cluster.client import Cluster
    from tests.faults.proxy import Fault, Proxy
    from tests.faults.proxy import Request as Seen

READ = Request("GET", "/x")
POST = Request("POST", "/x", repeatable=False)


@pytest.mark.parametrize(
    ("status", "message", "again"),
    [
        (400, "", Again.NO),
        (401, "", Again.NO),
        (403, "exceeded quota", Again.NO),
        (404, 'configmaps "x" not found', Again.NO),
        (404, "404 page not found", Again.YES),
        (409, "already exists", Again.NO),
        (409, "Apply failed with 1 conflict", Again.NO),
        (
            409,
            "the object has been modified; please apply your changes to the latest version",
            Again.IF_ANY_VERSION,
        ),
        (409, 'Operation cannot be fulfilled on resourcequotas "q": …', Again.YES),
        (410, "", Again.NO),
        (413, "", Again.NO),
        (422, "", Again.NO),
        (429, "", Again.YES),
        (500, "etcdserver: leader changed", Again.IF_REPEATABLE),
        (500, "etcdserver: request timed out", Again.IF_REPEATABLE),
        (500, "Internal error occurred: failed calling webhook", Again.IF_REPEATABLE),
        (500, "conversion webhook for x failed", Again.IF_REPEATABLE),
        (500, "failed to create typed patch object (…): .spec.x: field not declared in schema", Again.NO),
        (500, "anything else", Again.IF_REPEATABLE),
        (502, "", Again.IF_REPEATABLE),
        (503, "", Again.IF_REPEATABLE),
        (504, "", Again.IF_REPEATABLE),
    ],
)
def test_every_class_of_answers_has_a_rule(status: int, message: str, again: Again) -> None:
    assert rule_for(Answer(status, message=message)).again is again


def test_who_may_be_sent_again() -> None:
    versioned = Request("PATCH", "/x", names_version=True)
    may = {
        again: [Failure("", again, 9).may_repeat(request) for request in (READ, POST, versioned)]
        for again in Again
    }
    assert may == {
        Again.NO: [False, False, False],
        Again.IF_REPEATABLE: [True, False, True],
        Again.IF_ANY_VERSION: [True, True, False],
        Again.YES: [True, True, True],
    }


@given(st.integers(1, 50), st.floats(0, 1, exclude_max=True), st.sampled_from([0, 1, 5, 10_000]))
def test_waits_grow_within_bounds(tried: int, chance: float, retry_after: float) -> None:
    patience = Patience()
    delay = patience.delay(tried, retry_after, chance)
    assert min(retry_after, patience.total) <= delay <= min(retry_after, patience.total) + patience.cap
    assert retry_after or delay <= patience.base * 2.0**tried


@given(st.lists(st.floats(0, 1, exclude_max=True), min_size=20, max_size=20), st.integers(0, 20))
def test_it_gives_up(chances: list[float], took: int) -> None:
    now = [0.0]
    given_chances = iter(chances)
    tries = Tries(READ, Patience(), Clock(lambda: now[0], lambda _: None, lambda: next(given_chances)))
    count = 0
    while (delay := tries.wait_after(Failure("", Again.YES, 8))) is not None:
        now[0] += delay + took
        count += 1
    assert count < 8
    assert now[0] <= Patience().total + took


@pytest.mark.parametrize(
    ("header", "seconds"), [("7", 7), ("", 0), ("soon", 0), ("Wed, 21 Oct 2015 07:28:00 GMT", 0)]
)
def test_retry_after_is_read(header: str, seconds: float) -> None:
    assert failure_of_answer(Answer(429), header).retry_after == seconds


def test_an_answer_that_is_no_status_keeps_its_text() -> None:
    assert answer_of(502, b"<html>\n bad   gateway</html>").message == "<html> bad gateway</html>"
    assert answer_of(502, b"").message == "HTTP 502 without a text"
    assert answer_of(500, b"[1]").message == "[1]"


# Against the real server, with faults put between


def times(count: int, fault: Fault) -> Any:
    """A script that breaks the first requests."""

    def script(seen: Seen) -> Fault | None:
        return fault if seen.number <= count else None

    return script


def config_map(namespace: str, **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": namespace},
        "data": data,
    }


@pytest.mark.parametrize(
    "fault",
    [
        Status(429, "TooManyRequests"),
        Status(500, "InternalError", "etcdserver: leader changed"),
        Status(500, "InternalError", "Internal error occurred: failed calling webhook"),
        Status(502),
        Status(503, retry_after=1),
        Status(504),
        Status(409, "Conflict", 'Operation cannot be fulfilled on resourcequotas "q": try again'),
        Reset(),
        Reset(reached=True),
        Cut(),
    ],
    ids=str,
)
def test_what_passes_is_waited_for(proxied: Cluster, proxy: Proxy, namespace: str, fault: Fault) -> None:
    heard: list[str] = []
    proxy.script = times(2, fault)
    noticing = proxied.noticing(lambda request, why, delay: heard.append(why))
    assert noticing.apply(config_map(namespace, a="b"))["data"] == {"a": "b"}
    assert len(heard) == 2
    proxy.clear()
    proxy.script = times(2, fault)
    assert len(proxied.list_all("v1", "Namespace").items) >= 1


@pytest.mark.parametrize(
    ("fault", "error", "requests"),
    [
        (Status(403, "Forbidden"), Forbidden, 1),
        (Status(404, "NotFound"), NotFound, 1),
        (Status(409, "AlreadyExists"), Conflict, 1),
        (Status(422, "Invalid"), Invalid, 1),
        (Status(418, "Teapot"), ClusterError, 1),
    ],
    ids=str,
)
def test_what_stays_is_told_at_once(
    proxied: Cluster, proxy: Proxy, fault: Status, error: type[ClusterError], requests: int
) -> None:
    proxy.script = lambda seen: fault
    with pytest.raises(error) as caught:
        proxied.get("v1", "Namespace", "default")
    assert caught.value.answer and caught.value.answer.status == fault.code
    assert len(proxy.requests) == requests


def test_a_create_whose_fate_is_unknown_is_not_sent_again(
    proxied: Cluster, proxy: Proxy, namespace: str
) -> None:
    proxy.script = times(1, Reset(reached=True))
    with pytest.raises(Unreachable, match="in the middle of an answer"):
        proxied.create(config_map(namespace))
    assert proxied.find("v1", "ConfigMap", "a", namespace)
    proxy.clear()
    proxy.script = times(1, Status(429, "TooManyRequests"))
    body = config_map(namespace)
    body["metadata"]["name"] = "b"
    assert proxied.create(body, Write())["metadata"]["name"] == "b"


def test_too_many_requests_halve_the_connections(proxied: Cluster, proxy: Proxy, namespace: str) -> None:
    proxy.script = lambda seen: Status(429, "TooManyRequests") if seen.number % 10 == 1 else None
    bodies = [config_map(namespace, a=str(number)) for number in range(60)]
    for number, body in enumerate(bodies):
        body["metadata"]["name"] = f"c{number}"
    results = proxied.map(proxied.apply, bodies)
    assert [result["data"]["a"] for result in results] == [str(number) for number in range(60)]
    assert proxied.connections < 32


@pytest.mark.parametrize("said", ["failed calling webhook", "conversion webhook for v1, Kind=X failed"])
def test_who_is_to_be_looked_at_where_a_webhook_is_down_is_told(said: str) -> None:
    (problem,) = error_of(Answer(500, "", said)).problems
    assert "does not answer: kubectl get pods of who provides it" in problem.hint
