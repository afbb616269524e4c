"""An app: its components and the environments they go to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Location


@dataclass(frozen=True)
class Settings:
    """Values as a user wrote them in one place of one file, and where each of them stands."""

    values: Mapping[str, Any] = field(default_factory=dict)
    locations: Mapping[str, Location] = field(default_factory=dict)


@dataclass(frozen=True)
class Patch:
    """A JSON merge patch of the rendered objects that `target` selects (kind, name, apiVersion)."""

    target: Mapping[str, str]
    merge: Mapping[str, Any]
    where: Location


@dataclass(frozen=True)
class Component:
    """A prototype and the values set for it."""

    name: str
    prototype: str
    params: Settings
    patches: tuple[Patch, ...]
    where: Location  # of its file
    manifests: tuple[str, ...] = ()  # paths of raw manifests in components/NAME/, relative to the app


@dataclass(frozen=True)
class Target:
    """The cluster and namespace an environment stands for; `cluster_uid` is written by the first apply."""

    context: str | None = None
    namespace: str | None = None
    cluster_uid: str | None = None


@dataclass(frozen=True)
class Environment:
    """A target and the overrides for it."""

    name: str
    target: Target
    globals: Settings
    components: Mapping[str, Settings]
    patches: Mapping[str, tuple[Patch, ...]]  # by component
    where: Location


@dataclass(frozen=True)
class App:
    """What `kfctl.yaml` and the files beside it say; `root` is the app's directory."""

    name: str
    id: str
    root: str
    globals: Settings
    components: Mapping[str, Component]
    environments: Mapping[str, Environment]
    min_version: str | None = None
