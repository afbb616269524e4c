"""`kfctl init`."""

from typing import Annotated

import typer

from kfctl.cli import console
from kfctl.cli.env import NewTarget
from kfctl.cli.generate import tell
from kfctl.cli.options import Session


def init(
    session: Session,
    target: NewTarget,
    name: Annotated[
        str | None,
        typer.Argument(metavar="[NAME]", help="A new folder; without it the app is made in the current one."),
    ] = None,
    bare: Annotated[
        bool, typer.Option("--bare", help="Without the components tf-job-operator and jupyterhub.")
    ] = False,
) -> None:
    """Make an app, with what Kubeflow's deploy.sh deployed; nothing is asked of a cluster.

    Its environment `default` stands for the context and namespace that kubectl uses now.
    """
    from shlex import quote

    from kfctl.actions.app import current_folder
    from kfctl.actions.init import DEPLOYED
    from kfctl.actions.init import init as make
    from kfctl.actions.target import Wish, current_target
    from kfctl.errors import UsageError

    if name is not None and not name.strip():
        raise UsageError("the name is empty", hint="leave it out to make the app in the current folder")
    chosen, warnings = current_target(Wish(target.context, target.namespace, target.kubeconfig))
    folder = current_folder() / (session.directory or "") / (name or "")
    made = make(folder, chosen, () if bare else DEPLOYED)
    for warning in warnings:
        console.warn(warning)
    where = f"context {chosen.context}" if chosen.context else "no context yet"
    console.out(f"made the app {made.name} in {name.rstrip('/') + '/' if name else 'this folder'}")
    console.out(f"environment default: {where}, namespace {chosen.namespace or 'default'}")
    for generated in made.generated:
        tell(generated)
    if not chosen.context:
        console.note("kfctl env set default --context NAME names the cluster")
    if name:
        console.note(f"next: cd {quote(name)}")
