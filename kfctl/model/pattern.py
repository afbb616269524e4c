"""Regular expressions in RE2, the dialect of Kubernetes, matched in linear time."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import re2

MAX_MEMORY = 2**20  # bytes of one compiled pattern and of its matching
MAX_SIZE = MAX_MEMORY // 64  # instructions of one pattern that RE2 allows within that
MAX_SIZES = 5_000_000  # instructions of all different patterns of a command, which take some two seconds
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

    _compiled.require_room(text)
    try:
        pattern = Pattern(re2.compile(text.encode("utf-8", "surrogatepass"), _options()))
    except re2.error as error:
        _compiled.add(text, MAX_SIZE)  # which it takes to find one too large
        raise PatternError(_reason(error)) from None
    _compiled.add(text, pattern.size)
    return pattern


class _Compiled:
    """The different patterns that this process has compiled, and their size together."""

    def __init__(self) -> None:
        self._texts = set[str]()
        self._size = 0

    def require_room(self, text: str) -> None:
        if self._size >= MAX_SIZES and text not in self._texts:
            raise PatternError("it is one of too many large patterns")

    def add(self, text: str, size: int) -> None:
        if text not in self._texts:
            self._texts.add(text)
            self._size += size


_compiled = _Compiled()


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
