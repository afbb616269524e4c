"""A control plane with a node: what `make cluster NODE=1` brings up."""

import time

from tests.cluster.access import Cluster, KubectlError
from tests.cluster.cache import locked, say
from tests.cluster.controlplane import ControlPlane
from tests.cluster.node import addons, configuration, debian
from tests.cluster.node.node import Node, network_policies, require_short
from tests.cluster.processes import Program, wait_until
from tests.images import catalog

NAME = "node"
READY = 'jsonpath={.status.conditions[?(@.type=="Ready")].status}'


class NodeCluster(ControlPlane):
    """A control plane, and beside it a node on which pods run."""

    def __init__(self, name: str = NAME) -> None:
        """Name it; nothing is started."""
        super().__init__(name, more=configuration.CONTROL_PLANE)
        self.node = Node(self.folder)

    def programs(self) -> list[Program]:
        """Those of the control plane, then the node's."""
        return [*super().programs(), *self.node.programs()]

    def build(self) -> None:
        """Have its programs, those of the node, and every image."""
        super().build()
        network_policies()
        debian.prepare()
        catalog.built()

    def up(self) -> Cluster:
        """Have it running, with every image, and with names and volumes for pods."""
        require_short(self.folder)
        cluster = super().up()
        with locked("node", "waiting for another process that prepares the node …"):
            self.node.store.bring(catalog.built())
            began = time.monotonic()
            addons.bring(cluster, self.folder)
            say(f"names and volumes for pods are ready ({time.monotonic() - began:.1f} s)")
        return cluster

    def start(self) -> None:
        """Start the control plane and then the node."""
        super().start()
        try:
            self.node.start(self.ports().apiserver)
            self.await_node(60)
        except BaseException:
            self.stop()
            raise

    def await_node(self, seconds: float) -> None:
        """Wait until the kubelet says that the node is ready; it tells why it does not."""
        kubelet = Program("kubelet", self.folder)
        wait_until(lambda: self.node_is_ready() or kubelet.pid() is None, seconds)
        if not self.node_is_ready():
            raise kubelet.failure(f"did not get ready in {seconds:.0f} s" if kubelet.pid() else "ended")

    def stop(self, grace: float = 10) -> None:
        """End the node with all its pods, then the control plane."""
        self.node.stop()
        super().stop(grace)

    def clear(self) -> None:
        """Forget its objects and logs, and the volumes of its pods."""
        super().clear()
        addons.clear(self.folder)

    def is_healthy(self) -> bool:
        """Do all its programs run, is it answering, and is the node ready for pods?"""
        return super().is_healthy() and wait_until(self.node_is_ready, 20)

    def node_is_ready(self) -> bool:
        """Does the kubelet say so?"""
        try:
            return self.cluster.kubectl("get", "node", configuration.NAME, "--output", READY) == "True"
        except KubectlError:
            return False
