"""Foreign objects around an app that goes through all of its life: alive and the same, to the last byte."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.campaign import size
from tests.proof.foreign import SET, crowd
from tests.proof.world import APPLY, DELETE

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.proof.world import World


def test_no_foreign_object_is_touched(world: World, figures: Callable[[str], None]) -> None:
    world.write(world.objects(1))
    world.clean(*APPLY)
    with crowd(world, size(1000, least=39), random.Random(3)) as others:
        world.clean(*APPLY)
        lose_label(world)
        assert "not in its inventory" in world.run("fsck").stdout
        world.clean("fsck", "--repair")
        others.untouched()
        world.write(world.objects(2))
        world.clean(*APPLY)
        others.untouched()
        world.clean("rollback", "default", "1", "--yes", "--no-wait")
        others.untouched()
        world.cluster.kubectl("delete", "secret", "kfctl.proof.default", "-n", world.namespace)
        world.clean("fsck", "--repair")
        assert "All is well" in world.run("fsck").stdout
        others.untouched()
        world.write([])
        world.clean(*APPLY, "--allow-empty")
        others.untouched()
        world.write(world.objects(1))
        world.clean(*APPLY)
        world.clean("apply", "--yes", "--no-wait", "--force-conflicts", "--adopt")
        world.run(*DELETE)
        figures(f"{others.untouched()} foreign objects alive and unchanged")


def lose_label(world: World) -> None:
    """Have an object of ours lose what makes it a member of the set."""
    world.cluster.kubectl("label", "configmap/stays", f"{SET}-", "-n", world.namespace)
