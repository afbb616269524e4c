"""`make docs`: writes the pages made from the code; with --check it says which are out of date."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from kfctl.cli import COMMANDS
from kfctl.cli.commands import Group, command_tree
from kfctl.errors import ExitCode
from kfctl.model.prototype import kebab
from kfctl.store.catalog import catalog

if TYPE_CHECKING:
    from collections.abc import Iterator

    from typer._click.core import Command, Context

    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype

ROOT = Path(__file__).parent.parent
START, END = "<!-- parameters -->", "<!-- /parameters -->"
# What each code means, and what it means where a command ends so of its own.
MEANING: dict[ExitCode, tuple[str, str]] = {
    ExitCode.OK: (
        "done",
        "`open`: Ctrl-C ends it; `status`, `list`, `logs`: the cluster told all, whatever that is",
    ),
    ExitCode.APP: ("the app's files are wrong: a parameter, a template, the syntax", ""),
    ExitCode.USAGE: ("a flag or an argument is wrong", "`open`: the component has no page"),
    ExitCode.CLUSTER: (
        "the cluster can't be reached, or answered with an error",
        "`apply`, `rollback`, `delete`: of some objects; `status`: something may not be read; "
        "`logs`: of some pods; "
        "`doctor`: something is missing without which the app can't run",
    ),
    ExitCode.REFUSED: (
        "a guard said no; nothing was written",
        "`diff`: an apply would be refused",
    ),
    ExitCode.NOT_READY: (
        "everything was written, not everything became ready",
        "`apply`, `rollback`; `open`: no pod of the component is ready",
    ),
    ExitCode.DIFFERENT: (
        "there is something to do",
        "`diff`: something would change, or the two environments differ; `fsck`: something is wrong",
    ),
    ExitCode.INTERRUPTED: (
        "interrupted by Ctrl-C",
        "`status --watch`, unless something may not be read (4); `logs --follow`, unless all pods have ended",
    ),
}


def main() -> None:
    """Write the pages, or with --check end with 1 if one differs."""
    check = "--check" in sys.argv[1:]
    stale = [path for path, text in pages() if not path.exists() or path.read_text() != text]
    for path, text in pages():
        if path in stale and not check:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
    for path in stale:
        print(f"{path.relative_to(ROOT)}: {'out of date: run `make docs`' if check else 'written'}")
    sys.exit(bool(stale and check))


def pages() -> Iterator[tuple[Path, str]]:
    """Yield every generated page: its path and its text."""
    reference = ROOT / "docs/reference"
    yield reference / "cli.md", commands_page()
    yield reference / "prototypes.md", prototypes_page()
    yield reference / "exit-codes.md", exit_codes_page()
    for prototype in catalog(None).all():
        readme = Path(prototype.root) / "README.md"
        before, found, rest = readme.read_text().partition(START)
        if not found:
            raise SystemExit(f"{readme}: has no {START} … {END}, where its parameters belong")
        after = rest.partition(END)[2]
        yield readme, f"{before}{START}\n\n{parameter_table(prototype)}\n{END}{after}"


def commands_page() -> str:
    """Return the help of every command."""
    root = command_tree(COMMANDS)
    parts = ["# Commands", "This page is what `kfctl COMMAND --help` prints."]
    for path, help_text in helps(root, context_of(root, "kfctl")):
        parts.append(f"## `{path}`\n\n```text\n{help_text.strip()}\n```")
    return "\n\n".join(parts) + "\n"


def helps(command: Command, context: Context) -> Iterator[tuple[str, str]]:
    """Yield each command's path and help, the ones below it after it."""
    yield context.command_path, command.get_help(context)
    if isinstance(command, Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from helps(child, context_of(child, name, context))


def context_of(command: Command, name: str, parent: Context | None = None) -> Context:
    """Return the context in which a command is run, for a terminal that is always as wide."""
    settings = {**command.context_settings, "max_content_width": 100, "terminal_width": 100}
    return typer.Context(command, info_name=name, parent=parent, **settings)


def exit_codes_page() -> str:
    """Return the table of exit codes."""
    rows = "\n".join(f"| {code.value} | {' | '.join(MEANING[code]).rstrip()} |" for code in ExitCode)
    return f"# Exit codes\n\n| code | means | for these commands |\n|---|---|---|\n{rows}\n"


def prototypes_page() -> str:
    """Return the list of shipped prototypes."""
    rows = "\n".join(
        f"| [`{p.name}`](../../templates/{p.name}/README.md) | {p.summary} |" for p in catalog(None).all()
    )
    return (
        "# Prototypes\n\n`kfctl prototype describe NAME` prints the same with every parameter.\n\n"
        f"| prototype | what it is |\n|---|---|\n{rows}\n"
    )


def parameter_table(prototype: Prototype) -> str:
    """Return the parameters of a prototype: those of its own first, then the shared, then the deprecated."""
    current = [p for p in prototype.parameters.values() if not p.deprecated]
    gone = [p for p in prototype.parameters.values() if p.deprecated]
    if not prototype.parameters:
        return "It has no parameters.\n"
    rows = "".join(row(p) for p in current)
    text = f"| parameter | type | default | meaning |\n|---|---|---|---|\n{rows}"
    if gone:
        rows = "".join(f"| `{p.name}` | {cell(p.deprecated)} |\n" for p in gone)
        text += f"\nAccepted with a warning, without effect:\n\n| parameter | why |\n|---|---|\n{rows}"
    return text


def row(parameter: Parameter) -> str:
    """Return one parameter as a row."""
    default = "**required**" if parameter.required else ""
    if parameter.default is not None:
        default = f"`{json.dumps(parameter.default, ensure_ascii=False)}`"
    spellings = {kebab(parameter.name), *parameter.aliases} - {parameter.name}
    also = f" (also `{'`, `'.join(sorted(spellings))}`)" if spellings else ""
    kind = parameter.type
    if kind == "enum":
        kind = " \\| ".join(f"`{choice}`" for choice in parameter.schema["enum"])
    return f"| `{parameter.name}`{also} | {kind} | {default} | {cell(parameter.help)} |\n"


def cell(text: str) -> str:
    """Return text that can stand in a table."""
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    main()
