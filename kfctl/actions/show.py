"""Renders an app for an environment, offline."""

from __future__ import annotations

from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.errors import AppError, KfctlError, Problem, TemplateError, UsageError, did_you_mean
from kfctl.forks import processes, spread

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.engine.render import Renderer
    from kfctl.model.app import App, Component, Environment
    from kfctl.model.prototype import Prototype
    from kfctl.model.resource import Resource


@dataclass(frozen=True)
class Rendered:
    """The objects of an app in apply order, and warnings."""

    resources: list[Resource]
    warnings: tuple[str, ...]


@dataclass(frozen=True)
class Part:
    """One component's objects before they are stamped, and the namespace they go to."""

    component: Component
    resources: list[Resource]
    namespace: str
    spawns: tuple[Mapping[str, str], ...] = ()  # label selectors of what its program makes


def render_app(app: App, environment_name: str, components: Sequence[str] = ()) -> list[Resource]:
    """Return the objects of the app, or of some components, in apply order; all problems at once."""
    return render_all(app, environment_name, components).resources


def render_all(app: App, environment_name: str, components: Sequence[str] = ()) -> Rendered:
    """Return the objects as `render_app` does, with the warnings on the way there."""
    from kfctl.actions.given import idle_globals
    from kfctl.actions.prototype import replacements
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.identity import identity_problems
    from kfctl.engine.order import sort_key

    environment = chosen_environment(app, environment_name)
    renders = _Renders(app, environment)
    outcomes = renders.components(chosen_components(app, components))
    if errors := [outcome.error for outcome in outcomes if outcome.error]:
        raise _error(errors)
    resources = renders.stamped(outcome.part for outcome in outcomes)
    doubtful = list(identity_problems(resources))
    if doubtful:
        redactor = secrets_of(app, environment).redactor(resources)
        raise AppError.of([p._replace(message=redactor.text(p.message)) for p in doubtful])
    resources.sort(key=sort_key)
    warnings = [*replacements(app, components)]
    warnings += (warning for outcome in outcomes for warning in outcome.warnings)
    if not components:
        warnings += (f"{idle}: {idle.hint}" for idle in idle_globals(app, environment))
    return Rendered(resources, tuple(warnings))


def chosen_environment(app: App, name: str) -> Environment:
    """Return the app's environment of that name; UsageError with did-you-mean."""
    if name not in app.environments:
        hint = did_you_mean(name, app.environments) or "kfctl env list shows them"
        raise UsageError(f"there is no environment '{name}'", hint=hint)
    return app.environments[name]


def chosen_components(app: App, names: Sequence[str]) -> list[Component]:
    """Return the components of those names, all of them where none is named; UsageError for unknown ones."""
    unknown = [name for name in names if name not in app.components]
    if unknown:
        raise UsageError.of(
            [
                Problem(
                    f"there is no component '{name}'",
                    hint=did_you_mean(name, app.components) or "kfctl component list shows them",
                )
                for name in unknown
            ]
        )
    return [app.components[name] for name in sorted(set(names) or app.components)]


def lint_own(app: App, components: Sequence[str] = ()) -> None:
    """Raise a TemplateError of what is wrong with the app's own prototypes, whether it would show or not."""
    from kfctl.engine.lint import lint
    from kfctl.store.catalog import catalog

    prototypes = catalog(app.root)
    used = {component.prototype: component.where for component in chosen_components(app, components)}
    own = [found for name, where in used.items() if not (found := prototypes.get(name, where)).shipped]
    problems = [problem for each in own for problem in lint(each, prototypes.sources(each))]
    if problems:
        raise TemplateError.of(problems)


@dataclass(frozen=True)
class Outcome:
    """What came of one component."""

    part: Part
    warnings: tuple[str, ...] = ()
    error: KfctlError | None = None


class _Renders:
    """Renders components: what they share is read once."""

    def __init__(self, app: App, environment: Environment) -> None:
        from kfctl.store.catalog import catalog

        self._app, self._environment = app, environment
        self._catalog = catalog(app.root)
        self._prototypes: dict[str, Prototype] = {}
        self._renderers: dict[str, Renderer] = {}

    def components(self, components: Sequence[Component]) -> list[Outcome]:
        """Return what comes of components: their objects, patched, or what is wrong."""
        if processes(len(components)) > 1:
            lasts = {component.prototype: component for component in components}
            for first in {component.prototype: component for component in reversed(components)}.values():
                if first is not lasts[first.prototype]:
                    self._outcome(first)  # here, so that the others find its templates compiled
        # Those of one prototype after one another: only few processes that render are kept alive.
        order = sorted(range(len(components)), key=lambda index: components[index].prototype)
        outcomes = spread(self._outcome, [components[index] for index in order])
        return [outcome for _, outcome in sorted(zip(order, outcomes, strict=True), key=itemgetter(0))]

    def _outcome(self, component: Component) -> Outcome:
        try:
            return self._rendered(component)
        except KfctlError as error:
            return Outcome(Part(component, [], ""), error=error)

    def _rendered(self, component: Component) -> Outcome:
        from kfctl.actions.secrets import secret_parameters
        from kfctl.engine.derived import render_secretly
        from kfctl.engine.patch import patched
        from kfctl.engine.resolve import resolve

        prototype = self._prototype(component)
        parameters = resolve(self._app, self._environment, component, prototype)
        values = parameters.plain()
        names = {"component": component.name, "app": self._app.name, "environment": self._environment.name}
        raw = self._raw(component)
        renderer = self._renderer(prototype)
        secrets = {name: f"{component.name}.{name}" for name in secret_parameters(prototype)}
        resources = [*render_secretly(renderer.render, {**values, **names}, secrets), *raw]
        patches = [*component.patches, *self._environment.patches.get(component.name, ())]
        namespace = values.get("namespace") or self._environment.target.namespace or "default"
        resources = patched(resources, patches) if patches else resources
        part = Part(component, resources, namespace, prototype.spawns)
        return Outcome(part, (*parameters.warnings, *_secrets_in_files(raw)))

    def _prototype(self, component: Component) -> Prototype:
        if component.prototype not in self._prototypes:
            found = self._catalog.get(component.prototype, component.where)
            self._prototypes[component.prototype] = found
        return self._prototypes[component.prototype]

    def _renderer(self, prototype: Prototype) -> Renderer:
        if prototype.name not in self._renderers:
            self._renderers[prototype.name] = self._new_renderer(prototype)
        return self._renderers[prototype.name]

    def _new_renderer(self, prototype: Prototype) -> Renderer:
        from kfctl.engine import sandbox
        from kfctl.engine.render import Renderer
        from kfctl.store.compiled import template_cache

        cache = template_cache(Path(sandbox.__file__)) if prototype.shipped else None
        return Renderer(prototype, self._catalog.sources(prototype), cache)

    def _raw(self, component: Component) -> list[Resource]:
        if not component.manifests:
            return []
        from kfctl.store.manifests import raw_manifests

        return raw_manifests(self._app, component.name)

    def stamped(self, parts: Iterable[Part]) -> list[Resource]:
        """Return the objects of all parts with namespace, labels and checksums."""
        from kfctl.engine.stamp import Owner, cluster_scoped, stamp

        parts = list(parts)
        cluster_wide = cluster_scoped(resource for part in parts for resource in part.resources)
        return [
            resource
            for part in parts
            for resource in stamp(
                part.resources,
                Owner(
                    self._app.name, self._environment.name, part.component.name, part.namespace, part.spawns
                ),
                cluster_wide,
            )
        ]


def _secrets_in_files(resources: Iterable[Resource]) -> Iterator[str]:
    from kfctl.model.resource import holds_secret

    for resource in resources:
        if holds_secret(resource):
            held = f"{resource.key} holds secret data in the app's files"
            yield f"{resource.origin}: {held}: whoever reads them reads it"


def _error(errors: Sequence[KfctlError]) -> KfctlError:
    """Return all errors as one; of their common kind, if they have one."""
    kinds = {type(error) for error in errors}
    kind = kinds.pop() if len(kinds) == 1 else AppError
    return kind.of([problem for error in errors for problem in error.problems])
