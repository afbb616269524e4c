"""How objects are, judged by the time and by what else is on their cluster."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from kfctl.engine import health as judgement
from kfctl.engine.surroundings import Surroundings
from kfctl.errors import KfctlError
from kfctl.model.redactor import NOTHING
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.model.redactor import Redactor
    from kfctl.model.status import Status

    Body = Mapping[str, Any]


class Judge:
    """Judges the objects of one cluster."""

    def __init__(
        self, cluster: Cluster, *, wait_for_jobs: bool = False, redactor: Redactor = NOTHING
    ) -> None:
        """Judge by what `cluster` has; with `wait_for_jobs` a job that runs is not ready.

        No status quotes what the redactor removes.
        """
        self._cluster = cluster
        self._wait_for_jobs = wait_for_jobs
        self._redactor = redactor

    def health(self, body: Body, pods: Sequence[Body]) -> Status:
        """Judge an object by its body and its pods."""
        lazy = body.get("kind") == "PersistentVolumeClaim" and at(body, "status", "phase") != "Bound"
        modes = self._binding_modes if lazy else {}
        around = Surroundings(self._cluster.now(), tuple(pods), self._wait_for_jobs, modes)
        return self.told(judgement.health(body, around))

    def told(self, status: Status) -> Status:
        """Return a status without secrets: pods say what they like in their logs and last messages."""
        return status.said(self._redactor.text)

    def gone(self, body: Body) -> Status:
        """Judge an object that was there as `body` and is no more."""
        return judgement.gone(body)

    def needs_pods(self, body: Body) -> bool:
        """Return whether an object is nothing without pods that run."""
        return judgement.needs_pods(body)

    def between(self, body: Body) -> tuple[tuple[str, str], ...]:
        """Return what stands between an object and its pods, as apiVersion and kind."""
        return judgement.between(body)

    @cached_property
    def _binding_modes(self) -> dict[str, str]:
        try:
            classes = self._cluster.list_all("storage.k8s.io/v1", "StorageClass").items
        except KfctlError:  # not everybody may read them
            return {}
        return {str(at(c, "metadata", "name")): str(c.get("volumeBindingMode")) for c in classes}
