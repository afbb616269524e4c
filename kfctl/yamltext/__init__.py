"""YAML text in, text out: read with positions, set or remove one value, print."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from kfctl.yamltext.lines import Lines, decode, position
from kfctl.yamltext.read import Located, documents, load, load_all, load_located
from kfctl.yamltext.reader import Reader

if TYPE_CHECKING:
    from kfctl.yamltext.emit import dump, dump_all
    from kfctl.yamltext.splice import set_in, unset_in

__all__ = [
    "Lines",
    "Located",
    "Reader",
    "decode",
    "documents",
    "dump",
    "dump_all",
    "load",
    "load_all",
    "load_located",
    "position",
    "set_in",
    "unset_in",
]

# Every command reads; what prints and edits is imported by those that do.
_LATER = {"dump": "emit", "dump_all": "emit", "set_in": "splice", "unset_in": "splice"}


def __getattr__(name: str) -> object:
    """Import what few commands need when it is asked for."""
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_LATER[name]}"), name)
