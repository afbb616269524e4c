"""Which cluster an environment is bound to, and whether this is it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kfctl.errors import AppError, Forbidden, NotFound, Problem, Refused
from kfctl.model.redactor import NOTHING

if TYPE_CHECKING:
    from kfctl.cluster.client import Cluster
    from kfctl.cluster.kubeconfig import Login
    from kfctl.model.app import App, Environment
    from kfctl.model.inventory import Inventory
    from kfctl.model.plan import Scope
    from kfctl.model.redactor import Redactor

_BY_NAMESPACE = "namespace/"  # begins a recorded identity that is a namespace's: namespace/NAME/UID


def connect(environment: Environment, login: Login, hide: Redactor = NOTHING) -> Cluster:
    """Return the cluster of an environment, or the one that the command line names; nothing is sent yet."""
    from kfctl.cluster import client

    if login.context is None:
        _check_bound(environment, login)
        login = replace(login, context=environment.target.context, context_is_default=True)
    return client.connect(login, hide)


class Identity(NamedTuple):
    """What a cluster is known by."""

    uid: str  # empty where it can't be known: neither kube-system nor the environment's namespace can be read
    read: bool = True  # False: it is what the environment has recorded, for the cluster's may not be read


def check(cluster: Cluster, environment: Environment) -> Identity:
    """Return the cluster's identity, as an apply records it; Refused if another one is recorded."""
    recorded = environment.target.cluster_uid
    if not recorded:
        return Identity(_identity(cluster, environment))
    try:
        found = _same_kind_of_identity(cluster, recorded)
    except Forbidden:  # what can't be read is no mismatch: `doubt` tells of it
        return Identity(recorded, read=False)
    if found != recorded:
        raise _other_cluster(cluster, environment, found)
    return Identity(recorded)


def doubt(cluster: Cluster, environment: Environment, inventory: Inventory) -> tuple[str, ...]:
    """Return what to warn of where the recorded identity may not be read.

    The app's record on the cluster speaks for it; Refused where that names another cluster.
    """
    recorded = str(environment.target.cluster_uid)
    if inventory.cluster and inventory.cluster != recorded and not recorded.startswith(_BY_NAMESPACE):
        raise _other_cluster(cluster, environment, inventory.cluster)
    if inventory.uid:
        return ()
    return (
        f"context {cluster.context} ({cluster.server}) can't be told to be the cluster that environment "
        f"{environment.name} was applied to: its identity may not be read, and the app has no record there. "
        "Make sure that it is the right one; the right to get the namespace kube-system lets kfctl know",
    )


def seen(scope: Scope) -> str:
    """Return the UID of the namespace kube-system, where it was read; else an empty text."""
    return scope.cluster_uid if scope.cluster_read and not scope.cluster_uid.startswith(_BY_NAMESPACE) else ""


def record(app: App, environment: Environment, cluster: Cluster, identity: str) -> str:
    """Write the identity into the environment's file, the first time; return a warning if that fails."""
    target = environment.target
    elsewhere = target.context is not None and target.context != cluster.context
    if target.cluster_uid or not identity or elsewhere:
        return ""
    from kfctl.store.edit import Edit, edit

    try:
        edit(Path(app.root), [Edit(environment.where.path, ("target", "clusterUid"), identity)])
    except AppError as error:
        return f"the cluster is not recorded for environment {environment.name}: {error}"
    return ""


def _check_bound(environment: Environment, login: Login) -> None:
    from kfctl.cluster.kubeconfig import load

    contexts = () if environment.target.context else load(login.kubeconfig).contexts
    if contexts:
        raise Refused(
            f"environment {environment.name} is bound to no cluster",
            where=environment.where,
            hint=f"kfctl env set {environment.name} --context NAME (there are {', '.join(contexts)})",
        )


def _identity(cluster: Cluster, environment: Environment) -> str:
    try:
        return cluster.uid()
    except Forbidden:
        return _of_namespace(cluster, environment.target.namespace or "default")


def _of_namespace(cluster: Cluster, name: str) -> str:
    try:
        return f"{_BY_NAMESPACE}{name}/{cluster.uid(name)}"
    except (Forbidden, NotFound):
        return ""


def _same_kind_of_identity(cluster: Cluster, recorded: str) -> str:
    if not recorded.startswith(_BY_NAMESPACE):
        return cluster.uid()
    name = recorded.split("/")[1]
    try:
        return f"{_BY_NAMESPACE}{name}/{cluster.uid(name)}"
    except NotFound:
        return ""


def _other_cluster(cluster: Cluster, environment: Environment, found: str) -> Refused:
    message = (
        f"environment {environment.name} is another cluster than that of context {cluster.context} "
        f"({cluster.server}): recorded is {environment.target.cluster_uid}, there is {found or 'none'}"
    )
    hint = (
        "use the right context (--context NAME); if the cluster was replaced, bind the environment to it: "
        f"kfctl env set {environment.name} --context {cluster.context}"
    )
    return Refused(message, problems=[Problem(message, environment.where, hint)])
