"""Says what is wrong with an app before anything is applied: offline, or with a dry run by the API server."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.engine.plan import Found
    from kfctl.engine.structure import Known
    from kfctl.errors import Location
    from kfctl.model.app import App, Environment
    from kfctl.model.dialect import Path
    from kfctl.model.redactor import Redactor
    from kfctl.model.resource import Resource


@dataclass(frozen=True)
class Verdict:
    """What is wrong with objects, and what is odd."""

    environment: str
    resources: tuple[Resource, ...]
    problems: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()
    server: str = ""  # whose word it is; empty: told offline


def validate(
    app: App, environment: Environment, components: Sequence[str], *, fields: bool = True
) -> Verdict:
    """Render, and hold the objects against the rules of Kubernetes that need no cluster.

    Without `fields`, which fields a kind has and of which types is left to the API server.
    """
    from kfctl.actions.secrets import secrets_of
    from kfctl.actions.show import lint_own, render_all
    from kfctl.engine.structure import examine_objects

    lint_own(app, components)
    rendered = render_all(app, environment.name, components)
    known = _known(app, environment, rendered.resources) if fields else None
    found = examine_objects(rendered.resources, known, whole=not components)
    warnings = (*(Problem(text) for text in rendered.warnings), *found.warnings)
    redactor = secrets_of(app, environment).redactor(rendered.resources)
    redacted = _redacted(redactor, found.problems), _redacted(redactor, warnings)
    return Verdict(environment.name, tuple(rendered.resources), *redacted)


def misfits(
    app: App, environment: Environment, resources: Sequence[Resource], beside: Sequence[Resource]
) -> tuple[Problem, ...]:
    """Return what is wrong with objects, by the fields of their kinds; `beside` may define some of these."""
    from kfctl.actions.secrets import secrets_of
    from kfctl.engine.structure import examine_objects

    problems = examine_objects(resources, _known(app, environment, beside), whole=False).problems
    return _redacted(secrets_of(app, environment).redactor(resources), problems)


def _redacted(redactor: Redactor, problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(p._replace(message=redactor.text(p.message), hint=redactor.text(p.hint)) for p in problems)


def _known(app: App, environment: Environment, resources: Sequence[Resource]) -> Known:
    from kfctl.engine.kinds import Kinds
    from kfctl.engine.patch import sets
    from kfctl.engine.structure import Known
    from kfctl.store.kinds import built_in
    from kfctl.store.manifests import Parts

    parts = Parts(app)

    def place(resource: Resource, path: Path) -> Location | None:
        component = app.components.get(resource.component)  # none: an earlier revision had it
        patches = component.patches if component else ()
        patches += environment.patches.get(resource.component, ())
        patched = next((each.where for each in reversed(patches) if sets(each, resource, path)), None)
        return patched or parts.at(resource, path)

    return Known(Kinds(built_in(), resources), place)


def validate_on(cluster: Cluster, environment: Environment, resources: Sequence[Resource]) -> Verdict:
    """Have the API server say what it would make of each object; nothing is written."""
    from kfctl.actions import guard
    from kfctl.actions.observe import Already, Ours, missing_namespaces, observe, placed

    guard.check(cluster, environment)
    namespace = environment.target.namespace or "default"
    wanted = placed(cluster, resources, namespace)
    made = {namespace, *(r.name for r in wanted if r.kind == "Namespace" and not r.group)}
    missing = missing_namespaces(cluster, (r.namespace for r in wanted if r.namespace in made))
    # Forced: who owns which field is a matter of the plan.
    found = observe(cluster, wanted, Ours(), Already(missing, force=True))
    said = tuple(_refusals(found)), tuple(_untried(found))
    return Verdict(environment.name, tuple(wanted), *said, cluster.server)


def _refusals(found: Sequence[Found]) -> Iterator[Problem]:
    from kfctl.engine.identity import problem
    from kfctl.engine.verdicts import untriable

    for each in found:
        if each.error and not untriable(each.error):
            for said in each.error.problems:
                told = problem(each.wanted, f"is refused: {said.message}")
                yield told._replace(where=said.where or told.where, hint=said.hint)


def _untried(found: Sequence[Found]) -> Iterator[Problem]:
    from kfctl.engine.verdicts import untriable

    for each in found:
        why = each.offline or (untriable(each.error) if each.error else "")
        if why:
            yield Problem(f"{each.wanted.key} could not be tried: {why}")
