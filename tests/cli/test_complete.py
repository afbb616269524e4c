"""What the shell completes."""

from __future__ import annotations

import json
import os
import re
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


HOSTILE = [
    "a$(id)",
    "a`id`",
    "a;id",
    "a b",
    "a'b",
    'a"b',
    "a\\nb",
    "a&b",
    "a|b",
    "a>b",
    "~a",
    "a*",
    "=a",
    "--yes",
    "-y",
]


@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
@pytest.mark.parametrize(
    ("typed", "plain"),
    [
        ("param set web mode ", "quick"),
        ("show -c ", "web"),
        ("show ", "prod"),
        ("generate ", "thing"),
        ("prototype describe ", "thing"),
        ("env set prod --context ", "mini"),
    ],
)
def test_completion_offers_plain_words_only(
    kfctl: Callable[..., Run], write_tree: Callable[..., Path], shell_name: str, typed: str, plain: str
) -> None:
    files = {**FILES}
    thing = files["prototypes/thing/prototype.yaml"]
    for name in HOSTILE:
        files[f"components/{name}.yaml"] = files["components/web.yaml"]
        files[f"environments/{name}.yaml"] = files["environments/prod.yaml"]
        files[f"prototypes/{name}/prototype.yaml"] = thing
    files["prototypes/thing/prototype.yaml"] = thing.replace(
        "[slow, quick]", json.dumps(["slow", "quick", *HOSTILE])
    )
    contexts = [{"name": name, "context": {"cluster": "c"}} for name in ("mini", *HOSTILE)]
    write_tree({**files, ".kube/config": json.dumps({"contexts": contexts})})
    words = f"kfctl {typed}"
    env = {
        "_KFCTL_COMPLETE": f"complete_{shell_name}",
        "COMP_WORDS": words,
        "COMP_CWORD": f"{words.count(' ')}",
    }
    fish = {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"}
    done = kfctl(env={**env, **fish})
    assert plain in done.out
    offered = done.out.removeprefix("_arguments '*: :((").removesuffix("))'\n").replace('"', "").split()
    assert [word for word in offered if not re.fullmatch(r"[a-z0-9][a-z0-9-]*", word)] == []


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
def test_completion_loads_no_foreign_app(kfctl: Callable[..., Run], write_tree: Callable[..., Path]) -> None:
    os.chown(write_tree(FILES) / "kfctl.yaml", 12345, -1)
    env = {"_KFCTL_COMPLETE": "complete_bash", "COMP_WORDS": "kfctl generate th", "COMP_CWORD": "2"}
    assert kfctl(env=env).out.strip() == ""


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
