"""Programs that kfctl starts: found in absolute directories of PATH only."""

from __future__ import annotations

import os
import shutil


def find_program(name: str) -> str | None:
    """Return the path of a program, as Go's exec.LookPath does since CVE-2021-3115.

    A name with a slash is a path already. Empty and relative entries of PATH mean the current directory,
    which may be an app of somebody else: nothing is taken from there.
    """
    return name if os.sep in name else shutil.which(name, path=absolute_path())


def absolute_path() -> str:
    """Return PATH without its empty and relative entries."""
    entries = os.environ.get("PATH", os.defpath).split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if entry.startswith(os.sep))
