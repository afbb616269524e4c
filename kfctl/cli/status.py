"""`kfctl status`."""

from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import (
    ClusterSession,
    ComponentNames,
    EnvironmentName,
    Format,
    Tree,
    TreeOutput,
    login,
)
from kfctl.errors import ExitCode

if TYPE_CHECKING:
    from kfctl.actions.status import AppStatus

Watch = Annotated[bool, typer.Option("--watch", "-w", help="Go on showing what changes, until Ctrl-C.")]


def status(
    session: ClusterSession,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    form: TreeOutput = Tree.TEXT,
    watch: Watch = False,
) -> ExitCode:
    """Show how each component is on the cluster: its objects, their pods, and why something is not ready.

    Of many pods of one object the worst are shown, and how many more there are; `-o json` has all.

    It ends with 0 however all is, and with 4 where something may not be read; `kfctl apply` waits until
    all is ready, and ends with 6 if it is not.

    With `--watch` it goes on: in place on a terminal, elsewhere with a line for whatever changes, with
    `-o json` with a line for each state. Ctrl-C ends it (130, or 4 where something may not be read).

    \b
      kfctl status
      kfctl status prod -c model-server -o json
    """
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.actions.status import Looking
    from kfctl.cli.statuswatch import watched
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components or ())
    app = load_app(root, components=chosen or None, environments=[name])
    looking = Looking(app, app.environments[name], chosen, login(session))
    if not watch:
        found = looking.look()
        show(found, form)
        return ExitCode.CLUSTER if found.unread else ExitCode.OK
    return watched(looking, form)


def show(found: "AppStatus", form: Tree) -> None:
    """Print how an app is."""
    from kfctl.cli import output
    from kfctl.cli.statusview import tree, tree_value

    for warning in found.warnings:
        console.warn(warning)
    if form is Tree.TEXT:
        console.lines(tree(found))
    else:
        output.write_value(tree_value(found), Format(form.value))
