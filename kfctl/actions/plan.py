"""The plan of an apply: what is wanted, held against what is on the cluster."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.actions import guard
from kfctl.errors import KfctlError
from kfctl.model.plan import Scope

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.engine.plan import Choices
    from kfctl.model.app import App, Component, Environment
    from kfctl.model.plan import Plan
    from kfctl.model.resource import Resource
    from kfctl.store.catalog import Catalog


def connect(app: App, environment: Environment, login: Login) -> Cluster:
    """Return the cluster that an environment of the app means; nothing is sent yet."""
    return guard.connect(environment, login, secret_values(app, environment))


def plan_app(
    app: App, environment: Environment, components: Sequence[str], cluster: Cluster, choices: Choices
) -> Plan:
    """Return what an apply of the app (or of these components) would do; nothing is written."""
    from kfctl.actions.show import render_all

    rendered = render_all(app, environment.name, components)
    plan = plan_resources(app, environment, (rendered.resources, components), cluster, choices)
    return replace(plan, warnings=(*rendered.warnings, *plan.warnings))


def plan_resources(
    app: App,
    environment: Environment,
    rendered: tuple[Sequence[Resource], Sequence[str]],
    cluster: Cluster,
    choices: Choices,
) -> Plan:
    """Return the plan for resources that are rendered already, and the components they are of; none: all."""
    from kfctl.actions import observe
    from kfctl.engine.mask import Mask
    from kfctl.engine.ownership import intent
    from kfctl.engine.plan import make_plan

    resources, components = rendered
    scope = scope_of(app, environment, cluster)
    wanted = [intent(r, app.id) for r in observe.placed(cluster, resources, scope.namespace)]
    made = {scope.namespace, *(r.name for r in wanted if r.kind == "Namespace" and not r.group)}
    missing = observe.missing_namespaces(cluster, (r.namespace for r in wanted if r.namespace in made))
    scope = replace(scope, namespace_missing=_made_by_us(scope.namespace, missing, wanted))
    there = observe.ours(cluster, scope, wanted)
    found = observe.observe(cluster, wanted, there, missing, force=choices.force_conflicts)
    left = observe.left_behind(there, scope, {r.key for r in wanted}, components)
    mask = Mask(os.urandom(16), frozenset(secret_values(app, environment)))
    return make_plan(scope, found, left, choices, mask)


def secret_values(app: App, environment: Environment) -> frozenset[str]:
    """Return the values of all parameters that their prototypes declare secret."""
    from kfctl.store.catalog import catalog

    prototypes = catalog(app.root)
    values = (_secrets(app, environment, component, prototypes) for component in app.components.values())
    return frozenset(str(value) for found in values for value in found if value not in (None, ""))


def _secrets(app: App, environment: Environment, component: Component, prototypes: Catalog) -> Iterator[Any]:
    from kfctl.engine.resolve import examine

    try:
        prototype = prototypes.get(component.prototype, component.where)
    except KfctlError:
        return  # a broken neighbour: whoever renders it is told
    secret = {name for name, parameter in prototype.parameters.items() if parameter.secret}
    if secret:
        values = examine(app, environment, component, prototype)[0].plain()
        yield from (values[name] for name in secret)


def scope_of(app: App, environment: Environment, cluster: Cluster) -> Scope:
    """Return where a plan applies, once the guard let it pass."""
    return Scope(
        app=app.name,
        app_id=app.id,
        environment=environment.name,
        context=cluster.context,
        server=cluster.server,
        namespace=environment.target.namespace or "default",
        cluster_uid=guard.check(cluster, environment),
    )


def _made_by_us(namespace: str, missing: Iterable[str], wanted: Sequence[Resource]) -> bool:
    """Whether the apply makes the environment's namespace: it is missing, and no object of the app is it."""
    return namespace in missing and not any(r.kind == "Namespace" and r.name == namespace for r in wanted)
