"""`kfctl validate`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import console
from kfctl.cli.options import ClusterSession, ComponentNames, EnvironmentName, Format, Tree, TreeOutput, login
from kfctl.errors import AppError, ExitCode, KfctlError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kfctl.actions.validate import Verdict

Server = Annotated[
    bool, typer.Option("--server", help="Ask the API server too, by a dry run of each object.")
]


def validate(
    session: ClusterSession,
    env: EnvironmentName = None,
    components: ComponentNames = None,
    server: Server = False,
    form: TreeOutput = Tree.TEXT,
) -> ExitCode:
    """Say what is wrong with the app: parameters, templates, and what Kubernetes would not take.

    Without --server no cluster is asked: fields are held against those of Kubernetes' own kinds, and of the
    kinds that the app defines itself. With `-o json` the findings are a list, each with its severity and
    its place.
    """
    verdicts = examined(session, env, components or (), server=server)
    if form is not Tree.TEXT:
        return listed(verdicts, Format(form.value))
    for verdict in verdicts:
        for warning in verdict.warnings:
            console.warn(str(warning), warning.hint)
        if verdict.problems:
            raise AppError.of(verdict.problems)
        untried = len(verdict.warnings) if verdict.server else 0
        count = len(verdict.resources) - untried
        by = f"by {verdict.server}" if verdict.server else "offline"
        rest = f"; {untried} could not be tried" if untried else ""
        objects = f"{count} {'object' if count == 1 else 'objects'}"
        told = f"{verdict.environment}: {objects} checked {by}, nothing wrong{rest}"
    console.out(told)
    return ExitCode.OK


def examined(
    session: ClusterSession, env: str | None, components: "Sequence[str]", *, server: bool
) -> "Iterator[Verdict]":
    """Yield what is said offline, then what the server says."""
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.actions.validate import validate as check
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    name, chosen = the_environment(root, env), the_components(root, components)
    app = load_app(root, components=chosen or None, environments=[name])
    environment = app.environments[name]
    verdict = check(app, environment, chosen, fields=not server)
    yield verdict
    if server:
        from kfctl.actions.plan import connect
        from kfctl.actions.validate import validate_on

        yield validate_on(connect(app, environment, login(session)), environment, verdict.resources)


def listed(verdicts: "Iterator[Verdict]", form: Format) -> ExitCode:
    """Print all findings as a list, and return how it ends; what can't even be examined is a finding, too."""
    from kfctl.cli import output

    findings: list[dict[str, Any]] = []
    code = ExitCode.OK
    try:
        for verdict in verdicts:
            findings += ({"severity": "warning", **console.value(each)} for each in verdict.warnings)
            if verdict.problems:
                raise AppError.of(verdict.problems)
    except KfctlError as error:
        findings += ({"severity": "error", **console.value(each)} for each in error.problems)
        code = error.exit_code
    output.write_value(findings, form)
    return code
