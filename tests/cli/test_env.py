"""`kfctl env`: environments come, change and go, and none that was applied is lost sight of."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.cli.test_init import kubeconfig
from tests.cli.world import APPLIED, DEFAULT, FILES, PROD

if TYPE_CHECKING:
    from tests.cli.conftest import Shell


def test_list(shell: Shell) -> None:
    done = shell("env list")
    assert (done.code, done.err) == (0, "")
    assert done.out == (
        "NAME     CONTEXT  NAMESPACE  APPLIED\n"
        "default           dev        false\n"
        "live     big      live       true\n"
        "prod     big      prod       false\n"
    )


def test_list_as_json(shell: Shell) -> None:
    assert json.loads(shell("env list -o json").out)[0] == {
        "name": "default",
        "context": None,
        "namespace": "dev",
        "applied": False,
    }


def test_describe(shell: Shell) -> None:
    done = shell("env describe prod")
    assert yamltext.load(done.out) == {
        "name": "prod",
        "context": "big",
        "namespace": "prod",
        "applied": False,
        "clusterUid": None,
        "file": "environments/prod.yaml",
        "globals": {},
        "components": {"web": {"numGpus": 3}},
        "patches": {},
    }


def test_describe_without_a_name_is_default(shell: Shell) -> None:
    assert yamltext.load(shell("env describe").out)["name"] == "default"


def test_add(shell: Shell) -> None:
    kubeconfig(shell)
    done = shell("env add staging")
    assert (done.code, done.err) == (0, "")
    assert done.out == "made environments/staging.yaml: context mini, namespace lab\n"
    assert shell.read("environments/staging.yaml") == (
        "apiVersion: kfctl/v1\nkind: Environment\ntarget:\n  context: mini\n  namespace: lab\n"
    )


@pytest.mark.parametrize(
    ("line", "said", "path", "text"),
    [
        (
            "env set prod --namespace other",
            "prod namespace: prod → other   (environments/prod.yaml)\n",
            "environments/prod.yaml",
            PROD.replace("namespace: prod", "namespace: other"),
        ),
        (
            "env set default --context big",
            "default context: (none) → big   (environments/default.yaml)\n",
            "environments/default.yaml",
            DEFAULT.replace("{namespace: dev}", "{namespace: dev, context: big}"),
        ),
        (
            "env set prod --context ''",
            "prod context: big → (none)   (environments/prod.yaml)\n",
            "environments/prod.yaml",
            PROD.replace("  context: big   # the big one\n", ""),
        ),
        (
            "env set prod --name production",
            "production name: prod → production   (environments/production.yaml)\n",
            "environments/production.yaml",
            PROD,
        ),
    ],
)
def test_set(shell: Shell, line: str, said: str, path: str, text: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (0, said)
    assert shell.read(path) == text


def test_set_to_what_it_is(shell: Shell) -> None:
    done = shell("env set prod --namespace prod")
    assert (done.code, done.out, done.err) == (0, "", "prod is so already: nothing changed\n")
    assert shell.files() == FILES


@pytest.mark.parametrize(
    ("line", "what"),
    [
        ("env set live --namespace other", "it would be changed"),
        ("env set live --context small", "it would be changed"),
        ("env set live --name alive", "it would be changed"),
        ("env rm live", "it would be removed"),
    ],
)
def test_what_was_applied_is_not_lost_sight_of(shell: Shell, line: str, what: str) -> None:
    done = shell(line)
    assert (done.code, done.out) == (5, "")
    assert what in done.err
    assert "kfctl delete --app demo --env live --namespace live --context big" in done.err
    assert "--leave" in done.err
    assert shell.files() == FILES


@pytest.mark.parametrize(
    ("line", "path", "text"),
    [
        ("env set live --namespace other", "live", APPLIED.replace("namespace: live", "namespace: other")),
        ("env set live --name alive", "alive", APPLIED),
        (
            "env set live --context small",
            "live",
            APPLIED.replace("context: big", "context: small").replace("  clusterUid: 7c1e\n", ""),
        ),
    ],
)
def test_leave_goes_on(shell: Shell, line: str, path: str, text: str) -> None:
    assert shell(f"{line} --leave").code == 0
    assert shell.read(f"environments/{path}.yaml") == text


def test_the_same_context_named_anew_clears_the_guard(shell: Shell) -> None:
    done = shell("env set live --context big")
    assert done.code == 0
    assert done.out == "live clusterUid: 7c1e → (none)   (environments/live.yaml)\n"
    assert shell.read("environments/live.yaml") == APPLIED.replace("  clusterUid: 7c1e\n", "")


def test_a_guard_that_is_the_namespace_goes_with_it(shell: Shell) -> None:
    path = shell.folder / "environments/live.yaml"
    path.write_text(APPLIED.replace("7c1e", "namespace/live/7c1e"))
    assert shell("env set live --namespace other --leave").code == 0
    assert path.read_text() == APPLIED.replace("namespace: live", "namespace: other").replace(
        "  clusterUid: 7c1e\n", ""
    )


def test_remove(shell: Shell) -> None:
    done = shell("env rm prod")
    assert (done.code, done.out) == (0, "removed environments/prod.yaml\n")
    assert "environments/prod.yaml" not in shell.files()
    assert shell("env rm live --leave").code == 0


@pytest.mark.parametrize(
    ("line", "code", "error"),
    [
        ("env add prod", 2, "there is an environment 'prod' already\n  change it with `kfctl env set prod`"),
        ("env add No_Good", 2, "'No_Good' can't be the name of an environment"),
        ("env add x --namespace No_Good", 2, "'No_Good' can't be the name of a namespace"),
        ("env set prod", 2, "there is nothing to change\n  give --name, --context or --namespace"),
        ("env set prod --name default", 2, "there is an environment 'default' already"),
        ("env set prod --namespace No_Good", 2, "'No_Good' can't be the name of a namespace"),
        ("env set prdo --namespace x", 2, "there is no environment 'prdo' in this app\n  did you mean prod?"),
        ("env rm prdo", 2, "did you mean prod?"),
        ("env describe prdo", 2, "did you mean prod?"),
        ("env", 0, ""),
        ("env current", 2, "name the environment in the command; without a name it is `default`"),
    ],
)
def test_refused(shell: Shell, line: str, code: int, error: str) -> None:
    done = shell(line)
    assert done.code == code
    assert error in done.err
    assert shell.files() == FILES


def test_a_context_that_nobody_knows_is_a_warning(shell: Shell) -> None:
    kubeconfig(shell)
    done = shell("env set prod --context mnii")
    assert done.code == 0
    assert "did you mean mini?" in done.err


def test_no_environment_at_all(shell: Shell) -> None:
    for path in (shell.folder / "environments").iterdir():
        path.unlink()
    done = shell("show")
    assert (done.code, done.out) == (2, "")
    assert "this app has no environment `default`, so one must be named\n  kfctl env add default" in done.err


def test_default_is_missing(shell: Shell) -> None:
    (shell.folder / "environments/default.yaml").unlink()
    assert "there are live, prod" in shell("show").err
    assert shell("show prod").code == 0


def test_a_broken_one_is_named_and_told_of_at_the_end(shell: Shell) -> None:
    (shell.folder / "environments/prod.yaml").write_text(
        "apiVersion: kfctl/v1\nkind: Environment\ntargt: {}\n"
    )
    done = shell("env list")
    assert done.code == 1
    assert [line.split()[0] for line in done.out.splitlines()] == ["NAME", "default", "live", "prod"]
    assert [line.split()[-1] for line in done.out.splitlines()] == ["BROKEN", "false", "true", "true"]
    assert json.loads(shell("env list -o json").out)[-1] == {"name": "prod", "broken": True}
    assert "environments/prod.yaml:3:1" in done.err


def test_a_file_with_another_ending_is_told_of(shell: Shell) -> None:
    (shell.folder / "environments/prod.yaml").rename(shell.folder / "environments/prod.yml")
    said = (
        "kfctl: environments/prod.yml: only .yaml files are read in environments/\n  rename it to prod.yaml\n"
    )
    for line in ("show prod", "param list --env prod", "env rm prod", "env add prod"):
        done = shell(line)
        assert (done.code, done.out, done.err) == (1, "", said)
    done = shell("env list")
    assert (done.code, done.err) == (1, said)
    assert done.out.splitlines()[-1].split() == ["prod", "true"]
    (shell.folder / "components/web.yaml").rename(shell.folder / "components/web.yml")
    assert "components/web.yml: only .yaml files are read" in shell("show -c web").err
    (shell.folder / "environments/default.yaml").rename(shell.folder / "environments/default.yml")
    assert "environments/default.yml: only .yaml files are read" in shell("validate").err
