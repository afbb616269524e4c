"""Files are changed whole, and never through a link that leads out."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kfctl.errors import AppError
from kfctl.store.files import writer

if TYPE_CHECKING:
    from collections.abc import Callable

FILES = {"app/a.yaml": "a", "elsewhere/c.yaml": "precious", "elsewhere/d/e.yaml": "precious"}


@pytest.fixture
def app(write_tree: Callable[..., Path]) -> Path:
    root = write_tree(FILES) / "app"
    (root / "out").symlink_to("../elsewhere")
    (root / "file").symlink_to("../elsewhere/c.yaml")
    (root / "new").symlink_to("../elsewhere/new")
    return root


def contents(folder: Path) -> dict[str, str]:
    return {str(path): path.read_text() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize(
    "change",
    [
        lambda root: writer.write_file(root, "file", "x"),
        lambda root: writer.write_file(root, "new", "x"),
        lambda root: writer.write_file(root, "out/c.yaml", "x"),
        lambda root: writer.write_file(root, "out/more/x.yaml", "x"),
        lambda root: writer.write_new(root, "out/x.yaml", b"x"),
        lambda root: writer.write_new(root, "new", b"x"),
        lambda root: writer.write_output(root, "file", b"x"),
        lambda root: writer.write_output(root, "out/c.yaml", b"x"),
        lambda root: writer.write_private(root, "file", "x"),
        lambda root: writer.write_private(root, "new", "x"),
        lambda root: writer.write_private(root, "out/x", "x"),
        lambda root: writer.create_directory(root, "out/x"),
        lambda root: writer.create_directory(root, "new"),
        lambda root: writer.remove(root, "out/c.yaml"),
        lambda root: writer.remove(root, "out/d"),
        lambda root: writer.rename(root, "out/c.yaml", "c.yaml"),
        lambda root: writer.rename(root, "a.yaml", "out/a.yaml"),
        lambda root: writer.remove_leftovers(root, "out", "c"),
    ],
)
def test_change_through_a_link_that_leads_out_is_refused(app: Path, change: Callable[[Path], None]) -> None:
    before = contents(app.parent)
    with pytest.raises(AppError):
        change(app)
    assert contents(app.parent) == before
    assert sorted(path.name for path in app.iterdir()) == ["a.yaml", "file", "new", "out"]


def test_remove_takes_the_link_and_not_its_target(app: Path) -> None:
    for name in ("out", "file", "new"):
        writer.remove(app, name)
    assert [path.name for path in app.iterdir()] == ["a.yaml"]
    assert (app.parent / "elsewhere/c.yaml").read_text() == "precious"


def test_temporary_file_can_not_be_planted(app: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "urandom", lambda count: bytes(count))  # as if the name had been guessed
    (app / f"{writer.TEMPORARY}{bytes(8).hex()}").symlink_to("../elsewhere/c.yaml")
    with pytest.raises(AppError, match="File exists"):
        writer.write_private(app, "plan", "x")
    assert (app.parent / "elsewhere/c.yaml").read_text() == "precious"


def test_directory_named_like_a_temporary_file_does_not_matter(app: Path) -> None:
    (app / f"{writer.TEMPORARY}x").mkdir()
    writer.write_file(app, "a.yaml", "new")
    assert (app / "a.yaml").read_text() == "new"


def test_private_file_can_be_read_by_its_owner_only(app: Path) -> None:
    (app / "plan").write_text("old")
    (app / "plan").chmod(0o644)
    writer.write_private(app, "plan", "new")
    assert (app / "plan").read_text() == "new"
    assert (app / "plan").stat().st_mode & 0o777 == 0o600


def test_output_that_is_the_same_is_left_alone(app: Path) -> None:
    before = (app / "a.yaml").stat()
    assert not writer.write_output(app, "a.yaml", b"a")
    assert (app / "a.yaml").stat() == before
    assert writer.write_output(app, "a.yaml", b"b") and (app / "a.yaml").read_text() == "b"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("rendered", ("app", "rendered")),
        ("./sub/../rendered/x", ("app", "rendered/x")),
        ("../other", (".", "other")),
        ("../missing/deep/x", (".", "missing/deep/x")),
        (".", (".", "app")),
    ],
)
def test_named_path_is_confined_inside_the_app(
    app: Path, monkeypatch: pytest.MonkeyPatch, path: str, expected: tuple[str, str]
) -> None:
    monkeypatch.chdir(app)
    base, rest = writer.confined(Path.cwd(), path)
    assert (os.path.relpath(base, app.parent), rest) == expected
