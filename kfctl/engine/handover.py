"""Who decides how many replicas there are, when an app stops to: what is there stays till then."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.model.managed import BY_HAND
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Mapping

FIELD = "spec.replicas"


def hands_over(wanted: Mapping[str, Any], live: Mapping[str, Any], manager: str) -> bool:
    """Whether `manager`, or who sent it by hand, set the replicas, and the wanted object names no number.

    Applied as it is, the server would take them back to its default, before an autoscaler has had its say.
    """
    spec = wanted.get("spec")
    if not isinstance(spec, dict) or "replicas" in spec or not isinstance(at(live, "spec", "replicas"), int):
        return False
    entries = at(live, "metadata", "managedFields") or ()
    return any(
        entry.get("manager") in {manager, *BY_HAND}
        and at(entry, "fieldsV1", "f:spec", "f:replicas") is not None
        for entry in entries
    )


def number(live: Mapping[str, Any]) -> dict[str, Any]:
    """Return what keeps the number of replicas as it is, applied by another manager."""
    metadata = {"name": at(live, "metadata", "name"), "namespace": at(live, "metadata", "namespace")}
    named = {"apiVersion": live["apiVersion"], "kind": live["kind"], "metadata": metadata}
    return {**named, "spec": {"replicas": at(live, "spec", "replicas")}}
