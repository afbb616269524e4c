"""An app of ksonnet, as far as its files can be read without running programs."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Location, Problem
    from kfctl.model.app import Settings


class Expression(NamedTuple):
    """What a program would have to be run for: its text, and where it stands."""

    text: str
    where: Location


class KsComponent(NamedTuple):
    """A component: a program made from a prototype, or a manifest."""

    name: str
    path: str  # relative to the app
    prototype: str  # its short name, or what it imports; empty where nothing tells it, and of manifests
    params: Settings
    is_manifest: bool = False
    edited: str = ""  # what is to be said where it is not, or not surely, as its prototype makes it


class KsEnvironment(NamedTuple):
    """A cluster, known by the address of its server, a namespace, and overrides."""

    name: str
    server: str
    namespace: str
    components: Mapping[str, Settings]
    globals: Settings
    where: Location


class KsApp(NamedTuple):
    """What the files say, and what in them can't be read as values."""

    root: str
    globals: Settings  # they are stronger than the components' own
    components: Mapping[str, KsComponent]
    environments: Mapping[str, KsEnvironment]
    left: tuple[Problem, ...]
    broken: tuple[Problem, ...] = ()  # files of which nothing could be read
