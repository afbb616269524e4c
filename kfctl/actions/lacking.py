"""What pods name and nobody has made: they would wait for it, and the container runtime would say so late."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.cluster.client import Cluster
    from kfctl.model.plan import Plan
    from kfctl.model.resource import Key

# What every namespace is given.
_GIVEN = frozenset({("ServiceAccount", "default"), ("ConfigMap", "kube-root-ca.crt")})
_MOST = 50  # that are looked for


def lacking(cluster: Cluster, plan: Plan) -> Iterator[str]:
    """Yield what the pods of new and changed objects need and is neither in the plan nor on the cluster."""
    from kfctl.cluster.pool import parallel
    from kfctl.engine.needs import references

    known = {change.key for change in plan.changes if change.wanted}
    needs: dict[Key, Key] = {}
    for change in plan.changes:
        for on in references(change.wanted) if change.wanted and change.writes else ():
            if on not in known and (on.kind, on.name) not in _GIVEN:
                needs.setdefault(on, change.key)
    asked = list(needs)[:_MOST]
    found = parallel(lambda on: cluster.find("v1", on.kind, on.name, on.namespace), asked)
    for on, there in zip(asked, found, strict=True):
        if there is None:  # and no error: who may not look is told nothing
            where = f"which is not in namespace {on.namespace}"
            yield f"{needs[on]} needs {on}, {where}, and this does not make it"
