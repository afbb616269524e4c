"""Reads one `prototype.yaml` with the groups of parameters it uses, and proves that it is a prototype."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from kfctl.errors import AppError, Location, Problem, did_you_mean
from kfctl.model.declaration import faults_of_names, faults_of_parameters, faults_of_prototype, merged
from kfctl.model.dialect import Fault, place
from kfctl.model.parameters import Parameter
from kfctl.model.prototype import Caution, Prototype, Template
from kfctl.model.secrecy import secret_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.store.files.reader import Tree


@dataclass(frozen=True)
class Source:
    """One YAML file; where its parts stand is looked up only when there is something to say of them."""

    tree: Tree
    path: str

    @cached_property
    def text(self) -> str:
        """What the file holds."""
        return yamltext.decode(self.tree.read(self.path), self.path)

    @cached_property
    def value(self) -> Any:
        """The document in it."""
        return yamltext.load(self.text, self.path)

    def where(self, path: Sequence[str | int]) -> Location:
        """Return the place of the value at `path`, or of the nearest one around it."""
        return self._located.key_at(*path)

    @cached_property
    def _located(self) -> yamltext.Located:
        return yamltext.load_located(self.text, self.path)

    def refuse(self, faults: Sequence[Fault]) -> None:
        """Raise an AppError of all faults, each with its place, if there is any."""
        if faults:
            raise AppError.of([Problem(_message(fault), self.where(fault.path)) for fault in faults])


def read_prototype(tree: Tree, folder: str, shared: Sequence[tuple[Tree, str]]) -> Prototype:
    """Return the prototype in a folder; AppError with every fault of its file, or of a group it uses.

    Of several `shared` folders the first wins.
    """
    own = Source(tree, f"{folder}/prototype.yaml")
    name = PurePath(folder).name
    own.refuse(faults_of_prototype(own.value, name) or list(_missing_files(own.value, tree, folder)))
    groups = [_group(name, own, shared) for name in own.value.get("uses") or ()]
    for group in groups:
        group.refuse(faults_of_parameters(group.value))
    schema = merged([own.value.get("parameters") or {}, *(group.value for group in groups)])
    own.refuse(faults_of_names(schema, ("parameters",)))
    return _prototype(own, name, schema)


def _prototype(own: Source, name: str, schema: Mapping[str, Any]) -> Prototype:
    required = frozenset(schema.get("required", ()))
    declared = schema["properties"]
    parameters = {name: Parameter(name, keywords, name in required) for name, keywords in declared.items()}
    for secret in secret_names(schema, declared):
        parameters[secret] = parameters[secret].concealed()
    return Prototype(
        name=name,
        root=str((own.tree.root / own.path).parent),
        summary=own.value.get("summary") or "",
        description=own.value.get("description") or "",
        schema=schema,
        parameters=parameters,
        templates=tuple(map(_template, own.value.get("templates") or ())),
        spawns=tuple(own.value.get("spawns") or ()),
        shipped=own.tree.is_trusted,
        where=Location(own.path, 1),
        cautions=tuple(Caution(each["if"], each["message"]) for each in own.value.get("cautions") or ()),
        places=own.where,
    )


def _template(entry: str | Mapping[str, str]) -> Template:
    return Template(entry, "") if isinstance(entry, str) else Template(entry["file"], entry.get("when", ""))


def _missing_files(document: Mapping[str, Any], tree: Tree, folder: str) -> Iterator[Fault]:
    for index, template in enumerate(map(_template, document.get("templates") or ())):
        if not tree.is_file(f"{folder}/{template.file}"):
            known = [entry.name for entry in tree.entries(folder) if entry.name.endswith(".j2")]
            hint = did_you_mean(template.file, known)
            message = (
                f"there is no file {template.file} in the prototype's folder{f': {hint}' if hint else ''}"
            )
            yield Fault(("templates", index), message)


def _group(name: str, own: Source, shared: Sequence[tuple[Tree, str]]) -> Source:
    for tree, folder in shared:
        if tree.is_file(path := f"{folder}/{name}.yaml"):
            return Source(tree, path)
    listed = (entry.name for tree, folder in shared for entry in tree.entries(folder))
    known = sorted({each.removesuffix(".yaml") for each in listed if each.endswith(".yaml")})
    hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
    raise AppError(f"there is no group of parameters '{name}'", where=own.where(("uses",)), hint=hint)


def _message(fault: Fault) -> str:
    return f"{place(fault.path)} {fault.message}".strip()
