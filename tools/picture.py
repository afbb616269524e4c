"""`make picture`: the README's picture and the output in it, from a real run on the demo's Kubernetes."""

from __future__ import annotations

import os
import re
import subprocess
import tempfile
from pathlib import Path

from rich.console import Console
from rich.text import Text

from tests.cluster.controlplane import ControlPlane
from tests.node.tutorial import remove_earlier
from tools.demo import CLUSTER, KFCTL, NOT_READY

ROOT = Path(__file__).parent.parent
START, END = "<!-- output: make picture -->\n```text\n", "```\n<!-- /output -->"
LINES = (
    "init kubeflow --namespace kubeflow",
    "generate tf-serving model-server --name=inception",
    "param set model-server modelPath /serving/inception-export",
    "param set model-server modelServerImage katacoda/tensorflow_serving",
    "param list",
    "apply default -c model-server",
    "apply default",
)
DRAWN = 5  # the line that the picture shows
SHOWN = 3  # so many lines at the beginning and the end of the long output of the last line


def main() -> None:
    """Run the lines in a temporary app; write what they print."""
    cluster = ControlPlane(CLUSTER).up()
    remove_earlier(cluster)
    with tempfile.TemporaryDirectory(prefix="kfctl-picture-") as folder:
        environment = {**os.environ, **cluster.environment(), "FORCE_COLOR": "1", "COLUMNS": "100"}
        environment.pop("NO_COLOR", None)
        printed = [run(line, Path(folder), environment) for line in LINES]
    remove_earlier(cluster)
    draw(LINES[DRAWN], printed[DRAWN])
    write_output([Text.from_ansi(text).plain.rstrip() for text in printed])


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


def draw(line: str, printed: str) -> None:
    """Write a command and what it printed as a picture of a terminal."""
    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, width=100, force_terminal=True, file=nowhere)
        console.print(Text(f"$ kfctl {line}", style="bold"))
        console.print(Text.from_ansi(printed.rstrip()))
        # Without the web fonts that rich names: a picture that fetches nothing.
        picture = re.sub(r"@font-face \{.*?\}\s*", "", console.export_svg(title="kfctl"), flags=re.DOTALL)
    (ROOT / "docs" / "apply.svg").write_text(picture)


def write_output(printed: list[str]) -> None:
    """Put the lines and what they printed into the README, the last one shortened."""
    whole = printed[-1].splitlines()
    left_out = f"… {len(whole) - 2 * SHOWN} lines …"
    printed = [*printed[:-1], "\n".join([*whole[:SHOWN], left_out, *whole[-SHOWN:]])]
    parts = (f"$ kfctl {line}\n{text}\n" for line, text in zip(LINES, printed, strict=True))
    readme = ROOT / "README.md"
    before, _, rest = readme.read_text().partition(START)
    readme.write_text(before + START + "\n".join(parts) + END + rest.partition(END)[2])


if __name__ == "__main__":
    main()
