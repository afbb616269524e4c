"""The size of the big campaigns: random values, faults, kills."""

import os

FACTOR = float(os.environ.get("KFCTL_CAMPAIGN", "0.02"))


def size(full: int) -> int:
    """Return how many cases to run of the `full` number, at least 10."""
    return max(10, int(full * FACTOR))
