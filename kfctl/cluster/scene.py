"""What is known of the objects that are followed, their pods among them, and how each of them is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from kfctl.cluster.streams import Changed, Listed, Lost
from kfctl.model.resource import Key, Resource, at
from kfctl.model.status import Health, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.cluster.streams import News

    Body = Mapping[str, Any]

DEEPEST = 4  # levels from an object down to its pods: a TrainJob has a JobSet, that Jobs, those pods


class Judge(Protocol):
    """Tells how an object is."""

    def health(self, body: Body, pods: Sequence[Body]) -> Status:
        """Judge an object by its body and its pods."""

    def gone(self, body: Body) -> Status:
        """Judge an object that was there as `body` and is no more."""

    def needs_pods(self, body: Body) -> bool:
        """Return whether an object is nothing without pods that run."""

    def between(self, body: Body) -> tuple[tuple[str, str], ...]:
        """Return what stands between an object and its pods, as apiVersion and kind."""


@dataclass(frozen=True)
class _Gone:
    body: Body


class Scene:
    """The objects, their pods and what owns these; news in, changed statuses out."""

    def __init__(self, bodies: Iterable[Body], judge: Judge) -> None:
        """Start with objects as they are known."""
        self._judge = judge
        self._bodies: dict[Key, Body | _Gone] = {Resource(body).key: body for body in bodies}
        self._with_pods = {
            key for key, body in self._present() if key.kind != "Pod" and judge.needs_pods(body)
        }
        self._keys = {str(at(body, "metadata", "uid")): key for key, body in self._present()}
        self._below: dict[str, Body] = {}  # pods and what stands between, by uid
        self._children: dict[str, set[str]] = {}  # an owner's uid → the uids of what it made
        self._dirty = set(self._bodies)
        self.statuses: dict[Key, Status] = {}
        self.troubled: set[Key] = set()  # those of which the status is not good

    def take(self, news: News) -> None:
        """Take in what happened."""
        if isinstance(news, Lost):
            self._lose(news)
            return
        self._take_own(news)
        self._take_below(news)

    def later(self) -> None:
        """Let what is not at its end be judged again: it may have come there by time alone."""
        self._dirty |= self.troubled

    def changes(self) -> Iterator[Status]:
        """Judge again what may be another way now, and yield the statuses that are."""
        for key in sorted(self._dirty & self._bodies.keys()):
            status = self._judged(key)
            before = self.statuses.get(key)
            self.statuses[key] = status
            (self.troubled.discard if status.health.good else self.troubled.add)(key)
            if before is None or _told(before) != _told(status):
                yield status
        self._dirty.clear()

    def bodies(self, keys: Iterable[Key]) -> list[Body]:
        """Return those of the objects that are there."""
        found = (self._bodies.get(key) for key in keys)
        return [body for body in found if body is not None and not isinstance(body, _Gone)]

    def pods(self, key: Key) -> list[Body]:
        """Return an object's pods, by name."""
        body = self._bodies.get(key)
        if body is None or isinstance(body, _Gone):
            return []
        found = self._made_by(str(at(body, "metadata", "uid")))
        return sorted(found, key=lambda pod: str(at(pod, "metadata", "name")))

    def _made_by(self, uid: str) -> Iterator[Body]:
        for child in self._children.get(uid, ()):
            if self._below[child].get("kind") == "Pod":
                yield self._below[child]
            else:
                yield from self._made_by(child)

    def _judged(self, key: Key) -> Status:
        body = self._bodies[key]
        if isinstance(body, _Gone):
            return self._judge.gone(body.body)
        return self._judge.health(body, self.pods(key) if key in self._with_pods else ())

    def _present(self) -> Iterator[tuple[Key, Body]]:
        return ((key, body) for key, body in self._bodies.items() if not isinstance(body, _Gone))

    def _take_own(self, news: Listed | Changed) -> None:
        if isinstance(news, Changed):
            self._put(news.body, gone=news.gone)
            return
        found = {Resource(body).key for body in news.bodies}
        for body in news.bodies:
            self._put(body)
        for key, body in list(self._present()):
            if key not in found and _is_from(body, news):
                self._put(body, gone=True)

    def _put(self, body: Body, *, gone: bool = False) -> None:
        key = Resource(body).key
        if key in self._bodies:
            self._bodies[key] = _Gone(body) if gone else body
            self._keys[str(at(body, "metadata", "uid"))] = key
            self._dirty.add(key)

    def _take_below(self, news: Listed | Changed) -> None:
        if isinstance(news, Listed):
            for body in [body for body in self._below.values() if _is_from(body, news)]:
                self._drop(body)
            for body in news.bodies:
                self._add(body)
        elif news.gone:
            self._drop(news.body)
        else:
            self._add(news.body)

    def _add(self, body: Body) -> None:
        uid, owner = str(at(body, "metadata", "uid")), _controller(body)
        if owner and uid not in self._keys:
            self._below[uid] = body
            self._children.setdefault(owner, set()).add(uid)
            self._touch(owner)

    def _drop(self, body: Body) -> None:
        uid, owner = str(at(body, "metadata", "uid")), _controller(body)
        self._below.pop(uid, None)
        self._children.get(owner, set()).discard(uid)
        self._touch(owner)

    def _touch(self, owner: str) -> None:
        for _ in range(DEEPEST):
            if owner in self._keys:
                self._dirty.add(self._keys[owner])
            owner = _controller(self._below.get(owner, {}))

    def _lose(self, news: Lost) -> None:
        """Remember of the objects of a source that can't be read that nothing is known of them."""
        if not news.final:
            return
        for key, body in list(self._present()):
            status = self.statuses.get(key)
            if _is_from(body, news) and status and not status.health.good:
                self.statuses[key] = replace(status, health=Health.UNKNOWN, message=str(news.error))
                self._bodies.pop(key, None)


def _is_from(body: Body, news: Listed | Lost) -> bool:
    source, resource = news.source, Resource(body)
    name = source.selection.fields.removeprefix("metadata.name=")
    return (
        resource.kind == source.kind
        and resource.api_version == source.api_version
        and source.selection.namespace in ("", resource.namespace)
        and name in ("", resource.name)
    )


def _controller(body: Body) -> str:
    owners = at(body, "metadata", "ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), "")


def _told(status: Status) -> tuple[Health, str, str, str]:
    cause = status.cause
    return status.health, status.message, cause.pod if cause else "", cause.reason if cause else ""
