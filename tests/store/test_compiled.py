"""Compiled templates are kept for the next run, and run only if they are the user's own and the right."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.show import render_app
from kfctl.engine.generator import Generator
from kfctl.engine.loader import code_key
from kfctl.store import compiled
from kfctl.store.appfiles import load_app
from kfctl.store.compiled import load_codes, save_codes
from tests.store.ownprototype import FILES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    Write = Callable[[Mapping[str, str]], Path]

CODES = {"t.j2": compile("1 + 1", "t.j2", "exec")}


@pytest.fixture(autouse=True)
def cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("cache")
    monkeypatch.setenv("XDG_CACHE_HOME", str(folder))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return folder


def kept(cache: Path) -> Path:
    (path,) = (cache / "kfctl/templates").iterdir()
    return path


def test_what_is_kept_comes_back(cache: Path) -> None:
    save_codes("/templates/x", "key", CODES)
    assert load_codes("/templates/x", "key") == CODES
    assert load_codes("/templates/y", "key") == {}
    assert load_codes("/templates/x", "other key") == {}
    assert kept(cache).stat().st_mode & 0o777 == 0o600
    save_codes("/templates/x", "other key", {})
    assert load_codes("/templates/x", "key") == {}
    assert kept(cache).exists()


@pytest.mark.parametrize("content", [b"", b"key", b"\0" * 100, b"key\n", b"{}\n{}"])
def test_what_is_broken_is_not_run(cache: Path, content: bytes) -> None:
    save_codes("x", "key", CODES)
    kept(cache).write_bytes(content)
    assert load_codes("x", "key") == {}


def test_every_changed_byte_is_seen(cache: Path) -> None:
    save_codes("x", "key", CODES)
    whole = kept(cache).read_bytes()
    for index in range(0, len(whole), 7):
        kept(cache).write_bytes(whole[:index] + bytes([whole[index] ^ 1]) + whole[index + 1 :])
        assert load_codes("x", "key") == {}
    kept(cache).write_bytes(whole)
    assert load_codes("x", "key") == CODES


def test_what_others_may_have_written_is_not_run(cache: Path) -> None:
    save_codes("x", "key", CODES)
    for path in (kept(cache), kept(cache).parent):
        mode = path.stat().st_mode
        path.chmod(mode | 0o020)
        assert load_codes("x", "key") == {}
        path.chmod(mode)
    assert load_codes("x", "key") == CODES
    copy = kept(cache).with_name("copy")
    kept(cache).rename(copy)
    copy.with_name(compiled._path("x").name).symlink_to(copy)
    assert load_codes("x", "key") == {}


def test_without_a_place_to_keep_it_nothing_is_lost(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    (cache / "kfctl").write_text("a file")
    save_codes("x", "key", CODES)
    assert load_codes("x", "key") == {}
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/dev/null")
    save_codes("x", "key", CODES)
    assert load_codes("x", "key") == {}


def test_who_wants_no_byte_code_gets_none(monkeypatch: pytest.MonkeyPatch, cache: Path) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    save_codes("x", "key", CODES)
    assert not list(cache.iterdir())


def test_the_key_changes_with_whatever_the_code_depends_on(monkeypatch: pytest.MonkeyPatch) -> None:
    first = code_key({"a.j2": "x", "b.j2": "y"})
    assert first == code_key({"b.j2": "y", "a.j2": "x", "program.py": "z"})
    others = [
        {"a.j2": "x", "b.j2": "z"},
        {"a.j2": "x"},
        {"a.j2": "xb.j2", "": "y"},
        {"c.j2": "x", "b.j2": "y"},
    ]
    assert first not in {code_key(sources) for sources in others}

    def visit_Block(self: Any, node: Any, frame: Any) -> None:
        self.fail("another generator", node.lineno)

    monkeypatch.setattr(Generator, "visit_Block", visit_Block)
    assert first != code_key({"a.j2": "x", "b.j2": "y"})


def test_a_second_show_compiles_nothing_and_sees_every_change(write_tree: Write, cache: Path) -> None:
    component = "apiVersion: kfctl/v1\nkind: Component\nprototype: own\nparams: {image: i}\n"
    template = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: {{ name }}}\ndata: {team: {{ team }}}\n"
    root = write_tree(
        {
            **FILES,
            "kfctl.yaml": "apiVersion: kfctl/v1\nkind: App\nname: shop\nid: '1'\n",
            "environments/default.yaml": "apiVersion: kfctl/v1\nkind: Environment\n",
            "components/web.yaml": component,
            "prototypes/own/deployment.yaml.j2": template,
            "prototypes/own/service.yaml.j2": "",
        }
    )
    first = render_app(load_app(root), "default")
    written = kept(cache).stat().st_mtime_ns
    assert [r.body for r in render_app(load_app(root), "default")] == [r.body for r in first]
    assert kept(cache).stat().st_mtime_ns == written
    (root / "prototypes/own/deployment.yaml.j2").write_text(template.replace("team:", "crew:"))
    (changed,) = render_app(load_app(root), "default")
    assert changed.body["data"] == {"crew": "vision"}
