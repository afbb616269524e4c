"""The images by hand: python -m tests.images makes them all and lists them."""

import sys

from tests.cluster.cache import HarnessError, say
from tests.cluster.node import debian
from tests.images import catalog


def main() -> int:
    """Make all images and print their names and sizes."""
    try:
        debian.prepare()
        for image in catalog.built():
            size = sum(layer.size for layer in image.layers)
            print(f"{size / 1e6:8.0f} MB  {', '.join(image.names)}")
    except (HarnessError, OSError) as error:
        say(f"error: {error}")
        return 1
    return 0


sys.exit(main())
