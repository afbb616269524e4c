"""kill -9 at any request: after one plain run the cluster is as wanted, nothing lost, doubled or left."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from tests.campaign import size
from tests.proof.world import APPLY, DELETE, differences, new_world

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.proof.world import World

WORLDS = 4  # apps at a time: a run mostly waits for the lock of the one that was killed
# By how many requests a run may be shorter than the one that was counted, so that its end is missed:
# heartbeats, and looks at what goes, of which there are fewer where the server is quick.
SHORTER = {1: 4, 2: 12, 0: 2}
RUNS = ((1, APPLY), (2, APPLY), (0, DELETE))  # a first apply, an update with prune, a delete


def test_the_app_is_one_to_prove_something_with(world: World) -> None:
    both = [*world.objects(1), *world.objects(2)]
    kinds = {body["kind"] for body in both}
    assert len(world.objects(1)) >= 15 and len(kinds) >= 8
    wanted = {"CustomResourceDefinition", "Widget", "ValidatingWebhookConfiguration", "StatefulSet", "Secret"}
    assert wanted | {"HorizontalPodAutoscaler"} <= kinds
    assert any(body["spec"].get("volumeClaimTemplates") for body in both if body["kind"] == "StatefulSet")


def test_a_run_killed_at_any_request_is_made_good_by_the_next(
    cluster: Cluster, new_namespace: Callable[[], str], tmp_path: Path, figures: Callable[[str], None]
) -> None:
    with ExitStack() as stack:
        folders = [tmp_path / str(number) for number in range(WORLDS)]
        worlds = [stack.enter_context(new_world(cluster, new_namespace(), folder)) for folder in folders]
        with ThreadPoolExecutor(WORLDS) as threads:
            counted = list(threads.map(undisturbed, worlds))
            lengths = {version: min(requests[version] for requests, _ in counted) for version, _ in RUNS}
            points = [(n, reached) for n in range(1, max(lengths.values()) + 1) for reached in (False, True)]
            tried = random.Random(11).sample(points, size(len(points), least=WORLDS))
            shares = [Share(tried[start::WORLDS], lengths, counted[start][1]) for start in range(WORLDS)]
            kills = set().union(*threads.map(killed_at, worlds, shares))
    for version, words in RUNS:
        length = lengths[version]
        wanted = {(n, reached) for n, reached in tried if n <= length}
        missed = wanted - {(n, reached) for run, n, reached in kills if run == version}
        figures(f"{words[0]} of version {version}: killed at {len(wanted - missed)} of {2 * length} points")
        assert all(n > length - SHORTER[version] for n, _ in missed), (words, length, sorted(missed))


class Share(NamedTuple):
    """What one world has to try: at which requests, of runs how long, and what there is after each run."""

    points: list[tuple[int, bool]]
    lengths: Mapping[int, int]
    wanted: Mapping[int, dict[str, Any]]


def undisturbed(world: World) -> tuple[dict[int, int], dict[int, Any]]:
    """Return how many requests each run makes, and what there is after it."""
    wanted, requests = {}, {}
    for version, words in RUNS:
        if version:
            world.write(world.objects(version))
        requests[version] = world.clean(*words)
        wanted[version] = world.found()
    assert wanted[0] == {} and not world.leftovers(), "delete leaves nothing"
    # Not of what comes with it: the API server learns of a new webhook when it gets to it.
    assert "one" in world.webhook.asked, "the webhook was asked about the custom resource that is updated"
    return requests, wanted


def killed_at(world: World, share: Share) -> set[tuple[int, int, bool]]:
    """Kill each of the runs at each of the points, and see that one more makes it good; return the kills."""
    kills = set()
    for at, reached in share.points:
        for version, words in RUNS:
            if version:
                world.write(world.objects(version))
            if at <= share.lengths[version] and world.killed(words, at, reached=reached):
                kills.add((version, at, reached))
            world.clean(*words)
            where = f"{words[0]} of version {version}, killed at request {at}, reached: {reached}"
            assert differences(world.found(), share.wanted[version]) == [], where
            if version:
                assert "All is well" in world.run("fsck").stdout, where
        assert not world.leftovers(), where
    return kills
