"""kill -9 at any request: after one plain run the cluster is as wanted, nothing lost, doubled or left."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest

from tests.campaign import size
from tests.faults.conftest import upstream
from tests.faults.proxy import proxied
from tests.proof.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster

APPLY = ("apply", "--no-wait", "--yes")
DELETE = ("delete", "--yes", "--delete-data", "--delete-crds")
MOST = 400  # requests that no run of this app comes near


@pytest.fixture
def world(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[World]:
    with proxied(upstream(cluster, tmp_path)) as proxy:
        made = World(tmp_path / "app", namespace, cluster, proxy, proxy.kubeconfig(tmp_path / "kubeconfig"))
        yield made
        cluster.kubectl("delete", "crd", f"widgets.{made.group}", "--ignore-not-found")


def clean(world: World, *words: str) -> int:
    """Run kfctl undisturbed, to a good end, and return how many requests it made."""
    done = world.run(*words)
    assert done.returncode == 0, done.stdout + done.stderr
    return len(world.proxy.requests)


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[tuple[str, Any, Any]]:
    """Return the objects that are not as they should be, found beside wanted."""
    names = sorted(found.keys() | wanted.keys())
    pairs = [(name, found.get(name), wanted.get(name)) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]


def test_a_run_killed_at_any_request_is_made_good_by_the_next(world: World) -> None:
    wanted, requests = {}, {}
    for version in (1, 2):
        world.write(version)
        requests[version] = clean(world, *APPLY)
        wanted[version] = world.found()
    requests[0] = clean(world, *DELETE)
    assert world.found() == {} and not world.leftovers(), "delete leaves nothing"
    assert max(requests.values()) < MOST
    chance = random.Random(11)
    points = [(n, reached) for n in range(1, max(requests.values()) + 1) for reached in (False, True)]

    kills = 0
    tried = chance.sample(points, min(len(points), size(len(points), least=3)))
    for at, reached in tried:
        for version, words in ((1, APPLY), (2, APPLY), (0, DELETE)):
            if version:
                world.write(version)
            kills += world.killed(words, at, reached=reached)
            clean(world, *words)
            where = f"{words[0]} of version {version}, killed at request {at}, reached: {reached}"
            assert differences(world.found(), wanted.get(version, {})) == [], where
            if version:
                assert "All is well" in world.run("fsck").stdout, where
        assert not world.leftovers(), where

    print(f"{kills} runs killed; requests of a run: {requests}")
    assert kills >= len(tried)  # one of the three at least is that long
