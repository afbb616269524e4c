"""The cache of compiled templates: private, and never used for another text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.show import render_app
from kfctl.engine import sandbox
from kfctl.engine.render import Renderer
from kfctl.errors import TemplateError
from kfctl.store.appfiles import load_app
from kfctl.store.catalog import catalog
from kfctl.store.compiled import TemplateCache, template_cache
from tests.store.ownprototype import FILES
from tests.templates.rendering import app_of, every_example, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Write = Callable[[Mapping[str, str]], Path]

COMPILER = Path(sandbox.__file__)


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return where compiled templates are kept in this test."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(sys, "dont_write_bytecode", False)
    return tmp_path / "cache/kfctl/compiled"


def outcome(name: str, sources: Mapping[str, str], cache: TemplateCache | None) -> Any:
    """Return what the first example of a prototype renders to, or the error."""
    params = next(example.params for of, example in every_example() if of == name)
    values = resolved(name, params).plain() | {"component": "c", "app": "a", "environment": "e"}
    try:
        return [r.body for r in Renderer(catalog().get(name), sources, cache).render(values)]
    except TemplateError as error:
        return error.problems


@pytest.mark.parametrize("name", catalog().names())
def test_edited_file_is_compiled_again(name: str) -> None:
    cache = template_cache(COMPILER)
    assert cache
    sources = catalog().sources(catalog().get(name))
    before = outcome(name, sources, cache)
    changed = set()
    for file, text in sources.items():
        edited = {**sources, file: text + ("\n{{ edited }}\n" if file.endswith(".j2") else "\n# edited\n")}
        after = outcome(name, edited, cache)
        assert after == outcome(name, edited, None)
        changed |= {file} if after != before else set()
    assert changed.issuperset(t.file for t in catalog().get(name).templates if not t.when)
    assert outcome(name, sources, cache) == before


def test_imported_file_of_an_app_is_compiled_again(write_tree: Write, directory: Path) -> None:
    root = write_tree(
        {
            **FILES,
            "kfctl.yaml": "apiVersion: kfctl/v1\nkind: App\nname: shop\nid: '1'\n",
            "environments/default.yaml": "apiVersion: kfctl/v1\nkind: Environment\n",
            "components/web.yaml": "apiVersion: kfctl/v1\nkind: Component\nprototype: own\n"
            "params: {image: i}\n",
            "prototypes/own/deployment.yaml.j2": "{% from 'lib.txt' import image %}\n{% include 'more' %}\n"
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {image: {{ image() }}}\n",
            "prototypes/own/lib.txt": "{% macro image() %}first{% endmacro %}",
            "prototypes/own/more": "",
            "prototypes/own/service.yaml.j2": "",
        }
    )
    assert [r.body["data"] for r in render_app(load_app(root), "default")] == [{"image": "first"}]
    (root / "prototypes/own/lib.txt").write_text("{% macro image() %}second{% endmacro %}")
    (root / "prototypes/own/more").write_text("extra: {{ 1 }}\n")
    (edited,) = render_app(load_app(root), "default")
    assert (edited.body["data"], edited.body["extra"]) == ({"image": "second"}, 1)
    assert not directory.exists()  # compiled templates of an app are not kept


def test_second_render_compiles_nothing(directory: Path) -> None:
    app = app_of("tensorboard", {"logDir": "gs://bucket/logs"})
    first = [r.body for r in render_app(app, "default")]
    written = {file: file.stat().st_mtime_ns for file in directory.iterdir()}
    assert written
    assert [r.body for r in render_app(app, "default")] == first
    assert {file: file.stat().st_mtime_ns for file in directory.iterdir()} == written
    assert directory.stat().st_mode & 0o777 == 0o700


def test_other_compiler_compiles_again(directory: Path, tmp_path: Path) -> None:
    other = tmp_path / "sandbox.py"
    other.write_bytes(COMPILER.read_bytes() + b"# changed\n")
    caches = [template_cache(path) for path in (COMPILER, other)]
    sums = {cache.get_source_checksum("a") for cache in caches if cache}
    assert len(sums) == 2


def test_cache_that_others_can_write_is_not_used(directory: Path) -> None:
    assert template_cache(COMPILER)
    for path, mode in ((directory, 0o770), (directory, 0o755), (directory.parent.parent, 0o777)):
        before = path.stat().st_mode
        path.chmod(mode)
        assert template_cache(COMPILER) is None
        path.chmod(before)
    assert template_cache(COMPILER)
    moved = directory.rename(directory.with_name("moved"))
    directory.symlink_to(moved)
    assert template_cache(COMPILER) is None


def test_broken_cache_is_written_again(directory: Path) -> None:
    sources = catalog().sources(catalog().get("tensorboard"))
    before = outcome("tensorboard", sources, template_cache(COMPILER))
    for file in directory.iterdir():
        file.write_bytes(file.read_bytes()[:-20])
    assert outcome("tensorboard", sources, template_cache(COMPILER)) == before


def test_render_needs_no_cache(monkeypatch: pytest.MonkeyPatch, directory: Path) -> None:
    directory.parent.parent.mkdir()
    directory.parent.write_text("a file")
    assert template_cache(COMPILER) is None
    monkeypatch.setenv("XDG_CACHE_HOME", "relative")
    monkeypatch.setenv("HOME", "/dev/null")
    assert template_cache(COMPILER) is None
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    monkeypatch.setenv("XDG_CACHE_HOME", str(directory))
    assert template_cache(COMPILER) is None
    assert not directory.exists()
