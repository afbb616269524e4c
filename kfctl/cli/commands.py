"""Typer commands, made from plain functions when they are needed."""

from __future__ import annotations

import inspect
import os
import re
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from functools import wraps
from importlib import import_module
from typing import TYPE_CHECKING, Any

import typer

# In the versions of typer that pyproject.toml allows, its own copy of click lives here and is not exported.
from typer._click.exceptions import ClickException as Fault
from typer._click.shell_completion import ShellComplete, add_completion_class, get_completion_class
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command

from kfctl.cli import console
from kfctl.cli.options import Session, root_options

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from dataclasses import Field

    from typer._click.core import Command as AnyCommand
    from typer._click.core import Context
    from typer._click.formatting import HelpFormatter
    from typer._click.shell_completion import CompletionItem

Finished = typer.Exit

__all__ = ["Branch", "Command", "Fault", "Finished", "Group", "invoke", "parsed_by"]

SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 120}
COMPLETE = "_KFCTL_COMPLETE"  # the variable by which a shell's completion script asks
WORD = re.compile(r"[A-Za-z0-9._/@-][A-Za-z0-9._/:=@-]*")
KEYWORD_ONLY = inspect.Parameter.KEYWORD_ONLY
PARSERS: dict[Callable[..., object], type[Command]] = {}


@dataclass(frozen=True)
class Branch:
    """Commands below a command: their names → "module:function" below `kfctl.cli`, or a branch again."""

    help: str
    commands: Mapping[str, str | Branch]
    aliases: Mapping[str, str] = field(default_factory=dict)


def parsed_by(parser: type[Command]) -> Callable[[Callable[..., object]], Callable[..., object]]:
    """Have a command's arguments read by a class of its own."""

    def register(function: Callable[..., object]) -> Callable[..., object]:
        PARSERS[function] = parser
        return function

    return register


class Command(TyperCommand):
    """A command whose usage line has its arguments as users read them: NAME and [NAME], not {NAME}."""

    def collect_usage_pieces(self, ctx: Context) -> list[str]:
        """Return the parts of the usage line."""
        return [text for piece in super().collect_usage_pieces(ctx) if (text := piece.strip("{}")) != "[]"]


class Group(TyperGroup):
    """A command whose subcommands are imported when they are asked for."""

    branch: Branch

    def list_commands(self, ctx: Context) -> list[str]:
        """Return the names that help and completion show; aliases are not among them."""
        return list(self.branch.commands)

    def get_command(self, ctx: Context, cmd_name: str) -> AnyCommand | None:
        """Return the command of that name or alias."""
        name = self.branch.aliases.get(cmd_name, cmd_name)
        target = self.branch.commands.get(name)
        if isinstance(target, Branch):
            return group(name, target)
        return leaf(name, target) if target else None

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        """Write what each command does, whole: click would cut it where the terminal ends."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name)
            rows.append((name, command.get_short_help_str(limit=1000) if command else ""))
        with formatter.section("Commands"):
            formatter.write_dl(rows)

    def resolve_command(
        self, ctx: Context, args: list[str]
    ) -> tuple[str | None, AnyCommand | None, list[str]]:
        """Find the command that `args` begin with; an unknown one is told with the nearest known."""
        known = {*self.branch.commands, *self.branch.aliases}
        if not ctx.resilient_parsing and not args[0].startswith("-") and args[0] not in known:
            from kfctl.cli.usage import unknown_command

            raise unknown_command(ctx.command_path, args[0], known)
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Read the options before the subcommand; nothing at all asks for help."""
        if not args and not ctx.resilient_parsing:
            console.document(ctx.get_help())
            ctx.exit()
        return super().parse_args(ctx, args)


def invoke(branch: Branch, arguments: Sequence[str]) -> object:
    """Run the command that the arguments name, and return what its function returned."""
    root = command_tree(branch)
    if instruction := os.environ.get(COMPLETE):
        return complete(root, instruction)
    with root.make_context("kfctl", list(arguments)) as context:
        return root.invoke(context)


def complete(root: Group, instruction: str) -> int:
    """Answer a shell's completion script, whose instruction is like `complete_bash`."""
    from typer._completion_classes import completion_init
    from typer.completion import shell_complete

    completion_init()
    shell = instruction.partition("_")[2]
    if base := get_completion_class(shell):
        add_completion_class(type(base.__name__, (PlainWords, base), {}), shell)
    return shell_complete(root, {}, "kfctl", COMPLETE, instruction)


class PlainWords(ShellComplete):
    """The one exit of completion: only plain words pass, whichever completer offers them.

    Shells insert a candidate as it is, and zsh evaluates it before, so what an app's files say must not
    hold anything that a shell expands.
    """

    def get_completions(self, args: list[str], incomplete: str) -> list[CompletionItem]:
        """Return the candidates that every shell reads as one word and nothing else."""
        return [item for item in super().get_completions(args, incomplete) if WORD.fullmatch(item.value)]


def command_tree(branch: Branch) -> Group:
    """Return the command `kfctl` itself."""
    app = typer.Typer(name="kfctl", rich_markup_mode=None)
    app.callback(cls=Group, help=branch.help, context_settings=SETTINGS)(spread(root_options))
    root = get_command(app)
    assert isinstance(root, Group)
    root.branch = branch
    return root


def group(name: str, branch: Branch) -> Group:
    """Return the command `name` with the commands of `branch` below it."""
    made = Group(name=name, help=branch.help, context_settings=SETTINGS, rich_markup_mode=None)
    made.branch = branch
    return made


def leaf(name: str, target: str) -> AnyCommand:
    """Return the command that runs "module:function"."""
    module, _, attribute = target.partition(":")
    function = getattr(import_module(f"kfctl.cli.{module}"), attribute)
    app = typer.Typer(add_completion=False, rich_markup_mode=None)
    parser = PARSERS.get(function, Command)
    app.command(name, cls=parser, context_settings=SETTINGS)(spread(function))
    return get_command(app)


def spread(function: Callable[..., object]) -> Callable[..., object]:
    """Return `function` as typer can read it: a parameter that is a dataclass becomes that class's fields."""
    parameters = inspect.signature(function, eval_str=True).parameters
    annotations: dict[str, Any] = {name: p.annotation for name, p in parameters.items()}
    nouns: dict[str, Any] = {name: noun for name, noun in annotations.items() if is_dataclass(noun)}

    @wraps(function)
    def command(invocation: typer.Context, **given: Any) -> object:
        for name, noun in nouns.items():
            made = noun(**{f.name: given.pop(f.name) for f in fields(noun)})
            given[name] = in_context(made, invocation) if isinstance(made, Session) else made
        return function(**given)

    spelled = [inspect.Parameter("invocation", KEYWORD_ONLY, annotation=typer.Context)]
    for name, parameter in parameters.items():
        spelled += (
            map(option, fields(nouns[name])) if name in nouns else [parameter.replace(kind=KEYWORD_ONLY)]
        )
    # Where inspect, and so typer, looks first; typeshed's functions have no such attribute.
    command.__signature__ = inspect.Signature(spelled)  # type: ignore[attr-defined]
    return command


def option(declared: Field[Any]) -> inspect.Parameter:
    """Return the field of a dataclass as a parameter."""
    default = inspect.Parameter.empty if declared.default is MISSING else declared.default
    if declared.default_factory is not MISSING:
        default = declared.default_factory()
    return inspect.Parameter(declared.name, KEYWORD_ONLY, annotation=declared.type, default=default)


def in_context(session: Session, context: typer.Context) -> Session:
    """Return the session with what was given before the subcommand's name; that is remembered for it here."""
    root = context.find_root()
    if context is root:
        root.obj = session
        return session
    return session.over(root.obj)
