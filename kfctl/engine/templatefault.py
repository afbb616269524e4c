"""What Jinja and Python raise in a template, as a fault with its file, line and a hint."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from jinja2 import TemplateNotFound, TemplateSyntaxError

from kfctl.engine.filters import FILTERS, OURS
from kfctl.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterable

NO_FILTER = re.compile(r"No filter named '(\w+)'")
UNKNOWN = re.compile(r"'(\w+)' is not a parameter")


class TemplateFault(Exception):
    """A template is wrong: what, in which file, on which line, and what to do."""

    def __init__(self, message: str, template: str, line: int, hint: str = "") -> None:
        """Say it."""
        super().__init__(message)
        self.template, self.line, self.hint = template, line, hint


def template_fault(
    error: Exception, name: str, known: Iterable[str], sources: Iterable[str]
) -> TemplateFault:
    """Return what an error says, where the template `name` was rendered; `known` are the names it may use."""
    template, line = _place(error, name)
    message, hint = str(error) or type(error).__name__, ""
    if isinstance(error, TemplateSyntaxError):
        message, template, line = error.message or message, error.name or name, error.lineno
        if no_filter := NO_FILTER.match(message):
            there = sorted({*FILTERS, *OURS, "tojson"})
            hint = did_you_mean(no_filter[1], there) or f"there are {', '.join(there)}"
    elif isinstance(error, TemplateNotFound):
        message = f"there is no text file '{error.name}' in the prototype's folder"
        hint = did_you_mean(str(error.name), sources)
    elif isinstance(error, RecursionError):
        message = "it goes too deep: a macro that calls itself, or a file that includes itself?"
    elif isinstance(error, SyntaxError):  # of Python's, about the code that was made of the template
        message = f"it is nested too deep: {error.msg}"
    elif unknown := UNKNOWN.match(message):
        hint = did_you_mean(unknown[1], known)
    return TemplateFault(message, template, line, hint)


def _place(error: Exception, name: str) -> tuple[str, int]:
    """Return the innermost template and its line that an error went through."""
    place, trace = (name, 0), error.__traceback__
    while trace:
        template = trace.tb_frame.f_globals.get("__jinja_template__")
        if template is not None and template.name:
            place = template.name, template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return place
