"""A plan in a file: what it holds, and that `--plan` does exactly that or nothing."""

from __future__ import annotations

import base64
import json
import secrets
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, deployment

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Body, World
    from tests.conftest import Run

    Typed = Callable[..., Run]


def secret(name: str, **data: str) -> Body:
    encoded = {key: base64.b64encode(text.encode()).decode() for key, text in data.items()}
    return {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded}


def there(world: World, name: str, kind: str = "ConfigMap") -> Body | None:
    return world.admin.find("v1", kind, name, world.namespace)


def versions(world: World) -> list[Any]:
    listed = [world.admin.list_all("v1", kind, selection_of(world)).items for kind in ("ConfigMap", "Secret")]
    return [(i["metadata"]["name"], i["metadata"]["resourceVersion"]) for items in listed for i in items]


def selection_of(world: World) -> Any:
    from kfctl.cluster.request import Selection

    return Selection(world.namespace)


def test_a_plan_is_made_read_and_carried_out(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a", x="1")], two=[config_map("b")])
    before = versions(world)
    made = typed("apply", "--plan-out", "the.plan")
    assert made.code == ExitCode.OK
    assert made.out.endswith("2 to create.\n")
    assert "kfctl apply default --plan the.plan" in made.err
    assert versions(world) == before
    path = world.root / "the.plan"
    assert path.stat().st_mode & 0o777 == 0o600
    held = json.loads(path.read_text())
    assert (held["apiVersion"], held["kind"], held["environment"]) == ("kfctl/v1", "Plan", "default")
    assert [(c["action"], c["name"]) for c in held["changes"]] == [("create", "a"), ("create", "b")]
    done = typed("apply", "--plan", "the.plan")
    assert (done.code, done.err) == (ExitCode.OK, "")
    assert done.out.endswith("2 created, everything is ready.\n")
    again = typed("apply", "--plan", "the.plan")
    assert again.code == ExitCode.REFUSED
    assert "the plan in the.plan no longer holds, and nothing was written" in again.err
    assert "another run has written the app's record after the plan was made" in again.err
    assert "ConfigMap/a: it is not there and was to be created; now it is there" in again.err
    assert "kfctl apply default --plan-out the.plan" in again.err


def test_the_plan_of_a_component_needs_no_word_of_it_again(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a")], two=[config_map("b")])
    assert typed("apply", "-c", "one", "--plan-out", "p").code == ExitCode.OK
    assert typed("apply", "--plan", "p").code == ExitCode.OK
    assert there(world, "a")
    assert there(world, "b") is None


def test_what_was_allowed_when_it_was_made_is_allowed(world: World, typed: Typed) -> None:
    world.admin.apply({**config_map("a", x="1"), "metadata": {"name": "a", "namespace": world.namespace}})
    world.write(one=[config_map("a", x="1", z="2")])
    refused = typed("apply", "--plan-out", "p")
    assert refused.code == ExitCode.REFUSED
    assert not (world.root / "p").exists()
    assert typed("apply", "--adopt", "--plan-out", "p").code == ExitCode.OK
    assert json.loads((world.root / "p").read_text())["options"] == ["--adopt"]
    assert typed("apply", "--plan", "p").code == ExitCode.OK
    assert (there(world, "a") or {})["data"] == {"x": "1", "z": "2"}


def test_an_edit_of_the_app_is_named_field_by_field(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a", x="1"), config_map("gone")])
    typed("apply", "--plan-out", "p")
    world.write(one=[config_map("a", x="2"), config_map("new")])
    ran = typed("apply", "--plan", "p")
    assert ran.code == ExitCode.REFUSED
    assert "ConfigMap/a: data.x: the plan has 1, the app 2" in ran.err
    assert "component one, its overrides or its prototype was changed after the plan was made" in ran.err
    assert "ConfigMap/gone: the plan has it, the app no longer does" in ran.err
    assert "ConfigMap/new: the app has it, the plan does not" in ran.err
    assert there(world, "a") is None


def test_an_object_that_somebody_changed_is_named_with_what_it_was_and_is(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a", x="1"), config_map("b", x="1"), config_map("c"), config_map("d")])
    typed("apply")
    world.write(one=[config_map("a", x="2"), config_map("b", x="2"), config_map("c", x="2")])
    typed("apply", "--plan-out", "p")
    for name in ("a", "d"):
        world.admin.patch(there(world, name) or {}, {"data": {"x": "7"}})
    world.admin.delete(there(world, "b") or {})
    ran = typed("apply", "--plan", "p", "--yes")
    assert ran.code == ExitCode.REFUSED
    assert (
        "ConfigMap/a: it is there and was to be updated; now it is there, and would be in conflict" in ran.err
    )
    assert (
        "ConfigMap/b: it is there and was to be updated; now it is not there, and would be created" in ran.err
    )
    assert "ConfigMap/d: it was changed after the plan was made: resourceVersion" in ran.err
    assert "ConfigMap/c" not in ran.err
    assert (there(world, "c") or {}).get("data") is None


def test_a_status_or_an_autoscaler_moves_nothing(world: World, typed: Typed) -> None:
    body = deployment("web", replicas=0)
    del body["spec"]["replicas"]
    world.write(one=[body])
    typed("apply", "--no-wait")
    body["spec"]["template"]["spec"]["nodeSelector"] = {"other": "one"}
    world.write(one=[body])
    typed("apply", "--plan-out", "p")
    live = world.admin.get("apps/v1", "Deployment", "web", world.namespace)
    world.admin.patch(live, {"spec": {"replicas": 3}}, "scale")
    world.admin.patch(live, {"metadata": {"annotations": {"seen": "by a controller"}}})
    assert typed("apply", "--plan", "p", "--no-wait").code == ExitCode.OK
    now = world.admin.get("apps/v1", "Deployment", "web", world.namespace)
    assert now["spec"]["replicas"] == 3
    assert now["spec"]["template"]["spec"]["nodeSelector"] == {"other": "one"}


def test_deletes_of_a_saved_plan_need_a_yes_too(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    typed("apply")
    world.write(one=[config_map("a")])
    typed("apply", "--plan-out", "p")
    ran = typed("apply", "--plan", "p")
    assert ran.code == ExitCode.REFUSED
    assert "--yes does it" in ran.err
    assert there(world, "b")
    assert typed("apply", "--plan", "p", "--yes").code == ExitCode.OK
    assert there(world, "b") is None


def test_no_secret_is_in_the_file_and_another_one_is_noticed(world: World, typed: Typed) -> None:
    canary, other = secrets.token_hex(12), secrets.token_hex(12)
    world.write(one=[secret("s", password=canary)])
    typed("apply", "--plan-out", "p")
    held = (world.root / "p").read_text()
    for form in (canary, base64.b64encode(canary.encode()).decode()):
        assert form not in held
    world.write(one=[secret("s", password=other)])
    ran = typed("apply", "--plan", "p")
    assert ran.code == ExitCode.REFUSED
    assert "a secret parameter, or the data of a Secret, is another than when the plan was made" in ran.err
    world.write(one=[secret("s", password=canary)])
    assert typed("apply", "--plan", "p").code == ExitCode.OK
    world.write(one=[secret("s", password=other)])
    typed("apply", "--plan-out", "p")
    held = (world.root / "p").read_text()
    for text in (canary, other):
        assert text not in held
        assert base64.b64encode(text.encode()).decode() not in held
    world.admin.patch(there(world, "s", "Secret") or {}, {"metadata": {"labels": {"x": "y"}}})
    moved = typed("apply", "--plan", "p")
    assert moved.code == ExitCode.REFUSED
    assert "Secret/s: it was changed after the plan was made: resourceVersion" in moved.err


def test_a_namespace_that_is_missing_is_part_of_the_plan(world: World, typed: Typed) -> None:
    world.namespace = f"{world.namespace}-new"
    world.write(one=[config_map("a")])
    assert typed("apply", "--plan-out", "p", user=None).code == ExitCode.OK
    assert typed("apply", "--plan", "p", user=None).code == ExitCode.OK
    assert there(world, "a")
    assert typed("delete", "--yes", user=None).code == ExitCode.OK
    world.admin.delete(world.admin.get("v1", "Namespace", world.namespace))


def test_another_app_is_refused(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a")])
    typed("apply", "--plan-out", "p")
    path = world.root / "kfctl.yaml"
    path.write_text(path.read_text().replace("0123456789ab", "ba9876543210"))
    ran = typed("apply", "--plan", "p")
    assert ran.code == ExitCode.REFUSED
    assert 'the plan is for app {"name": "app", "id": "0123456789ab"}, this is app' in ran.err


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (["-c", "one"], "--plan can't be changed by --component"),
        (["--adopt"], "--plan can't be changed by --adopt"),
        (["--no-prune", "--delete-data"], "--plan can't be changed by --delete-data, --no-prune"),
        (["--plan-out", "q"], "--plan can't be changed by --plan-out"),
    ],
)
def test_what_a_plan_says_can_not_be_said_again(
    world: World, typed: Typed, options: list[str], told: str
) -> None:
    world.write(one=[config_map("a")])
    ran = typed("apply", "--plan", "p", *options)
    assert ran.code == ExitCode.USAGE
    assert told in ran.err


def test_the_environment_is_the_plans(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a")])
    typed("apply", "--plan-out", "p")
    ran = typed("apply", "prod", "--plan", "p")
    assert ran.code == ExitCode.USAGE
    assert "the plan is for environment default, not for prod" in ran.err
    assert typed("apply", "default", "--plan", "p", "--dry-run").code == ExitCode.OK
    assert there(world, "a") is None


def test_a_file_that_is_no_plan_is_not_overwritten(world: World, typed: Typed) -> None:
    world.write(one=[config_map("a")])
    before = (world.root / "kfctl.yaml").read_text()
    ran = typed("apply", "--plan-out", "kfctl.yaml")
    assert ran.code == ExitCode.APP
    assert "kfctl.yaml: the file is there and is no plan" in ran.err
    assert (world.root / "kfctl.yaml").read_text() == before
    (world.root / "empty").touch()
    assert typed("apply", "--plan-out", "empty").code == ExitCode.OK
    assert typed("apply", "--plan-out", "empty").code == ExitCode.OK
