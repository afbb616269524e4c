"""What an object's status says of itself: its conditions, and which generation it is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.model.resource import at, number

if TYPE_CHECKING:
    from collections.abc import Mapping

    Body = Mapping[str, Any]


def conditions(body: Body) -> dict[str, Body]:
    """Return the conditions by type; those of an older generation of the object are left out."""
    return {str(found.get("type")): found for found in _listed(body) if not _is_old(found, body)}


def is_outdated(body: Body) -> bool:
    """Return whether a condition is about an older generation of the object: its controller is behind."""
    return any(_is_old(found, body) for found in _listed(body))


def _listed(body: Body) -> list[Body]:
    listed = at(body, "status", "conditions")
    return [found for found in (listed if isinstance(listed, list) else ()) if isinstance(found, dict)]


def _is_old(condition: Body, body: Body) -> bool:
    generation = number(at(body, "metadata", "generation"))
    return number(condition.get("observedGeneration"), generation) < generation


def observed(body: Body, *, must_tell: bool) -> bool:
    """Return whether the status is about the object as it is now; of some kinds it must tell that."""
    generation = number(at(body, "metadata", "generation"))
    told = at(body, "status", "observedGeneration")
    return not must_tell if told is None else number(told, generation) >= generation


def true(found: Mapping[str, Body], *types: str) -> Body | None:
    """Return the first condition of these types that is true, or None."""
    return next((found[t] for t in types if found.get(t, {}).get("status") == "True"), None)


def words(condition: Any) -> str:
    """Return a condition's reason and message in one line."""
    reason, message = (
        str(at(condition, "reason") or ""),
        " ".join(str(at(condition, "message") or "").split()),
    )
    return f"{reason}: {message}" if reason and message else reason or message
