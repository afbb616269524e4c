"""An image: layers, how its program is started, and its names."""

import hashlib
import json
import platform
from collections.abc import Mapping
from dataclasses import dataclass, field

from tests.images.layers import Blob, Layer

MEDIA = "application/vnd.oci.image"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Image:
    """What an image is made of."""

    names: tuple[str, ...]
    layers: tuple[Layer, ...]
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    user: str = ""
    folder: str = "/"


@dataclass(frozen=True)
class Built:
    """An image as it is stored: its layers and two small documents."""

    names: tuple[str, ...]
    layers: tuple[Blob, ...]
    config: bytes
    manifest: bytes

    @property
    def digest(self) -> str:
        """What the names of the image stand for."""
        return sha256(self.manifest)


def built(image: Image) -> Built:
    """Make the image's layers as far as they are not there, and its documents."""
    layers = tuple(layer.built() for layer in image.layers)
    configuration = as_json(config(image, layers))
    descriptors = [descriptor(f"{MEDIA}.layer.v1.tar", layer.digest, layer.size) for layer in layers]
    manifest = {
        "schemaVersion": 2,
        "mediaType": f"{MEDIA}.manifest.v1+json",
        "config": descriptor(f"{MEDIA}.config.v1+json", sha256(configuration), len(configuration)),
        "layers": descriptors,
    }
    return Built(image.names, layers, configuration, as_json(manifest))


def config(image: Image, layers: tuple[Blob, ...]) -> dict[str, object]:
    """How a container of the image is started, and which layers it stands on."""
    start = {
        "Entrypoint": list(image.entrypoint),
        "Cmd": list(image.command),
        "Env": [f"{name}={value}" for name, value in image.environment.items()],
        "User": image.user,
        "WorkingDir": image.folder,
    }
    return {
        "architecture": ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": start,
        "rootfs": {"type": "layers", "diff_ids": [layer.digest for layer in layers]},
    }


def descriptor(media: str, digest: str, size: int) -> dict[str, object]:
    """How one document names another."""
    return {"mediaType": media, "digest": digest, "size": size}


def as_json(value: object) -> bytes:
    """The one text of a value."""
    return json.dumps(value, sort_keys=True).encode()


def sha256(content: bytes) -> str:
    """The name of some bytes."""
    return f"sha256:{hashlib.sha256(content).hexdigest()}"
