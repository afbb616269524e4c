"""What a `prototype.yaml` may say, and how groups of parameters join it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kfctl.errors import did_you_mean
from kfctl.model.dialect import Fault, faults_of_schema
from kfctl.model.prototype import fold

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from kfctl.model.dialect import Path

PARAMETER = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# What a template reads as something else.
WORDS = "and or not in is if elif else for set macro call import from include with without context recursive"
NAMES = "component app environment file range dict loop caller varargs kwargs self true false none"
TAKEN = frozenset([*WORDS.split(), *NAMES.split(), "True", "False", "None"])


def faults_of_prototype(document: Any, name: str) -> list[Fault]:
    """Return what is wrong with the document of the prototype called `name`, its parameters aside."""
    if not isinstance(document, dict):
        return [Fault((), "a prototype is a map: apiVersion, kind, name, summary, parameters, templates")]
    faults = [fault for key, value in document.items() for fault in _entry(key, value)]
    for key, wanted in {"apiVersion": "kfctl/v1", "kind": "Prototype", "name": name}.items():
        if document.get(key) != wanted:
            faults.append(Fault((key,), f"must be {wanted}"))
    return faults


def faults_of_parameters(schema: Any, path: Path = ()) -> list[Fault]:
    """Return what is wrong with a schema of parameters: a prototype's own, or a group's."""
    faults = faults_of_schema(schema, path)
    names = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(names, dict):
        return faults
    for name in names:
        place = (*path, "properties", name)
        if not PARAMETER.fullmatch(name):
            faults.append(Fault(place, "must be a name of letters, digits and _"))
        elif name in TAKEN:
            faults.append(Fault(place, "is a name that templates need for something else"))
        elif not isinstance(names[name], dict):
            faults.append(Fault(place, "must be a map with type, default, description"))
    return faults


def faults_of_names(schema: Mapping[str, Any], path: Path = ()) -> list[Fault]:
    """Return names that mean two parameters, and required ones that are not declared."""
    properties = schema["properties"]
    faults, owners = [], dict[str, str]()
    for name, declared in properties.items():
        for spelling in (name, *declared.get("aliases", ())):
            owner = owners.setdefault(fold(spelling), name)
            if owner != name:
                faults.append(Fault((*path, "properties", name), f"'{spelling}' already means {owner}"))
    for name in schema.get("required", ()):
        if name not in properties:
            hint = did_you_mean(name, properties)
            faults.append(
                Fault((*path, "required"), f"'{name}' is no parameter{f': {hint}' if hint else ''}")
            )
    return faults


def merged(schemas: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return one schema of several, of which an earlier one wins, keyword by keyword of each parameter."""
    result: dict[str, Any] = {"type": "object", "additionalProperties": False, "properties": {}}
    for schema in schemas:
        for keyword, value in schema.items():
            result[keyword] = MERGES.get(keyword, _stronger)(result.get(keyword), value)
    return result


def _stronger(stronger: Any, weaker: Any) -> Any:
    return weaker if stronger is None else stronger


def _properties(stronger: dict[str, Any], weaker: dict[str, Any]) -> dict[str, Any]:
    both = {name: {**weaker[name], **stronger[name]} for name in stronger if name in weaker}
    return {**stronger, **weaker, **both}


def _chained(stronger: list[Any] | None, weaker: list[Any]) -> list[Any]:
    return [*(stronger or ()), *weaker]


def _joined(stronger: dict[str, Any] | None, weaker: dict[str, Any]) -> dict[str, Any]:
    return {**weaker, **(stronger or {})}


MERGES: dict[str, Callable[[Any, Any], Any]] = {
    "properties": _properties,
    "required": _chained,
    "allOf": _chained,
    "dependentRequired": _joined,
}


def _entry(key: str, value: Any) -> Iterator[Fault]:
    if key not in ENTRIES:
        hint = did_you_mean(str(key), ENTRIES)
        yield Fault((key,), f"is nothing that a prototype has{f': {hint}' if hint else ''}")
    elif value is not None or key in {"name", "summary"}:
        yield from ENTRIES[key](value, (key,))


def _text(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, str):
        yield Fault(path, "must be text")


def is_plain_name(name: str) -> bool:
    """Whether a name can only be that of an entry in one directory: no path, and nothing hidden."""
    return bool(name) and not name.startswith(".") and not set(name) & set("/\\\0")


def is_plain_path(path: str) -> bool:
    """Whether a path can only lead to something below the directory that it is relative to."""
    return all(map(is_plain_name, path.split("/")))


def _names(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        yield Fault(path, "must be a list of names")
        return
    for index, name in enumerate(value):
        if not is_plain_name(name):
            yield Fault((*path, index), "must be a name without slashes that does not begin with a dot")


def _templates(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path, "must be a list of files")
        return
    for index, entry in enumerate(value):
        entry = {"file": entry} if isinstance(entry, str) else entry
        if not isinstance(entry, dict) or not entry.keys() <= {"file", "when"} or not _texts(entry, "file"):
            yield Fault((*path, index), "must be the name of a file, or a map {file, when}")
        elif not is_plain_path(entry["file"]):
            yield Fault((*path, index), "must be the path of a file in the prototype's directory, without ..")


def _texts(entry: dict[str, Any], needed: str) -> bool:
    return needed in entry and all(isinstance(value, str) for value in entry.values())


def _selectors(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list) or not all(
        isinstance(labels, dict) and labels and all(isinstance(label, str) for label in labels.values())
        for labels in value
    ):
        yield Fault(path, "must be a list of label selectors, each a map of texts")


def _cautions(value: Any, path: Path) -> Iterator[Fault]:
    if not isinstance(value, list):
        yield Fault(path, "must be a list of maps {if, message}")
        return
    for index, entry in enumerate(value):
        if (
            not isinstance(entry, dict)
            or entry.keys() != {"if", "message"}
            or not isinstance(entry["message"], str)
        ):
            yield Fault(
                (*path, index), "must be a map {if, message}: a schema, and what to tell where it holds"
            )
        else:
            yield from faults_of_schema(entry["if"], (*path, index, "if"))


def _parameters(value: Any, path: Path) -> Iterator[Fault]:
    yield from faults_of_parameters(value, path)


ENTRIES: dict[str, Callable[[Any, Path], Iterator[Fault]]] = {
    "apiVersion": _text,
    "kind": _text,
    "name": _text,
    "summary": _text,
    "description": _text,
    "uses": _names,
    "parameters": _parameters,
    "templates": _templates,
    "spawns": _selectors,
    "cautions": _cautions,
}
