"""The table of built-in kinds is what a real API server says of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.store.kinds import built_in
from tools.kinds import TABLE, printed, table_of

if TYPE_CHECKING:
    from tests.cluster.access import Cluster


def test_the_table_is_what_the_server_tells(cluster: Cluster) -> None:
    def ask(path: str) -> Any:
        return json.loads(cluster.kubectl("get", "--raw", path))

    version = ask("/version")
    if f"{version['major']}.{version['minor']}" != built_in()["kubernetes"]:
        pytest.skip("the table is of another version of Kubernetes: python -m tools.kinds writes it anew")
    assert table_of(ask) == built_in()


def test_the_table_is_small_and_as_it_is_printed() -> None:
    text = TABLE.read_text(encoding="utf-8")
    assert text == printed(built_in())
    assert len(text) < 150_000
