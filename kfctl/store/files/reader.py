"""Reads files: those of a directory without leaving it, and those that the user names."""

from __future__ import annotations

import contextlib
import errno
import os
import stat
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from kfctl import yamltext
from kfctl.errors import AppError, Location
from kfctl.store.files.confined import locate
from kfctl.store.refusal import told

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

MEBIBYTE = 2**20
MAX_FILE_BYTES = 16 * MEBIBYTE  # the largest bundles of CRDs have 4 MiB, and etcd takes 1.5 MiB an object
MAX_TREE_BYTES = 64 * MEBIBYTE  # of files that are held in memory together
MAX_NAMED_BYTES = 256 * MEBIBYTE  # of a file that the user names: a plan, a dump of a cluster
MAX_ENTRIES = 100_000  # of a directory and those below it
MAX_DEPTH = 32  # of directories in one another

STDIN = "-"

_READ = os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK  # a pipe or a device must not make kfctl wait
_ABSENT = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


class Entry(NamedTuple):
    """A name in a directory; a link is not followed."""

    name: str
    is_directory: bool
    is_link: bool


@dataclass(frozen=True)
class Tree:
    """A directory whose files are read without leaving it.

    Only regular files of at most MAX_FILE_BYTES are read, and none whose real path is outside. Links that
    stay inside are followed. `is_trusted` is for kfctl's own files, whose installation may be made of links.
    """

    root: Path
    is_trusted: bool = False

    def read(self, path: str) -> bytes:
        """Return the content of a file; AppError if it can't be read or leads out."""
        with told("read", path), self._locate(path) as (directory, name):
            descriptor = os.open(name, _READ | self._no_follow, dir_fd=directory)
            try:
                status = os.fstat(descriptor)
                if stat.S_ISDIR(status.st_mode):
                    raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
                if not stat.S_ISREG(status.st_mode):
                    raise OSError(errno.EINVAL, "it is no regular file")
                return _bounded(lambda count: os.read(descriptor, count), MAX_FILE_BYTES, status.st_size)
            finally:
                os.close(descriptor)

    def is_file(self, path: str) -> bool:
        """Whether there is a regular file; AppError if the path leads out."""
        return stat.S_ISREG(self._mode(path))

    def is_directory(self, path: str) -> bool:
        """Whether there is a directory; AppError if the path leads out."""
        return stat.S_ISDIR(self._mode(path))

    def has(self, path: str) -> bool:
        """Whether there is anything, even a link that leads out: to read it says what is wrong."""
        try:
            return self._mode(path) != 0
        except AppError:
            return True

    def entries(self, path: str) -> list[Entry]:
        """Return what is in a directory, sorted by name; nothing where there is no directory."""
        with told("read", path):
            try:
                return sorted(self._entries(path))
            except FileNotFoundError:
                return []

    def files_below(self, path: str) -> Iterator[str]:
        """Yield the files below a directory, relative to it, sorted; hidden ones are left out.

        A link to a directory is not followed, and is an error if it leads out. A link to a file counts as a
        file; to read it fails if it leads out.
        """
        seen, waiting = 0, [""]
        while waiting:
            inner = waiting.pop()
            directories = []
            for entry in self.entries(join(path, inner)):
                seen += 1
                name = join(inner, entry.name)
                if entry.name.startswith("."):
                    continue
                if entry.is_directory:
                    directories.append(name)
                elif not (entry.is_link and self._leads_to_directory(join(path, name))):
                    yield name
            if seen > MAX_ENTRIES:
                raise AppError(f"more than {MAX_ENTRIES} files", where=Location(path))
            if any(name.count("/") >= MAX_DEPTH for name in directories):
                raise AppError(f"more than {MAX_DEPTH} directories in one another", where=Location(path))
            waiting += directories[::-1]

    def read_all(self, path: str, names: Iterable[str] | None = None) -> dict[str, bytes]:
        """Return the content of files below a directory, by their paths relative to it; of all by default."""
        contents: dict[str, bytes] = {}
        left = MAX_TREE_BYTES
        for name in sorted(self.files_below(path) if names is None else names):
            contents[name] = self.read(join(path, name))
            left -= len(contents[name])
            if left < 0:
                limit = f"{MAX_TREE_BYTES // MEBIBYTE} MiB"
                raise AppError(f"the files are larger than {limit} together", where=Location(path))
        return contents

    @property
    def _no_follow(self) -> int:
        return 0 if self.is_trusted else os.O_NOFOLLOW

    @contextlib.contextmanager
    def _locate(self, path: str) -> Iterator[tuple[int, str]]:
        if not self.is_trusted:
            with locate(self.root, path) as place:
                yield place
            return
        directory = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            yield directory, path or "."
        finally:
            os.close(directory)

    def _mode(self, path: str) -> int:
        """Return the type and the permissions of what is at a path; 0 where nothing is."""
        with told("read", path):
            try:
                with self._locate(path) as (directory, name):
                    return os.stat(name, dir_fd=directory, follow_symlinks=self.is_trusted).st_mode
            except OSError as error:
                if error.errno in _ABSENT:
                    return 0
                raise

    def _entries(self, path: str) -> list[Entry]:
        with self._locate(path) as (directory, name):
            flags = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC | self._no_follow
            descriptor = os.open(name, flags, dir_fd=directory)
            try:
                with os.scandir(descriptor) as listed:
                    found: list[Entry] = []
                    for entry in listed:
                        found.append(
                            Entry(entry.name, entry.is_dir(follow_symlinks=False), entry.is_symlink())
                        )
                        if len(found) > MAX_ENTRIES:
                            raise AppError(f"more than {MAX_ENTRIES} files", where=Location(path))
                    return found
            finally:
                os.close(descriptor)

    def _leads_to_directory(self, path: str) -> bool:
        try:
            return self.is_directory(path)
        except AppError:
            if (self.root / path).is_dir():
                raise
            return False


def join(directory: str, name: str) -> str:
    """Return the path of a name in a directory; either may be empty."""
    return f"{directory}/{name}" if directory and name else directory or name


def read_file(root: Path, path: str) -> str:
    """Return the text of a file of the app as it is, its line ends and byte order mark too."""
    raw = Tree(root).read(path)
    mark = "\ufeff" if raw.startswith(b"\xef\xbb\xbf") else ""
    return mark + yamltext.decode(raw, path)


def read_named(path: str) -> bytes:
    """Return the content of a file that the user names, `-` for standard input; OSError if that fails.

    It may be anywhere, and a link or a pipe, but has at most MAX_NAMED_BYTES.
    """
    if path == STDIN:
        return _bounded(sys.stdin.buffer.read, MAX_NAMED_BYTES)
    with open(path, "rb", buffering=0) as stream:
        return _bounded(lambda count: stream.read(count) or b"", MAX_NAMED_BYTES)


def _bounded(read: Callable[[int], bytes], limit: int, size: int = MEBIBYTE) -> bytes:
    """Return all that can be read; OSError if that is more than `limit` bytes. `size` is what is expected."""
    parts: list[bytes] = []
    left = limit
    while part := read(min(size, left) + 1):
        parts.append(part)
        left -= len(part)
        if left < 0:
            raise OSError(errno.EOVERFLOW, f"it is larger than {limit // MEBIBYTE} MiB")
    return b"".join(parts)
