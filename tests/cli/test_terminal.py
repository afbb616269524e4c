"""No control character of a file, an argument or a server reaches the terminal."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import product
from typing import TYPE_CHECKING

import pytest
import yaml

from kfctl import controls
from kfctl.cli import console
from kfctl.cli.logs import show
from kfctl.cli.options import Report
from kfctl.errors import KfctlError, Location, Problem
from kfctl.model.log import Line, Source
from tests.cli.test_commands import ALL
from tests.cli.test_console import on_a_terminal
from tests.cli.world import FILES, THING

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

# C0 but line feed and tab, DEL, C1, bidirectional controls, separators, what has no width, tags, surrogates.
CHARACTERS = [
    *map(chr, {*range(0x20), *range(0x7F, 0xA0)} - {0x09, 0x0A}),
    *"\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069",
    *"\u2028\u2029\xad\u200b\u200c\u200d\u2060\ufeff\ufff9\U000e0041\U000e0001\ud800\udcff",
]
ALL_OF_THEM = "".join(CHARACTERS)
IN_YAML = "".join(char for char in CHARACTERS if not "\ud800" <= char <= "\udfff")
# What an argument or the name of a file may hold: no NUL, and surrogates where a byte is no UTF-8.
IN_ARGUMENT = ALL_OF_THEM.translate({0: None, 0xD800: None})
FORGED = "no\nkfctl: all is well\nwarning: x\nerror: y\rkfctl: z\u2028kfctl: z"


def quoted(text: str) -> str:
    """Return a text as YAML, in quotes with an escape for each character."""
    return '"' + "".join(f"\\U{ord(char):08x}" for char in text) + '"'


def hostile(text: str) -> list[str]:
    return [char for char in text if char in CHARACTERS]


@pytest.fixture
def streams(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> pytest.CaptureFixture[str]:
    monkeypatch.setattr(sys, "stdout", sys.stdout)  # so that the guard goes with the test
    monkeypatch.setattr(sys, "stderr", sys.stderr)
    return capsys


@pytest.mark.parametrize("char", CHARACTERS, ids=ascii)
def test_every_way_out_escapes(char: str, streams: pytest.CaptureFixture[str]) -> None:
    value = f"a{char}b"
    problems = [Problem(value, Location(value), value)]
    error = KfctlError(value, problems=problems)
    line = Line("2026-01-01T00:00:00Z", Source("1", value, value, value), value)
    console.out(value)
    console.lines([value, value])
    console.document(value)
    console.note(value, value)
    console.warn(value, value)
    console.report(error)
    console.report(error, in_json=True)
    show([line], Report.TEXT)
    show([line], Report.JSON)
    console.out(console.as_json({value: [value]}))
    printed = streams.readouterr()
    assert hostile(printed.out + printed.err) == []
    assert printed.out.count(controls.visible(char)) >= 4
    assert json.loads(console.as_json({value: [value]})) == {value: [value]}


def test_streams_are_guarded_for_libraries_warnings_and_tracebacks() -> None:
    code = (
        "import sys, warnings, threading, click\n"
        "from kfctl.cli import console\n"
        "console.guard_streams()\n"
        "print('\\x1b'); sys.stdout.writelines(['\\x9b']); sys.stderr.write('\\x1b'); click.echo('\\x1b')\n"
        "warnings.warn('\\x1b[2J')\n"
        "t = threading.Thread(target=lambda: 1 / {}['\\x1b']); t.start(); t.join()\n"
        "raise ValueError('\\x1b]0;\\x07 \\u202e')\n"
    ).replace("click", "typer")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert hostile(done.stdout + done.stderr) == []
    assert done.stderr.count("Traceback") == 2


def test_values_cannot_pass_for_styles(
    monkeypatch: pytest.MonkeyPatch, streams: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    console.out(console.paint("a\x1b[31mb", "green"))
    assert streams.readouterr().out == "\x1b[32ma\\x1b[31mb\x1b[0m\n"


def test_line_breaks_in_a_message_begin_no_line(streams: pytest.CaptureFixture[str]) -> None:
    error = KfctlError(FORGED, hint=FORGED)
    console.note(FORGED, FORGED)
    console.report(error)
    console.report(error, in_json=True)
    console.out(FORGED)
    console.lines([FORGED])
    printed = streams.readouterr()
    begun = [line for line in printed.err.splitlines() if line.startswith(("kfctl:", "warning:", "error:"))]
    assert begun == ["kfctl: no"]
    assert len(printed.out.splitlines()) == 2


def test_live_display_escapes_and_reads_no_markup() -> None:
    code = (
        "from kfctl.cli import console\n"
        "text = 'a\\x1b[2J\\u202e\\x9b\\n[bold]b[/bold] [link=x]c[/link]'\n"
        "with console.live() as region:\n"
        "    region.show([text]); region.log(text); console.note(text, text); region.show([])\n"
    )
    shown = on_a_terminal(code)
    assert not {"\u202e", "\x9b"} & set(shown)
    assert "\x1b[2J" not in shown
    assert shown.count("a\\x1b[2J\\u202e\\x9b\\n[bold]b[/bold] [link=x]c[/link]") >= 2
    assert "\n    [bold]b[/bold] [link=x]c[/link]" in shown
    assert "\n[" not in shown


def test_log_keeps_colors_on_a_terminal_only(
    monkeypatch: pytest.MonkeyPatch, streams: pytest.CaptureFixture[str]
) -> None:
    line = Line("", Source("1", "n", "pod", "c", alone=True), "a\x1b[31mred\x1b[2J\rhub | b\x1b]0;x\x07\r")
    show([line], Report.TEXT)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.delenv("NO_COLOR", raising=False)
    show([line], Report.TEXT)
    plain, colored = streams.readouterr().out.splitlines()
    assert plain == r"pod | ared\x1b[2J\rhub | b\x1b]0;x\x07"
    assert colored.endswith("a\x1b[31mred\\x1b[2J\\rhub | b\\x1b]0;x\\x07\x1b[0m")


def test_raw_log_keeps_every_character_of_a_line(streams: pytest.CaptureFixture[str]) -> None:
    show([Line("", Source("1", "n", "p\x1b", "c", alone=True), "\x1b[2J\ra")], Report.TEXT, raw=True)
    assert streams.readouterr().out == "p\\x1b | \x1b[2J\ra\n"


COMMANDS = (
    "init {}", "generate thing {}", "generate {} x", "generate thing --help", "generate thing x --{}=1",
    "generate thing x --mode {}", "param set web mode {}", "param set web path {}", "param set web {} 1",
    "param list", "param list -o {form}", "param list {}", "param describe web",
    "param describe web -o {form}",
    "param diff default prod", "param diff default {}", "env add {}", "env list", "env list -o {form}",
    "env describe prod", "env describe {}", "component list", "component describe web -o {form}",
    "component rename web {}", "prototype list", "prototype list -o {form}", "prototype describe thing",
    "prototype describe thing -o {form}", "prototype search {}", "prototype lint", "show", "show -o {form}",
    "show -o name", "show --output-dir {}", "validate", "validate -o {form}", "diff default prod",
    "diff default prod -o {form}", "diff default prod -o markdown", "import {} x", "apply --plan {}",
    "apply --context {}", "apply --timeout {}", "logs web --since {}", "open web --port {}", "rollback {}",
    "--dir {} show", "status --kubeconfig {}",
)  # fmt: skip


@pytest.fixture
def hostile_app(shell: Shell) -> Shell:
    """An app with every control character in each text that its files hold."""
    text = quoted(f"d{IN_YAML}")
    prototype = THING
    for known in (
        "A thing with every type of parameter",
        "|\n  For tests. It renders one ConfigMap.",
        "Where it is.",
        "nothing reads it any more",
    ):
        prototype = prototype.replace(known, text)
    (shell.folder / "prototypes/thing/prototype.yaml").write_text(prototype)
    component = FILES["components/web.yaml"].replace("path: /srv", f"path: {text}")
    (shell.folder / "components/web.yaml").write_text(f"{component}  cloud: {text}\n  text: {text}\n")
    (shell.folder / "components/bad.yaml").write_text(
        f"{component}  mode: {text}\n  fast: {text}\n  ? {text}\n  : 1\n"
    )
    (shell.folder / f"components/{IN_ARGUMENT.replace('/', '')[:80]}.yaml").write_text(component)
    return shell


def test_no_command_prints_a_control_character(hostile_app: Shell) -> None:
    for line, form in product(COMMANDS, ("json", "yaml")):
        if form == "yaml" and "{form}" not in line:
            continue
        words = [word.replace("{form}", form).replace("{}", f"x{IN_ARGUMENT}") for word in line.split()]
        done = hostile_app.run(words)
        assert hostile(done.out + done.err) == [], line


@pytest.mark.parametrize("path", ALL)
def test_no_usage_error_prints_a_control_character(hostile_app: Shell, path: str) -> None:
    for words in (
        [f"--x{IN_ARGUMENT}"],
        ["-o", IN_ARGUMENT],
        [f"x{IN_ARGUMENT}"] * 4,
        ["-o", "json", IN_ARGUMENT] * 2,
    ):
        done = hostile_app.run([*path.split(), *words])
        assert hostile(done.out + done.err) == []


def test_json_and_yaml_output_mean_the_same_values(shell: Shell) -> None:
    (shell.folder / "components/web.yaml").write_text(
        FILES["components/web.yaml"].replace("/srv", quoted(f"a{IN_YAML}b\nc{IN_YAML}"))
    )
    as_json, as_yaml = shell("show -c web -o json"), shell("show -c web")
    assert json.loads(as_json.out)["items"][0]["data"]["path"] == f"a{IN_YAML}b\nc{IN_YAML}"
    assert yaml.safe_load(as_yaml.out)["data"]["path"] == f"a{IN_YAML}b\nc{IN_YAML}"
