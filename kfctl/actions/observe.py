"""What the cluster says about the objects of an app: what is there, and what an apply would make of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster.pool import parallel
from kfctl.cluster.request import MANAGER, Selection, Write
from kfctl.engine.ownership import COMPONENT, owner_of, selector
from kfctl.engine.plan import Found
from kfctl.engine.unchanged import is_unchanged
from kfctl.engine.verdicts import claims
from kfctl.errors import ClusterError, Forbidden, KfctlError, NotFound
from kfctl.model.resource import Key, Resource, at

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping, Sequence

    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kinds import Kind
    from kfctl.model.plan import Scope

Body = dict[str, Any]

# Looked through for what an app has left behind, whatever kinds it has now: what prototypes make.
LEFT_BEHIND = (
    ("", "ConfigMap"),
    ("", "PersistentVolumeClaim"),
    ("", "Secret"),
    ("", "Service"),
    ("", "ServiceAccount"),
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"),
    ("apiextensions.k8s.io", "CustomResourceDefinition"),
    ("apps", "Deployment"),
    ("apps", "StatefulSet"),
    ("autoscaling", "HorizontalPodAutoscaler"),
    ("batch", "Job"),
    ("kubeflow.org", "TFJob"),
    ("networking.k8s.io", "Ingress"),
    ("policy", "PodDisruptionBudget"),
    ("rbac.authorization.k8s.io", "ClusterRole"),
    ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
    ("rbac.authorization.k8s.io", "Role"),
    ("rbac.authorization.k8s.io", "RoleBinding"),
)
_LOOKS = 3  # at an object that changes all the time
_BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


@dataclass(frozen=True)
class Ours:
    """What of this app and environment is on the cluster, by key."""

    objects: Mapping[Key, Body]
    unread: frozenset[Kind]  # kinds that we may not list


def placed(cluster: Cluster, resources: Iterable[Resource], namespace: str) -> list[Resource]:
    """Return the resources with a namespace exactly where the server's kinds have one."""
    return [_placed(resource, _kind(cluster, resource), namespace) for resource in resources]


def ours(cluster: Cluster, scope: Scope, resources: Sequence[Resource]) -> Ours:
    """Return all objects of this app and environment, of the kinds wanted and of those it may have had."""
    namespaces = {scope.namespace, *(resource.namespace for resource in resources if resource.namespace)}
    wanted = dict.fromkeys(kind for resource in resources if (kind := _kind(cluster, resource)))
    known = {(kind.group, kind.kind) for kind in wanted}
    more = (cluster.kinds.of_group(*each) for each in LEFT_BEHIND if each not in known)
    kinds = [kind for kind in (*wanted, *more) if kind and "list" in kind.verbs]
    places = [(kind, name) for kind in kinds for name in (sorted(namespaces) if kind.namespaced else [""])]
    selection = selector(scope)
    listed = parallel(
        lambda place: (
            cluster.list_all(place[0].api_version, place[0].kind, Selection(place[1], selection)).items
        ),
        places,
    )
    return _gathered(places, listed)


def left_behind(
    there: Ours, scope: Scope, wanted: Collection[Key], components: Collection[str]
) -> list[Body]:
    """Return what is ours and no longer wanted; with `components` only what was theirs."""
    return [
        live
        for key, live in sorted(there.objects.items(), key=lambda item: item[0])
        if key not in wanted
        and (not components or at(live, "metadata", "labels", COMPONENT) in components)
        and (owner := owner_of(live, scope))
        and owner.ours
    ]


def observe(
    cluster: Cluster, resources: Sequence[Resource], there: Ours, missing: Collection[str], *, force: bool
) -> list[Found]:
    """Return what the cluster says about each wanted object; `missing` namespaces the same apply makes."""
    defined = {
        (at(r.body, "spec", "group"), at(r.body, "spec", "names", "kind"))
        for r in resources
        if r.kind == "CustomResourceDefinition"
    }
    look = _Look(cluster, there, frozenset(missing), frozenset(defined), force)
    found = [_raised(result) for result in parallel(look.at, resources)]
    return _bindings_to_new_roles(found)


def missing_namespaces(cluster: Cluster, names: Iterable[str]) -> frozenset[str]:
    """Return those of the namespaces that are not there; one that may not be read counts as there."""
    listed = sorted(set(names))
    answers = parallel(lambda name: cluster.uid(name), listed)
    for answer in answers:
        if isinstance(answer, KfctlError) and not isinstance(answer, NotFound | Forbidden):
            raise answer
    return frozenset(
        name for name, answer in zip(listed, answers, strict=True) if isinstance(answer, NotFound)
    )


@dataclass(frozen=True)
class _Look:
    """Looks at one wanted object."""

    cluster: Cluster
    there: Ours
    missing: frozenset[str]
    defined: frozenset[tuple[Any, Any]]  # group and kind of the definitions in the same apply
    force: bool

    def at(self, wanted: Resource) -> Found:
        kind = _kind(self.cluster, wanted)
        if kind is None:
            return self._unknown_kind(wanted)
        live = self.there.objects.get(wanted.key)
        if live and is_unchanged(wanted.body, live, MANAGER):
            return Found(wanted, live, unchanged=True)
        if wanted.namespace in self.missing:
            return Found(wanted, live, offline="its namespace is made by the same apply")
        try:
            return self._tried(wanted, live)
        except ClusterError as error:
            return Found(wanted, live or self._read(wanted), self._forced(wanted, error), error)

    def _tried(self, wanted: Resource, live: Body | None) -> Found:
        """Return the object before and after as of one moment: controllers change it while we look."""
        for _ in range(_LOOKS):
            preview = self.cluster.preview(wanted.body, Write(force=self.force))
            if preview.created:
                return Found(wanted, preview=preview.body)
            if _version(live) != _version(preview.body):
                live = self._read(wanted)
            if _version(live) == _version(preview.body):
                break
        return Found(wanted, live, preview=preview.body)

    def _forced(self, wanted: Resource, error: ClusterError) -> Body | None:
        """Return what the object would become if the fields of other managers were taken."""
        if not claims(error.answer):
            return None
        return self.cluster.preview(wanted.body, Write(force=True)).body

    def _read(self, wanted: Resource) -> Body | None:
        try:
            return self.cluster.find(wanted.api_version, wanted.kind, wanted.name, wanted.namespace)
        except Forbidden:
            if wanted.namespace:
                raise  # who may not look can't know what would change
            return None  # of the whole cluster: the plan refuses it, and says how to do without

    def _unknown_kind(self, wanted: Resource) -> Found:
        if (wanted.group, wanted.kind) in self.defined:
            return Found(wanted, offline="its kind is made by the same apply")
        return Found(wanted, error=self.cluster.kinds.unknown(wanted.api_version, wanted.kind))


def _kind(cluster: Cluster, resource: Resource) -> Kind | None:
    return cluster.kinds.find(resource.api_version, resource.kind)


def _placed(resource: Resource, kind: Kind | None, namespace: str) -> Resource:
    wanted = (resource.namespace or namespace) if kind and kind.namespaced else ""
    if kind is None or resource.namespace == wanted:
        return resource
    metadata = {key: value for key, value in resource.metadata.items() if key != "namespace"}
    return replace(
        resource,
        body={**resource.body, "metadata": {**metadata, **({"namespace": wanted} if wanted else {})}},
    )


def _gathered(places: Sequence[tuple[Kind, str]], listed: Sequence[Any]) -> Ours:
    objects: dict[Key, Body] = {}
    unread: set[Kind] = set()
    for (kind, _), result in zip(places, listed, strict=True):
        if isinstance(result, Forbidden):
            unread.add(kind)
        elif isinstance(result, KfctlError):
            raise result
        else:
            objects.update((Resource(live).key, live) for live in result)
    return Ours(objects, frozenset(unread))


def _version(body: Mapping[str, Any] | None) -> Any:
    return at(body, "metadata", "resourceVersion")


def _raised(result: Found | KfctlError) -> Found:
    if isinstance(result, KfctlError):
        raise result
    return result


def _bindings_to_new_roles(found: Sequence[Found]) -> list[Found]:
    """Bindings of roles that the same apply makes: the server says that the role is not there."""
    new = {(each.wanted.kind, each.wanted.name) for each in found if each.live is None}
    return [
        replace(each, error=None, offline="its role is made by the same apply") if _binds(each, new) else each
        for each in found
    ]


def _binds(found: Found, new: Collection[tuple[str, str]]) -> bool:
    role = at(found.wanted.body, "roleRef") or {}
    return (
        found.wanted.kind in _BINDINGS
        and isinstance(found.error, NotFound | Forbidden)
        and (role.get("kind"), role.get("name")) in new
    )
