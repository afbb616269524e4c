"""What was measured, as a table that goes into the docs as it is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.measure import Cost


@dataclass(frozen=True)
class Row:
    """One thing measured: kfctl's cost, what it is held against, and the ratio to reach (0: none set)."""

    what: str
    kfctl: Cost
    against: Cost
    target: float = 0.0

    @property
    def ratio(self) -> float:
        """How many times the other's time kfctl takes."""
        return self.kfctl.seconds / self.against.seconds


HEADER = (
    "| what | kfctl | against | ratio | to reach | memory, MB | requests |\n|---|---|---|---|---|---|---|"
)


def line(row: Row) -> str:
    """Return one row of the table."""
    target = f"{row.target:.2f} {'✓' if row.ratio <= row.target else '✗'}" if row.target else "–"
    memory = f"{row.kfctl.megabytes:.0f} / {row.against.megabytes:.0f}"
    counted = f"{row.kfctl.requests:,} / {row.against.requests:,}" if row.kfctl.requests else "–"
    return (
        f"| {row.what} | {seconds(row.kfctl)} | {row.against.name} {seconds(row.against)} "
        f"| **{row.ratio:.2f}** | {target} | {memory} | {counted} |"
    )


def seconds(cost: Cost) -> str:
    """Return the median, with the fastest and slowest run where there are several."""
    low, high = cost.spread
    return f"{cost.seconds:.3f}" + (f" ({low:.3f}–{high:.3f})" if low < high else "")
