"""Writes one object: applied, or deleted and made anew, with what is in its way waited for."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import MANAGER, Precondition, Write
from kfctl.errors import ClusterError, Conflict, Forbidden, Invalid, NotFound
from kfctl.model.managed import at_version, claim_fields, let_go, taken_over
from kfctl.model.plan import Action
from kfctl.model.resource import Resource, at, is_custom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from threading import Event as Flag

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.request import Request
    from kfctl.model.plan import Change

    Body = Mapping[str, Any]

HANDOVER = "kfctl-handover"  # has what we no longer set, until somebody else does
POLL = 0.3
TOO_SOON = 30.0  # seconds until a new namespace has an account, or changed limits hold
INTERRUPTED = "interrupted"
_INTERNAL_ERROR = 500
_LOOKS = 5  # at an object that changes while its managers are written


def make_namespace(cluster: Cluster, name: str, annotations: Mapping[str, str]) -> None:
    """Make a namespace with these annotations; one that somebody else makes meanwhile will do."""
    metadata = {"name": name, "annotations": dict(annotations)}
    try:
        cluster.create({"apiVersion": "v1", "kind": "Namespace", "metadata": metadata})
    except Conflict as error:
        if error.answer is None or error.answer.reason != "AlreadyExists":
            raise


@dataclass(frozen=True)
class Writer:
    """Writes changes until the deadline or the stop."""

    cluster: Cluster
    stop: Flag
    deadline: float  # by time.monotonic
    force: bool = False  # take fields that other managers own

    def carry_out(self, change: Change, retried: Callable[[str], None]) -> Body:
        """Do what a change says and return the object as it is then."""
        cluster = self.cluster.noticing(self._notice(retried))
        return _WAYS[change.action](self, cluster, change)

    def _notice(self, retried: Callable[[str], None]) -> Callable[[Request, str, float], None]:
        def notify(request: Request, why: str, delay: float) -> None:
            del request
            if self.stop.is_set():
                raise ClusterError(f"{INTERRUPTED}; before that: {why}")
            retried(f"{why}; again in {delay:.1f} s")

        return notify

    def _apply(self, cluster: Cluster, change: Change) -> Body:
        if change.live is not None and at(change.live, "metadata", "deletionTimestamp"):
            self._wait_gone(change)
        if change.handed_over:
            cluster.apply(change.handed_over, Write(manager=HANDOVER))
        _rewrite_managers(
            cluster, change.live or {}, lambda live, _: managers_at_served_version(cluster, live)
        )
        if change.stale:
            _rewrite_managers(
                cluster, change.live or {}, lambda live, ours: claim_fields(live, ours, change.stale)
            )
        return self._sent(cluster, change)

    def _adopt(self, cluster: Cluster, change: Change) -> Body:
        _rewrite_managers(cluster, change.live or {}, taken_over)
        return self._apply(cluster, change)

    def _update(self, cluster: Cluster, change: Change) -> Body:
        _rewrite_managers(cluster, change.live or {}, let_go)
        return self._apply(cluster, change)

    def _replace(self, cluster: Cluster, change: Change) -> Body:
        # Foreground: what the old one made, its pods above all, must not meet what the new one makes.
        self._delete(cluster, change, "Foreground")
        self._wait_gone(change)
        return self._sent(cluster, change)

    def _delete(self, cluster: Cluster, change: Change, propagation: str) -> None:
        uid = str(at(change.live, "metadata", "uid") or "")
        try:
            cluster.delete(change.live or {}, Precondition(uid=uid, propagation=propagation))
        except NotFound:
            return

    def _sent(self, cluster: Cluster, change: Change) -> Body:
        patience = time.monotonic() + TOO_SOON
        while True:
            try:
                return self._at_served_version(cluster, change)
            except (Forbidden, NotFound, Invalid) as error:
                late = time.monotonic() > min(patience, self.deadline) or self.stop.is_set()
                if late or not _may_pass(error, change):
                    raise
            self.stop.wait(POLL)

    def _at_served_version(self, cluster: Cluster, change: Change) -> Body:
        """Apply an object; if its CRD has just lost a version, repair its managedFields first."""
        write = Write(force=self.force)
        try:
            return cluster.apply(_wanted(change).body, write)
        except ClusterError as error:
            if change.live is None or error.answer is None or error.answer.status != _INTERNAL_ERROR:
                raise
            cluster.refresh_kinds()
            if managers_at_served_version(cluster, change.live) is None:
                raise
        _rewrite_managers(cluster, change.live, lambda live, _: managers_at_served_version(cluster, live))
        return cluster.apply(_wanted(change).body, write)

    def _wait_gone(self, change: Change) -> None:
        """Wait until the object that was found is gone, or raise with what holds it."""
        old = Resource(change.live or {})
        uid = old.metadata.get("uid")
        while True:
            found = self.cluster.find(old.api_version, old.kind, old.name, old.namespace)
            if found is None or at(found, "metadata", "uid") != uid:
                return
            if self.stop.is_set() or time.monotonic() > self.deadline:
                raise _still_there(change, found, interrupted=self.stop.is_set())
            self.stop.wait(POLL)


def managers_at_served_version(cluster: Cluster, live: Body) -> list[Body] | None:
    """Return the managedFields of a custom resource without versions that are not served; None: all are."""
    found = Resource(live)
    if not is_custom(found.group):
        return None
    return at_version(live, {kind.api_version for kind in cluster.kinds.versions(found.group, found.kind)})


def replace_managers(entries: list[Body]) -> dict[str, Any]:
    """Return the step of a JSON patch that sets the managedFields."""
    return {"op": "replace", "path": "/metadata/managedFields", "value": entries}


def _rewrite_managers(
    cluster: Cluster, live: Body, rewritten: Callable[[Body, str], list[Body] | None]
) -> None:
    """Have what was sent by hand counted as applied by us alone: it goes when the app no longer names it."""
    for left in reversed(range(_LOOKS)):
        fields = rewritten(live, MANAGER)
        if fields is None:
            return
        found = Resource(live)
        steps = [
            replace_managers(fields),
            {
                "op": "replace",
                "path": "/metadata/resourceVersion",
                "value": found.metadata["resourceVersion"],
            },
        ]
        try:
            cluster.patch(live, steps)
            return
        except Conflict:
            if not left:
                raise
            live = cluster.get(found.api_version, found.kind, found.name, found.namespace)


def _may_pass(error: ClusterError, change: Change) -> bool:
    """Whether a refusal may end by itself: the caches of the server are a moment behind."""
    new_account = isinstance(error, Forbidden) and 'serviceaccount "default" not found' in error.message
    return new_account or change.deferral is not None


def _wanted(change: Change) -> Resource:
    if change.wanted is None:
        raise ValueError(f"nothing is wanted in place of {change.key}")
    return change.wanted


def _still_there(change: Change, found: Body, *, interrupted: bool) -> ClusterError:
    held = ", ".join(at(found, "metadata", "finalizers") or ())
    message = f"{change.key} is still being deleted" + (f", held by {held}" if held else "")
    if interrupted:
        return ClusterError(f"{INTERRUPTED}: {message}")
    return ClusterError(
        message, hint="what holds it must let go: is its controller running? then apply again"
    )


_WAYS: dict[Action, Callable[[Writer, Cluster, Change], Body]] = {
    Action.CREATE: Writer._apply,
    Action.UPDATE: Writer._update,
    Action.ADOPT: Writer._adopt,
    Action.REPLACE: Writer._replace,
}
