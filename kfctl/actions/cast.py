"""The pods of a component as they come and go, and which of their containers have a log."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cluster.logs import Standing
from kfctl.cluster.streams import Changed, Listed, Lost
from kfctl.engine import logs
from kfctl.model.log import Note
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.cluster.streams import News, Source
    from kfctl.model.log import Source as Container

    Body = Mapping[str, Any]


class Cast:
    """The pods that are known, and those of them that are meant."""

    def __init__(self, replica: str = "", *, previous: bool = False) -> None:
        """Know nothing yet; `replica` names the pods that are meant, none means all."""
        self._replica = replica
        self._previous = previous
        self._found: dict[Source, dict[str, Body]] = {}
        self._told: dict[tuple[str, str], Note] = {}  # by the pod's UID and what it was said of
        self.makers: set[tuple[str, str, str, str]] = set()  # what controls the pods there are or were

    @property
    def listed(self) -> int:
        """How many sources have been read."""
        return len(self._found)

    @property
    def seen(self) -> bool:
        """Whether there are pods or were."""
        return bool(self.makers or self.pods)

    @property
    def pods(self) -> list[Body]:
        """All pods, the oldest first."""
        found = {uid: pod for pods in self._found.values() for uid, pod in pods.items()}
        return sorted(found.values(), key=_age)

    @property
    def meant(self) -> list[Body]:
        """The pods that are meant."""
        return [pod for pod in self.pods if not self._replica or logs.is_meant(pod, self._replica)]

    def take(self, news: Iterable[News]) -> Iterator[Note]:
        """Take in what happened; yields what can't be known."""
        for each in news:
            if isinstance(each, Lost):
                yield Note(str(each.error), each.error.problems[0].hint, failure=each.final)
                if each.final:
                    self._found.setdefault(each.source, {})
            elif isinstance(each, Listed):
                self._found[each.source] = {_uid(pod): pod for pod in each.bodies}
                self.makers.update(logs.makers(each.bodies))
            else:
                self._change(each)

    def _change(self, changed: Changed) -> None:
        pods = self._found[changed.source]
        if changed.gone:
            pods.pop(_uid(changed.body), None)
        else:
            pods[_uid(changed.body)] = changed.body
            self.makers.update(logs.makers([changed.body]))

    def containers(self) -> list[Container]:
        """Return the containers of the pods that are meant."""
        return [container for pod in self.meant for container in logs.sources(pod)]

    def talking(self) -> list[Container]:
        """Return those of them that have a log."""
        return [
            container
            for pod in self.meant
            for container in logs.sources(pod)
            if logs.has_log(pod, container.container, previous=self._previous)
        ]

    def silent(self) -> Iterator[Note]:
        """Yield why others have none, each reason once; a pod without any is one."""
        for pod in self.meant:
            listed = logs.sources(pod)
            mute = [s for s in listed if not logs.has_log(pod, s.container, previous=self._previous)]
            names = [str(at(pod, "metadata", "name"))] if len(mute) == len(listed) else list(map(str, mute))
            for name, source in zip(names, mute, strict=False):
                note = Note(*logs.why_none(pod, name, source.container, previous=self._previous))
                if self._told.get((source.uid, name)) != note:
                    self._told[source.uid, name] = note
                    yield note

    def standing(self, container: Container) -> Standing:
        """Return how a container is."""
        pod = next((pods[container.uid] for pods in self._found.values() if container.uid in pods), None)
        if pod is None:
            return Standing.GONE
        over, talks = logs.is_over(pod, container.container), logs.has_log(pod, container.container)
        if over:
            return Standing.OVER if talks else Standing.GONE
        return Standing.TALKING if talks else Standing.SILENT

    def replicas(self) -> str:
        """Return by which names pods may be meant."""
        names = (logs.replica(pod) or str(at(pod, "metadata", "name")) for pod in self.pods)
        return f"there are {', '.join(sorted(names))}"


def _uid(pod: Body) -> str:
    return str(at(pod, "metadata", "uid"))


def _age(pod: Body) -> tuple[str, str]:
    return str(at(pod, "metadata", "creationTimestamp")), str(at(pod, "metadata", "name"))
