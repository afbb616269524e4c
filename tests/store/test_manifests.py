"""Raw manifests are read as kubectl would, each object with the place it comes from."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError, Problem
from kfctl.store.appfiles import load_app, raw_manifests
from kfctl.store.manifests import Parts, _json_documents, documents_in, objects_in
from kfctl.yamltext.reader import MAX_PROBLEMS
from tests.campaign import size
from tests.work import CountedText, assert_linear

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


@pytest.mark.parametrize("name", ["all.json", "all.yaml"])
def test_json_stream_is_read_whatever_the_file_is_called(name: str) -> None:
    raw = b'{"kind": "A", "x": "\\ud83d\\ude00"}\n{"kind": "B", "x": "a\\/b"}{"kind": "C"}'
    assert [each.value for each in documents_in(raw, name)] == [
        {"kind": "A", "x": "\U0001f600"},
        {"kind": "B", "x": "a/b"},
        {"kind": "C"},
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
        "components/raw/e.json:1:7: expecting value",
        "components/raw/f.json:1:1: NaN and Infinity are no numbers that JSON knows",
        "components/raw/g.json:1:1: it is nested too deep",
        "components/raw/h.json:1:1: this is a list, not an object",
        "components/raw/h.json:1:4: an object without kind",
        "components/raw/i.yaml: can't read it: Too many levels of symbolic links",
        "components/raw/j.json:1:1: byte 0xff is not UTF-8: the file is in another encoding, or binary",
    ]


def make_json(number: int) -> Callable[[], object]:
    text = '{"apiVersion": "v1"}\n' * number
    return lambda: [each.place() for each in documents_in(text.encode(), "a.json")]


def test_json_documents_take_linear_work() -> None:
    assert_linear(make_json, 200)


def test_json_documents_are_not_copied() -> None:
    text = CountedText("{}\n" * 1_000)
    assert len(list(_json_documents(text, "a.json"))) == 1_000
    assert text.copied <= len(text)


def test_many_faulty_documents_are_not_read_to_the_end() -> None:
    text = "[]" * 10_000 + "{ broken"
    problems: list[Problem] = []
    with pytest.raises(AppError):
        list(objects_in(_json_documents(text, "a.json"), problems))
    assert len(problems) == MAX_PROBLEMS


def test_links_to_one_large_file_are_limited(write_tree: Tree, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree({**APP, "large": "# " + "x" * 1_000})
    (root / "components/raw").mkdir(exist_ok=True)
    for number in range(10):
        (root / f"components/raw/{number}.yaml").symlink_to("../../large")
    monkeypatch.setattr("kfctl.store.manifests.MAX_TREE_BYTES", 5_000)
    with pytest.raises(AppError, match="larger than"):
        raw_manifests(load_app(root), "raw")


def test_a_key_twice_among_many_is_found_with_linear_work() -> None:
    def make(number: int) -> Callable[[], object]:
        keys = ", ".join(f'"a{key}": 1' for key in range(number))
        return lambda: refused(f'{{{keys}, "a{number - 1}": 2}}'.encode(), "a.json")

    assert_linear(make, 200)


def test_places_of_parts_take_one_reading_of_the_file(write_tree: Tree) -> None:
    def make(number: int) -> Callable[[], object]:
        root = write_tree({**APP, "components/raw/a.yaml": "---\n".join([POD % "x"] * number)})
        app = load_app(root)
        pods = raw_manifests(app, "raw")

        def places() -> list[object]:
            parts = Parts(app)
            return [parts.at(pod, ("metadata", "name")) for pod in pods]

        return places

    assert_linear(make, 20)


def refused(raw: bytes, path: str) -> bool:
    """Whether reading ends with an error of ours; any other exception is a failure."""
    try:
        list(objects_in(documents_in(raw, path, places=True), []))
    except AppError:
        return True
    return False


PIECES = [
    *'{}[]",:-&*<>|!?#% \n\t\\',
    *("a", "1", "1e999", "9" * 4_400, ".inf", "NaN", "null", "1_0", "0x1F", "é", "\0", "\u2028", "\ud800"),
    "\\ud800",
    *("&a ", "*a", "<<: *a\n", "--- ", "---\n", "%TAG ! x\n", "!!float ", "!!int ", "- ", "a: "),
    *("kind: List\n", "items: ", '{"kind": "List", "items": [', "[" * 250, '{"a":' * 250),
]


@settings(max_examples=size(10_000, least=100), deadline=None)
@given(st.lists(st.sampled_from(PIECES)).map("".join), st.sampled_from(["a.yaml", "a.json"]))
@example("a: !!float 1" + "0" * 400, "a.yaml")
@example("[" * 100_000, "a.json")
@example("1" * 5_000, "a.json")
@example('{"a": "\\ud800"}', "a.json")
def test_no_file_ends_in_a_traceback(text: str, path: str) -> None:
    refused(text.encode("utf-8", "surrogatepass"), path)
