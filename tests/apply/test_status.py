"""`kfctl status`: the tree of components, objects and pods, with health and reason."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kfctl.actions.status import AppStatus, ComponentStatus, status
from kfctl.cli import statusview
from kfctl.errors import ExitCode
from kfctl.model.plan import Scope
from kfctl.model.resource import Key
from kfctl.model.status import Health, Status
from kfctl.store.appfiles import load_app
from tests.apply.conftest import config_map, definition, deployment, job
from tests.apply.test_waiting import CRASHED
from tests.cluster.processes import wait_until
from tests.node.page import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from kfctl.cluster.client import Cluster
    from tests.apply.conftest import Body, World
    from tests.conftest import Run


def looked_at(world: World, *components: str) -> AppStatus:
    app = load_app(world.root)
    return status(app, app.environments["default"], components, world.login)


def objects(found: AppStatus) -> dict[str, Status]:
    return {str(each.key): each for component in found.components for each in component.objects}


def test_what_is_not_applied_is_missing(world: World) -> None:
    world.write(one=[config_map("a"), deployment("web")])
    found = looked_at(world)
    assert {name: each.health for name, each in objects(found).items()} == {
        "ConfigMap/a": Health.MISSING,
        "Deployment/web": Health.MISSING,
    }
    assert found.components[0].health is Health.MISSING


def test_the_tree(world: World) -> None:
    world.write(one=[config_map("a"), deployment("web")], two=[job("train", suspend=True)])
    world.apply(wait=False)
    world.play("web", CRASHED)
    found = looked_at(world)
    assert [(component.name, component.health) for component in found.components] == [
        ("one", Health.PROGRESSING),
        ("two", Health.PAUSED),
    ]
    web = objects(found)["Deployment/web"]
    assert [pod.health for pod in web.children] == [Health.FAILED]
    assert web.cause is not None
    assert web.cause.reason == "CrashLoopBackOff"
    assert objects(found)["ConfigMap/a"].health is Health.READY


@pytest.fixture
def job_sets(admin: Cluster) -> Iterator[Body]:
    """A definition of JobSets, for an app to bring; it is removed after."""
    body: Body = json.loads(json.dumps(definition("JobSet")).replace("things.kfctl.test", "jobset.x-k8s.io"))
    body["metadata"]["annotations"] = {"api-approved.kubernetes.io": "unapproved, for a test"}
    body["spec"]["versions"][0]["name"] = "v1alpha2"
    if admin.find(body["apiVersion"], body["kind"], body["metadata"]["name"]):
        pytest.skip("this cluster has JobSets already, which the tests leave alone")
    yield body
    admin.delete(body)


def test_pods_are_found_below_what_stands_between(world: World, job_sets: Body) -> None:
    """A JobSet's controller is played, that of its Job is the cluster's own."""
    world.login = replace(world.login, user=None)
    spec = {"replicatedJobs": [{"name": "w", "template": {"spec": job("w")["spec"]}}]}
    version = {"apiVersion": "jobset.x-k8s.io/v1alpha2", "kind": "JobSet"}
    world.write(kinds=[job_sets], one=[{**version, "metadata": {"name": "train"}, "spec": spec}])
    world.apply(wait=False)
    made = world.admin.get(*version.values(), "train", world.namespace)
    template = made["spec"]["replicatedJobs"][0]["template"]["spec"]["template"]
    assert template["metadata"]["labels"]["kfctl.dev/component"] == "one"  # as `logs` looks for them
    owner = {**version, "name": "train", "uid": made["metadata"]["uid"], "controller": True}
    body = job("train-w-0")
    body["metadata"] |= {"namespace": world.namespace, "ownerReferences": [owner]}
    world.admin.create(body)

    def pods() -> tuple[Status, ...]:
        return objects(looked_at(world, "one"))["JobSet/train"].children

    assert wait_until(lambda: bool(pods()), 30)
    assert {(pod.key.kind, pod.key.name.rpartition("-")[0]) for pod in pods()} == {("Pod", "train-w-0")}


def test_a_part(world: World) -> None:
    world.write(one=[config_map("a")], two=[config_map("b")])
    world.apply()
    assert list(objects(looked_at(world, "two"))) == ["ConfigMap/b"]


def test_what_left_the_app_is_still_shown(world: World) -> None:
    world.write(one=[config_map("a")], two=[config_map("b")])
    world.apply()
    world.write(one=[config_map("a")])
    assert objects(looked_at(world))["ConfigMap/b"].message == "no longer in the app"


def test_what_is_there_and_not_ours_is_told(world: World) -> None:
    other = config_map("a")
    other["metadata"]["namespace"] = world.namespace
    world.admin.create(other)
    world.write(one=[config_map("a")])
    found = objects(looked_at(world))["ConfigMap/a"]
    assert (found.health, found.message) == (Health.MISSING, "it is there, but not this app's")
    world.admin.patch(other, {"metadata": {"labels": {"app.kubernetes.io/managed-by": "Helm"}}})
    assert objects(looked_at(world))["ConfigMap/a"].message == "it is there, but belongs to Helm"


def test_what_has_lost_its_label_is_the_apps_all_the_same(world: World) -> None:
    world.write(one=[config_map("a")])
    world.apply()
    body = world.admin.get("v1", "ConfigMap", "a", world.namespace)
    world.admin.patch(body, {"metadata": {"labels": {"applyset.kubernetes.io/part-of": None}}})
    found = objects(looked_at(world))["ConfigMap/a"]
    assert found.message == "it is there, but not in the app's record: kfctl fsck"


def test_an_app_that_is_broken_is_shown_by_its_labels(world: World) -> None:
    world.write(one=[config_map("a")])
    world.apply()
    prototype = world.root / "components/one.yaml"
    prototype.write_text(prototype.read_text().replace("manifests", "nosuch"))
    (world.root / "components/one/0.yaml").unlink()
    (world.root / "components/one").rmdir()
    found = looked_at(world)
    assert list(objects(found)) == ["ConfigMap/a"]
    assert "nosuch" in found.warnings[0]


def test_what_a_program_made_is_shown_with_its_component(world: World) -> None:
    world.write(one=[config_map("a")])
    world.write_maker("maker")
    world.apply(wait=False)
    world.make("Pod", "made-1", **{"made-by": "maker"})
    found = {component.name: component for component in looked_at(world).components}
    assert [str(each.key) for each in found["maker"].spawned] == ["Pod/made-1"]
    assert found["one"].spawned == ()
    (world.root / "components/maker.yaml").unlink()
    found = {component.name: component for component in looked_at(world).components}
    assert [str(each.key) for each in found["maker"].spawned] == ["Pod/made-1"]


def test_as_text_and_as_json(world: World, kfctl: Callable[..., Run]) -> None:
    world.write(one=[config_map("a"), deployment("web")])
    world.apply(wait=False)
    world.play("web", CRASHED)
    environment = {"KUBECONFIG": world.login.kubeconfig or ""}
    text = kfctl("status", cwd=world.root, env=environment)
    assert text.code == ExitCode.OK
    lines = [re.sub(r"  \d+s$", "  AGE", line.rstrip()) for line in text.out.splitlines()]
    assert lines[:5] == [
        f"app → default: context {world.login.context}, namespace {world.namespace}",
        "",
        "… one  progressing",
        "  ✓ ConfigMap/a  ready  AGE",
        "  … Deployment/web  progressing: 0 of 1 available  AGE",
    ]
    assert lines[5].startswith("      ✗ Pod/web-")
    assert lines[6].endswith("CrashLoopBackOff: container main ended with exit code 1, 4 restarts")
    assert lines[7] == "        the program ends again and again: read its log"
    told = json.loads(kfctl("status", "-o", "json", cwd=world.root, env=environment).out)
    (component,) = told["components"]
    assert component["objects"][1]["pods"][0]["health"] == "failed"
    assert component["objects"][1]["cause"]["reason"] == "CrashLoopBackOff"


def pods(**counts: int) -> tuple[Status, ...]:
    """Return so many pods of each health."""
    healths = [Health[name] for name, count in counts.items() for _ in range(count)]
    return tuple(
        Status(Key("", "Pod", "n", f"p{number:03}"), health) for number, health in enumerate(healths)
    )


def test_of_many_pods_the_worst_are_shown() -> None:
    assert statusview.few(pods(READY=10)) == (list(pods(READY=10)), [])
    shown, rest = statusview.few(pods(READY=200, FAILED=3, PROGRESSING=40))
    assert [each.health.value for each in shown] == [*["failed"] * 3, *["progressing"] * 2]
    assert rest == ["… and 238 more: 38 progressing, 200 ready (-o json has all)"]
    job = Status(Key("batch", "Job", "n", "j"), Health.PROGRESSING, children=pods(READY=200))
    scope = Scope("app", "id", "default", "context", "server", "n", "uid")
    found = AppStatus(scope, (ComponentStatus("one", (job,), pods(READY=20)),))
    lines = list(statusview.tree(found))
    assert len(lines) == 3 + 1 + 6 + 6
    assert lines[-1] == "  … and 15 more: 15 ready (-o json has all), made by its program"


def test_ages() -> None:
    assert [statusview.age(seconds) for seconds in (-3, 0, 119, 120, 7199, 7200, 172800)] == [
        *("0s", "0s", "119s", "2m", "119m", "2h", "2d")
    ]


@pytest.mark.parametrize("form", ["text", "json"])
def test_watching_tells_what_changes_until_it_is_interrupted(world: World, form: str, tmp_path: Path) -> None:
    world.write(one=[config_map("a"), deployment("web")])
    world.apply(wait=False)
    world.pods("web")
    command = [*CTRL_C, sys.executable, "-m", "kfctl", "status", "--watch", "-o", form]
    environment = {**os.environ, "KUBECONFIG": world.login.kubeconfig or "", "HOME": str(tmp_path)}
    with subprocess.Popen(
        command, cwd=world.root, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as watching:
        assert watching.stdout
        until(watching.stdout, "Pod/web-" if form == "text" else '"health": "progressing"')
        world.play("web", ready=True)
        line = until(watching.stdout, "ready" if form == "text" else '"health": "ready", "message": ""')
        if form == "json":
            assert json.loads(line)["components"][0]["name"] == "one"
        watching.send_signal(signal.SIGINT)
        assert watching.wait(20) == ExitCode.INTERRUPTED


def until(lines: Iterable[str], text: str) -> str:
    return next(line for line in lines if text in line)


@pytest.mark.parametrize("component", ["nosuch"])
def test_an_unknown_component_is_a_usage_error(
    world: World, kfctl: Callable[..., Run], component: str
) -> None:
    world.write(one=[config_map("a")])
    assert kfctl("status", "-c", component, cwd=world.root).code == ExitCode.USAGE


def test_what_may_not_be_read_is_no_more_missing_than_it_is_there(
    world: World, kfctl: Callable[..., Run]
) -> None:
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "closed"},
        "spec": {"podSelector": {}},
    }
    world.write(one=[config_map("a"), policy])
    environment = {"KUBECONFIG": world.login.kubeconfig or ""}
    assert kfctl("apply", "--no-wait", cwd=world.root, env=environment).code == ExitCode.OK
    assert kfctl("status", cwd=world.root, env=environment).code == ExitCode.OK
    who = ("--as", str(world.login.user))  # who may not see policies
    ran = kfctl("status", *who, cwd=world.root, env=environment)
    assert ran.code == ExitCode.CLUSTER
    assert "? NetworkPolicy/closed  unknown: it can't be read: " in ran.out
    told = json.loads(kfctl("status", "-o", "json", *who, cwd=world.root, env=environment).out)
    assert told["unread"] is True
