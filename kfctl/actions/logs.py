"""What the programs of a component print: what there is, or as it comes."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.actions.cast import Cast
from kfctl.cluster.logs import Followers, Reader, history
from kfctl.cluster.request import WHOLE_LOG, LogQuery
from kfctl.cluster.streams import Listed, Streams
from kfctl.engine.health import has_ended
from kfctl.engine.logs import Position, makers
from kfctl.errors import KfctlError, UsageError
from kfctl.model.log import Note
from kfctl.model.status import Health

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfctl.actions.status import AppStatus
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.cluster.streams import Source
    from kfctl.model.app import App, Environment
    from kfctl.model.log import Line
    from kfctl.model.log import Source as Container

    Said = Iterator[Line | Note]

TICK = 0.2
LOOKED_AGAIN = 2.0  # seconds between two looks at whether a job has ended


@dataclass(frozen=True)
class Wish:
    """Which logs are wanted."""

    component: str
    replica: str = ""
    query: LogQuery = WHOLE_LOG
    follow: bool = False


def logs(app: App, environment: Environment, wish: Wish, login: Login) -> Said:
    """Yield the lines of all pods of a component by time; with `follow` those that are still to come, too."""
    from kfctl.actions.plan import connect, scope_of
    from kfctl.actions.pods import sources_of
    from kfctl.actions.status import status

    cluster = connect(app, environment, login)
    sources = sources_of(app, cluster, scope_of(app, environment, cluster), wish.component)
    teller = _Teller(cluster, wish)
    yield from teller.what_is_there(sources)
    if not teller.cast.pods:
        found = status(app, environment, [wish.component], login)
        yield Note(_why_none(wish.component, found))
        if any(each.health is Health.DONE for tree in found.components for each in tree.objects):
            return  # the job has ended, and its pods were removed
    if wish.follow:
        yield from teller.what_comes(sources)


def _why_none(component: str, found: AppStatus) -> str:
    objects = [each for tree in found.components for each in tree.objects if each.health is not Health.READY]
    how = [f"{each.key} is {': '.join(filter(None, (each.health.value, each.message)))}" for each in objects]
    return f"{component} has no pods" + (f": {'; '.join(how)}" if how else "")


class _Teller:
    """Tells what the logs of pods hold."""

    def __init__(self, cluster: Cluster, wish: Wish) -> None:
        self._cluster = cluster
        self._wish = wish
        self._readers: dict[Container, Reader] = {}
        self.cast = Cast(wish.replica, previous=wish.query.previous)

    def what_is_there(self, sources: Sequence[Source]) -> Said:
        """Tell all that the logs hold now."""
        for source in sources:
            listing = self._cluster.list_all(source.api_version, source.kind, source.selection)
            yield from self.cast.take([Listed(source, listing.items)])
        if self.cast.pods and not self.cast.meant:
            message = f"no pod of {self._wish.component} is {self._wish.replica!r}"
            if not self._wish.follow:
                raise UsageError(message, hint=self.cast.replicas())
            yield Note(message, self.cast.replicas())
        yield from self.cast.silent()
        notes: list[Note] = []
        yield from history(self._new(self.cast.talking()), notes)
        yield from notes

    def what_comes(self, sources: Sequence[Source]) -> Said:
        """Tell what the logs will hold, until all that could print has ended."""
        with Streams(self._cluster, sources) as streams, Followers(self.cast.standing) as followers:
            followers.start(self._readers.values())
            looked = 0.0
            while True:
                yield from followers.take(TICK)
                yield from self.cast.take(streams.take(0))
                yield from self.cast.silent()
                followers.start(self._new(self.cast.containers()))
                if not followers.busy and time.monotonic() - looked > LOOKED_AGAIN:
                    looked = time.monotonic()
                    if self._has_ended():
                        return

    def _new(self, containers: Iterable[Container]) -> list[Reader]:
        """Return the readers of logs that are not read yet."""
        fresh = [each for each in containers if each not in self._readers]
        query = self._wish.query
        made = {each: Reader(self._cluster, each, query, Position()) for each in fresh}
        self._readers |= made
        return list(made.values())

    def _has_ended(self) -> bool:
        """Return whether nothing makes pods any more of what made those there were."""
        return self.cast.seen and all(map(self._is_over, self.cast.makers))

    def _is_over(self, maker: tuple[str, str, str, str]) -> bool:
        version, kind, namespace, name = maker
        try:
            body = self._cluster.find(version, kind, name, namespace)
        except KfctlError:  # who may not look follows until Ctrl-C
            return False
        return body is None or (all(map(self._is_over, makers([body]))) and has_ended(body))
