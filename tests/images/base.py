"""The layer below all that is not one static program: a small Debian with Python."""

import os
import shutil
from pathlib import Path

from tests.cluster.cache import HarnessError
from tests.images.layers import Layer, command

SUITE = "bookworm"
PYTHON = "3.11"  # of that suite
PACKAGES = "python3,ca-certificates"
UNNEEDED = ("var/cache/apt", "var/lib/apt/lists", "usr/share/doc", "usr/share/locale", "usr/share/man")
# The user of the images that this base stands in for.
USER = "jovyan:x:1000:100::/home/jovyan:/bin/bash\n"


def fill(root: Path) -> None:
    """Install Debian from the mirror that this machine uses."""
    path = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))
    bootstrap = ("debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, root, mirror())
    command(*bootstrap, environment={**os.environ, "PATH": path})
    for folder in UNNEEDED:
        shutil.rmtree(root / folder)
    with (root / "etc" / "passwd").open("a") as passwd:
        passwd.write(USER)
    home = root / "home" / "jovyan"
    home.mkdir()
    os.chown(home, 1000, 100)
    (root / "usr" / "local" / "bin" / "python").symlink_to("/usr/bin/python3")


def mirror() -> str:
    """Where apt-get takes Debian's packages from."""
    listed = command(
        "apt-get", "indextargets", "--format", "$(REPO_URI) $(COMPONENT)", "Created-By: Packages"
    )
    for line in listed.splitlines():
        address, _, component = line.partition(" ")
        if component == "main" and "security" not in address:
            return address
    raise HarnessError("apt-get on this machine has no source of Debian's packages (component main)")


BASE = Layer("debian", (SUITE, PACKAGES, *UNNEEDED, USER), fill)
