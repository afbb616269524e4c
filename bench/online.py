"""`apply` of new objects to a real API server, against kubectl."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bench.measure import Command, costs
from bench.table import Row
from bench.workload import KFCTL, rendered, write_app, write_kustomization

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cluster.access import Cluster

NAMESPACE = "kfctl-bench"


def creating(work: Path, cluster: Cluster) -> list[Row]:
    """`apply` of 1,000 new objects, the plan included, against `kubectl apply --server-side`."""
    context = cluster.kubectl("config", "current-context").strip()
    app = write_app(work / "apply", servings=400, config_maps=200, namespace=NAMESPACE, context=context)
    objects = rendered(app)
    plain = write_kustomization(work / "apply-plain", objects)
    (plain / "kustomization.yaml").unlink()
    environment = cluster.environment()

    def empty() -> None:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait")
        cluster.kubectl("create", "namespace", NAMESPACE)

    try:
        ours, kubectl = costs(
            [
                Command("apply", [*KFCTL, "apply", "default", "--no-wait"], app, environment, before=empty),
                Command(
                    "kubectl apply --server-side",
                    [cluster.kubectl_program, "apply", "--server-side", "-f", plain],
                    env=environment,
                    before=empty,
                ),
            ],
            rounds=3,
        )
    finally:
        cluster.kubectl("delete", "namespace", NAMESPACE, "--ignore-not-found", "--wait=false")
    return [Row(f"`apply`, {len(objects):,} new objects", ours, kubectl, 1.0)]
