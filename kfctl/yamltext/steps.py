"""Changes of one document, carried out one after another: by splices, so that all else stays as written."""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.yamltext.keying import key_in
from kfctl.yamltext.renaming import rename_in
from kfctl.yamltext.splice import set_in, unset_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.yamltext.read import Path


class Act(Enum):
    """What a step does."""

    SET = "set"
    UNSET = "unset"
    RENAME = "rename"  # a key: the value is its new name
    KEY = "key"  # a list: the value is the names under which its items become a map


class Step(NamedTuple):
    """One change of what is at `keys`, as the steps before it left that."""

    act: Act
    keys: Path
    value: Any = None


def spliced(text: str, steps: Iterable[Step], path: str = "") -> str:
    """Return the text of a document after all steps; AppError where one of them can't be spliced."""
    for step in steps:
        text = _SPLICES[step.act](text, step, path)
    return text


def changed(value: Any, steps: Iterable[Step]) -> Any:
    """Return a document's value after all steps."""
    for step in steps:
        value = _changed(value, step.keys, step)
    return value


_SPLICES = {
    Act.SET: lambda text, step, path: set_in(text, step.keys, step.value, path),
    Act.UNSET: lambda text, step, path: unset_in(text, step.keys, path),
    Act.RENAME: lambda text, step, path: rename_in(text, step.keys, step.value, path),
    Act.KEY: lambda text, step, path: key_in(text, step.keys, step.value, path),
}


def _changed(value: Any, keys: Path, step: Step) -> Any:
    if not keys:
        return dict(zip(step.value, value, strict=True)) if step.act is Act.KEY else step.value
    first, *rest = keys
    if isinstance(value, list):
        return [_changed(item, tuple(rest), step) if i == first else item for i, item in enumerate(value)]
    if not rest and step.act is Act.UNSET:
        return {key: item for key, item in value.items() if key != first}
    if not rest and step.act is Act.RENAME:
        return {(step.value if key == first else key): item for key, item in value.items()}
    return {**(value or {}), first: _changed((value or {}).get(first), tuple(rest), step)}
