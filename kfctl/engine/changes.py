"""What becomes of an object that is to be taken over: each change with its words and its steps."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from kfctl.yamltext.steps import Act, Step

if TYPE_CHECKING:
    from kfctl.yamltext.read import Path


class Change(NamedTuple):
    """One thing that becomes another, or that can't be carried over."""

    keys: Path  # where it stands in the object as it was
    said: str
    steps: tuple[Step, ...] = ()
    lost: bool = False  # something goes, or has to be done by hand


def moved(key: str, old: str, new: str, why: str = "") -> Change:
    """Return the change of an object's apiVersion or kind."""
    said = f"{key}: {old} → {new}" + (f" ({why})" if why else "")
    return Change((key,), said, (Step(Act.SET, (key,), new),))


def removed(keys: Path, why: str, *, lost: bool = False) -> Change:
    """Return the change that takes something away."""
    return Change(keys, f"{shown(keys)} is left out: {why}", (Step(Act.UNSET, keys),), lost)


def shown(keys: Path) -> str:
    """Return a place in an object as people write it: spec.replicaSpecs[0].template."""
    text = "".join(f"[{key}]" if isinstance(key, int) else f".{key}" for key in keys)
    return text.removeprefix(".")
