"""What is wrong with a command line, said so that the next one is right."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kfctl.errors import UsageError, did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

    from typer._click.core import Context

    from kfctl.cli.commands import Fault

SHIPPED = "the prototypes come with kfctl, see `kfctl prototype list`"
# What users of ksonnet and of other tools type → what they want.
MEANT = {
    "kfctl registry": f"there are no registries: {SHIPPED}",
    "kfctl pkg": f"there are no packages to install: {SHIPPED}",
    "kfctl module": "there are no modules: a component is a file in components/, see `kfctl component list`",
    "kfctl upgrade": "nothing needs it: defaults are kept in the prototypes, a newer kfctl brings newer ones",
    "kfctl prototype use": "generate a component with `kfctl generate PROTOTYPE COMPONENT`",
    "kfctl prototype preview": "render it with `kfctl generate`, then `kfctl show -c COMPONENT`",
    "kfctl plan": "`kfctl diff` shows the plan, `kfctl apply --plan-out FILE` keeps it",
    "kfctl completion": "`kfctl --install-completion` sets it up for your shell",
    "kfctl create": "`kfctl generate PROTOTYPE COMPONENT` makes a component, `kfctl apply` what it says",
    "kfctl deploy": "`kfctl apply` does that",
    "kfctl install": "`kfctl apply` does that",
    "kfctl up": "`kfctl apply` does that",
    "kfctl restart": "`kubectl rollout restart deployment/NAME` does that",
    "kfctl scale": "`kfctl param set COMPONENT replicas N` and `kfctl apply` do that",
    "kfctl down": "`kfctl delete` does that",
    "kfctl destroy": "`kfctl delete` does that",
    "kfctl uninstall": "`kfctl delete` does that",
    "kfctl rm": "`kfctl delete` clears the cluster, `kfctl component rm` takes a component out of the app",
    "kfctl ls": "`kfctl list` lists the apps of a cluster, `kfctl component list` the components of the app",
    "kfctl get": "`kfctl status` shows what is on the cluster, `kfctl component list` what the app has",
    "kfctl template": "`kfctl show` renders the app",
    "kfctl render": "`kfctl show` renders the app",
    "kfctl build": "`kfctl show` renders the app",
    "kfctl lint": "`kfctl validate` checks the app, `kfctl prototype lint` a prototype",
    "kfctl set": "`kfctl param set COMPONENT KEY VALUE` does that",
    "kfctl port-forward": "`kfctl open COMPONENT` does that",
    "kfctl help": "`kfctl --help` lists the commands, `kfctl COMMAND --help` explains one",
    "kfctl describe": "`kfctl component describe COMPONENT` does that; so have env, param and prototype",
    "kfctl edit": "edit components/COMPONENT.yaml, or `kfctl param set COMPONENT KEY VALUE`",
    "kfctl add": "`kfctl generate PROTOTYPE COMPONENT` adds a component, `kfctl env add` an environment",
    "kfctl new": "`kfctl init NAME` makes an app, `kfctl generate PROTOTYPE COMPONENT` a component",
    "kfctl param get": "`kfctl param list COMPONENT` shows the values and where they come from",
    "kfctl param show": "`kfctl param list COMPONENT` shows the values and where they come from",
    "kfctl env create": "`kfctl env add ENV` does that",
    "kfctl env delete": "`kfctl env rm ENV` does that",
    "kfctl env remove": "`kfctl env rm ENV` does that",
    "kfctl env rename": "`kfctl env set ENV --name NEW` does that",
    "kfctl env show": "`kfctl env describe ENV` does that",
    "kfctl env use": "name the environment in the command; without a name it is `default`",
    "kfctl component add": "`kfctl generate PROTOTYPE COMPONENT` does that",
    "kfctl component create": "`kfctl generate PROTOTYPE COMPONENT` does that",
    "kfctl component delete": "`kfctl component rm COMPONENT` does that",
    "kfctl component remove": "`kfctl component rm COMPONENT` does that",
    "kfctl component show": "`kfctl component describe COMPONENT` does that",
    "kfctl prototype create": "`kfctl prototype new NAME` does that",
    "kfctl prototype show": "`kfctl prototype describe PROTOTYPE` does that",
    "kfctl prototype validate": "`kfctl prototype lint PROTOTYPE` does that",
    "kfctl env current": "name the environment in the command; without a name it is `default`",
    "kfctl env targets": "choose components with `-c COMPONENT`",
    "kfctl env update": "nothing needs it: kfctl keeps no files per Kubernetes version",
}
_EXTRA = re.compile(r"Got unexpected extra argument\(s\) \((.*)\)", re.DOTALL)


def unknown_command(path: str, name: str, known: Iterable[str]) -> UsageError:
    """Return the error for a command that does not exist."""
    hint = MEANT.get(f"{path} {name}") or did_you_mean(name, known) or f"see `{path} --help`"
    return UsageError(f"there is no command `{path} {name}`", hint=hint)


def usage_error(fault: Fault) -> UsageError:
    """Return typer's complaint about a command line as an error of ours."""
    context = getattr(fault, "ctx", None)
    if context and (extra := _EXTRA.fullmatch(fault.message)):
        return UsageError(f"too many arguments: {extra[1]}", hint=f"usage: {_usage(context)}")
    if context and getattr(fault, "option_name", "") == "--env" and "[ENV]" in _usage(context):
        hint = f"the environment stands alone: {_usage(context)}"
        return UsageError("no such option: --env", hint=hint)
    near = getattr(fault, "possibilities", None)
    hint = f"did you mean {near[0]}?" if near else f"see `{context.command_path} --help`" if context else ""
    message = str(fault.message) if near else fault.format_message()
    return UsageError(message[:1].lower() + message[1:].rstrip("."), hint=hint)


def _usage(context: Context) -> str:
    return " ".join((context.command_path, *context.command.collect_usage_pieces(context)))
