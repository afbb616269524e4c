"""`kfctl list`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import console, output
from kfctl.cli.options import ClusterSession, Format, Output, login

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kfctl.actions.apps import Listing

COLUMNS = ["app", "environment", "namespace", "revision", "applied", "by", "objects", "health"]


def list_apps(
    session: ClusterSession,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", metavar="NAME", help="Look in this namespace alone.")
    ] = None,
    everywhere: Annotated[
        bool, typer.Option("--all-namespaces", "-A", help="Look in all namespaces.")
    ] = False,
    form: Output = Format.TABLE,
) -> None:
    """List the apps that are on a cluster: what was applied, when, by whom, and how it is.

    The cluster is that of the kubeconfig's current context, or of --context. Within an app, the namespaces of
    its environments there are looked in; elsewhere the context's namespace.

    \b
      kfctl list
      kfctl list -n kubeflow
      kfctl list -A -o json
    """
    from kfctl.actions.apps import ALL, apps, nearby
    from kfctl.actions.target import Wish, current_target
    from kfctl.cluster import client

    who = login(session)
    target, _ = current_target(Wish(who.context, namespace, who.kubeconfig))
    spaces: Sequence[str] = ALL if everywhere else (namespace,) if namespace else ()
    if not spaces:
        spaces, problems = nearby(session.directory, target)
        for problem in problems:
            console.warn(str(problem), problem.hint)
    found = apps(client.connect(who), spaces)
    output.write_list([_record(each) for each in found], COLUMNS, form)
    if not found and not everywhere:
        console.note(f"no apps in {', '.join(spaces)}; `kfctl list -A` looks in all namespaces")


def _record(found: "Listing") -> dict[str, Any]:
    inventory = found.inventory
    run = inventory.run
    return {
        "app": inventory.app,
        "environment": inventory.environment,
        "namespace": inventory.namespace,
        "revision": inventory.revision,
        "applied": run.when if run else "",
        "by": run.who if run else "",
        "objects": found.objects,
        "health": found.health.value if inventory.finished else "unfinished",
    }
