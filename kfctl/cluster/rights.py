"""What we may do on a cluster, as the server tells: few questions, and a no is asked for twice."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.cluster import request as ask
from kfctl.cluster.answers import read_object
from kfctl.cluster.kinds import Kind
from kfctl.cluster.pool import parallel, values
from kfctl.cluster.shapes import check

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.cluster.client import Cluster

_RULES = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
_RULE = {"verbs": [str], "apiGroups": [str], "resources": [str], "resourceNames": [str]}
_REVIEW = {"status": {"resourceRules": [_RULE]}}
_NAMED = 20  # objects at most of which it is asked one by one


def may_everything(cluster: Cluster) -> bool:
    """Return whether there is nothing that we may not do."""
    return cluster.may("*", _kind("*", "*"))


def rules(cluster: Cluster, namespace: str) -> list[dict[str, Any]]:
    """Return the rules that hold for us in a namespace: of some authorizers the server tells none."""
    spec = {"namespace": namespace}
    body = {"apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectRulesReview", "spec": spec}
    answer = cluster.send(replace(ask.raw("POST", _RULES, body), repeatable=True))
    found = read_object(answer.body, cluster.server)
    check(found, _REVIEW, "")
    return list((found.get("status") or {}).get("resourceRules") or ())


def may(cluster: Cluster, verb: str, named: tuple[str, str, str], objects: Iterable[str]) -> bool:
    """Return whether we have a right to a group's resource in a namespace: to all objects, or to these."""
    group, resource, namespace = named
    kind = _kind(group, resource)
    if cluster.may(verb, kind, namespace):
        return True
    names = sorted(set(objects))
    if not all(names) or len(names) > _NAMED:
        return False
    return all(values(parallel(lambda name: cluster.may(verb, kind, namespace, name), names)))


def _kind(group: str, resource: str) -> Kind:
    return Kind(group, "", "", resource, namespaced=True)
