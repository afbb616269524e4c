"""The cluster and namespace that a new environment stands for, taken from the user's kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.actions.app import check_name
from kfctl.errors import ClusterError, did_you_mean
from kfctl.model.app import Target

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.cluster.kubeconfig import KubeConfig


@dataclass(frozen=True)
class Wish:
    """What the user wants an environment to stand for; None: what the kubeconfig says."""

    context: str | None = None
    namespace: str | None = None
    kubeconfig: str | None = None


def current_target(wish: Wish) -> tuple[Target, tuple[str, ...]]:
    """Return what kubectl would use now unless the wish says otherwise, and warnings; asks no cluster."""
    if wish.namespace:
        check_name("a namespace", wish.namespace)
    warnings: list[str] = []
    try:
        config = _kubeconfig(wish)
    except ClusterError as error:
        return Target(wish.context, wish.namespace), (str(error),)
    context = wish.context or config.current or None
    known = config.entries.get("contexts", {})
    if context and context not in known:
        warnings += unknown_context(context, config)
        context = wish.context
    namespace = str(known.get(context or "", {}).get("namespace") or "default") if context else None
    return Target(context, wish.namespace or namespace), tuple(warnings)


def context_warnings(context: str, kubeconfig: str | None) -> tuple[str, ...]:
    """Return a warning if the kubeconfig has no such context: it may be another machine that has it."""
    try:
        config = _kubeconfig(Wish(kubeconfig=kubeconfig))
    except ClusterError as error:
        return (str(error),)
    return () if context in config.contexts else tuple(unknown_context(context, config))


def contexts_of(server: str) -> tuple[str, ...]:
    """Return the contexts of the cluster at an address; the current one alone if it is among them."""
    try:
        config = _kubeconfig(Wish())
    except ClusterError:
        return ()
    clusters, contexts = config.entries.get("clusters", {}), config.entries.get("contexts", {})
    found = tuple(
        name
        for name, context in contexts.items()
        if server
        and _address(clusters.get(str(context.get("cluster")), {}).get("server")) == _address(server)
    )
    return (config.current,) if config.current in found else found


def _address(server: object) -> tuple[str, int | None]:
    """Return what two spellings of an address have in common."""
    from urllib.parse import urlsplit

    parts = urlsplit(str(server))
    return (parts.hostname or "", parts.port or {"https": 443, "http": 80}.get(parts.scheme))


def unknown_context(context: str, config: KubeConfig) -> Iterator[str]:
    """Yield the warning for a context that the kubeconfig does not have."""
    hint = did_you_mean(context, config.contexts)
    there = f"it has {', '.join(config.contexts) or 'none'}"
    yield f"there is no context '{context}' in {', '.join(config.paths)}: {hint or there}"


def _kubeconfig(wish: Wish) -> KubeConfig:
    from kfctl.cluster.kubeconfig import load

    return load(wish.kubeconfig)
