"""Makes a new app: whole, or not at all."""

from __future__ import annotations

import os
import uuid
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.actions.generate import generate
from kfctl.actions.given import Given
from kfctl.errors import AppError, UsageError
from kfctl.store.appfile import as_label
from kfctl.store.appfiles import APP_FILE, create_app, enclosing_app
from kfctl.store.files.reader import Tree
from kfctl.store.files.writer import create_directory, remove, rename

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.actions.generate import Generated
    from kfctl.model.app import Target

MAX_NAME = 40
MAX_NAMESPACE = 63  # a DNS-1123 label
OPERATOR = "tf-job-operator"
DEPLOYED = (OPERATOR, "jupyterhub")  # what Kubeflow 0.2.5's deploy.sh deployed, as far as it lives on
OURS = ("components", "environments", "prototypes", APP_FILE)  # the last makes it an app


@dataclass(frozen=True)
class Made:
    """A new app."""

    folder: Path
    name: str
    generated: tuple[Generated, ...]


def init(folder: Path, target: Target, prototypes: Sequence[str] = ()) -> Made:
    """Make an app in `folder`, new or not, with one component of each of the prototypes."""
    name = app_name(folder)
    with building_site(folder) as site:
        create_app(site, name, target)
        values = {OPERATOR: _own_namespace(target)}
        generated = tuple(generate(site, each, each, values.get(each, ())) for each in prototypes)
    return Made(folder, name, generated)


@contextmanager
def building_site(folder: Path, *, keep: bool = True) -> Iterator[Path]:
    """Give a folder in which to make the app of `folder`: it goes there in the end, if nothing fails."""
    _refuse(folder)
    within = folder if folder.is_dir() else folder.parent
    site = within / f".kfctl-init-{uuid.uuid4().hex[:8]}"
    create_directory(within, site.name, is_new=True)
    try:
        yield site
        if keep:
            _move(site, folder)
    finally:
        with suppress(AppError):
            remove(within, site.name)


def _own_namespace(target: Target) -> tuple[Given, ...]:
    """Return the values that put the operator, whose rights are cluster-wide, out of the hub's namespace.

    The hub's token creates pods, and a pod may run as any ServiceAccount of its namespace.
    """
    suffix = "-operator"
    namespace = (target.namespace or "default")[: MAX_NAMESPACE - len(suffix)] + suffix
    return Given("namespace", (namespace,)), Given("createNamespace", ("true",))


def app_name(folder: Path) -> str:
    """Return the name of an app in `folder`: its last part as a DNS-1123 label."""
    return as_label(folder.resolve().name, MAX_NAME) or "app"


def _refuse(folder: Path) -> None:
    outer = enclosing_app(folder)
    if outer == Path(os.path.normpath(folder)):
        raise UsageError(f"{folder} is an app already", hint="kfctl generate adds components to it")
    if outer:
        raise UsageError(
            f"{outer} is an app, and one app can't be in another",
            hint="go out of it, or give --dir a folder elsewhere",
        )
    if os.path.lexists(folder) and not folder.is_dir():
        raise UsageError(f"{folder} is a file", hint="choose another name")
    if not folder.parent.is_dir():
        raise UsageError(f"there is no folder {folder.parent}", hint=f"mkdir -p {folder.parent}")
    taken = [name for name in OURS if os.path.lexists(folder / name)]
    if taken:
        hint = "make the app in a new folder: give its name"
        raise UsageError(f"{folder} has {' and '.join(taken)}, which kfctl would overwrite", hint=hint)


def _move(site: Path, folder: Path) -> None:
    if site.parent != folder:
        rename(folder.parent, site.name, folder.name)
        return
    moved: list[str] = []
    try:
        for name in OURS:
            if Tree(site).has(name):
                rename(folder, f"{site.name}/{name}", name)
                moved.append(name)
    except BaseException:
        for name in moved:
            remove(folder, name)
        raise
