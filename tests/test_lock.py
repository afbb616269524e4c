"""The lock files: every requirement is pinned with hashes, and a file with another hash is refused."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packaging.requirements import Requirement

from tests.cluster import pypi
from tests.cluster.cache import HarnessError
from tests.images.npm import MANIFESTS

if TYPE_CHECKING:
    from collections.abc import Iterable

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
REQUIREMENTS = {
    ROOT / "requirements-dev.lock": (
        *PROJECT["project"]["dependencies"],
        *PROJECT["dependency-groups"]["dev"],
        *PROJECT["build-system"]["requires"],
    ),
    **{pypi.lock_file(name): each.wanted for name, each in pypi.REQUIREMENTS.items()},
}
PIN = re.compile(r"([A-Za-z0-9._-]+)==(\S+)[^\\]*((?:\\\n\s+--hash=sha256:[0-9a-f]{64}\s*)+)")
LOCKS = pytest.mark.parametrize("lock", REQUIREMENTS, ids=lambda lock: lock.name)


def pinned(lock: Path) -> dict[str, str]:
    """Versions by package; every line of the file belongs to one that has hashes, or is a comment."""
    text = "".join(f"{line}\n" for line in lock.read_text().splitlines() if not line.startswith("#"))
    assert not PIN.sub("", text).strip()
    return {normalized(found[1]): found[2] for found in PIN.finditer(text)}


def normalized(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


@LOCKS
def test_lock_pins_every_requirement_with_hashes(lock: Path) -> None:
    versions = pinned(lock)
    assert unmet(REQUIREMENTS[lock], versions) == [], "run: make lock"


def unmet(requirements: Iterable[str], versions: dict[str, str]) -> list[str]:
    parsed = [(normalized(each.name), each) for each in map(Requirement, requirements)]
    return [
        str(each)
        for name, each in parsed
        if name not in versions or not each.specifier.contains(versions[name])
    ]


def test_unmet_requirement_is_found() -> None:
    assert unmet(["a>=2", "b", "C_d<2"], {"a": "1.0", "c-d": "1.9"}) == ["a>=2", "b"]


def test_packages_with_private_imports_have_an_upper_bound() -> None:
    requirements = {
        normalized(each.name): each for each in map(Requirement, PROJECT["project"]["dependencies"])
    }
    sources = (path.read_text(encoding="utf-8") for path in (ROOT / "kfctl").rglob("*.py"))
    private = {
        found for text in sources for found in re.findall(r"^\s*(?:from|import) (\w+)[\w.]*\._\w", text, re.M)
    }
    assert "typer" in private
    private -= {"kfctl"}
    assert [name for name in private if "<" not in str(requirements[name].specifier)] == []


def test_npm_lock_has_a_hash_for_every_package() -> None:
    manifest, lock = (json.loads(path.read_text(encoding="utf-8")) for path in MANIFESTS)
    root, *packages = lock["packages"].values()
    assert root["dependencies"] == manifest["dependencies"]
    assert packages
    assert [each for each in packages if not each.get("integrity") or each.get("resolved")] == []


@pytest.mark.parametrize("tampered", [False, True], ids=["as locked", "tampered"])
def test_install_refuses_a_wheel_with_another_hash(
    tampered: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wheel = tmp_path / "demo-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        info = "demo-1.0.dist-info"
        archive.writestr("demo.py", "")
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: demo\nVersion: 1.0\n")
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", "")
    digest = "0" * 64 if tampered else hashlib.sha256(wheel.read_bytes()).hexdigest()
    (tmp_path / "demo.txt").write_text(f"demo==1.0 --hash=sha256:{digest}\n")
    monkeypatch.setattr(pypi, "LOCKS", tmp_path)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(tmp_path))
    target = tmp_path / "installed"
    if not tampered:
        pypi.install("demo", "--target", target)
        assert (target / "demo.py").exists()
        return
    with pytest.raises(HarnessError, match="DO NOT MATCH THE HASHES"):
        pypi.install("demo", "--target", target)
    assert not target.exists()
