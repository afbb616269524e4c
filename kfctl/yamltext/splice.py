"""Set or remove one value in YAML text (for now by printing it anew; the splices follow)."""

from __future__ import annotations

import copy
from typing import Any

from kfctl.errors import AppError
from kfctl.yamltext.emit import dump
from kfctl.yamltext.read import Path, load


def with_value(root: Any, keys: Path, value: Any) -> Any:
    """Return a copy of `root` in which `keys` is `value`; missing and null parents become maps."""
    root = copy.deepcopy(root) if root is not None else {}
    at = root
    for key in keys[:-1]:
        if at.get(key) is None:
            at[key] = {}
        at = at[key]
    at[keys[-1]] = copy.deepcopy(value)
    return root


def without(root: Any, keys: Path) -> Any:
    """Return a copy of `root` without the value at `keys`."""
    root = copy.deepcopy(root)
    at = root
    for key in keys[:-1]:
        at = at[key]
    del at[keys[-1]]
    return root


def set_in(text: str, keys: Path, value: Any, path: str = "") -> str:
    """Return `text` with `value` at `keys`, and everything else as it was."""
    return dump(with_value(load(text, path), keys, value))


def unset_in(text: str, keys: Path, path: str = "") -> str:
    """Return `text` without the value at `keys`, and everything else as it was."""
    try:
        return dump(without(load(text, path), keys))
    except (KeyError, TypeError, IndexError):
        raise AppError(f"{'.'.join(map(str, keys))} is not set") from None
