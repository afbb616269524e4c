"""Which kinds the server knows, under which paths, and which of them are namespaced."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.cluster.request import Request
from kfctl.cluster.shapes import check
from kfctl.errors import NotFound, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

_AGGREGATED = ";as=APIGroupDiscoveryList"
ACCEPT = (
    f"application/json;g=apidiscovery.k8s.io;v=v2{_AGGREGATED},"
    f"application/json;g=apidiscovery.k8s.io;v=v2beta1{_AGGREGATED},application/json"
)


_VERBS = [str]
_AGGREGATED_RESOURCE = {
    "resource!": str,
    "scope": str,
    "verbs": _VERBS,
    "responseKind": {"kind": str},
    "subresources": [{"subresource!": str}],
}
_AGGREGATED_GROUPS = {
    "items!": [
        {
            "metadata": {"name": str},
            "versions": [{"version!": str, "freshness": str, "resources": [_AGGREGATED_RESOURCE]}],
        }
    ]
}
_GROUP = {"preferredVersion": {"groupVersion": str}, "versions": [{"groupVersion!": str}]}
_GROUPS = {"groups": [_GROUP], "versions": [str]}
_RESOURCES = {"groupVersion!": str, "resources": [{"name!": str, "kind!": str, "verbs": _VERBS}]}


@dataclass(frozen=True)
class Kind:
    """A kind of object in one version of its group."""

    group: str
    version: str
    kind: str
    plural: str
    namespaced: bool
    verbs: frozenset[str] = frozenset()
    subresources: frozenset[str] = frozenset()

    @property
    def api_version(self) -> str:
        """``group/version``, or the version alone for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def resource(self) -> str:
        """The name that access rules use: ``deployments.apps``."""
        return f"{self.plural}.{self.group}" if self.group else self.plural


@dataclass(frozen=True)
class Kinds:
    """Every kind of a server; `incomplete` names the groups that it could not tell about just now."""

    by_name: Mapping[tuple[str, str], Kind]
    incomplete: frozenset[str] = frozenset()
    preferred: Mapping[tuple[str, str], Kind] = field(default_factory=dict)

    @classmethod
    def of(cls, kinds: Iterable[Kind], incomplete: Iterable[str] = ()) -> Kinds:
        """Index kinds that are given in the server's order of preference."""
        by_name: dict[tuple[str, str], Kind] = {}
        preferred: dict[tuple[str, str], Kind] = {}
        for kind in kinds:
            by_name.setdefault((kind.api_version, kind.kind), kind)
            preferred.setdefault((kind.group, kind.kind), kind)
        return cls(by_name, frozenset(incomplete), preferred)

    def find(self, api_version: str, kind: str) -> Kind | None:
        """Return the kind, or None where the server does not serve it."""
        return self.by_name.get((api_version, kind))

    def get(self, api_version: str, kind: str) -> Kind:
        """Return the kind, or raise with what the server would have known."""
        found = self.find(api_version, kind)
        if found is None:
            raise self.unknown(api_version, kind)
        return found

    def of_group(self, group: str, kind: str) -> Kind | None:
        """Return the kind in the version that the server prefers, or None."""
        return self.preferred.get((group, kind))

    def versions(self, group: str, kind: str) -> list[Kind]:
        """Return the kind in every version that the server serves."""
        return [each for each in self.by_name.values() if (each.group, each.kind) == (group, kind)]

    def __iter__(self) -> Iterator[Kind]:
        """Iterate over the kinds, each in the version that the server prefers."""
        return iter(self.preferred.values())

    def unknown(self, api_version: str, kind: str) -> NotFound:
        """Return the error that the server does not serve a kind, and what may be meant."""
        group = api_version.rpartition("/")[0]
        message = f"the cluster knows no {kind} of {api_version}"
        if group in self.incomplete:
            hint = f"the server that provides {group} does not answer; try again when it does"
            return NotFound(message, hint=hint)
        versions = [found.api_version for found in self.by_name.values() if found.kind == kind]
        if versions:
            return NotFound(message, hint=f"it knows {kind} of {', '.join(versions)}")
        near = did_you_mean(kind, {found.kind for found in self.by_name.values() if found.group == group})
        return NotFound(message, hint=near or "is the custom resource definition (the operator) installed?")


def discover(ask_all: Callable[[Sequence[Request]], Sequence[Mapping[str, Any]]]) -> Kinds:
    """Ask the server for its kinds: two requests, or one for each group version of an old server."""
    core, groups = ask_all([_ask("/api"), _ask("/apis")])
    if "items" in core and "items" in groups:
        return aggregated(core, groups)
    for answer in (core, groups):
        check(answer, _GROUPS, "")
    paths = [f"/api/{version}" for version in core.get("versions") or ()]
    paths += [
        f"/apis/{v['groupVersion']}" for group in groups.get("groups") or () for v in _by_preference(group)
    ]
    answers = ask_all([_ask(path) for path in paths])
    for answer in answers:
        check(answer, _RESOURCES, "")
    return Kinds.of(kind for answer in answers for kind in _plain(answer))


def aggregated(*answers: Mapping[str, Any]) -> Kinds:
    """Read answers of aggregated discovery (APIGroupDiscoveryList)."""
    for answer in answers:
        check(answer, _AGGREGATED_GROUPS, "")
    kinds: list[Kind] = []
    stale: set[str] = set()
    for group in (item for answer in answers for item in answer["items"]):
        name = (group.get("metadata") or {}).get("name") or ""
        for version in group.get("versions") or ():
            if version.get("freshness") == "Stale":
                stale.add(name)
            kinds += (_kind(name, version["version"], found) for found in version.get("resources") or ())
    return Kinds.of(kinds, stale)


def _kind(group: str, version: str, found: Mapping[str, Any]) -> Kind:
    return Kind(
        group=group,
        version=version,
        kind=(found.get("responseKind") or {}).get("kind") or "",
        plural=found["resource"],
        namespaced=found.get("scope") == "Namespaced",
        verbs=frozenset(found.get("verbs") or ()),
        subresources=frozenset(sub["subresource"] for sub in found.get("subresources") or ()),
    )


def _ask(path: str) -> Request:
    return Request("GET", path, accept=ACCEPT)


def _by_preference(group: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    first = (group.get("preferredVersion") or {}).get("groupVersion")
    return sorted(group.get("versions") or (), key=lambda version: version["groupVersion"] != first)


def _plain(answer: Mapping[str, Any]) -> Iterator[Kind]:
    group, _, version = str(answer["groupVersion"]).rpartition("/")
    found = answer.get("resources") or ()
    for resource in (entry for entry in found if "/" not in entry["name"]):
        below = f"{resource['name']}/"
        yield Kind(
            group=group,
            version=version,
            kind=resource["kind"],
            plural=resource["name"],
            namespaced=bool(resource.get("namespaced")),
            verbs=frozenset(resource.get("verbs") or ()),
            subresources=frozenset(
                e["name"].removeprefix(below) for e in found if e["name"].startswith(below)
            ),
        )
