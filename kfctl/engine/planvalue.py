"""A plan as a value for programs; values of secrets are masked in it already."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from kfctl.model.plan import ABSENT

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kfctl.model.plan import Change, FieldChange, Plan


def plan_value(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON has it."""
    return {
        "scope": {_camel(key): value for key, value in asdict(plan.scope).items()},
        "summary": plan.counts(),
        "differs": plan.differs,
        "refused": plan.forbidden,
        "changes": changes_value(plan.changes),
        "warnings": list(plan.warnings),
    }


def changes_value(changes: Iterable[Change]) -> list[dict[str, Any]]:
    """Return changes as JSON has them."""
    return [
        {
            "action": change.action.value,
            **change.key._asdict(),
            "component": change.wanted.component if change.wanted else "",
            "approximate": change.approximate,
            "reason": change.reason,
            "hint": change.hint,
            "fields": [_field_value(field) for field in change.fields],
        }
        for change in changes
    ]


def _field_value(field: FieldChange) -> dict[str, Any]:
    values = {"live": field.live, "wanted": field.wanted}
    given = {name: value for name, value in values.items() if value is not ABSENT}
    return {"path": field.path, **given, **({"owner": field.owner} if field.owner else {})}


def _camel(name: str) -> str:
    first, *rest = name.split("_")
    return first + "".join(part.capitalize() for part in rest)
