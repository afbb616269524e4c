"""Images as one stream that container runtimes import; a layer that several have is in it once."""

import io
import tarfile
from collections.abc import Collection, Iterable
from typing import IO

from tests.images.image import MEDIA, Built, as_json, descriptor, sha256
from tests.images.layers import Blob

NAME = "io.containerd.image.name"


def write(images: Iterable[Built], stream: IO[bytes], there: Collection[str] = ()) -> None:
    """Write images to a pipe, but no layers whose digests are `there`: who reads it has them already."""
    images = list(images)
    with tarfile.open(fileobj=stream, mode="w|", format=tarfile.GNU_FORMAT, bufsize=1 << 20) as archive:
        add(archive, "oci-layout", as_json({"imageLayoutVersion": "1.0.0"}))
        add(archive, "index.json", as_json(index(images)))
        for document in {content for image in images for content in (image.config, image.manifest)}:
            add(archive, blob(sha256(document)), document)
        for layer in dict.fromkeys(layer for image in images for layer in image.layers):
            if layer.digest not in there:
                add_file(archive, layer)


def index(images: Iterable[Built]) -> dict[str, object]:
    """The names of all images, and what they stand for."""
    named = [
        descriptor(f"{MEDIA}.manifest.v1+json", image.digest, len(image.manifest))
        | {"annotations": {NAME: name}}
        for image in images
        for name in image.names
    ]
    return {"schemaVersion": 2, "manifests": named}


def blob(digest: str) -> str:
    """Where the layout keeps what has this digest."""
    return f"blobs/{digest.replace(':', '/')}"


def add(archive: tarfile.TarFile, path: str, content: bytes) -> None:
    """Write a small file."""
    member = tarfile.TarInfo(path)
    member.size = len(content)
    archive.addfile(member, io.BytesIO(content))


def add_file(archive: tarfile.TarFile, layer: Blob) -> None:
    """Write a large file."""
    member = tarfile.TarInfo(blob(layer.digest))
    member.size = layer.size
    with layer.path.open("rb") as file:
        archive.addfile(member, file)
