"""The command tree and the one place where errors become messages and exit codes.

How a command is added:

1.  Write `kfctl/cli/NAME.py` with one function. Its parameters are the arguments and options, annotated as
    typer has it; its docstring is the help. (No `from __future__ import annotations` there: typer reads the
    annotations when it runs.) A parameter whose annotation is a dataclass stands for all its fields:
    `options.Session` gives `--dir`, `options.ClusterSession` also `--kubeconfig`, `--context`, `--as`.
2.  Add a row to `COMMANDS`: the name users type → "module:function". The module is imported when it runs.
3.  The function calls one action, prints what that returned with `output` (results) or `console` (all else),
    and returns an `ExitCode`, or None for 0. It imports actions, and whatever is slow, inside itself.
"""

from __future__ import annotations

import gc
import os
import sys
from typing import TYPE_CHECKING, NoReturn

from kfctl.cli import console
from kfctl.cli.commands import Branch, Fault, Finished, invoke
from kfctl.cluster.programs import absolute_path
from kfctl.errors import ExitCode, KfctlError, limit_suggestions

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS = Branch(
    help="Deploy machine-learning components to Kubernetes from typed parameters.",
    commands={
        "init": "init:init",
        "generate": "generate:generate",
        "import": "importing:import_",
        "param": Branch(
            help="See and set the values of parameters.",
            commands={
                "set": "param:set_param",
                "unset": "param:unset_param",
                "list": "values:list_params",
                "describe": "values:describe_params",
                "diff": "values:diff_params",
            },
            aliases={"delete": "unset"},
        ),
        "env": Branch(
            help="See and change environments: the clusters and namespaces that the app goes to.",
            commands={
                "add": "env:add_env",
                "list": "env:list_envs",
                "set": "env:set_env",
                "rm": "env:remove_env",
                "describe": "env:describe_env",
            },
        ),
        "prototype": Branch(
            help="See, copy and make prototypes: the kinds of components.",
            commands={
                "list": "prototype:list_prototypes",
                "describe": "prototype:describe_prototype",
                "search": "prototype:search_prototypes",
                "copy": "prototype:copy_prototype",
                "new": "prototype:new_prototype",
                "lint": "prototype:lint_prototypes",
            },
        ),
        "component": Branch(
            help="See, remove and rename components.",
            commands={
                "list": "component:list_components",
                "describe": "component:describe_component",
                "rm": "component:remove_components",
                "rename": "component:rename_component",
            },
        ),
        "show": "show:show",
        "validate": "validate:validate",
        "diff": "diff:diff",
        "apply": "apply:apply",
        "delete": "delete:delete",
        "list": "apps:list_apps",
        "history": "history:history",
        "rollback": "history:rollback",
        "fsck": "fsck:fsck",
        "status": "status:status",
        "logs": "logs:logs",
        "open": "open:open_component",
        "doctor": "doctor:doctor",
        "version": "version:version",
    },
)


def run() -> NoReturn:
    """Be the process `kfctl`."""
    gc.set_threshold(
        100_000
    )  # next to nothing here is garbage: looking for it takes a tenth of a short command
    # Whatever is started from here, such as a browser, is found where `find_program` finds it.
    os.environ["PATH"] = absolute_path()
    code = main()
    gc.freeze()  # as would the last look, when all of it goes anyway
    sys.exit(code)


def main(argv: Sequence[str] | None = None) -> int:
    """Run kfctl with these arguments (the process's own unless given) and return its exit code."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    console.guard_streams()
    try:
        with limit_suggestions():
            return finish(invoke(COMMANDS, arguments))
    except Finished as done:  # --help, --version and their like
        return done.exit_code
    except KfctlError as error:
        console.report(error, in_json=wants_json(arguments))
        return error.exit_code
    except Fault as fault:
        from kfctl.cli.usage import usage_error

        console.report(usage_error(fault), in_json=wants_json(arguments))
        return ExitCode.USAGE
    except KeyboardInterrupt as stop:
        console.note(f"kfctl: interrupted{f'; {stop}' if str(stop) else ''}")
        return ExitCode.INTERRUPTED
    except BrokenPipeError:  # whoever read our output has gone, as in `kfctl show | head`
        console.abandon_stdout()
        return ExitCode.OK
    except OSError as error:
        console.report(KfctlError(f"{error.strerror or error}: {error.filename or 'input or output'}"))
        return ExitCode.APP
    except (RecursionError, MemoryError, OverflowError) as error:
        console.report(_exhausted(error), in_json=wants_json(arguments))
        return ExitCode.APP


def _exhausted(error: Exception) -> KfctlError:
    """Return the error for input that no reader refused, and that is too much for Python."""
    causes = {RecursionError: "it is nested too deep", MemoryError: "there is not enough memory"}
    cause = causes.get(type(error), "a number in it is too large")
    return KfctlError(f"the input cannot be processed: {cause}")


def finish(returned: object) -> int:
    """Return the exit code for what a command returned, once all its output is out."""
    console.flush()
    return returned if isinstance(returned, int) else ExitCode.OK


def wants_json(arguments: Sequence[str]) -> bool:
    """Return whether the command line asks for JSON, so that even a usage error can be told in it."""
    joined = "\0".join(arguments)
    return any(
        form in f"\0{joined}\0"
        for form in ("\0-o\0json\0", "\0-ojson\0", "\0--output\0json\0", "\0--output=json\0")
    )
