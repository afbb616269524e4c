"""`kfctl diff`."""

from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import complete, console
from kfctl.cli.allowed import Allowed, choices
from kfctl.cli.options import (
    ClusterSession,
    ComponentNames,
    Difference,
    DifferenceOutput,
    EnvironmentName,
    login,
)
from kfctl.errors import ExitCode

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from kfctl.engine.plan import Choices
    from kfctl.model.app import App, Environment

OtherEnvironment = Annotated[
    str | None,
    typer.Argument(
        metavar="[ENV2]",
        help="Compare two environments with each other, without a cluster.",
        autocompletion=complete.environments,
    ),
]


def diff(
    session: ClusterSession,
    allowed: Allowed,
    env: EnvironmentName = None,
    other: OtherEnvironment = None,
    components: ComponentNames = None,
    form: DifferenceOutput = Difference.TEXT,
) -> ExitCode:
    """Show what an apply would change on the cluster, field by field; nothing is written.

    Ends with 10 if something would change, 0 if not, 5 if something stands in the way.

    \b
      kfctl diff
      kfctl diff prod -c model-server
      kfctl diff default prod
      kfctl diff prod -o markdown | gh pr comment --body-file -
    """
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    chosen = the_components(root, components or ())
    names = [the_environment(root, env), *([the_environment(root, other)] if other is not None else [])]
    app = load_app(root, components=chosen or None, environments=names)
    first, *second = (app.environments[name] for name in names)
    if second:
        return between(app, (first, second[0]), chosen, form)
    return against_cluster(app, first, chosen, (session, choices(allowed)), form)


def against_cluster(
    app: "App",
    environment: "Environment",
    components: "Sequence[str]",
    asked: "tuple[ClusterSession, Choices]",
    form: Difference,
) -> ExitCode:
    """Print the plan of an apply."""
    from kfctl.actions.plan import connect, plan_app
    from kfctl.cli import planview
    from kfctl.engine.planvalue import plan_value

    session, chosen = asked
    cluster = connect(app, environment, login(session))
    plan = plan_app(app, environment, components, cluster, chosen)
    for warning in plan.warnings:
        console.warn(warning)
    write(plan_value(plan), planview.plan_lines(plan), form)
    for problem in plan.refused:
        console.warn(str(problem), problem.hint)
    if plan.forbidden:
        return ExitCode.REFUSED
    return ExitCode.DIFFERENT if plan.differs else ExitCode.OK


def between(
    app: "App", environments: "tuple[Environment, Environment]", components: "Sequence[str]", form: Difference
) -> ExitCode:
    """Print what differs between two environments."""
    from kfctl.actions.diff import compare_environments
    from kfctl.actions.prototype import replacements
    from kfctl.cli import planview
    from kfctl.engine.planvalue import changes_value
    from kfctl.model.plan import Action

    changes = compare_environments(app, *environments, components)
    for replacement in replacements(app, components):
        console.warn(replacement)
    names = [environment.name for environment in environments]
    value = {"environments": names, "changes": changes_value(changes)}
    heading = f"{names[0]} → {names[1]}"
    write(value, [heading, *planview.change_lines(changes), "", planview.difference(changes)], form)
    same = all(change.action is Action.UNCHANGED for change in changes)
    return ExitCode.OK if same else ExitCode.DIFFERENT


def write(value: object, lines: "Iterable[str]", form: Difference) -> None:
    """Print a report in the form asked for."""
    if form is Difference.JSON:
        console.document(console.as_json(value, indent=2))
    elif form is Difference.MARKDOWN:
        from kfctl.cli.markdown import markdown

        console.lines(markdown(lines))
    else:
        console.lines(lines)
