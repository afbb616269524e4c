"""Everything kfctl can tell its user went wrong."""

from __future__ import annotations

from contextlib import contextmanager
from enum import IntEnum
from itertools import islice, repeat
from typing import TYPE_CHECKING, ClassVar, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


class ExitCode(IntEnum):
    """What the process tells the shell."""

    OK = 0
    APP = 1
    USAGE = 2
    CLUSTER = 4
    REFUSED = 5
    NOT_READY = 6
    DIFFERENT = 10  # ksonnet's number for "diff found something"
    INTERRUPTED = 130


class Location(NamedTuple):
    """A place in a file; line and column count from 1, 0 means unknown."""

    path: str
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        """Return the form that editors and terminals make clickable: ``path:line:column``."""
        return ":".join([self.path, *(str(n) for n in (self.line, self.column) if n)])


class Problem(NamedTuple):
    """One fault: what is wrong, where, and what to do about it."""

    message: str
    where: Location | None = None
    hint: str = ""
    manifest: str = ""  # YAML that the hint speaks of, to be saved or piped into kubectl

    def __str__(self) -> str:
        """Return ``where: message``."""
        return f"{self.where}: {self.message}" if self.where else self.message


class KfctlError(Exception):
    """An error the user can act on; `problems` holds every fault of the input, not only the first."""

    code: ClassVar[str] = "error"
    exit_code: ClassVar[ExitCode] = ExitCode.APP

    def __init__(
        self,
        message: str,
        *,
        where: Location | None = None,
        hint: str = "",
        problems: Sequence[Problem] = (),
    ) -> None:
        """Make an error of one fault, or of several `problems` under the heading `message`."""
        self.message = message
        self.problems = tuple(problems) or (Problem(message, where, hint),)
        super().__init__(message)

    def __str__(self) -> str:
        """Return the faults, one a line."""
        return "\n".join(str(problem) for problem in self.problems)

    @classmethod
    def of(cls, problems: Sequence[Problem]) -> KfctlError:
        """Return one error that carries all `problems`; there must be at least one."""
        return cls(problems[0].message, problems=problems)


class UsageError(KfctlError):
    """A flag or an argument is wrong."""

    code = "usage"
    exit_code = ExitCode.USAGE


class AppError(KfctlError):
    """The app's files are wrong, missing or can't be written."""

    code = "app"


class ParameterError(AppError):
    """A parameter is unknown, missing, of the wrong type or against a rule of its prototype."""

    code = "parameter"


class TemplateError(AppError):
    """A prototype's template is wrong."""

    code = "template"


class Cause(NamedTuple):
    """One of the causes that the server gives for its answer, such as a field that another manager owns."""

    reason: str = ""
    field: str = ""
    message: str = ""


class Answer(NamedTuple):
    """What the server said: the HTTP status and the fields of the Status object in the body."""

    status: int
    reason: str = ""
    message: str = ""
    causes: tuple[Cause, ...] = ()
    kind: str = ""  # what the answer is about: the plural that the server calls it by
    name: str = ""


class ClusterError(KfctlError):
    """The cluster can't be reached or answered with an error."""

    code = "cluster"
    exit_code = ExitCode.CLUSTER
    answer: Answer | None = None  # None where no answer came


class Unreachable(ClusterError):
    """No answer: the server is down, the network is, or a time-out passed."""

    code = "unreachable"


class Forbidden(ClusterError):
    """The server knows who asks, and that it may not (HTTP 403)."""

    code = "forbidden"


class Unauthorized(ClusterError):
    """The server does not know who asks (HTTP 401)."""

    code = "unauthorized"


class NotFound(ClusterError):
    """There is no such object, or no such kind (HTTP 404)."""

    code = "not-found"


class Conflict(ClusterError):
    """Another manager owns a field, or the object changed meanwhile (HTTP 409)."""

    code = "conflict"


class Invalid(ClusterError):
    """The server understood the object and does not accept it (HTTP 400, 422)."""

    code = "invalid"


class Refused(KfctlError):
    """A guard said no: nothing was written."""

    code = "refused"
    exit_code = ExitCode.REFUSED


class NotReady(KfctlError):
    """Everything was applied, not everything became ready."""

    code = "not-ready"
    exit_code = ExitCode.NOT_READY


_COMPARABLE = 100  # characters of a name
_COMPARED = 1000  # candidates
_suggestions: Iterator[None] = repeat(None)  # has an item for each call that may still compare


@contextmanager
def limit_suggestions(number: int = 200) -> Iterator[None]:
    """Let `did_you_mean` compare so many times only: a file may hold any number of wrong names."""
    global _suggestions
    before, _suggestions = _suggestions, repeat(None, number)
    try:
        yield
    finally:
        _suggestions = before


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return ``did you mean X?`` for the nearest of the known names, or an empty string.

    Names of more than 100 characters are left out, as are candidates after the first 1,000 (comparing two
    takes time in proportion to the product of their lengths), and names beyond `limit_suggestions`.
    """
    from difflib import get_close_matches  # 3 ms that only a failing command pays

    if len(name) > _COMPARABLE or next(_suggestions, 0) == 0:
        return ""
    by_folded = {
        candidate.lower().replace("-", "").replace("_", ""): candidate
        for candidate in islice(known, _COMPARED)
        if len(candidate) <= _COMPARABLE
    }
    near = get_close_matches(name.lower().replace("-", "").replace("_", ""), by_folded, n=1, cutoff=0.6)
    return f"did you mean {by_folded[near[0]]}?" if near else ""
