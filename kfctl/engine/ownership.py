"""Whose an object is: the marks that we put on ours, and those by which other apps and tools are known."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.model.resource import is_custom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfctl.model.plan import Scope
    from kfctl.model.resource import Resource

MANAGER = "kfctl"  # of the fields that we set
APP = "kfctl.dev/app"
ENVIRONMENT = "kfctl.dev/env"
COMPONENT = "kfctl.dev/component"
APP_ID = "kfctl.dev/app-id"
PART_OF_SET = "applyset.kubernetes.io/part-of"
IDENTITY = "kfctl.dev/identity"
MADE_FOR = "kfctl.dev/made-for"  # at a namespace: the id of the set for which an apply made it
MANAGED_BY = "app.kubernetes.io/managed-by"
PART_OF = "app.kubernetes.io/part-of"

_LABELS = (APP, ENVIRONMENT, COMPONENT, MANAGED_BY, PART_OF, PART_OF_SET)
# The paths of our marks as field changes name them: adopting an object changes at least these.
MARKS = frozenset(
    {
        *(f"metadata.annotations[{name}]" for name in (APP_ID, IDENTITY)),
        *(f"metadata.labels[{name}]" for name in _LABELS),
    }
)


@dataclass(frozen=True)
class Owner:
    """Who has an object: `ours`, or somebody else by name, and what to do about that."""

    name: str
    ours: bool = False
    hint: str = ""


@dataclass(frozen=True)
class _Marks:
    """What of an object tells whose it is."""

    name: str
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    controller: str  # Kind/name of the object that made it, as its controller


def intent(resource: Resource, app_id: str) -> Resource:
    """Return a wanted object as it is sent: marked as ours, `stringData` folded into `data`.

    Nulls in built-in kinds mean unset, as in `kubectl apply`; the server would read a null quantity as 0
    (https://github.com/argoproj/argo-cd/issues/25240).
    The rules of an aggregated ClusterRole are left out: a controller makes them of those of other roles.
    """
    body: dict[str, Any] = {**(resource.body if is_custom(resource.group) else without_nulls(resource.body))}
    metadata = {**(body.get("metadata") or {})}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), APP_ID: app_id}
    body["metadata"] = metadata
    if resource.kind == "Secret" and not resource.group:
        _fold(body)
    if resource.kind == "ClusterRole" and body.get("aggregationRule"):
        body.pop("rules", None)
    return resource.with_body(body)


def without_nulls(value: Any) -> Any:
    """Return a value without the entries of maps that are null."""
    if isinstance(value, dict):
        return {name: without_nulls(inner) for name, inner in value.items() if inner is not None}
    return [without_nulls(item) for item in value] if isinstance(value, list) else value


def selector(scope: Scope) -> str:
    """Return the label selector of what this app has in this environment."""
    return f"{APP}={scope.app},{ENVIRONMENT}={scope.environment}"


def owner_of(live: Mapping[str, Any], scope: Scope) -> Owner | None:
    """Return who has an object; None where nobody claims it."""
    marks = _marks(live)
    if marks.labels.get(APP) and marks.annotations.get(APP_ID):
        return _kfctl(marks, scope)
    if (
        marks.labels.get(PART_OF_SET) == scope.set_id
    ):  # ours, of which somebody took other marks: not another's
        marks = replace(marks, labels={k: v for k, v in marks.labels.items() if k != PART_OF_SET})
    return next((owner for rule in _OTHERS if (owner := rule(marks))), None)


def controller(live: Mapping[str, Any]) -> str:
    """Return what controls an object, as Kind/name; empty where nothing does."""
    owners = (live.get("metadata") or {}).get("ownerReferences") or ()
    return next((f"{each.get('kind')}/{each.get('name')}" for each in owners if each.get("controller")), "")


def _marks(live: Mapping[str, Any]) -> _Marks:
    metadata = live.get("metadata") or {}
    return _Marks(
        str(metadata.get("name")),
        metadata.get("labels") or {},
        metadata.get("annotations") or {},
        controller(live),
    )


def _kfctl(marks: _Marks, scope: Scope) -> Owner:
    app, environment = marks.labels[APP], marks.labels.get(ENVIRONMENT)
    if marks.annotations[APP_ID] not in {scope.app_id, scope.former_id}:
        hint = "give the component another `name` or `namespace`, or delete it from the other app"
        return Owner(f"another kfctl app, {app} (environment {environment})", hint=hint)
    if (app, environment) == (scope.app, scope.environment):
        return _ours(marks, scope)
    namespace = scope.namespace if environment == scope.environment else "OLD"
    remove = f"kfctl delete --app {app} --env {environment} --namespace {namespace}"
    if app != scope.app:
        hint = f"call the app {app} again (kfctl.yaml), or remove what it has there: {remove}"
        return Owner(f"this app as it was called {app} (environment {environment})", hint=hint)
    hint = "give the component another `name` or `namespace` in one of the environments"
    hint += f"; if {environment} is gone: {remove}"
    return Owner(f"environment {environment} of this app", hint=hint)


def _ours(marks: _Marks, scope: Scope) -> Owner:
    other = marks.labels.get(PART_OF_SET)
    if not other or not scope.set_id or other == scope.set_id:
        return Owner(scope.app, ours=True)
    hint = f"remove it there: kfctl delete --app {scope.app} --env {scope.environment} --namespace OLD"
    return Owner("this environment as it was in another namespace", hint=hint)


def _controller(marks: _Marks) -> Owner | None:
    hint = f"{marks.controller} made it and goes on changing it: give the component another `name`"
    return Owner(marks.controller, hint=hint) if marks.controller else None


def _helm(marks: _Marks) -> Owner | None:
    release = marks.annotations.get("meta.helm.sh/release-name")
    if not release and marks.labels.get(MANAGED_BY) != "Helm":
        return None
    namespace = marks.annotations.get("meta.helm.sh/release-namespace")
    command = f"helm uninstall {release or 'RELEASE'}" + (f" -n {namespace}" if namespace else "")
    hint = f"remove it there ({command}), or give the component another `name`"
    return Owner(f"the Helm release {release}" if release else "Helm", hint=hint)


def _argo(marks: _Marks) -> Owner | None:
    tracked = marks.annotations.get("argocd.argoproj.io/tracking-id", "")  # app:group/kind:namespace/name
    name = tracked.partition(":")[0] or marks.labels.get("argocd.argoproj.io/instance")
    if not name or (tracked and not tracked.endswith(f"/{marks.name}")):
        return None  # controllers copy the annotation to what they make; there it names another object
    return Owner(f"the Argo CD application {name}", hint="take it out of that application's repository first")


def _by_label(label: str, words: str, hint: str) -> Callable[[_Marks], Owner | None]:
    """Return a rule for a tool that names itself in a label or an annotation."""

    def rule(marks: _Marks) -> Owner | None:
        name = marks.labels.get(label) or marks.annotations.get(label)
        return Owner(words.format(name), hint=hint.format(name)) if name else None

    return rule


_OTHERS: tuple[Callable[[_Marks], Owner | None], ...] = (
    _controller,
    _helm,
    _argo,
    _by_label(
        "kustomize.toolkit.fluxcd.io/name", "the Flux Kustomization {}", "take it out of its repository first"
    ),
    _by_label(
        "helm.toolkit.fluxcd.io/name", "the Flux HelmRelease {}", "take it out of its repository first"
    ),
    _by_label("kapp.k14s.io/app", "the kapp app {}", "remove it with kapp first"),
    _by_label(
        "applyset.kubernetes.io/part-of",
        "the ApplySet {}",
        "its parent: kubectl get secrets,configmaps -A -l applyset.kubernetes.io/id={}",
    ),
    _by_label("config.k8s.io/owning-inventory", "the kpt inventory {}", "remove it with kpt first"),
)


def _fold(body: dict[str, Any]) -> None:
    texts = body.get("stringData")
    if not isinstance(texts, dict) or not all(isinstance(text, str) for text in texts.values()):
        return  # what is wrong with it the server says better
    del body["stringData"]
    encoded = {name: base64.b64encode(text.encode()).decode() for name, text in texts.items()}
    body["data"] = {**(body.get("data") or {}), **encoded}
