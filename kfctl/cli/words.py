"""Command lines in which a value may look like an option: `-5`, `--foo`, an empty string."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

from kfctl.cli.commands import Command
from kfctl.errors import Problem, UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from typer._click.core import Context


class Words(Command):
    """A command for which whatever is no option of its own is a word."""

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        """Put the command's own options before all words, so that none of these is taken for one."""
        options, words = divided(args, own_options(self, ctx))
        return super().parse_args(ctx, [*options, "--", *words])


def own_options(command: Command, ctx: Context) -> dict[str, bool]:
    """Return how a command's options may be spelled, and whether each takes a value."""
    return {
        spelling: not getattr(parameter, "is_flag", False)
        for parameter in command.get_params(ctx)
        for spelling in (*parameter.opts, *parameter.secondary_opts)
        if spelling.startswith("-")
    }


def divided(arguments: Iterable[str], options: Mapping[str, bool]) -> tuple[list[str], list[str]]:
    """Return the options with their values, and the words."""
    taken: list[str] = []
    words: list[str] = []
    waiting = deque(arguments)
    while waiting:
        if waiting[0] == "--":
            return taken, words + list(waiting)[1:]
        found = take_option(waiting, options)
        taken += found
        if not found:
            words.append(waiting.popleft())
    return taken, words


def take_option(waiting: deque[str], options: Mapping[str, bool]) -> list[str]:
    """Take the option that stands first, with its value, away from what waits; nothing if it is none."""
    name, equals, _ = waiting[0].partition("=")
    if not (name in options and (not equals or name.startswith("--"))):
        return []
    count = 2 if options[name] and not equals else 1
    return [waiting.popleft() for _ in range(min(count, len(waiting)))]


def key_value(words: Sequence[str], options: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what `KEY VALUE` or `KEY=VALUE …` says: texts by key, several where a key is repeated."""
    if len(words) == 2 and "=" not in words[0]:
        return {words[0]: (words[1],)}
    strange = [word for word in words if word.startswith("--")]
    if strange:
        hint = "see --help" if "=" in words[0] else f"if it is a value: {words[0]}={strange[0]}"
        raise UsageError.of(
            [
                Problem(f"there is no option {key}", hint=did_you_mean(key, options) or hint)
                for key in (word.partition("=")[0] for word in strange)
            ]
        )
    return assignments(words)


def assignments(words: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return what `KEY=VALUE …` says: texts by key, several where a key is repeated."""
    found: dict[str, tuple[str, ...]] = {}
    problems: list[Problem] = []
    for index, word in enumerate(words):
        key, equals, text = word.partition("=")
        if equals and key:
            found[key] = (*found.get(key, ()), text)
        else:
            hint = "give KEY VALUE, or KEY=VALUE as often as you like"
            fault = "is not KEY=VALUE" if equals else "has no value"
            # Only the first word is the name of a parameter; the others may be parts of a secret value.
            subject = f"'{word}'" if not index and not equals else f"argument {index + 1}"
            problems.append(Problem(f"{subject} {fault}", hint=hint))
    if problems:
        raise UsageError.of(problems)
    return found
