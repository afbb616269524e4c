"""`kfctl env`."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import complete, console, output
from kfctl.cli.options import EnvironmentName, Format, Output, Session
from kfctl.errors import AppError

if TYPE_CHECKING:
    from kfctl.model.app import Environment

NewName = Annotated[str, typer.Argument(metavar="ENV", help="The name of the new environment.")]
KnownName = Annotated[
    str, typer.Argument(metavar="ENV", help="The environment.", autocompletion=complete.environments)
]
Leave = Annotated[
    bool, typer.Option("--leave", help="Go on though it was applied: what is on the cluster stays there.")
]


@dataclass(frozen=True)
class NewTarget:
    """What an environment is to stand for."""

    context: Annotated[
        str | None,
        typer.Option(
            "--context", metavar="NAME", help="The kubeconfig context.", autocompletion=complete.contexts
        ),
    ] = None
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", metavar="NAME", help="The namespace.")
    ] = None
    kubeconfig: Annotated[
        str | None, typer.Option("--kubeconfig", metavar="FILE", help="The kubeconfig to look in.")
    ] = None


def add_env(name: NewName, session: Session, target: NewTarget) -> None:
    """Add an environment for the context and namespace that kubectl uses now, or for others."""
    from kfctl.actions.app import here
    from kfctl.actions.env import add_environment
    from kfctl.actions.target import Wish, current_target

    root = here(session.directory)
    chosen, warnings = current_target(Wish(target.context, target.namespace, target.kubeconfig))
    path = add_environment(root, name, chosen)
    for warning in warnings:
        console.warn(warning)
    console.out(f"made {path}: {target_text(chosen.context, chosen.namespace)}")


def list_envs(session: Session, form: Output = Format.TABLE) -> None:
    """List the environments; one whose file is broken is named, and told of at the end (1)."""
    from kfctl.actions.app import here
    from kfctl.actions.env import each_environment

    found = each_environment(here(session.directory))
    records = [
        {"name": name, "broken": True} if isinstance(each, AppError) else _record(each)
        for name, each in found.items()
    ]
    problems = [p for each in found.values() if isinstance(each, AppError) for p in each.problems]
    broken = ["broken"] if problems else []
    output.write_list(records, ["name", "context", "namespace", "applied", *broken], form)
    if problems:
        raise AppError.of(problems)


def describe_env(session: Session, env: EnvironmentName = None, form: Output = Format.TABLE) -> None:
    """Show what an environment stands for and what it overrides."""
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.values import masked_settings
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name = the_environment(root, env)
    app = load_app(root, environments=[name])
    environment = app.environments[name]
    described = {
        **_record(environment),
        "clusterUid": environment.target.cluster_uid,
        "file": environment.where.path,
        "globals": masked_settings(app, list(app.components), environment.globals),
        "components": {
            name: masked_settings(app, [name], settings) for name, settings in environment.components.items()
        },
        "patches": {name: len(patches) for name, patches in environment.patches.items()},
    }
    output.write_value(described, Format.YAML if form is Format.TABLE else form)


def set_env(
    env: KnownName,
    session: Session,
    target: NewTarget,
    name: Annotated[str | None, typer.Option("--name", metavar="NEW", help="The new name.")] = None,
    leave: Leave = False,
) -> None:
    """Change the name, the context or the namespace of an environment; '' takes the last two away.

    --context binds the environment anew: the cluster it was applied to is forgotten.
    """
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.env import Change, change_environment
    from kfctl.actions.target import context_warnings
    from kfctl.errors import UsageError

    root = here(session.directory)
    if name is None and target.context is None and target.namespace is None:
        raise UsageError("there is nothing to change", hint="give --name, --context or --namespace")
    change = Change(name, target.context, target.namespace, leave)
    changed = change_environment(root, the_environment(root, env), change)
    for warning in context_warnings(target.context, target.kubeconfig) if target.context else ():
        console.warn(warning)
    for title, (old, new) in changed.changes.items():
        console.out(f"{changed.name} {title}: {old or '(none)'} → {new or '(none)'}   ({changed.path})")
    if not changed.changes:
        console.note(f"{changed.name} is so already: nothing changed")


def remove_env(env: KnownName, session: Session, leave: Leave = False) -> None:
    """Remove an environment from the app; nothing on a cluster is touched."""
    from kfctl.actions.app import here, the_environment
    from kfctl.actions.env import remove_environment

    root = here(session.directory)
    console.out(f"removed {remove_environment(root, the_environment(root, env), leave=leave)}")


def target_text(context: str | None, namespace: str | None) -> str:
    """Return a target in words."""
    return f"{f'context {context}' if context else 'no context yet'}, namespace {namespace or 'default'}"


def _record(environment: "Environment") -> dict[str, Any]:
    target = environment.target
    return {
        "name": environment.name,
        "context": target.context,
        "namespace": target.namespace,
        "applied": bool(target.cluster_uid),
    }
