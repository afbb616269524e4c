"""Which logs pods have, and how far one has been read."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.engine import logs

Body = dict[str, Any]
RUNNING = {"state": {"running": {}}}
ENDED = {"state": {"terminated": {"exitCode": 0, "containerID": "c"}}}
FAILED = {"state": {"terminated": {"exitCode": 1, "containerID": "c"}}}
WAITING: Body = {"state": {"waiting": {"reason": "ContainerCreating"}}}
CRASHED = {
    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
    "lastState": {"terminated": {"exitCode": 1, "containerID": "c"}},
}


def pod(main: Body, *, policy: str = "Always", phase: str = "Running", initial: Body | None = None) -> Body:
    return {
        "metadata": {"uid": "u", "namespace": "ns", "name": "p"},
        "spec": {
            "restartPolicy": policy,
            "containers": [{"name": "main"}],
            **({"initContainers": [initial]} if initial else {}),
        },
        "status": {"phase": phase, "containerStatuses": [{"name": "main", **main}]},
    }


@pytest.mark.parametrize(
    ("status", "now", "before"),
    [
        (RUNNING, True, False),
        (ENDED, True, False),
        (WAITING, False, False),
        (CRASHED, True, True),
        ({}, False, False),
    ],
)
def test_which_containers_have_a_log(status: Body, now: bool, before: bool) -> None:
    assert logs.has_log(pod(status), "main") is now
    assert logs.has_log(pod(status), "main", previous=True) is before


@pytest.mark.parametrize(
    ("status", "policy", "phase", "over"),
    [
        (RUNNING, "Never", "Running", False),
        (ENDED, "Always", "Running", False),
        (ENDED, "OnFailure", "Running", True),
        (FAILED, "OnFailure", "Running", False),
        (FAILED, "Never", "Running", True),
        (CRASHED, "Always", "Running", False),
        (FAILED, "Always", "Failed", True),
    ],
)
def test_which_containers_have_ended_for_good(status: Body, policy: str, phase: str, over: bool) -> None:
    assert logs.is_over(pod(status, policy=policy, phase=phase), "main") is over


@pytest.mark.parametrize(
    ("policy", "status", "over"),
    [({}, ENDED, True), ({}, FAILED, False), ({"restartPolicy": "Always"}, ENDED, False)],
)
def test_a_container_that_starts_first_has_ended_when_it_ended_well(
    policy: Body, status: Body, over: bool
) -> None:
    body = pod(RUNNING, initial={"name": "first", **policy})
    body["status"]["initContainerStatuses"] = [{"name": "first", **status}]
    assert logs.is_over(body, "first") is over


def test_a_pod_with_one_container_is_its_source() -> None:
    assert [str(source) for source in logs.sources(pod(RUNNING))] == ["p"]
    both = logs.sources(pod(RUNNING, initial={"name": "first"}))
    assert [str(source) for source in both] == ["p/first", "p/main"]


@pytest.mark.parametrize(
    ("labels", "name"),
    [
        (
            {"training.kubeflow.org/replica-type": "worker", "training.kubeflow.org/replica-index": "0"},
            "worker-0",
        ),
        ({"apps.kubernetes.io/pod-index": "2"}, "2"),
        ({}, ""),
    ],
)
def test_replicas_by_name(labels: dict[str, str], name: str) -> None:
    body = pod(RUNNING)
    body["metadata"]["labels"] = labels
    assert logs.replica(body) == name
    assert logs.is_meant(body, "p")
    assert not logs.is_meant(body, "worker-1")
    assert logs.is_meant(body, "Worker-0") is (name == "worker-0")
    assert logs.is_meant(body, "worker") is (name == "worker-0")
    assert not logs.is_meant(body, "")


@pytest.mark.parametrize(
    ("stamp", "time"),
    [
        ("2026-01-02T03:04:05Z", "2026-01-02T03:04:05.000000000Z"),
        ("2026-01-02T03:04:05.12Z", "2026-01-02T03:04:05.120000000Z"),
        ("2026-01-02T03:04:05.123456789+02:00", "2026-01-02T01:04:05.123456789Z"),
        ("2026-01-02T03:04:05-00:30", "2026-01-02T03:34:05.000000000Z"),
        ("2026-01-02", ""),
        ("2026-01-02T03:04:05", ""),
        ("failed", ""),
    ],
)
def test_times(stamp: str, time: str) -> None:
    assert logs.moment(stamp) == time


def told(position: logs.Position, lines: list[str]) -> list[str]:
    return [found[1] for line in lines if (found := position.line(line))]


def since(lines: list[str], position: logs.Position) -> list[str]:
    """What a node sends of a log from the second on at which a reader wants to go on."""
    return [line for line in lines if not position.since or f"{line[:19]}Z" >= position.since]


TICKS = st.lists(st.integers(0, 900), max_size=40)


@given(TICKS, st.integers(0, 900), st.lists(st.integers(0, 40), max_size=5))
def test_a_log_that_breaks_off_anywhere_is_told_whole_and_once(
    steps: list[int], disorder: int, breaks: list[int]
) -> None:
    """Lines come some hundred milliseconds after each other, two outputs up to a second out of order."""
    at, lines = 0, []
    for number, step in enumerate(steps):
        at += step
        late = max(0, at - disorder * (number % 2))
        lines.append(f"2026-01-01T00:00:{late // 1000:02d}.{late % 1000:03d}Z line {number % 3}")
    lines = lines[: next((i for i, line in enumerate(lines) if "T00:00:59" in line), None)]
    position, found = logs.Position(), []
    for stop in sorted(breaks):
        position.resume()
        rest = since(lines[:stop], position)
        found += told(position, rest)
    position.resume()
    found += told(position, since(lines, position))
    assert found == [line.partition(" ")[2] for line in lines]


def test_lines_before_the_wanted_ones_are_not_told_when_it_goes_on() -> None:
    lines = [f"2026-01-01T00:00:00.{n}00000000Z {n}" for n in range(1, 9)]
    position = logs.Position()
    assert told(position, lines[-2:]) == ["7", "8"]  # --tail 2
    position.resume()
    later = "2026-01-01T00:00:01.000000000Z 9"
    assert told(position, [*lines, later]) == ["9"]


def test_what_a_node_says_itself_is_told_once() -> None:
    position = logs.Position()
    assert position.line("unable to retrieve container logs") == ("", "unable to retrieve container logs")
    position.line("2026-01-01T00:00:00Z a")
    assert position.line("unable to retrieve container logs") is None
