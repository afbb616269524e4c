"""The user's cache of compiled templates."""

from __future__ import annotations

import hashlib
import os
import stat
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import jinja2
from jinja2 import FileSystemBytecodeCache

if TYPE_CHECKING:
    from jinja2.bccache import Bucket

OTHERS_MAY_WRITE = 0o022


class TemplateCache(FileSystemBytecodeCache):
    """Jinja's cache, whose keys also cover the versions of Jinja, Python and kfctl's own compiler."""

    def __init__(self, directory: Path, compiler: bytes) -> None:
        """Take a directory that nobody else can write to, and the source of the compiler."""
        super().__init__(str(directory), "%s.cache")
        versions = f"{sys.version} {jinja2.__version__} ".encode()
        self._versions = hashlib.sha256(versions + compiler).digest()

    def get_source_checksum(self, source: str) -> str:
        """Return the checksum of a template and of all that its code depends on."""
        return hashlib.sha256(self._versions + source.encode("utf-8", "surrogatepass")).hexdigest()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep a compiled template; without space for it, only time is lost."""
        with suppress(OSError):
            super().dump_bytecode(bucket)


def template_cache(compiler: Path) -> TemplateCache | None:
    """Return the cache for what `compiler`, a Python file, compiles; None without a private directory."""
    if sys.dont_write_bytecode:
        return None
    with suppress(OSError, RuntimeError):  # RuntimeError: the user has no home
        directory = _base() / "kfctl" / "compiled"
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        if _is_private(directory):
            return TemplateCache(directory, compiler.read_bytes())
    return None


def _base() -> Path:
    given = Path(os.environ.get("XDG_CACHE_HOME", ""))
    return given if given.is_absolute() else Path("~/.cache").expanduser()


def _is_private(directory: Path) -> bool:
    """Return whether nobody else can write to a directory or replace it: it holds code that is run."""
    own = directory.lstat()
    if not stat.S_ISDIR(own.st_mode) or own.st_uid != os.getuid() or own.st_mode & 0o077:
        return False
    return all(_is_safe(parent.stat()) for parent in directory.resolve().parents)


def _is_safe(status: os.stat_result) -> bool:
    return status.st_uid in (0, os.getuid()) and (
        not status.st_mode & OTHERS_MAY_WRITE or bool(status.st_mode & stat.S_ISVTX)
    )
