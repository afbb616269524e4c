"""A layer of an image: a folder of files as one tar, made once and kept by what it is made of."""

import hashlib
import json
import shutil
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import HarnessError, cache_folder, locked, made_whole, say

FORMAT = "1"  # to be counted up when layers are packed differently


@dataclass(frozen=True)
class Blob:
    """A file that is known by the digest of its bytes."""

    path: Path
    digest: str
    size: int


@dataclass(frozen=True)
class Layer:
    """What is in a layer: `recipe` says all that decides it, `fill` puts it into a folder."""

    name: str
    recipe: tuple[str, ...]
    fill: Callable[[Path], None]

    @property
    def folder(self) -> Path:
        """Where it is kept."""
        key = hashlib.sha256(repr((FORMAT, self.recipe)).encode()).hexdigest()[:16]
        return images() / "layers" / f"{self.name}-{key}"

    def built(self) -> Blob:
        """The layer as a tar; made when it is not there yet."""
        if not self.folder.exists():
            with locked(
                f"layer-{self.name}", f"waiting for another process that makes the layer {self.name} …"
            ):
                if not self.folder.exists():
                    self.make()
        known = json.loads((self.folder / "blob.json").read_text())
        return Blob(self.folder / "layer.tar", known["digest"], known["size"])

    def make(self) -> None:
        """Fill a folder and pack it."""
        say(f"making the layer {self.name} …")
        began = time.monotonic()
        with made_whole(self.folder) as unfinished:
            root, packed = unfinished / "root", unfinished / "layer.tar"
            root.mkdir(mode=0o755)
            self.fill(root)
            command(
                "tar",
                "--create",
                "--file",
                packed,
                "--directory",
                root,
                "--sort=name",
                "--numeric-owner",
                ".",
            )
            shutil.rmtree(root)
            size = packed.stat().st_size
            known = {"digest": digest(packed), "size": size}
            (unfinished / "blob.json").write_text(json.dumps(known) + "\n")
        say(f"  {self.name}: {size / 1e6:.0f} MB in {time.monotonic() - began:.0f} s")


def images() -> Path:
    """Where all that images are made of is kept."""
    return cache_folder() / "images"


def digest(path: Path) -> str:
    """The name of a file by its bytes."""
    with path.open("rb") as file:
        return f"sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"


def command(
    program: str | Path,
    *arguments: str | Path,
    folder: Path | None = None,
    environment: dict[str, str] | None = None,
) -> str:
    """Run a command and return what it prints; raise with that when it fails."""
    done = subprocess.run(
        [program, *arguments],
        cwd=folder,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    if done.returncode:
        words = " ".join(map(str, [program, *arguments]))
        raise HarnessError(f"{words} failed (exit {done.returncode}):\n{done.stdout[-3000:].strip()}")
    return done.stdout
