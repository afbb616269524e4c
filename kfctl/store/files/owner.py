"""Who owns a file, and whether that is the user."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

ROOT = 0


def foreign_owner(path: Path) -> str:
    """Return who owns a file or directory; empty if it is the user, or root.

    For root, the user who called sudo is the user as well. The rule is Git's, see safe.directory in
    git-config(1) and CVE-2022-24765.
    """
    owner = path.lstat().st_uid
    trusted = {ROOT, os.geteuid()}
    if os.geteuid() == ROOT and (caller := os.environ.get("SUDO_UID", "")).isdecimal():
        trusted.add(int(caller))
    return "" if owner in trusted else _name(owner)


def _name(owner: int) -> str:
    import pwd

    try:
        return pwd.getpwuid(owner).pw_name
    except KeyError:
        return f"the user with the ID {owner}"
