"""Regular expressions in RE2, the dialect of Kubernetes, matched in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re2

MAX_MEMORY = 2**20  # bytes of one compiled pattern and of its matching; 16,384 instructions
LOOK_AROUND = "RE2 has no look-around and no backreferences: combine patterns with allOf, anyOf and not"


class PatternError(ValueError):
    """A text is not a pattern of RE2, or is too large when compiled."""


class Pattern:
    """A compiled pattern."""

    __slots__ = ("_compiled", "size")

    def __init__(self, compiled: re2._Regexp) -> None:
        """Wrap a pattern that RE2 compiled."""
        self._compiled = compiled
        self.size: int = compiled.programsize  # in instructions: matching takes at most so many a byte

    def is_in(self, text: str) -> bool:
        """Whether a part of the text matches, as in JSON Schema; `$` is the end of the text alone."""
        # A lone surrogate is no character to RE2, so that no pattern matches it.
        return self._compiled.search(text.encode("utf-8", "surrogatepass")) is not None


@lru_cache(maxsize=256)
def compile_pattern(text: str) -> Pattern:
    """Return a compiled pattern.

    Python's `re` can take exponential time for a pattern such as `^(a+)+$`, so that no pattern of a prototype
    or a CustomResourceDefinition is matched with it.

    Raises:
        PatternError: RE2 does not accept the text.
    """
    import re2  # 6 ms, which only a command that meets a pattern pays

    try:
        return Pattern(re2.compile(text.encode("utf-8", "surrogatepass"), _options()))
    except re2.error as error:
        raise PatternError(_reason(error)) from None


def _options() -> Any:
    import re2

    options = re2.Options()
    options.max_mem = MAX_MEMORY
    options.log_errors = False  # on stderr
    options.never_capture = True
    return options


def _reason(error: Exception) -> str:
    said = error.args[0] if error.args else ""
    text = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
    is_perl = text.startswith(("invalid perl operator", "invalid escape sequence"))
    return f"{text} ({LOOK_AROUND})" if is_perl else text
