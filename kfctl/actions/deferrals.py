"""Refusals of a dry run that only mean that the same apply has not yet created or changed something."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.errors import Forbidden, Invalid, NotFound
from kfctl.model.plan import Deferral
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Sequence

    from kfctl.engine.plan import Found

_ABSENT = re.compile(r'"([^"]+)" not found|PriorityClass with name (\S+) was found')
# What sets limits in a namespace, and by which words the server refuses what is above them.
_LIMITS = {"ResourceQuota": "exceeded quota: ", "LimitRange": " usage per "}
BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})
_POD_REFERENCES = ("ServiceAccount", "PriorityClass", "RuntimeClass")


@dataclass(frozen=True)
class Preconditions:
    """What the same apply creates or changes before it writes the objects that depend on it."""

    created: frozenset[tuple[str, str]]  # kind and name
    limits: frozenset[tuple[str, str]]  # kind and namespace of quotas and limit ranges
    namespaces: frozenset[str]  # whose labels change, and with them the Pod Security level
    schemas: frozenset[tuple[Any, Any]]  # group and kind of custom resources whose CRD changes


def defer_refusals(found: Sequence[Found], created: Collection[tuple[str, str]]) -> list[Found]:
    """Return the objects, refusals that a precondition explains replaced by a deferral.

    `created`: kind and name of what the same apply creates besides these objects.
    """
    new = ((each.wanted.kind, each.wanted.name) for each in found if each.live is None)
    changed = [each for each in found if each.preview and _has_other_settings(each)]
    preconditions = Preconditions(
        created=frozenset((*created, *new)),
        limits=frozenset((c.wanted.kind, c.wanted.namespace) for c in changed if c.wanted.kind in _LIMITS),
        namespaces=frozenset(c.wanted.name for c in changed if c.wanted.kind == "Namespace"),
        schemas=frozenset(
            (at(c.wanted.body, "spec", "group"), at(c.wanted.body, "spec", "names", "kind"))
            for c in changed
            if c.wanted.kind == "CustomResourceDefinition"
        ),
    )
    return [_deferred(each, preconditions) for each in found]


def _has_other_settings(found: Found) -> bool:
    """Whether the spec or the labels of an object change, or it is new."""
    paths = (("spec",), ("metadata", "labels"))
    return any(at(found.live, *path) != at(found.preview, *path) for path in paths)


def _deferred(found: Found, preconditions: Preconditions) -> Found:
    if found.error is None:
        return found
    reason = next((reason for reason, explains in _RULES if explains(found, preconditions)), None)
    return replace(found, error=None, offline=reason) if reason else found


def _exceeds_changed_limits(found: Found, preconditions: Preconditions) -> bool:
    said = found.error.message if isinstance(found.error, Forbidden) else ""
    namespace = found.wanted.namespace
    return any((kind, namespace) in preconditions.limits and word in said for kind, word in _LIMITS.items())


def _binds_new_role(found: Found, preconditions: Preconditions) -> bool:
    role = at(found.wanted.body, "roleRef") or {}
    return (
        found.wanted.kind in BINDINGS
        and isinstance(found.error, NotFound | Forbidden)
        and (role.get("kind"), role.get("name")) in preconditions.created
    )


def _pod_names_new_object(found: Found, preconditions: Preconditions) -> bool:
    """Whether a pod names an account or a class that comes with it, or the account of a new namespace."""
    absent = _ABSENT.search(found.error.message) if isinstance(found.error, Forbidden) else None
    if absent is None or found.wanted.kind != "Pod":
        return False
    coming = {("ServiceAccount", "default"), *preconditions.created}
    return any((kind, absent[1] or absent[2]) in coming for kind in _POD_REFERENCES)


def _is_forbidden_in_changed_namespace(found: Found, preconditions: Preconditions) -> bool:
    return isinstance(found.error, Forbidden) and found.wanted.namespace in preconditions.namespaces


def _does_not_fit_old_schema(found: Found, preconditions: Preconditions) -> bool:
    kind = (found.wanted.group, found.wanted.kind)
    return isinstance(found.error, Invalid) and kind in preconditions.schemas


_RULES: tuple[tuple[Deferral, Callable[[Found, Preconditions], bool]], ...] = (
    (Deferral.LIMITS, _exceeds_changed_limits),
    (Deferral.ROLE, _binds_new_role),
    (Deferral.POD_REFERENCES, _pod_names_new_object),
    (Deferral.NAMESPACE_CHANGES, _is_forbidden_in_changed_namespace),
    (Deferral.SCHEMA, _does_not_fit_old_schema),
)
