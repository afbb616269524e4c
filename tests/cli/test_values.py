"""`kfctl param list`, `describe` and `diff`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.cli.world import FILES, OTHER

if TYPE_CHECKING:
    from tests.cli.conftest import Shell


@pytest.mark.parametrize(
    ("line", "out"),
    [
        (
            "param list",
            "COMPONENT  PARAM    VALUE   LAYER\n"
            "other      path     /other  component\n"
            "web        numGpus  1       component\n"
            "web        path     /srv    component\n",
        ),
        (
            "param list web --env prod",
            "COMPONENT  PARAM    VALUE  LAYER\n"
            "web        numGpus  3      environment\n"
            "web        path     /srv   component\n",
        ),
        (
            "param list web --all",
            "COMPONENT  PARAM     VALUE  LAYER\n"
            "web        args             default\n"
            "web        cloud            default\n"
            "web        fast      false  default\n"
            "web        labels           default\n"
            "web        memory    1Gi    default\n"
            "web        mode      slow   default\n"
            "web        numGpus   1      component\n"
            "web        password         default\n"
            "web        path      /srv   component\n"
            "web        ratio            default\n"
            'web        text      ""     default\n',
        ),
        (
            "param diff default prod",
            "COMPONENT  PARAM    default  prod\nweb        numGpus  1        3\n",
        ),
        ("param diff default prod -c other", "COMPONENT  PARAM  default  prod\n"),
    ],
)
def test_tables(shell: Shell, line: str, out: str) -> None:
    done = shell(line)
    assert (done.code, done.out, done.err) == (0, out, "")


def test_layers_and_places(shell: Shell) -> None:
    shell("param set --global mode quick")
    shell("param set --global memory 2Gi --env prod")
    rows = json.loads(shell("param list web --env prod -o json").out)
    assert [(r["param"], r["value"], r["layer"], r["where"]) for r in rows] == [
        ("memory", "2Gi", "environment globals", "environments/prod.yaml:11:3"),
        ("mode", "quick", "app globals", "kfctl.yaml:6:3"),
        ("numGpus", 3, "environment", "environments/prod.yaml:9:5"),
        ("path", "/srv", "component", "components/web.yaml:5:3"),
    ]


def test_values_that_a_table_must_quote(shell: Shell) -> None:
    for text in ("5", "true", "null", " x", "a\nb", '"q"', "plain", "[1]"):
        shell("param set web text", text)
        row = shell("param list web").out.splitlines()[-1]
        shown = row.split("text")[1].strip().removesuffix("component").strip()
        assert shown == (text if text == "plain" else json.dumps(text))
        assert json.loads(shell("param list web -o json").out)[-1]["value"] == text


def test_yaml_and_json_say_the_same(shell: Shell) -> None:
    as_json, as_yaml = shell("param list -o json").out, shell("param list -o yaml").out
    assert yamltext.load(as_yaml) == json.loads(as_json)


def test_a_secret_is_masked_everywhere(shell: Shell) -> None:
    shell("param set web password hunter2")
    shell("param set web password hunter3 --env prod")
    for line in (
        "param set web password hunter2",
        "param list --all",
        "param list -o json",
        "param describe web",
        "param describe web password -o yaml --env prod",
        "param diff default prod",
        "component describe web",
        "env describe prod",
        "param unset web password --env prod",
    ):
        done = shell(line)
        assert done.code == 0, line
        assert "hunter" not in done.out + done.err, line


def test_what_is_wrong_is_a_warning_and_the_rest_is_listed(shell: Shell) -> None:
    (shell.folder / "components/other.yaml").write_text(OTHER.replace("thing", "thnig"))
    (shell.folder / "components/web.yaml").write_text(FILES["components/web.yaml"] + "  nosuch: 1\n")
    done = shell("param list")
    assert done.code == 0
    assert done.out.count("\n") == 3
    assert done.err == (
        "warning: components/other.yaml: there is no prototype 'thnig'\n  did you mean thing?\n"
        "warning: components/web.yaml:7:3: thing has no parameter 'nosuch'\n"
        "  kfctl prototype describe thing lists its parameters\n"
    )


def test_describe(shell: Shell) -> None:
    done = shell("param describe web numGpus --env prod")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "numGpus\n"
        "  type         integer\n"
        "  default      0\n"
        "  meaning      GPUs.\n"
        "  VALUE  LAYER        WHERE\n"
        "  3      environment  environments/prod.yaml:9:5  wins\n"
        "  1      component    components/web.yaml:6:3\n"
        "  0      default\n"
    )


def test_describe_of_all(shell: Shell) -> None:
    out = shell("param describe other").out
    assert "path\n  type         string (required)\n" in out
    assert "  also called  location\n  for example  /data\n" in out
    assert "mode\n  type         slow|quick\n" in out
    assert (
        "cloud\n  type         string\n  meaning      The cloud.\n  deprecated   nothing reads it any more\n"
        in out
    )
    assert "ratio\n  type         number\n  meaning      A ratio.\n  it has no value\n" in out


def test_describe_as_json(shell: Shell) -> None:
    told = json.loads(shell("param describe web num-gpus -o json").out)
    assert (told["param"], told["type"], told["default"]) == ("numGpus", "integer", 0)
    assert told["value"] == 1
    assert [value["layer"] for value in told["values"]] == ["component", "default"]


@pytest.mark.parametrize(
    ("line", "error"),
    [
        ("param list wbe", "kfctl: there is no component 'wbe' in this app\n  did you mean web?\n"),
        (
            "param list --env prdo",
            "kfctl: there is no environment 'prdo' in this app\n  did you mean prod?\n",
        ),
        ("param describe web numGpu", "kfctl: thing has no parameter 'numGpu'\n  did you mean numGpus?\n"),
        ("param diff prod", "kfctl: missing argument 'ENV2'\n  see `kfctl param diff --help`\n"),
        (
            "param diff prod x",
            "kfctl: there is no environment 'x' in this app\n  there are default, live, prod\n",
        ),
    ],
)
def test_refused(shell: Shell, line: str, error: str) -> None:
    done = shell(line)
    assert (done.code, done.out, done.err) == (2, "", error)
