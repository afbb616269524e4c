"""The node's own namespaces: its mounts, network and processes, which end with its first process.

All that a node does to a machine (firewall rules, mounts of volumes, bridges, orphaned shims) it does to
these namespaces only. The kernel removes them when their first process ends, however that ends.
On the machine itself are one network cable, which goes with the namespaces, and a control group.
"""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.cluster.cache import HarnessError
from tests.cluster.flags import POD_RANGE, SERVICE_RANGE
from tests.cluster.node import cgroups, inside
from tests.cluster.processes import Program, wait_until

CABLE = "kfctl-node"  # the machine's end; the node's end is eth0
MACHINE = "10.243.0.1"
NODE = "10.243.0.2"
PREFIX = 30
# Folders that a container runtime and a kubelet write to whatever they are told.
COVERED = ("/var/log", "/var/lib/kubelet", "/var/lib/cni")


class Space:
    """The namespaces of the node whose files are in `folder`."""

    def __init__(self, folder: Path) -> None:
        """Name them; nothing is made."""
        self.folder = folder
        self.program = Program("namespaces", folder)
        self.places = (
            folder / "places"
        )  # there from before the first change to the machine until after the last

    def open(self) -> None:
        """Make the namespaces and connect them with the machine."""
        self.refuse_a_second_node()
        (self.folder / "inside").unlink(missing_ok=True)
        self.make_places()
        apart = [
            "--mount",
            "--propagation",
            "private",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--mount-proc",
        ]
        first = [sys.executable, "-I", inside.__file__, str(self.folder), *COVERED]
        self.program.start(["unshare", *apart, *first])
        if not wait_until(lambda: (self.folder / "inside").exists() or not self.program.pid(), 20):
            raise self.program.failure("did not get ready")
        if not self.program.pid():
            raise self.program.failure("ended at once")
        cgroups.make()
        self.connect()

    def refuse_a_second_node(self) -> None:
        """Two nodes would have the same addresses."""
        found = subprocess.run(["ip", "link", "show", CABLE], capture_output=True)
        if found.returncode == 0 and not wait_until(lambda: not Path(f"/sys/class/net/{CABLE}").exists(), 5):
            raise HarnessError(f"this machine has a node already: the network interface {CABLE} is there")

    def make_places(self) -> None:
        """Have the folders that are covered, and remember which were not there."""
        made = [place for place in COVERED if not Path(place).exists()]
        for place in made:
            Path(place).mkdir(parents=True)
        with self.places.open("a") as places:
            places.writelines(f"{place}\n" for place in made)

    def connect(self) -> None:
        """Lay a cable between machine and node, with the ways to pods and Services over it."""
        first = str(self.first())
        ip("link", "add", CABLE, "type", "veth", "peer", "name", "eth0", "netns", first)
        ip("address", "add", f"{MACHINE}/{PREFIX}", "dev", CABLE)
        ip("link", "set", CABLE, "up")
        self.run("ip", "address", "add", f"{NODE}/{PREFIX}", "dev", "eth0")
        self.run("ip", "link", "set", "eth0", "up")
        self.run("ip", "route", "add", "default", "via", MACHINE)  # the machine forwards nothing
        self.run("sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_forward")
        for addresses in (POD_RANGE, SERVICE_RANGE):
            ip("route", "add", addresses, "via", NODE)

    def first(self) -> int:
        """The first process inside, as the machine numbers it."""
        pid = self.program.pid()
        if pid is None:
            raise HarnessError("the node does not run")
        return int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])

    def enter(self, *command: str | Path) -> list[str | Path]:
        """The command line that runs a command inside, in the folder of the node."""
        which = ["--mount", "--net", "--pid", f"--wdns={self.folder}"]
        return ["nsenter", f"--target={self.first()}", *which, "--", *command]

    def run(self, *command: str | Path) -> str:
        """Run a command inside and return what it prints."""
        return checked(*self.enter(*command))

    def close(self) -> None:
        """End all that is inside, and take what was on the machine with it; never what is another node's."""
        if not self.places.exists():
            return
        self.program.stop(grace=0)
        if not wait_until(lambda: not Path(f"/sys/class/net/{CABLE}").exists(), 10):
            ip("link", "delete", CABLE)
        cgroups.remove()
        shutil.rmtree(self.folder / "covered", ignore_errors=True)
        self.remove_places()

    def remove_places(self) -> None:
        """Remove the folders that were made to be covered."""
        for place in self.places.read_text().split():
            if Path(place).exists() and not any(Path(place).iterdir()):
                Path(place).rmdir()
        self.places.unlink()


def ip(*arguments: str) -> None:
    """Change the machine's network."""
    checked("ip", *arguments)


def checked(*command: str | Path) -> str:
    """Run a command; raise with what it said when it fails."""
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise HarnessError(f"{' '.join(map(str, command))}: {(done.stderr or done.stdout).strip()}")
    return done.stdout
