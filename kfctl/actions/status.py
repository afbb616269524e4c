"""How an app is in an environment: its components, their objects, the pods of these."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.errors import KfctlError
from kfctl.model.resource import Key, Resource, at
from kfctl.model.status import Health, Status

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kfctl.actions.judge import Judge
    from kfctl.actions.observe import Ours
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.model.app import App, Environment
    from kfctl.model.plan import Scope
    from kfctl.model.redactor import Redactor

    Body = Mapping[str, Any]

NO_LONGER = "no longer in the app"
_REPLICA_SETS = ("apps/v1", "ReplicaSet")


@dataclass(frozen=True)
class ComponentStatus:
    """A component and the statuses of its objects."""

    name: str
    objects: tuple[Status, ...]
    spawned: tuple[Status, ...] = ()  # what its program made, such as notebooks

    @property
    def health(self) -> Health:
        """The worst health among the objects."""
        return max((status.health for status in self.objects), key=list(Health).index, default=Health.READY)


@dataclass(frozen=True)
class AppStatus:
    """The components of an app in one environment, as they are on the cluster."""

    scope: Scope
    components: tuple[ComponentStatus, ...]
    warnings: tuple[str, ...] = ()
    unread: bool = False  # whether there is something that may not be read, or could not be


def status(app: App, environment: Environment, components: Sequence[str], login: Login) -> AppStatus:
    """Return how the app (or these components of it) is."""
    return Looking(app, environment, components, login).look()


class Looking:
    """Looks at an app on its cluster, as often as is wanted."""

    def __init__(self, app: App, environment: Environment, components: Sequence[str], login: Login) -> None:
        """Look at the app, or at these components of it."""
        from kfctl.actions import guard
        from kfctl.actions.plan import scope_of

        self._of = (app, environment)
        self._components = components
        self._resources, self._warnings = _rendered(app, environment, components)
        self._redactor = _redactor(app, environment, self._resources)
        self._cluster = guard.connect(environment, login, self._redactor)
        self._scope = scope_of(app, environment, self._cluster)

    def look(self) -> AppStatus:
        """Return how it is now."""
        from kfctl.actions import observe
        from kfctl.actions.inventory import readable_inventory
        from kfctl.actions.judge import Judge
        from kfctl.actions.ran import ran
        from kfctl.actions.selecting import with_idle
        from kfctl.engine.health import gone
        from kfctl.engine.ownership import intent
        from kfctl.model.redactor import data_of

        cluster, scope = self._cluster, self._scope
        wanted = observe.placed(cluster, self._resources, scope.namespace)
        inventory = readable_inventory(cluster, scope)
        there = observe.ours(cluster, inventory, wanted)
        keys = {resource.key for resource in wanted}
        left = set(_left_behind(there, keys, self._components))
        data = (value for body in there.objects.values() for value in data_of(body))
        judge = Judge(cluster, redactor=self._redactor.including(data))
        present = {key: there.objects[key] for key in keys | left if key in there.objects}
        found = _judged(cluster, scope, present, judge)
        found = {key: replace(s, message=_left(s)) if key in left else s for key, s in found.items()}
        found |= with_idle(cluster, found, wanted, keys)
        absent = [intent(r, scope.app_id) for r in wanted if r.key not in found]
        over = ran(cluster, inventory, absent, self._of)
        missing = {r.key: gone(r.body) if r.key in over else _missing(r, cluster, scope) for r in absent}
        unread = bool(there.gaps) or any(each.health is Health.UNKNOWN for each in missing.values())
        found |= missing
        bodies = {resource.key: resource.body for resource in wanted} | dict(there.objects)
        trees = tuple(_components(cluster, found, bodies, judge))
        return AppStatus(scope, trees, (*self._warnings, *there.gaps), unread)


def _left_behind(there: Ours, wanted: Collection[Key], components: Collection[str]) -> Iterator[Key]:
    """Yield what is ours and no longer wanted; with `components` only what was theirs."""
    from kfctl.engine.keep import Member, is_copy
    from kfctl.engine.ownership import COMPONENT

    for key, body in there.objects.items():
        concerned = not components or at(body, "metadata", "labels", COMPONENT) in components
        if key not in wanted and concerned and not is_copy(Member(Resource(body))):
            yield key


def _redactor(app: App, environment: Environment, resources: Sequence[Resource]) -> Redactor:
    """Return what no message may quote; nothing where the app's files are too broken to read it."""
    from kfctl.actions.secrets import Secrets, secrets_of

    try:
        return secrets_of(app, environment).redactor(resources)
    except KfctlError:
        return Secrets().redactor(resources)


def _rendered(
    app: App, environment: Environment, components: Sequence[str]
) -> tuple[list[Resource], tuple[str, ...]]:
    """Return what the app wants; where its files are wrong, nothing: labels tell what is there."""
    from kfctl.actions.show import render_app

    try:
        return render_app(app, environment.name, components), ()
    except KfctlError as error:
        return [], (f"the app can't be rendered, so what is missing can't be told: {error}",)


def _judged(cluster: Cluster, scope: Scope, objects: Mapping[Key, Body], judge: Judge) -> dict[Key, Status]:
    """Return the statuses of objects that are there, with their pods, and why they are not ready."""
    from kfctl.actions.explain import Troubled, explained
    from kfctl.cluster.scene import Scene

    bodies = list(objects.values())
    scene = Scene(bodies, judge)
    for listed in _below(cluster, scope, bodies, judge):
        scene.take(listed)
    judged = {each.key: each for each in scene.changes()}
    troubled = [
        Troubled(each, objects[key], scene.pods(key)) for key, each in judged.items() if not each.health.good
    ]
    return judged | {each.key: each for each in explained(cluster, troubled, judge)}


def _below(cluster: Cluster, scope: Scope, bodies: Sequence[Body], judge: Judge) -> Iterator[Any]:
    """Return all pods of the app, and what stands between them and its objects."""
    from kfctl.cluster.pool import parallel
    from kfctl.cluster.request import Selection
    from kfctl.cluster.streams import Listed, Source
    from kfctl.engine.ownership import selector

    spaces = {Resource(body).namespace for body in bodies} - {""}
    between = {kind for body in bodies for kind in judge.between(body)}
    labels = selector(scope) if between <= {_REPLICA_SETS} else ""  # others may pass no labels on
    kinds = [*sorted(between), ("v1", "Pod")]
    sources = [Source(*kind, Selection(space, labels=labels)) for kind in kinds for space in sorted(spaces)]
    listings = parallel(lambda s: cluster.list_all(s.api_version, s.kind, s.selection), sources)
    for source, listing in zip(sources, listings, strict=True):
        if not isinstance(listing, KfctlError):  # who may not see pods sees the objects
            yield Listed(
                Source(source.api_version, source.kind, Selection(source.selection.namespace)), listing.items
            )


def _missing(wanted: Resource, cluster: Cluster, scope: Scope) -> Status:
    try:
        there = cluster.find(wanted.api_version, wanted.kind, wanted.name, wanted.namespace)
    except KfctlError as error:
        return Status(wanted.key, Health.UNKNOWN, f"it can't be read: {error.message}", wanted.component)
    message = _whose(there, scope) if there else "not applied, or deleted"
    return Status(wanted.key, Health.MISSING, message, wanted.component)


def _whose(there: Body, scope: Scope) -> str:
    """Return why what is there is not among what the app's record leads to."""
    from kfctl.engine.ownership import owner_of

    owner = owner_of(there, scope)
    if owner and owner.ours:
        return "it is there, but not in the app's record: kfctl fsck"
    return f"it is there, but belongs to {owner.name}" if owner else "it is there, but not this app's"


def _left(status: Status) -> str:
    return f"{status.message}; {NO_LONGER}" if status.message else NO_LONGER


def _components(
    cluster: Cluster, found: Mapping[Key, Status], bodies: Mapping[Key, Body], judge: Judge
) -> Iterator[ComponentStatus]:
    """Group statuses by component, objects in the order in which they are applied."""
    from kfctl.engine.order import sort_key

    by_name: dict[str, list[Status]] = {}
    for each in found.values():
        by_name.setdefault(each.component, []).append(each)
    for name, statuses in sorted(by_name.items()):
        statuses.sort(key=lambda each: sort_key(_bare(each.key)))
        theirs = [bodies[each.key] for each in statuses if each.key in bodies]
        yield ComponentStatus(name, tuple(statuses), tuple(_spawned(cluster, theirs, judge)))


def _bare(key: Key) -> Resource:
    version = f"{key.group}/v1" if key.group else "v1"
    return Resource({"apiVersion": version, "kind": key.kind, "metadata": {"name": key.name}})


def _spawned(cluster: Cluster, bodies: Iterable[Body], judge: Judge) -> Iterator[Status]:
    """Yield what programs made: pods and claims, found by what the workloads that run them tell."""
    from kfctl.actions.spawned import made_by
    from kfctl.engine.spawned import is_spawned, spawns_of

    try:
        made, _ = made_by(cluster, [spawn for body in bodies for spawn in spawns_of(body)])
    except KfctlError:  # who may not see it sees the objects
        return
    yield from (judge.health(body, ()) for _, body in made if is_spawned(body))
