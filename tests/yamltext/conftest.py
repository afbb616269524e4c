"""kubectl as a reader of YAML: it needs no cluster for that."""

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.build import programs

Reads = Callable[[Sequence[str]], list[Any]]


@pytest.fixture(scope="session")
def kubectl_reads(tmp_path_factory: pytest.TempPathFactory) -> Reads:
    """What kubectl reads from each of some texts, which are maps that become a ConfigMap's `data`.

    A patch that changes nothing, of a file and not of a cluster, prints what was read as JSON.
    """
    program = shutil.which("kubectl") or programs() / "kubectl"
    folder = tmp_path_factory.mktemp("kubectl")

    def reads(texts: Sequence[str]) -> list[Any]:
        documents = [_config_map(index, text) for index, text in enumerate(texts)]
        answer = _run(program, folder, "---\n".join(documents))
        found = {int(each["metadata"]["name"][1:]): each.get("data") for each in _values(answer)}
        return [found[index] for index in range(len(texts))]

    return reads


def _config_map(index: int, text: str) -> str:
    inside = "".join(f"  {line}\n" if line else "\n" for line in text.removesuffix("\n").split("\n"))
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x{index}}}\ndata:\n{inside}"


def _run(program: str | Path, folder: Path, text: str) -> str:
    command = [program, "patch", "--local", "--type=merge", "--patch={}", "--output=json", "--filename=-"]
    environment = {
        **os.environ,
        "KUBECONFIG": str(folder / "none"),
        "KUBECACHEDIR": str(folder),
        "KUBECTL_KUBERC": "false",
    }
    answer = subprocess.run(command, input=text.encode(), capture_output=True, env=environment, cwd=folder)
    assert answer.returncode == 0, answer.stderr.decode()
    return answer.stdout.decode()


def _values(text: str) -> Iterator[Any]:
    decoder, index = json.JSONDecoder(), 0
    while index < len(text):
        value, index = decoder.raw_decode(text, index)
        yield value
        index += len(text[index:]) - len(text[index:].lstrip())
