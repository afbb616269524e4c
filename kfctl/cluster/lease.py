"""A Lease as the record of who may change an app: read, and written only if nobody else has meanwhile."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kfctl.cluster import request as ask
from kfctl.cluster.answers import read_object
from kfctl.cluster.kinds import Kind
from kfctl.cluster.request import PLAIN
from kfctl.cluster.shapes import check
from kfctl.errors import Conflict, NotFound
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.cluster.sender import Sender

LEASE = Kind("coordination.k8s.io", "v1", "Lease", "leases", namespaced=True)


@dataclass(frozen=True)
class Holding:
    """What a Lease says: who holds it, since when, for how long unless renewed; nobody if `who` is empty."""

    who: str
    since: str
    renewed: str
    seconds: int
    fence: int  # grows with every holder
    version: str

    def same_beat(self, other: Holding | None) -> bool:
        """Whether the holder has not been heard of between the two."""
        mine = (self.who, self.renewed, self.fence)
        return other is not None and mine == (other.who, other.renewed, other.fence)


@dataclass(frozen=True)
class Lease:
    """One Lease on a cluster."""

    sender: Sender
    name: str
    namespace: str
    seconds: int
    read_timeout: float = 10.0

    def read(self) -> Holding | None:
        """Return what it says, or None where there is none."""
        try:
            return self._send(ask.get(LEASE, self.name, self.namespace))
        except NotFound:
            return None

    def create(self, who: str, labels: Mapping[str, str]) -> Holding | None:
        """Make it, held by `who`; None where it is there already."""
        body = {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.kind,
            "metadata": {"name": self.name, "namespace": self.namespace, "labels": dict(labels)},
            "spec": self._held(who, 1),
        }
        # Sent twice it does no harm: the second finds what the first made, which names us.
        request = replace(ask.create(LEASE, body, PLAIN), repeatable=True)
        try:
            return self._send(request)
        except Conflict:
            return None

    def take(self, found: Holding, who: str) -> Holding | None:
        """Become its holder; None where it is no longer as `found`."""
        return self._write(found, self._held(who, found.fence + 1))

    def renew(self, found: Holding) -> Holding | None:
        """Say that its holder lives; None where it is no longer as `found`."""
        return self._write(found, {"renewTime": _now()})

    def give_back(self, found: Holding) -> Holding | None:
        """Have it held by nobody; None where it is no longer as `found`."""
        return self._write(found, {"holderIdentity": None, "renewTime": _now()})

    def _held(self, who: str, fence: int) -> dict[str, Any]:
        now = _now()
        return {
            "holderIdentity": who,
            "leaseDurationSeconds": self.seconds,
            "acquireTime": now,
            "renewTime": now,
            "leaseTransitions": fence,
        }

    def _write(self, found: Holding, spec: Mapping[str, Any]) -> Holding | None:
        change = {"metadata": {"resourceVersion": found.version}, "spec": dict(spec)}
        try:
            return self._send(ask.patch(ask.get(LEASE, self.name, self.namespace), change, PLAIN))
        except (Conflict, NotFound):
            return None

    def _send(self, request: ask.Request) -> Holding:
        answer = self.sender.send(replace(request, read_timeout=self.read_timeout))
        return _holding(read_object(answer.body, self.sender.transport.server), self.seconds)


def _holding(body: Mapping[str, Any], seconds: int) -> Holding:
    check(body, {"spec": {"leaseDurationSeconds": int, "leaseTransitions": int}}, "")
    spec = body.get("spec") or {}
    return Holding(
        who=str(spec.get("holderIdentity") or ""),
        since=str(spec.get("acquireTime") or ""),
        renewed=str(spec.get("renewTime") or ""),
        seconds=int(spec.get("leaseDurationSeconds") or seconds),
        fence=int(spec.get("leaseTransitions") or 0),
        version=str(at(dict(body), "metadata", "resourceVersion") or ""),
    )


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
