"""No input, on the command line or in the app's files, ends in a traceback."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import pytest

from kfctl.errors import ExitCode
from tests.campaign import size
from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.cli.conftest import Shell

CODES = {int(code) for code in ExitCode}
# Commands that touch no cluster, with the words they take.
COMMANDS = (
    "init", "init {word}", "init --bare", "generate {word} {word}", "generate thing {word}",
    "generate thing new {flag}", "generate thing {flag} new {flag}", "param set web {key} {word}",
    "param set web {key}={word}", "param set {word} {word} {word}", "param set --global {key} {word}",
    "param set web {key} {word} --env {env}", "param set web -f {file}", "param unset web {key}",
    "param unset {word} {word}", "param list", "param list {word}", "param list --env {env} -o {form}",
    "param list --all", "param describe web", "param describe web {key}", "param diff {env} {env}",
    "env add {word}", "env list -o {form}", "env set {env} --name {word}",
    "env set {env} --namespace {word} --leave", "env set {env} --context {word}", "env rm {env}",
    "env describe {env}", "component list", "component describe {word}", "component rm {word}",
    "component rename web {word}", "prototype list", "prototype describe {word}", "prototype search {word}",
    "prototype copy {word} {word}", "prototype new {word}", "show", "show {env} -c web -o {form}",
    "show --output-dir {file}", "validate {env}", "version -o {form}", "{word}", "{flag} {word}",
    "param {word}", "diff {env} {env}",
)  # fmt: skip
# No folder outside the test's own among them: `init` would make an app there.
WORDS = (
    "", " ", "-", "--", "---", "-x", "-5", "--foo", "--foo=bar", "=", "==", "a=b", "=b", "web", "other",
    "thing", "x" * 300, "null", "true", "5", "1e400", "-0", "9" * 400, "[", "[1,", "{", '{"a":', "[[[[",
    "é", "数据", "\u202e", "\udcff", "\x01", "a\nb", "nosuch/..", "a/b", ".", "~", "*", "%s", "{0}",
    "{{ x }}", "$(x)", "'", '"', "\\", "default", "tf-serving", "NaN", "0x10", "1_000", "١", "[" * 5000,
    '{"a":' * 3000, "kfctl.yaml", "prod", "on", "😀", "a" * 64, "A", "a.b", "a--b",
)  # fmt: skip
KEYS = (
    "path",
    "numGpus",
    "ratio",
    "fast",
    "memory",
    "mode",
    "args",
    "labels",
    "password",
    "cloud",
    "text",
    "nosuch",
    "",
    "-",
)
FORMS = ("table", "json", "yaml", "name", "toml", "")
HOSTILE = (
    "", "\n", "{}", "[]", "a", "5", "null", "- a", "a: [", "\t", "a:\n\tb: c", "\0", "\ufeff", "a: &x [*x]",
    "a: *nosuch", "!!python/object:os.system {}", "a: 1\na: 2", "? [a]\n: b", "1: 2", "<<: 5",
    "%YAML 9.9\n---\n", "---\n---\n", "a: |\n  x\n y", "'", '"', "{a: 1", "a: 'b", "[" * 3000, "é: ü",
    "\x80", "a: 2001-01-01", "a: .inf", "a: !!binary abc", "a: !!int x", "apiVersion: kfctl/v2", "kind: 5",
)  # fmt: skip


def line(choose: random.Random) -> list[str]:
    """Return a random command line."""
    kinds: Mapping[str, Callable[[], str]] = {
        "word": lambda: choose.choice(WORDS),
        "flag": lambda: (
            choose.choice(("--", "-", "--no-"))
            + choose.choice((*KEYS, *WORDS))
            + choose.choice(("", "=", "=x"))
        ),
        "key": lambda: choose.choice((*KEYS, *WORDS[:12])),
        "env": lambda: choose.choice(("default", "prod", "live", "nosuch", "", "-x")),
        "form": lambda: choose.choice(FORMS),
        "file": lambda: choose.choice(
            ("kfctl.yaml", "nosuch", "components", "/dev/null", "", "components/web.yaml")
        ),
    }
    words = []
    for part in choose.choice(COMMANDS).split():
        for name, kind in kinds.items():
            while f"{{{name}}}" in part:
                part = part.replace(f"{{{name}}}", kind(), 1) if part != f"{{{name}}}" else kind()
        words.append(part)
    for _ in range(choose.randrange(3) if choose.random() < 0.3 else 0):
        words.insert(choose.randrange(len(words) + 1), choose.choice(WORDS))
    return words


def broken(choose: random.Random, text: str) -> str:
    """Return a text in which something is not as it should be."""
    if choose.random() < 0.4:
        return choose.choice(HOSTILE)
    for _ in range(choose.randrange(1, 4)):
        at = choose.randrange(len(text) + 1)
        cut = choose.choice((0, 0, 1, 2, 10))
        text = (
            text[:at]
            + choose.choice((*HOSTILE, ":", " ", "  ", "-", "#", "{", "}", "\r\n", "|"))
            + text[at + cut :]
        )
    return text


def expect_no_traceback(shell: Shell, words: list[str]) -> None:
    done = shell.run(words)  # a traceback would be raised here
    assert done.code in CODES, words
    if done.code not in {ExitCode.OK, ExitCode.DIFFERENT}:
        assert done.err.startswith(("kfctl: ", "warning: ", "{")), words


@pytest.fixture
def fresh(
    shell: Shell, write_files: Callable[[Path, Mapping[str, str]], None]
) -> Callable[[Mapping[str, str]], Shell]:
    """Put the app's files back as they were, or with changes."""

    def reset(changes: Mapping[str, str]) -> Shell:
        for path in sorted(shell.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
        write_files(shell.folder, {**FILES, **changes})
        return shell

    return reset


@pytest.mark.parametrize("seed", range(size(250)))
def test_command_lines(fresh: Callable[[Mapping[str, str]], Shell], seed: int) -> None:
    choose = random.Random(seed)
    shell = fresh({})
    for _ in range(20):
        expect_no_traceback(shell, line(choose))


@pytest.mark.parametrize("seed", range(size(250)))
def test_broken_files(fresh: Callable[[Mapping[str, str]], Shell], seed: int) -> None:
    choose = random.Random(seed)
    for _ in range(5):
        files = {path: text for path, text in FILES.items() if not path.startswith("prototypes/")}
        path = choose.choice(list(files))
        shell = fresh({path: broken(choose, files[path])})
        for _ in range(3):
            expect_no_traceback(shell, line(choose))
