"""Removes an app from a cluster: the same engine with nothing wanted, by what the record there says."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from kfctl.engine.ownership import MADE_FOR
from kfctl.engine.plan import Choices
from kfctl.errors import AppError, Location, NotFound, UsageError

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator
    from pathlib import Path

    from kfctl.actions.apply import Apply, Options
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.engine.keep import Permits
    from kfctl.model.app import App, Environment, Target
    from kfctl.model.inventory import Inventory

_TO_GO = 60.0  # seconds at most for what an app leaves behind in its namespace to go by itself
_PAUSE = 1.0  # seconds between two looks at it


@dataclass(frozen=True)
class Named:
    """An app in an environment on a cluster, named without its directory."""

    app: str
    environment: str
    namespace: str | None = None


def of_directory(root: Path, environment: str, namespace: str | None) -> tuple[App, Environment]:
    """Return the app in a directory; its components don't matter, they may be broken or gone."""
    from kfctl.model.app import Target
    from kfctl.store.appfiles import load_app

    app = load_app(root, components=[], environments=[environment])
    found = app.environments[environment]
    target = Target(found.target.context, namespace or found.target.namespace, found.target.cluster_uid)
    return _bare(app.name, app.id), _empty(environment, target, found.where)


def of_cluster(named: Named, login: Login) -> tuple[App, Environment, Cluster]:
    """Return the app as its record on the cluster has it."""
    from kfctl.actions.target import Wish, current_target
    from kfctl.cluster import client, ownership
    from kfctl.engine.applyset import tolerant
    from kfctl.model.app import Target

    target, _ = current_target(Wish(login.context, named.namespace, login.kubeconfig))
    target = Target(target.context, target.namespace or "default")
    here = Location("command line")
    environment = _empty(named.environment, target, here)
    cluster = client.connect(login)
    record = f"kfctl.{named.app}.{named.environment}"
    body = ownership.find_parent(cluster, record, target.namespace or "default")
    if body is None:
        there = ownership.find_parents(cluster, target.namespace or "default")
        known = ", ".join(f"--app {each.app} --env {each.environment}" for each in map(tolerant, there))
        raise UsageError(
            f"no app {named.app} is recorded for environment {named.environment} "
            f"in namespace {target.namespace} of {cluster.context}",
            hint=f"there are: {known}" if known else "kfctl list -A shows all there are",
        )
    return _bare(named.app, tolerant(body).app_id), environment, cluster


def _bare(name: str, app_id: str) -> App:
    from kfctl.model.app import App, Settings

    return App(name, app_id, "", Settings(), {}, {})


def _empty(name: str, target: Target, where: Location) -> Environment:
    from kfctl.model.app import Environment, Settings

    return Environment(name, target, Settings(), {}, {}, where)


def prepare(
    what: tuple[App, Environment, Cluster], components: tuple[str, ...], permits: Permits, options: Options
) -> Apply:
    """Decide what goes; nothing is written."""
    from kfctl.actions.apply import prepare_for
    from kfctl.actions.plan import Subject

    app, environment, cluster = what
    choices = Choices(will_write=True, allow_empty=True, permits=permits)
    name = " -c ".join(("delete", *components))
    about = Subject(app, environment, cluster, choices, (), components, what=name, deletes=True)
    return replace(prepare_for(about, options), removes=not components)


def wind_up(prepared: Apply, root: Path | None) -> Iterator[str]:
    """Do what there is to do when nothing of an app is left on a cluster, and yield what to say of it.

    The environment in the app's directory `root` is bound to no cluster any more; the namespace goes, if that
    is permitted, an apply had made it and nobody else has anything in it.
    """
    from kfctl.cluster.ownership import find_parent

    inventory = prepared.decision.inventory
    if not prepared.removes or find_parent(prepared.cluster, inventory.name, inventory.namespace):
        return
    environment = prepared.about.environment
    if root and environment.target.cluster_uid and prepared.plan.scope.cluster_read:
        yield _unbound(root, environment)
    if prepared.about.choices.permits.namespaces:
        yield from _without_namespace(prepared)


def _unbound(root: Path, environment: Environment) -> str:
    """Forget the cluster of an environment: the next apply may go to another one."""
    from kfctl.model.absent import ABSENT
    from kfctl.store.edit import Edit, edit

    path = environment.where.path
    try:
        edit(root, [Edit(path, ("target", "clusterUid"), ABSENT)])
    except AppError as error:
        return f"{path} still names the cluster that nothing is left on: {error}"
    return f"environment {environment.name} is bound to no cluster any more (clusterUid is out of {path})"


def _without_namespace(prepared: Apply) -> Iterator[str]:
    from kfctl.cluster.request import Precondition
    from kfctl.model.resource import at

    cluster, name = prepared.cluster, prepared.decision.inventory.namespace
    found = cluster.find("v1", "Namespace", name)
    if found is None:
        return  # it was an object of the app itself
    if at(found, "metadata", "annotations", MADE_FOR) != prepared.decision.inventory.id:
        yield f"namespace {name} stays: no apply of this app has made it"
        return
    why = yield from _why_it_stays(prepared)
    if why:
        yield f"namespace {name} stays: {why}"
        return
    metadata = found["metadata"]
    cluster.delete(found, Precondition(metadata["uid"], metadata["resourceVersion"]))
    yield f"namespace {name}, which an apply had made, is being deleted"


def _why_it_stays(prepared: Apply) -> Generator[str, None, str]:
    """Return what keeps the app's namespace, once all is gone that is on its way out; nothing: an empty text.

    Pods take their time to end, and what controllers made goes a moment after what they made it for.
    """
    from kfctl.cluster.ownership import contents
    from kfctl.engine.prune import leaving, staying

    inventory, waited = prepared.decision.inventory, False
    end = time.monotonic() + min(prepared.options.timeout, _TO_GO)
    while True:
        listed = contents(prepared.cluster, inventory.namespace)
        if gap := next((each.gap for each in listed if each.gap), ""):
            return f"it is not known what is in it: {gap}"
        held = tuple(staying(listed, set(), inventory.id))
        names = ", ".join(map(str, held))
        if not held or not leaving(listed, held) or time.monotonic() > end:
            return f"it holds {names}" if held else ""
        if not waited:
            yield f"namespace {inventory.namespace} goes when {names} {'are' if held[1:] else 'is'} gone"
        waited = True
        time.sleep(_PAUSE)


def clear_lock(cluster: Cluster, inventory: Inventory) -> None:
    """Remove the lock of an app that is no more, unless another run has taken it meanwhile."""
    from kfctl.cluster.lock import holding
    from kfctl.cluster.ownership import find_parent
    from kfctl.cluster.request import Precondition
    from kfctl.errors import Conflict

    held = holding(cluster, (inventory.name, inventory.namespace))
    if held is None or held.who or find_parent(cluster, inventory.name, inventory.namespace):
        return
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": inventory.name, "namespace": inventory.namespace},
    }
    try:
        cluster.delete(lease, Precondition(resource_version=held.version))
    except (Conflict, NotFound):
        return
