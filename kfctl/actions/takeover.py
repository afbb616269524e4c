"""Takes manifests over from outside: read, made what today's API servers take, and looked at."""

from __future__ import annotations

import contextlib
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.identity import identity_problems, problem
from kfctl.engine.kinds import Kinds
from kfctl.engine.modern import modern
from kfctl.engine.podtemplates import maps
from kfctl.engine.structure import Known, examine_objects
from kfctl.errors import AppError, Location, Problem
from kfctl.model.resource import at, holds_secret
from kfctl.store.kinds import built_in
from kfctl.store.manifests import documents_in, objects_in
from kfctl.yamltext import decode, dump_all
from kfctl.yamltext.steps import changed
from kfctl.yamltext.streams import edited

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.engine.changes import Change
    from kfctl.model.resource import Resource
    from kfctl.store.intake import Source
    from kfctl.store.manifests import Document, Found
    from kfctl.yamltext.read import Path
    from kfctl.yamltext.steps import Step

BOM = b"\xef\xbb\xbf"

_HELM = re.compile(r"\{\{-?\s*(?:\.(?:Values|Release|Chart)\b|include\b|template\b)")
_HELM_ADVICE = "render it first: helm template RELEASE CHART --no-hooks | kfctl import - --name COMPONENT"
_VARIABLE = re.compile(r"\$\{?[A-Za-z_][A-Za-z0-9_]*\}?")
_PROGRAMS = frozenset({"args", "command", "data", "stringData", "binaryData", "env", "annotations"})


@dataclass(frozen=True)
class Taken:
    """The files of a component of raw manifests, the objects in them, and what is to be said."""

    files: Mapping[str, bytes]
    resources: tuple[Resource, ...]
    changes: tuple[Problem, ...]  # what was changed
    warnings: tuple[Problem, ...]  # what could not be carried over, and what is odd
    found: tuple[Found, ...] = ()  # where each of the objects is


NOTHING = Taken({}, (), (), ())


def take(sources: Sequence[Source], component: str) -> Taken:
    """Return what becomes of manifests in a component; one error tells every fault of all files."""
    problems: list[Problem] = []
    taken = [_taken(source, component, problems) for source in sources]
    resources = tuple(resource for each in taken for resource in each.resources)
    found = tuple(one for each in taken for one in each.found)
    problems += map(_plain, identity_problems(resources))
    if problems:
        raise AppError.of(problems)
    if not resources:
        where = Location(sources[0].path)
        raise AppError("there are no Kubernetes objects in it", where=where, hint="is it the right file?")
    return Taken(
        {name: content for each in taken for name, content in each.files.items()},
        resources,
        tuple(change for each in taken for change in each.changes),
        (*(warning for each in taken for warning in each.warnings), *_oddities(resources, found)),
        found,
    )


def _taken(source: Source, component: str, problems: list[Problem]) -> Taken:
    """Return what becomes of one file; what is wrong with it goes to `problems`."""
    faults: list[Problem] = []
    found: list[Found] = []
    documents: list[Document] = []
    try:
        documents = list(documents_in(source.raw, source.path, places=True))
        found = list(objects_in(documents, faults))
    except AppError as error:
        faults += [_with_cause(problem, source.raw) for problem in error.problems]
    strange = [each for one in found for each in _strange(one)]
    faults += [problem for fatal, problem in strange if fatal]
    problems += faults
    if faults:
        return NOTHING
    if not documents:
        return replace(
            NOTHING, warnings=(Problem("holds no objects, and is left out", Location(source.path)),)
        )
    taken = _modern(source, documents, found, component)
    return replace(taken, warnings=(*taken.warnings, *(problem for _, problem in strange)))


def _modern(source: Source, documents: Sequence[Document], found: Sequence[Found], component: str) -> Taken:
    """Return what becomes of the objects of one file."""
    steps: dict[int, list[Step]] = {}
    told: list[tuple[bool, Problem]] = []
    resources: list[Resource] = []
    for each in found:
        changes = list(modern(each.body))
        own = [step for change in changes for step in change.steps]
        steps.setdefault(each.number, []).extend(s._replace(keys=(*each.keys, *s.keys)) for s in own)
        told += [(change.lost, _problem(each, change)) for change in changes if change.said]
        resources.append(each._replace(body=changed(each.body, own)).resource(component))
    content, kept = _content(source, documents, steps)
    if not kept:
        told.append((True, Problem("had to be written anew: its comments are gone", Location(source.path))))
    told.sort(key=lambda each: each[1].where or Location(""))
    changes_, warnings = ([problem for lost, problem in told if lost is which] for which in (False, True))
    return Taken({source.name: content}, tuple(resources), tuple(changes_), tuple(warnings), tuple(found))


def _content(
    source: Source, documents: Sequence[Document], steps: Mapping[int, Sequence[Step]]
) -> tuple[bytes, bool]:
    """Return the content of a file after the steps, and whether all that did not change stands as it was."""
    if not any(steps.values()):
        return source.raw, True
    if not source.is_json:
        mark = BOM if source.raw.startswith(BOM) else b""
        with contextlib.suppress(AppError):  # laid out in a way that can't be edited
            return mark + edited(decode(source.raw), steps, source.path).encode(), True
    values = [changed(each.value, steps.get(number, ())) for number, each in enumerate(documents)]
    if source.is_json:
        import json

        return "".join(
            json.dumps(value, ensure_ascii=False, indent=2) + "\n" for value in values
        ).encode(), True
    return dump_all(values).encode(), b"#" not in source.raw


def _problem(found: Found, change: Change) -> Problem:
    return Problem(change.said, found.at(*change.keys)._replace(column=0))


def _with_cause(problem: Problem, raw: bytes) -> Problem:
    """Return a fault of YAML as what it most likely is: a template's expression in the line."""
    line = problem.where.line if problem.where else 0
    if b"{{" in b"".join(raw.splitlines()[max(line - 1, 0) : line]):
        return Problem("this is a template of Helm, not a manifest", problem.where, _HELM_ADVICE)
    return problem


def _strange(found: Found) -> Iterator[tuple[bool, Problem]]:
    """Yield what somebody was to fill in first, and whether the file is no manifest before that."""
    for keys, text in _texts(found.body, ()):
        where = found.at(*keys)._replace(column=0)
        if _HELM.search(text):
            yield True, Problem("this is a template of Helm, not a manifest", where, _HELM_ADVICE)
        elif _VARIABLE.fullmatch(text):
            yield False, Problem(f"{text} looks like a variable that nobody has filled in", where)


def _texts(value: Any, keys: Path) -> Iterator[tuple[Path, str]]:
    """Yield the texts in an object with their places; what programs read is no concern of ours."""
    if isinstance(value, str):
        yield keys, value
    elif isinstance(value, dict):
        for key, item in value.items():
            if key not in _PROGRAMS:
                yield from _texts(item, (*keys, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _texts(item, (*keys, index))


def _oddities(resources: Sequence[Resource], found: Sequence[Found]) -> Iterator[Problem]:
    """Yield what the user should know about objects that are taken as they are."""
    places = {id(resource): each.at for resource, each in zip(resources, found, strict=True)}
    known = Known(Kinds(built_in(), resources), lambda resource, path: places[id(resource)](*path))
    for each in map(_plain, examine_objects(resources, known, whole=False).problems):
        yield each._replace(where=each.where and each.where._replace(column=0))
    for resource in resources:
        yield from (_plain(problem(resource, said)) for said in _oddness(resource))
    namespaces: dict[str, list[Resource]] = {}
    for resource in resources:
        if resource.namespace:
            namespaces.setdefault(resource.namespace, []).append(resource)
    for namespace, those in namespaces.items():
        many = "1 object names" if len(those) == 1 else f"{len(those)} objects name"
        verb = "goes" if len(those) == 1 else "go"
        said = f"{many} the namespace {namespace}, and {verb} there in every environment"
        yield Problem(said, _plain(problem(those[0], "")).where)


def _oddness(resource: Resource) -> Iterator[str]:
    """Yield what is odd about one object."""
    if holds_secret(resource):
        yield "holds secret data: whoever can read the app's files can read it"
    for owner in maps(resource.metadata.get("ownerReferences")):
        yield f"belongs to {owner.get('kind')}/{owner.get('name')}, which makes it"
    if hook := at(resource.body, "metadata", "annotations", "helm.sh/hook"):
        advice = "helm template --no-hooks leaves it out"
        yield f"is a hook of Helm ({hook}), and is made and kept like the rest here: {advice}"


def _plain(found: Problem) -> Problem:
    """Return a problem without the component's name, which is not there yet."""
    return found._replace(message=found.message.partition(": ")[2])
