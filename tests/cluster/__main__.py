"""The test cluster by hand: python -m tests.cluster build|up|down|status|kubeconfig."""

import argparse
import shlex
import sys

from tests.cluster.cache import HarnessError, say
from tests.cluster.controlplane import ControlPlane
from tests.cluster.node import debian
from tests.cluster.node.nodecluster import NodeCluster


def build(plane: ControlPlane) -> int:
    """Make what it needs, and what a node needs where there can be one; nothing is started."""
    (plane if debian.why_not() else NodeCluster()).build()
    return 0


def up(plane: ControlPlane) -> int:
    """Start it and print the line that makes kubectl and kfctl talk to it."""
    cluster = plane.up()
    print(f"export KUBECONFIG={shlex.quote(str(cluster.kubeconfig))}")
    say(f"kubectl for it: {cluster.kubectl_program}")
    return 0


def down(plane: ControlPlane) -> int:
    """End it, with everything that it kept."""
    plane.down()
    return 0


def status(plane: ControlPlane) -> int:
    """Say which of its programs run; fails when it is not healthy."""
    for program in plane.programs():
        pid = program.pid()
        print(f"{program.name:24} {f'runs as {pid}' if pid else 'does not run'}")
    healthy = plane.is_healthy()
    print(f"cluster {plane.name!r} is {'healthy' if healthy else 'not there, or not whole'}: {plane.folder}")
    return 0 if healthy else 1


def kubeconfig(plane: ControlPlane) -> int:
    """Print where its kubeconfig is; fails when it is not healthy."""
    if not plane.is_healthy():
        raise HarnessError(f"cluster {plane.name!r} does not run: `python -m tests.cluster up` starts it")
    print(plane.folder / "kubeconfig")
    return 0


COMMANDS = {"build": build, "up": up, "down": down, "status": status, "kubeconfig": kubeconfig}


def main() -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.cluster", description=__doc__)
    parser.add_argument("command", choices=COMMANDS)
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--name", default="default", help="which of several clusters (default: default)")
    which.add_argument("--node", action="store_true", help="the one with a node, on which pods run")
    chosen = parser.parse_args()
    try:
        return COMMANDS[chosen.command](NodeCluster() if chosen.node else ControlPlane(chosen.name))
    except (HarnessError, OSError) as error:
        say(f"error: {error}")
        return 1


sys.exit(main())
