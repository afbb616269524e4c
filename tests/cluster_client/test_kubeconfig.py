"""Kubeconfig files by kubectl's rules, held against kubectl's own reading of them."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cluster.kubeconfig import load
from kfctl.errors import ClusterError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.cluster.access import Cluster


def config(current: str = "", **contexts: Mapping[str, Any]) -> str:
    """A kubeconfig with contexts, each with a cluster and a user of its name."""
    return json.dumps(
        {
            "current-context": current,
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": name, **more}}
                for name, more in contexts.items()
            ],
            "clusters": [{"name": name, "cluster": {"server": f"https://{name}:1"}} for name in contexts],
            "users": [{"name": name, "user": {"token": name}} for name in contexts],
        }
    )


@pytest.fixture
def kubeconfigs(
    write_tree: Callable[[Mapping[str, str]], Path], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Path]:
    """Write files and list them in KUBECONFIG."""

    def write(**files: str) -> Path:
        root = write_tree(files)
        monkeypatch.setenv("KUBECONFIG", os.pathsep.join(str(root / name) for name in files))
        return root

    return write


def test_a_kubeconfig_that_is_not_there(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "nowhere"))
    with pytest.raises(ClusterError, match=r"no current context in .*/nowhere: there is no such file"):
        load().context()


def test_the_first_file_that_sets_a_name_wins(kubeconfigs: Callable[..., Path], cluster: Cluster) -> None:
    kubeconfigs(
        a=config("", dev={"namespace": "first"}),
        b=config("prod", prod={}, dev={"namespace": "second"}),
        c=config("dev", late={}),
    )
    loaded = load()
    assert loaded.contexts == ("dev", "prod", "late")
    assert loaded.current == "prod"
    assert loaded.context("dev").namespace == "first"
    assert loaded.context().cluster["server"] == "https://prod:1"
    by_kubectl = json.loads(kubectl_view(cluster))
    assert by_kubectl["current-context"] == loaded.current
    assert {c["name"]: c["context"].get("namespace", "") for c in by_kubectl["contexts"]} == {
        name: loaded.context(name).namespace for name in loaded.contexts
    }


def kubectl_view(cluster: Cluster) -> str:
    import subprocess

    command = [cluster.kubectl_program, "config", "view", "--output=json"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def test_missing_and_empty_files_of_the_list_are_passed_over(
    kubeconfigs: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    root = kubeconfigs(empty="", good=config("dev", dev={}))
    monkeypatch.setenv("KUBECONFIG", f"{root}/nowhere{os.pathsep}{os.pathsep}{os.environ['KUBECONFIG']}")
    assert load().context().name == "dev"


def test_without_a_variable_it_is_in_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".kube").mkdir()
    (tmp_path / ".kube/config").write_text(config("home", home={}))
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("KUBECONFIG", raising=False)
    assert load().context().name == "home"


def test_paths_are_relative_to_their_file(write_tree: Callable[[Mapping[str, str]], Path]) -> None:
    text = """
    current-context: it
    contexts: [{name: it, context: {cluster: it, user: it}}]
    clusters: [{name: it, cluster: {server: "https://it", certificate-authority: pki/ca.crt}}]
    users: [{name: it, user: {client-key: /abs/key, tokenFile: token, exec: {command: ./bin/login}}}]
    """
    root = write_tree({"sub folder/config": text})
    context = load(str(root / "sub folder/config")).context()
    assert context.cluster["certificate-authority"] == str(root / "sub folder/pki/ca.crt")
    assert context.user["client-key"] == "/abs/key"
    assert context.user["tokenFile"] == str(root / "sub folder/token")
    assert Path(context.user["exec"]["command"]) == root / "sub folder/bin/login"


@pytest.mark.parametrize(
    ("text", "context", "message", "hint"),
    [
        (config("", dev={}), None, "no current context in {}", "give --context; there are dev"),
        ("{}", None, "no current context in {}", "give --kubeconfig FILE"),
        (
            config("dev", dev={}, prod={}),
            "prd",
            "no context 'prd' in {}",
            "did you mean prod? there are dev, prod",
        ),
        (config("gone"), None, "no context 'gone' in {}", "there is none"),
        (
            config("dev", dev={"user": "joe"}),
            None,
            "context 'dev' names the user 'joe', not in {}",
            "kubectl config view",
        ),
        (
            config("dev", dev={"cluster": ""}),
            None,
            "context 'dev' names the cluster '', not in {}",
            "kubectl config view",
        ),
        ("[1]", None, "the kubeconfig {} is broken: it holds no map", "--kubeconfig"),
        ("a: [", None, "the kubeconfig {} is broken: {}:", "--kubeconfig"),
        ("contexts: [3]", None, "an entry of contexts has no name or is no map", "--kubeconfig"),
        ("users: {a: b}", None, "users is not a list", "--kubeconfig"),
        ("users: [{name: x, user: [1]}]", None, "an entry of users has no name or is no map", "--kubeconfig"),
        ("\x00\x01", None, "the kubeconfig {} is broken", "--kubeconfig"),
    ],
)
def test_what_is_wrong_is_said(
    tmp_path: Path, text: str, context: str | None, message: str, hint: str
) -> None:
    path = tmp_path / "config"
    path.write_text(text)
    with pytest.raises(ClusterError) as caught:
        load(str(path)).context(context)
    assert message.replace("{}", str(path)) in caught.value.message
    assert hint in caught.value.problems[0].hint


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match="there is no kubeconfig"):
        load(str(tmp_path / "nowhere"))
    with pytest.raises(ClusterError, match=r"can't read the kubeconfig .*: Is a directory"):
        load(str(tmp_path))
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ClusterError, match="binary"):
        load(str(tmp_path / "binary"))
