"""`kfctl prototype`: the app's own win over those that come with kfctl, and work like them."""

from __future__ import annotations

import json
from shutil import rmtree
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from kfctl.store.catalog import catalog
from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Run


def test_list(shell: Shell, anywhere: Shell) -> None:
    rows = json.loads(shell("prototype list -o json").out)
    origins = {row["name"]: row["from"] for row in rows}
    assert origins["thing"] == "prototypes/thing"
    assert origins["tf-serving"] == "kfctl"
    assert list(origins) == sorted(origins)


def test_outside_of_an_app(anywhere: Shell) -> None:
    assert "tf-serving" in anywhere("prototype list").out
    assert anywhere("prototype describe tf-serving").code == 0
    assert anywhere("prototype copy tf-serving").code == 1


@pytest.mark.parametrize(
    ("words", "found"),
    [("every type", ["thing"]), ("EVERY configmap", ["thing"]), ("nosuchword", []), ("thing nosuch", [])],
)
def test_search(shell: Shell, words: str, found: list[str]) -> None:
    done = shell(f"prototype search {words} -o json")
    assert done.code == 0
    assert [row["name"] for row in json.loads(done.out)] == found
    assert bool(done.err) is not bool(found)


def test_describe(shell: Shell) -> None:
    out = shell("prototype describe thing").out
    assert out.startswith(
        "thing: A thing with every type of parameter\n\n  For tests. It renders one ConfigMap.\n"
    )
    rows = [line.split() for line in out.splitlines()]
    assert ["path", "string", "(required)", "Where", "it", "is."] in rows
    assert ["mode", "slow|quick", "slow", "How."] in rows
    told = json.loads(shell("prototype describe thing -o json").out)
    assert told["parameters"][0]["name"] == "path"
    assert told["parameters"][0]["required"]
    assert {p["name"] for p in told["parameters"]} == set(catalog(shell.folder).get("thing").parameters)


def test_new_is_a_working_skeleton(shell: Shell) -> None:
    done = shell("prototype new server")
    assert (done.code, done.out) == (0, "made prototypes/server/\n")
    assert done.err == "try it: kfctl generate server COMPONENT -f prototypes/server/examples/smallest.yaml\n"
    assert shell("generate server one -f prototypes/server/examples/smallest.yaml").code == 0
    assert shell("generate server two --image=x --env=A=1 --no-service --replicas=3 --cpu=1").code == 0
    assert shell("show -o name -c one").out == "service/one\ndeployment.apps/one\n"
    assert shell("show -o name -c two").out == "deployment.apps/two\n"
    shown = yamltext.load(shell("show -c two").out)
    assert shown["spec"]["replicas"] == 3
    assert shown["spec"]["template"]["spec"]["containers"][0]["env"] == [{"name": "A", "value": "1"}]
    assert shell("validate -c one -c two").code == 0
    assert "NAME" not in shell("prototype describe server").out


@pytest.mark.parametrize("name", [p.name for p in catalog(None).all()])
def test_a_copy_works_like_the_original(shell: Shell, name: str) -> None:
    assert shell(f"prototype copy {name}").out == f"made prototypes/{name}/\n"
    assert shell(f"prototype copy {name} mine").out == "made prototypes/mine/\n"
    assert catalog(shell.folder).get(name).root.startswith(str(shell.folder))
    examples = catalog(None).examples(catalog(None).get(name))
    for prototype in (name, "mine"):
        assert [e.params for e in catalog(shell.folder).examples(catalog(shell.folder).get(prototype))] == [
            example.params for example in examples
        ]
        if name != "manifests":
            example = f"prototypes/{prototype}/examples/smallest.yaml"
            assert shell(f"generate {prototype} c-{prototype} -f {example}").code == 0
            assert shell(f"validate -c c-{prototype}").code == 0


def test_the_copy_wins(kfctl: Callable[..., Run], write_tree: Callable[..., Path]) -> None:
    write_tree(
        {
            **FILES,
            "components/board.yaml": FILES["components/other.yaml"]
            .replace("thing", "tensorboard")
            .replace("path", "logDir"),
        }
    )
    assert kfctl("prototype", "copy", "tensorboard").code == 0
    path = "prototypes/tensorboard/service.yaml.j2"
    root = write_tree({})
    text = (root / path).read_text()
    (root / path).write_text(
        text.replace("apiVersion: v1", "apiVersion: v1  # mine\n").replace("kind: Service", "kind: Mine")
    )
    assert "mine/board" in kfctl("show", "-o", "name", "-c", "board").out


def test_a_broken_one_does_not_hide_the_others(shell: Shell) -> None:
    (shell.folder / "prototypes/broken").mkdir()
    (shell.folder / "prototypes/broken/prototype.yaml").write_text("name: [\n")
    done = shell("prototype list")
    assert done.code == 0
    assert "tf-serving" in done.out
    assert "warning: prototypes/broken/prototype.yaml:2:1:" in done.err
    assert shell("prototype describe broken").code == 1


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("prototype describe tf-servign", 2, "did you mean tf-serving?"),
        ("prototype describe kubeflow-core", 2, "it is now `tf-job-operator` and `jupyterhub`"),
        ("prototype copy nosuch", 2, "there is no prototype 'nosuch'"),
        ("prototype copy tensorboard No_Good", 2, "'No_Good' can't be the name of a prototype"),
        ("prototype copy thing", 2, "the app has a prototype 'thing' already"),
        ("prototype new thing", 2, "the app has a prototype 'thing' already"),
        ("prototype new common", 2, "is the folder of what prototypes share"),
        ("prototype new ../x", 2, "can't be the name of a prototype"),
        ("prototype use tf-serving x", 2, "generate a component with `kfctl generate PROTOTYPE COMPONENT`"),
        ("prototype search", 2, "missing argument 'WORD…'"),
    ],
)
def test_refused(shell: Shell, line: str, code: int, error: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (code, "")
    assert error in done.err
    assert shell.files() == FILES


def test_a_new_one_hides_no_shipped_one(shell: Shell) -> None:
    done = shell("prototype new tf-job")
    assert done.code == 2
    assert "kfctl has a prototype 'tf-job', which this would hide" in done.err
    assert "kfctl prototype copy tf-job" in done.err


def test_lint_of_an_app_without_prototypes_passes(shell: Shell) -> None:
    rmtree(shell.folder / "prototypes")
    assert shell("prototype lint").code == 0


def test_lint(shell: Shell) -> None:
    for name in catalog().names():
        assert shell(f"prototype lint {name}").out == f"{name}: nothing wrong\n"
    for name in ("good", "mine"):
        assert shell(f"prototype new {name}").code == 0
    assert shell("prototype lint good").out == "good: nothing wrong\n"
    folder = shell.folder / "prototypes/mine"
    (folder / "README.md").unlink()
    (folder / "examples/wrong.yaml").write_text("params: {image: nginx, port: many}\n")
    file = folder / "prototype.yaml"
    file.write_text(
        file.read_text().replace("  properties:\n", "  properties:\n    extra: {type: string}\n", 1)
    )
    done = shell("prototype lint mine")
    assert (done.code, done.out) == (1, "")
    for said in (
        "prototypes/mine/prototype.yaml:14:5: parameter extra has no description",
        "parameter extra does nothing: no template names it",
        "mine has no README.md",
        "kfctl: prototypes/mine/examples/wrong.yaml:1: port must be an integer",
    ):
        assert said in done.err


def test_a_template_in_another_encoding_is_a_fault_of_its_own(shell: Shell) -> None:
    (shell.folder / "prototypes/thing/configmap.yaml.j2").write_bytes(b"# caf\xe9\n")
    for line in ("prototype lint thing", "show -c web"):
        done = shell(line)
        assert (done.code, done.out) == (1, "")
        assert done.err.startswith("kfctl: prototypes/thing/configmap.yaml.j2:1:6: byte 0xe9 is not UTF-8")


def test_lint_holds_examples_against_the_fields_of_their_kinds(shell: Shell) -> None:
    assert shell("prototype new mine").code == 0
    folder = shell.folder / "prototypes/mine"
    (folder / "examples/more.yaml").write_text("# more\nparams: {image: nginx, replicas: 3}\n")
    template = folder / "deployment.yaml.j2"
    template.write_text(template.read_text().replace("replicas: {{", "replica: {{"))
    done = shell("prototype lint mine")
    said = "example: Deployment/example spec.replica is not known here: did you mean replicas?"
    assert (done.code, done.err) == (1, f"kfctl: prototypes/mine/deployment.yaml.j2: {said}\n")


def test_lint_tells_a_fault_of_a_template_once(shell: Shell) -> None:
    assert shell("prototype new mine").code == 0
    folder = shell.folder / "prototypes/mine"
    (folder / "examples/more.yaml").write_text("# more\nparams: {image: nginx, replicas: 3}\n")
    (folder / "service.yaml.j2").write_text("{{ nosuch }}\n")
    assert shell("prototype lint mine").err == (
        "kfctl: prototypes/mine/service.yaml.j2:1: 'nosuch' is not a parameter, nor set in the template\n"
    )


def test_lint_misses_templates_that_nothing_names(shell: Shell) -> None:
    assert shell("prototype new mine").code == 0
    folder = shell.folder / "prototypes/mine"
    (folder / "configmap.yaml.j2").write_text("a: b\n")
    (folder / "macros.j2").write_text("{% macro x() %}{% endmacro %}")
    service = folder / "service.yaml.j2"
    service.write_text('{% from "macros.j2" import x %}\n' + service.read_text())
    done = shell("prototype lint mine")
    said = "configmap.yaml.j2 makes no object: `templates:` does not name it"
    assert (done.code, done.err) == (1, f"kfctl: prototypes/mine/prototype.yaml:51:1: {said}\n")
