"""What the machine must be and have for a node."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.cluster.cache import HarnessError, locked, say

# A program of each package, and where it is found.
PACKAGES = {
    "containerd": "containerd",
    "runc": "runc",
    "containernetworking-plugins": "/usr/lib/cni/bridge",
    "iptables": "iptables",
    "conntrack": "conntrack",
    "ipset": "ipset",
    "iproute2": "ip",
    "util-linux": "nsenter",
    "debootstrap": "debootstrap",
}
# What tests drive to see pages as a user sees them.
BROWSER = {"chromium": "/usr/bin/chromium"}
# Runs a command in a mount namespace where the programs by which packages start services do nothing.
# The kernel removes the mounts with the last process of the command; a policy-rc.d file would stay.
WITHOUT_SERVICES = (
    *("unshare", "--mount", "--propagation", "private", "sh", "-euc"),
    """
for helper in /usr/sbin/invoke-rc.d /usr/bin/deb-systemd-invoke; do
    [ ! -e "$helper" ] || mount --bind /bin/true "$helper"
done
exec "$@"
""",
    "sh",
)
WAIT = ("-o", "DPkg::Lock::Timeout=300")  # seconds: a fresh machine may just be updating itself
SEARCH = os.pathsep.join((os.environ.get("PATH", os.defpath), "/usr/sbin", "/sbin"))


def why_not() -> str | None:
    """What keeps this machine from having a node; None when nothing does."""
    if sys.platform != "linux" or not Path("/etc/debian_version").exists():
        return "a node with running pods needs Debian: its container runtime is installed with apt-get"
    if os.geteuid() != 0:
        return "a node with running pods needs root"
    return None


def prepare(needed: Mapping[str, str] = PACKAGES) -> None:
    """Install what is missing, or say why there can be no node here."""
    reason = why_not()
    if reason:
        raise HarnessError(reason)
    wanted = [package for package, program in needed.items() if not shutil.which(program, path=SEARCH)]
    if not wanted:
        return
    with locked("packages", "waiting for another process that installs packages …"):
        say(f"installing with apt-get: {' '.join(wanted)} …")
        install(wanted)


def install(packages: list[str]) -> None:
    """Install packages, with newer lists of them when the old ones do not do."""
    done = apt("install", *packages)
    if done.returncode:
        apt("update")
        done = apt("install", *packages)
    if done.returncode:
        raise HarnessError(f"apt-get install {' '.join(packages)} failed:\n{done.stdout[-2000:].strip()}")


def apt(action: str, *packages: str) -> subprocess.CompletedProcess[str]:
    """Run apt-get without questions; packages start no service, because the node runs its own containerd."""
    return subprocess.run(
        [*WITHOUT_SERVICES, "apt-get", action, "--yes", "--no-install-recommends", *WAIT, *packages],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
    )
