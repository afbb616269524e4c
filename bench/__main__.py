"""`make bench`: prints the table that stands in docs/explanation/performance.md."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from datetime import date
from pathlib import Path

from bench import offline, online
from bench.table import HEADER, Row, line
from tests.cluster.session import running


def main() -> None:
    """Measure everything, printing each row as soon as it is known."""
    print(
        f"{date.today()}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}\n"
    )
    print(HEADER)
    with tempfile.TemporaryDirectory(prefix="kfctl-bench-") as folder:
        work = Path(folder)
        show(offline.startup(work))
        show(offline.rendering(work, servings=400, target_helm=1.5))
        show(offline.rendering(work, servings=4_000, target_helm=1.0))
        with running() as cluster:
            show(online.creating(work, cluster))


def show(rows: list[Row]) -> None:
    """Print rows of the table."""
    for row in rows:
        print(line(row))
    sys.stdout.flush()


if __name__ == "__main__":
    main()
