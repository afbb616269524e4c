"""The fields of Kubernetes' built-in kinds, as an API server told them when kfctl was made."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from kfctl.store.files.reader import Tree


@cache
def built_in() -> dict[str, Any]:
    """Return the version of Kubernetes, the type of each kind, and the fields of each type."""
    table: dict[str, Any] = json.loads(Tree(Path(__file__).parent, is_trusted=True).read("kinds.json"))
    return table
