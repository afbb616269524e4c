"""A text of several documents, each of them edited by itself."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

from kfctl.yamltext.read import documents
from kfctl.yamltext.steps import spliced

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from kfctl.yamltext.steps import Step

_START = re.compile(r"^---(?=\s|\Z)", re.MULTILINE)  # at the start of a line it can be nothing else


def edited(text: str, steps: Mapping[int, Sequence[Step]], path: str = "") -> str:
    """Return a text after the steps in its documents (empty ones don't count); AppError where that fails."""
    bounds = [0, *(match.start() for match in _START.finditer(text)), len(text)]
    pieces = [text[start:end] for start, end in pairwise(bounds)]
    number = 0
    for index, piece in enumerate(pieces):
        held = len(documents(piece, path))
        if held and number in steps:
            pieces[index] = spliced(piece, steps[number], path)
        number += held
    return "".join(pieces)
