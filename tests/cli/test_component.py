"""`kfctl component`: what other files say of a component follows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.cli.world import FILES, PROD

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

PATCHED = PROD + "patches:\n  web:  # careful\n  - target: {kind: ConfigMap}\n    merge: {data: {a: b}}\n"


def test_list(shell: Shell) -> None:
    done = shell("component list")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "COMPONENT  PROTOTYPE  SUMMARY\n"
        "other      thing      A thing with every type of parameter\n"
        "web        thing      A thing with every type of parameter\n"
    )
    assert json.loads(shell("component list -o json").out)[0]["component"] == "other"


def test_describe(shell: Shell) -> None:
    assert yamltext.load(shell("component describe web").out) == {
        "component": "web",
        "prototype": "thing",
        "file": "components/web.yaml",
        "params": {"path": "/srv", "numGpus": 1},
        "environments": {"prod": {"numGpus": 3}},
    }


def test_remove(shell: Shell) -> None:
    (shell.folder / "environments/prod.yaml").write_text(PATCHED)
    done = shell("component rm web")
    assert (done.code, done.out) == (0, "removed web: components/web.yaml, environments/prod.yaml\n")
    assert "the next apply removes it there" in done.err
    assert "components/web.yaml" not in shell.files()
    assert shell.read("environments/prod.yaml") == PROD.partition("components:")[0]
    assert shell("validate prod").code == 0


def test_remove_several(shell: Shell) -> None:
    assert shell("component rm web other").code == 0
    assert shell("component list").out == "COMPONENT  PROTOTYPE  SUMMARY\n"


def test_remove_takes_raw_manifests_along(shell: Shell) -> None:
    shell("generate manifests raw")
    folder = shell.folder / "components/raw"
    (folder / "a.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n")
    assert "configmap/a" in shell("show -o name").out
    assert shell("component rename raw cooked").code == 0
    assert "configmap/a" in shell("show -c cooked -o name").out
    refused = shell("component rm web cooked")
    assert (refused.code, refused.out) == (5, "")
    assert refused.err == "kfctl: this would delete components/cooked/a.yaml\n  --yes does it\n"
    assert {"components/cooked/a.yaml", "components/web.yaml"} <= shell.files().keys()
    assert shell("component rm cooked --yes").code == 0
    assert shell.files() == FILES


def test_list_does_not_mind_a_broken_environment(shell: Shell) -> None:
    (shell.folder / "environments/prod.yaml").write_text("target: [\n")
    assert shell("component list").code == 0


def test_rename(shell: Shell) -> None:
    (shell.folder / "environments/prod.yaml").write_text(PATCHED)
    done = shell("component rename web site")
    assert done.code == 0
    assert done.out == "renamed web to site: components/site.yaml, environments/prod.yaml\n"
    assert shell.read("environments/prod.yaml") == PATCHED.replace("  web:", "  site:")
    assert shell.read("components/site.yaml") == FILES["components/web.yaml"]
    assert "components/web.yaml" not in shell.files()
    assert shell("validate prod").code == 0


def test_a_file_of_json_stays_json(shell: Shell) -> None:
    given = {"apiVersion": "kfctl/v1", "kind": "Environment", "components": {"web": {"numGpus": 2}}}
    file = shell.folder / "environments/prod.yaml"
    file.write_text(json.dumps(given, indent=2))
    assert shell("param set web mode quick --env prod").code == 0
    assert shell("component rename web site").code == 0
    given["components"] = {"site": {"numGpus": 2, "mode": "quick"}}
    assert json.loads(file.read_text()) == given


@pytest.mark.parametrize("new", ["on", "1e3", "0x1f", "123", "null", "y"])
def test_rename_to_what_yaml_would_misread(shell: Shell, new: str) -> None:
    assert shell(f"component rename web {new}").code == 0
    assert json.loads(shell(f"param list {new} --env prod -o json").out)[0]["layer"] == "environment"


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("component rm wbe", "did you mean web?"),
        ("component rm web nosuch", "there is no component 'nosuch' in this app"),
        ("component rename wbe x", "did you mean web?"),
        ("component rename web other", "there is a component 'other' already"),
        ("component rename web No_Good", "'No_Good' can't be the name of a component"),
        ("component describe wbe", "did you mean web?"),
        ("component rm", "missing argument 'COMPONENT…'"),
    ],
)
def test_refused(shell: Shell, line: str, error: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (2, "")
    assert error in done.err
    assert shell.files() == FILES
