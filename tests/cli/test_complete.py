"""What the shell completes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Run

ROWS = [
    ("p", {"param", "prototype"}),
    ("param s", {"set"}),
    ("param set ", {"web", "other"}),
    ("param set web num", {"numGpus"}),
    ("param set web mode ", {"slow", "quick"}),
    ("param set web fast t", {"true"}),
    ("param set web --e", {"--env"}),
    ("param set web --env p", {"prod"}),
    ("param set --global mod", {"mode"}),
    ("param unset web pa", {"path", "password"}),
    ("param list ", {"web", "other"}),
    ("param describe web m", {"memory", "mode"}),
    ("param diff d", {"default"}),
    ("generate th", {"thing"}),
    ("generate tensor", {"tensorboard"}),
    ("generate thing new --num", {"--numGpus"}),
    ("generate thing new --path=/x --mo", {"--mode"}),
    ("show ", {"default", "prod", "live"}),
    ("show -c w", {"web"}),
    ("env rm l", {"live"}),
    ("logs ", {"default", "prod", "live", "web", "other"}),
    ("logs prod w", {"web"}),
    ("open o", {"other"}),
    ("open prod web --br", {"--browser"}),
    ("doctor p", {"prod"}),
    ("env set prod --name", {"--name", "--namespace"}),
    ("component rename o", {"other"}),
    ("prototype describe th", {"thing"}),
]


@pytest.mark.parametrize(("typed", "expected"), ROWS)
def test_bash(shell: Shell, monkeypatch: pytest.MonkeyPatch, typed: str, expected: set[str]) -> None:
    monkeypatch.setenv("_KFCTL_COMPLETE", "complete_bash")
    monkeypatch.setenv("COMP_WORDS", f"kfctl {typed}")
    monkeypatch.setenv("COMP_CWORD", str(len(f"kfctl {typed}x".split()) - 1))
    done = shell("")
    assert (done.code, set(done.out.split()), done.err) == (0, expected, "")


def test_contexts_of_the_kubeconfig(kfctl: Callable[..., Run], write_tree: Callable[..., Path]) -> None:
    contexts = "contexts: [{name: mini, context: {cluster: c}}, {name: big, context: {cluster: c}}]\n"
    write_tree({**FILES, ".kube/config": contexts})
    env = {"_KFCTL_COMPLETE": "complete_bash", "COMP_WORDS": "kfctl env add x --context ", "COMP_CWORD": "5"}
    done = kfctl(env=env)
    assert (done.code, done.out.split(), done.err) == (0, ["mini", "big"], "")


@pytest.mark.parametrize("broken", ["kfctl.yaml", "components/web.yaml", "prototypes/thing/prototype.yaml"])
def test_a_broken_app_completes_nothing_and_says_nothing(
    kfctl: Callable[..., Run], write_tree: Callable[..., Path], broken: str
) -> None:
    write_tree({**FILES, broken: "[\n"})
    env = {"_KFCTL_COMPLETE": "complete_bash", "COMP_WORDS": "kfctl param set web ", "COMP_CWORD": "4"}
    done = kfctl(env=env)
    assert (done.code, done.out.strip(), done.err) == (0, "", "")


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_the_script_for_the_shell(kfctl: Callable[..., Run], shell_name: str) -> None:
    done = kfctl(env={"_KFCTL_COMPLETE": f"source_{shell_name}"})
    assert (done.code, done.err) == (0, "")
    assert "_KFCTL_COMPLETE" in done.out
