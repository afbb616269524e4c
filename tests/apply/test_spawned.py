"""What programs of an app made on the cluster: shown, asked for, gone with them, or found again later."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kfctl.cluster.request import Selection
from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, deployment
from tests.apply.test_delete import kept

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import World
    from tests.conftest import Run

MADE = {"made-by": "maker"}


def left(world: World, kind: str) -> set[str]:
    """The names of what is there of a kind and was not made by a controller."""
    listed = world.admin.list_all("v1", kind, Selection(world.namespace)).items
    return {body["metadata"]["name"] for body in listed if not body["metadata"].get("ownerReferences")}


def made_something(world: World) -> None:
    """An app whose program has made a pod and a claim, beside those of somebody else."""
    world.write(one=[config_map("a")])
    world.write_maker("maker")
    world.apply(wait=False)
    world.make("Pod", "made", **MADE)
    world.make("PersistentVolumeClaim", "home", **MADE)
    world.make("Pod", "other", **{"made-by": "another"})
    controlled = world.pods("maker")[0]
    world.admin.patch(controlled, {"metadata": {"labels": MADE}})  # our own pod goes with its Deployment


def test_what_a_program_made_is_asked_for_and_stopped_with_it(
    world: World, typed: Callable[..., Run]
) -> None:
    made_something(world)
    ran = typed("delete")
    assert ran.code == ExitCode.REFUSED
    assert "this would delete Pod/made, Deployment/maker" in ran.err
    ran = typed("delete", "--yes")
    assert ran.code == ExitCode.OK, ran.err
    assert "- Pod/made  delete: Deployment/maker made it" in ran.out
    assert "= PersistentVolumeClaim/home  keep: Deployment/maker made it; it holds data" in ran.out
    assert (left(world, "Pod"), left(world, "PersistentVolumeClaim")) == ({"other"}, {"home"})


def test_a_component_that_left_the_app_takes_along_what_its_program_made(
    world: World, typed: Callable[..., Run]
) -> None:
    made_something(world)
    (world.root / "components/maker.yaml").unlink()
    assert typed("apply", "--no-wait", "--yes", "--delete-data").code == ExitCode.OK
    assert (left(world, "Pod"), left(world, "PersistentVolumeClaim")) == ({"other"}, set())


def test_what_another_component_still_makes_stays(world: World, typed: Callable[..., Run]) -> None:
    world.write(one=[config_map("a")])
    world.write_maker("maker", "second")
    world.apply(wait=False)
    world.make("Pod", "made", **MADE)
    assert typed("delete", "-c", "maker", "--yes").code == ExitCode.OK
    assert left(world, "Pod") == {"made"}
    assert typed("delete", "--yes").code == ExitCode.OK
    assert left(world, "Pod") == set()


def test_it_is_stopped_without_the_apps_directory(world: World, kfctl: Callable[..., Run]) -> None:
    made_something(world)
    where = ("--app", "app", "--env", "default", "--namespace", world.namespace)
    ran = kfctl("delete", *where, "--yes", env={"KUBECONFIG": world.login.kubeconfig or ""})
    assert ran.code == ExitCode.OK, ran.err
    assert left(world, "Pod") == {"other"}


def test_a_pod_that_asks_to_be_kept_stays(world: World, typed: Callable[..., Run]) -> None:
    made_something(world)
    pod = world.admin.get("v1", "Pod", "made", world.namespace)
    world.admin.patch(pod, {"metadata": {"annotations": {"kfctl.dev/keep": "true"}}})
    assert typed("delete", "--yes").code == ExitCode.OK
    assert left(world, "Pod") == {"made", "other"}


def test_a_claim_is_found_when_its_maker_is_long_gone(world: World, typed: Callable[..., Run]) -> None:
    made_something(world)
    assert typed("delete", "--yes").code == ExitCode.OK
    (listed,) = json.loads(typed("list", "-n", world.namespace, "-o", "json").out)
    assert (listed["app"], listed["objects"]) == ("app", 1)
    ran = typed("delete", "--yes")
    assert "= PersistentVolumeClaim/home  keep: Deployment/maker made it; it holds data" in ran.out
    assert typed("delete", "-c", "one", "--yes", "--delete-data").code == ExitCode.OK
    assert left(world, "PersistentVolumeClaim") == {"home"}
    ran = typed("delete", "-c", "maker", "--yes", "--delete-data")
    assert ran.code == ExitCode.OK, ran.err
    assert "- PersistentVolumeClaim/home  delete: Deployment/maker made it" in ran.out
    assert left(world, "PersistentVolumeClaim") == set()
    assert typed("delete", "--yes").code == ExitCode.OK
    assert kept(world) == set()


def test_a_claim_is_its_makers_again_when_that_is_back(world: World, typed: Callable[..., Run]) -> None:
    made_something(world)
    assert typed("delete", "--yes").code == ExitCode.OK
    assert typed("apply", "--no-wait", "--delete-data").code == ExitCode.OK
    assert left(world, "PersistentVolumeClaim") == {"home"}
    ran = typed("delete", "--yes", "--delete-data")
    assert ran.code == ExitCode.OK, ran.err
    assert (left(world, "PersistentVolumeClaim"), kept(world)) == (set(), set())


def test_a_claim_that_anothers_program_has_taken_over_stays(world: World, typed: Callable[..., Run]) -> None:
    made_something(world)
    assert typed("delete", "--yes").code == ExitCode.OK
    other = deployment("maker", replicas=0)
    other["metadata"]["namespace"] = world.namespace
    world.admin.create(other)
    ran = typed("delete", "--yes", "--delete-data")
    assert ran.code == ExitCode.OK, ran.err
    assert "what Deployment/maker made stays: there is another Deployment/maker" in ran.err
    assert left(world, "PersistentVolumeClaim") == {"home"}
    world.admin.delete(other)
    assert typed("delete", "--yes", "--delete-data").code == ExitCode.OK
    assert (left(world, "PersistentVolumeClaim"), kept(world)) == (set(), set())
