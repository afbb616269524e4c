"""Looks over what is recorded of an app on a cluster, and what is there, and puts the record right."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.errors import ClusterError, Forbidden, KfctlError, NotFound, Refused
from kfctl.model.resource import Resource, at

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kinds import Kind
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.plan import Scope
    from kfctl.model.resource import Key

Body = dict[str, Any]
_MEASURES = "metrics.k8s.io"


@dataclass(frozen=True)
class Checked:
    """What was found: what is wrong, and what is the app's."""

    scope: Scope
    inventory: Inventory  # as it can be read
    faults: tuple[str, ...]
    members: tuple[Body, ...]  # all that is the app's, in the set or not
    strays: tuple[Body, ...] = ()  # those that are not in the set
    silent: tuple[str, ...] = ()  # where more of it may be, which no server told
    unseen: tuple[str, ...] = ()  # kinds that nothing is recorded of, and that could not be listed


def check(app: App, environment: Environment, cluster: Cluster) -> Checked:
    """Look; nothing is written. Refused where the record is another app's, tool's or cluster's."""
    from kfctl.actions import guard
    from kfctl.actions.plan import scope_of
    from kfctl.model.inventory import GroupKind

    scope = scope_of(app, environment, cluster)
    inventory, faults = _read(cluster, scope)
    if not scope.cluster_read:
        faults += guard.doubt(cluster, environment, inventory)
    found, failures = _search(cluster, scope)
    members = _of_this_set(found, scope, lambda: _proven(cluster, inventory, (app, environment)))
    strays = tuple(body for body in members if not _is_member(body, scope))
    told = {kind: f"{kind.resource} could not be listed: {error}" for kind, error in failures.items()}
    forbidden = {kind for kind, error in failures.items() if isinstance(error, Forbidden)}
    lost = bool(faults) or not inventory.uid
    unknown = {kind for kind in failures if GroupKind(kind.group, kind.kind) not in inventory.kinds}
    unseen = unknown & forbidden if lost else unknown
    silent = [told[kind] for kind in told if kind not in forbidden | unseen]
    silent += _silent(cluster, inventory, lost=lost)
    faults += _astray(inventory, members)
    faults += [f"{Resource(body).key} is this app's, and not in its inventory" for body in strays]
    faults += dict.fromkeys((*(told[kind] for kind in told if kind not in unseen), *silent))
    hidden = tuple(sorted(kind.resource for kind in unseen))
    return Checked(scope, inventory, tuple(faults), tuple(members), strays, tuple(silent), hidden)


def _astray(inventory: Inventory, members: Sequence[Body]) -> list[str]:
    """Return in what the inventory does not lead to all that is the app's."""
    if not inventory.uid:
        return [f"there is no inventory, and {len(members)} objects are this app's"] if members else []
    wider = inventory.including(Resource(body).key for body in members)
    if (wider.kinds, wider.namespaces) == (inventory.kinds, inventory.namespaces):
        return []
    lost = ", ".join(sorted(map(str, wider.kinds - inventory.kinds))) or "in other namespaces"
    return [f"the inventory does not lead to all objects: {lost}"]


def repair(checked: Checked, cluster: Cluster) -> Inventory:
    """Take all that is the app's into the set, and write a record that leads to it, under the lock.

    ClusterError while not everything can be seen: what the record then left out would be lost for good.
    """
    from kfctl.actions import guard
    from kfctl.actions import inventory as records
    from kfctl.actions.run import new_run
    from kfctl.cluster.lock import Taking, identity, locked
    from kfctl.engine.applyset import record_labels

    if checked.silent:
        message = f"not repaired, for not all that is the app's can be seen: {'; '.join(checked.silent)}"
        raise ClusterError(message, hint="when the server answers for it, run the command again")
    known = guard.seen(checked.scope) or checked.inventory.cluster
    base, this = replace(checked.inventory, cluster=known), new_run(cluster.now())
    taking = Taking(labels=record_labels(base.id, "lock"))
    keys = [Resource(body).key for body in checked.members]
    with locked(cluster, (base.name, base.namespace), identity(this.id), taking):
        begun = records.begin(cluster, base, keys, this)
        for body in checked.strays:
            _take_in(cluster, body, base.id)
        return records.finish(cluster, begun, _last_revision(cluster, begun))


def _last_revision(cluster: Cluster, inventory: Inventory) -> int:
    from kfctl.actions.history import revisions

    return max((each.number for each in revisions(cluster, inventory)), default=0)


def _read(cluster: Cluster, scope: Scope) -> tuple[Inventory, list[str]]:
    from kfctl.cluster.ownership import find_parent
    from kfctl.engine.applyset import inventory_of, read, tolerant

    empty = inventory_of(scope)
    body = find_parent(cluster, empty.name, empty.namespace)
    try:
        found = read(body, scope)
    except Refused as error:
        assert body is not None
        damaged = all("is damaged" in problem.message for problem in error.problems)
        if not damaged:
            raise
        known = replace(tolerant(body), id=empty.id, app_id=scope.app_id)
        return known, [str(problem) for problem in error.problems]
    if found.finished or not found.run:
        return found, []
    return found, [f"the run of {found.run} did not come to its end: the next apply finishes it"]


def _search(cluster: Cluster, scope: Scope) -> tuple[list[Body], dict[Kind, KfctlError]]:
    """Return all objects of any kind that are the app's, and why kinds could not be listed."""
    from kfctl.engine.ownership import owner_of

    kinds = [kind for kind in cluster.refresh_kinds() if {"list", "delete"} <= kind.verbs]

    def listed(kind: Kind) -> tuple[Body, ...]:
        try:
            return _of_kind(cluster, kind, scope)
        except NotFound:  # its definition has just gone, or has just come
            known = cluster.refresh_kinds().find(kind.api_version, kind.kind)
            return _of_kind(cluster, known, scope) if known else ()

    found: dict[Any, Body] = {}
    failures: dict[Kind, KfctlError] = {}
    for kind, answer in zip(kinds, cluster.map(listed, kinds), strict=True):
        if isinstance(answer, KfctlError):
            failures[kind] = answer
            continue
        for body in answer:
            owner = owner_of(body, scope)
            if owner and owner.ours and not _is_foreign(body):
                found[at(body, "metadata", "uid")] = body
    return list(found.values()), failures


def _of_this_set(found: list[Body], scope: Scope, proven: Callable[[], frozenset[Key]]) -> list[Body]:
    """Return the objects that do not belong to the same app in another namespace.

    An object outside the app's namespace that has lost its set's label needs proof: the same app may have
    objects there from another namespace.
    """
    from kfctl.engine.ownership import PART_OF_SET

    def is_sure(body: Body) -> bool:
        labelled = at(body, "metadata", "labels", PART_OF_SET)
        return bool(labelled) or at(body, "metadata", "namespace") == scope.namespace

    keys = frozenset() if all(map(is_sure, found)) else proven()
    return [body for body in found if is_sure(body) or Resource(body).key in keys]


def _proven(cluster: Cluster, inventory: Inventory, of: tuple[App, Environment]) -> frozenset[Key]:
    """Return the objects that the history holds and the app's files render.

    Revisions are not signed, so the history alone is no proof outside the app's namespace.
    """
    from pathlib import Path

    from kfctl.actions.history import contents, revisions
    from kfctl.actions.observe import placed
    from kfctl.actions.show import render_all
    from kfctl.store.appfiles import load_app

    app, environment = of
    held: frozenset[Key] = frozenset()
    for revision in revisions(cluster, inventory):
        with suppress(KfctlError):  # a damaged one hides none of the others
            held |= {each.key for each in contents(cluster, inventory, revision).objects}
    with suppress(KfctlError):  # files that do not render prove nothing
        whole = load_app(Path(app.root), environments=[environment.name])
        rendered = render_all(whole, environment.name).resources
        return held & {each.key for each in placed(cluster, rendered, inventory.namespace)}
    return frozenset()


def _silent(cluster: Cluster, inventory: Inventory, *, lost: bool) -> list[str]:
    """Return which API groups are silent that may have objects of the app: any, where its record is lost."""
    known = {kind.group for kind in inventory.kinds}
    groups = (group for group in sorted(cluster.kinds.incomplete) if group in known or lost)
    # What is measured is no object, and its server is the one that is most often down.
    return [f"the server that provides {g} does not answer" for g in groups if not g.endswith(_MEASURES)]


def _of_kind(cluster: Cluster, kind: Kind, scope: Scope) -> tuple[Body, ...]:
    """Return the objects of a kind with the app's labels; of its namespace where no more may be read."""
    from kfctl.cluster.request import Selection
    from kfctl.engine.ownership import selector

    try:
        return cluster.list_all(kind.api_version, kind.kind, Selection("", selector(scope))).items
    except Forbidden:
        if not kind.namespaced:
            raise
        inside = Selection(scope.namespace, selector(scope))
        return cluster.list_all(kind.api_version, kind.kind, inside).items


def _is_foreign(body: Body) -> bool:
    """Whether an object has our marks only because somebody has copied them."""
    from kfctl.engine.keep import Member, controller_of, is_copy
    from kfctl.engine.ownership import IDENTITY

    nameless = not at(body, "metadata", "annotations", IDENTITY)
    copied = is_copy(Member(Resource(body))) or (nameless and not _applied(body))
    return bool(controller_of(body)) or copied


def _applied(body: Body) -> bool:
    """Whether kfctl itself has applied an object: a copy has another's fields."""
    from kfctl.engine.ownership import MANAGER

    entries = at(body, "metadata", "managedFields") or ()
    return any((entry.get("manager"), entry.get("operation")) == (MANAGER, "Apply") for entry in entries)


def _is_member(body: Body, scope: Scope) -> bool:
    from kfctl.engine.applyset import identity
    from kfctl.engine.ownership import IDENTITY, PART_OF_SET

    named = at(body, "metadata", "annotations", IDENTITY)
    return bool(at(body, "metadata", "labels", PART_OF_SET) == scope.set_id) and named == identity(
        Resource(body).key
    )


def _take_in(cluster: Cluster, body: Body, set_id: str) -> None:
    from kfctl.engine.applyset import identity
    from kfctl.engine.ownership import IDENTITY, PART_OF_SET

    metadata = {
        "resourceVersion": at(body, "metadata", "resourceVersion"),
        "labels": {PART_OF_SET: set_id},
        "annotations": {IDENTITY: identity(Resource(body).key)},
    }
    cluster.patch(body, {"metadata": metadata})
