"""What was applied and when: recorded, listed, read back."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster import history
from kfctl.engine import revision as packing
from kfctl.errors import ClusterError, UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.engine.revision import Contents, Revision
    from kfctl.model.inventory import Inventory


def revisions(cluster: Cluster, inventory: Inventory) -> tuple[Revision, ...]:
    """Return all revisions that can be read, the newest first."""
    return _readable(history.find_revisions(cluster, inventory))


def _readable(bodies: Iterable[Mapping[str, Any]]) -> tuple[Revision, ...]:
    found = []
    for body in bodies:
        try:
            found.append(packing.read_revision(body))
        except ClusterError:
            continue  # a damaged one hides none of the others
    return tuple(sorted(found, key=lambda each: -each.number))


def record(
    cluster: Cluster,
    inventory: Inventory,
    made: Revision,
    contents: Contents,
    secrets: Mapping[str, str],
    kept: Contents = packing.NOTHING,
) -> Revision:
    """Write the next revision, whose number is found here, and remove what is too old."""
    there = history.find_revisions(cluster, inventory)
    before = _readable(there)
    number = max([inventory.revision, *map(packing.number_of, there)]) + 1
    packed = packing.pack(replace(made, number=number), contents, secrets, kept)
    known = {digest for each in before for digest in each.chunks}
    new = [
        packing.chunk_secret(inventory, digest, content)
        for digest, content in packed.chunks.items()
        if digest not in known
    ]
    history.write(cluster, new, packing.revision_secret(inventory, packed.revision))
    _shorten(cluster, inventory, (packed.revision, *before))
    return packed.revision


def read(cluster: Cluster, inventory: Inventory, number: int) -> tuple[Revision, Contents]:
    """Return a revision and what it holds, as it was left without its secrets."""
    there = {each.number: each for each in revisions(cluster, inventory)}
    if number not in there:
        known = ", ".join(map(str, there)) or "none"
        raise UsageError(f"there is no revision {number}", hint=f"there are: {known}")
    return there[number], contents(cluster, inventory, there[number])


def contents(cluster: Cluster, inventory: Inventory, found: Revision) -> Contents:
    """Return what a revision holds, as it was left without its secrets."""
    names = {packing.chunk_name(inventory, digest): digest for digest in found.chunks}
    chunks = {
        names[body["metadata"]["name"]]: packing.read_chunk(body)
        for body in history.find_chunks(cluster, inventory, names)
    }
    return packing.unpack(found, chunks)


def _shorten(cluster: Cluster, inventory: Inventory, there: Sequence[Revision]) -> None:
    old, needless = packing.outdated(there)
    # Chunks first: a run that dies in between leaves a revision that the next one removes.
    history.remove(cluster, inventory, [packing.chunk_name(inventory, digest) for digest in needless])
    history.remove(cluster, inventory, [f"{inventory.name}.r{each.number}" for each in old])
