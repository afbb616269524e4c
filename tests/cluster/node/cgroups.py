"""The control group of the node's pods, in every hierarchy that this machine has."""

from pathlib import Path

from tests.cluster.cache import HarnessError
from tests.cluster.processes import wait_until

NAME = "kfctl-node"


def hierarchies() -> list[Path]:
    """Where control groups are mounted: one place with version 2, one for each controller with version 1."""
    mounts = [line.split() for line in Path("/proc/self/mountinfo").read_text().splitlines()]
    # … mount point is the fifth field, the type follows a lone dash
    return [Path(fields[4]) for fields in mounts if fields[fields.index("-") + 1] in ("cgroup", "cgroup2")]


def make() -> None:
    """Have the group; with version 2 all controllers are handed down to it."""
    for hierarchy in hierarchies():
        (hierarchy / NAME).mkdir(exist_ok=True)
        controllers = hierarchy / "cgroup.controllers"
        if controllers.exists():
            hand_down(controllers.read_text().split(), hierarchy)


def hand_down(controllers: list[str], group: Path) -> None:
    """Let the groups below use each controller that can be used there."""
    for controller in controllers:
        try:
            (group / "cgroup.subtree_control").write_text(f"+{controller}")
        except OSError:
            continue  # one that version 1 has in use, or that no pod needs


def remove() -> None:
    """Remove the group with all below it; the kernel needs a moment to see that its processes are dead."""
    for hierarchy in hierarchies():
        group = hierarchy / NAME
        if not wait_until(lambda group=group: removed(group), 10):  # type: ignore[misc]
            raise HarnessError(f"the control group {group} still has processes")


def removed(group: Path) -> bool:
    """Try to remove a group; is it gone?"""
    folders = [group, *(path for path in group.rglob("*") if path.is_dir())] if group.exists() else []
    for folder in reversed(folders):
        try:
            folder.rmdir()
        except OSError:
            return False
    return True
