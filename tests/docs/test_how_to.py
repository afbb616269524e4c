"""The how-to pages print what they say: their blocks are run, each page against a namespace of its own."""

from __future__ import annotations

import json
import shutil
import socket
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.node.app import variables
from tests.node.page import BLOCK, Shell, comparable, rewritten, steps

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.access import Cluster

ROOT = Path(__file__).parents[2]
OUTSIDE = ROOT / "tests" / "outside"
NAMESPACE = "vision"  # what the pages call the namespace that they apply to
CONTEXTS = ("minikube", "prod-cluster")
PAGES = [
    page
    for page in sorted((ROOT / "docs" / "how-to").glob("*.md"))
    if BLOCK.search(page.read_text(encoding="utf-8"))
]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with the files that the pages speak of."""
    shutil.copytree(OUTSIDE / "ksonnet" / "kubeflow_ks_app", tmp_path / "kubeflow_ks_app")
    shutil.copy(OUTSIDE / "tutorial" / "katacoda.yaml", tmp_path)
    shutil.copy(OUTSIDE / "tfjobs" / "v1alpha1.yaml", tmp_path / "example.yaml")
    return tmp_path


@pytest.fixture
def shell(cluster: Cluster, home: Path) -> Shell:
    """A shell there, whose kubeconfig has the contexts that the pages name."""
    given = variables(cluster, home)
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "--flatten", "-o", "json"))
    config["contexts"] = [{**config["contexts"][0], "name": name} for name in CONTEXTS]
    kubeconfig = home / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    kubeconfig.write_text(json.dumps({**config, "current-context": CONTEXTS[0]}))
    return Shell(home, {**given, "KUBECONFIG": str(kubeconfig), "LOGNAME": "ann"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_print_what_the_page_says(
    page: Path, shell: Shell, namespace: str, update_golden: bool
) -> None:
    text = page.read_text(encoding="utf-8")
    played = list(zip(steps(text), play(text, shell, namespace), strict=True))
    if update_golden:
        page.write_text(rewritten(text, (printed.rstrip() for _, printed in played)), encoding="utf-8")
        return
    for step, printed in played:
        shown = comparable(step.shown_of(printed))
        assert f"$ {step.command}\n{shown}" == f"$ {step.command}\n{comparable(step.printed)}"


def play(text: str, shell: Shell, namespace: str) -> Iterator[str]:
    """Run a page's commands and yield what each prints, in the page's words."""
    words = {
        namespace: NAMESPACE,
        str(shell.folder): "/home/ann",
        f"ann@{socket.gethostname()}": "ann@laptop",
    }
    for step in steps(text):
        printed = shell.run(replace(step, command=step.command.replace(NAMESPACE, namespace))).stdout
        for ours, word in words.items():
            printed = printed.replace(ours, word)
        yield printed
