"""The size of the big campaigns: random values, faults, kills."""

import os

FACTOR = float(os.environ.get("KFCTL_CAMPAIGN", "0.02"))


def size(full: int, least: int = 10) -> int:
    """Return how many cases to run of the `full` number, but no fewer than `least`."""
    return max(least, int(full * FACTOR))
