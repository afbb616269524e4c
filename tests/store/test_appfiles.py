"""An app is found, made and read whole; everything wrong in it is said at once, each thing with its place."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kfctl import __version__
from kfctl.errors import AppError, Location
from kfctl.model.app import Target
from kfctl.store.appfiles import (
    component_names,
    component_text,
    create_app,
    environment_names,
    find_app,
    load_app,
)
from kfctl.store.files.writer import write_file
from kfctl.yamltext.emit import scalar

Tree = Callable[[Mapping[str, str]], Path]

APP = "apiVersion: kfctl/v1\nkind: App\nname: shop\nid: a1b2\n"
COMPONENT = "apiVersion: kfctl/v1\nkind: Component\nprototype: tf-serving\n"
ENVIRONMENT = "apiVersion: kfctl/v1\nkind: Environment\n"

GOOD = {
    "kfctl.yaml": APP + "minVersion: 0.1.0\nglobals: {imagePullPolicy: Always}\n",
    "components/server.yaml": COMPONENT + "params:\n  modelPath: /m # c\n  replicas: 2\n",
    "components/raw.yaml": "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n",
    "components/raw/b.yaml": "apiVersion: v1\nkind: Pod\n",
    "components/raw/a/c.yml": "apiVersion: v1\nkind: Pod\n",
    "components/raw/.hidden.yaml": "[",
    "components/raw/notes.txt": "",
    "components/README.md": "",
    "environments/default.yaml": ENVIRONMENT + "target: {context: minikube, namespace: ml, clusterUid: u}\n",
    "environments/prod.yaml": ENVIRONMENT
    + "globals: {a: null}\n"
    + "components:\n  server: {replicas: 3}\n  raw:\n"
    + "patches:\n  server:\n  - target: {kind: Deployment, name: x}\n    merge: {spec: {a: 1}}\n",
}


def faults(root: Path) -> list[str]:
    with pytest.raises(AppError) as caught:
        load_app(root)
    return [
        f"{problem} [{problem.hint}]" if problem.hint else str(problem) for problem in caught.value.problems
    ]


def test_an_app_is_read_whole(write_tree: Tree) -> None:
    app = load_app(write_tree(GOOD))
    assert (app.name, app.id, app.min_version) == ("shop", "a1b2", "0.1.0")
    assert app.globals.values == {"imagePullPolicy": "Always"}
    assert list(app.components) == ["raw", "server"]
    server = app.components["server"]
    assert (server.prototype, server.params.values) == ("tf-serving", {"modelPath": "/m", "replicas": 2})
    assert {name: str(where) for name, where in server.params.locations.items()} == {
        "modelPath": "components/server.yaml:5:3",
        "replicas": "components/server.yaml:6:3",
    }
    assert app.components["raw"].manifests == ("components/raw/a/c.yml", "components/raw/b.yaml")
    assert app.environments["default"].target == Target("minikube", "ml", "u")
    prod = app.environments["prod"]
    assert prod.target == Target()
    assert prod.globals.values == {"a": None}
    assert {name: settings.values for name, settings in prod.components.items()} == {
        "server": {"replicas": 3},
        "raw": {},
    }
    assert str(prod.components["server"].locations["replicas"]) == "environments/prod.yaml:5:12"
    (patch,) = prod.patches["server"]
    assert (patch.target, patch.merge) == ({"kind": "Deployment", "name": "x"}, {"spec": {"a": 1}})
    assert str(patch.where) == "environments/prod.yaml:9:5"


def test_an_app_may_be_nearly_empty(write_tree: Tree) -> None:
    root = write_tree({"kfctl.yaml": APP + "globals:\n", "environments/e.yaml": ENVIRONMENT + "target:\n"})
    app = load_app(root)
    assert app.components == {} and app.environments["e"].target == Target()


def test_names_without_reading(write_tree: Tree) -> None:
    root = write_tree({**GOOD, "components/broken.yaml": "["})
    assert component_names(root) == ("broken", "raw", "server")
    assert environment_names(root) == ("default", "prod")
    assert component_names(root / "nowhere") == ()


def test_a_broken_neighbour_does_not_matter(write_tree: Tree) -> None:
    broken = {
        "components/bad.yaml": "[",
        "components/Worse.yaml": "",
        "components/x.yml": "",
        "environments/dev.yaml": "a: [",
    }
    root = write_tree({**GOOD, **broken, "components/y/a.yaml": "["})
    app = load_app(root, components=["server"], environments=["prod"])
    assert list(app.components) == ["server"] and list(app.environments) == ["prod"]
    assert len(faults(root)) == 6
    with pytest.raises(AppError, match="files are read in components/"):
        load_app(root, components=["x"])


ROWS = {  # name → a file, its text, what is said of it
    "empty": ("components/a.yaml", "# nothing\n", ["components/a.yaml: the file is empty"]),
    "no map": ("components/a.yaml", "- x\n", ["components/a.yaml: the file must hold a map, and is a list"]),
    "no keys": (
        "components/a.yaml",
        "{}\n",
        [
            "components/a.yaml:1:1: `apiVersion: kfctl/v1` is missing",
            "components/a.yaml:1:1: `kind: Component` is missing",
            "components/a.yaml:1:1: prototype is missing",
        ],
    ),
    "an object of Kubernetes": (
        "components/a.yaml",
        "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {}\n",
        ["components/a.yaml:1:1: this is an object of Kubernetes, and no Component of kfctl"],
    ),
    "other kinds": (
        "components/a.yaml",
        "apiVersion: kfctl/v2\nkind: Environment\nprototype: x\n",
        [
            "components/a.yaml:1:13: apiVersion must be kfctl/v1, not kfctl/v2",
            "components/a.yaml:2:7: kind must be Component, not Environment",
        ],
    ),
    "unknown keys": (
        "components/a.yaml",
        COMPONENT + "parms: {}\nzzz: 1\n",
        [
            "components/a.yaml:4:1: unknown key 'parms' [did you mean params?]",
            "components/a.yaml:5:1: unknown key 'zzz' [known here: apiVersion, kind, params, patches",
        ],
    ),
    "wrong types": (
        "components/a.yaml",
        "apiVersion: kfctl/v1\nkind: Component\nprototype: 5\nparams: [a]\npatches: {}\n",
        [
            'components/a.yaml:3:12: prototype must be a string, and is an integer [put it in quotes: prot',
            "components/a.yaml:4:9: params must be a map, and is a list",
            "components/a.yaml:5:10: patches must be a list, and is a map",
        ],
    ),
    "patches": (
        "components/a.yaml",
        COMPONENT + "patches:\n- target: {kind: [], nme: x}\n- 5\n- {target: {kind: Pod}, merge: x}\n",
        [
            "components/a.yaml:5:3: a patch needs `merge:`, a map that is not empty",
            "components/a.yaml:5:22: unknown key 'nme' [did you mean name?]",
            "components/a.yaml:5:18: kind must be a string, and is a list",
            "components/a.yaml:6:3: a patch must be a map, and is an integer",
            "components/a.yaml:7:32: merge must be a map, and is a string",
        ],
    ),
    "syntax": ("components/a.yaml", "a:\n\tb: 1\n", ["components/a.yaml:2:1: a tab"]),
    "binary": ("components/a.yaml", "a: \0", ["components/a.yaml:1:4: the control character U+0000"]),
    "twice": ("components/a.yaml", COMPONENT + "kind: Component\n", ["components/a.yaml:4:1: this key"]),
    "keys that are no text": (
        "components/a.yaml",
        COMPONENT + "params: {on: 1, 5: 2}\n",
        ["components/a.yaml:4:10: a key must be a string", "components/a.yaml:4:17: a key must be a string"],
    ),
    "names": (
        "components/My_App.yaml",
        COMPONENT,
        ["components/My_App.yaml: a component's name is made of lower-case letters, digits and inner dashes"],
    ),
    "long names": (f"environments/{'x' * 64}.yaml", ENVIRONMENT, [f"environments/{'x' * 64}.yaml: an"]),
    "another suffix": (
        "components/a.yml",
        COMPONENT,
        ["components/a.yml: only .yaml files are read in components/ [rename it to a.yaml]"],
    ),
    "JSON": ("environments/a.json", "{}", ["environments/a.json: only .yaml files are read"]),
    "manifests of nobody": ("components/a/x.yaml", "", ["components/a: the manifests in this folder belong"]),
    "manifests left out": ("components/server/x.yaml", "", ["components/server: server is a tf-serving"]),
    "unknown components": (
        "environments/a.yaml",
        ENVIRONMENT + "components: {sever: {}, zzz: {}}\npatches: {sever: []}\n",
        [
            "environments/a.yaml:3:14: there is no component 'sever' [did you mean server?]",
            "environments/a.yaml:3:25: there is no component 'zzz' [remove it, or make it with kfctl gen",
            "environments/a.yaml:4:11: there is no component 'sever'",
        ],
    ),
    "targets": (
        "environments/a.yaml",
        ENVIRONMENT + "target: {contxt: x, namespace: My-NS, clusterUid: 5}\n",
        [
            "environments/a.yaml:3:10: unknown key 'contxt' [did you mean context?]",
            "environments/a.yaml:3:32: a namespace is made of",
            "environments/a.yaml:3:51: clusterUid must be a string",
        ],
    ),
    "overrides": (
        "environments/a.yaml",
        ENVIRONMENT + "components: {server: 5}\nglobals: x\npatches: 5\n",
        [
            "environments/a.yaml:5:10: patches must be a map, and is an integer",
            "environments/a.yaml:4:10: globals must be a map, and is a string",
            "environments/a.yaml:3:22: server must be a map, and is an integer",
        ],
    ),
    "an app's name": ("kfctl.yaml", APP.replace("shop", "x" * 41), ["kfctl.yaml:3:7: an app's name is"]),
    "an app's id": ("kfctl.yaml", APP.replace("a1b2", "a b"), ["kfctl.yaml:4:5: an app's id is made of"]),
    "no name, no id": (
        "kfctl.yaml",
        "apiVersion: kfctl/v1\nkind: App\nname: ''\n",
        ["kfctl.yaml:3:7: name is missing", "kfctl.yaml:1:1: id is missing"],
    ),
    "a newer kfctl": (
        "kfctl.yaml",
        APP + "minVersion: 99.1.0\nnovelty: x\n",
        [f"kfctl.yaml:5:13: this app needs kfctl 99.1.0 or newer, and this is {__version__}"],
    ),
    "a number": ("kfctl.yaml", APP + "minVersion: 0.1\n", ["kfctl.yaml:5:13: minVersion must be"]),
}  # fmt: skip


@pytest.mark.parametrize("name", ROWS)
def test_what_is_wrong_in_a_file(name: str, write_tree: Tree) -> None:
    path, text, wanted = ROWS[name]
    said = faults(write_tree({**GOOD, path: text}))
    assert len(said) == len(wanted), said
    for line, start in zip(said, wanted, strict=True):
        assert line.startswith(start), said


def test_the_faults_of_all_files_at_once(write_tree: Tree) -> None:
    root = write_tree({**GOOD, "kfctl.yaml": "{]", "components/a.yaml": "a: b: c", "components/b.yaml": ""})
    (root / "components/loop.yaml").symlink_to("loop.yaml")
    (root / "components/gone.yaml").symlink_to("nowhere")
    (root / "components/folder.yaml").mkdir()
    (root / "environments/bytes.yaml").write_bytes(b"a: \xff\n")
    assert [line.split(" [")[0] for line in faults(root)] == [
        "kfctl.yaml:1:2: did not find expected node content (while parsing a flow node)",
        "components/a.yaml:1:5: a second `: ` where no map can start",
        "components/b.yaml: the file is empty",
        "components/folder.yaml: can't read it: Is a directory",
        "components/gone.yaml: can't read it: No such file or directory",
        "components/loop.yaml: can't read it: Too many levels of symbolic links",
        "environments/bytes.yaml:1:4: byte 0xff is not UTF-8: the file is in another encoding, or binary",
    ]


def test_a_file_where_a_folder_should_be(write_tree: Tree) -> None:
    assert faults(write_tree({"kfctl.yaml": APP, "components": "x", "environments/e.yaml": ENVIRONMENT})) == [
        "components: can't read it: Not a directory [a file is where a folder should be]"
    ]


def test_an_app_is_found_from_below(write_tree: Tree, tmp_path: Path) -> None:
    root = (
        write_tree({"my app ü/kfctl.yaml": APP, "my app ü/components/a/b/c": "", "other/x": ""}) / "my app ü"
    )
    assert find_app(root) == find_app(root / "components/a/b") == root
    assert find_app(tmp_path / "other", "../my app ü") == root
    assert find_app(tmp_path, str(root / "components")) == root
    for start, directory in ((tmp_path / "other", None), (root, "../other"), (root, "nowhere/../..")):
        with pytest.raises(
            AppError, match=r"there is no app here: no kfctl\.yaml in .* or in a folder above it"
        ):
            find_app(start, directory)
    with pytest.raises(AppError, match=r"there is no folder .*/nowhere"):
        find_app(root, "nowhere")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give files away")
@pytest.mark.parametrize("foreign", ["kfctl.yaml", ".", "components", "environments", "prototypes"])
def test_foreign_app_is_refused_unless_it_is_named(
    write_tree: Tree, monkeypatch: pytest.MonkeyPatch, foreign: str
) -> None:
    root = write_tree({"app/kfctl.yaml": APP, "app/mine/deep/x": ""}) / "app"
    if not (root / foreign).exists():
        (root / foreign).mkdir()
    os.chown(root / foreign, 12345, -1)
    for start, directory in ((root, None), (root / "mine/deep", None), (root / "mine", "deep")):
        with pytest.raises(AppError) as caught:
            find_app(start, directory)
        (problem,) = caught.value.problems
        assert problem.where == Location(str(root / "kfctl.yaml"))
        assert "12345" in problem.message and problem.hint.endswith(f"--dir {root}")
    assert find_app(root / "mine/deep", str(root)) == find_app(root, ".") == root
    monkeypatch.setenv("SUDO_UID", "12345")
    assert find_app(root / "mine/deep") == root


def test_an_app_is_found_from_a_folder_that_is_a_link(write_tree: Tree, tmp_path: Path) -> None:
    root = write_tree({"app/kfctl.yaml": APP, "elsewhere/x": ""}) / "app"
    (root / "components").symlink_to("../elsewhere")
    assert find_app(root / "components") == root
    assert find_app(Path(os.path.relpath(root / "components"))) == root


def test_a_new_app_reads_back(tmp_path: Path) -> None:
    root = tmp_path / "a b" / "größe"
    app = create_app(root, "shop", Target("kind-x", "ml"))
    assert app == load_app(root)
    assert app.environments["default"].target == Target("kind-x", "ml")
    assert (root / "environments/default.yaml").read_text() == (
        "apiVersion: kfctl/v1\nkind: Environment\ntarget:\n  context: kind-x\n  namespace: ml\n"
    )
    assert (root / "kfctl.yaml").read_text() == (
        f'apiVersion: kfctl/v1\nkind: App\nname: shop\nid: {scalar(app.id)}\nminVersion: "0.1.0"\n'
    )
    assert create_app(tmp_path / "other", "shop", Target()).id != app.id
    write_file(root, "components/a.yaml", component_text("tf-job", {}))
    assert load_app(root).components["a"].prototype == "tf-job"


def test_no_app_over_other_files(write_tree: Tree) -> None:
    root = write_tree(
        {"web/components/button.js": "", "infra/environments/default.yaml": "", "ok/main.py": ""}
    )
    for folder in (root / "web", root / "infra"):
        with pytest.raises(AppError, match="is there already, with files in it"):
            create_app(folder, "shop", Target())
        assert not (folder / "kfctl.yaml").exists()
    assert create_app(root / "ok", "shop", Target()).name == "shop"


def test_no_app_in_an_app(write_tree: Tree) -> None:
    root = write_tree({"kfctl.yaml": APP, "sub/x": ""})
    for folder in (root, root / "sub", root / "new/deep"):
        with pytest.raises(AppError, match="is an app already"):
            create_app(folder, "shop", Target())
    with pytest.raises(AppError, match="an app's name is made of"):
        create_app(root, "Shop", Target())
    assert sorted(path.name for path in root.iterdir()) == ["kfctl.yaml", "sub"]
