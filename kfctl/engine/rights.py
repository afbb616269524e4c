"""Which rights it takes to carry out a plan, and the roles that give them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.model.plan import Action

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from kfctl.model.plan import Change
    from kfctl.model.resource import Key

    Rule = Mapping[str, Any]

_VERBS: Mapping[Action, tuple[str, ...]] = {
    Action.CREATE: ("create", "patch"),
    Action.UPDATE: ("patch",),
    Action.ADOPT: ("get", "patch"),
    Action.REPLACE: ("get", "create", "patch", "delete"),
    Action.DELETE: ("get", "delete"),
}
_READING = ("get", "list", "watch")
_NAMELESS = frozenset({"create", "list", "watch"})
# What kfctl keeps on the cluster itself: its lock, its record and its revisions.
_OWN = (
    ("coordination.k8s.io", "leases", ("get", "create", "patch")),
    ("", "secrets", ("get", "list", "create", "patch", "delete")),
)
_TELLING = ("pods", "pods/log", "events")  # read to tell why something is not ready


class Right(NamedTuple):
    """What somebody may do: to objects of a kind in a namespace (none: in the whole cluster)."""

    verb: str
    group: str
    resource: str
    namespace: str

    @property
    def kind(self) -> str:
        """The kind of object as access rules name it, such as ``deployments.apps``."""
        return f"{self.resource}.{self.group}" if self.group else self.resource


Needed = dict[Right, list[str]]  # a right → the names of the objects that it is needed for; none: of any


def needed(changes: Iterable[Change], plural: Mapping[tuple[str, str], str]) -> Needed:
    """Return what the changes take; `plural` is what access rules call each group and kind."""
    found: Needed = {}
    for change in changes:
        for verb in _VERBS.get(change.action, ()):
            _add(found, change.key, verb, plural)
    return found


def needed_to_see(keys: Iterable[Key], plural: Mapping[tuple[str, str], str]) -> Needed:
    """Return what it takes to apply objects of which nobody knows whether they are there."""
    found: Needed = {}
    for key in keys:
        for verb in ("get", "create", "patch"):
            _add(found, key, verb, plural)
    return found


def needed_to_record(
    namespace: str, *, makes: bool = False, removes: bool = False, ends: bool = False
) -> Needed:
    """Return what kfctl's own lock, record and revisions take, and the namespace that they are in.

    It `makes` the namespace, it `removes` the app's record, or it `ends` the namespace, too.
    """
    found = {Right(verb, group, kind, namespace): [""] for group, kind, verbs in _OWN for verb in verbs}
    if removes:
        found[Right("delete", "coordination.k8s.io", "leases", namespace)] = [""]
    if makes:
        found[Right("create", "", "namespaces", "")] = [""]
    if ends:
        found |= {Right(verb, "", "namespaces", ""): [namespace] for verb in ("get", "delete")}
    return found


def given_by(rules: Sequence[Rule], right: Right) -> bool:
    """Whether one of the rules gives a right, whatever the object's name."""
    wanted = (("verbs", right.verb), ("apiGroups", right.group), ("resources", right.resource))
    return any(
        not rule.get("resourceNames")
        and all({"*", value} & set(rule.get(part) or ()) for part, value in wanted)
        for rule in rules
    )


def sentences(missing: Iterable[Right]) -> Iterator[str]:
    """Yield what is missing, one line for each kind of object and namespace."""
    for (group, resource, namespace), verbs in _grouped(missing).items():
        where = f"in namespace {namespace}" if namespace else "in the whole cluster"
        yield f"the right to {', '.join(verbs)} {Right('', group, resource, '').kind} {where} is missing"


def roles(rights: Iterable[Right], name: str) -> list[dict[str, Any]]:
    """Return the roles that give these rights; what may be applied may be seen and deleted, too."""
    by_namespace: dict[str, dict[tuple[str, str], list[str]]] = {}
    for (group, resource, namespace), verbs in _grouped(rights).items():
        again = ("delete",) if "patch" in verbs else ()
        whole = list(dict.fromkeys((*_READING, *verbs, *again)))
        by_namespace.setdefault(namespace, {})[group, resource] = whole
    return [_role(found, name, namespace) for namespace, found in sorted(by_namespace.items())]


def _add(found: Needed, key: Key, verb: str, plural: Mapping[tuple[str, str], str]) -> None:
    resource = plural.get((key.group, key.kind))
    if resource:
        right = Right(verb, key.group, resource, key.namespace)
        found.setdefault(right, []).append("" if verb in _NAMELESS else key.name)


def _grouped(rights: Iterable[Right]) -> dict[tuple[str, str, str], list[str]]:
    found: dict[tuple[str, str, str], list[str]] = {}
    for right in sorted(rights):
        found.setdefault((right.group, right.resource, right.namespace), []).append(right.verb)
    return found


def _role(found: Mapping[tuple[str, str], list[str]], name: str, namespace: str) -> dict[str, Any]:
    same: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for (group, resource), verbs in found.items():
        same.setdefault((group, tuple(verbs)), []).append(resource)
    told = [("", _READING, list(_TELLING))] if namespace else []
    rules = [*((group, verbs, resources) for (group, verbs), resources in same.items()), *told]
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role" if namespace else "ClusterRole",
        "metadata": {"name": name, **({"namespace": namespace} if namespace else {})},
        "rules": [
            {"apiGroups": [group], "resources": resources, "verbs": list(verbs)}
            for group, verbs, resources in rules
        ],
    }
