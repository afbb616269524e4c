"""The wheel works where nothing else of this project is."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Run a command that must succeed, without our own packages on its path."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command,
        cwd=cwd,
        env={**clean, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built from this checkout."""
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_the_program_and_the_prototypes(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    shipped = {
        f"kfctl/templates/{path.relative_to(ROOT / 'templates').as_posix()}"
        for path in (ROOT / "templates").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert shipped <= names
    assert {f"kfctl/store/skeleton/{name}" for name in ("prototype.yaml", "deployment.yaml.j2")} <= names
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"kfctl"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests/")]


def test_it_works_in_an_empty_environment(wheel: Path, tmp_path: Path) -> None:
    """Takes some ten seconds: what kfctl needs is installed too, from the index or pip's cache."""
    environment = tmp_path / "venv"
    venv.create(environment)
    python = environment / "bin/python"
    pip = (sys.executable, "-m", "pip", "--python", python, "--disable-pip-version-check")
    run(*pip, "install", "--quiet", "--no-compile", wheel, cwd=tmp_path)
    kfctl = environment / "bin/kfctl"
    home = {"HOME": str(tmp_path), "KUBECONFIG": ""}
    assert run(kfctl, "version", cwd=tmp_path, **home).startswith("kfctl ")
    run(kfctl, "init", "app", cwd=tmp_path, **home)
    app = tmp_path / "app"
    run(kfctl, "generate", "tf-serving", "model-server", "--modelPath=/models/mnist", cwd=app, **home)
    assert "service/model-server" in run(kfctl, "show", "-o", "name", cwd=app, **home).split()
    run(kfctl, "prototype", "new", "mine", cwd=app, **home)
    run(kfctl, "generate", "mine", "web", "--image=x", cwd=app, **home)
    assert "nothing wrong" in run(kfctl, "validate", cwd=app, **home)
