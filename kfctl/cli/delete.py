"""`kfctl delete`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.allowed import Deletable, permits
from kfctl.cli.options import (
    ClusterSession,
    ComponentNames,
    EnvironmentName,
    Report,
    ReportOutput,
    Yes,
    login,
)
from kfctl.errors import ExitCode, UsageError, did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from kfctl.actions.apply import Apply
    from kfctl.cluster.client import Cluster
    from kfctl.model.app import App, Environment


@dataclass(frozen=True)
class Place:
    """Which app is meant, where its directory does not say."""

    app: Annotated[
        str | None, typer.Option("--app", metavar="APP", help="The app's name; needs no app directory.")
    ] = None
    environment: Annotated[
        str | None, typer.Option("--env", metavar="ENV", help="The environment, together with --app.")
    ] = None
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", metavar="NAME", help="The namespace that it was applied to."),
    ] = None


@dataclass(frozen=True)
class Removing(Deletable):
    """How things are removed."""

    yes: Yes = False
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Show what would go, delete nothing.")] = False
    timeout: Annotated[
        str, typer.Option("--timeout", metavar="TIME", help="How long to wait until it is gone.")
    ] = "10m"
    break_lock: Annotated[
        bool, typer.Option("--break-lock", help="Take the lock from another run that hangs.")
    ] = False


def delete(
    session: ClusterSession,
    place: Place,
    removing: Removing,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    form: ReportOutput = Report.TEXT,
) -> ExitCode:
    """Remove the app from the cluster: all that it has there, by the record that is kept there.

    Volumes with their data, definitions of kinds and namespaces stay unless told otherwise, and so does
    whatever asks to be kept. It can be interrupted and run again. Ends with 4 if something could not be
    deleted, or not looked for.

    \b
      kfctl delete prod
      kfctl delete -c model-server --yes
      kfctl delete --app kubeflow --env default --namespace old --context minikube
    """
    from kfctl.actions.apply import Options
    from kfctl.actions.delete import clear_lock, prepare, wind_up
    from kfctl.cli.apply import carry_out, duration
    from kfctl.cli.interrupt import deciding

    options = Options(
        dry_run=removing.dry_run,
        wait=False,
        break_lock=removing.break_lock,
        timeout=duration(removing.timeout),
    )
    root, what = meant(session, place, env)
    with deciding():
        prepared = prepare(what, tuple(components or ()), permits(removing), options)
    if not prepared.plan.changes:
        for name in components or ():
            doubted(root, name)
        console.note(without_objects(prepared))
        if root and not prepared.writes:
            console.note("kfctl fsck looks for what no record leads to")
        if not prepared.writes and not removing.dry_run:
            clear_lock(prepared.cluster, prepared.decision.inventory)
    code = carry_out(prepared, form, yes=removing.yes)
    if code is ExitCode.OK and not removing.dry_run:
        here = place.namespace in (None, what[1].target.namespace)
        for said in wind_up(prepared, root if here else None):
            console.note(said)
    return code


def doubted(root: "Path | None", component: str) -> None:
    """Say so where the app has no component of that name: one that left it may have had objects."""
    from kfctl.store.appfiles import component_names

    known = component_names(root) if root else (component,)
    if component not in known:
        console.warn(f"the app has no component '{component}'", did_you_mean(component, known))


def without_objects(prepared: "Apply") -> str:
    """Say what there is of the app, or of its components that were named, where that is no object."""
    scope, components = prepared.plan.scope, prepared.about.components
    what = "only the record" if prepared.writes else "nothing"
    which = f"{scope.app} ({', '.join(components)})" if components else scope.app
    return f"{what} of {which} for {scope.environment} is in namespace {scope.namespace} of {scope.context}"


def meant(
    session: ClusterSession, place: Place, env: str | None
) -> "tuple[Path | None, tuple[App, Environment, Cluster]]":
    """Return which app is meant, and its directory: the one named, which has none, or the one in it."""
    from kfctl.actions import guard
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.delete import Named, of_cluster, of_directory

    if place.app:
        name = place.environment or env
        if not name:
            raise UsageError(
                "--app needs --env, the name of the environment", hint="kfctl list -A shows both"
            )
        return None, of_cluster(Named(place.app, name, place.namespace), login(session))
    root = here(session.directory)
    app, environment = of_directory(root, the_environment(root, env or place.environment), place.namespace)
    return root, (app, environment, guard.connect(environment, login(session)))
