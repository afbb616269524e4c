"""`kfctl logs` of pods that run: all of them, in the order of time, through broken connections."""

from __future__ import annotations

import json
import signal
from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.request import Selection
from kfctl.errors import ExitCode
from tests.cluster.processes import wait_until
from tests.faults.conftest import upstream
from tests.faults.proxy import Cut, Proxy, Request, Reset, proxied
from tests.node.programs import container, deployment, job, pod, running, until

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.apply.conftest import World
    from tests.cluster.access import Cluster
    from tests.conftest import Run

COUNTS = """
import os, time
for i in range(100):
    print("replica", os.environ["JOB_COMPLETION_INDEX"], "line", i)
    time.sleep(0.05)
"""
SAYS = "import time; print('{}'); time.sleep(600)"


@pytest.fixture
def proxy(node: Cluster, tmp_path: Path) -> Iterator[Proxy]:
    """A fault proxy before the API server of the node."""
    with proxied(upstream(node, tmp_path)) as made:
        yield made


def lines(text: str) -> dict[str, list[str]]:
    """What each pod printed, by what stands before its lines."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        name, bar, said = line.partition(" | ")
        if bar:
            found.setdefault(name, []).append(said)
    return found


def test_a_job_is_followed_to_its_end_with_no_line_lost_or_doubled(
    app: World, proxy: Proxy, kfctl: Callable[..., Run], tmp_path: Path
) -> None:
    app.write(work=[job("work", COUNTS, completions=2)])
    app.apply(wait=False)
    faults = [Cut(after=3), Reset(reached=True), Cut(), Cut(after=7), Cut(after=20)]

    def script(request: Request) -> Cut | Reset | None:
        return faults.pop() if faults and "follow=true" in request.path else None

    proxy.script = script
    through = {"KUBECONFIG": str(proxy.kubeconfig(tmp_path / "proxied"))}
    ran = kfctl("logs", "work", "-f", "--context", "proxied", cwd=app.root, env=through)
    assert ran.code == ExitCode.OK, ran.err
    assert len(faults) < 3  # those that were left had no request to fire at: the log had ended
    found = lines(ran.out)
    assert sorted(found.values()) == [[f"replica {number} line {i}" for i in range(100)] for number in (0, 1)]


def test_the_end_of_a_log_that_is_there_and_one_replica(app: World, kfctl: Callable[..., Run]) -> None:
    app.write(work=[job("work", COUNTS.replace("0.05", "0.001"), completions=2)])
    app.apply(wait_for_jobs=True, timeout=120)
    environment = {"KUBECONFIG": app.login.kubeconfig or ""}
    ran = kfctl("logs", "work", "--tail", "3", cwd=app.root, env=environment)
    assert sorted(lines(ran.out).values()) == [
        [f"replica {number} line {i}" for i in (97, 98, 99)] for number in (0, 1)
    ]
    ran = kfctl("logs", "default", "work", "--replica", "1", "-o", "json", cwd=app.root, env=environment)
    told = [json.loads(line) for line in ran.out.splitlines()]
    assert [each["line"] for each in told] == [f"replica 1 line {i}" for i in range(100)]
    assert sorted(each["time"] for each in told) == [each["time"] for each in told]
    ran = kfctl("logs", "work", "--replica", "7", cwd=app.root, env=environment)
    assert (ran.code, ran.err.splitlines()) == (
        ExitCode.USAGE,
        ["kfctl: no pod of work is '7'", "  there are 0, 1"],
    )


def test_a_pod_that_comes_later_joins(app: World) -> None:
    app.write(web=[deployment("web", pod(container(SAYS.format("hello"))))])
    app.apply(timeout=120)
    with running(app.root, "logs", "web", "-f", kubeconfig=app.login.kubeconfig or "") as following:
        first = until(following, "hello")[-1]
        body = app.admin.get("apps/v1", "Deployment", "web", app.namespace)
        app.admin.patch(body, {"spec": {"replicas": 2}})
        second = until(following, "hello")[-1]
        assert first != second
        following.send_signal(signal.SIGINT)
        assert following.wait(20) == ExitCode.INTERRUPTED


def test_several_containers_and_what_was_printed_before_a_restart(
    app: World, kfctl: Callable[..., Run]
) -> None:
    dies_once = (
        "import os, sys, time\n"
        "again = os.path.exists('/x/seen'); open('/x/seen', 'w').close()\n"
        "print('second' if again else 'first'); time.sleep(600) if again else sys.exit(3)"
    )
    mounts = [{"name": "x", "mountPath": "/x"}]
    spec = pod(
        container(dies_once, volumeMounts=mounts),
        container(SAYS.format("beside"), "side"),
        initContainers=[container("print('before all')", "init")],
        volumes=[{"name": "x", "emptyDir": {}}],
    )
    app.write(web=[deployment("web", spec)])
    app.apply(timeout=120)
    environment = {"KUBECONFIG": app.login.kubeconfig or ""}
    with running(app.root, "logs", "web", "-f", kubeconfig=environment["KUBECONFIG"]) as following:
        until(following, "second")
    found = lines(kfctl("logs", "web", cwd=app.root, env=environment).out)
    assert {name.partition("/")[2]: said for name, said in found.items()} == {
        "init": ["before all"],
        "main": ["second"],
        "side": ["beside"],
    }
    ran = kfctl("logs", "web", "--previous", cwd=app.root, env=environment)
    assert list(lines(ran.out).values()) == [["first"]]
    assert "has not been restarted" in ran.err


def test_why_there_is_no_log(app: World, kfctl: Callable[..., Run]) -> None:
    wrong = {"name": "main", "image": "kfctl.test/nosuch:1", "imagePullPolicy": "Never"}
    app.write(web=[deployment("web", pod(wrong))], none=[])
    app.apply(wait=False)
    environment = {"KUBECONFIG": app.login.kubeconfig or ""}

    def told() -> bool:
        ran = kfctl("logs", "web", cwd=app.root, env=environment)
        assert (ran.code, ran.out) == (ExitCode.OK, "")
        return "has no log yet: ErrImageNeverPull" in ran.err

    assert wait_until(told, 60)
    body = app.admin.get("apps/v1", "Deployment", "web", app.namespace)
    app.admin.delete(body)
    assert wait_until(lambda: not app.admin.list_all("v1", "Pod", Selection(app.namespace)).items, 60)
    ran = kfctl("logs", "web", cwd=app.root, env=environment)
    assert "web has no pods: Deployment/web is missing: not applied, or deleted" in ran.err
