"""`kfctl apply` as a user types it: what it prints, how it ends, what Ctrl-C does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection
from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, deployment, job
from tests.faults.proxy import Delay
from tests.node.page import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.apply.conftest import World
    from tests.conftest import Run
    from tests.faults.proxy import Proxy, Request


def test_text(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a", x="1")], two=[config_map("b")])
    ran = typed("apply")
    assert ran.code == ExitCode.OK
    assert ran.out.splitlines() == [
        f"app → default: context {world.login.context}, namespace {world.namespace}",
        "+ ConfigMap/a  (one)",
        "+ ConfigMap/b  (two)",
        "",
        "2 to create.",
        "  OBJECT       COMPONENT  RESULT   HEALTH",
        "✓ ConfigMap/a  one        created  ready",
        "✓ ConfigMap/b  two        created  ready",
        "",
        "2 created, everything is ready.",
    ]
    assert ran.err == ""
    again = typed("apply", "default", "-c", "one")
    assert again.out.splitlines()[1:] == ["", "1 unchanged.", "", "1 unchanged, everything is ready."]


def test_what_goes_into_a_new_namespace_is_tried_before_it_is_written(
    world: World, typed: Callable[..., Run]
) -> None:
    world.namespace = f"{world.namespace}-new"
    bad = deployment("web", replicas=-1)  # of the right type: only the server knows better
    world.write(one=[config_map("a"), bad])
    try:
        ran = typed("apply", "--no-wait", user=None)
        assert ran.code == ExitCode.REFUSED
        assert f"Namespace {world.namespace} is made, and nothing else was written" in ran.err
        assert "Deployment/web: " in ran.err and "spec.replicas: Invalid value: -1" in ran.err
        assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None
        assert world.admin.list_all("v1", "Secret", Selection(world.namespace)).items == ()
        world.write(one=[config_map("a"), deployment("web", replicas=0)])
        again = typed("apply", "--no-wait", user=None)
        assert again.code == ExitCode.OK
        assert "is not heard of any more" not in again.err, "the lock was given back"
    finally:
        world.admin.delete(world.admin.get("v1", "Namespace", world.namespace))


def test_what_no_server_would_take_is_told_before_a_namespace_is_made(
    world: World, typed: Callable[..., Run]
) -> None:
    world.namespace = f"{world.namespace}-new"
    bad = deployment("web")
    bad["spec"]["replicas"] = "many"
    world.write(one=[config_map("a"), bad])
    for command in ("diff", "apply"):
        ran = typed(command, user=None)
        assert ran.code == ExitCode.REFUSED
        assert "components/one/1.yaml:" in ran.err and "spec.replicas must be an integer, not" in ran.err
    assert world.admin.find("v1", "Namespace", world.namespace) is None


def test_what_is_in_another_namespace_is_told_with_it(
    world: World, typed: Callable[..., Run], new_namespace: Callable[[], str]
) -> None:
    there, body = new_namespace(), config_map("same")
    body["metadata"]["namespace"] = there
    world.write(one=[config_map("same"), body])
    ran = typed("apply")
    assert f"+ ConfigMap/same in {there}  (one)\n" in ran.out
    assert f"✓ ConfigMap/same in {there}  one        created  ready" in ran.out
    world.write(one=[config_map("same")])
    assert f"this would delete ConfigMap/same in {there}\n" in typed("apply").err
    gone = typed("apply", "--yes")
    assert f"- ConfigMap/same in {there}  delete: it is no longer part of the app" in gone.out


def test_what_is_not_ready_says_why_and_ends_with_6(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[deployment("web")])
    ran = typed("apply", "--timeout", "2s")
    assert ran.code == ExitCode.NOT_READY
    assert "… Deployment/web not ready\n    pod web-" in ran.out
    assert ": Unschedulable: " in ran.out
    assert ran.out.endswith("1 created, 1 of 1 not ready in time.\n")
    assert "Deployment/web progressing: 0 of 1 available" in ran.err


def test_json_is_an_object_a_line(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    typed("apply", "-c", "one")
    world.write(one=[config_map("a", x="1")])
    ran = typed("apply", "-o", "json", "--no-prune")
    lines = [json.loads(line) for line in ran.out.splitlines()]
    assert [line["event"] for line in lines] == ["plan", "started", "done", "status", "report"]
    assert lines[0]["plan"]["summary"] == {"update": 1, "keep": 1}
    assert lines[2]["object"]["name"] == "a"
    report = lines[-1]["report"]
    assert (report["exitCode"], report["interrupted"], report["summary"]) == (0, False, {"update": 1})
    assert [each["name"] for each in report["left"]] == ["b"]
    assert report["objects"][0]["status"]["health"] == "ready"


def test_a_dry_run_writes_nothing(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a")])
    ran = typed("apply", "--dry-run")
    assert (ran.code, "1 to create." in ran.out) == (ExitCode.OK, True)
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None
    assert "clusterUid" not in (world.root / "environments/default.yaml").read_text()


def test_an_app_without_objects_is_not_called_applied(
    world: World, typed: Callable[..., Run], kfctl: Callable[..., Run]
) -> None:
    for bodies in ([], [config_map("a")]):
        world.write(one=bodies)
        assert typed("apply", "--no-wait").code == ExitCode.OK
        (told,) = json.loads(kfctl("env", "list", "-o", "json", cwd=world.root).out)
        assert told["applied"] is bool(bodies)


def test_a_replacement_wants_a_yes(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[job("train")])
    typed("apply", "--no-wait")
    world.write(one=[job("train", command="other"), config_map("a")])
    ran = typed("apply", "--no-wait")
    assert ran.code == ExitCode.REFUSED
    assert "this would replace Job/train" in ran.err
    assert "--yes" in ran.err
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None
    assert typed("apply", "--no-wait", "--yes").code == ExitCode.OK


def test_what_somebody_else_owns_is_refused_and_nothing_written(
    world: World, typed: Callable[..., Run]
) -> None:
    other = config_map("theirs", x="theirs")
    other["metadata"] |= {"namespace": world.namespace, "labels": {"app.kubernetes.io/managed-by": "Helm"}}
    world.admin.create(other)
    world.write(one=[config_map("theirs", x="ours"), config_map("a")])
    ran = typed("apply")
    assert ran.code == ExitCode.REFUSED
    assert "ConfigMap/theirs: it belongs to Helm" in ran.err
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None


@pytest.mark.parametrize("text", ["soon", "10 m", "-1m", "", "1d"])
def test_a_timeout_that_is_none_is_a_usage_error(world: World, typed: Callable[..., Run], text: str) -> None:
    world.write(one=[config_map("a")])
    ran = typed("apply", f"--timeout={text}")
    assert ran.code == ExitCode.USAGE
    assert "10m, 90s or 1h30m" in ran.err


class Typing:
    """A `kfctl apply -o json` that goes on while the test looks at it, behind the fault proxy."""

    def __init__(self, world: World, proxy: Proxy, folder: Path) -> None:
        world.login = Login(context="proxied")
        self.world, self.proxy = world, proxy
        self.environment = {**os.environ, "KUBECONFIG": str(proxy.kubeconfig(folder / "proxied"))}

    def start(self) -> None:
        command = [*CTRL_C, sys.executable, "-m", "kfctl", "apply", "-o", "json"]
        self.process = subprocess.Popen(
            command,
            cwd=self.world.root,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def until(self, seen: Callable[[], bool]) -> None:
        """Wait until something has been seen."""
        while not seen():
            assert self.process.poll() is None, self.process.communicate()
            time.sleep(0.02)

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    def end(self) -> tuple[int, list[dict[str, Any]], str]:
        out, err = self.process.communicate(timeout=60)
        return self.process.returncode, [json.loads(line) for line in out.splitlines()], err


def written(request: Request) -> bool:
    return request.method == "PATCH" and "dryRun" not in request.path


def test_ctrl_c_finishes_what_is_under_way_and_tells_all(world: World, proxy: Proxy, tmp_path: Path) -> None:
    typing = Typing(world, proxy, tmp_path)
    world.write(one=[config_map(f"c{number}") for number in range(150)])
    proxy.script = lambda request: Delay(0.3) if written(request) else None
    typing.start()
    typing.until(lambda: sum(map(written, proxy.requests)) > 40)
    typing.interrupt()
    code, lines, err = typing.end()
    assert code == ExitCode.INTERRUPTED
    assert "stopping" in err
    report = lines[-1]["report"]
    assert report["interrupted"]
    by_result: dict[str, set[str]] = {}
    for each in report["objects"]:
        by_result.setdefault(each["result"], set()).add(each["name"])
    there = world.admin.list_all("v1", "ConfigMap", Selection(world.namespace, "kfctl.dev/app=app")).items
    assert {body["metadata"]["name"] for body in there} == by_result["done"]
    assert set(by_result) == {"done", "skipped"}
    assert len(by_result["done"] | by_result["skipped"]) == 150
    assert {each["message"] for each in report["objects"] if each["result"] == "skipped"} == {"interrupted"}


def test_ctrl_c_while_waiting(world: World, proxy: Proxy, tmp_path: Path) -> None:
    from tests.faults.proxy import Status

    typing = Typing(world, proxy, tmp_path)
    world.write(one=[deployment("web")])
    proxy.script = lambda r: Status(403, "Forbidden") if r.path.startswith("/api/v1/nodes") else None
    typing.start()
    typing.until(lambda: any(request.verb == "WATCH" for request in proxy.requests))
    typing.interrupt()
    code, lines, _ = typing.end()
    assert code == ExitCode.INTERRUPTED
    (row,) = lines[-1]["report"]["objects"]
    assert (row["result"], row["status"]["health"]) == ("done", "progressing")


def test_ctrl_c_twice_ends_at_once(world: World, proxy: Proxy, tmp_path: Path) -> None:
    typing = Typing(world, proxy, tmp_path)
    world.write(one=[config_map("a")])
    proxy.script = lambda request: Delay(300) if written(request) else None
    typing.start()
    typing.until(lambda: any(map(written, proxy.requests)))
    typing.interrupt()
    assert "stopping" in (typing.process.stderr.readline() or "") + typing.process.stderr.readline()
    typing.interrupt()
    code, lines, err = typing.end()
    assert code == ExitCode.INTERRUPTED
    assert "interrupted" in err
    assert lines[-1]["event"] != "report"


def test_ctrl_c_before_anything_was_decided_writes_nothing(
    world: World, proxy: Proxy, tmp_path: Path
) -> None:
    typing = Typing(world, proxy, tmp_path)
    world.write(one=[config_map("a")])
    proxy.script = lambda request: Delay(300) if request.method == "PATCH" else None
    typing.start()
    typing.until(lambda: any(request.method == "PATCH" for request in proxy.requests))
    typing.interrupt()
    code, lines, err = typing.end()
    assert (code, lines) == (ExitCode.INTERRUPTED, [])
    assert err == "kfctl: interrupted; nothing was written\n"
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace) is None


def test_a_broken_neighbour_does_not_matter_to_a_part(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a")])
    (world.root / "components/broken.yaml").write_text("prototype: [")
    (world.root / "components/unknown.yaml").write_text(
        "apiVersion: kfctl/v1\nkind: Component\nprototype: nosuch\n"
    )
    assert typed("apply").code == ExitCode.APP
    assert typed("apply", "-c", "one").code == ExitCode.OK
    assert typed("status", "-c", "one").code == ExitCode.OK
