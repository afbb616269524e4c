"""Keeps each apply that changed something as a revision, and goes back to one."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.errors import KfctlError, Problem, Refused

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

    from kfctl.actions.apply import Apply, Options
    from kfctl.actions.plan import Subject
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.engine.revision import Contents, Revision
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.plan import Change
    from kfctl.model.resource import Key, Resource


def record(prepared: Apply, inventory: Inventory, undone: Collection[Key]) -> int:
    """Write what was applied as the next revision, and return its number; not what could not be made."""
    from kfctl.actions import history
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.revision import Contents, Revision

    about, decision = prepared.about, prepared.decision
    assert prepared.run is not None
    counts = decision.plan.counts()
    made = Revision(0, about.what, prepared.run, about.app.id, counts)
    failed = (change for change in decision.plan.changes if change.wanted and change.key in undone)
    lacking = {change.key for change in failed if not change.live or _would_seem_done(change)}
    contents = Contents(
        dict(_values(about)), tuple(each for each in decision.intents if each.key not in lacking)
    )
    hidden = secrets_of(about.app, about.environment).parameters
    kept = _of_others(prepared, inventory)
    return history.record(prepared.cluster, inventory, made, contents, hidden, kept).number


def _would_seem_done(change: Change) -> bool:
    """Whether what was not made anew would be taken for a job that has run, and that its TTL removed."""
    from kfctl.engine.health import ttl

    return change.wanted is not None and ttl(change.wanted.body) is not None


def _values(about: Subject) -> Iterator[tuple[str, Any]]:
    """Yield the values used, by component."""
    from kfctl.engine.resolve import examine
    from kfctl.store.catalog import catalog

    if about.values is not None or not about.app.components:
        yield from (about.values or {}).items()
        return
    prototypes = catalog(about.app.root)
    for name in about.components or about.app.components:
        component = about.app.components[name]
        prototype = prototypes.get(component.prototype, component.where)
        yield name, examine(about.app, about.environment, component, prototype)[0].plain()


def _of_others(prepared: Apply, inventory: Inventory) -> Contents:
    """Return what the last revision holds of components that this run was not about."""
    from kfctl.actions.history import read
    from kfctl.engine.revision import NOTHING, Contents

    chosen = prepared.about.components
    if not chosen or not inventory.revision:
        return NOTHING
    try:
        _, last = read(prepared.cluster, inventory, inventory.revision)
    except KfctlError:
        return NOTHING  # it is lost: what is not known can't be kept
    values = {name: value for name, value in last.values.items() if name not in chosen}
    return Contents(values, tuple(each for each in last.objects if each.component not in chosen))


def revisions_of(app: App, environment: Environment, login: Login) -> tuple[Revision, ...]:
    """Return the revisions of an app in an environment, the newest first."""
    from kfctl.actions import guard, history
    from kfctl.actions.inventory import load_inventory
    from kfctl.actions.plan import scope_of

    cluster = guard.connect(environment, login)
    return history.revisions(cluster, load_inventory(cluster, scope_of(app, environment, cluster)))


def prepare_rollback(app: App, environment: Environment, number: int, asked: tuple[Options, Login]) -> Apply:
    """Decide what it takes to go back to a revision: a plan like any other."""
    from dataclasses import replace

    from kfctl.actions import history
    from kfctl.actions.apply import prepare_for
    from kfctl.actions.inventory import load_inventory
    from kfctl.actions.plan import Subject, connect, scope_of
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.hidden import reveal

    options, login = asked
    cluster = connect(app, environment, login)
    inventory = load_inventory(cluster, scope_of(app, environment, cluster))
    _, contents = history.read(cluster, inventory, number)
    choices = replace(options.choices, will_write=not options.dry_run)
    secrets = secrets_of(app, environment)
    revealed = _revealed(cluster, contents, secrets.parameters, number)
    resources = tuple(resource for resource, _ in revealed)
    cluster = cluster.hiding(secrets.redactor(resources))
    what = f"rollback to {number}"
    values = reveal(contents.values, None, secrets.parameters).value
    warnings = tuple(_kept_as_they_are(revealed))
    rendered = _rendered(app, environment, contents)
    about = Subject(
        app, environment, cluster, choices, resources, (), warnings, what, values, rendered=rendered
    )
    return prepare_for(about, options)


def _rendered(app: App, environment: Environment, contents: Contents) -> tuple[Resource, ...]:
    """Return what the app's files render now, if the revision has objects outside the namespace."""
    from kfctl.actions.show import render_all

    home = environment.target.namespace or "default"
    if all(each.namespace == home for each in contents.objects):
        return ()
    try:
        return tuple(render_all(app, environment.name).resources)
    except KfctlError:
        return ()  # a rollback must work although the files are broken; objects outside are refused then


def _kept_as_they_are(revealed: Iterable[tuple[Resource, Sequence[str]]]) -> Iterator[str]:
    """Yield what does not go back, because the history has no secrets."""
    for resource, paths in revealed:
        if resource.kind == "Secret" and not resource.group and paths:
            yield f"{resource.key} keeps the data that it has now: secrets are not in the history"
        elif paths:
            yield f"{resource.key} keeps {', '.join(paths)} as it is now: it was made from a secret"


def _revealed(
    cluster: Cluster, contents: Contents, secrets: Mapping[str, Any], number: int
) -> list[tuple[Resource, tuple[str, ...]]]:
    """Return the objects of a revision with their secrets, and the paths of those that the cluster has."""
    from dataclasses import replace

    from kfctl.engine.hidden import needs_live, reveal

    found, lost = [], []
    for each in contents.objects:
        live = None
        if needs_live(each.body):
            live = cluster.find(each.api_version, each.kind, each.name, each.namespace)
        revealed = reveal(each.body, live, secrets)
        lost += [f"{each.key}: {name}" for name in revealed.missing]
        found.append((replace(each, body=revealed.value, secrets=revealed.fields), revealed.live))
    if lost:
        hint = "secrets are not kept in the history; put them back, or roll back by Git and apply"
        problems = [Problem(f"{name} is no longer known", hint=hint) for name in lost]
        raise Refused(f"revision {number} can't be made again", problems=problems)
    return found
