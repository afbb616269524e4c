"""One file of an app, read and checked: each question about it notes what is wrong instead of raising."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kfctl.errors import Location, Problem, did_you_mean
from kfctl.model.app import Patch, Settings

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.yamltext import Located

API_VERSION = "kfctl/v1"

_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_KINDS = {
    str: "a string",
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    dict: "a map",
    list: "a list",
}
_PATCH_TARGET = ("apiVersion", "kind", "name")


def is_label(name: str, longest: int = 63) -> bool:
    """Whether `name` is a DNS-1123 label of at most `longest` characters, as Kubernetes wants names."""
    return len(name) <= longest and _LABEL.fullmatch(name) is not None


def as_label(text: str, longest: int = 63) -> str:
    """Return the label that is nearest to a text; empty where none is near."""
    import unicodedata

    ascii_only = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub("[^a-z0-9]+", "-", ascii_only).strip("-")[:longest].strip("-")


def bad_name(what: str, name: str, longest: int = 63) -> str:
    """Return what to say of a name that is no label."""
    return (
        f"{what} is made of lower-case letters, digits and inner dashes, "
        f"at most {longest} characters, and '{name}' is not"
    )


def kind_of(value: Any) -> str:
    """Return what a value read from YAML is, in the words of an error."""
    return "nothing" if value is None else _KINDS.get(type(value), "a value")


class AppFile:
    """A file's content, asked piece by piece; `problems` gathers every fault."""

    def __init__(self, path: str, located: Located | None, problems: list[Problem]) -> None:
        """Take what was read from a file (None: its fault is noted already), and the list for its faults."""
        self.path, self.located, self.problems = path, located, problems
        self.value: Mapping[str, Any] = {}
        if located and isinstance(located.value, dict):
            self.value = located.value
        elif located:
            self.located = None
            message = f"the file must hold a map, and is {kind_of(located.value)}"
            self.problem("the file is empty" if located.value is None else message)

    def problem(self, message: str, *keys: str | int, of_key: bool = False, hint: str = "") -> None:
        """Note a fault of the value at `keys`, or of its key."""
        found = Problem(message, self._place(keys, of_key=of_key), hint)
        if found not in self.problems:  # two questions may meet the same fault
            self.problems.append(found)

    def head(self, kind: str, known: Iterable[str]) -> None:
        """Check that the file is of this kind and has no other keys than `known`."""
        if "metadata" in self.value and self.value.get("apiVersion") != API_VERSION:
            message = f"this is an object of Kubernetes, and no {kind} of kfctl"
            self.problem(message, hint="move it elsewhere, and `kfctl import FILE` makes a component of it")
            self.value = {}
            self.located = None
            return
        for key, wanted in (("apiVersion", API_VERSION), ("kind", kind)):
            found = self.value.get(key)
            if found is None and self.located:
                self.problem(f"`{key}: {wanted}` is missing")
            elif found is not None and found != wanted:
                self.problem(f"{key} must be {wanted}, not {found}", key)
        self.only({"apiVersion", "kind", *known})

    def only(self, known: Iterable[str], *keys: str | int) -> None:
        """Check that the map at `keys` has no other keys than `known`."""
        for key in self.mapping(*keys):
            if key not in known:
                near = did_you_mean(key, known) or f"known here: {', '.join(sorted(known))}"
                self.problem(f"unknown key '{key}'", *keys, key, of_key=True, hint=near)

    def text(self, *keys: str | int, required: bool = False) -> str | None:
        """Return the string at `keys`; None if there is none."""
        value = self._get(keys)
        if isinstance(value, str) and value:
            return value
        name = keys[-1]
        if value is None or value == "":
            if required and self.located:
                self.problem(f"{name} is missing", *keys)
        else:
            hint = f'put it in quotes: {name}: "{value}"' if not isinstance(value, dict | list) else ""
            self.problem(f"{name} must be a string, and is {kind_of(value)}", *keys, hint=hint)
        return None

    def mapping(self, *keys: str | int) -> Mapping[str, Any]:
        """Return the map at `keys`; empty if there is none."""
        value = self._get(keys)
        if isinstance(value, dict):
            return value
        if value is not None:
            self.problem(f"{keys[-1]} must be a map, and is {kind_of(value)}", *keys)
        return {}

    def settings(self, *keys: str | int) -> Settings:
        """Return the parameters set at `keys` with the place of each."""
        values = self.mapping(*keys)
        return Settings(values, {name: self._place((*keys, name), of_key=True) for name in values})

    def patches(self, *keys: str | int) -> tuple[Patch, ...]:
        """Return the patches listed at `keys`."""
        value = self._get(keys)
        if value is None:
            return ()
        if not isinstance(value, list):
            self.problem(f"{keys[-1]} must be a list, and is {kind_of(value)}", *keys)
            return ()
        return tuple(self._patch((*keys, number)) for number in range(len(value)))

    def _patch(self, keys: tuple[str | int, ...]) -> Patch:
        patch = self._get(keys)
        if not isinstance(patch, dict):
            self.problem(f"a patch must be a map, and is {kind_of(patch)}", *keys)
            return Patch({}, {}, self.where(*keys))
        self.only(("target", "merge"), *keys)
        for key in ("target", "merge"):
            if not patch.get(key):
                self.problem(f"a patch needs `{key}:`, a map that is not empty", *keys)
        target = self.mapping(*keys, "target")
        self.only(_PATCH_TARGET, *keys, "target")
        chosen = {key: self.text(*keys, "target", key) or "" for key in _PATCH_TARGET if key in target}
        return Patch(chosen, self.mapping(*keys, "merge"), self.where(*keys))

    def where(self, *keys: str | int) -> Location:
        """Return the place of the value at `keys`."""
        return self._place(keys)

    def _place(self, keys: tuple[str | int, ...], *, of_key: bool = False) -> Location:
        if self.located is None:
            return Location(self.path)
        return self.located.key_at(*keys) if of_key else self.located.at(*keys)

    def _get(self, keys: tuple[str | int, ...]) -> Any:
        value: Any = self.value
        for key in keys:
            if isinstance(value, list) and isinstance(key, int):
                value = value[key]
            elif isinstance(value, Mapping):
                value = value.get(str(key))
            else:
                return None
        return value
