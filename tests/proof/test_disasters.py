"""What goes wrong around a run: the server, the clock, kinds, namespaces, and objects that are too big."""

from __future__ import annotations

import json
import random
import string
import threading
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.errors import ExitCode
from tests.cluster.processes import wait_until
from tests.faults.proxy import Call
from tests.proof.things import thing, widget
from tests.proof.world import APPLY, DELETE, new_world
from tests.tfjobs import is_established

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.cluster.controlplane import ControlPlane
    from tests.faults.proxy import Fault, Request
    from tests.proof.world import World

Body = dict[str, Any]


def at_write(function: Callable[[], object], number: int) -> Callable[[Request], Fault | None]:
    """Have a function called before the write of that number."""
    seen = 0

    def script(request: Request) -> Fault | None:
        nonlocal seen
        seen += request.method in ("PATCH", "POST", "DELETE") and "dryRun" not in request.path
        if seen != number or request.method == "GET":
            return None
        seen += 1
        return Call(lambda: void(function()))

    def void(_: object) -> None:
        return

    return script


def test_the_server_dies_in_the_middle_and_comes_back(
    new_control_plane: Callable[[], ControlPlane], tmp_path: Path
) -> None:
    plane = new_control_plane()
    cluster = plane.up()
    with new_world(cluster, "default", tmp_path) as world:
        world.write(world.objects(1))
        died = world.run(*APPLY, script=at_write(plane.stop_apiserver, 8))
        assert died.returncode == ExitCode.CLUSTER, died
        assert "can't be reached any more" in died.stdout
        assert "Traceback" not in died.stderr
        plane.start_apiserver()
        world.clean(*APPLY)
        wanted = {f"{body['kind']}/{body['metadata']['name']}" for body in world.objects(1)}
        assert world.found().keys() == wanted

        world.write(world.objects(2))
        back = threading.Thread(target=plane.start_apiserver)

        def restart() -> None:
            plane.stop_apiserver()
            back.start()

        world.run(*APPLY, script=at_write(restart, 6))
        back.join()
        world.clean(*APPLY)
        assert "All is well" in world.run("fsck").stdout
        world.clean(*DELETE)
        assert world.found() == {}


@pytest.mark.parametrize("clock", [-3600, 3600])
def test_a_clock_that_is_an_hour_off(cluster: Cluster, namespace: str, tmp_path: Path, clock: int) -> None:
    with new_world(cluster, namespace, tmp_path, clock) as world:
        silent = {key: value for key, value in widget(world.group, "silent", 1).items() if key != "status"}
        world.write([*world.objects(1), silent])
        assert world.killed(APPLY, 40, reached=True)
        waited = world.run("apply", "--yes", "--timeout", "60s")
        assert waited.returncode == 0, waited
        assert "is not heard of any more" in waited.stderr
        assert "no controller has said anything about it yet" in waited.stderr, "it was given its time"
        world.clean(*DELETE)


def test_a_kind_that_vanishes(world: World) -> None:
    definition, *rest = [body for body in world.objects(1) if not body["kind"].startswith("Validating")]
    create = ("create", "-f", "-")
    drop = ("delete", "crd", definition["metadata"]["name"])
    kubectl = world.cluster.kubectl
    kubectl(*create, input=json.dumps(definition))
    assert wait_until(lambda: is_established(world.cluster, definition["metadata"]["name"]), 60)
    world.write(rest)
    broken = world.run(*APPLY, script=at_write(lambda: kubectl(*drop), 3))
    assert broken.returncode == ExitCode.CLUSTER, broken
    assert "Widget/one" in broken.stdout and "Traceback" not in broken.stderr
    assert "ConfigMap/changes" in world.found(), "what does not need it goes on"

    without = world.run(*APPLY)
    assert without.returncode != 0 and "knows no Widget of" in without.stderr, without
    assert world.run("status").returncode in (0, ExitCode.NOT_READY)
    assert world.run("diff").returncode != 0
    world.write([body for body in rest if body["kind"] != "Widget"])
    world.clean(*APPLY)
    assert "All is well" in world.run("fsck").stdout
    kubectl(*create, input=json.dumps(definition))
    assert wait_until(lambda: is_established(world.cluster, definition["metadata"]["name"]), 60)
    world.write(rest)
    world.clean(*APPLY)
    kubectl(*drop)
    world.clean(*DELETE)
    assert world.found() == {} and not world.leftovers()


def test_a_namespace_that_hangs_is_named_and_not_waited_for(world: World) -> None:
    held = thing("", "v1", "ConfigMap", "held", {})
    held["metadata"]["finalizers"] = ["example.com/never"]
    kubectl = world.cluster.kubectl
    inside = ("-n", world.namespace)
    world.write(world.objects(1))
    world.clean(*APPLY)
    kubectl("create", "-f", "-", *inside, input=json.dumps(held))
    kubectl("delete", "namespace", world.namespace, "--wait=false")
    try:
        held_up = "--for=condition=NamespaceFinalizersRemaining"
        kubectl("wait", held_up, f"namespace/{world.namespace}", "--timeout=60s")
        for words in (("apply", "--yes"), ("diff",)):
            ran = world.run(*words)
            assert ran.returncode == ExitCode.REFUSED, ran
            assert f"namespace {world.namespace} is being deleted" in ran.stderr
            assert "example.com/never" in ran.stderr and len(ran.stderr.splitlines()) <= 3, ran.stderr
        assert world.run("delete", "--yes").returncode == 0
    finally:
        kubectl("patch", "configmap/held", *inside, "--type=merge", "-p", '{"metadata":{"finalizers":null}}')


def test_an_object_as_big_as_the_server_takes(world: World) -> None:
    text = "".join(random.Random(7).choices(string.ascii_letters + string.digits, k=1_400_000))
    definition = world.objects(1)[0]
    big = widget(world.group, "big", 1)
    big["spec"]["text"] = text
    world.write([definition, big])
    world.clean(*APPLY)
    assert world.found()["Widget/big"]["spec"]["text"] == text
    assert world.clean("diff") and world.clean("history")
    world.write([definition])
    world.clean(*APPLY)
    world.clean("rollback", "default", "1", "--yes", "--no-wait")
    assert world.found()["Widget/big"]["spec"]["text"] == text
    world.write([definition, thing("", "v1", "ConfigMap", "big", {"data": {"text": text}})])
    refused = world.run(*APPLY)
    assert refused.returncode in (ExitCode.CLUSTER, ExitCode.APP, ExitCode.REFUSED)
    assert (
        "ConfigMap/big" in refused.stdout + refused.stderr
        and text[:200] not in refused.stdout + refused.stderr
    )
    world.clean(*DELETE)
