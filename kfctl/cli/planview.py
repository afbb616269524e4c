"""A plan as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.cli.console import as_json, paint
from kfctl.model.plan import ABSENT, Action

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from kfctl.model.plan import Change, FieldChange, Plan
    from kfctl.model.resource import Key

# What stands before an object, and in which style.
SIGNS: Mapping[Action, tuple[str, str]] = {
    Action.UNCHANGED: (" ", "dim"),
    Action.CREATE: ("+", "green"),
    Action.UPDATE: ("~", "yellow"),
    Action.REPLACE: ("±", "red"),
    Action.ADOPT: ("»", "cyan"),
    Action.DELETE: ("-", "red"),
    Action.KEEP: ("=", "dim"),
    Action.CONFLICT: ("!", "red"),
    Action.REFUSE: ("!", "red"),
}
_DONE = {
    Action.UNCHANGED: "unchanged",
    Action.CREATE: "to create",
    Action.UPDATE: "to update",
    Action.REPLACE: "to replace",
    Action.ADOPT: "to adopt",
    Action.DELETE: "to delete",
    Action.KEEP: "left as it is",
    Action.CONFLICT: "in conflict",
    Action.REFUSE: "refused",
}
_CONTEXT_LINES = 2
_SHORT = 100


def plan_lines(plan: Plan) -> Iterator[str]:
    """Yield a plan line by line: where it applies, each object with its fields, the sum."""
    scope = plan.scope
    yield f"{scope.app} → {scope.environment}: context {scope.context}, namespace {scope.namespace}"
    if plan.adds_namespace:
        yield paint(f"+ Namespace/{scope.namespace}  (it is not there yet)", "green")
    yield from change_lines(plan.changes, lambda key: key.seen_from(scope.namespace))
    yield ""
    yield summary(plan)


def change_lines(changes: Sequence[Change], name: Callable[[Key], str] = str) -> Iterator[str]:
    """Yield what happens to each object; those that stay as they are, are left out."""
    told = [change for change in changes if change.action is not Action.UNCHANGED]
    for change in (change for change in told if not change.blocked):
        yield from _change(change, name(change.key))
    yield from _why_approximate(told)
    for group in _blocked(told):
        yield from _obstacle(group, name)


def summary(plan: Plan) -> str:
    """Return how many objects there are of each action, in one line."""
    counts = [f"{count} {_DONE[Action(action)]}" for action, count in plan.counts().items()]
    return f"{', '.join(counts)}." if counts else "There are no objects."


def difference(changes: Iterable[Change]) -> str:
    """Return how two environments differ, in one line."""
    actions = [change.action for change in changes]
    words = {Action.UNCHANGED: "the same", Action.UPDATE: "different"}
    words |= {Action.CREATE: "only in the second", Action.DELETE: "only in the first"}
    counts = [f"{actions.count(action)} {words[action]}" for action in words if action in actions]
    return f"{', '.join(counts)}." if counts else "Neither has any objects."


def field_lines(field: FieldChange) -> Iterator[str]:
    """Yield one field: its path, what is there and what is wanted."""
    owner = f"   (set by {field.owner})" if field.owner else ""
    live, wanted = field.live, field.wanted
    if _is_text(live) and _is_text(wanted):
        yield f"{field.path}:{owner}"
        yield from _text_difference(live, wanted)
    elif _is_short(live) and _is_short(wanted):
        yield f"{field.path}: {_between(live, wanted)}{owner}"
    else:
        yield f"{field.path}:{owner}"
        yield from _block(live, "-", "red")
        yield from _block(wanted, "+", "green")


def _change(change: Change, name: str) -> Iterator[str]:
    sign, style = SIGNS[change.action]
    component = change.wanted.component if change.wanted else ""
    notes = [f"({component})" if component else "", "≈" if change.approximate else ""]
    if change.reason and not change.approximate:
        notes.append(f"{change.action.value}: {change.reason}")
    yield paint(f"{sign} {name}", style) + "".join(f"  {paint(note, 'dim')}" for note in notes if note)
    if change.hint:
        yield f"    {paint(change.hint, 'cyan')}"
    for field in change.fields:
        yield from (f"    {line}" for line in field_lines(field))


def _why_approximate(changes: Iterable[Change]) -> Iterator[str]:
    reasons = dict.fromkeys(change.reason for change in changes if change.approximate)
    for reason in reasons:
        yield paint(f"≈ approximate, compared without the server: {reason}", "dim")


def _blocked(changes: Iterable[Change]) -> list[list[Change]]:
    """Return the changes that forbid the apply; those that have the same reason and no fields together."""
    groups: dict[tuple[object, ...], list[Change]] = {}
    for change in (change for change in changes if change.blocked):
        alone = change.key if change.fields else ""
        groups.setdefault((change.action, change.reason, change.hint, alone), []).append(change)
    return list(groups.values())


def _obstacle(group: Sequence[Change], name: Callable[[Key], str]) -> Iterator[str]:
    first = group[0]
    sign, style = SIGNS[first.action]
    for change in group:
        yield paint(f"{sign} {name(change.key)}", style)
        for field in change.fields:
            yield from (f"    {line}" for line in field_lines(field))
    yield f"    {first.action.value}: {first.reason}"
    if first.hint:
        yield paint(f"    {first.hint}", "cyan")


def _between(live: Any, wanted: Any) -> str:
    if live is ABSENT:
        return paint(f"+ {_scalar(wanted)}", "green")
    if wanted is ABSENT:
        return paint(f"- {_scalar(live)}", "red")
    return f"{paint(_scalar(live), 'red')} → {paint(_scalar(wanted), 'green')}"


def _scalar(value: Any) -> str:
    return value if _reads_plain(value) else as_json(value)


def _reads_plain(value: Any) -> bool:
    """Whether a text can't be taken for another type, or for nothing, without quotes."""
    from kfctl.cli.output import plain

    return isinstance(value, str) and plain(value)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value.strip("\n")


def _is_short(value: Any) -> bool:
    if isinstance(value, dict | list):
        return not value
    return not _is_text(value) and len(str(value)) <= _SHORT


def _text_difference(live: str, wanted: str) -> Iterator[str]:
    from difflib import unified_diff

    lines = unified_diff(live.splitlines(), wanted.splitlines(), lineterm="", n=_CONTEXT_LINES)
    styles = {"-": "red", "+": "green", "@": "dim"}
    for line in list(lines)[2:]:
        yield f"  {paint(line, styles[line[0]]) if line[:1] in styles else line}"


def _block(value: Any, sign: str, style: str) -> Iterator[str]:
    if value is ABSENT:
        return
    from kfctl import yamltext

    text = yamltext.dump(value) if isinstance(value, dict | list) else str(value)
    for line in text.rstrip("\n").splitlines():
        yield paint(f"  {sign} {line}", style)
