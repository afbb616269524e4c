"""`kfctl param set` and `unset`: the words, what they write, what they say."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from kfctl import yamltext
from tests.campaign import size
from tests.cli.world import DEFAULT, FILES, PROD, WEB

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Run

# What is typed after `kfctl param set` → the value it sets, in components/web.yaml
SETS: dict[str, dict[str, object]] = {
    "web text hello": {"text": "hello"},
    "web text ''": {"text": ""},
    "web text -5": {"text": "-5"},
    "web text -- -5": {"text": "-5"},
    "web text -- --": {"text": "--"},
    "web text --foo": {"text": "--foo"},
    "web text --foo=bar": {"text": "--foo=bar"},
    "web text=--env": {"text": "--env"},
    "web text=a=b": {"text": "a=b"},
    "web text=": {"text": ""},
    "web text 5": {"text": "5"},
    "web text null": {"text": "null"},
    "web text '  spaces '": {"text": "  spaces "},
    "web text 'two\nlines'": {"text": "two\nlines"},
    "web text 'é 🎉 中'": {"text": "é 🎉 中"},
    "web numGpus 2": {"numGpus": 2},
    "web num-gpus 2": {"numGpus": 2},
    "web num_gpus=2": {"numGpus": 2},
    "web ratio -0.5": {"ratio": -0.5},
    "web ratio 1e3": {"ratio": 1000.0},
    "web fast true": {"fast": True},
    "web fast FALSE": {"fast": False},
    "web memory 5": {"memory": "5"},
    "web memory 500Mi": {"memory": "500Mi"},
    "web mode quick": {"mode": "quick"},
    "web args one": {"args": ["one"]},
    "web args --foo": {"args": ["--foo"]},
    "web args=--foo args=--bar=1": {"args": ["--foo", "--bar=1"]},
    "web args '[\"--layers=64,32\"]'": {"args": ["--layers=64,32"]},
    "web args '[]'": {"args": []},
    "web labels a=b": {"labels": {"a": "b"}},
    "web labels=a=b labels=c=d": {"labels": {"a": "b", "c": "d"}},
    'web labels \'{"a": "b"}\'': {"labels": {"a": "b"}},
    "web text=x numGpus=4": {"text": "x", "numGpus": 4},
    "web location /new": {"path": "/new"},
    "web text --null": {"text": None},
    "web text mode --null": {"text": None, "mode": None},
    "--null web text": {"text": None},
    "web --dir . text x": {"text": "x"},
}


@pytest.mark.parametrize(("words", "expected"), SETS.items())
def test_set(shell: Shell, words: str, expected: dict[str, object]) -> None:
    done = shell(f"param set {words}")
    assert (done.code, done.err) == (0, "")
    before = yamltext.load(WEB)["params"]
    assert yamltext.load(shell.read("components/web.yaml"))["params"] == {**before, **expected}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("web text hello", "web text: (not set) → hello   (components/web.yaml:7)\n"),
        ("web numGpus 2", "web numGpus: 1 → 2   (components/web.yaml:6)\n"),
        ("web numGpus 1", "web numGpus: 1   (components/web.yaml:6)\n"),
        ("web text 5", 'web text: (not set) → "5"   (components/web.yaml:7)\n'),
        ("web numGpus --null", "web numGpus: 1 → null   (components/web.yaml:6)\n"),
        ("web numGpus 4 --env prod", "prod/web numGpus: 3 → 4   (environments/prod.yaml:9)\n"),
        (
            "web --env=default numGpus 4",
            "default/web numGpus: (not set) → 4   (environments/default.yaml:6)\n",
        ),
        ("--global mode quick", "globals mode: (not set) → quick   (kfctl.yaml:6)\n"),
        (
            "--global mode=quick --env prod",
            "prod/globals mode: (not set) → quick   (environments/prod.yaml:11)\n",
        ),
        ("web password hunter2", "web password: (not set) → (secret)   (components/web.yaml:7)\n"),
        ("web location /new", "web path: /srv → /new   (components/web.yaml:5)\n"),
    ],
)
def test_set_says_what_was_and_where(shell: Shell, words: str, said: str) -> None:
    done = shell(f"param set {words}")
    assert (done.code, done.out, done.err) == (0, said, "")


def test_set_changes_nothing_but_the_line(shell: Shell) -> None:
    shell("param set web numGpus 2")
    assert shell.read("components/web.yaml") == WEB.replace("numGpus: 1", "numGpus: 2")
    shell("param set web numGpus 4 --env prod")
    assert shell.read("environments/prod.yaml") == PROD.replace("numGpus: 3", "numGpus: 4")


def test_deprecated_is_set_with_a_warning(shell: Shell) -> None:
    done = shell("param set web cloud gke")
    assert done.code == 0
    assert done.err == "warning: cloud is deprecated: nothing reads it any more\n"


@pytest.mark.parametrize(
    ("words", "error"),
    [
        ("web numGpu 2", "kfctl: thing has no parameter 'numGpu'\n  did you mean numGpus?\n"),
        (
            "web zzz 2",
            "kfctl: thing has no parameter 'zzz'\n  kfctl prototype describe thing lists its parameters\n",
        ),
        ("web numGpus two", "kfctl: numGpus must be an integer, not 'two'\n"),
        ("web numGpus -1", "kfctl: numGpus must be at least 0, not -1\n"),
        ("web numGpus ''", "kfctl: numGpus must be an integer\n"),
        (
            "web mode=fast numGpus=x",
            "kfctl: mode must be one of slow, quick, not 'fast'\n"
            "kfctl: numGpus must be an integer, not 'x'\n",
        ),
        ("wbe text x", "kfctl: there is no component 'wbe' in this app\n  did you mean web?\n"),
        ("nosuch text x", "kfctl: there is no component 'nosuch' in this app\n  there are other, web\n"),
        ("web text x --env prd", "kfctl: there is no environment 'prd' in this app\n  did you mean prod?\n"),
        ("web text x --evn=prod", "kfctl: there is no option --evn\n  did you mean --env?\n"),
        (
            "web args -- --a=1 b",
            "kfctl: there is no option --a\n  if it is a value: args=--a=1\n",
        ),
        ("web text", "kfctl: 'text' has no value\n  give KEY VALUE, or KEY=VALUE as often as you like\n"),
        ("web", "kfctl: there is nothing to set\n  give KEY VALUE, or KEY=VALUE as often as you like\n"),
        (
            "text=x",
            "kfctl: 'text=x' stands where the component belongs\n  put the component first, or --global\n",
        ),
        ("", "kfctl: missing argument 'COMPONENT KEY VALUE'\n  see `kfctl param set --help`\n"),
        (
            "--global nosuch x",
            "kfctl: thing has no parameter 'nosuch'\n  kfctl prototype describe thing lists its parameters\n",
        ),
        ("web text=a text=b", "kfctl: text takes one value, and 2 were given\n"),
        ("web -f nosuch.yaml", "kfctl: nosuch.yaml: can't read the values: No such file or directory\n"),
    ],
)
def test_refused(shell: Shell, words: str, error: str) -> None:
    done = shell(f"param set {words}")
    assert (done.code, done.out, done.err) == (2, "", error)
    assert shell.files() == FILES


def test_what_is_still_missing_or_wrong_is_told(shell: Shell) -> None:
    command = "kfctl param set web path VALUE"
    missing = f"warning: components/web.yaml: web: path is required and has no value: {command}\n"
    done = shell("param unset web path")
    assert (done.code, done.err) == (0, missing)
    done = shell("param set web text x")
    assert (done.code, done.err) == (0, missing)
    assert shell("param set web path /srv").err == ""


@pytest.mark.parametrize(
    "verb", ["set web locatio x", "unset web locatio", "unset --global locatio --env prod"]
)
def test_an_alias_is_meant_too(shell: Shell, verb: str) -> None:
    done = shell(f"param {verb}")
    assert (done.code, done.err) == (
        2,
        "kfctl: thing has no parameter 'locatio'\n  did you mean location?\n",
    )


def test_globals_from_a_file(shell: Shell) -> None:
    (shell.folder / "values.yaml").write_text("mode: quick\nnumGpus: 2\n")
    assert shell("param set --global -f values.yaml").out.splitlines() == [
        "globals mode: (not set) → quick   (kfctl.yaml:6)",
        "globals numGpus: (not set) → 2   (kfctl.yaml:7)",
    ]
    assert shell("param set -f values.yaml").code == 2


def test_many_from_a_file(shell: Shell) -> None:
    (shell.folder / "values.yaml").write_text("numGpus: 2\nargs: [--a, b]\ntext: null\nlabels: {x: 'y'}\n")
    done = shell("param set web -f values.yaml numGpus=7")
    assert (done.code, done.err) == (0, "")
    assert yamltext.load(shell.read("components/web.yaml"))["params"] == {
        "path": "/srv",
        "numGpus": 7,
        "args": ["--a", "b"],
        "text": None,
        "labels": {"x": "y"},
    }


def test_a_wrong_file_tells_every_fault_with_its_place(shell: Shell) -> None:
    (shell.folder / "values.yaml").write_text("params:\n  numGpus: '2'\n  nosuch: 1\n  fast: maybe\n")
    done = shell("param set web -f values.yaml")
    assert done.code == 1
    assert done.err == (
        "kfctl: values.yaml:2:3: numGpus must be an integer, not '2'\n"
        "kfctl: values.yaml:3:3: thing has no parameter 'nosuch'\n"
        "  kfctl prototype describe thing lists its parameters\n"
        "kfctl: values.yaml:4:3: fast must be true or false, not 'maybe'\n"
    )


def test_a_file_from_standard_input(kfctl: Callable[..., Run], write_tree: Callable[..., Path]) -> None:
    folder = write_tree(FILES)
    done = kfctl("param", "set", "web", "-f", "-", cwd=folder, stdin="numGpus: 9\n")
    assert (done.code, done.out) == (0, "web numGpus: 1 → 9   (components/web.yaml:6)\n")


@pytest.mark.parametrize(
    ("line", "path", "before", "after", "said"),
    [
        (
            "param unset web numGpus",
            "components/web.yaml",
            "  numGpus: 1\n",
            "",
            "web numGpus: 1 → (not set)   (components/web.yaml:6)\n",
        ),
        (
            "param delete web num-gpus",
            "components/web.yaml",
            "  numGpus: 1\n",
            "",
            "web numGpus: 1 → (not set)   (components/web.yaml:6)\n",
        ),
        (
            "param unset web numGpus --env prod",
            "environments/prod.yaml",
            "components:\n  web:\n    # three of them\n    numGpus: 3\n",
            "",
            "prod/web numGpus: 3 → (not set)   (environments/prod.yaml:9)\n",
        ),
    ],
)
def test_unset(shell: Shell, line: str, path: str, before: str, after: str, said: str) -> None:
    done = shell(line)
    assert (done.code, done.out, done.err) == (0, said, "")
    assert before in FILES[path]
    assert shell.read(path) == FILES[path].replace(before, after)


def test_unset_of_what_is_not_set_says_so(shell: Shell) -> None:
    done = shell("param unset web text")
    assert (done.code, done.out) == (0, "")
    assert done.err == "web sets none of them in components/web.yaml: nothing changed\n"
    assert shell.files() == FILES


def test_unset_of_an_unknown_name(shell: Shell) -> None:
    done = shell("param unset web numGpu")
    assert (done.code, done.err) == (2, "kfctl: thing has no parameter 'numGpu'\n  did you mean numGpus?\n")


def test_unset_mends_a_file_with_a_name_that_nobody_knows(shell: Shell) -> None:
    path = shell.folder / "components/web.yaml"
    path.write_text(WEB + "  typo: 1\n")
    assert shell("param unset web typo").code == 0
    assert path.read_text() == WEB


def test_globals_come_and_go(shell: Shell) -> None:
    shell("param set --global mode quick --env default")
    assert shell.read("environments/default.yaml") == DEFAULT + "globals:\n  mode: quick\n"
    assert shell("param unset --global mode --env default").code == 0
    assert shell.read("environments/default.yaml") == DEFAULT


def test_a_neighbour_that_is_broken_does_not_matter(shell: Shell) -> None:
    (shell.folder / "components/other.yaml").write_text("prototype: [\n")
    (shell.folder / "environments/prod.yaml").write_text("\t")
    assert shell("param set web numGpus 2").code == 0


def other_type(shell: Shell) -> None:
    """Add a component whose prototype has a parameter `mode` that is a number."""
    folder = shell.folder / "prototypes/number"
    folder.mkdir()
    (folder / "prototype.yaml").write_text(
        "apiVersion: kfctl/v1\nkind: Prototype\nname: number\nsummary: A number\n"
        "parameters: {properties: {mode: {type: integer}, text: {type: integer}, only: {type: boolean}}}\n"
    )
    assert shell("generate number third").code == 0


def test_a_global_must_fit_every_prototype_that_knows_it(shell: Shell) -> None:
    other_type(shell)
    assert shell("param set --global only true").out == "globals only: (not set) → true   (kfctl.yaml:6)\n"
    done = shell("param set --global mode quick")
    assert (done.code, done.err) == (2, "kfctl: mode must be an integer, not 'quick'\n")
    done = shell("param set --global text 5")
    assert (done.code, done.err) == (
        2,
        "kfctl: text is not of the same type in all components: set it in each of them\n",
    )
    done = shell("param set --global nosuch 5")
    assert (done.code, done.err) == (
        2,
        "kfctl: no component of this app has a parameter 'nosuch'\n  kfctl param list --all lists them\n",
    )


@pytest.mark.parametrize(
    ("text", "code", "error"),
    [
        ("- a\n", 1, "kfctl: values.yaml:1:1: a file of values is a map: parameter: value\n"),
        ("a: [\n", 1, "kfctl: values.yaml:2:1: "),
        ("", 2, "kfctl: there is nothing to set\n"),
        ("numGpus: 1\nnumGpus: 2\n", 1, "kfctl: values.yaml:2:1: this key is here twice"),
        ("text: 5\n", 1, "kfctl: values.yaml:1:1: text must be text, not 5\n  write it in quotes\n"),
        ("params: {text: a}\ntext: b\n", 1, "kfctl: values.yaml:1:1: thing has no parameter 'params'\n"),
    ],
)
def test_a_file_of_values_that_is_wrong(shell: Shell, text: str, code: int, error: str) -> None:
    (shell.folder / "values.yaml").write_text(text)
    done = shell("param set web -f values.yaml")
    assert (done.code, done.out) == (code, "")
    assert done.err.startswith(error)


def test_many_at_once_lose_nothing(kfctl: Callable[..., Run], write_tree: Callable[..., Path]) -> None:
    names = [f"p{number}" for number in range(size(50))]
    declared = "".join(f"    {name}: {{type: integer}}\n" for name in names)
    head = "apiVersion: kfctl/v1\nkind: Prototype\nname: many\nsummary: Many\n"
    prototype = f"{head}parameters:\n  properties:\n{declared}"
    root = write_tree({**FILES, "prototypes/many/prototype.yaml": prototype})
    assert kfctl("generate", "many", "many").code == 0
    with ThreadPoolExecutor(len(names)) as pool:
        runs = list(pool.map(lambda name: kfctl("param", "set", "many", name, name[1:]), names))
    assert [(run.code, run.err) for run in runs] == [(0, "")] * len(names)
    params = yamltext.load((root / "components/many.yaml").read_text())["params"]
    assert params == {name: int(name[1:]) for name in names}


def test_caution_is_printed_only_when_a_change_causes_it(shell: Shell) -> None:
    shell("generate tf-job train --image=x")
    caution = "warning: train: command is a list of words"
    assert caution in shell("param", "set", "train", "command", '["python x.py"]').err
    assert caution not in shell("param set train numWorkers 2").err
    for line in ("validate -c train", "show -c train", "param list train", "param unset train numWorkers"):
        assert caution not in shell(line).err
    shell("generate jupyterhub hub --jupyterHubAuthenticator=iap --iapAudience=x")
    assert "without a password" in shell("param unset hub jupyterHubAuthenticator").err


def test_a_global_that_no_component_has_is_warned_of(shell: Shell) -> None:
    (shell.folder / "kfctl.yaml").write_text(
        shell.read("kfctl.yaml") + "globals: {mod: quick, mode: quick}\n"
    )
    prod = shell.folder / "environments/prod.yaml"
    prod.write_text(prod.read_text() + "globals:\n  labls: {a: b}\n")
    said = "warning: kfctl.yaml:5:11: thing has no parameter 'mod'"
    prod_said = "warning: environments/prod.yaml:11:3: thing has no parameter 'labls'"
    assert shell("param list").err == f"{said}\n  did you mean mode?\n"
    for line in ("validate prod", "show prod"):
        done = shell(line)
        assert (done.code, done.err) == (
            0,
            f"{prod_said}: did you mean labels?\n{said}: did you mean mode?\n",
        )
    assert shell("show prod -c web").err == ""  # of one component nobody can tell
