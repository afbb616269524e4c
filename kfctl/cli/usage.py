"""What is wrong with a command line, said so that the next one is right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.cli.commands import Fault

SHIPPED = "the prototypes come with kfctl, see `kfctl prototype list`"
# What users of ksonnet type → what they want.
KSONNET = {
    "kfctl registry": f"there are no registries: {SHIPPED}",
    "kfctl pkg": f"there are no packages to install: {SHIPPED}",
    "kfctl module": "there are no modules: a component is a file in components/, see `kfctl component list`",
    "kfctl upgrade": "nothing needs it: defaults are kept in the prototypes, a newer kfctl brings newer ones",
    "kfctl prototype use": "generate a component with `kfctl generate PROTOTYPE COMPONENT`",
    "kfctl prototype preview": "render it with `kfctl generate`, then `kfctl show -c COMPONENT`",
    "kfctl env current": "name the environment in the command; without a name it is `default`",
    "kfctl env targets": "choose components with `-c COMPONENT`",
    "kfctl env update": "nothing needs it: kfctl keeps no files per Kubernetes version",
}


def unknown_command(path: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a command that does not exist."""
    hint = KSONNET.get(f"{path} {name}") or did_you_mean(name, known) or f"see `{path} --help`"
    return UsageError(f"there is no command `{path} {name}`", hint=hint)


def usage_error(fault: Fault) -> UsageError:
    """Return typer's complaint about a command line as an error of ours."""
    context = getattr(fault, "ctx", None)
    near = getattr(fault, "possibilities", None)
    hint = f"did you mean {near[0]}?" if near else f"see `{context.command_path} --help`" if context else ""
    message = str(fault.message) if near else fault.format_message()
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)
