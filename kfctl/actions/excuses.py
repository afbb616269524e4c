"""What the server refuses in a dry run only because something that the same apply makes is not there yet."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from kfctl.errors import Forbidden, NotFound
from kfctl.model.plan import LIMITS_COME
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from kfctl.engine.plan import Found

_ABSENT = re.compile(r'"([^"]+)" not found|PriorityClass with name (\S+) was found')
# What sets limits in a namespace, and by which words the server refuses what is above them.
_LIMITS = {"ResourceQuota": "exceeded quota: ", "LimitRange": " usage per "}
BINDINGS = frozenset({"RoleBinding", "ClusterRoleBinding"})


def in_need_of_new(found: Sequence[Found], coming: Collection[tuple[str, str]]) -> list[Found]:
    """Excuse what the server refuses only because something else that the same apply makes is not there."""
    new = {*coming, *((each.wanted.kind, each.wanted.name) for each in found if each.live is None)}
    limits = {(each.wanted.kind, each.wanted.namespace) for each in found if _changes_limits(each)}
    return [_excused(each, new, limits) for each in found]


def _changes_limits(found: Found) -> bool:
    """Whether it is a quota or a range of a namespace that is going to be another one."""
    if found.wanted.kind not in _LIMITS or not found.preview:
        return False
    return bool(at(found.live, "spec") != at(found.preview, "spec"))


def _excused(found: Found, new: Collection[tuple[str, str]], limits: Collection[tuple[str, str]]) -> Found:
    said = found.error.message if isinstance(found.error, Forbidden) else ""
    if any((kind, found.wanted.namespace) in limits and word in said for kind, word in _LIMITS.items()):
        return replace(found, error=None, offline=LIMITS_COME)
    if _binds(found, new):
        return replace(found, error=None, offline="its role is made by the same apply")
    if _names_absent(found, new):
        return replace(found, error=None, offline="what its pod names is not there yet")
    return found


def _names_absent(found: Found, new: Collection[tuple[str, str]]) -> bool:
    """Whether a pod names an account or a class that comes with it, or the account of a new namespace."""
    absent = _ABSENT.search(found.error.message) if isinstance(found.error, Forbidden) else None
    if absent is None or found.wanted.kind != "Pod":
        return False
    coming = {("ServiceAccount", "default"), *new}
    kinds = ("ServiceAccount", "PriorityClass", "RuntimeClass")
    return any((kind, absent[1] or absent[2]) in coming for kind in kinds)


def _binds(found: Found, new: Collection[tuple[str, str]]) -> bool:
    role = at(found.wanted.body, "roleRef") or {}
    return (
        found.wanted.kind in BINDINGS
        and isinstance(found.error, NotFound | Forbidden)
        and (role.get("kind"), role.get("name")) in new
    )
