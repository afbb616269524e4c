"""`kfctl generate`: every parameter is a flag."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Shell
    from tests.conftest import Run

# What is typed after `kfctl generate thing new --path=/p` → the other parameters of the component
FLAGS: dict[str, dict[str, object]] = {
    "": {},
    "--numGpus=2": {"numGpus": 2},
    "--numGpus 2": {"numGpus": 2},
    "--num-gpus=2": {"numGpus": 2},
    "--num-gpus 2": {"numGpus": 2},
    "--text=-5": {"text": "-5"},
    "--text -5": {"text": "-5"},
    "--text=": {"text": ""},
    "--text ''": {"text": ""},
    "--text=a=b": {"text": "a=b"},
    "--text --force": {"text": "--force"},
    "--text=null": {"text": "null"},
    "--text=5": {"text": "5"},
    "--text 'two words'": {"text": "two words"},
    "--ratio -0.5": {"ratio": -0.5},
    "--fast": {"fast": True},
    "--fast=false": {"fast": False},
    "--fast true": {"fast": True},
    "--no-fast": {"fast": False},
    "--fast --text x": {"fast": True, "text": "x"},
    "--args=--foo --args=--bar": {"args": ["--foo", "--bar"]},
    "--args --foo --args -b": {"args": ["--foo", "-b"]},
    "--args='[\"--layers=64,32\"]'": {"args": ["--layers=64,32"]},
    "--args=a,b": {"args": ["a,b"]},
    "--labels=a=b --labels=c=d": {"labels": {"a": "b", "c": "d"}},
    '--labels=\'{"a":"b"}\'': {"labels": {"a": "b"}},
    "--memory=5": {"memory": "5"},
    "--mode=quick": {"mode": "quick"},
    "--null text": {"text": None},
    "--parameter text=x": {"text": "x"},
}


def test_the_folder_for_manifests_is_made(shell: Shell) -> None:
    done = shell("generate manifests raw")
    assert (done.code, done.err) == (0, "put your YAML files into components/raw/\n")
    assert (shell.folder / "components/raw").is_dir()
    assert shell("validate -c raw").code == 0


@pytest.mark.parametrize(("flags", "expected"), FLAGS.items())
def test_flags(shell: Shell, flags: str, expected: dict[str, object]) -> None:
    done = shell(f"generate thing new --path=/p {flags}")
    assert (done.code, done.err) == (0, "")
    assert done.out == "made components/new.yaml from the prototype thing\n"
    assert yamltext.load(shell.read("components/new.yaml")) == {
        "apiVersion": "kfctl/v1",
        "kind": "Component",
        "prototype": "thing",
        "params": {"path": "/p", **expected},
    }


@pytest.mark.parametrize(
    "line",
    [
        "generate --path=/p thing new",
        "generate thing --path=/p new",
        "generate --path /p thing new",
        "generate thing new --location /p",
        "generate --dir . thing new --path=/p",
        "--dir . generate thing new --path=/p",
        "generate --path=/p -- thing new",
    ],
)
def test_flags_stand_anywhere(shell: Shell, line: str) -> None:
    assert shell(line).code == 0
    assert yamltext.load(shell.read("components/new.yaml"))["params"] == {"path": "/p"}


def test_what_is_missing_is_told_and_no_error(shell: Shell) -> None:
    done = shell("generate thing new")
    assert (done.code, done.out) == (0, "made components/new.yaml from the prototype thing\n")
    assert done.err == (
        "new: path is required and has no value\n  kfctl param set new path VALUE   (Where it is.)\n"
    )
    assert yamltext.load(shell.read("components/new.yaml"))["params"] == {}


def test_a_deprecated_parameter_is_a_warning(shell: Shell) -> None:
    done = shell("generate thing new --path=/p --cloud=gke")
    assert done.code == 0
    assert done.err == ("warning: components/new.yaml:6:3: cloud is deprecated: nothing reads it any more\n")


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("thing new --numGpu=2", "kfctl: thing has no parameter --numGpu\n  did you mean --numGpus?\n"),
        ("thing new --forse", "kfctl: thing has no parameter --forse\n  did you mean --force?\n"),
        ("thing new -x", "kfctl: thing has no parameter -x\n  see `kfctl generate thing --help`\n"),
        ("thing new --text", "kfctl: --text needs a value\n  --text=VALUE\n"),
        ("thing new --numGpus=two", "kfctl: numGpus must be an integer, not 'two'\n"),
        (
            "thing new --mode=x --numGpus=-1",
            "kfctl: mode must be one of slow, quick, not 'x'\nkfctl: numGpus must be at least 0, not -1\n",
        ),
        ("thing new --text=a --text=b", "kfctl: text takes one value, and 2 were given\n"),
        (
            "thing new --parameter text",
            "kfctl: 'text' has no value\n  give KEY VALUE, or KEY=VALUE as often as you like\n",
        ),
        (
            "thing new extra",
            "kfctl: too many arguments: extra\n  usage: kfctl generate [OPTIONS] PROTOTYPE COMPONENT\n",
        ),
        ("thing", "kfctl: missing argument 'COMPONENT'\n  see `kfctl generate --help`\n"),
        ("", "kfctl: missing argument 'PROTOTYPE'\n  see `kfctl generate --help`\n"),
        ("thnig new", "kfctl: there is no prototype 'thnig'\n  did you mean thing?\n"),
        (
            "kubeflow-core core",
            "kfctl: there is no prototype 'kubeflow-core'\n"
            "  it is now `tf-job-operator` and `jupyterhub`, which `kfctl init` generates\n",
        ),
        (
            "katib k",
            "kfctl: there is no prototype 'katib'\n"
            "  kfctl has none for it: `kfctl import FILE` takes its objects as they are\n",
        ),
        (
            "thing web --path=/p",
            "kfctl: there is a component 'web' already\n"
            "  change it with `kfctl param set web`, or make it anew with --force\n",
        ),
        (
            "thing Web_1",
            "kfctl: 'Web_1' can't be the name of a component: "
            "that is made of at most 63 lower-case letters, digits and inner dashes\n  web-1 would do\n",
        ),
    ],
)
def test_refused(shell: Shell, words: str, error: str) -> None:
    done = shell(f"generate {words}")
    assert (done.code, done.out, done.err) == (2, "", error)
    assert shell.files() == FILES


def test_force_replaces(shell: Shell) -> None:
    done = shell("generate thing web --force --path=/q")
    assert (done.code, done.out) == (0, "replaced components/web.yaml from the prototype thing\n")
    assert yamltext.load(shell.read("components/web.yaml"))["params"] == {"path": "/q"}


def test_values_from_a_file_and_flags_over_them(shell: Shell) -> None:
    (shell.folder / "values.yaml").write_text("params: {path: /file, numGpus: 2, args: [a]}\n")
    assert shell("generate thing new -f values.yaml --numGpus=3").code == 0
    params = yamltext.load(shell.read("components/new.yaml"))["params"]
    assert params == {"path": "/file", "numGpus": 3, "args": ["a"]}


def test_help_lists_the_parameters(shell: Shell) -> None:
    out = " ".join(shell("generate thing --help").out.split())
    expected = [
        "Usage: kfctl generate [OPTIONS] PROTOTYPE COMPONENT",
        "Parameters of thing:",
        "--path STRING Where it is. [required]",
        "--numGpus, --num-gpus INTEGER GPUs. [default: 0]",
        "--mode slow|quick How. [default: slow]",
        "--cloud STRING Deprecated: nothing reads it any more",
    ]
    places = [out.index(text) for text in expected]
    assert places == sorted(places)


def test_help_without_a_prototype_lists_these(anywhere: Shell) -> None:
    done = anywhere("generate --help")
    assert done.code == 0
    assert "tf-serving" in done.out


def test_help_works_outside_of_an_app(anywhere: Shell) -> None:
    done = anywhere("generate tf-serving -h")
    assert done.code == 0
    assert "--modelPath, --model-path" in done.out


def test_every_parameter_of_every_prototype_is_in_its_help(anywhere: Shell) -> None:
    from kfctl.model.prototype import kebab
    from kfctl.store.catalog import catalog

    for prototype in catalog(None).all():
        out = anywhere(f"generate {prototype.name} --help").out
        flat = " ".join(out.split())
        for parameter in prototype.parameters.values():
            assert f"--{parameter.name}" in flat
            assert f"--{kebab(parameter.name)}" in flat
            assert parameter.help, f"{prototype.name}.{parameter.name} has no description"


def test_a_process_of_its_own(kfctl: Callable[..., Run], write_tree: Callable[..., object]) -> None:
    write_tree(FILES)
    done = kfctl("generate", "thing", "new", "--path=-5", "--args=--foo", "--args=--bar")
    assert (done.code, done.out, done.err) == (0, "made components/new.yaml from the prototype thing\n", "")


CAUTION = "anyone who can reach the hub can log in without a password"


def test_what_a_user_should_know_is_told(shell: Shell) -> None:
    assert CAUTION in shell("generate jupyterhub open").err
    safe = "--jupyterHubAuthenticator=shared-password --passwordSecretName=passwords"
    assert shell(f"generate jupyterhub safe {safe}").err == ""


def test_manifests_are_not_left_out(shell: Shell) -> None:
    assert shell("generate manifests raw").code == 0
    (shell.folder / "components/raw/all.yaml").write_text("kind: ConfigMap\n")
    before = shell.files()
    done = shell("generate thing raw --path=/p --force")
    assert (done.code, done.out) == (2, "")
    assert "components/raw/ has manifests, which a thing would leave out" in done.err
    assert shell.files() == before
    assert shell("generate manifests raw --force").code == 0


def test_nothing_is_made_in_a_broken_app(shell: Shell) -> None:
    (shell.folder / "kfctl.yaml").write_text("name: [\n")
    before = shell.files()
    assert shell("generate thing new --path=/p").code == 1
    assert shell.files() == before
