"""The record of what an app owns, on the cluster: found, written, removed; and a search for its members."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cluster.pool import values
from kfctl.cluster.request import Precondition, Selection, Write
from kfctl.errors import ClusterError, Conflict, Forbidden, NotFound, Refused
from kfctl.model.inventory import GroupKind, Listed, Place
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kinds import Kind
    from kfctl.model.inventory import Inventory

MANAGER = "kfctl-applyset"
RECORDS = "applyset.kubernetes.io/id,kfctl.dev/record=inventory"
PART_OF = "applyset.kubernetes.io/part-of"


def find_parent(cluster: Cluster, name: str, namespace: str) -> dict[str, Any] | None:
    """Return the Secret that holds an inventory, or None."""
    return cluster.find("v1", "Secret", name, namespace)


def find_parents(cluster: Cluster, namespace: str = "") -> tuple[dict[str, Any], ...]:
    """Return the records of all apps in a namespace, or on the whole cluster."""
    return cluster.list_all("v1", "Secret", Selection(namespace, RECORDS)).items


def write_parent(cluster: Cluster, body: Mapping[str, Any]) -> dict[str, Any]:
    """Write a record; one that names its version only if nobody has written it after that."""
    try:
        return cluster.apply(body, Write(manager=MANAGER))
    except Conflict as error:
        if not _is_about_fields(error):
            return _written(cluster, body, error)
    # Somebody edited it by hand, or took it over with another tool and gave it back.
    try:
        return cluster.apply(body, Write(manager=MANAGER, force=True))
    except Conflict as error:
        return _written(cluster, body, error)


def _written(cluster: Cluster, body: Mapping[str, Any], error: Conflict) -> dict[str, Any]:
    """Return the record if it is what was to be written: the answer to an earlier try may have been lost."""
    metadata = body["metadata"]
    found = find_parent(cluster, metadata["name"], metadata["namespace"])
    if found and all(at(found, "metadata", part) == metadata[part] for part in ("uid", "annotations")):
        return found
    raise _overtaken(metadata) from error


def delete_parent(cluster: Cluster, inventory: Inventory) -> None:
    """Remove a record that no member is left of, unless somebody has written it meanwhile."""
    named = {"name": inventory.name, "namespace": inventory.namespace}
    body = {"apiVersion": "v1", "kind": "Secret", "metadata": named}
    try:
        cluster.delete(body, Precondition(inventory.uid, inventory.version))
    except NotFound:
        pass
    except Conflict as error:
        raise _overtaken(named) from error


def list_members(
    cluster: Cluster, inventory: Inventory, versions: Mapping[GroupKind, str] | None = None
) -> tuple[Listed, ...]:
    """Search every place of an inventory for its members; `versions` are the apiVersions to list at."""
    spread = ("", inventory.namespace, *inventory.namespaces)
    found = _served(cluster, inventory.kinds, versions or {})
    places = [
        (Place(kind, namespace), served)
        for kind, served in sorted(found.items())
        for namespace in spread
        if bool(namespace) == (served.namespaced if served else False)
    ]
    selector = f"{PART_OF}={inventory.id}"
    return tuple(values(cluster.map(lambda each: _listed(cluster, each[0], each[1], selector), places)))


def contents(cluster: Cluster, namespace: str) -> tuple[Listed, ...]:
    """Return everything that lives in a namespace."""
    kinds = cluster.refresh_kinds()
    stale = (
        Listed(Place(GroupKind(group, "*"), namespace), (), _silent(group)) for group in kinds.incomplete
    )
    # What can't be deleted is an answer rather than an object, such as a pod's metrics.
    places = [
        (Place(GroupKind(kind.group, kind.kind), namespace), kind)
        for kind in kinds
        if kind.namespaced and {"list", "delete"} <= kind.verbs
    ]
    return (*stale, *values(cluster.map(lambda each: _listed(cluster, each[0], each[1]), places)))


def instances(cluster: Cluster, group: str, kind: str) -> tuple[Listed, ...]:
    """Return every object of a kind, wherever it is."""
    wanted = GroupKind(group, kind)
    return (_listed(cluster, Place(wanted, ""), _served(cluster, [wanted], {})[wanted]),)


def _served(
    cluster: Cluster, wanted: Iterable[GroupKind], versions: Mapping[GroupKind, str]
) -> dict[GroupKind, Kind | None]:
    """Return each kind as the server has it, or None; what is missing is asked for once more."""
    kinds = cluster.kinds
    if not all(kinds.of_group(*kind) for kind in wanted):
        kinds = cluster.refresh_kinds()
    return {kind: kinds.find(versions.get(kind, ""), kind.kind) or kinds.of_group(*kind) for kind in wanted}


def _listed(cluster: Cluster, place: Place, kind: Kind | None, labels: str = "") -> Listed:
    if kind is None:
        # A kind is only known to be gone, and with it all its objects, if its group has answered for itself.
        group = place.kind.group
        return Listed(place, (), _silent(group) if group in cluster.kinds.incomplete else "")
    if "list" not in kind.verbs:
        return Listed(place, (), f"{kind.resource} can't be listed")
    try:
        selection = Selection(place.namespace, labels)
        return Listed(place, cluster.list_all(kind.api_version, kind.kind, selection).items)
    except NotFound as error:  # its definition has just gone, or the server is not sure what it serves
        unsure = cluster.refresh_kinds().of_group(*place.kind)
        return Listed(place, (), error.message) if unsure else _listed(cluster, place, None)
    except Forbidden as error:
        return Listed(place, (), f"the right to list {kind.resource} is missing ({error.message})")
    except ClusterError as error:
        return Listed(place, (), error.message)


def _silent(group: str) -> str:
    return f"the server that provides {group} does not answer"


def _is_about_fields(error: ClusterError) -> bool:
    causes: Iterable[Any] = error.answer.causes if error.answer else ()
    return any(cause.reason == "FieldManagerConflict" for cause in causes)


def _overtaken(metadata: Mapping[str, Any]) -> Refused:
    where = f"Secret {metadata['name']} in namespace {metadata['namespace']}"
    return Refused(f"another run has written the inventory meanwhile ({where})", hint="run the command again")
