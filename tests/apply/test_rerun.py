"""A job that has ended runs again when somebody asks for it, and not before."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from kfctl.actions.status import status
from kfctl.cli.applyview import report_lines
from kfctl.engine.plan import Choices
from kfctl.model.plan import Action
from kfctl.model.status import Health
from kfctl.store.appfiles import load_app
from tests.apply.conftest import config_map, job
from tests.apply.test_waiting import once, status_of
from tests.cluster.processes import wait_until

if TYPE_CHECKING:
    from tests.apply.conftest import World

ENDED = {"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}}
AS_USUAL, AGAIN = Choices(), Choices(rerun=True)


def run_to_the_end(world: World, **options: object) -> None:
    act = once(lambda: world.play("train", ENDED, phase="Succeeded"), "Job")
    _, report = world.apply(on=act, wait_for_jobs=True, **options)
    assert status_of(report, "Job/train").health is Health.DONE


def planned(world: World, choices: Choices = AS_USUAL) -> list[tuple[Action, str]]:
    prepared = world.prepare(choices=choices)
    prepared.cluster.transport.close()
    return [(change.action, change.reason) for change in prepared.plan.changes]


def warned(world: World) -> list[str]:
    prepared = world.prepare(choices=AGAIN)
    prepared.cluster.transport.close()
    return list(prepared.plan.warnings)


def uid(world: World) -> str:
    return str(world.admin.get("batch/v1", "Job", "train", world.namespace)["metadata"]["uid"])


def test_a_job_that_has_ended_runs_again_on_request(world: World) -> None:
    world.write(one=[job("train")])
    world.apply(wait=False)
    assert planned(world, AGAIN) == [(Action.UNCHANGED, "")], "it runs still"
    assert warned(world) == ["--rerun runs nothing again: no job of it has ended"]
    run_to_the_end(world)
    first = uid(world)
    assert planned(world) == [(Action.UNCHANGED, "")]
    assert planned(world, AGAIN) == [(Action.REPLACE, "it has ended: another run needs a new object")]
    world.apply(choices=AGAIN, wait=False)
    assert uid(world) != first


def test_a_job_that_its_ttl_removed_is_done_and_not_made_again_unasked(world: World) -> None:
    world.write(one=[job("train", ttlSecondsAfterFinished=0)])
    run_to_the_end(world)
    wait_until_gone(world)
    assert planned(world) == [(Action.UNCHANGED, "")]
    _, report = world.apply()
    assert status_of(report, "Job/train").message == "done (removed by its TTL)"
    app = load_app(world.root)
    (component,) = status(app, app.environments["default"], (), world.login).components
    assert (component.health, component.objects[0].message) == (Health.DONE, "done (removed by its TTL)")
    assert planned(world, AGAIN) == [(Action.CREATE, "")]
    world.write(one=[job("train", ttlSecondsAfterFinished=0, command="other")])
    assert planned(world) == [(Action.CREATE, "")], "another job than the one that ran"


def test_a_job_that_somebody_deleted_before_its_ttl_is_made_again(world: World) -> None:
    world.write(one=[job("train", ttlSecondsAfterFinished=600)])
    run_to_the_end(world)
    world.write(one=[job("train", ttlSecondsAfterFinished=600), config_map("later")])
    world.apply(wait=False)  # a revision that is younger than the job
    world.admin.delete(world.admin.get("batch/v1", "Job", "train", world.namespace))
    wait_until_gone(world)
    assert planned(world) == [(Action.UNCHANGED, ""), (Action.CREATE, "")]


def test_a_label_given_to_a_job_that_has_run_is_no_other_run(world: World) -> None:
    train = job("train", ttlSecondsAfterFinished=3)
    world.write(one=[train])
    run_to_the_end(world)
    train["metadata"]["labels"] = {"team": "a"}
    time.sleep(1)
    world.write(one=[train])
    world.apply(wait=False)
    wait_until_gone(world)
    assert planned(world) == [(Action.UNCHANGED, "")], "the label is younger than the TTL, its run is not"


def test_a_job_with_a_ttl_whose_old_one_would_not_go_has_not_run(world: World) -> None:
    held = job("train", ttlSecondsAfterFinished=0)
    held["metadata"]["finalizers"] = ["kfctl.test/held"]
    world.write(one=[held])
    world.apply(wait=False)
    other = job("train", ttlSecondsAfterFinished=0, command="other")
    world.write(one=[other, config_map("beside")])
    assert planned(world)[1][0] is Action.REPLACE
    _, report = world.apply(wait=False, timeout=1.0)
    assert [str(row.key) for row in report.failed] == ["Job/train"]
    body = world.admin.get("batch/v1", "Job", "train", world.namespace)
    world.admin.patch(body, {"metadata": {"finalizers": None}})
    wait_until_gone(world)
    assert planned(world) == [(Action.UNCHANGED, ""), (Action.CREATE, "")]


def test_a_job_that_had_failed_before_is_explained_by_its_pod(world: World) -> None:
    world.write(one=[job("train")])
    failed = {"state": {"terminated": {"exitCode": 3, "reason": "Error"}}}
    act = once(lambda: world.play("train", failed, phase="Failed"), "Job")
    world.apply(on=act, wait_for_jobs=True)
    _, again = world.apply()
    cause = status_of(again, "Job/train").cause
    assert cause and cause.pod.startswith("train-")
    assert (cause.message, cause.hint) == (
        "container main ended with exit code 3",
        "the program failed: read its log",
    )
    assert any("kfctl apply -c one --rerun runs it again" in line for line in report_lines(again))


def wait_until_gone(world: World) -> None:
    for _ in range(200):
        if not world.admin.find("batch/v1", "Job", "train", world.namespace):
            return
        time.sleep(0.1)
    raise AssertionError("the job's TTL did not remove it")


def test_a_job_with_a_ttl_that_could_not_be_made_has_not_run(world: World) -> None:
    quota = {
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": "none", "namespace": world.namespace},
        "spec": {"hard": {"count/jobs.batch": "0"}},
    }
    world.write(one=[job("train", ttlSecondsAfterFinished=0), config_map("beside")])
    prepared = world.prepare(wait=False)
    world.admin.create(quota)
    wait_until_counted(world)
    world.carry_out(prepared)
    assert not world.admin.find("batch/v1", "Job", "train", world.namespace)
    world.admin.delete(world.admin.get("v1", "ResourceQuota", "none", world.namespace))
    made_again = [(Action.UNCHANGED, ""), (Action.CREATE, "")]
    assert wait_until(lambda: planned(world) == made_again, 30), "once the server has noticed"


def wait_until_counted(world: World) -> None:
    """A quota holds once the controller has said what is used."""
    for _ in range(200):
        quota = world.admin.get("v1", "ResourceQuota", "none", world.namespace)
        if quota.get("status", {}).get("used"):
            return
        time.sleep(0.1)
    raise AssertionError("nobody counts for the quota")
