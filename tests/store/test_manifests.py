"""Raw manifests are read as kubectl would, each object with the place it comes from."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from kfctl.errors import AppError
from kfctl.store.appfiles import load_app, raw_manifests

Tree = Callable[[Mapping[str, str]], Path]

APP = {
    "kfctl.yaml": "apiVersion: kfctl/v1\nkind: App\nname: shop\nid: a1b2\n",
    "components/raw.yaml": "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n",
}

POD = "apiVersion: v1\nkind: Pod\nmetadata: {name: %s}\n"


def found(root: Path) -> list[tuple[str, str, str]]:
    return [(each.kind, each.name, each.origin) for each in raw_manifests(load_app(root), "raw")]


def faults(root: Path) -> list[str]:
    with pytest.raises(AppError) as caught:
        found(root)
    return [str(problem) for problem in caught.value.problems]


def test_each_document_of_each_file_sorted(write_tree: Tree) -> None:
    files = {
        "components/raw/b.yaml": f"# c\n\n{POD % 'b1'}---\n---\n# nothing\n---\n\n{POD % 'b2'}",
        "components/raw/a/z ü.yml": POD % "z",
        "components/raw/a.json": '{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "j"}}',
        "components/raw/empty.yaml": "",
        "components/raw/.git/x.yaml": "[",
        "components/raw/README.md": "[",
    }
    assert found(write_tree({**APP, **files})) == [
        ("Pod", "j", "components/raw/a.json:1"),
        ("Pod", "z", "components/raw/a/z ü.yml:1"),
        ("Pod", "b1", "components/raw/b.yaml:3"),
        ("Pod", "b2", "components/raw/b.yaml:11"),
    ]


def test_lists_are_taken_apart(write_tree: Tree) -> None:
    text = """\
apiVersion: v1
kind: List
items:
- {apiVersion: v1, kind: Pod, metadata: {name: a}}
- apiVersion: apps/v1
  kind: DeploymentList
  items:
  - {apiVersion: apps/v1, kind: Deployment, metadata: {name: b}}
- apiVersion: example.com/v1
  kind: AllowList
  metadata: {name: c}
  items: 5
"""
    root = write_tree({**APP, "components/raw/a.yaml": text})
    assert found(root) == [
        ("Pod", "a", "components/raw/a.yaml:4"),
        ("Deployment", "b", "components/raw/a.yaml:8"),
        ("AllowList", "c", "components/raw/a.yaml:9"),
    ]


def test_values_are_what_kubectl_reads(write_tree: Tree) -> None:
    text = "apiVersion: v1\nkind: ConfigMap\ndata: {a: 0777, b: yes, c: 1e3, 80: x, d: 2001-01-01, e: 1:20}\n"
    (resource,) = raw_manifests(load_app(write_tree({**APP, "components/raw/a.yaml": text})), "raw")
    assert resource.body["data"] == {
        "a": 511,
        "b": True,
        "c": 1000,
        "80": "x",
        "d": "2001-01-01",
        "e": "1:20",
    }
    assert resource.component == "raw"


def test_json_of_several_objects(write_tree: Tree) -> None:
    pod = '{\n\t"apiVersion": "v1",\n\t"kind": "Pod",\n\t"metadata": {"name": "\\ud83d\\ude00\\/"}}'
    root = write_tree({**APP, "components/raw/a.json": f"{pod}\n\n{pod}\n"})
    assert found(root) == [
        ("Pod", "😀/", "components/raw/a.json:1"),
        ("Pod", "😀/", "components/raw/a.json:6"),
    ]


def test_everything_wrong_at_once(write_tree: Tree) -> None:
    files = {
        "components/raw/a.yaml": "- x\n---\ntext\n---\n5\n---\napiVersion: v1\n---\n{apiVersion: v1}\n",
        "components/raw/b.yaml": "a: {]",
        "components/raw/c.yaml": "apiVersion: v1\nkind: List\nitems:\n- x\n- {kind: Pod}\n",
        "components/raw/d.json": '{"a": 1, "a": 2}',
        "components/raw/e.json": '{"a": }',
        "components/raw/f.json": '{"a": NaN}',
        "components/raw/g.json": "[" * 100_000,
        "components/raw/h.json": '[1]{"apiVersion": "v1"}',
    }
    root = write_tree({**APP, **files})
    (root / "components/raw/i.yaml").symlink_to("i.yaml")
    (root / "components/raw/j.json").write_bytes(b"\xff")
    assert faults(root) == [
        "components/raw/a.yaml:1:1: this is a list, not an object",
        "components/raw/a.yaml:3:1: this is a string, not an object",
        "components/raw/a.yaml:5:1: this is an integer, not an object",
        "components/raw/a.yaml:7:1: an object without kind",
        "components/raw/a.yaml:9:1: an object without kind",
        "components/raw/b.yaml:1:5: did not find expected node content (while parsing a flow node)",
        "components/raw/c.yaml:4:3: this is a string, not an object",
        "components/raw/c.yaml:5:3: an object without apiVersion",
        "components/raw/d.json:1:1: the key 'a' is twice in one object",
        "components/raw/e.json:1:7: Expecting value",
        "components/raw/f.json:1:1: NaN is no number that JSON knows",
        "components/raw/g.json:1:1: too many lists and objects in one another",
        "components/raw/h.json:1:1: this is a list, not an object",
        "components/raw/h.json:1:4: an object without kind",
        "components/raw/i.yaml: can't read it: Too many levels of symbolic links",
        "components/raw/j.json:1:1: byte 0xff is not UTF-8: the file is in another encoding, or binary",
    ]
