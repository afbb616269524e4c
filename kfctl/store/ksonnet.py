"""Reads an app of ksonnet, in the layouts of ks 0.8 to 0.13; nothing in it is changed or run."""

from __future__ import annotations

import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from kfctl.errors import AppError, KfctlError, Location, Problem
from kfctl.model.app import Settings
from kfctl.model.declaration import is_plain_path
from kfctl.model.ksonnet import KsApp, KsComponent, KsEnvironment
from kfctl.model.resource import at
from kfctl.store.files.reader import Tree, read_file
from kfctl.store.jsonnet import Object, Program, parse, plain

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_SCOPES = {"param": "params", "env": "env"}
_HEAD = re.compile(
    r"""local (?:env|params) = std\.extVar\("__ksonnet/(?:environments|params)"\)[^;]{0,200};"""
)

APP_YAML, OVERRIDE = "app.yaml", "app.override.yaml"

_KIND = re.compile(r"""^kind:\s*["']?ksonnet\.io/app\b""", re.MULTILINE)
_HEADER = re.compile(r"^[ \t]*//[ \t]*@name[ \t]+(\S+)", re.MULTILINE)
_IMPORT = re.compile(r"""import\s+["'](?:kubeflow/)([\w./-]+)["']""")
# What a component imports → the prototype that it was made from.
_IMPORTED = {
    "core/all.libsonnet": "kubeflow-core",
    "core/jupyterhub.libsonnet": "jupyterhub",
    "core/tensorboard.libsonnet": "tensorboard",
    "core/tf-job-operator.libsonnet": "tf-job-operator",
    "jupyter/jupyterhub.libsonnet": "jupyterhub",
    "tensorboard/tensorboard.libsonnet": "tensorboard",
    "tf-job/tf-job.libsonnet": "tf-job",
    "tf-serving/tf-serving.libsonnet": "tf-serving",
    "tf-training/tf-job-operator.libsonnet": "tf-job-operator",
}


def ksonnet_root(path: Path) -> Path | None:
    """Return the folder of the ksonnet app that is meant by it, or by its `app.yaml`; None if it is none."""
    root = path.parent if path.name == APP_YAML else path
    tree = Tree(root)
    is_app = tree.is_file(APP_YAML) and _KIND.search(tree.read(APP_YAML).decode(errors="replace"))
    return root if is_app else None


def read_ksonnet(root: Path) -> KsApp:
    """Return the app in a folder; AppError where a file can't be read at all."""
    left: list[Problem] = []
    broken: list[Problem] = []
    params = _program(root, "components/params.libsonnet", broken)
    own = params.result if isinstance(params.result, Object) else Object({}, {})
    by_component = own.values.get("components")
    components = {
        component.name: component
        for component in _components(root, by_component if isinstance(by_component, Object) else None, left)
    }
    left += _without_file(by_component, components)
    environments = {each.name: each for each in _environments(root, left, broken)}
    left += _unread(root, environments)
    said = (_settings(own.values.get("global")), components, environments)
    return KsApp(str(root), *said, tuple(left), tuple(broken))


def _program(root: Path, path: str, broken: list[Problem]) -> Program:
    """Return what a file of Jsonnet says; one that is not there is empty, as is one that is broken."""
    if not (tree := Tree(root)).is_file(path):
        return Program(Object({}, {}))
    raw = tree.read(path)
    try:
        return parse(yamltext.decode(raw, path), path)
    except KfctlError as error:
        broken += error.problems
        return Program(Object({}, {}))


def _settings(value: Any) -> Settings:
    """Return the values of an object, of which some may be expressions."""
    if not isinstance(value, Object):
        return Settings()
    return Settings({name: plain(item) for name, item in value.values.items()}, value.places)


def _components(root: Path, params: Object | None, left: list[Problem]) -> Iterator[KsComponent]:
    tree, vendored = Tree(root), _vendored(root)
    for entry in tree.entries("components"):
        path = f"components/{entry.name}"
        name, suffix = PurePath(path).stem, PurePath(path).suffix
        if tree.is_directory(path) and tree.entries(path):
            left.append(
                Problem(
                    f"{entry.name} is a module, and kfctl has none", Location(path), "import its YAML files"
                )
            )
        elif suffix in (".jsonnet", ".yaml", ".json"):
            settings = _settings(params.values.get(name)) if params else Settings()
            manifest = suffix != ".jsonnet"
            text = "" if manifest else read_file(root, path)
            prototype = _prototype(text)
            edited = "" if manifest or not prototype else _edited(text, vendored)
            yield KsComponent(name, path, prototype, settings, manifest, edited)


def _prototype(text: str) -> str:
    """Return the short name of the prototype that a component was made from; empty if nothing tells it."""
    if header := _HEADER.search(text):
        return header[1].rpartition(".")[2]
    imported = [path for path in _IMPORT.findall(text) if "/util." not in path]
    known = {_IMPORTED[path] for path in imported if path in _IMPORTED}
    return known.pop() if len(known) == 1 else ", ".join(f"kubeflow/{path}" for path in imported)


def _vendored(root: Path) -> frozenset[str]:
    """Return the essence of all prototypes that were installed."""
    tree = Tree(root)
    names = [name for name in tree.files_below("vendor") if PurePath(name).match("prototypes/*.jsonnet")]
    contents = tree.read_all("vendor", names).values()
    return frozenset(_essence(raw.decode(errors="replace")) for raw in contents)


def _edited(text: str, vendored: frozenset[str]) -> str:
    """Return what to say of a component that is not as one of the prototypes makes it."""
    if not vendored:
        return "without the prototypes in vendor/ it can't be told whether its file was edited"
    return "" if _essence(text) in vendored else "its file was edited: what was changed there is left out"


def _essence(text: str) -> str:
    """Return a program without comments, layout, and what `ks generate` puts before it or in it."""
    text = re.sub(r"""import\s+["'](param|env)://(\w+)["']""", lambda m: f"{_SCOPES[m[1]]}.{m[2]}", text)
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("//")]
    return "".join(_HEAD.sub("", "\n".join(lines)).split())


def _without_file(params: Any, components: Mapping[str, KsComponent]) -> Iterator[Problem]:
    for name, where in params.places.items() if isinstance(params, Object) else ():
        if name not in components:
            yield Problem(f"parameters of {name}, which is no component in components/", where)


def _environments(root: Path, left: list[Problem], broken: list[Problem]) -> Iterator[KsEnvironment]:
    """Yield the environments that app.yaml names, and in old apps those that have a folder."""
    places: dict[str, Location] = {}
    named: dict[str, Any] = {}
    for file in (APP_YAML, OVERRIDE):
        located = _located(root, file, broken)
        found = _map(at(located and located.value, "environments"))
        named |= found
        places |= {name: located.key_at("environments", name) for name in found if located}
    if not named:
        specs = (PurePath(name) for name in sorted(Tree(root).files_below("environments")))
        named = {str(spec.parent): {} for spec in specs if spec.name == "spec.json"}
    for name, entry in named.items():
        entry = entry if isinstance(entry, dict) else {}
        targets = entry.get("targets")
        if isinstance(targets, list) and any(target != "/" for target in targets):
            said = f"the targets of environment {name}: kfctl has no modules"
            left.append(Problem(said, Location(APP_YAML), "choose with -c"))
        path = str(entry.get("path") or name)
        if not is_plain_path(path):
            message = f"environment {name}: {path!r} is no path below environments/"
            raise AppError(message, where=places.get(name, Location(APP_YAML)))
        yield _environment(root, name, (path, entry), left, broken)


def _environment(
    root: Path, name: str, entry: tuple[str, Mapping[str, Any]], left: list[Problem], broken: list[Problem]
) -> KsEnvironment:
    path, declared = entry
    folder = f"environments/{path}"
    spec = f"{folder}/spec.json"
    located = None if _map(declared.get("destination")) else _located(root, spec, broken)
    target = _map(declared.get("destination")) or _map(located and located.value)
    file = f"{folder}/params.libsonnet"
    overrides = _overrides(_program(root, file, broken), file, left)
    globals_ = _program(root, f"{folder}/globals.libsonnet", broken).result
    return KsEnvironment(
        name,
        str(target.get("server") or target.get("uri") or ""),
        str(target.get("namespace") or ""),
        {each: _settings(value) for each, value in overrides.items()},
        _settings(globals_),
        Location(file),
    )


def _overrides(program: Program, path: str, left: list[Problem]) -> Mapping[str, Any]:
    """Return what an environment adds to the parameters, by component: in each of the three dialects."""
    sums = [value for value in (program.result, *program.locals.values()) if isinstance(value, Object)]
    found = next((each for each in sums if each.base == "params"), None) or program.result
    if isinstance(found, Object):
        components = found.values.get("components", Object({}, {}))
        if isinstance(components, Object):
            return components.values
    left.append(Problem("the overrides here are not written as ksonnet writes them", Location(path)))
    return {}


def _unread(root: Path, environments: Mapping[str, KsEnvironment]) -> Iterator[Problem]:
    """Yield the programs that change objects after they are rendered."""
    folders = {str(Path(each.where.path).parent) for each in environments.values()}
    files = ["environments/base.libsonnet", *(f"{folder}/main.jsonnet" for folder in sorted(folders))]
    for file in files:
        problems: list[Problem] = []
        result = _program(root, file, problems).result
        patched = result.places if isinstance(result, Object) else {"": Location(file)}
        for name, where in patched.items():
            what = f"a patch of {name}" if name else "a program that changes objects"
            yield Problem(what, where, "write it as a patch: docs/how-to/environments.md")


def _located(root: Path, path: str, broken: list[Problem]) -> yamltext.Located | None:
    """Return what a YAML file says; None for one that is missing, or broken."""
    if not (tree := Tree(root)).is_file(path):
        return None
    raw = tree.read(path)
    try:
        return yamltext.load_located(raw, path)
    except KfctlError as error:
        broken += error.problems
        return None


def _map(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
