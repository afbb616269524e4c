"""Which cluster, namespace and user a kubeconfig names, by kubectl's rules."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl.errors import ClusterError, KfctlError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable

MAX_BYTES = 16 * 2**20
_PATHS = {"clusters": ("certificate-authority",), "users": ("client-certificate", "client-key", "tokenFile")}
_SINGULAR = {"clusters": "cluster", "users": "user", "contexts": "context"}


def _ignore(warning: str, hint: str) -> None:
    del warning, hint


@dataclass(frozen=True)
class Login:
    """Which cluster to talk to, and as whom; what is not given comes from the kubeconfig."""

    context: str | None = None
    kubeconfig: str | None = None
    user: str | None = None  # --as
    groups: tuple[str, ...] = ()  # --as-group
    context_is_default: bool = False  # the environment's: inside a pod without a kubeconfig it may be missing
    warn: Callable[[str, str], None] = field(default=_ignore, compare=False)  # gets a warning and its hint


@dataclass(frozen=True)
class Context:
    """A named context and the cluster and user entries it refers to, file paths made absolute."""

    name: str
    cluster: dict[str, Any]
    user: dict[str, Any]
    namespace: str


@dataclass(frozen=True)
class KubeConfig:
    """All kubeconfig files as one; the first file that sets a name wins."""

    paths: tuple[str, ...]  # the files looked for
    current: str = ""
    entries: dict[str, dict[str, dict[str, Any]]] = field(default_factory=dict)  # section → name → entry

    @property
    def contexts(self) -> tuple[str, ...]:
        """The names of all contexts."""
        return tuple(self.entries.get("contexts", ()))

    def context(self, name: str | None = None) -> Context:
        """Return the context of that name, or the current one; raise with the contexts there are."""
        wanted = name or self.current
        if not wanted:
            hint = f"give --context; there are {_names(self.contexts)}" if self.contexts else _HOW
            gone = "" if any(Path(path).exists() for path in self.paths) else ": there is no such file"
            raise ClusterError(f"no current context in {_files(self.paths)}{gone}", hint=hint)
        found = self.entries.get("contexts", {}).get(wanted)
        if found is None:
            raise self._unknown(wanted)
        user = str(found.get("user") or "")
        return Context(
            wanted,
            self._part("clusters", str(found.get("cluster") or ""), wanted),
            self._part("users", user, wanted) if user else {},
            str(found.get("namespace") or ""),
        )

    def _unknown(self, wanted: str) -> ClusterError:
        there = f"there are {_names(self.contexts)}" if self.contexts else "there is none"
        near = did_you_mean(wanted, self.contexts)
        hint = f"{near} {there}" if near else there
        return ClusterError(f"no context {wanted!r} in {_files(self.paths)}", hint=hint)

    def _part(self, section: str, name: str, context: str) -> dict[str, Any]:
        found = self.entries.get(section, {}).get(name)
        if found is None:
            raise ClusterError(
                f"context {context!r} names the {_SINGULAR[section]} {name!r}, not in {_files(self.paths)}",
                hint="mend the kubeconfig: kubectl config view shows it",
            )
        return found


_HOW = "give --kubeconfig FILE, or set KUBECONFIG, or make a cluster that writes one (minikube start)"


def load(explicit: str | None = None) -> KubeConfig:
    """Read the file given, else those KUBECONFIG lists, else ~/.kube/config; missing ones count as empty."""
    paths = _paths(explicit)
    merged = KubeConfig(tuple(paths), entries={section: {} for section in _SINGULAR})
    current = ""
    for path in paths:
        if explicit is None and not Path(path).exists():
            continue
        loaded = _read(path)
        current = current or str(loaded.get("current-context") or "")
        for section, names in merged.entries.items():
            for name, entry in _section(loaded, section, path).items():
                names.setdefault(name, entry)
    return KubeConfig(merged.paths, current, merged.entries)


def _paths(explicit: str | None) -> list[str]:
    if explicit is not None:
        return [str(Path(explicit).expanduser())]
    listed = [path for path in os.environ.get("KUBECONFIG", "").split(os.pathsep) if path]
    return list(dict.fromkeys(listed)) or [str(Path("~/.kube/config").expanduser())]


def _read(path: str) -> dict[str, Any]:
    from kfctl import yamltext

    try:
        with open(path, "rb") as stream:  # a pipe, too, as of a shell's <(command)
            raw = stream.read(MAX_BYTES + 1)
        if len(raw) > MAX_BYTES:
            raise _broken(path, f"it is larger than {MAX_BYTES // 2**20} MiB")
        loaded = yamltext.load(raw.decode("utf-8"), path)
    except FileNotFoundError as error:
        raise ClusterError(f"there is no kubeconfig {path}", hint=_HOW) from error
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ClusterError(f"can't read the kubeconfig {path}: {reason}") from error
    except KfctlError as error:
        raise _broken(path, str(error)) from error
    if loaded is not None and not isinstance(loaded, dict):
        raise _broken(path, "it holds no map")
    return loaded or {}


def _section(loaded: dict[str, Any], section: str, path: str) -> dict[str, dict[str, Any]]:
    listed = loaded.get(section) or []
    if not isinstance(listed, list):
        raise _broken(path, f"{section} is not a list")
    found: dict[str, dict[str, Any]] = {}
    for item in listed:
        entry = (item.get(_SINGULAR[section]) or {}) if isinstance(item, dict) else None
        if not isinstance(entry, dict) or not isinstance(item.get("name"), str):
            raise _broken(path, f"an entry of {section} has no name or is no map")
        found.setdefault(item["name"], _absolute(entry, section, path))
    return found


def _absolute(entry: dict[str, Any], section: str, path: str) -> dict[str, Any]:
    folder = Path(path).absolute().parent
    named: dict[str, Any] = {
        key: str(folder / entry[key]) for key in _PATHS.get(section, ()) if entry.get(key)
    }
    plugin = entry.get("exec")
    if isinstance(plugin, dict) and os.sep in str(plugin.get("command") or ""):
        named["exec"] = {**plugin, "command": str(folder / plugin["command"])}
    return {**entry, **named}


def _broken(path: str, why: str) -> ClusterError:
    return ClusterError(
        f"the kubeconfig {path} is broken: {why}", hint="mend it, or give another with --kubeconfig"
    )


def _files(paths: tuple[str, ...]) -> str:
    return ", ".join(paths)


def _names(names: tuple[str, ...]) -> str:
    return ", ".join(names)
