"""A kind of component: its schema, templates and examples."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.model.parameters import Layer, Value

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from kfctl.errors import Location
    from kfctl.model.parameters import Parameter


class Template(NamedTuple):
    """A Jinja2 file that renders one object, or none where its condition `when` is false."""

    file: str  # relative to the prototype's folder
    when: str  # a Jinja2 expression over the parameters; empty: always


class Caution(NamedTuple):
    """What a user should know who lets a component be as `schema` says."""

    schema: Mapping[str, Any]
    message: str


class Example(NamedTuple):
    """A values file: documentation, test input and golden input at once."""

    name: str
    summary: str
    params: Mapping[str, Any]


@dataclass(frozen=True, eq=False)  # one is as good as its file: two are never compared
class Prototype:
    """A schema of parameters and the templates that turn them into objects."""

    name: str
    root: str  # its folder
    summary: str
    description: str
    schema: Mapping[str, Any]  # a JSON Schema of type object
    parameters: Mapping[str, Parameter]
    templates: tuple[Template, ...]
    spawns: tuple[Mapping[str, str], ...]  # label selectors of what its program makes on the cluster
    shipped: bool
    where: Location
    cautions: tuple[Caution, ...] = ()
    places: Callable[[Sequence[str | int]], Location] | None = None  # of the parts of its file

    def at(self, *path: str | int) -> Location:
        """Return where a part of its file stands."""
        return self.places(path) if self.places else self.where

    def canonical(self, name: str) -> str | None:
        """Return the parameter that `name` means (itself, an alias, kebab-case), or None."""
        return self._names.get(name) or self._names.get(fold(name))

    @cached_property
    def spellings(self) -> tuple[str, ...]:
        """The parameters' names, and all others that they may be given by."""
        return tuple(name for p in self.parameters.values() for name in (p.name, *p.aliases))

    @cached_property
    def defaults(self) -> Mapping[str, Value]:
        """The values of parameters that nobody set."""
        return {name: Value(p.default, Layer.DEFAULT) for name, p in self.parameters.items()}

    @cached_property
    def _names(self) -> dict[str, str]:
        names = {
            fold(spelling): p.name for p in self.parameters.values() for spelling in (*p.aliases, p.name)
        }
        names.update((p.name, p.name) for p in self.parameters.values())
        return names


def fold(name: str) -> str:
    """Return the spelling in which modelPath, model-path and model_path are one name."""
    return name.replace("-", "").replace("_", "").lower()


def kebab(name: str) -> str:
    """Return a parameter's spelling as a flag: modelPath → model-path, numGpus → num-gpus."""
    text = "".join(
        f"-{c.lower()}" if c.isupper() and i and not name[i - 1].isupper() else c.lower()
        for i, c in enumerate(name)
    )
    return text.replace("_", "-").strip("-")
