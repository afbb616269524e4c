"""Programs in the background: known by more than a number, and ended without mistakes."""

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.cluster.ports import Ports, free_ports, settle
from tests.cluster.processes import Identity, Program, identity, living, recorded, wait_until

STAT = "7 (a ) name) {state} 1 7 7 0 -1 4194560 1 0 0 0 0 0 0 0 20 0 {threads} 0 {started} 2 3"


@pytest.fixture
def sleeper(tmp_path: Path) -> Program:
    """A program that does nothing for a while."""
    program = Program("sleeper", tmp_path)
    program.start(["sleep", "60"])
    return program


def test_reads_who_a_process_is() -> None:
    assert identity("boot\n" + STAT.format(state="S", threads=1, started=99)) == Identity("boot", 7, 99)


def test_one_whose_threads_still_end_is_not_dead() -> None:
    assert identity("boot\n" + STAT.format(state="Z", threads=3, started=99)) == Identity("boot", 7, 99)


@pytest.mark.parametrize(
    "text", ["", "boot", "boot\n", "boot\n7 (cut", "boot\n" + STAT.format(state="Z", threads=1, started=99)]
)
def test_the_dead_and_the_unreadable_are_nobody(text: str) -> None:
    assert identity(text) is None


def test_a_program_runs_until_it_is_stopped(sleeper: Program) -> None:
    pid = sleeper.pid()
    assert pid is not None
    assert Path(f"/proc/{pid}/cmdline").read_bytes() == b"sleep\x0060\x00"
    assert os.getsid(pid) == pid, "it goes on when our terminal closes"
    sleeper.stop()
    assert (sleeper.pid(), living(pid), sleeper.record.exists()) == (None, None, False)


def test_one_that_ignores_the_request_is_killed(tmp_path: Path) -> None:
    deaf = Program("deaf", tmp_path)
    deaf.start(["sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.1; done"])
    assert wait_until(lambda: "ready" in deaf.last_words(), 10)
    deaf.stop(grace=0.3)
    assert deaf.pid() is None


def test_a_number_used_again_by_another_process_is_left_alone(tmp_path: Path) -> None:
    program = Program("long-gone", tmp_path)
    with subprocess.Popen(["sleep", "60"]) as stranger:
        now = living(stranger.pid)
        assert now is not None
        program.record.write_text(
            f"{now.boot}\n"
            + STAT.replace("7", str(stranger.pid), 1).format(state="S", threads=1, started=now.started - 1)
        )
        program.stop()
        assert stranger.poll() is None
        stranger.kill()


def test_finds_what_was_started_the_last_first(sleeper: Program) -> None:
    second = Program("a-second", sleeper.folder)
    second.start(["sleep", "60"])
    assert recorded(sleeper.folder) == [second, sleeper]
    for program in recorded(sleeper.folder):
        program.stop()


def test_failure_shows_the_log(tmp_path: Path) -> None:
    program = Program("broken", tmp_path)
    program.start(["sh", "-c", "echo no such thing >&2; exit 3"])
    assert wait_until(lambda: program.pid() is None, 10)
    assert "broken ended" in str(program.failure("ended"))
    assert "no such thing" in str(program.failure("ended"))


def test_ports_stay_while_they_are_free(tmp_path: Path) -> None:
    ports = settle(tmp_path / "ports.json")
    assert settle(tmp_path / "ports.json") == ports


def test_ports_change_when_one_was_taken(tmp_path: Path) -> None:
    ports = settle(tmp_path / "ports.json")
    with socket.socket() as other:
        other.bind(("127.0.0.1", ports.etcd))
        other.listen()
        assert settle(tmp_path / "ports.json") != ports


def test_ports_differ_from_each_other() -> None:
    ports: Ports = free_ports()
    assert len({ports.apiserver, ports.etcd, ports.etcd_peer}) == 3
