"""Manifests that are put into an app: all of them and their component, or nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.errors import AppError
from kfctl.store.intake import put, take_in

if TYPE_CHECKING:
    from pathlib import Path


def below(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def test_what_fails_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(AppError, match="File name too long"):
        put(tmp_path, "c", "text", {"a.yaml": b"a", f"{'x' * 300}.yaml": b"b"})
    assert below(tmp_path) == ["components"]


def test_a_killed_import_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    (tmp_path / "components/.kfctl-import-0e5f/more").mkdir(parents=True)
    put(tmp_path, "c", "text", {"more/a.yaml": b"a"})
    assert below(tmp_path / "components") == ["c", "c.yaml", "c/more", "c/more/a.yaml"]


def test_what_is_found(tmp_path: Path) -> None:
    (tmp_path / "notes").write_text("x")
    (tmp_path / ".git").mkdir()
    for name in ("b.yml", "a.yaml", ".git/c.yaml", "d.json"):
        (tmp_path / name).write_text("x")
    found = take_in(tmp_path)
    assert [source.name for source in found.sources] == ["a.yaml", "b.yml", "d.json"]
    assert found.others == ("notes",)
    (single,) = take_in(tmp_path / "notes").sources
    assert (single.name, single.raw, single.path) == ("notes.yaml", b"x", str(tmp_path / "notes"))
