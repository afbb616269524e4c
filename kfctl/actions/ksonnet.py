"""Makes an app of a ksonnet app: whole, or not at all; the ksonnet app stays as it is."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kfctl.actions.init import app_name, building_site
from kfctl.actions.takeover import take
from kfctl.actions.target import contexts_of
from kfctl.engine.ksonnet import Overrides, carried
from kfctl.engine.resolve import examine
from kfctl.errors import AppError, KfctlError, Location, Problem
from kfctl.model.app import Settings, Target
from kfctl.model.ksonnet import KsEnvironment
from kfctl.store.appfile import as_label
from kfctl.store.appfiles import app_text, component_text, environment_text, load_app
from kfctl.store.catalog import catalog
from kfctl.store.files.reader import Tree
from kfctl.store.files.writer import write_file
from kfctl.store.intake import Source, put
from kfctl.store.ksonnet import read_ksonnet
from kfctl.store.manifests import PROTOTYPE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.engine.ksonnet import Carried
    from kfctl.model.ksonnet import KsApp, KsComponent

DEFAULT = "default"


class Made(NamedTuple):
    """A component of the new app: what it is called, its prototype, the file it was made from."""

    name: str
    prototype: str
    source: str


@dataclass(frozen=True)
class ImportedApp:
    """An app that was made of a ksonnet app, and what could not be carried over."""

    name: str
    components: tuple[Made, ...]
    environments: Mapping[str, Target]
    changes: tuple[Problem, ...]
    left: tuple[Problem, ...]
    needs: tuple[Problem, ...]  # what is still missing before it can be applied
    broken: tuple[Problem, ...] = ()  # files of which nothing was carried over


def import_ksonnet(source: Path, folder: Path, *, dry_run: bool = False) -> ImportedApp:
    """Make an app in `folder`, new or not, of the ksonnet app in `source`."""
    name = app_name(folder)
    ks = read_ksonnet(source)
    found = carried(ks, {each.name: each for each in catalog(None).all()})
    with building_site(folder, keep=not dry_run) as site:
        new = _Site(site, source, [*found.left])
        new.components(ks, found)
        new.environments(ks, found)
        write_file(site, "kfctl.yaml", app_text(name, str(uuid.uuid4()), found.globals))
        needs = tuple(dict.fromkeys(_needs(site)))
    left = sorted((_below(source, each) for each in new.left), key=lambda each: each.where or Location(""))
    broken = tuple(_below(source, each) for each in ks.broken)
    return ImportedApp(name, tuple(new.made), new.targets, tuple(new.changes), tuple(left), needs, broken)


class _Site:
    """Where an app is made, and what is said about it."""

    def __init__(self, root: Path, source: Path, left: list[Problem]) -> None:
        self.root, self.source, self.left = root, source, left
        self.changes: list[Problem] = []
        self.made: list[Made] = []
        self.targets: dict[str, Target] = {}
        self._labels: dict[str, str] = {}  # of components: ksonnet's name → ours

    def components(self, ks: KsApp, found: Carried) -> None:
        """Write the components."""
        for name, (prototype, values) in found.components.items():
            origin = found.sources[name]
            label = self._label(name, Location(origin.path))
            write_file(self.root, f"components/{label}.yaml", component_text(prototype.name, values))
            self.made.append(Made(label, prototype.name, origin.path))
        for component in ks.components.values():
            if component.is_manifest:
                self._manifest(component)

    def _manifest(self, component: KsComponent) -> None:
        where = Location(component.path)
        if component.params.values:
            hint = "write them as a patch: docs/how-to/environments.md"
            self.left.append(Problem(f"the parameters of {component.name}, a manifest", where, hint))
        raw = Tree(self.source).read(component.path)
        source = Source(component.path, Path(component.path).name, raw)
        try:
            taken = take([source], component.name)
        except KfctlError as error:
            self.left += error.problems
            return
        label = self._label(component.name, where)
        put(self.root, label, component_text(PROTOTYPE, {}), taken.files)
        self.made.append(Made(label, PROTOTYPE, component.path))
        self.changes += (_below(self.source, each) for each in taken.changes)
        self.left += taken.warnings

    def environments(self, ks: KsApp, found: Carried) -> None:
        """Write the environments, or one without a cluster where there is none."""
        nothing = KsEnvironment(DEFAULT, "", "", {}, Settings(), Location("app.yaml"))
        for environment in ks.environments.values() or [nothing]:
            overrides = found.environments.get(environment.name, Overrides({}, {}))
            label = as_label(environment.name) or DEFAULT
            if label in self.targets:
                said = f"environment {environment.name}: there is one called {label} already"
                self.left.append(Problem(said, environment.where))
                continue
            self._say_renamed("environment", environment.name, label, environment.where)
            target = self.targets[label] = Target(self._context(environment), environment.namespace or None)
            components = {self._labels[name]: values for name, values in overrides.components.items()}
            sections = {"globals": overrides.globals, "components": components}
            write_file(self.root, f"environments/{label}.yaml", environment_text(target, sections))

    def _context(self, environment: KsEnvironment) -> str | None:
        contexts = contexts_of(environment.server)
        if len(contexts) == 1:
            return contexts[0]
        if environment.server:
            several = f"several contexts are for it ({', '.join(contexts)})"
            why = several if contexts else "no context is for it"
            hint = f"kfctl env set {as_label(environment.name)} --context NAME"
            self.left.append(Problem(f"the server {environment.server}: {why}", Location("app.yaml"), hint))
        return None

    def _label(self, name: str, where: Location) -> str:
        label = as_label(name)
        if not label or label in self._labels.values():
            message = f"{name} can't be made the name of a component"
            raise AppError(message, where=where, hint="rename it there first")
        self._say_renamed("component", name, label, where)
        self._labels[name] = label
        return label

    def _say_renamed(self, what: str, old: str, new: str, where: Location) -> None:
        if old != new:
            self.changes.append(_below(self.source, Problem(f"{what} {old} → {new}", where)))


def _below(source: Path, problem: Problem) -> Problem:
    """Return a problem with a file of the ksonnet app, called as the user calls it."""
    where = problem.where or Location("")
    return problem._replace(where=where._replace(path=str(source / where.path), column=0))


def _needs(site: Path) -> Iterator[Problem]:
    """Yield what the new components still need; that they can be read is proved by reading them."""
    app = load_app(site)
    for component in app.components.values():
        prototype = catalog(None).get(component.prototype)
        for environment in app.environments.values():
            yield from examine(app, environment, component, prototype)[1]
