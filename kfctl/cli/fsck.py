"""`kfctl fsck`."""

from typing import Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import ClusterSession, EnvironmentName, login
from kfctl.errors import ExitCode


def fsck(
    session: ClusterSession,
    env: EnvironmentName = None,
    repair: Annotated[bool, typer.Option("--repair", help="Put right what is wrong.")] = False,
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
    for fault in found.faults:
        console.out(f"{console.paint('✗', 'red')} {fault}")
    objects = f"{len(found.members)} objects"
    if not found.faults:
        console.out(f"All is well: the inventory leads to {objects}.")
        return ExitCode.OK
    if not repair:
        console.note(f"kfctl fsck {name} --repair puts it right")
        return ExitCode.DIFFERENT
    action.repair(found, cluster)
    console.out(f"Repaired: the inventory leads to {objects}.")
    return ExitCode.OK
