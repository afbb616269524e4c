"""`kfctl init`: an app, whole or not at all."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from kfctl.actions.init import app_name

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Shell

KUBECONFIG = """\
apiVersion: v1
kind: Config
current-context: mini
clusters: [{name: c, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: u, user: {}}]
contexts:
- {name: mini, context: {cluster: c, user: u, namespace: lab}}
- {name: bare, context: {cluster: c, user: u}}
"""


def kubeconfig(shell: Shell, text: str = KUBECONFIG) -> Path:
    """Give the user of a shell a kubeconfig."""
    path = shell.folder.parent / "home/.kube/config"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def test_a_new_folder(anywhere: Shell) -> None:
    done = anywhere("init kubeflow --bare")
    assert (done.code, done.err) == (
        0,
        "kfctl env set default --context NAME names the cluster\nnext: cd kubeflow\n",
    )
    assert done.out == (
        "made the app kubeflow in kubeflow/\nenvironment default: no context yet, namespace default\n"
    )
    files = anywhere.files()
    assert sorted(files) == ["kubeflow/environments/default.yaml", "kubeflow/kfctl.yaml"]
    app = yamltext.load(files["kubeflow/kfctl.yaml"])
    assert app["name"] == "kubeflow"
    assert re.fullmatch("[0-9a-f-]{36}", app["id"])
    assert (anywhere.folder / "kubeflow/components").is_dir()


def test_a_folder_whose_name_a_shell_would_take_apart(anywhere: Shell) -> None:
    done = anywhere("init", "my app/", "--bare")
    assert done.out.startswith("made the app my-app in my app/\n")
    assert done.err.endswith("next: cd 'my app/'\n")


def test_what_deploy_sh_deployed(anywhere: Shell) -> None:
    done = anywhere("init kubeflow")
    assert done.code == 0
    assert "made components/tf-job-operator.yaml from the prototype tf-job-operator\n" in done.out
    assert "made components/jupyterhub.yaml from the prototype jupyterhub\n" in done.out
    assert "warning: jupyterhub: anyone who can reach the hub can log in without a password" in done.err
    assert "required" not in done.err
    assert anywhere("--dir kubeflow validate").code == 0


def test_the_operator_is_in_a_namespace_of_its_own(anywhere: Shell) -> None:
    anywhere("init kubeflow --namespace lab")
    shown = yamltext.load_all(anywhere("--dir kubeflow show").out)
    places = {
        f"{body['kind']}/{body['metadata']['name']}": body["metadata"].get("namespace") for body in shown
    }
    assert "Namespace/lab-operator" in places
    assert places["ServiceAccount/tf-job-operator"] == "lab-operator"
    assert places["ServiceAccount/jupyter-hub"] == "lab"


@pytest.mark.parametrize(
    ("options", "target"),
    [
        ("", {"context": "mini", "namespace": "lab"}),
        ("--context bare", {"context": "bare", "namespace": "default"}),
        ("--namespace ml", {"context": "mini", "namespace": "ml"}),
        ("--context bare -n ml", {"context": "bare", "namespace": "ml"}),
    ],
)
def test_the_environment_is_what_kubectl_uses(anywhere: Shell, options: str, target: dict[str, str]) -> None:
    kubeconfig(anywhere)
    assert anywhere(f"init app --bare {options}").code == 0
    assert yamltext.load(anywhere.read("app/environments/default.yaml"))["target"] == target


def test_kubeconfig_variable_and_option(anywhere: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    other = kubeconfig(anywhere).rename(anywhere.folder.parent / "other")
    monkeypatch.setenv("KUBECONFIG", f"/nonexistent{os.pathsep}{other}")
    assert "context mini, namespace lab" in anywhere("init one --bare").out
    monkeypatch.delenv("KUBECONFIG")
    assert "context mini, namespace lab" in anywhere(f"init two --bare --kubeconfig {other}").out


@pytest.mark.parametrize(
    ("text", "options", "warning", "target"),
    [
        (KUBECONFIG, "--context mnii", "did you mean mini?", {"context": "mnii"}),
        (KUBECONFIG.replace("current-context: mini", "current-context: gone"), "", "no context 'gone'", {}),
        ("{", "", "is broken", {}),
    ],
)
def test_a_kubeconfig_that_does_not_fit_is_a_warning(
    anywhere: Shell, text: str, options: str, warning: str, target: dict[str, str]
) -> None:
    kubeconfig(anywhere, text)
    done = anywhere(f"init app --bare {options}")
    assert done.code == 0
    assert warning in done.err
    written = yamltext.load(anywhere.read("app/environments/default.yaml"))["target"]
    assert written.get("context") == target.get("context")


def test_here(anywhere: Shell) -> None:
    (anywhere.folder / "README.md").write_text("mine")
    (anywhere.folder / ".git").mkdir()
    done = anywhere("init --bare")
    assert done.code == 0
    assert done.out.startswith("made the app work in this folder\n")
    assert anywhere.read("README.md") == "mine"
    assert sorted(path.name for path in anywhere.folder.iterdir()) == [
        ".git",
        "README.md",
        "components",
        "environments",
        "kfctl.yaml",
    ]


@pytest.mark.parametrize(
    ("folder", "name"),
    [
        ("kubeflow", "kubeflow"),
        ("My App", "my-app"),
        ("ÄÖ_ü.1", "ao-u-1"),
        ("--x--", "x"),
        ("数据", "app"),
        ("a" * 60, "a" * 40),
        ("a" * 39 + "-b", "a" * 39),
    ],
)
def test_the_name_comes_from_the_folder(tmp_path: Path, folder: str, name: str) -> None:
    assert app_name(tmp_path / folder) == name


@pytest.mark.parametrize("folder", ["My App", "数据 é", "ordner"])
def test_any_folder_name_works(anywhere: Shell, folder: str) -> None:
    assert anywhere("init --bare --", folder).code == 0
    assert anywhere("env list --dir", folder).code == 0


def test_in_an_app(shell: Shell) -> None:
    before = shell.files()
    done = shell("init other-app")
    assert (done.code, done.out) == (2, "")
    assert "is an app, and one app can't be in another" in done.err
    assert "is an app already" in shell("init").err
    assert shell.files() == before


@pytest.mark.parametrize("taken", ["kfctl.yaml", "components/x.txt", "environments/y", "prototypes/z"])
def test_nothing_is_overwritten(anywhere: Shell, taken: str) -> None:
    path = anywhere.folder / "app" / taken
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    done = anywhere("init app")
    assert (done.code, done.out) == (2, "")
    assert anywhere.files() == {f"app/{taken}": "mine"}


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["a/b"], "there is no folder"),
        ([""], "the name is empty"),
        (["file"], "is a file"),
        (["app", "--namespace", "No_Good"], "can't be the name of a namespace"),
        (["one", "two"], "too many arguments: two"),
    ],
)
def test_refused(anywhere: Shell, arguments: list[str], error: str) -> None:
    (anywhere.folder / "file").write_text("")
    done = anywhere.run(["init", *arguments])
    assert done.code == 2
    assert error in done.err
    assert anywhere.files() == {"file": ""}


def test_no_half_made_app_is_left(anywhere: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kfctl.actions.init.DEPLOYED", ("tf-job-operator", "nosuch"))
    assert anywhere("init app").code == 2
    assert anywhere("init").code == 2
    assert list(anywhere.folder.iterdir()) == []


def test_a_folder_that_can_not_be_written(anywhere: Shell) -> None:
    done = anywhere("--dir /proc init app")  # not even root makes folders there
    assert done.code in {1, 2}
    assert done.err.startswith("kfctl: ")
