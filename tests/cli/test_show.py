"""`kfctl show`: what the app is made of, printed or in files."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.cli.world import FILES, OTHER

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

WEB = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: web
  namespace: prod
  labels:
    app.kubernetes.io/managed-by: kfctl
    app.kubernetes.io/part-of: demo
    kfctl.dev/app: demo
    kfctl.dev/env: prod
    kfctl.dev/component: web
data:
  path: /srv
  gpus: "3"
"""


def test_yaml(shell: Shell) -> None:
    done = shell("show prod -c web")
    assert (done.code, done.out, done.err) == (0, WEB, "")


def test_nothing_is_said_to_be_nothing(anywhere: Shell) -> None:
    anywhere("init --bare")
    nothing = "there is nothing to show: no component makes an object\n"
    for form in ("yaml", "name"):
        done = anywhere(f"show -o {form}")
        assert (done.code, done.out, done.err) == (0, "", nothing)
    assert json.loads(anywhere("show -o json").out)["items"] == []


def test_json_is_one_list(shell: Shell) -> None:
    shown = json.loads(shell("show prod -o json").out)
    assert (shown["apiVersion"], shown["kind"]) == ("v1", "List")
    assert [item["metadata"]["name"] for item in shown["items"]] == ["other", "web"]
    assert shown["items"] == yamltext.load_all(shell("show prod").out)


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("show -o name", "configmap/other\nconfigmap/web\n"),
        ("show default -c web -c other -c web -o name", "configmap/other\nconfigmap/web\n"),
        ("show -c other --output=name", "configmap/other\n"),
    ],
)
def test_names(shell: Shell, line: str, names: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (0, names)


@pytest.mark.parametrize(
    "broken", [OTHER.replace("path", "pathh"), OTHER.replace("thing", "nosuch"), "a: [\n", "\0"]
)
def test_a_broken_neighbour_does_not_matter(shell: Shell, broken: str) -> None:
    (shell.folder / "components/other.yaml").write_text(broken)
    assert shell("show -c web").code == 0
    done = shell("show")
    assert (done.code, done.out) == (1, "")
    assert "components/other.yaml" in done.err


def test_faults_of_all_components_at_once(shell: Shell) -> None:
    (shell.folder / "components/other.yaml").write_text(OTHER.replace("/other", "5"))
    (shell.folder / "components/web.yaml").write_text(
        FILES["components/web.yaml"] + "  fast: maybe\n  x: 1\n"
    )
    done = shell("show")
    assert done.code == 1
    assert done.err == (
        "kfctl: components/other.yaml:4:10: path must be text, not 5\n  write it in quotes\n"
        "kfctl: components/web.yaml:7:3: fast must be true or false, not 'maybe'\n"
        "kfctl: components/web.yaml:8:3: thing has no parameter 'x'\n"
        "  kfctl prototype describe thing lists its parameters\n"
    )


def test_errors_as_json(shell: Shell) -> None:
    (shell.folder / "components/other.yaml").write_text(OTHER.replace("/other", "5"))
    done = shell("show -o json")
    assert (done.code, done.out) == (1, "")
    assert json.loads(done.err) == {
        "error": "parameter",
        "exitCode": 1,
        "problems": [
            {
                "message": "path must be text, not 5",
                "hint": "write it in quotes",
                "path": "components/other.yaml",
                "line": 4,
                "column": 10,
            }
        ],
    }


def test_a_required_value_is_missing(shell: Shell) -> None:
    shell("param unset web path")
    done = shell("show")
    assert (done.code, done.out) == (1, "")
    assert "web: path is required and has no value\n  kfctl param set web path VALUE" in done.err


def test_a_folder_of_files(shell: Shell) -> None:
    done = shell("show prod --output-dir out")
    assert (done.code, done.out) == (0, "")
    assert done.err == "out: 2 files, 2 written, 0 removed\n"
    assert shell.read("out/configmap-web.yaml") == WEB
    (shell.folder / "out/mine.yaml").write_text("mine")
    shell("component rm other")
    assert shell("show prod --output-dir out").err == "out: 1 files, 0 written, 1 removed\n"
    assert sorted(name for name in shell.files() if name.startswith("out/")) == [
        "out/.kfctl-files",
        "out/configmap-web.yaml",
        "out/mine.yaml",
    ]
    assert shell.read("out/mine.yaml") == "mine"


def test_a_folder_of_json(shell: Shell) -> None:
    assert shell("show prod -c web -o json --output-dir out").code == 0
    assert json.loads(shell.read("out/configmap-web.json")) == yamltext.load(WEB)


def test_a_file_that_kfctl_did_not_write_is_not_overwritten(shell: Shell) -> None:
    (shell.folder / "out").mkdir()
    (shell.folder / "out/configmap-web.yaml").write_text("mine")
    done = shell("show prod --output-dir out")
    assert (done.code, done.out) == (2, "")
    assert "out has configmap-web.yaml already, which kfctl did not write" in done.err
    assert shell.read("out/configmap-web.yaml") == "mine"
    assert "out/configmap-other.yaml" not in shell.files()


def test_objects_that_would_share_a_file(shell: Shell) -> None:
    shell("generate manifests raw")
    folder = shell.folder / "components/raw"
    (folder / "a.yaml").write_text(
        "".join(
            f"---\napiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}, namespace: {namespace}}}\n"
            for name, namespace in [("x", "a"), ("x", "b"), ("z", "a")]
        )
        + "---\napiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: 'system:X'}\n"
    )
    assert shell("show -c raw --output-dir out").code == 0
    names = sorted(name for name in shell.files() if name.startswith("out/c"))
    assert names[1:] == ["out/configmap-a-x.yaml", "out/configmap-b-x.yaml", "out/configmap-z.yaml"]
    assert names[0].startswith("out/clusterrole-system_x-")


@pytest.mark.parametrize(
    "objects",
    [
        ["a-b/c", "q/c", "a/b-c", "z/b-c"],
        ["a-b/c", "q/c", "k/a-b-c"],
        ["a/" + "x" * 210 + "1", "a/" + "x" * 210 + "2", "b/" + "x" * 210 + "1"],
    ],
)
def test_every_object_has_a_file_of_its_own(shell: Shell, objects: list[str]) -> None:
    (shell.folder / "components/raw").mkdir()
    (shell.folder / "components/raw.yaml").write_text(
        "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n"
    )
    form = "apiVersion: v1\nkind: ConfigMap\nmetadata: {{namespace: {}, name: {}}}\n"
    (shell.folder / "components/raw/x.yaml").write_text(
        "---\n".join(form.format(*each.split("/")) for each in objects)
    )
    assert shell("show -c raw --output-dir out").code == 0
    assert sum(name.startswith("out/configmap") for name in shell.files()) == len(objects)


def test_output_directory_that_is_a_link_to_itself_is_an_error(shell: Shell) -> None:
    (shell.folder / "out").symlink_to("out")
    assert shell("show --output-dir out").code == 1


def test_a_broken_index_removes_nothing(shell: Shell) -> None:
    shell("show --output-dir out")
    (shell.folder / "out/.kfctl-files").write_text("../kfctl.yaml\n")
    done = shell("show --output-dir out")
    assert done.code == 1
    assert "out/.kfctl-files: it is no list of files" in done.err
    assert (shell.folder / "kfctl.yaml").exists()


def test_the_folder_is_a_file(shell: Shell) -> None:
    done = shell("show --output-dir kfctl.yaml")
    assert done.code == 1
    assert "kfctl.yaml: can't create it" in done.err
    assert shell.files() == FILES


@pytest.mark.parametrize("place", ["components", "components/raw", "environments/x", "./prototypes", "link"])
def test_the_folders_of_the_app_are_no_output(shell: Shell, place: str) -> None:
    (shell.folder / "link").symlink_to("components")
    before = shell.files()
    done = shell(f"show --output-dir {place}")
    assert (done.code, done.out) == (2, "")
    assert "/, which the app is read from\n  take another folder" in done.err
    assert shell.files() == before
    assert shell("show --output-dir components-of-dev").code == 0
