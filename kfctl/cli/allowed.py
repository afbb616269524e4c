"""The options that say what a plan may do."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from kfctl.engine.keep import Permits
    from kfctl.engine.plan import Choices


@dataclass(frozen=True)
class Deletable:
    """What a plan may do besides changing ordinary objects."""

    delete_data: Annotated[
        bool, typer.Option("--delete-data", help="Delete volumes and their claims, too: their data is lost.")
    ] = False
    delete_crds: Annotated[
        bool, typer.Option("--delete-crds", help="Delete definitions of kinds, too, with all their objects.")
    ] = False
    delete_namespace: Annotated[
        bool, typer.Option("--delete-namespace", help="Delete namespaces that the app has or made, too.")
    ] = False
    allow_outside_namespace: Annotated[
        bool,
        typer.Option(
            "--allow-outside-namespace",
            help="Trust kfctl's history and inventory outside the namespace, too.",
        ),
    ] = False


@dataclass(frozen=True)
class Allowed(Deletable):
    """What a plan may do to objects that others have a say in, and to those no longer wanted."""

    adopt: Annotated[bool, typer.Option("--adopt", help="Take over objects that are there and nobody's.")] = (
        False
    )
    force_conflicts: Annotated[
        bool, typer.Option("--force-conflicts", help="Take the fields that others have set.")
    ] = False
    take_over: Annotated[
        bool, typer.Option("--take-over", help="Take over what another app of the same name has there.")
    ] = False
    no_prune: Annotated[
        bool, typer.Option("--no-prune", help="Delete nothing that is no longer part of the app.")
    ] = False
    allow_empty: Annotated[
        bool, typer.Option("--allow-empty", help="Delete everything if the app has no objects any more.")
    ] = False
    rerun: Annotated[
        bool, typer.Option("--rerun", help="Run jobs again that have ended; with -c those of a component.")
    ] = False


def permits(deletable: Deletable, *, prune: bool = True) -> "Permits":
    """Return the permits given on the command line."""
    from kfctl.engine.keep import Permits

    given = (deletable.delete_data, deletable.delete_crds, deletable.delete_namespace)
    return Permits(*given, prune=prune, outside=deletable.allow_outside_namespace)


def choices(allowed: Allowed) -> "Choices":
    """Return what a plan may do, as the command line has it."""
    from kfctl.engine.plan import Choices

    return Choices(
        adopt=allowed.adopt,
        force_conflicts=allowed.force_conflicts,
        take_over=allowed.take_over,
        allow_empty=allowed.allow_empty,
        rerun=allowed.rerun,
        permits=permits(allowed, prune=not allowed.no_prune),
    )
