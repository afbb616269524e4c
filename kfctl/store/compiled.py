"""Compiled templates kept between runs in the user's cache folder, as Python keeps its modules'."""

from __future__ import annotations

import hashlib
import marshal
import os
import sys
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

OTHERS_MAY_WRITE = 0o022


def load_codes(name: str, key: str) -> dict[str, CodeType]:
    """Return what was kept under `name` with this `key`; nothing of another key, or another user."""
    with suppress(OSError, ValueError, EOFError, TypeError, RuntimeError):
        path = _path(name)
        if _is_ours(path.parent) and _is_ours(path):
            head, _, body = path.read_bytes().partition(b"\n")
            if head == _head(key, body):
                return _codes(marshal.loads(body))
    return {}


def save_codes(name: str, key: str, codes: Mapping[str, CodeType]) -> None:
    """Keep compiled templates; where that can't be, nothing is lost but time."""
    if sys.dont_write_bytecode:
        return
    with suppress(OSError, ValueError, RuntimeError):  # RuntimeError: the user has no home
        path = _path(name)
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        body = marshal.dumps(dict(codes))
        temporary = path.with_name(f"{path.name}.{os.getpid()}")
        temporary.write_bytes(_head(key, body) + b"\n" + body)
        temporary.chmod(0o600)
        temporary.replace(path)


def _path(name: str) -> Path:
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    base = given if given.is_absolute() else Path("~/.cache").expanduser()
    return base / "kfctl" / "templates" / hashlib.sha256(name.encode()).hexdigest()[:24]


def _head(key: str, body: bytes) -> bytes:
    return f"{key} {sys.implementation.cache_tag} {hashlib.sha256(body).hexdigest()}".encode()


def _is_ours(path: Path) -> bool:
    """Whether nobody else can have written it: it is code that will be run."""
    status = path.lstat()
    return status.st_uid == os.getuid() and not status.st_mode & OTHERS_MAY_WRITE


def _codes(value: object) -> dict[str, CodeType]:
    if not isinstance(value, dict) or not all(isinstance(code, CodeType) for code in value.values()):
        raise ValueError("these are no compiled templates")
    return value
