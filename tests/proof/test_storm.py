"""5 % random faults: every apply of a changing app converges within two runs, and touches nothing else."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from tests.campaign import FACTOR, size
from tests.faults.storm import CLASSES, Storm
from tests.proof.foreign import crowd
from tests.proof.world import DELETE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proof.world import World

APPLY = ("apply", "--yes", "--timeout", "20s")
KINDS = ("GET", "LIST", "WATCH", "PATCH", "DELETE", "lock", "record")
ENOUGH = max(1, int(20 * FACTOR))  # faults of each class, and of each kind of request


def changed(world: World, chance: random.Random) -> list[dict[str, Any]]:
    """Return the app's objects at random: of each what one version or the other says, or nothing."""
    versions = [{(b["kind"], b["metadata"]["name"]): b for b in world.objects(v)} for v in (1, 2)]
    names = sorted({*versions[0], *versions[1]})
    either = [[version[name] for version in versions if name in version] for name in names]
    stays = ("CustomResourceDefinition", "ServiceAccount")
    return [chance.choice(b) for b in either if b[0]["kind"] in stays or chance.random() < 0.8]


def lacks(found: Any, wanted: Any) -> bool:
    """Whether something wanted is not in what was found."""
    if isinstance(wanted, dict):
        return not isinstance(found, dict) or any(lacks(found.get(k), v) for k, v in wanted.items())
    if isinstance(wanted, list):
        same = isinstance(found, list) and len(found) == len(wanted)
        return not same or any(map(lacks, found, wanted))
    return bool(found != wanted)


def assert_converged(world: World, wanted: list[dict[str, Any]], where: str) -> None:
    found = world.found()
    by_name = {f"{body['kind']}/{body['metadata']['name']}": body for body in wanted}
    assert found.keys() == by_name.keys(), where
    parts = {
        name: {k: v for k, v in body.items() if k == "spec" or k == "data"} for name, body in by_name.items()
    }
    assert not [name for name, part in parts.items() if lacks(found[name], part)], where


def test_every_apply_converges_within_two_runs(world: World, figures: Callable[[str], None]) -> None:
    chance = random.Random(20260000)
    storm = Storm(random.Random(20260001))
    world.write(world.objects(1))
    world.clean("apply", "--no-wait")
    again = 0
    with crowd(world, size(500, least=13), random.Random(20260002)) as others:
        for turn in range(size(200, least=8)):
            wanted = changed(world, chance)
            world.write(wanted)
            again += converge(world, storm, *APPLY)
            assert_converged(world, wanted, f"apply {turn}")
        again += converge(world, storm, *DELETE)
        others.untouched()

    told = f"{dict(storm.by_class)}; at {dict(storm.by_kind)} of {dict(storm.seen)}"
    figures(f"{sum(storm.by_class.values())} faults: {told}; {again} runs made again")
    few = {name for name in CLASSES if storm.by_class[name] < ENOUGH}
    few |= {kind for kind in KINDS if storm.by_kind[kind] < ENOUGH}
    assert not few, told


def converge(world: World, storm: Storm, *words: str) -> bool:
    """Run a command in the storm, once more if it failed; return whether it had to be."""
    first = world.run(*words, script=storm)
    if not first.returncode:
        return False
    print(f"{words} ended with {first.returncode}: {first.stdout}{first.stderr}")
    second = world.run(*words, script=storm)
    assert second.returncode == 0, f"{first.stdout}{first.stderr}\nagain:\n{second.stdout}{second.stderr}"
    return True
