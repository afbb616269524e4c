"""Patches of rendered objects: JSON merge, lists of maps merged by `name`."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Problem, did_you_mean
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfctl.model.app import Patch
    from kfctl.model.resource import Resource

DELETE = {"$patch": "delete"}  # in an entry of a list, beside its name: takes the entry out


def patched(resources: Sequence[Resource], patches: Iterable[Patch]) -> list[Resource]:
    """Return the objects of one component with the patches merged in, one after the other.

    AppError names each patch that selects none of them, or can't be merged.
    """
    problems: list[Problem] = []
    result = list(resources)
    for patch in patches:
        chosen = [i for i, resource in enumerate(result) if selects(patch.target, resource)]
        if not chosen:
            problems.append(_useless(patch, result))
        for i in chosen:
            try:
                result[i] = replace(result[i], body=merge(result[i].body, patch.merge))
            except _Twins as twins:
                problems.append(Problem(f"the patch of {result[i].key}: {twins}", patch.where))
    if problems:
        raise AppError.of(problems)
    return result


def selects(target: Mapping[str, str], resource: Resource) -> bool:
    """Whether a patch's target means the object."""
    found = _selected_by(resource)
    return all(found.get(key) == wanted for key, wanted in target.items())


def sets(patch: Patch, resource: Resource, path: Sequence[str | int]) -> bool:
    """Whether what an object has at `path` comes from the patch."""
    return selects(patch.target, resource) and _holds(patch.merge, resource.body, path)


def _holds(part: Any, body: Any, path: Sequence[str | int]) -> bool:
    """Whether a part of a patch has something at a path below `body`; entries of lists are known by name."""
    if part is None or not path:
        return part is not None
    step, *rest = path
    if isinstance(part, list) and isinstance(step, int):
        entry = body[step]
        return any(_holds(each, entry, rest) for each in part if at(each, "name") == at(entry, "name"))
    return _holds(part.get(step), at(body, str(step)), rest) if isinstance(part, dict) else True


def _selected_by(resource: Resource) -> dict[str, str]:
    return {"kind": resource.kind, "name": resource.name, "apiVersion": resource.api_version}


def merge(value: Any, patch: Any, path: str = "") -> Any:
    """Return a value with a patch merged in; null deletes, and nothing of either is changed or shared."""
    if isinstance(patch, dict):
        return _merged_map(value if isinstance(value, dict) else {}, patch, path)
    if _by_name(patch) and _by_name(value):
        return _merged_list(value, patch, path)
    return deepcopy(patch)


class _Twins(Exception):
    """Two entries of a list have one name, so that a patch can't say which it means."""


def _merged_map(value: Mapping[str, Any], patch: Mapping[str, Any], path: str) -> dict[str, Any]:
    result = dict(value)
    for key, change in patch.items():
        if change is None:
            result.pop(key, None)
        else:
            result[key] = merge(result.get(key), change, f"{path}.{key}".lstrip("."))
    return result


def _by_name(value: Any) -> bool:
    """Whether a value is a list of maps, each with a name."""
    return (
        isinstance(value, list)
        and bool(value)
        and all(isinstance(item, dict) and isinstance(item.get("name"), str) for item in value)
    )


def _merged_list(value: list[Any], patch: list[Any], path: str) -> list[Any]:
    result = {item["name"]: item for item in value}
    for change in patch:
        name = change["name"]
        if sum(item["name"] == name for item in value) > 1 or sum(item["name"] == name for item in patch) > 1:
            raise _Twins(f"{path} has several entries called '{name}'")
        if change.items() >= DELETE.items():
            result.pop(name, None)
        else:
            result[name] = merge(result.get(name), change, f"{path}[name={name}]")
    return list(result.values())


def _useless(patch: Patch, resources: Sequence[Resource]) -> Problem:
    target = ", ".join(f"{key} {value}" for key, value in patch.target.items())
    found = {key: {_selected_by(resource).get(key, "") for resource in resources} for key in patch.target}
    wrong = [(value, found[key]) for key, value in patch.target.items() if value not in found[key]]
    hint = next(filter(None, (did_you_mean(value, known) for value, known in wrong)), "")
    known = ", ".join(str(resource.key) for resource in resources[:8])
    hint = hint or f"the component has {known or 'no objects'}"
    return Problem(f"the patch matches no object ({target})", patch.where, hint)
