"""The node: containerd, kubelet, kube-proxy and network policies in namespaces of their own."""

import socket
import subprocess
import sys
from pathlib import Path

from tests.cluster import build
from tests.cluster.cache import HarnessError
from tests.cluster.flags import SERVICE_RANGE
from tests.cluster.node import configuration, gateway
from tests.cluster.node.space import MACHINE, Space
from tests.cluster.node.space import NODE as ADDRESS
from tests.cluster.processes import Program, wait_until
from tests.images import store

NETWORK_POLICIES = "network-policies"
PROGRAMS = ("gateway", "containerd", "kube-proxy", "kubelet", NETWORK_POLICIES)


class Node:
    """A node that may run or not, with its files in the folder of its cluster."""

    def __init__(self, folder: Path) -> None:
        """Name it; nothing is started. One node at a time can run on a machine."""
        self.folder = folder
        self.space = Space(folder)
        self.store = store.Store(configuration.socket(folder))

    def programs(self) -> list[Program]:
        """Its programs in the order of their start."""
        return [self.space.program, *(Program(name, self.folder) for name in PROGRAMS)]

    def start(self, apiserver: int) -> None:
        """Start it beside the API server at that port."""
        identify = [str(build.programs() / "certs"), str(self.folder / "pki"), *configuration.IDENTITIES]
        subprocess.run(identify, check=True)
        configuration.write(self.folder, store.root(), apiserver)
        self.space.open()
        self.start_gateway(apiserver)
        self.forget_containers()
        self.start_containerd("containerd.toml")
        self.run("kube-proxy", "--config=proxy.json")
        self.run(
            "kubelet",
            "--config=kubelet.json",
            "--kubeconfig=kubelet.kubeconfig",
            f"--hostname-override={configuration.NAME}",
            f"--node-ip={ADDRESS}",
        )
        self.run(
            NETWORK_POLICIES,
            f"--kubeconfig={NETWORK_POLICIES}.kubeconfig",
            f"--hostname-override={configuration.NAME}",
            f"--service-cluster-ip-range={SERVICE_RANGE}",
            program=network_policies() / NETWORK_POLICIES,
        )

    def start_gateway(self, port: int) -> None:
        """Forward the API server's port at the machine's end of the cable, and nowhere else."""
        program = Program("gateway", self.folder)
        program.start([sys.executable, "-I", gateway.__file__, MACHINE, str(port)])
        wait_until(lambda: listens(MACHINE, port) or not program.pid(), 10)
        if not program.pid():
            raise program.failure("ended at once")

    def forget_containers(self) -> None:
        """Remove what the images' store still knows of containers of an earlier node."""
        self.start_containerd("images.toml")
        self.store.forget_containers()
        Program("containerd", self.folder).stop()

    def start_containerd(self, config: str) -> None:
        """Start the container runtime and wait until it answers."""
        self.run("containerd", "--config", config, program="/usr/bin/containerd")
        runtime = Program("containerd", self.folder)
        wait_until(lambda: self.store.answers() or not runtime.pid(), 30)
        if not self.store.answers():
            raise runtime.failure("does not answer")

    def run(self, name: str, *told: str, program: str | Path | None = None) -> None:
        """Start one of its programs inside; it ends with the process that is recorded here."""
        dies_too = ("setpriv", "--pdeathsig", "TERM")
        Program(name, self.folder).start(
            self.space.enter(*dies_too, program or build.programs() / name, *told)
        )

    def stop(self) -> None:
        """End everything of it."""
        Program("gateway", self.folder).stop()
        self.space.close()


def listens(address: str, port: int) -> bool:
    """Does a server accept connections there?"""
    try:
        socket.create_connection((address, port), timeout=1).close()
    except OSError:
        return False
    return True


def network_policies() -> Path:
    """Return the directory with the program that enforces NetworkPolicies, building it if missing."""
    module = Path(__file__).parent / "network_policies"
    return build.built(module, NETWORK_POLICIES, (), "the enforcement of NetworkPolicies", "a minute")


def require_short(folder: Path) -> None:
    """A socket's path has 107 characters at most."""
    path = configuration.socket(folder)
    if len(str(path)) > 107:
        raise HarnessError(f"the path of a socket is too long, choose a shorter $KFCTL_CACHE: {path}")
