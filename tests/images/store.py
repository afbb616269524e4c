"""The images of a container runtime: a containerd that runs, spoken to by its own client."""

import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.cache import HarnessError, say
from tests.images import archive
from tests.images.image import Built
from tests.images.layers import images


def root() -> Path:
    """Where containerd keeps what it imported; it outlives every node."""
    return images() / "containerd"


@dataclass(frozen=True)
class Store:
    """A containerd, by its socket."""

    socket: Path

    def ctr(self, *arguments: str) -> str:
        """Run a command of containerd's client."""
        done = subprocess.run(self.command(*arguments), capture_output=True, text=True)
        if done.returncode:
            raise HarnessError(f"ctr {' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def command(self, *arguments: str) -> list[str]:
        """The command line; Kubernetes' images and containers have a namespace in containerd."""
        return ["ctr", "--address", str(self.socket), "--namespace", "k8s.io", *arguments]

    def answers(self) -> bool:
        """Is it up?"""
        try:
            self.ctr("version")
        except HarnessError:
            return False
        return True

    def forget_containers(self) -> None:
        """Remove containers that run no longer, with what they wrote."""
        dead = self.ctr("containers", "list", "--quiet").split()
        if dead:
            self.ctr("containers", "remove", *dead)

    def names(self) -> dict[str, str]:
        """What each name stands for."""
        rows = [line.split() for line in self.ctr("images", "list").splitlines()[1:]]
        return {row[0]: row[2] for row in rows}

    def bring(self, wanted: Sequence[Built]) -> None:
        """Have exactly these images under their names."""
        there = self.names()
        missing = [image for image in wanted if any(there.get(name) != image.digest for name in image.names)]
        if missing:
            self.take(missing)
        digests = {image.digest for image in wanted}
        old = [name for name, digest in self.names().items() if digest not in digests]
        if old:
            self.ctr("images", "remove", *old)

    def take(self, missing: Sequence[Built]) -> None:
        """Import images."""
        say(f"importing {len(missing)} images …")
        began = time.monotonic()
        there = set(self.ctr("content", "list", "--quiet").split())
        with subprocess.Popen(
            self.command("images", "import", "-"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as importing:
            assert importing.stdin and importing.stdout
            try:
                archive.write(missing, importing.stdin, there)
                importing.stdin.close()
            except BrokenPipeError:
                pass  # what it says tells why
            said = importing.stdout.read().decode()
        if importing.returncode:
            raise HarnessError(f"images could not be imported: {said.strip()}")
        say(f"imported in {time.monotonic() - began:.0f} s")
