"""The README's lines print what it says they print, but for the last: it has cluster-wide objects."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from tests.node.page import comparable
from tools.picture import DRAWN, END, LINES, ROOT, START, run

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster

PROGRESS = ("… Deployment/inception-v1 progressing", "note: ")  # how often that comes depends on time


def said() -> dict[str, str]:
    """What the README says that each line prints."""
    text = (ROOT / "README.md").read_text(encoding="utf-8").partition(START)[2].partition(END)[0]
    blocks = re.split(r"^\$ kfctl ", text, flags=re.MULTILINE)[1:]
    return {line: printed for line, _, printed in (block.partition("\n") for block in blocks)}


@pytest.fixture
def new(cluster: Cluster, namespace: str) -> Iterator[str]:
    """A namespace that is not there yet."""
    yield f"{namespace}-new"
    cluster.kubectl("delete", "namespace", f"{namespace}-new", "--ignore-not-found", "--wait=false")


def steady(printed: str) -> list[str]:
    """What of an output is the same in each run."""
    return [line for line in comparable(printed).splitlines() if line and not line.startswith(PROGRESS)]


def test_the_lines_print_what_the_readme_says(cluster: Cluster, new: str, tmp_path: Path) -> None:
    told = said()
    assert list(told) == list(LINES)
    environment = {**os.environ, **cluster.environment(), "NO_COLOR": "1", "COLUMNS": "100"}
    for line in LINES[: DRAWN + 1]:
        printed = run(line.replace("--namespace kubeflow", f"--namespace {new}"), tmp_path, environment)
        assert steady(printed.replace(new, "kubeflow")) == steady(told[line]), line
