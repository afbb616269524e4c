"""An app of thousands of objects: applied, unchanged, kept as a revision, removed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from tests.campaign import size
from tests.proof.things import thing
from tests.proof.world import APPLY, DELETE

if TYPE_CHECKING:
    from tests.proof.world import World

KINDS = ("ConfigMap", "Secret", "ServiceAccount")
LIMIT = 1 << 20  # bytes that an object on the server may have


def test_an_app_of_thousands_of_objects(world: World) -> None:
    many = size(5000, least=250)
    bodies = [thing("", "v1", KINDS[n % len(KINDS)], f"number-{n}", {}) for n in range(many)]
    world.write(bodies)
    world.clean(*APPLY)
    assert len(world.found()) == many
    world.clean(*APPLY)
    assert {request.method for request in world.proxy.requests} == {"GET"}, "nothing to do, nothing written"
    assert json.loads(world.run("history", "-o", "json").stdout)[0]["changes"] == f"{many} create"
    text = world.cluster.kubectl(
        "get", "secret", "-n", world.namespace, "-l", "kfctl.dev/record-of", "-o", "json"
    )
    assert max(len(json.dumps(body)) for body in json.loads(text)["items"]) < LIMIT
    world.write(body for number, body in enumerate(bodies) if number % 50)
    world.clean(*APPLY)
    assert len(world.found()) == many - len(bodies[::50])
    world.clean(*DELETE)
    assert world.found() == {} and not world.leftovers()
