"""What the error of a dry run says: who owns a field, what can't be changed, what can't be tried."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.errors import Conflict, Forbidden, Invalid, NotFound

if TYPE_CHECKING:
    from kfctl.errors import Answer, Cause, ClusterError

_OWNER = re.compile(r'conflict with "([^"]*)"(?: with subresource "([^"]*)")?')
_IMMUTABLE = re.compile(
    r"immutable|may not be? ?changed?|cannot change|can't be changed|updates? to .*forbidden|may not change"
    r"|are forbidden|is forbidden to change|cannot be changed",
    re.IGNORECASE,
)

# What stands in the way of a new object only while the old one is there, or under another name.
_IN_THE_WAY = re.compile(r"exceeded quota|\balready\b|metadata\.name")
_WHOLE = frozenset({"", "<nil>"})  # the field of a fault in the object as such

# Why a dry run can't be made, by the server's words: the comparison is then made without it.
_UNTRIABLE = (
    ("does not support dry run", "an admission webhook takes no dry runs"),
    ("failed calling webhook", "an admission webhook does not answer"),
    ("conversion webhook for", "the conversion webhook of its kind does not answer"),
)
RIGHT_MISSING = "the right to patch it is missing"
_REFUSALS = (Invalid, Forbidden, Conflict, NotFound)


@dataclass(frozen=True)
class Claim:
    """A field that another manager owns."""

    path: str  # as the server names it
    owner: str


def untriable(error: ClusterError) -> str:
    """Return why the dry run could not be made; empty where it could, and said no."""
    said = error.message
    if lacks_right(error):
        return RIGHT_MISSING
    return next((why for part, why in _UNTRIABLE if part in said), "")


def lacks_right(error: ClusterError) -> bool:
    """Whether the server says that this user may not (not that the object may not be so)."""
    return isinstance(error, Forbidden) and bool(re.search(r"\bcannot \w+ resource\b", error.message))


def says_no(error: ClusterError) -> bool:
    """Whether the server has judged the object, rather than failed to."""
    return isinstance(error, _REFUSALS)


def claims(answer: Answer | None) -> tuple[Claim, ...]:
    """Return the fields that other managers own, from the answer to an apply that was not forced."""
    causes = answer.causes if answer else ()
    return tuple(Claim(c.field, _owner(c.message)) for c in causes if c.reason == "FieldManagerConflict")


def immutable(answer: Answer | None) -> tuple[str, ...]:
    """Return the fields that can't be changed in place; empty where that is not all that is wrong."""
    if answer is None or answer.status != 422 or not answer.causes:
        return ()
    if not all(map(_is_fixed, answer.causes)):
        return ()
    return tuple(dict.fromkeys("it" if c.field in _WHOLE else c.field for c in answer.causes))


def faults(error: ClusterError) -> str:
    """Return what is wrong with an object by the server's words, less the fields that are only fixed.

    Of these the server quotes all that they hold.
    """
    causes = error.answer.causes if error.answer else ()
    left = [cause for cause in causes if not _is_fixed(cause)]
    if not left or len(left) == len(causes):
        return error.message
    return "; ".join(dict.fromkeys(f"{cause.field}: {cause.message}" for cause in left))


def refuses_new(error: ClusterError) -> bool:
    """Whether the server would not take the object as a new one either."""
    judged = isinstance(error, Invalid | Forbidden) and not untriable(error)
    return judged and not _IN_THE_WAY.search(error.message)


def _is_fixed(cause: Cause) -> bool:
    # A policy names no field: what it forbids, it forbids of a new object, too.
    return bool(cause.field and _IMMUTABLE.search(cause.message))


def _owner(message: str) -> str:
    found = _OWNER.search(message)
    if not found:
        return message
    return f"{found[1]} (through {found[2]})" if found[2] else found[1]
