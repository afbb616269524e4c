"""`kfctl fsck`."""

from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console, output
from kfctl.cli.options import ClusterSession, EnvironmentName, Format, Tree, TreeOutput, login
from kfctl.errors import ExitCode

if TYPE_CHECKING:
    from kfctl.actions.fsck import Checked


def fsck(
    session: ClusterSession,
    env: EnvironmentName = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is wrong.")] = False,
    form: TreeOutput = Tree.TEXT,
) -> ExitCode:
    """Check what is recorded of the app on the cluster against all that is there of it.

    Finds a lost or damaged inventory, objects of the app outside it, and what a dead run left.
    Ends with 10 if something is wrong and was not repaired.
    """
    from kfctl.actions import fsck as action
    from kfctl.actions import guard
    from kfctl.actions.app import here, the_environment
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name = the_environment(root, env)
    app = load_app(root, components=[], environments=[name])
    environment = app.environments[name]
    cluster = guard.connect(environment, login(session))
    found = action.check(app, environment, cluster)
    if found.unseen:
        kinds = ", ".join(found.unseen)
        console.warn(f"could not be listed, so nothing is looked for among them: {kinds}")
    if form is Tree.TEXT:
        for fault in found.faults:
            console.out(f"{console.paint('✗', 'red')} {fault}")
    repaired = bool(found.faults) and repair
    if repaired:
        action.repair(found, cluster)
    if form is Tree.TEXT:
        said(name, found, repaired=repaired)
    else:
        value = {"environment": name, "objects": len(found.members), "faults": list(found.faults)}
        output.write_value({**value, "unseen": list(found.unseen), "repaired": repaired}, Format(form.value))
    return ExitCode.DIFFERENT if found.faults and not repaired else ExitCode.OK


def said(name: str, found: "Checked", *, repaired: bool) -> None:
    """Say how it ends."""
    objects = f"the inventory leads to {len(found.members)} objects"
    if found.faults and not repaired:
        console.note(f"kfctl fsck {name} --repair puts it right")
    else:
        console.out(f"{'Repaired' if repaired else 'All is well'}: {objects}.")
