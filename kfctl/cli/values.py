"""`kfctl param list`, `kfctl param describe` and `kfctl param diff`."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from kfctl.cli import complete, console, output
from kfctl.cli.options import ComponentName, ComponentNames, EnvironmentOption, Format, Output, Session

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from kfctl.actions.values import Explained, Row
    from kfctl.errors import Problem
    from kfctl.model.app import App

OneComponent = Annotated[
    str | None,
    typer.Argument(metavar="[COMPONENT]", help="This component alone.", autocompletion=complete.components),
]


def list_params(
    session: Session,
    component: OneComponent = None,
    env: EnvironmentOption = None,
    everything: Annotated[bool, typer.Option("--all", "-a", help="Show what nobody set too.")] = False,
    form: Output = Format.TABLE,
) -> None:
    """List the values that are set, and who set them."""
    from kfctl.actions import values

    app, chosen, (environment, *_) = _opened(session, [] if component is None else [component], [env])
    listing = values.list_params(app, chosen, environment, defaults=everything)
    _warn(listing.warnings, listing.problems)
    output.write_list(list(map(_record, listing.rows)), ["component", "param", "value", "layer"], form)


def describe_params(
    component: ComponentName,
    session: Session,
    key: Annotated[
        str | None,
        typer.Argument(metavar="[KEY]", help="This parameter alone.", autocompletion=complete.keys),
    ] = None,
    env: EnvironmentOption = None,
    form: Output = Format.TABLE,
) -> None:
    """Explain parameters: type, default, meaning, and every value with the place that sets it."""
    from kfctl.actions.values import explain_params

    app, (name,), (environment, *_) = _opened(session, [component], [env])
    explained = explain_params(app, name, key, environment)
    if form is Format.TABLE:
        for index, each in enumerate(explained):
            console.lines([*([""] if index else []), *_explanation(each)])
    else:
        records = [_explained_record(each) for each in explained]
        output.write_value(records[0] if key else records, form)


def diff_params(
    first: Annotated[str, typer.Argument(metavar="ENV1", autocompletion=complete.environments)],
    second: Annotated[str, typer.Argument(metavar="ENV2", autocompletion=complete.environments)],
    session: Session,
    components: ComponentNames = None,
    form: Output = Format.TABLE,
) -> None:
    """List the parameters whose values differ between two environments."""
    from kfctl.actions import values

    app, chosen, (one, other) = _opened(session, components or (), [first, second])
    assert one and other
    records = [
        {"component": each.component, "param": each.parameter.name}
        | {f"env{i}": values.shown(each.parameter, value) for i, value in enumerate(each.values, 1)}
        for each in values.diff_params(app, chosen, one, other)
    ]
    titles = {"env1": one, "env2": other}
    output.write_list(records, ["component", "param", "env1", "env2"], form, titles)


def _opened(
    session: Session, components: "Sequence[str]", environments: "Sequence[str | None]"
) -> "tuple[App, tuple[str, ...], list[str | None]]":
    """Return the app with these components (none: all) and environments, and the names of both, checked."""
    from kfctl.actions.app import here, the_components, the_environment
    from kfctl.store.appfiles import load_app

    root = here(session.directory)
    chosen = the_components(root, components)
    meant = [None if name is None else the_environment(root, name) for name in environments]
    app = load_app(root, components=chosen or None, environments=[name for name in meant if name])
    return app, chosen, meant


def _warn(warnings: "Iterable[str]", problems: "Iterable[Problem]") -> None:
    for text in warnings:
        console.warn(text)
    for problem in problems:
        console.warn(str(problem), problem.hint)


def _record(row: "Row") -> dict[str, Any]:
    from kfctl.actions.values import shown

    return {
        "component": row.component,
        "param": row.parameter.name,
        "value": shown(row.parameter, row.value),
        "layer": row.value.layer.value,
        "where": str(row.value.where) if row.value.where else None,
    }


def _explained_record(explained: "Explained") -> dict[str, Any]:
    from kfctl.actions.values import shown
    from kfctl.cli.parameters import record

    parameter = explained.parameter
    return {
        "component": explained.component,
        "param": parameter.name,
        **record(parameter),
        "value": shown(parameter, explained.values[0]),
        "values": [
            {
                "value": shown(parameter, value),
                "layer": value.layer.value,
                "where": str(value.where) if value.where else None,
            }
            for value in explained.values
        ],
    }


def _explanation(explained: "Explained") -> "Iterator[str]":
    """Yield the lines about one parameter."""
    from kfctl.actions.values import shown
    from kfctl.cli.parameters import facts

    parameter = explained.parameter
    yield console.paint(parameter.name, "bold")
    for title, text in facts(parameter).items():
        yield f"  {title:<13}{text}"
    given = [value for value in explained.values if value.where]
    if explained.values[0].value is None and not given:
        yield "  it has no value"
    rows = [
        [output.cell(shown(parameter, v)) or "null", v.layer.value, str(v.where or ""), "" if i else "wins"]
        for i, v in enumerate(explained.values)
    ]
    if given:
        yield from (f"  {line}" for line in output.table(["VALUE", "LAYER", "WHERE", ""], rows))
