"""The command tree: help, mistakes, global options, exit codes."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import typer

import kfctl.cli
from kfctl import __version__
from kfctl.cli import COMMANDS
from kfctl.cli.commands import Branch, Group, command_tree
from kfctl.cli.usage import MEANT
from kfctl.errors import ExitCode
from tools.docs import MEANING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from typer._click.core import Command

    from tests.cli.conftest import Shell
    from tests.conftest import Run


def paths(command: Command, path: str = "") -> Iterator[tuple[str, Command]]:
    """Yield every command below a command, by what users type."""
    yield path.strip(), command
    if isinstance(command, Group):
        context = typer.Context(command, info_name="kfctl")
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child
            yield from paths(child, f"{path} {name}")


ALL = dict(paths(command_tree(COMMANDS)))


@pytest.mark.parametrize("path", ALL)
def test_every_command_has_help(anywhere: Shell, path: str) -> None:
    done = anywhere(f"{path} --help")
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith(f"Usage: {' '.join(['kfctl', *path.split()])} ")
    assert anywhere(f"{path} -h").out == done.out
    assert ALL[path].help
    for parameter in ALL[path].params:
        record = parameter.get_help_record(typer.Context(ALL[path]))
        assert record is None or parameter.param_type_name == "argument" or record[1], parameter.name


def test_every_exit_code_of_a_command_is_in_its_page() -> None:
    for path, target in targets(COMMANDS):
        module = target.partition(":")[0]
        source = Path(f"{kfctl.cli.__path__[0]}/{module}.py").read_text(encoding="utf-8")
        for code in set(re.findall(r"ExitCode\.([A-Z_]+)", source)) - {"OK"}:
            assert f"`{path}" in MEANING[ExitCode[code]][1], (path, code)


def targets(branch: Branch) -> Iterator[tuple[str, str]]:
    """Yield every command with the function that runs it."""
    for name, target in branch.commands.items():
        yield from targets(target) if isinstance(target, Branch) else [(name, target)]


@pytest.mark.parametrize("line", ["", "param", "env", "component", "prototype"])
def test_a_group_alone_prints_its_help(anywhere: Shell, line: str) -> None:
    done = anywhere(line)
    assert (done.code, done.err) == (0, "")
    assert "\nCommands:\n" in done.out
    assert done.out == anywhere(f"{line} --help").out


def test_version(anywhere: Shell) -> None:
    assert anywhere("--version").out == f"kfctl {__version__}\n"
    assert anywhere("version").out.startswith(f"kfctl {__version__} (Python 3.")
    told = json.loads(anywhere("version -o json").out)
    assert told["kfctl"] == __version__
    assert told["platform"] == sys.platform
    assert f"kfctl: {__version__}" in anywhere("version -o yaml").out.replace('"', "")


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("aply", "there is no command `kfctl aply`\n  did you mean apply?"),
        ("parms set x y z", "there is no command `kfctl parms`\n  did you mean param?"),
        ("param ste", "there is no command `kfctl param ste`\n  did you mean set?"),
        ("plan", "there is no command `kfctl plan`\n  `kfctl diff` shows the plan"),
        ("param list prod", "prod is an environment of this app, not a component"),
        ("xyzzy", "there is no command `kfctl xyzzy`\n  see `kfctl --help`"),
        ("registry add kubeflow x", "there are no registries: the prototypes come with kfctl"),
        ("pkg install kubeflow/core", "there are no packages to install: the prototypes come with kfctl"),
        ("module list", "there are no modules"),
        ("env targets default", "choose components with `-c COMPONENT`"),
        ("--nosuch", "no such option: --nosuch"),
        ("--verison", "no such option: --verison\n  did you mean --version?"),
        ("show --ouput yaml", "no such option: --ouput\n  did you mean --output?"),
        ("show -o toml", "'toml' is not one of 'yaml', 'json', 'name'"),
        ("show a b", "too many arguments: b\n  usage: kfctl show [OPTIONS] [ENV]"),
        (
            "show --env prod",
            "no such option: --env\n  the environment stands alone: kfctl show [OPTIONS] [ENV]",
        ),
        ("show web", "web is a component of this app, not an environment\n  components stand behind -c"),
        ("env describe web", "`kfctl component describe web` tells of one"),
        ("help apply", "there is no command `kfctl help`\n  `kfctl --help` lists the commands"),
        ("param get web", "there is no command `kfctl param get`\n  `kfctl param list COMPONENT` shows"),
        ("env delete prod", "there is no command `kfctl env delete`\n  `kfctl env rm ENV` does that"),
        ("param list -o", "option '-o' requires an argument"),
        ("param list --context x", "no such option: --context"),
        ("--dir", "option '--dir' requires an argument"),
    ],
)
def test_mistakes(shell: Shell, line: str, error: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (2, "")
    assert done.err.startswith("kfctl: ")
    assert error in done.err


def test_what_other_tools_call_it_leads_to_commands_that_there_are() -> None:
    for hint in MEANT.values():
        for command in re.findall(r"`kfctl ([a-z]+(?: [a-z]+)?)", hint):
            assert command in ALL or command.split()[0] in ALL, hint


@pytest.mark.parametrize("error", [RecursionError, MemoryError, OverflowError])
def test_input_that_exhausts_python_ends_in_an_error(
    shell: Shell, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    def exhaust(*_: object) -> None:
        raise error

    monkeypatch.setattr("kfctl.cli.invoke", exhaust)
    run = shell("show")
    assert (run.code, run.out) == (1, "")
    assert run.err.startswith("kfctl: the input cannot be processed: ")


def test_a_usage_error_as_json(shell: Shell) -> None:
    done = shell("param list wbe -o json")
    assert (done.code, done.out) == (2, "")
    assert json.loads(done.err) == {
        "error": "usage",
        "exitCode": 2,
        "problems": [{"message": "there is no component 'wbe' in this app", "hint": "did you mean web?"}],
    }


@pytest.mark.parametrize(
    "line",
    [
        "--dir {0} param list",
        "param --dir {0} list",
        "param list --dir {0}",
        "param list --dir={0}/components",
    ],
)
def test_the_app_is_elsewhere(shell: Shell, tmp_path: Path, line: str) -> None:
    inside = shell("param list")
    type(shell)(tmp_path)
    if "param --dir" in line:
        assert type(shell)(tmp_path)(line.format("work")).code == 2
    else:
        assert type(shell)(tmp_path)(line.format("work")) == inside


def test_the_app_is_found_from_below(shell: Shell) -> None:
    below = type(shell)(shell.folder / "components")
    assert below("param list") == shell("param list")
    assert below("param set web numGpus 2").out == "web numGpus: 1 → 2   (components/web.yaml:6)\n"


@pytest.mark.parametrize(
    "line", ["param list", "show", "env list", "component list", "validate", "generate tf-job x"]
)
def test_no_app_here(anywhere: Shell, line: str) -> None:
    done = anywhere(line)
    assert (done.code, done.out) == (1, "")
    assert "there is no app here" in done.err
    assert "kfctl init NAME" in done.err


def test_an_app_in_a_folder_with_spaces_and_other_letters(anywhere: Shell) -> None:
    folder = "mein Ordner – 数据"
    assert anywhere.run(["init", folder, "--bare"]).code == 0
    inside = type(anywhere)(anywhere.folder / folder)
    assert inside("generate tensorboard board --logDir=/x").code == 0
    assert inside("param set board image a").code == 0
    assert inside("show -o name").out == "service/board\ndeployment.apps/board\n"


def test_the_lines_of_the_tutorial(kfctl: Callable[..., Run], tmp_path: Path) -> None:
    assert kfctl("init", "kubeflow").code == 0
    app = tmp_path / "kubeflow"
    done = kfctl("generate", "tf-serving", "model-server", "--name=inception", cwd=app)
    assert done.code == 0
    assert "kfctl param set model-server modelPath VALUE" in done.err
    for line in (
        "param set model-server modelPath /serving/inception-export",
        "param set model-server modelServerImage katacoda/tensorflow_serving",
    ):
        done = kfctl(*line.split(), cwd=app)
        assert (done.code, done.err) == (0, "")
    done = kfctl("param", "list", cwd=app)
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "COMPONENT        PARAM             VALUE                        LAYER\n"
        "model-server     modelPath         /serving/inception-export    component\n"
        "model-server     modelServerImage  katacoda/tensorflow_serving  component\n"
        "model-server     name              inception                    component\n"
        "tf-job-operator  createNamespace   true                         component\n"
        "tf-job-operator  namespace         default-operator             component\n"
    )
    done = kfctl("show", "default", "-c", "model-server", "-o", "name", cwd=app)
    assert done.code == 0
    assert "deployment.apps/inception" in done.out
    assert kfctl("validate", cwd=app).code == 0
