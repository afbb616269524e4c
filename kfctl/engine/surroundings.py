"""What a judgement of an object's health may take into account besides the object."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Surroundings:
    """The time, the object's pods, and what the user waits for."""

    now: float  # seconds since 1970
    pods: tuple[Mapping[str, Any], ...] = ()
    wait_for_jobs: bool = False
    binding_modes: Mapping[str, str] = field(default_factory=dict)  # by StorageClass
