"""Files are read without leaving their directory, in bounded size and number."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kfctl.errors import AppError
from kfctl.store.files import reader
from kfctl.store.files.reader import Tree, read_named

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {"app/a.yaml": "a", "app/sub/deep/b.yaml": "b", "elsewhere/c.yaml": "secret"}


@pytest.fixture
def app(write_tree: Callable[..., Path]) -> Path:
    return write_tree(FILES) / "app"


@pytest.mark.parametrize(
    ("link", "target", "path", "content"),
    [
        ("x", "a.yaml", "x", b"a"),
        ("x", "sub", "x/deep/b.yaml", b"b"),
        ("x", "sub/deep/", "x/b.yaml", b"b"),
        ("sub/x", "../a.yaml", "sub/x", b"a"),
        ("sub/deep/x", "../../sub/deep", "sub/deep/x/x/b.yaml", b"b"),
        ("x", "../app/a.yaml", "x", b"a"),
        ("sub/x", "{root}/a.yaml", "sub/x", b"a"),
        ("sub/x", "{root}", "sub/x/sub/deep/b.yaml", b"b"),
    ],
)
def test_link_inside_is_followed(app: Path, link: str, target: str, path: str, content: bytes) -> None:
    (app / link).symlink_to(target.format(root=app))
    assert Tree(app).read(path) == content


@pytest.mark.parametrize(
    ("link", "target", "path"),
    [
        ("x", "../elsewhere/c.yaml", "x"),
        ("x", "../elsewhere/missing.yaml", "x"),
        ("x", "{root}/../elsewhere/c.yaml", "x"),
        ("x", "../elsewhere", "x/c.yaml"),
        ("sub/x", "../../elsewhere", "sub/x/c.yaml"),
        ("x", "..", "x/elsewhere/c.yaml"),
        ("x", "sub/../../elsewhere/c.yaml", "x"),
        ("x", "/dev/zero", "x"),
        ("x", "/", "x/etc/passwd"),
        ("x", "/proc/self/cwd", "x"),
        ("x", "{root}-more/c.yaml", "x"),
    ],
)
def test_link_that_leads_out_is_refused(app: Path, link: str, target: str, path: str) -> None:
    (app / link).symlink_to(target.format(root=app))
    with pytest.raises(AppError) as caught:
        Tree(app).read(path)
    (problem,) = caught.value.problems
    assert problem.where and problem.where.path == link
    assert f"leads out of {app}, to " in problem.message
    with pytest.raises(AppError):
        Tree(app).is_file(path)


def test_chain_of_links_that_leads_out_is_refused(app: Path) -> None:
    (app / "first").symlink_to("sub/second")
    (app / "sub/second").symlink_to("deep/../../../elsewhere/c.yaml")
    with pytest.raises(AppError, match=r"^sub/second: the link leads out"):
        Tree(app).read("first")


def test_link_through_a_link_upwards_is_refused(app: Path) -> None:
    (app / "sub/deep/top").symlink_to("../..")
    (app / "x").symlink_to("sub/deep/top/../elsewhere/c.yaml")  # by its text alone it would stay inside
    with pytest.raises(AppError, match="leads out"):
        Tree(app).read("x")


@pytest.mark.parametrize("path", ["../elsewhere/c.yaml", "sub/../../elsewhere/c.yaml"])
def test_path_upwards_is_refused(app: Path, path: str) -> None:
    with pytest.raises(AppError, match="leads out"):
        Tree(app).read(path)


def test_root_may_be_a_link(app: Path) -> None:
    link = app.parent / "link"
    link.symlink_to("app")
    (app / "x").symlink_to(link / "a.yaml")
    assert Tree(link).read("x") == b"a"


def test_loop_of_links_is_refused(app: Path) -> None:
    (app / "x").symlink_to("y")
    (app / "y").symlink_to("x")
    with pytest.raises(AppError, match="symbolic links"):
        Tree(app).read("x")
    assert not Tree(app).has("x")


def test_only_regular_files_are_read(app: Path) -> None:
    os.mkfifo(app / "pipe")
    for name in ("pipe", "sub", "missing"):
        with pytest.raises(AppError, match=f"^{name}: can't read it"):
            Tree(app).read(name)


def test_file_above_the_limit_is_refused(app: Path) -> None:
    with (app / "large").open("wb") as stream:
        stream.truncate(reader.MAX_FILE_BYTES)
    assert len(Tree(app).read("large")) == reader.MAX_FILE_BYTES
    with (app / "large").open("ab") as stream:
        stream.write(b"x")
    with pytest.raises(AppError, match="larger than 16 MiB"):
        Tree(app).read("large")


def test_files_above_the_limit_together_are_refused(app: Path) -> None:
    for number in range(5):
        with (app / f"sub/{number}").open("wb") as stream:
            stream.truncate(reader.MAX_FILE_BYTES)
    with pytest.raises(AppError, match="larger than 64 MiB together"):
        Tree(app).read_all("sub")


def test_entries_are_limited(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_ENTRIES", 2)
    assert len(Tree(app).entries("")) == 2
    assert list(Tree(app).files_below("sub")) == ["deep/b.yaml"]
    (app / "third").touch()
    for action in (lambda: Tree(app).entries(""), lambda: list(Tree(app).files_below(""))):
        with pytest.raises(AppError, match="more than 2 files"):
            action()


def test_depth_is_limited(app: Path) -> None:
    (app / "/".join("d" * (reader.MAX_DEPTH + 2))).mkdir(parents=True)
    with pytest.raises(AppError, match="more than 32 directories"):
        list(Tree(app).files_below(""))


def test_files_below_follows_no_link_to_a_directory(app: Path) -> None:
    (app / "sub/again").symlink_to("..")
    (app / "sub/file").symlink_to("../a.yaml")
    (app / "sub/.hidden").touch()
    assert sorted(Tree(app).files_below("sub")) == ["deep/b.yaml", "file"]
    (app / "sub/out").symlink_to("../../elsewhere")
    with pytest.raises(AppError, match=r"^sub/out: the link leads out"):
        list(Tree(app).files_below("sub"))


def test_linked_directory_that_leads_out_is_not_listed(app: Path) -> None:
    (app / "out").symlink_to("../elsewhere")
    for action in (lambda: Tree(app).entries("out"), lambda: list(Tree(app).files_below("out"))):
        with pytest.raises(AppError, match=r"^out: the link leads out"):
            action()


def test_missing_directory_has_no_entries(app: Path) -> None:
    assert Tree(app).entries("missing") == [] and list(Tree(app).files_below("missing")) == []


def test_trusted_tree_follows_any_link(app: Path) -> None:
    (app / "x").symlink_to("../elsewhere")
    assert Tree(app, is_trusted=True).read("x/c.yaml") == b"secret"


def test_no_descriptor_is_left_open(app: Path) -> None:
    (app / "sub/x").symlink_to("../../elsewhere/c.yaml")
    before = sorted(Path("/proc/self/fd").iterdir())
    for path in ("sub/x", "sub/deep/b.yaml", "sub/missing/x", "a.yaml/x"):
        Tree(app).has(path)
        Tree(app).entries("sub")
    assert sorted(Path("/proc/self/fd").iterdir()) == before


def test_named_file_may_be_a_link_or_a_pipe(app: Path) -> None:
    (app / "x").symlink_to("../elsewhere/c.yaml")
    assert read_named(str(app / "x")) == b"secret"
    readable, writable = os.pipe()
    os.write(writable, b"piped")
    os.close(writable)
    assert read_named(f"/proc/self/fd/{readable}") == b"piped"
    os.close(readable)


def test_named_file_is_limited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader, "MAX_NAMED_BYTES", reader.MEBIBYTE)
    with pytest.raises(OSError, match="larger than 1 MiB"):
        read_named("/dev/zero")
