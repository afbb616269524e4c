"""`kfctl import`."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.options import Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kfctl.actions.importing import Imported
    from kfctl.actions.ksonnet import ImportedApp
    from kfctl.errors import Problem


def import_(
    session: Session,
    path: Annotated[
        Path,
        typer.Argument(
            metavar="PATH",
            help="A YAML or JSON file, a folder of them, - for standard input; or a ksonnet app.",
        ),
    ],
    folder: Annotated[
        str | None,
        typer.Argument(metavar="[DIR]", help="Of a ksonnet app: the new app's folder; without it this one."),
    ] = None,
    name: Annotated[
        str | None,
        typer.Option(
            "--name", metavar="COMPONENT", help="The component's name; without it the file's or folder's."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be made, and write nothing.")
    ] = False,
) -> None:
    """Take plain YAML into the app, or make an app of a ksonnet app.

    \b
      kfctl import katacoda.yaml            makes the component katacoda of its objects
      kfctl import deploy/ --name extras
      helm template web chart/ --no-hooks | kfctl import - --name web
      kfctl import ~/kubeflow_ks_app kubeflow

    Manifests stay as they are written, in components/COMPONENT/. What today's API servers no longer take is
    changed and said: TFJobs of v1alpha1 to v1beta2, Deployments of extensions/v1beta1 and their like.
    """
    from kfctl.actions.app import current_folder, here
    from kfctl.actions.importing import import_manifests
    from kfctl.errors import UsageError
    from kfctl.store.ksonnet import ksonnet_root

    if source := ksonnet_root(path):
        from kfctl.actions.ksonnet import import_ksonnet

        if name is not None:
            hint = "give DIR: the app is called as its folder"
            raise UsageError("--name is for plain YAML", hint=hint)
        place = current_folder() / (session.directory or "") / (folder or "")
        made = import_ksonnet(source, place, dry_run=dry_run)
        tell_app(made, folder, dry_run=dry_run)
    elif folder is not None:
        hint = "--name COMPONENT names the component; a folder is given for a ksonnet app only"
        raise UsageError(f"{path} is no ksonnet app", hint=hint)
    else:
        tell(import_manifests(here(session.directory), path, name, dry_run=dry_run), dry_run=dry_run)


def tell_app(made: "ImportedApp", folder: str | None, *, dry_run: bool) -> None:
    """Print what was made of a ksonnet app, and what could not be carried over."""
    from kfctl.cli.env import target_text

    where = f"{folder}/" if folder else "this folder"
    console.out(f"{'would make' if dry_run else 'made'} the app {made.name} in {where}")
    for name, target in made.environments.items():
        console.out(f"environment {name}: {target_text(target.context, target.namespace)}")
    for component in made.components:
        console.out(f"component {component.name}: {component.prototype}, from {component.source}")
    for change in made.changes:
        console.note(str(change))
    _tell_left(made.left)
    for need in made.needs:
        console.note(need.message, need.hint)
    for broken in made.broken:
        hint = f"mend it, remove what was made in {where}, and import again"
        console.warn(f"{broken}: nothing in this file was carried over", hint)
    if folder and not dry_run:
        console.note(f"next: cd {folder}")


def _tell_left(left: "Sequence[Problem]") -> None:
    """Print what could not be carried over; advice that several have is given once."""
    if left:
        console.note(f"not carried over, or to be looked at ({len(left)}):")
    hints: set[str] = set()
    for each in left:
        console.note(f"  {each}")
        if each.hint and each.hint not in hints:
            console.note(f"    {each.hint}")
        hints.add(each.hint)


def tell(imported: "Imported", *, dry_run: bool) -> None:
    """Print what was made of manifests, what was changed, and what is odd."""
    taken, component = imported.taken, imported.component
    told(taken.changes, taken.warnings)
    if imported.others:
        console.note(f"no manifests, and left out: {', '.join(imported.others)}")
    count = f"{len(taken.resources)} object{'' if len(taken.resources) == 1 else 's'}"
    console.out(
        f"{'would make' if dry_run else 'made'} components/{component}.yaml: {count} in {places(imported)}"
    )
    if not dry_run:
        console.note(f"next: kfctl show -c {component}")


def told(changes: "Iterable[Problem]", warnings: "Iterable[Problem]") -> None:
    """Print what was changed, and what could not be carried over or is odd."""
    for change in changes:
        console.note(str(change))
    for warning in warnings:
        console.warn(str(warning), warning.hint)


def places(imported: "Imported") -> str:
    """Return where the manifests are."""
    folder = f"components/{imported.component}/"
    files = list(imported.taken.files)
    return folder + files[0] if len(files) == 1 else f"{len(files)} files in {folder}"
