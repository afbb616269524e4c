"""`kfctl validate`."""

from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import ClusterSession, ComponentNames, EnvironmentName, login

if TYPE_CHECKING:
    from kfctl.actions.validate import Verdict


def validate(
    session: ClusterSession,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    server: Annotated[
        bool, typer.Option("--server", help="Ask the API server too, by a dry run of each object.")
    ] = False,
) -> None:
    """Say what is wrong with the app: parameters, templates, and what Kubernetes would not take.

    Without --server no cluster is asked: fields are held against those of Kubernetes' own kinds, and of the
    kinds that the app defines itself.
    """
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.actions.validate import validate as check
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components or ())
    app = load_app(root, components=chosen or None, environments=[name])
    environment = app.environments[name]
    verdict = _told(check(app, environment, chosen, fields=not server))
    by, untried = "offline", 0
    if server:
        from kfctl.actions.plan import connect
        from kfctl.actions.validate import validate_on

        cluster = connect(app, environment, login(session))
        untried = len(_told(validate_on(cluster, environment, verdict.resources)).warnings)
        by = f"by {cluster.server}"
    count = len(verdict.resources) - untried
    rest = f"; {untried} could not be tried" if untried else ""
    console.out(f"{name}: {count} {'object' if count == 1 else 'objects'} checked {by}, nothing wrong{rest}")


def _told(verdict: "Verdict") -> "Verdict":
    """Print the warnings and raise the problems."""
    from kfctl.errors import AppError

    for warning in verdict.warnings:
        console.warn(str(warning), warning.hint)
    if verdict.problems:
        raise AppError.of(verdict.problems)
    return verdict
