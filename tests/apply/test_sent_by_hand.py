"""Our own objects, to which people have later sent the same fields with kubectl: what the app drops goes."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING

import pytest

from kfctl.actions.run import begun, run
from kfctl.cluster.request import Write
from kfctl.engine.plan import Choices
from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, deployment
from tests.apply.test_adopting import live, managers
from tests.campaign import size

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import Body, World
    from tests.cluster import access
    from tests.conftest import Run

    Typed = Callable[..., Run]

KUBECTL = "kubectl-client-side-apply"


@pytest.fixture
def send(cluster: access.Cluster, world: World) -> Callable[..., None]:
    """Send an object with kubectl apply, without server-side apply."""

    def send(body: Body) -> None:
        cluster.kubectl("apply", "-n", world.namespace, "-f", "-", input=json.dumps(body))

    return send


def applied(world: World, typed: Typed, body: Body) -> Body:
    """Apply an app of one object; return it as it is then."""
    world.write(one=[body])
    assert typed("apply", "--no-wait").code == ExitCode.OK
    return live(world, body["kind"], body["metadata"]["name"])


def test_a_field_that_was_sent_by_hand_too_goes_with_the_app(
    world: World, typed: Typed, send: Callable[[Body], None]
) -> None:
    applied(world, typed, config_map("a", kept="1"))
    send(config_map("a", kept="1", extra="2", own="3"))
    world.write(one=[config_map("a", kept="1", extra="2")])
    told = typed("diff")
    assert told.code == ExitCode.DIFFERENT
    assert f"as wanted, with what {KUBECTL} set: now the app's, too" in told.out
    assert KUBECTL in managers(applied(world, typed, config_map("a", kept="1", extra="2")))
    assert typed("diff").code == ExitCode.OK
    world.write(one=[config_map("a", kept="1")])
    told = typed("diff")
    assert 'data.extra: - "2"' in told.out
    assert "data.own" not in told.out
    now = applied(world, typed, config_map("a", kept="1"))
    assert now["data"] == {"kept": "1", "own": "3"}, "what only kubectl has set stays"
    assert KUBECTL in managers(now)
    assert typed("apply").out.endswith("1 unchanged, everything is ready.\n")


def test_a_value_that_was_forced_by_hand_goes_with_the_app(
    world: World, typed: Typed, send: Callable[[Body], None]
) -> None:
    applied(world, typed, config_map("a", kept="1", moved="1"))
    send(config_map("a", kept="1", moved="2"))
    applied(world, typed, config_map("a", kept="1", moved="2"))
    assert applied(world, typed, config_map("a", kept="1"))["data"] == {"kept": "1"}


def test_an_element_of_which_kubectl_has_more_keeps_that(
    world: World, typed: Typed, send: Callable[[Body], None]
) -> None:
    def web(*ports: Body, **container: object) -> Body:
        main = {"name": "main", "image": "nosuch", "ports": list(ports), **container}
        return deployment("web", replicas=0, containers=[main])

    def port(number: int, **more: str) -> Body:
        return {"containerPort": number, "protocol": "TCP", **more}

    env = [{"name": "A", "value": "1"}]
    applied(world, typed, web(port(80)))
    send(web(port(80), port(81), port(82, name="extra"), env=env))
    applied(world, typed, web(port(80), port(81), port(82), env=env))
    now = applied(world, typed, web(port(80)))
    container = now["spec"]["template"]["spec"]["containers"][0]
    assert container["ports"] == [port(80), port(82, name="extra")]
    assert "env" not in container


@pytest.mark.parametrize("manager", ["kubectl-edit", "kubectl-patch", "some-controller"])
def test_what_anybody_else_has_set_stays(world: World, typed: Typed, manager: str) -> None:
    now = applied(world, typed, config_map("a", kept="1"))
    world.admin.patch(now, {"data": {"extra": "2"}}, write=Write(manager=manager))
    applied(world, typed, config_map("a", kept="1", extra="2"))
    now = applied(world, typed, config_map("a", kept="1"))
    assert now["data"] == {"kept": "1", "extra": "2"}
    assert managers(now)[manager] == "Update"


def test_replicas_that_an_autoscaler_is_to_have_stay(
    world: World, typed: Typed, send: Callable[[Body], None]
) -> None:
    applied(world, typed, deployment("web", replicas=2))
    send(deployment("web", replicas=3))
    applied(world, typed, deployment("web", replicas=3))
    body = deployment("web")
    del body["spec"]["replicas"]
    assert applied(world, typed, body)["spec"]["replicas"] == 3


def test_an_object_that_changes_meanwhile_is_looked_at_again(
    world: World, typed: Typed, send: Callable[[Body], None]
) -> None:
    applied(world, typed, config_map("a", kept="1"))
    send(config_map("a", kept="1", extra="2"))
    applied(world, typed, config_map("a", kept="1", extra="2"))
    world.write(one=[config_map("a", kept="1")])
    with begun(world.prepare()) as ready:
        world.admin.patch(live(world, "ConfigMap", "a"), {"metadata": {"labels": {"seen": "yes"}}})
        list(run(ready))
    now = live(world, "ConfigMap", "a")
    assert now["data"] == {"kept": "1"}
    assert now["metadata"]["labels"]["seen"] == "yes"


Fields = dict[tuple[str, str], str]
PLACES = [(part, name) for part in ("label", "env", "port") for name in "123456"]


def some(chance: random.Random) -> Fields:
    return {
        place: "" if place[0] == "port" else chance.choice("uv") for place in PLACES if chance.random() < 0.5
    }


def web(fields: Fields) -> Body:
    """A Deployment with these labels, environment variables and ports."""
    found = {part: {name: value for (of, name), value in fields.items() if of == part} for part, _ in PLACES}
    env = [{"name": f"E{name}", "value": value} for name, value in found["env"].items()]
    ports = [{"containerPort": int(name), "protocol": "TCP"} for name in found["port"]]
    body = deployment(
        "web", replicas=0, containers=[{"name": "main", "image": "nosuch", "env": env, "ports": ports}]
    )
    body["metadata"]["labels"] = {f"l{name}": value for name, value in found["label"].items()}
    return body


def fields_of(body: Body) -> Fields:
    """The same, the other way round."""
    container = body["spec"]["template"]["spec"]["containers"][0]
    labels = body["metadata"].get("labels", {})
    return {
        **{("label", key[1:]): value for key, value in labels.items() if ("label", key[1:]) in PLACES},
        **{("env", each["name"][1:]): each["value"] for each in container.get("env", [])},
        **{("port", str(each["containerPort"])): "" for each in container.get("ports", [])},
    }


@pytest.mark.parametrize("seed", range(size(100)))
def test_whose_a_field_is_at_random(world: World, send: Callable[[Body], None], seed: int) -> None:
    first, by_hand, second, last = (some(random.Random(10 * seed + turn)) for turn in range(4))
    forced = Choices(force_conflicts=True)
    world.write(one=[web(first)])
    world.apply(wait=False)
    send(web(by_hand))
    for fields in (second, last):
        world.write(one=[web(fields)])
        world.apply(choices=forced, wait=False)
    changed = {place for place, value in by_hand.items() if first.get(place) != value}
    # An element of a list that the app has named stays the app's, whoever has set a field of it.
    changed -= {place for place in first if place[0] == "env"}
    only_kubectls = {place: by_hand[place] for place in changed - second.keys() - last.keys()}
    assert fields_of(live(world, "Deployment", "web")) == {**only_kubectls, **last}
    assert not world.prepare(choices=forced).plan.differs
