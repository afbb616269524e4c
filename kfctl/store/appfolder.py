"""What lies in `components/` or `environments/`: one YAML file each, and folders of raw manifests."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from kfctl.errors import AppError, Location, Problem
from kfctl.store.appfile import bad_name, is_label
from kfctl.store.files.reader import Tree
from kfctl.store.manifests import PROTOTYPE, manifest_files

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator
    from pathlib import Path

    from kfctl.store.files.reader import Entry

COMPONENTS, ENVIRONMENTS, PROTOTYPES = "components", "environments", "prototypes"

_ALMOST = ("yml", "json", "YAML", "YML")  # what a user may have meant to be read
_WHOSE = {COMPONENTS: "a component's name", ENVIRONMENTS: "an environment's name"}


class AppFolder:
    """The files of a folder by their names, all faults noted in `problems`.

    With `only`, faults of the others do not matter.
    """

    def __init__(
        self, root: Path, name: str, problems: list[Problem], only: Collection[str] | None = None
    ) -> None:
        """Look into the folder `name` of the app in `root`; it need not be there."""
        self.root, self.name, self.problems, self.only = root, name, problems, only
        self.files: dict[str, str] = {}
        self.unreadable: AppError | None = None  # why the folder can't be listed
        self.misnamed: list[str] = []  # files that are not read, by the names they would have
        self._folders: set[str] = set()
        for entry in self._entries():
            self._add(entry)
        for folder in sorted(self._folders - self.files.keys()):
            hint = f"a file {name}/{folder}.yaml with `prototype: {PROTOTYPE}` makes it a component"
            if self._chosen(folder) and self._manifests(folder):
                self._problem(folder, "the manifests in this folder belong to no component", hint)

    def chosen(self) -> Iterator[tuple[str, str]]:
        """Yield name and path of the files that matter."""
        return ((name, path) for name, path in self.files.items() if self._chosen(name))

    def noting(self, problems: list[Problem]) -> AppFolder:
        """Return the same folder, whose further faults are noted elsewhere."""
        other = copy.copy(self)
        other.problems = problems
        return other

    def manifests(self, component: str, prototype: str) -> tuple[str, ...]:
        """Return the raw manifests of a component; only one of the prototype `manifests` may have some."""
        found = self._manifests(component) if component in self._folders else ()
        if found and prototype and prototype != PROTOTYPE:
            hint = f"manifests need a component of the prototype {PROTOTYPE}"
            self._problem(component, f"{component} is a {prototype}: the files here would be left out", hint)
        return found

    def _chosen(self, name: str) -> bool:
        return self.only is None or name in self.only

    def _manifests(self, folder: str) -> tuple[str, ...]:
        if self.name != COMPONENTS:
            return ()
        try:
            return manifest_files(self.root, folder)
        except AppError as error:
            self.problems += error.problems
            return ()

    def _entries(self) -> list[Entry]:
        try:
            return [each for each in Tree(self.root).entries(self.name) if each.name[0] != "."]
        except AppError as error:
            self.problems += error.problems
            self.unreadable = error
            return []

    def _add(self, entry: Entry) -> None:
        stem, _, suffix = entry.name.rpartition(".")
        if stem and suffix == "yaml":
            self.files[stem] = f"{self.name}/{entry.name}"
            if self._chosen(stem) and not is_label(stem):
                self._problem(entry.name, bad_name(_WHOSE[self.name], stem), "rename the file")
        elif stem and suffix in _ALMOST:
            self.misnamed.append(stem)
            if self._chosen(stem):
                message = f"only .yaml files are read in {self.name}/"
                self._problem(entry.name, message, f"rename it to {stem}.yaml")
        elif entry.is_directory or (entry.is_link and self._leads_to_directory(entry.name)):
            self._folders.add(entry.name)

    def _leads_to_directory(self, name: str) -> bool:
        try:
            return Tree(self.root).is_directory(f"{self.name}/{name}")
        except AppError as error:
            if self._chosen(name):
                self.problems += error.problems
            return False

    def _problem(self, name: str, message: str, hint: str) -> None:
        self.problems.append(Problem(message, Location(f"{self.name}/{name}"), hint))
