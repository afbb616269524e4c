"""Sets and removes values of parameters in the app's files."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.actions.given import Declared, Given
from kfctl.engine.resolve import cautions, examine
from kfctl.errors import UsageError
from kfctl.model.absent import ABSENT
from kfctl.model.app import Settings
from kfctl.store.appfiles import load_app
from kfctl.store.catalog import catalog
from kfctl.store.edit import Edit, edit
from kfctl.store.lock import locked

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kfctl.errors import Location, Problem
    from kfctl.model.app import App
    from kfctl.model.prototype import Prototype


class Place(NamedTuple):
    """Where values are set: by a component or, without one, for all; in one environment or in every one."""

    component: str | None = None
    environment: str | None = None

    @property
    def path(self) -> str:
        """The file."""
        if self.environment:
            return f"environments/{self.environment}.yaml"
        return f"components/{self.component}.yaml" if self.component else "kfctl.yaml"

    @property
    def keys(self) -> tuple[str, ...]:
        """Where in the file."""
        if not self.component:
            return ("globals",)
        return ("components", self.component) if self.environment else ("params",)

    def settings(self, app: App) -> Settings:
        """Return what is set there."""
        owner = app.environments[self.environment] if self.environment else app
        if not self.component:
            return owner.globals
        if self.environment:
            return app.environments[self.environment].components.get(self.component, Settings())
        return app.components[self.component].params

    def __str__(self) -> str:
        """Return ``environment/component``, as far as there is one of them."""
        return "/".join(filter(None, (self.environment, self.component or "globals")))


class Changed(NamedTuple):
    """One value that was set or removed; ABSENT where there was or is none."""

    place: Place
    name: str
    old: Any
    new: Any
    where: Location


class Outcome(NamedTuple):
    """What an edit did, what the user should know about it, and what is still wrong with the values."""

    changes: tuple[Changed, ...]
    warnings: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


def set_params(root: Path, place: Place, given: Sequence[Given]) -> Outcome:
    """Check the values against the schema, then set them all; if one is wrong, none is set."""
    with locked(root):
        app = _load(root, place)
        declared = Declared(_prototypes(app, place))
        typed = declared.typed(given)
        before, known = place.settings(app), _judged(app, place).cautions
        spelled = {_spelling(before, name, declared): value for name, value in typed.items()}
        edit(root, [Edit(place.path, (*place.keys, name), value) for name, value in spelled.items()])
        app = _load(root, place)
        after = place.settings(app)
    changes = [
        Changed(
            place,
            name,
            declared.masked(name, before.values.get(name, ABSENT)),
            declared.masked(name, value),
            after.locations[name],
        )
        for name, value in spelled.items()
    ]
    judged = _judged(app, place)
    warnings = (*declared.deprecations(typed), *judged.new_cautions(known))
    return Outcome(tuple(changes), warnings, judged.problems)


def unset_params(root: Path, place: Place, names: Sequence[str]) -> Outcome:
    """Remove values; one that is not set there changes nothing, one that nobody knows is an error."""
    with locked(root):
        app = _load(root, place)
        declared = Declared(_prototypes(app, place))
        before, known = place.settings(app), _judged(app, place).cautions
        found = [spelled for name in names if (spelled := _set_name(before, name, declared))]
        edit(root, _removals(app, place, found))
        judged = _judged(_load(root, place), place) if found else _Judged()
    changes = (
        Changed(place, n, declared.masked(n, before.values[n]), ABSENT, before.locations[n]) for n in found
    )
    return Outcome(tuple(changes), judged.new_cautions(known), judged.problems)


class _Judged(NamedTuple):
    """What is wrong with the values of a component, and what its user should know of them."""

    problems: tuple[Problem, ...] = ()
    cautions: tuple[str, ...] = ()

    def new_cautions(self, known: tuple[str, ...]) -> tuple[str, ...]:
        """Return the cautions that are not among the known ones."""
        return tuple(caution for caution in self.cautions if caution not in known)


def _judged(app: App, place: Place) -> _Judged:
    """Judge the values of the component; a global may be meant for any, so of none."""
    if not place.component:
        return _Judged()
    component = app.components[place.component]
    environment = app.environments[place.environment] if place.environment else None
    prototype = catalog(app.root).get(component.prototype, component.where)
    resolved, problems = examine(app, environment, component, prototype)
    return _Judged(problems, cautions(component, prototype, resolved))


def _removals(app: App, place: Place, names: Sequence[str]) -> list[Edit]:
    """Return the edits that remove the values, and with the last of a map the map."""
    if names and not place.settings(app).values.keys() - set(names) and place.keys != ("params",):
        only = place.environment and len(app.environments[place.environment].components) == 1
        keys = place.keys[:1] if only or not place.component else place.keys
        return [Edit(place.path, keys, ABSENT)]
    return [Edit(place.path, (*place.keys, name), ABSENT) for name in names]


def _load(root: Path, place: Place) -> App:
    """Read no more than the place needs: what is wrong elsewhere does not matter here."""
    environments = [place.environment] if place.environment else []
    components = [place.component] if place.component else None
    return load_app(root, components=components, environments=environments)


def _prototypes(app: App, place: Place) -> tuple[Prototype, ...]:
    prototypes = catalog(app.root)
    components = [app.components[place.component]] if place.component else app.components.values()
    wanted = {component.prototype: component.where for component in components}
    return tuple(prototypes.get(name, where) for name, where in wanted.items())


def _spelling(settings: Settings, name: str, declared: Declared) -> str:
    """Return the name under which a parameter is set already, so that an alias is not set beside it."""
    wanted = declared.find(name)
    return next((spelling for spelling in settings.values if declared.find(spelling) == wanted), name)


def _set_name(settings: Settings, name: str, declared: Declared) -> str | None:
    """Return the name under which a value is set, None if it is not; a name nobody knows is an error."""
    if name in settings.values:
        return name
    if not declared.find(name):
        raise UsageError.of([declared.unknown(name)])
    spelling = _spelling(settings, name, declared)
    return spelling if spelling in settings.values else None
