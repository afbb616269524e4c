"""The user's app on disk: found, read whole and checked, or made anew."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl import __version__, yamltext
from kfctl.errors import AppError, Location, Problem, did_you_mean
from kfctl.forks import spread
from kfctl.model.app import App, Component, Environment, Target
from kfctl.model.declaration import is_plain_name
from kfctl.store.appfile import API_VERSION, AppFile, bad_name, is_label
from kfctl.store.appfolder import COMPONENTS, ENVIRONMENTS, PROTOTYPES, AppFolder
from kfctl.store.files.owner import foreign_owner
from kfctl.store.files.reader import Tree, read_file
from kfctl.store.files.writer import confined, create_directory, write_file
from kfctl.store.manifests import raw_manifests

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

APP_FILE = "kfctl.yaml"
FORMAT_SINCE = "0.1.0"  # the first version that reads the files as this one writes them
MAX_NAME = 40  # of an app: it becomes part of the names of objects on the cluster

_IDENTITY = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9]{0,61}[A-Za-z0-9])?")


def find_app(start: Path, directory: str | None = None) -> Path:
    """Return the app's folder: `directory` if given, else the nearest one from `start` upwards."""
    folder = start if directory is None else start / directory
    if directory is not None and not os.path.lexists(os.path.normpath(folder)):
        # A slip must not mean the app around it.
        raise AppError(f"there is no folder {folder}", hint="--dir DIR is the app's folder, or one in it")
    found = enclosing_app(folder)
    if found is None:
        message = f"there is no app here: no {APP_FILE} in {folder} or in a folder above it"
        raise AppError(message, hint="kfctl init NAME makes one; --dir DIR takes one that is elsewhere")
    named = directory is not None and found == Path(os.path.normpath(folder.absolute()))
    if not named and (owner := _foreign_owner(found)):
        import shlex

        message = f"the app belongs to {owner}, not to you"
        hint = f"if you trust its files, name it: --dir {shlex.quote(str(found))}"
        raise AppError(message, where=Location(str(found / APP_FILE)), hint=hint)
    return found


def _foreign_owner(root: Path) -> str:
    """Return who owns an app that is not the user's; anyone can add a folder to an app in /tmp."""
    parts = (root / APP_FILE, root, *(root / name for name in (COMPONENTS, ENVIRONMENTS, PROTOTYPES)))
    return next((owner for part in parts if os.path.lexists(part) and (owner := foreign_owner(part))), "")


def enclosing_app(start: Path) -> Path | None:
    """Return the app that `start` is in, or None; as Git does, stay on one file system."""
    # Not resolved: the user's own name of it is the better one.
    start = Path(os.path.normpath(start.absolute()))
    device = _device(start)
    for folder in (start, *start.parents):
        if _device(folder) != device:
            return None
        if os.path.lexists(folder / APP_FILE):
            return folder
    return None


def _device(folder: Path) -> int | None:
    """Return the file system of a directory, or of the one that it would be created in; None if unknown."""
    try:
        return folder.stat().st_dev
    except (FileNotFoundError, NotADirectoryError):
        return _device(folder.parent)
    except OSError:
        return None


def component_names(root: Path) -> tuple[str, ...]:
    """Return the names of the app's components, sorted, without reading their files."""
    return _names(root, COMPONENTS)


def environment_names(root: Path) -> tuple[str, ...]:
    """Return the names of the app's environments, sorted, without reading their files."""
    return _names(root, ENVIRONMENTS)


def _names(root: Path, folder: str) -> tuple[str, ...]:
    listed = AppFolder(root, folder, [])
    if listed.unreadable:
        raise listed.unreadable
    return tuple(listed.files)


def misnamed_environments(root: Path) -> tuple[str, ...]:
    """Return the names that environments would have whose files are not read: prod of `prod.yml`."""
    return tuple(AppFolder(root, ENVIRONMENTS, []).misnamed)


def refuse_misnamed(root: Path, folder: str, name: str) -> None:
    """Raise an AppError if there is something of that name in a folder of the app, which is not read."""
    problems: list[Problem] = []
    AppFolder(root, folder, problems, [name])
    if problems:
        raise AppError.of(problems)


def load_app(
    root: Path, *, components: Collection[str] | None = None, environments: Collection[str] | None = None
) -> App:
    """Return the app in `root`; every fault of every file is in one error.

    With `components` or `environments` only those are read: what is wrong with a neighbour does not matter.
    """
    problems: list[Problem] = []
    head = _read(root, APP_FILE, problems)
    _check_version(head)
    head.head("App", ("name", "id", "minVersion", "globals"))
    name = head.text("name", required=True) or ""
    if name and not is_label(name, MAX_NAME):
        head.problem(bad_name("an app's name", name, MAX_NAME), "name")
    identity = head.text("id", required=True) or ""
    if identity and not _IDENTITY.fullmatch(identity):
        head.problem("an app's id is made of letters, digits and inner dashes, at most 63 characters", "id")
    folder = AppFolder(root, COMPONENTS, problems, components)
    app = App(
        name=name,
        id=identity,
        root=str(root),
        globals=head.settings("globals"),
        components=_components(root, folder, problems),
        environments={
            each: _environment(_read(root, path, problems), each, folder.files)
            for each, path in AppFolder(root, ENVIRONMENTS, problems, environments).chosen()
        },
        min_version=head.text("minVersion"),
    )
    if problems:
        raise AppError(problems[0].message, problems=problems)
    return app


def create_app(root: Path, name: str, target: Target) -> App:
    """Make an app in the folder `root`, with one environment, `default`, for `target`."""
    if not is_label(name, MAX_NAME):
        raise AppError(bad_name("an app's name", name, MAX_NAME))
    outer = enclosing_app(root)
    if outer is not None:
        raise AppError(f"{outer} is an app already", where=Location(str(outer / APP_FILE)))
    from uuid import uuid4  # 4 ms that no other command pays

    create_directory(*confined(None, root))
    for folder in (COMPONENTS, ENVIRONMENTS):
        create_directory(root, folder)
        if any(entry.name[0] != "." for entry in Tree(root).entries(folder)):
            message = f"the folder {folder} is there already, with files in it"
            raise AppError(message, where=Location(str(root / folder)), hint="make the app in another folder")
    write_file(root, "environments/default.yaml", environment_text(target))
    write_file(root, APP_FILE, app_text(name, str(uuid4())))  # last: with it, it is an app
    return load_app(root)


def app_text(name: str, identity: str, globals_: Mapping[str, Any] | None = None) -> str:
    """Return the content of a new `kfctl.yaml`."""
    more = {"globals": dict(globals_)} if globals_ else {}
    return _head_text("App") + yamltext.dump(
        {"name": name, "id": identity, "minVersion": FORMAT_SINCE, **more}
    )


def component_text(prototype: str, params: Mapping[str, Any]) -> str:
    """Return the content of a new component's file."""
    return _head_text("Component") + yamltext.dump({"prototype": prototype, "params": dict(params)})


def environment_text(target: Target, sections: Mapping[str, Mapping[str, Any]] | None = None) -> str:
    """Return the content of a new environment's file; `sections` are its globals and components."""
    known = {"context": target.context, "namespace": target.namespace, "clusterUid": target.cluster_uid}
    filled = {name: section for name, section in (sections or {}).items() if section}
    return _head_text("Environment") + yamltext.dump(
        {"target": {key: value for key, value in known.items() if value}, **filled}
    )


def _head_text(kind: str) -> str:
    return yamltext.dump({"apiVersion": API_VERSION, "kind": kind})


def _read(root: Path, path: str, problems: list[Problem]) -> AppFile:
    """Return a file of the app; of one that can't be read, an empty one, after noting why."""
    try:
        return AppFile(path, yamltext.load_located(read_file(root, path), path), problems)
    except AppError as error:
        problems += error.problems
    return AppFile(path, None, problems)


def _components(root: Path, folder: AppFolder, problems: list[Problem]) -> dict[str, Component]:
    """Return the components of the files that matter."""

    def one(chosen: tuple[str, str]) -> tuple[Component, list[Problem]]:
        noted: list[Problem] = []
        return _component(_read(root, chosen[1], noted), chosen[0], folder.noting(noted)), noted

    read = spread(one, list(folder.chosen()))
    problems += (problem for _, noted in read for problem in noted)
    return {component.name: component for component, _ in read}


def _component(file: AppFile, name: str, folder: AppFolder) -> Component:
    file.head("Component", ("prototype", "params", "patches"))
    prototype = file.text("prototype", required=True) or ""
    if prototype and not is_plain_name(prototype):
        file.problem("prototype must be a name without slashes that does not begin with a dot", "prototype")
    return Component(
        name=name,
        prototype=prototype,
        params=file.settings("params"),
        patches=file.patches("patches"),
        where=Location(file.path),
        manifests=folder.manifests(name, prototype),
    )


def _environment(file: AppFile, name: str, components: Collection[str]) -> Environment:
    file.head("Environment", ("target", "globals", "components", "patches"))
    file.only(("context", "namespace", "clusterUid"), "target")
    for section in ("components", "patches"):
        for each in file.mapping(section):
            if each not in components:
                hint = did_you_mean(each, components) or "remove it, or make it with kfctl generate"
                file.problem(f"there is no component '{each}'", section, each, of_key=True, hint=hint)
    namespace = file.text("target", "namespace")
    if namespace and not is_label(namespace):
        file.problem(bad_name("a namespace", namespace), "target", "namespace")
    return Environment(
        name=name,
        target=Target(file.text("target", "context"), namespace, file.text("target", "clusterUid")),
        globals=file.settings("globals"),
        components={each: file.settings("components", each) for each in file.mapping("components")},
        patches={each: file.patches("patches", each) for each in file.mapping("patches")},
        where=Location(file.path),
    )


def _check_version(head: AppFile) -> None:
    """Refuse an app that a newer kfctl wrote, before its files look wrong to this one."""
    wanted = head.value.get("minVersion")
    if isinstance(wanted, str) and _numbers(wanted) > _numbers(__version__):
        message = f"this app needs kfctl {wanted} or newer, and this is {__version__}"
        raise AppError(message, where=head.where("minVersion"), hint="install a newer kfctl")


def _numbers(version: str) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", version)[:3]]


__all__ = [
    "APP_FILE",
    "app_text",
    "component_names",
    "component_text",
    "create_app",
    "enclosing_app",
    "environment_names",
    "environment_text",
    "find_app",
    "load_app",
    "misnamed_environments",
    "raw_manifests",
    "refuse_misnamed",
]
