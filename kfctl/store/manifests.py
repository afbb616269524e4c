"""The raw manifests of an app: the files below `components/NAME/`, and the objects in them."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl.errors import AppError, Location, Problem
from kfctl.model.resource import Resource
from kfctl.store.appfile import kind_of
from kfctl.store.edit import read_bytes
from kfctl.yamltext import decode, documents, position

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.model.app import App

PROTOTYPE = "manifests"  # of components that are raw manifests

_SUFFIXES = (".yaml", ".yml", ".json")

# A document: its value, and where each part of that stands.
_Found = tuple[Any, Callable[..., Location]]


def manifest_files(root: Path, name: str) -> tuple[str, ...]:
    """Return the paths of a component's manifests, relative to the app; hidden ones don't count."""
    found = []
    for folder, folders, files in os.walk(root / "components" / name, onerror=_raise, followlinks=False):
        folders[:] = sorted(each for each in folders if not each.startswith("."))
        here = Path(folder).relative_to(root)
        found += [str(here / each) for each in files if each.endswith(_SUFFIXES) and not each.startswith(".")]
    return tuple(sorted(found))


def raw_manifests(app: App, component: str) -> list[Resource]:
    """Return the objects in a component's manifests, lists taken apart; every fault is in one error."""
    problems: list[Problem] = []
    resources: list[Resource] = []
    for path in app.components[component].manifests:
        try:
            for value, place in _documents(Path(app.root), path):
                resources += _objects(value, place, component, problems)
        except AppError as error:
            problems += error.problems
    if problems:
        raise AppError(problems[0].message, problems=problems)
    return resources


def _raise(error: OSError) -> None:
    raise error


def _documents(root: Path, path: str) -> Iterator[_Found]:
    raw = read_bytes(root, path)
    return _json_documents(decode(raw, path), path) if path.endswith(".json") else _yaml_documents(raw, path)


def _yaml_documents(raw: bytes, path: str) -> Iterator[_Found]:
    found = documents(raw, path)
    if any(_is_list(each.value) for each in found):  # only then the places of parts are of interest
        found = documents(raw, path, places=True)
    return ((each.value, each.at) for each in found)


def _json_documents(text: str, path: str) -> Iterator[_Found]:
    """Yield one JSON value after another, as kubectl reads them."""
    import json  # 2 ms that only an app with such files pays

    decoder = json.JSONDecoder(object_pairs_hook=_no_twins, parse_constant=_no_constant)
    index = _skip_space(text, 0)
    while index < len(text):
        where = position(text, index, path)
        try:
            value, index = decoder.raw_decode(text, index)
        except json.JSONDecodeError as error:
            raise AppError(error.msg, where=position(text, error.pos, path)) from None
        except RecursionError:
            raise AppError("too many lists and objects in one another", where=where) from None
        except ValueError as error:
            raise AppError(str(error), where=where) from None
        yield value, lambda *_, where=where: where
        index = _skip_space(text, index)


def _skip_space(text: str, index: int) -> int:
    return len(text) - len(text[index:].lstrip())


def _no_twins(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twin = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"the key {twin!r} is twice in one object")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is no number that JSON knows")


def _objects(
    value: Any,
    place: Callable[..., Location],
    component: str,
    problems: list[Problem],
    keys: tuple[str | int, ...] = (),
) -> Iterator[Resource]:
    """Yield the object that a document holds, or those of a List."""
    fault, where = _fault(value), place(*keys)
    if fault:
        problems.append(
            Problem(fault, where, "a manifest holds Kubernetes objects: apiVersion, kind, metadata")
        )
    elif _is_list(value):
        for index, item in enumerate(value["items"]):
            yield from _objects(item, place, component, problems, (*keys, "items", index))
    else:
        yield Resource(value, component, f"{where.path}:{where.line}")


def _is_list(value: Any) -> bool:
    """Whether a value is a List, or a list of one kind, as kubectl tells them."""
    return (
        isinstance(value, dict)
        and isinstance(value.get("items"), list)
        and isinstance(value.get("kind"), str)
        and value["kind"].endswith("List")
    )


def _fault(value: Any) -> str:
    if not isinstance(value, dict):
        return f"this is {kind_of(value)}, not an object"
    for key in ("apiVersion", "kind"):
        if not isinstance(value.get(key), str) or not value[key]:
            return f"an object without {key}"
    return ""
