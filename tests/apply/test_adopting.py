"""Objects that were sent by hand, adopted: what their files said counts as applied by kfctl."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from kfctl.actions.run import begun, run
from kfctl.cluster.request import Write
from kfctl.engine.compare import compare
from kfctl.engine.mask import Mask
from kfctl.engine.plan import Choices
from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, deployment
from tests.campaign import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Body, World
    from tests.cluster import access
    from tests.conftest import Run

    Typed = Callable[..., Run]

LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"


@pytest.fixture
def by_hand(cluster: access.Cluster, world: World) -> Callable[..., None]:
    """Send objects with kubectl, as people do, or as ksonnet did."""

    def send(*bodies: Body, verb: str = "apply") -> None:
        for body in bodies if verb != "ks" else ():
            cluster.kubectl(verb, "-n", world.namespace, "-f", "-", input=json.dumps(body))
        for body in bodies if verb == "ks" else ():
            named = {**body["metadata"], "namespace": world.namespace}
            world.admin.create({**body, "metadata": named}, Write(manager="ks"))

    return send


def live(world: World, kind: str, name: str) -> Body:
    version = "apps/v1" if kind == "Deployment" else "v1"
    found: Body = world.admin.get(version, kind, name, world.namespace)
    return found


def managers(body: Body) -> dict[str, str]:
    return {entry["manager"]: entry["operation"] for entry in body["metadata"]["managedFields"]}


@pytest.mark.parametrize("verb", ["apply", "create", "ks"])
def test_a_field_that_the_app_drops_later_goes(
    world: World, typed: Typed, by_hand: Callable[..., None], verb: str
) -> None:
    by_hand(config_map("a", kept="1", extra="2"), verb=verb)
    world.write(one=[config_map("a", kept="1", extra="2")])
    assert typed("apply").code == ExitCode.OK
    assert managers(live(world, "ConfigMap", "a")) == {"kfctl": "Apply"}
    assert LAST_APPLIED not in live(world, "ConfigMap", "a")["metadata"]["annotations"]
    assert typed("apply").out.endswith("1 unchanged, everything is ready.\n")
    world.write(one=[config_map("a", kept="1")])
    assert 'data.extra: - "2"' in typed("apply").out
    assert live(world, "ConfigMap", "a")["data"] == {"kept": "1"}


def test_what_the_app_never_had_goes_when_it_adopts_and_the_plan_says_so(
    world: World, typed: Typed, by_hand: Callable[..., None]
) -> None:
    sent = deployment("web", replicas=0)
    sent["metadata"]["labels"] = {"team": "ml"}
    container = sent["spec"]["template"]["spec"]["containers"][0]
    container["env"] = [{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]
    by_hand(sent)
    world.admin.patch(live(world, "Deployment", "web"), {"metadata": {"annotations": {"seen": "by another"}}})
    body = deployment("web", replicas=0)
    body["spec"]["template"]["spec"]["containers"][0]["env"] = [{"name": "A", "value": "3"}]
    world.write(one=[body])
    refused = typed("diff")
    assert refused.code == ExitCode.REFUSED
    assert "--adopt takes it over" in refused.out
    told = typed("diff", "--adopt").out
    assert "taken over, with what kubectl-client-side-apply set" in told
    assert "metadata.labels.team: - ml" in told
    assert "spec.template.spec.containers[name=main].env[name=B]" in told
    assert "spec.template.spec.containers[name=main].env[name=A].value: " in told
    assert typed("apply", "--adopt").code == ExitCode.OK
    now = live(world, "Deployment", "web")
    assert "team" not in now["metadata"]["labels"]
    assert now["metadata"]["annotations"]["seen"] == "by another"
    assert now["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "3"}]
    assert "kubectl-client-side-apply" not in managers(now)
    assert typed("apply").out.endswith("1 unchanged, everything is ready.\n")


def test_replicas_that_were_sent_by_hand_stay_where_the_app_names_none(
    world: World, typed: Typed, by_hand: Callable[..., None]
) -> None:
    by_hand(deployment("web", replicas=3))
    body = deployment("web")
    del body["spec"]["replicas"]
    world.write(one=[body])
    assert "replicas" not in typed("diff", "--adopt").out
    typed("apply", "--adopt", "--no-wait")
    assert live(world, "Deployment", "web")["spec"]["replicas"] == 3
    world.write(one=[deployment("web", replicas=2)])
    typed("apply", "--no-wait", "--force-conflicts")
    assert live(world, "Deployment", "web")["spec"]["replicas"] == 2


def test_a_field_of_another_manager_is_a_conflict_still(
    world: World, typed: Typed, by_hand: Callable[..., None]
) -> None:
    by_hand(config_map("a", x="1", z="1"))
    named = {"metadata": {"name": "a", "namespace": world.namespace}}
    world.admin.apply({**config_map("a", z="1"), **named}, Write(manager="somebody"))
    world.write(one=[config_map("a", x="2", z="2")])
    ran = typed("apply", "--adopt")
    assert ran.code == ExitCode.REFUSED
    assert 'data.z: "1" → "2"   (set by somebody)' in ran.out
    assert "set fields that would change\n  the plan says what is in the way" in ran.err
    assert (ran.out + ran.err).count("--force-conflicts") == 1
    assert "data.z" not in ran.err
    world.write(one=[config_map("a", x="2")])
    assert typed("apply", "--adopt").code == ExitCode.OK
    assert live(world, "ConfigMap", "a")["data"] == {"x": "2", "z": "1"}


def test_an_object_that_changes_meanwhile_is_looked_at_again(
    world: World, by_hand: Callable[..., None]
) -> None:
    by_hand(config_map("a", x="1"))
    world.write(one=[config_map("a", x="1")])
    with begun(world.prepare()) as ready:
        world.admin.patch(live(world, "ConfigMap", "a"), {"metadata": {"labels": {"seen": "yes"}}})
        list(run(ready))
    now = live(world, "ConfigMap", "a")
    assert now["metadata"]["labels"]["seen"] == "yes"
    assert now["metadata"]["labels"]["kfctl.dev/app"] == "app"
    assert "kubectl-client-side-apply" not in managers(now)


def random_deployment(chance: random.Random) -> Body:
    """One of many Deployments that have some fields in common."""
    body = deployment("web", replicas=0)
    body["metadata"]["labels"] = {name: chance.choice("uv") for name in "abc" if chance.random() < 0.6}
    spec = body["spec"]["template"]["spec"]
    names = [name for name in "ABCD" if chance.random() < 0.6]
    spec["containers"][0]["env"] = [{"name": name, "value": chance.choice("12")} for name in names]
    ports = [port for port in (80, 81, 82) if chance.random() < 0.5]
    spec["containers"][0]["ports"] = [{"containerPort": port, "protocol": "TCP"} for port in ports]
    if chance.random() < 0.5:
        spec["containers"][0]["resources"] = {"limits": {"cpu": chance.choice(["1", "2"])}}
    if chance.random() < 0.5:
        spec["tolerations"] = [{"key": chance.choice("kl"), "operator": "Exists"}]
    if chance.random() < 0.3:
        spec["containers"].append({"name": "side", "image": "nosuch"})
    return body


@pytest.mark.parametrize("seed", range(size(50)))
def test_what_the_plan_says_of_an_adoption_comes_true(
    world: World, by_hand: Callable[..., None], seed: int
) -> None:
    chance = random.Random(seed)
    by_hand(random_deployment(chance))
    world.write(one=[random_deployment(chance)])
    prepared = world.prepare(choices=Choices(adopt=True), wait=False)
    before = live(world, "Deployment", "web")
    world.carry_out(prepared)
    told = {field.path: (field.live, field.wanted) for field in prepared.plan.changes[0].fields}
    done = compare(before, live(world, "Deployment", "web"), Mask(b""))
    seen = {field.path: (field.live, field.wanted) for field in done}
    for fields in (seen, told):  # its controller's
        fields.pop("metadata.annotations[deployment.kubernetes.io/revision]", None)
    assert seen == told
