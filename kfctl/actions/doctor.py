"""Asks a cluster whether it is able to run an app."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.cluster.pool import parallel
from kfctl.cluster.request import Selection
from kfctl.engine import checkup
from kfctl.engine.demands import Demands, demands
from kfctl.errors import KfctlError, NotFound, Refused
from kfctl.model.finding import Finding, bad, ok, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kinds import Kind
    from kfctl.cluster.kubeconfig import Login
    from kfctl.model.app import App, Environment

    Findings = Iterable[Finding]

VERBS = ("get", "list", "create", "patch", "delete")
# What kfctl itself keeps there and looks at, besides the app's objects.
OWN = (("v1", "Secret"), ("coordination.k8s.io/v1", "Lease"), ("v1", "Pod"))


@dataclass(frozen=True)
class Place:
    """Where an app is to run, and what it asks for."""

    cluster: Cluster
    namespace: str
    demands: Demands

    def list(self, version: str, kind: str, namespace: str = "") -> tuple[dict[str, Any], ...]:
        """Return all objects of a kind."""
        return self.cluster.list_all(version, kind, Selection(namespace)).items


def of_app(app: App, environment: Environment, login: Login) -> tuple[Finding, ...]:
    """Return whether the cluster of an environment can run the app."""
    from kfctl.actions import guard
    from kfctl.actions.show import render_app

    findings: list[Finding] = []
    try:
        wanted = demands(render_app(app, environment.name))
        findings += caution_findings(app, environment)
    except KfctlError as error:
        hint = "what it asks of the cluster is not checked; kfctl validate tells more"
        findings.append(bad("app", f"it can't be rendered: {error.problems[0]}", hint, needed=False))
        wanted = Demands()
    cluster = guard.connect(environment, login)
    place = Place(cluster, environment.target.namespace or "default", wanted)
    try:
        reached = reach(place)
        guard.check(cluster, environment)
    except Refused as error:
        findings.append(bad("cluster", str(error), error.problems[0].hint))
    except KfctlError as error:
        return (*findings, bad("reachable", str(error), error.problems[0].hint))
    return (*findings, *reached, *examined(place))


def caution_findings(app: App, environment: Environment) -> Iterable[Finding]:
    """Yield the prototypes' cautions about the values of the app's components."""
    from kfctl.engine.resolve import cautions, resolve
    from kfctl.store.catalog import catalog

    prototypes = catalog(app.root)
    for component in app.components.values():
        prototype = prototypes.get(component.prototype, component.where)
        if prototype.cautions:
            parameters = resolve(app, environment, component, prototype)
            for message in cautions(component, prototype, parameters):
                yield bad("caution", message, needed=False)


def of_cluster(namespace: str, login: Login) -> tuple[Finding, ...]:
    """Return whether a cluster can run apps at all."""
    from kfctl.cluster import client

    place = Place(client.connect(login), namespace, Demands(pods=True))
    try:
        return (*reach(place), *examined(place))
    except KfctlError as error:
        return (bad("reachable", str(error), error.problems[0].hint),)


def reach(place: Place) -> tuple[Finding, ...]:
    """Return which server answers; raises where none does."""
    cluster = place.cluster
    found = cluster.version()
    return ok("reachable", f"{cluster.server} (context {cluster.context})"), checkup.version(found)


def examined(place: Place) -> list[Finding]:
    """Return the answers to all questions; what may not be asked is unknown."""
    answers = parallel(lambda question: list(question[1](place)), QUESTIONS)
    found: list[Finding] = []
    for (what, _), answer in zip(QUESTIONS, answers, strict=True):
        found += [unknown(what, str(answer))] if isinstance(answer, KfctlError) else answer
    return found


def _namespace(place: Place) -> Findings:
    try:
        body = place.cluster.get("v1", "Namespace", place.namespace)
    except NotFound:
        body = None
    return checkup.namespace(place.namespace, body)


def _nodes(place: Place) -> Findings:
    return checkup.nodes(place.list("v1", "Node"), place.demands)


def _storage(place: Place) -> Findings:
    return [checkup.storage(place.list("storage.k8s.io/v1", "StorageClass"), place.demands)]


def _quotas(place: Place) -> Findings:
    found = list(checkup.quotas(place.list("v1", "ResourceQuota", place.namespace)))
    return found or [ok("quota", f"none in {place.namespace}")]


def _balancer(place: Place) -> Findings:
    try:
        services = place.list("v1", "Service")
    except KfctlError:
        services = place.list("v1", "Service", place.namespace)
    return [checkup.balancer(services, place.demands)]


def _kinds(place: Place) -> Findings:
    found = {kind: place.cluster.kinds.find(*kind) for kind in place.demands.kinds}
    known = [kind for kind, served in found.items() if served]
    return checkup.kinds(known, found.keys() - set(known), place.demands)


def _rights(place: Place) -> Findings:
    found = (place.cluster.kinds.find(*kind) for kind in sorted({*place.demands.kinds, *OWN}))
    asked = [(verb, kind) for kind in found if kind for verb in VERBS]
    answers = parallel(lambda each: _may(place, *each), asked)
    for answer in answers:
        if isinstance(answer, KfctlError):
            raise answer
    missing = [_right(place, *each) for each, may in zip(asked, answers, strict=True) if not may]
    return [checkup.rights(missing, len(asked))]


def _may(place: Place, verb: str, kind: Kind) -> bool:
    return place.cluster.may(verb, kind, place.namespace if kind.namespaced else "")


def _right(place: Place, verb: str, kind: Kind) -> str:
    return f"{verb} {kind.resource}" + (f" -n {place.namespace}" if kind.namespaced else "")


QUESTIONS: tuple[tuple[str, Callable[[Place], Findings]], ...] = (
    ("rights", _rights),
    ("namespace", _namespace),
    ("nodes", _nodes),
    ("storage class", _storage),
    ("quota", _quotas),
    ("load balancer", _balancer),
    ("kinds", _kinds),
)
