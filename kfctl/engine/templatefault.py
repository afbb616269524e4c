"""Errors of templates, with file, line and hint."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING, NamedTuple

from jinja2 import TemplateNotFound, TemplateSyntaxError, UndefinedError

from kfctl.engine.holes import HoleFault, readable
from kfctl.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence


class Fault(NamedTuple):
    """One error of a template."""

    message: str
    template: str  # its name among the sources
    line: int
    hint: str = ""
    condition: int = -1  # index of the template whose `when` is wrong


class TemplateFault(Exception):
    """A template cannot be rendered."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Take all faults, at least one."""
        super().__init__(faults[0].message)
        self.faults = faults


class UnknownNameError(UndefinedError):
    """A template uses a name that is neither a parameter nor set in it."""

    def __init__(self, name: str, message: str) -> None:
        """Take the name."""
        super().__init__(message)
        self.name = name


class UnknownFilterError(TemplateSyntaxError):
    """A template uses a filter that does not exist."""

    def __init__(self, message: str, lineno: int, name: str | None, hint: str) -> None:
        """Take the place in the template, and the hint."""
        super().__init__(message, lineno, name)
        self.hint = hint


def describe(error: Exception, name: str, known: Collection[str], sources: Collection[str]) -> Fault:
    """Return an error of Jinja or Python as a fault of the template `name`; `known` names are defined."""
    if isinstance(error, MemoryError):
        raise error  # not of a template, but of the process
    template, line = _locate(error, name, sources)
    message, hint = str(error) or type(error).__name__, ""
    if isinstance(error, HoleFault):
        template, line = error.place if error.place[0] else (name, 1)
    elif isinstance(error, TemplateSyntaxError):
        message, template, line = error.message or message, error.name or name, error.lineno
        hint = getattr(error, "hint", "")
    elif isinstance(error, TemplateNotFound):
        message = f"there is no text file '{error.name}' in the prototype's folder"
        hint = did_you_mean(str(error.name), sources)
    elif isinstance(error, RecursionError):
        message = "it goes too deep: a macro that calls itself, or a file that includes itself?"
    elif isinstance(error, SyntaxError):  # of Python, in the code compiled from the template
        message = f"it is nested too deep: {error.msg}"
    elif isinstance(error, UnknownNameError):
        hint = did_you_mean(error.name, known)
    return Fault(readable(message), template, line, readable(hint))


def _locate(error: Exception, name: str, sources: Collection[str]) -> tuple[str, int]:
    """Return the innermost template and line that an error passed through."""
    place = name, 0
    for frame, line in traceback.walk_tb(error.__traceback__):
        if frame.f_code.co_filename in sources:
            place = frame.f_code.co_filename, line
    return place
