"""Claims that the cluster would delete together with an object that is replaced."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import Selection
from kfctl.engine.podtemplates import maps
from kfctl.errors import KfctlError
from kfctl.model.plan import Action
from kfctl.model.resource import at, is_custom

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.model.plan import Change, Plan

_OWNERS = (("v1", "PersistentVolumeClaim"), ("apps/v1", "StatefulSet"))  # between an owner and its claims
_HINT = (
    "--delete-data deletes them with it; to keep them, first take their ownerReferences away, "
    "for a StatefulSet by persistentVolumeClaimRetentionPolicy.whenDeleted: Retain"
)


def refuse_data_loss(cluster: Cluster, plan: Plan) -> Plan:
    """Return the plan without replacements that would delete claims through their owner references.

    A StatefulSet owns its claims where its persistentVolumeClaimRetentionPolicy says `whenDeleted: Delete`
    (KEP-1847); operators set owner references as well.
    """
    changes = tuple(_checked(cluster, change) for change in plan.changes)
    return replace(plan, changes=changes)


def _checked(cluster: Cluster, change: Change) -> Change:
    if change.action is not Action.REPLACE or not _may_own_claims(change):
        return change
    try:
        names = sorted(_owned_claims(cluster, change))
    except KfctlError:  # without permission to list them, the object's own policy decides
        policy = at(change.live, "spec", "persistentVolumeClaimRetentionPolicy", "whenDeleted")
        names = ["claims of its own"] if policy == "Delete" else []
    if not names:
        return change
    reason = f"it has to be replaced, and {', '.join(names)} would be deleted with it"
    return replace(change, action=Action.REFUSE, reason=reason, hint=_HINT)


def _may_own_claims(change: Change) -> bool:
    return is_custom(change.key.group) or (change.key.group, change.key.kind) == ("apps", "StatefulSet")


def _owned_claims(cluster: Cluster, change: Change) -> Iterator[str]:
    """Yield the claims that belong to the live object, or to StatefulSets that do."""
    selection = Selection(change.key.namespace)
    listed = [
        {"kind": kind, **item}
        for version, kind in _OWNERS
        for item in cluster.list_all(version, kind, selection).items
    ]
    going, size = {at(change.live, "metadata", "uid")}, 0
    while len(going) > size:
        size = len(going)
        going |= {at(item, "metadata", "uid") for item in listed if _owners(item) & going}
    yield from (
        f"{item['kind']}/{at(item, 'metadata', 'name')}"
        for item in listed
        if item["kind"] == _OWNERS[0][1] and _owners(item) & going
    )


def _owners(item: Mapping[str, Any]) -> set[Any]:
    references: Sequence[Mapping[str, Any]] = maps(at(item, "metadata", "ownerReferences"))
    return {reference.get("uid") for reference in references}
