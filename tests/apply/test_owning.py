"""One run at a time, and one app: the lock, the record, and what an apply that changes nothing costs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl.actions.run import begun, run
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.lock import Taking, Timing, locked, take
from kfctl.cluster.request import Selection
from kfctl.engine.plan import Choices
from kfctl.errors import ExitCode, Refused
from tests.apply.conftest import config_map
from tests.cluster.access import KubectlError

if TYPE_CHECKING:
    from pathlib import Path

    from tests.apply.conftest import Body, World
    from tests.cluster import access
    from tests.faults.proxy import Proxy, Request

NAME = "kfctl.app.default"


def record(world: World) -> Body:
    found: Body = world.admin.get("v1", "Secret", NAME, world.namespace)
    return found


def test_the_lock_is_held_while_objects_are_written(world: World, proxy: Proxy, tmp_path: Path) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.apply()
    wrote = [(r.method, name) for r in proxy.requests if (name := written(r))]
    names = [name for _, name in wrote]
    assert names[:2] == [f"leases/{NAME}", f"secrets/{NAME}"]
    assert sorted(names[2:4]) == ["configmaps/a", "configmaps/b"]
    assert names[-2:] == [f"secrets/{NAME}", f"leases/{NAME}"]


def written(request: Request) -> str:
    """What a request writes; empty for one that only asks."""
    path = request.path.partition("?")[0]
    if request.method == "GET" or "dryRun" in request.path:
        return ""
    if request.method == "POST":
        return f"{path.rpartition('/')[2]}/{NAME}" if path.endswith("/leases") else ""
    return "/".join(path.split("/")[-2:])


def test_another_run_that_lives_is_named_and_a_hung_one_can_be_broken(world: World) -> None:
    world.write(one=[config_map("a")])
    beats = Taking(timing=Timing(30, renew=0.3, poll=0.1))
    with locked(world.admin, (NAME, world.namespace), "ann@box pid 1 run 2", beats):
        with (
            pytest.raises(Refused, match="ann@box pid 1 run 2 is changing this app now") as caught,
            begun(world.prepare()),
        ):
            pass
        assert "--break-lock" in caught.value.problems[0].hint
        said: list[str] = []
        with begun(world.prepare(break_lock=True), said.append) as ready:
            list(run(ready))
        assert said[0].startswith("ann@box pid 1 run 2 had the lock since ")
    assert world.admin.find("v1", "ConfigMap", "a", world.namespace)


def test_a_dead_run_is_said_and_finished(world: World) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    with begun(world.prepare()) as ready:
        steps = run(ready)
        while next(steps).action != "create":
            pass
        steps.close()  # killed in the middle: nothing more is written
    take(world.admin, (NAME, world.namespace), "dead@box pid 1 run 2", Taking(timing=Timing(1)))
    assert '"finished": false' in record(world)["metadata"]["annotations"]["kfctl.dev/last-apply"]
    world.write(one=[config_map("a")])
    said: list[str] = []
    with begun(world.prepare(), said.append) as ready:
        list(run(ready))
    assert any("did not come to its end: this one goes on" in line for line in said)
    assert any("dead@box" in line for line in said)
    assert world.admin.find("v1", "ConfigMap", "b", world.namespace) is None
    last = json.loads(record(world)["metadata"]["annotations"]["kfctl.dev/last-apply"])
    assert last["finished"] is True


def test_an_app_whose_directory_is_lost_is_taken_over_when_told(world: World) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    world.apply()
    world.write(one=[config_map("a")])
    path = world.root / "kfctl.yaml"
    path.write_text(path.read_text().replace("0123456789ab", "ba9876543210"))
    with pytest.raises(Refused, match="another app named app has environment default"):
        world.prepare()
    _, report = world.apply(choices=Choices(take_over=True))
    assert report.exit_code is ExitCode.OK
    assert report.counts() == {"update": 1, "delete": 1}
    assert world.apply()[1].counts() == {"unchanged": 1}


def test_kubectl_knows_the_record_and_leaves_it_alone(world: World, cluster: access.Cluster) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    world.apply()
    before = record(world)
    stranger = json.dumps(config_map("stranger"))
    prune = ["apply", "--prune", f"--applyset=secret/{NAME}", "-n", world.namespace, "-f", "-"]
    with pytest.raises(KubectlError, match=r'"kfctl"|kfctl/v') as caught:
        cluster.kubectl(*prune, input=stranger, extra={"KUBECTL_APPLYSET": "true"})
    assert "tool" in str(caught.value)
    assert record(world) == before
    found = world.admin.list_all("v1", "ConfigMap", Selection(world.namespace)).items
    assert {"a", "b"} <= {body["metadata"]["name"] for body in found}
    assert "stranger" not in {body["metadata"]["name"] for body in found}
