"""The raw manifests of an app: the files below `components/NAME/`, and the objects in them."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.errors import AppError, Location, Problem
from kfctl.model.resource import Resource
from kfctl.store.appfile import kind_of
from kfctl.store.files.reader import MAX_TREE_BYTES, MEBIBYTE, Tree
from kfctl.yamltext import Lines, decode, documents
from kfctl.yamltext.reader import MAX_PROBLEMS
from kfctl.yamltext.scalars import quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from kfctl.model.app import App

PROTOTYPE = "manifests"  # of components that are raw manifests

SUFFIXES = (".yaml", ".yml", ".json")


class Document(NamedTuple):
    """One document of a file: its value, and where the part of it at some keys stands."""

    value: Any
    place: Callable[..., Location]


class Found(NamedTuple):
    """An object in a file: its body, the number of its document, and where in that it is."""

    body: Any
    number: int
    keys: tuple[str | int, ...]  # not empty in a List
    place: Callable[..., Location]  # of what is at some keys of the document

    def at(self, *keys: str | int) -> Location:
        """Return where a part of the object stands."""
        return self.place(*self.keys, *keys)

    def resource(self, component: str) -> Resource:
        """Return it as an object of a component."""
        where = self.at()
        return Resource(self.body, component, f"{where.path}:{where.line}")


def manifest_files(root: Path, name: str) -> tuple[str, ...]:
    """Return the paths of a component's manifests, relative to the app; hidden ones don't count."""
    folder = f"components/{name}"
    found = sorted(Tree(root).files_below(folder))
    return tuple(f"{folder}/{each}" for each in found if each.endswith(SUFFIXES))


def raw_manifests(app: App, component: str) -> list[Resource]:
    """Return the objects in a component's manifests, lists taken apart; every fault is in one error."""
    problems: list[Problem] = []
    resources: list[Resource] = []
    tree, left = Tree(Path(app.root)), MAX_TREE_BYTES
    for path in app.components[component].manifests:
        faults: list[Problem] = []
        try:
            raw = tree.read(path)
            left -= len(raw)
            if left < 0:  # any number of links can lead to one file
                limit = f"{MAX_TREE_BYTES // MEBIBYTE} MiB"
                raise AppError(f"the manifests of {component} are larger than {limit} together")
            found = objects_in(documents_in(raw, path), faults)
            resources += [each.resource(component) for each in found]
        except AppError as error:
            faults = list(error.problems)
        problems += faults
        if left < 0 or len(problems) >= MAX_PROBLEMS:
            break
    if problems:
        raise AppError(problems[0].message, problems=problems)
    return resources


class Parts:
    """Where the parts of raw manifests stand; each file is read once."""

    def __init__(self, app: App) -> None:
        """Take the app; nothing is read yet."""
        self._app = app
        self._files: dict[str, dict[str, Found]] = {}

    def at(self, resource: Resource, path: Sequence[str | int]) -> Location | None:
        """Return where a part of an object stands, or the nearest around it; None if not in a manifest."""
        file = resource.origin.rpartition(":")[0]
        component = self._app.components.get(resource.component)
        if component is None or file not in component.manifests:
            return None
        if file not in self._files:
            documents = documents_in(Tree(Path(self._app.root)).read(file), file, places=True)
            self._files[file] = {found.resource("").origin: found for found in objects_in(documents, [])}
        found = self._files[file].get(resource.origin)
        return found.at(*path) if found else None


def documents_in(raw: bytes, path: str, *, places: bool = False) -> Iterable[Document]:
    """Return the documents of a file, empty ones left out; with `places` the place of every part is known.

    Those of JSON are read one by one, so that one with many faults is not read to its end.
    """
    if path.endswith(".json"):
        return _json_documents(decode(raw, path), path)
    try:
        found = documents(raw, path, places=places)
    except AppError:
        stream = _json_stream(raw, path)
        if stream is None:
            raise
        return stream
    if not places and any(_is_list(each.value) for each in found):  # only then parts have places of interest
        found = documents(raw, path, places=True)
    return [Document(each.value, each.key_at) for each in found]


def objects_in(found: Iterable[Document], problems: list[Problem]) -> Iterator[Found]:
    """Yield the objects in documents, those of a List one by one; what is none becomes a problem."""
    for number, (value, place) in enumerate(found):
        yield from _objects(Found(value, number, (), place), problems)


def _json_stream(raw: bytes, path: str) -> list[Document] | None:
    """Return the documents of a file that is not YAML but JSON, whatever its name; None: it is neither.

    kubectl takes what begins with a brace for a stream of JSON values.
    """
    text = decode(raw, path)
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        return None
    with suppress(AppError):
        return list(_json_documents(text, path))
    return None


def _json_documents(text: str, path: str) -> Iterator[Document]:
    """Yield one JSON value after another, as kubectl reads them."""
    from kfctl.yamltext.jsontext import JsonError, read_json, skip_space  # only an app with such files pays

    lines = Lines(text, path)
    index = skip_space(text, 0)
    while index < len(text):
        start = index
        try:
            value, index = read_json(text, index)
        except JsonError as error:
            message = f"the key {quoted(error.key)} is twice in one object" if error.key else str(error)
            where = lines.at(start if error.index is None else error.index)
            raise AppError(message, where=where) from None
        yield Document(value, lambda *_, start=start: lines.at(start))
        index = skip_space(text, index)


def _objects(found: Found, problems: list[Problem]) -> Iterator[Found]:
    """Yield the object that a document holds, or those of a List."""
    fault = _fault(found.body)
    if fault:
        hint = "a manifest holds Kubernetes objects: apiVersion, kind, metadata"
        problems.append(Problem(fault, found.at(), hint))
        if len(problems) >= MAX_PROBLEMS:
            raise AppError(problems[0].message, problems=problems)
    elif _is_list(found.body):
        for index, item in enumerate(found.body["items"]):
            yield from _objects(found._replace(body=item, keys=(*found.keys, "items", index)), problems)
    else:
        yield found


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
