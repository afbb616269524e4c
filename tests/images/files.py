"""Layers of a few files that are kept beside this module."""

import shutil
from pathlib import Path

from tests.images.layers import Layer

HERE = Path(__file__).parent


def files(name: str, places: dict[str, str]) -> Layer:
    """A layer with files of ours, given as path in the image → path beside this module."""

    def fill(root: Path) -> None:
        for place, source in places.items():
            path = root / place.lstrip("/")
            path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(HERE / source, path)
            path.chmod(0o755)

    texts = [f"{place}\n{(HERE / source).read_text()}" for place, source in sorted(places.items())]
    return Layer(name, tuple(texts), fill)


def package(place: str, source: str) -> dict[str, str]:
    """The modules of a package beside this module, for `files`: they go below `place`."""
    folder = HERE / source
    modules = sorted(folder.glob("*.py"))
    return {f"{place}/{folder.name}/{module.name}": f"{source}/{module.name}" for module in modules}
