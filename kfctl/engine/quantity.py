"""Kubernetes quantities as numbers: 0.5 and 500m are one."""

from __future__ import annotations

import re
from fractions import Fraction
from typing import Any

from kfctl.model.resource import is_custom

_BINARY = {f"{letter}i": Fraction(1024) ** power for power, letter in enumerate("KMGTPE", start=1)}
_DECIMAL = {
    **{letter: Fraction(1000) ** power for power, letter in enumerate("kMGTPE", start=1)},
    **{letter: Fraction(1, 1000**power) for power, letter in enumerate("mun", start=1)},
    "": Fraction(1),
}
_SUFFIXES = {**_BINARY, **_DECIMAL}
_FORM = re.compile(r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))(?:([KMGTPE]i|[numkMGTPE]?)|[eE]([+-]?[0-9]{1,3}))")

MAX_LENGTH = 1000  # characters; no quantity of an object comes near, and Python reads 4,300 digits at most

# Where built-in kinds hold quantities: by the names of the last three fields of a path, "" for any.
_PLACES = (
    ("resources", "limits", ""),
    ("resources", "requests", ""),
    ("", "overhead", ""),
    ("", "capacity", ""),
    ("", "hard", ""),
    *(("limits", name, "") for name in ("max", "min", "default", "defaultRequest", "maxLimitRequestRatio")),
    ("", "target", "value"),
    ("", "target", "averageValue"),
    ("", "emptyDir", "sizeLimit"),
    ("", "resourceFieldRef", "divisor"),
)


def quantity(value: Any) -> Fraction | None:
    """Return the number that a quantity stands for, or None where it is none."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    text = str(value)
    found = _FORM.fullmatch(text) if len(text) <= MAX_LENGTH else None
    if not found:
        return None
    number, suffix, exponent = found.groups()
    factor = Fraction(10) ** int(exponent) if exponent else _SUFFIXES[suffix or ""]
    return Fraction(number) * factor


def holds_quantity(group: str, path: tuple[str, ...]) -> bool:
    """Whether a field of a kind of `group` is a quantity, which the server may write another way."""
    if is_custom(group):
        return False  # a custom resource is stored as it is written
    last = ("", "", *path)[-3:]
    return any(all(want in ("", name) for want, name in zip(place, last, strict=True)) for place in _PLACES)


def same_quantity(left: Any, right: Any) -> bool:
    """Whether two values are quantities of one size."""
    number = quantity(left)
    return number is not None and number == quantity(right)
