"""How the tests are spread over processes (`pytest -n auto`)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from xdist.scheduler import LoadScopeScheduling

if TYPE_CHECKING:
    import pytest
    from xdist.remote import Producer


def pytest_xdist_auto_num_workers() -> int:
    """One process more than there are processors: tests with a cluster mostly wait."""
    return (os.cpu_count() or 1) + 1


def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadScopeScheduling:
    """Give tests to processes one by one, but for those of the node."""
    return OneNode(config, log)


class OneNode(LoadScopeScheduling):
    """One process runs all tests of the node, for there is one; it begins at once, as they are many."""

    def _split_scope(self, nodeid: str) -> str:
        return "node" if nodeid.startswith("tests/node/") else nodeid


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the campaigns against a cluster, which take longest."""
    items.sort(key=lambda item: "proof" not in item.path.parts)
