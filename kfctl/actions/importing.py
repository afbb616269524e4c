"""Takes plain YAML into an app, as a component of the prototype `manifests`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.actions.app import check_name
from kfctl.actions.takeover import take
from kfctl.engine.identity import identity_problems
from kfctl.errors import AppError, KfctlError, Problem, UsageError
from kfctl.store.appfile import as_label
from kfctl.store.appfiles import component_names, component_text, load_app
from kfctl.store.files.reader import read_named
from kfctl.store.intake import Intake, Source, put, take_in
from kfctl.store.lock import locked
from kfctl.store.manifests import PROTOTYPE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.actions.takeover import Taken

STDIN = Path("-")


@dataclass(frozen=True)
class Imported:
    """A component that was made of manifests."""

    component: str
    taken: Taken
    others: tuple[str, ...]  # files that are no manifests


def import_manifests(root: Path, path: Path, name: str | None, *, dry_run: bool = False) -> Imported:
    """Make a component of the manifests at `path`, `-` for standard input; `dry_run` writes nothing."""
    component = _name(path, name)
    intake = _stream(path, component) if _is_stream(path) else take_in(path)
    taken = take(intake.sources, component)
    with locked(root):
        if component in component_names(root):
            hint = f"--name takes another name; kfctl component rm {component} makes room"
            raise UsageError(f"there is a component '{component}' already", hint=hint)
        if twins := list(dict.fromkeys(_twins(root, component, taken))):
            raise AppError.of(twins)
        if not dry_run:
            put(root, component, component_text(PROTOTYPE, {}), taken.files)
    return Imported(component, taken, intake.others)


def _name(path: Path, given: str | None) -> str:
    if given is not None:
        check_name("a component", given)
        return given
    named = (
        path if path.name not in ("", "..") else path.resolve()
    )  # the user's own name of it is the better one
    made = as_label(named.name if path.is_dir() else named.name.lstrip(".").rsplit(".", 1)[0])
    if _is_stream(path) or not made:
        message = "what comes from a pipe has no name" if _is_stream(path) else f"{path} gives no name"
        raise UsageError(message, hint="give the component one: --name COMPONENT")
    return made


def _is_stream(path: Path) -> bool:
    """Whether a path is standard input, or a pipe as of a shell's <(command)."""
    return path == STDIN or path.is_fifo()


def _stream(path: Path, component: str) -> Intake:
    called = "standard input" if path == STDIN else str(path)
    try:
        raw = read_named(str(path))
    except OSError as error:
        raise UsageError(f"can't read {called}: {error.strerror or error}") from None
    return Intake((Source(called, f"{component}.yaml", raw),))


def _twins(root: Path, component: str, taken: Taken) -> Iterator[Problem]:
    """Yield the objects that the app has already, in any of its environments."""
    from kfctl.actions.show import render_app
    from kfctl.engine.stamp import Owner, cluster_scoped, stamp

    try:
        app = load_app(root)
        rendered = {name: render_app(app, name) for name in app.environments}
    except KfctlError:  # then nobody can tell; the next `validate` says what is wrong
        return
    for name, there in rendered.items():
        namespace = app.environments[name].target.namespace or "default"
        scopes = cluster_scoped([*there, *taken.resources])
        placed = stamp(taken.resources, Owner(app.name, name, component, namespace), scopes)
        for found in identity_problems([*there, *placed]):
            yield found._replace(
                hint="leave it out of the file, or the component that makes it out of the app"
            )
