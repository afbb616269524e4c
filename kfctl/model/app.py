"""An app: its components and the environments they go to."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Location


class Settings(NamedTuple):
    """Values as a user wrote them in one place of one file, and where each of them stands."""

    values: Mapping[str, Any] = {}
    locations: Mapping[str, Location] = {}


class Patch(NamedTuple):
    """A JSON merge patch of the rendered objects that `target` selects (kind, name, apiVersion)."""

    target: Mapping[str, str]
    merge: Mapping[str, Any]
    where: Location


class Component(NamedTuple):
    """A prototype and the values set for it."""

    name: str
    prototype: str
    params: Settings
    patches: tuple[Patch, ...]
    where: Location  # of its file
    manifests: tuple[str, ...] = ()  # paths of raw manifests in components/NAME/, relative to the app


class Target(NamedTuple):
    """The cluster and namespace an environment stands for; `cluster_uid` is written by the first apply."""

    context: str | None = None
    namespace: str | None = None
    cluster_uid: str | None = None


class Environment(NamedTuple):
    """A target and the overrides for it."""

    name: str
    target: Target
    globals: Settings
    components: Mapping[str, Settings]
    patches: Mapping[str, tuple[Patch, ...]]  # by component
    where: Location


class App(NamedTuple):
    """What `kfctl.yaml` and the files beside it say; `root` is the app's directory."""

    name: str
    id: str
    root: str
    globals: Settings
    components: Mapping[str, Component]
    environments: Mapping[str, Environment]
    min_version: str | None = None
