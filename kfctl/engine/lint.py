"""What is wrong with a prototype before it is rendered: defaults, conditions, every branch of a template."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kfctl.engine.render import Renderer
from kfctl.engine.resolve import faults_of_defaults

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Problem
    from kfctl.model.prototype import Prototype


def lint(prototype: Prototype, sources: Mapping[str, str]) -> list[Problem]:
    """Return every fault of a prototype that can be seen without values for its parameters."""
    return [*faults_of_defaults(prototype), *Renderer(prototype, sources).faults()]
