"""The Dockerfile that the tutorial's page shows makes the image that the tests run."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

from tests.images.catalog import DIGITS, IMAGES, TRAINER
from tests.images.files import HERE

PAGE = Path(__file__).parents[2] / "docs" / "tutorial.md"
NAME = "registry.example.com/digits:1.0"


def instructions() -> dict[str, str]:
    """What the page's Dockerfile says, by its instructions."""
    (text,) = re.findall(r"^```dockerfile\n(.*?)^```$", PAGE.read_text(encoding="utf-8"), re.M | re.S)
    lines = text.replace("\\\n", "").splitlines()
    return {word: " ".join(rest.split()) for word, _, rest in (line.partition(" ") for line in lines)}


def test_it_is_the_image_that_the_tests_run() -> None:
    told = instructions()
    assert list(told) == ["FROM", "RUN", "COPY", "ENTRYPOINT"]
    images = {name: image for image in IMAGES for name in image.names}
    base, image = images[f"docker.io/{told['FROM']}"], images[NAME]
    assert image.layers == (*base.layers, DIGITS, TRAINER)
    assert tuple(json.loads(told["ENTRYPOINT"])) == image.entrypoint


def test_its_package_is_the_one_of_the_tests_and_its_file_is_where_the_program_looks() -> None:
    (install, take, remove) = (shlex.split(part) for part in instructions()["RUN"].split(" && "))
    *pip, folder, package = install
    assert pip == ["pip", "install", "--no-deps", "--target"]
    file, place = take[2:]
    assert take[:2] == ["install", "-D"]
    assert DIGITS.recipe[1:3] == (package, file.removeprefix(f"{folder}/"))
    assert f'Path("{place}")' in (HERE / "copied-in" / "train_digits.py").read_text()
    assert place == f"/opt/{DIGITS.name}/{Path(file).name}"
    assert remove == ["rm", "-r", folder]


def test_the_program_is_where_it_is_started() -> None:
    name, folder = instructions()["COPY"].split()
    (copied,) = TRAINER.recipe
    assert copied == f"{folder}{name}\n{(HERE / 'copied-in' / name).read_text()}"
