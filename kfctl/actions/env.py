"""Adds, changes and removes environments."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from kfctl.actions.app import check_name
from kfctl.errors import AppError, Refused, UsageError
from kfctl.model.absent import ABSENT
from kfctl.store.appfiles import (
    environment_names,
    environment_text,
    load_app,
    misnamed_environments,
    refuse_misnamed,
)
from kfctl.store.appfolder import ENVIRONMENTS
from kfctl.store.edit import Edit, edit
from kfctl.store.files.writer import remove, rename, write_file
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from kfctl.model.app import App, Environment, Target


@dataclass(frozen=True)
class Change:
    """What is to become of an environment; None leaves a thing as it is, an empty text takes it away."""

    name: str | None = None
    context: str | None = None
    namespace: str | None = None
    leave: bool = False  # what was applied stays where it is, and is no longer known here


@dataclass(frozen=True)
class Changed:
    """What became of an environment: what was said before and after, by title."""

    name: str
    path: str
    changes: dict[str, tuple[str, str]] = field(default_factory=dict)


def add_environment(root: Path, name: str, target: Target) -> str:
    """Make an environment, and return the path of its file."""
    _check_name(root, name)
    path = f"environments/{name}.yaml"
    with locked(root):
        _check_name(root, name)
        write_file(root, path, environment_text(target))
    return path


def change_environment(root: Path, name: str, change: Change) -> Changed:
    """Change an environment; Refused if objects on a cluster would be lost sight of."""
    if change.namespace:
        check_name("a namespace", change.namespace)
    with locked(root):
        app = load_app(root, components=[], environments=[name])
        environment = app.environments[name]
        changes = dict(_changes(environment, change))
        if change.name is not None and change.name != name:
            _check_name(root, change.name)
        if changes and not change.leave:
            refuse_if_applied(app, environment, "it would be changed")
        path = environment.where.path
        edits = [
            Edit(path, ("target", key), new or ABSENT)
            for key, (old, new) in changes.items()
            if key != "name" and (old or new)
        ]
        edit(root, [*edits, *_unguarded(environment, change, changes)])
        if "name" in changes:
            rename(root, path, f"environments/{change.name}.yaml")
    return Changed(change.name or name, f"environments/{change.name or name}.yaml", changes)


def remove_environment(root: Path, name: str, *, leave: bool = False) -> str:
    """Remove an environment's file, and return its path; Refused if objects would be lost sight of."""
    with locked(root):
        app = load_app(root, components=[], environments=[name])
        environment = app.environments[name]
        if not leave:
            refuse_if_applied(app, environment, "it would be removed")
        remove(root, environment.where.path)
    return environment.where.path


def each_environment(root: Path) -> dict[str, Environment | AppError]:
    """Return the app's environments by name, or what is wrong with their files."""
    found: dict[str, Environment | AppError] = {}
    for name in sorted({*environment_names(root), *misnamed_environments(root)}):
        try:
            found[name] = load_app(root, components=[], environments=[name]).environments[name]
        except AppError as error:
            found[name] = error
    return found


def refuse_if_applied(app: App, environment: Environment, what: str) -> None:
    """Raise Refused, with the command that clears the cluster, if the environment was applied."""
    target = environment.target
    if not target.cluster_uid:
        return
    where = f"--namespace {target.namespace or 'default'}" + (
        f" --context {target.context}" if target.context else ""
    )
    message = (
        f"environment {environment.name} was applied, and {what}: "
        "kfctl would no longer find what it made on the cluster"
    )
    hint = (
        f"remove it there first: kfctl delete --app {app.name} --env {environment.name} {where}; "
        "or go on with --leave, and it stays there"
    )
    raise Refused(message, where=environment.where, hint=hint)


def _changes(environment: Environment, change: Change) -> Iterator[tuple[str, tuple[str, str]]]:
    """Yield what differs from now: title, old, new."""
    target = environment.target
    wanted = {
        "name": (environment.name, change.name),
        "context": (target.context or "", change.context),
        "namespace": (target.namespace or "", change.namespace),
    }
    for key, (old, new) in wanted.items():
        if new is not None and new != old:
            yield key, (old, new)


def _unguarded(
    environment: Environment, change: Change, changes: dict[str, tuple[str, str]]
) -> Iterator[Edit]:
    """Yield the edit that forgets the cluster: the context was named, or the namespace was its identity."""
    recorded = environment.target.cluster_uid or ""
    by_namespace = recorded.startswith("namespace/") and "namespace" in changes
    if recorded and (change.context is not None or by_namespace):
        changes["clusterUid"] = (recorded, "")
        yield Edit(environment.where.path, ("target", "clusterUid"), ABSENT)


def _check_name(root: Path, name: str) -> None:
    check_name("an environment", name)
    if name in environment_names(root):
        hint = f"change it with `kfctl env set {name}`"
        raise UsageError(f"there is an environment '{name}' already", hint=hint)
    refuse_misnamed(root, ENVIRONMENTS, name)
