"""The records of past applies on the cluster: found, written once and never changed, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cluster.ownership import MANAGER
from kfctl.cluster.pool import parallel, values
from kfctl.cluster.request import Selection, Write
from kfctl.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.model.inventory import Inventory

_THREADS = 8  # a chunk is big, and few requests carry it


def find_revisions(cluster: Cluster, inventory: Inventory) -> tuple[dict[str, Any], ...]:
    """Return the Secrets of all revisions of an app, without their contents."""
    labels = f"kfctl.dev/record-of={inventory.id},kfctl.dev/record=revision"
    return cluster.list_all("v1", "Secret", Selection(inventory.namespace, labels)).items


def find_chunks(cluster: Cluster, inventory: Inventory, names: Iterable[str]) -> list[dict[str, Any]]:
    """Return the Secrets of these names; those that are missing are left out."""

    def find(name: str) -> dict[str, Any] | None:
        return cluster.find("v1", "Secret", name, inventory.namespace)

    return [found for found in values(parallel(find, names, _THREADS)) if found]


def write(cluster: Cluster, chunks: Iterable[Mapping[str, Any]], revision: Mapping[str, Any]) -> None:
    """Write a revision: its chunks first, so that whatever happens none is there without them."""

    # An apply may be repeated, and the Secrets are immutable: one that is there already stays as it is.
    def apply(body: Mapping[str, Any]) -> dict[str, Any]:
        return cluster.apply(body, Write(manager=MANAGER))

    values(parallel(apply, chunks, _THREADS))
    apply(revision)


def remove(cluster: Cluster, inventory: Inventory, names: Iterable[str]) -> None:
    """Remove Secrets of revisions or chunks; those that are gone already are all the same."""

    def delete(name: str) -> None:
        metadata = {"name": name, "namespace": inventory.namespace}
        try:
            cluster.delete({"apiVersion": "v1", "kind": "Secret", "metadata": metadata})
        except NotFound:
            return

    values(parallel(delete, names, _THREADS))


def remove_all(cluster: Cluster, inventory: Inventory) -> None:
    """Remove the whole history of an app."""
    labels = f"kfctl.dev/record-of={inventory.id},kfctl.dev/record in (revision,chunk)"
    cluster.raw("DELETE", f"/api/v1/namespaces/{inventory.namespace}/secrets", labelSelector=labels)
