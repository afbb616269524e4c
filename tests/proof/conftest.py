"""The app under test as a fixture."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.proof.world import new_world

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster
    from tests.proof.world import World


@pytest.fixture
def world(cluster: Cluster, namespace: str, tmp_path: Path) -> Iterator[World]:
    """An app of many kinds in a namespace of its own."""
    with new_world(cluster, namespace, tmp_path) as made:
        yield made
