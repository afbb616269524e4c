"""What every object must have to be one: apiVersion, kind and a name that no other of its kind has."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.names import KIND, SUBDOMAIN, VERSION
from kfctl.engine.schema import shown
from kfctl.errors import Location, Problem

SAME_NAME = "give one of them another `name`, or take it out: kfctl component rm"

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.model.resource import Resource


def identity_problems(resources: Sequence[Resource]) -> Iterator[Problem]:
    """Return objects that are no objects, and those that are there twice: with these nothing can be done."""
    first: dict[Any, Resource] = {}
    twice: dict[tuple[str, str], list[Resource]] = {}
    for resource in resources:
        faults = list(_identity(resource))
        yield from (problem(resource, fault) for fault in faults)
        if faults:
            continue
        other = first.setdefault(resource.key, resource)
        if other is not resource:
            twice.setdefault((resource.component, other.component), []).append(resource)
    for (component, other_component), same in twice.items():
        others = [first[each.key] for each in same]
        if component != other_component and all(map(_is_of_template, (*same, *others))):
            yield _same_objects(component, other_component, same)
            continue
        by = f"component {other_component}" if component != other_component else "the same component"
        for each, other in zip(same, others, strict=True):
            yield problem(each, f"is there twice: {by} makes it too ({other.origin})")


def _is_of_template(resource: Resource) -> bool:
    return not resource.origin.rpartition(":")[2].isdecimal()


def _same_objects(component: str, other: str, same: Sequence[Resource]) -> Problem:
    """Say that two components of prototypes make the same objects: their files are where to mend that."""
    names = ", ".join(str(each.key) for each in same)
    return Problem(
        f"{component}: {names} {'are' if same[1:] else 'is'} there twice: component {other} makes "
        f"{'them' if same[1:] else 'it'} too",
        Location(f"components/{component}.yaml"),
        SAME_NAME,
    )


def problem(resource: Resource, fault: str) -> Problem:
    """Return a fault of an object with its name and the place where it comes from."""
    path, _, line = resource.origin.rpartition(":")
    where = Location(path, int(line)) if line.isdecimal() and path else Location(resource.origin)
    name = f"{resource.kind or 'an object'}/{resource.name or '(no name)'}"
    return Problem(f"{resource.component}: {name} {fault}".lstrip(": "), where if resource.origin else None)


def _identity(resource: Resource) -> Iterator[str]:
    body = resource.body
    if not isinstance(body.get("metadata"), dict):
        yield "has no metadata with a name"
    elif isinstance(name := body["metadata"].get("name"), bool | int | float):
        yield f"metadata.name must be text, not {shown(name)}: put it in quotes"
    elif not isinstance(name, str) or not name:
        generated = "generateName" in body["metadata"]
        yield "needs metadata.name" + (
            ": kfctl must know it again, so generateName won't do" if generated else ""
        )
    group, slash, version = resource.api_version.rpartition("/")
    if not isinstance(body.get("apiVersion"), str) or VERSION.fault(version):
        yield f"has no apiVersion such as apps/v1, but {body.get('apiVersion')!r}"
    elif slash and SUBDOMAIN.fault(group):
        yield f"has an apiVersion whose group {SUBDOMAIN.fault(group)}"
    if not isinstance(body.get("kind"), str) or KIND.fault(body["kind"]):
        yield f"has no kind such as Deployment, but {body.get('kind')!r}"
