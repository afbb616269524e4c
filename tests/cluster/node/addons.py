"""What every cluster has beside its nodes: names for Services (CoreDNS) and volumes for claims."""

import shutil
from pathlib import Path

from tests.cluster.access import Cluster

MANIFESTS = Path(__file__).parent / "addons"
VOLUMES = "volumes"
WORKLOADS = ("deployment/coredns", "deployment/local-path-provisioner")


def bring(cluster: Cluster, folder: Path) -> None:
    """Apply them and wait until they are ready."""
    volumes = folder / VOLUMES
    volumes.mkdir(mode=0o711, exist_ok=True)
    for manifest in sorted(MANIFESTS.glob("*.yaml")):
        text = manifest.read_text().replace("VOLUMES", str(volumes))
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "--filename=-", input=text)
    for workload in WORKLOADS:
        cluster.kubectl("rollout", "status", workload, "--namespace=kube-system", "--timeout=120s")


def clear(folder: Path) -> None:
    """Remove the volumes that pods wrote to."""
    shutil.rmtree(folder / VOLUMES, ignore_errors=True)
