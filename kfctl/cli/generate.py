"""`kfctl generate`, whose options are the parameters of a prototype."""

from collections import deque
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated

import typer

from kfctl.cli import console
from kfctl.cli.commands import Command, parsed_by
from kfctl.cli.options import PrototypeName, Session
from kfctl.cli.words import assignments, divided, own_options, take_option
from kfctl.errors import Problem, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

    from kfctl.actions.generate import Generated
    from kfctl.actions.given import Given
    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype


class PrototypeCommand(Command):
    """A command with the parameters of the prototype that its first word names as options."""

    def parse_args(self, ctx: "Context", args: list[str]) -> list[str]:
        """Turn each parameter's flag into `--parameter NAME=VALUE`."""
        if ctx.resilient_parsing:  # for completion: only what has been named so far counts
            args = [arg for arg in args if not arg.startswith("-")]
        else:
            args = self._translated(ctx, args)
        return super().parse_args(ctx, args)

    def shell_complete(self, ctx: "Context", incomplete: str) -> "list[CompletionItem]":
        """Complete the flags of the prototype too."""
        from typer._click.shell_completion import CompletionItem

        from kfctl.actions.generate import find_prototype
        from kfctl.errors import KfctlError

        found = super().shell_complete(ctx, incomplete)
        try:
            prototype = find_prototype(app_root(ctx, []), ctx.params["prototype"])
        except (KeyError, KfctlError):
            return found
        flags = [f"--{name}" for name in prototype.parameters if f"--{name}".startswith(incomplete)]
        return [*found, *map(CompletionItem, flags)]

    def format_options(self, ctx: "Context", formatter: "HelpFormatter") -> None:
        """Add the prototype's parameters to the help; without a prototype, the prototypes."""
        from kfctl.cli.parameters import help_rows
        from kfctl.store.catalog import catalog

        super().format_options(ctx, formatter)
        prototype = ctx.meta.get(__name__)
        if prototype:
            with formatter.section(f"Parameters of {prototype.name}"):
                formatter.write_dl(list(help_rows(prototype)) or [("none", "It has no parameters.")])
        else:
            with formatter.section("Prototypes (`kfctl generate PROTOTYPE --help` lists their parameters)"):
                formatter.write_dl([(p.name, p.summary) for p in catalog(None).all()])

    def _translated(self, ctx: "Context", args: list[str]) -> list[str]:
        from kfctl.actions.generate import find_prototype

        options = own_options(self, ctx)
        wants_help = not {"-h", "--help"}.isdisjoint(args)
        root = app_root(ctx, divided(args, options)[0])
        name = prototype_name(args, options, root)
        if name is None:
            return ["--help"] if wants_help else args
        prototype = ctx.meta[__name__] = find_prototype(root, name)
        return ["--help"] if wants_help else translated(args, options, prototype)


def app_root(ctx: "Context", given: "Sequence[str]") -> "Path | None":
    """Return the folder of the app whose own prototypes count too; None outside of any."""
    from kfctl.actions.app import here
    from kfctl.errors import AppError

    after = [text.removeprefix("--dir=") for text in given if text.startswith("--dir=")]
    after += [value for option, value in pairwise(given) if option == "--dir"]
    try:
        return here(after[-1] if after else given_directory(ctx))
    except AppError:
        return None


def given_directory(ctx: "Context") -> str | None:
    """Return --dir as it stands before the command's name."""
    directory: str | None = ctx.find_root().params.get("directory")
    return directory


def prototype_name(args: "Sequence[str]", options: "Mapping[str, bool]", root: "Path | None") -> str | None:
    """Return the first word; after `--flag value` the first known: what a flag takes shows only later."""
    waiting, words, certain = deque(args), list[str](), True
    while waiting and waiting[0] != "--":
        if take_option(waiting, options):
            continue
        word = waiting.popleft()
        if not word.startswith("-"):
            words.append(word)
        elif not words:
            certain = certain and "=" in word
    words += list(waiting)[1:]
    if certain:
        return next(iter(words), None)
    from kfctl.store.catalog import catalog

    known = catalog(root).names()
    return next((word for word in words if word in known), next(iter(words), None))


def translated(args: "Sequence[str]", options: "Mapping[str, bool]", prototype: "Prototype") -> list[str]:
    """Return the arguments with each parameter's flag as `--parameter=NAME=VALUE`, and the words last."""
    waiting, taken, words, problems = deque(args), list[str](), list[str](), list[Problem]()
    while waiting and waiting[0] != "--":
        own = take_option(waiting, options)
        taken += own
        if own:
            continue
        if not waiting[0].startswith("-"):
            words.append(waiting.popleft())
            continue
        try:
            taken.append(take_parameter(waiting, prototype, options))
        except UsageError as error:
            problems += error.problems
    if problems:
        raise UsageError.of(problems)
    return [*taken, "--", *words, *list(waiting)[1:]]


def take_parameter(waiting: deque[str], prototype: "Prototype", options: "Mapping[str, bool]") -> str:
    """Take a parameter's flag with its value away from what waits."""
    flag, equals, text = waiting.popleft().partition("=")
    parameter = _meant(prototype, flag)
    if parameter is None and not equals and flag.startswith("--no-"):
        parameter, equals, text = _meant(prototype, flag.replace("no-", "", 1)), "=", "false"
        parameter = parameter if parameter and parameter.type == "boolean" else None
    if parameter is None:
        known = [f"--{name}" for name in prototype.spellings]
        hint = did_you_mean(flag, [*known, *options]) or f"see `kfctl generate {prototype.name} --help`"
        raise UsageError(f"{prototype.name} has no parameter {flag}", hint=hint)
    if not equals and parameter.type == "boolean":
        bare = not waiting or waiting[0].lower() not in {"true", "false"}
        text = "true" if bare else waiting.popleft()
    elif not equals:
        if not waiting:
            raise UsageError(f"{flag} needs a value", hint=f"{flag}=VALUE")
        text = waiting.popleft()
    return f"--parameter={parameter.name}={text}"


def _meant(prototype: "Prototype", flag: str) -> "Parameter | None":
    name = prototype.canonical(flag.removeprefix("--")) if flag.startswith("--") else None
    return prototype.parameters[name] if name else None


@dataclass(frozen=True)
class Values:
    """Values for parameters, however they are given."""

    parameters: Annotated[
        list[str] | None,
        typer.Option(
            "--parameter",
            metavar="NAME=VALUE",
            help="The same as --NAME=VALUE, for a name that means another option here.",
        ),
    ] = None
    null: Annotated[
        list[str] | None, typer.Option("--null", metavar="NAME", help="Set a parameter to null.")
    ] = None
    file: Annotated[
        str | None,
        typer.Option("--file", "-f", metavar="FILE", help="Take values from a YAML file; - is stdin."),
    ] = None

    def given(self) -> "list[Given]":
        """Return all of them; what stands on the command line wins over the file."""
        from kfctl.actions.given import Given, read_values

        file = read_values(self.file) if self.file else []
        texts = [Given(name, texts) for name, texts in assignments(self.parameters or ()).items()]
        return [*file, *texts, *(Given(name) for name in self.null or ())]


@parsed_by(PrototypeCommand)
def generate(
    prototype: PrototypeName,
    component: Annotated[str, typer.Argument(metavar="COMPONENT", help="The name of the new component.")],
    session: Session,
    values: Values,
    force: Annotated[bool, typer.Option("--force", help="Replace the component if it exists.")] = False,
) -> None:
    """Make a component from a prototype: --PARAM=VALUE sets a parameter.

    \b
      kfctl generate tf-serving model-server --name=inception
      kfctl generate tf-serving --help             lists the parameters
      kfctl generate tf-job mnist -f values.yaml

    A list is a JSON array or a repeated flag.
    """
    from kfctl.actions.app import here
    from kfctl.actions.generate import generate as make

    tell(make(here(session.directory), prototype, component, values.given(), force=force))


def tell(generated: "Generated") -> None:
    """Print what was made, and what it still needs."""
    verb = "replaced" if generated.replaced else "made"
    console.out(f"{verb} {generated.path} from the prototype {generated.prototype}")
    for warning in generated.warnings:
        console.warn(warning)
    for problem in generated.problems:
        console.note(problem.message, problem.hint)
    if generated.prototype == "manifests":
        console.note(f"put your YAML files into components/{generated.name}/")
