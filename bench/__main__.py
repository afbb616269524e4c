"""`make bench`: prints the table that stands in docs/explanation/performance.md."""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from bench import offline, online
from bench.table import HEADER, Row, line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

# By group: a folder to work in and the number of objects in, rows out.
GROUPS: Mapping[str, Callable[[Path, int], Iterable[Row]]] = {
    "startup": lambda work, _: offline.startup(work),
    "show": offline.show,
    "online": online.near,
    "latency": online.far,
    "large": online.large,
}


def main() -> None:
    """Measure what is asked for, printing each row as soon as it is known."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("groups", nargs="*", help=f"which of {', '.join(GROUPS)} (default: all)")
    parser.add_argument("--objects", type=int, default=1_000, help="the usual number of objects")
    chosen = parser.parse_args()
    if unknown := set(chosen.groups) - GROUPS.keys():
        parser.error(f"no such group: {', '.join(unknown)} (there are {', '.join(GROUPS)})")
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    print(f"{date.today()}, {machine}\n\n{HEADER}")
    for name in chosen.groups or GROUPS:
        with tempfile.TemporaryDirectory(prefix="kfctl-bench-") as folder:
            for row in GROUPS[name](Path(folder), chosen.objects):
                print(line(row))
                sys.stdout.flush()


if __name__ == "__main__":
    main()
