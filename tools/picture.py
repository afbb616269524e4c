"""`make picture`: draws docs/apply.svg, the README's picture, from a real apply on the local Kubernetes."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.cluster.controlplane import ControlPlane
from tools.demo import CLUSTER, KFCTL, NOT_READY

PICTURE = Path(__file__).parent.parent / "docs" / "apply.svg"
PREPARE = (
    "init kubeflow --bare --namespace kfctl-picture",
    "generate tf-serving model-server --name=inception",
    "param set model-server modelPath /serving/inception-export",
)
SHOWN = ("apply default",)


def main() -> None:
    """Run the commands in a temporary app, and keep what the last of them print."""
    cluster = ControlPlane(CLUSTER).up()
    namespace = "kfctl-picture"
    try:
        with tempfile.TemporaryDirectory(prefix="kfctl-picture-") as folder:
            environment = {**os.environ, **cluster.environment(), "FORCE_COLOR": "1", "COLUMNS": "100"}
            environment.pop("NO_COLOR", None)
            for line in PREPARE:
                run(line, Path(folder), environment)
            draw([(f"kfctl {line}", run(line, Path(folder), environment)) for line in SHOWN])
    finally:
        cluster.kubectl("delete", "namespace", namespace, "--ignore-not-found", "--wait=false")


def run(line: str, folder: Path, environment: dict[str, str]) -> str:
    """Run kfctl and return all it printed."""
    app = folder / "kubeflow"
    done = subprocess.run(
        [KFCTL, *line.split()],
        cwd=app if app.exists() else folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode not in (0, NOT_READY):
        raise SystemExit(f"kfctl {line} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout


def draw(commands: list[tuple[str, str]]) -> None:
    """Write commands and what they printed as a picture of a terminal."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=100, force_terminal=True, file=nowhere)
        for line, printed in commands:
            console.print(Text(f"$ {line}", style="bold"))
            console.print(Text.from_ansi(printed.rstrip()))
        # Without the web fonts that rich names: a picture that fetches nothing.
        PICTURE.write_text(
            re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="kfctl"), flags=re.DOTALL)
        )


if __name__ == "__main__":
    main()
