"""Random edits of random files: each is right or refused, and touches no line that it need not."""

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

from hypothesis import assume, event, given, settings
from hypothesis import strategies as st

from kfctl.errors import AppError
from kfctl.yamltext import Located, load, load_located, set_in, unset_in
from kfctl.yamltext.lines import next_line
from kfctl.yamltext.splice import same
from tests.campaign import size
from tests.yamltext.layouts import Layout
from tests.yamltext.values import scalars, texts

Path = tuple[str | int, ...]

keys = st.one_of(st.sampled_from(["name", "replicas", "image", "args", "a", "b", "modelPath"]), texts)
leaves = st.one_of(
    st.sampled_from(["x", "two words", "a\nb\n", " a\n\nb", 1, True, None, 1.5, {}, []]), scalars
)
trees = st.recursive(
    leaves,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(keys, inner, max_size=4)),
    max_leaves=10,
)
roots = st.dictionaries(keys, trees, max_size=5)


@dataclass(frozen=True)
class Change:
    """An edit to try: `value` is ABSENT to remove."""

    text: str
    keys: Path
    value: Any


ABSENT = object()


@st.composite
def changes(draw: st.DrawFn, sharing: bool = False) -> Change:
    """A file and an edit: over a value, below a value, new in a map, or away."""
    value = draw(roots)
    layout = Layout(Random(draw(st.integers(0, 2**32))), sharing=sharing)
    text = layout.text(value)
    text += "" if reads_as(text, value) else layout.eol  # a block at the end may need its last line break
    assert reads_as(text, value), text
    places = [path for path, _ in paths(value)]
    where = draw(st.sampled_from(places))
    kind = draw(st.sampled_from(["replace", "below", "remove"]))
    if kind == "below":
        where = (*where, *draw(st.lists(keys, min_size=1, max_size=2)))
    assume(where)
    return Change(text, where, ABSENT if kind == "remove" else draw(trees))


def reads_as(text: str, value: Any) -> bool:
    try:
        return same(load(text), value)
    except AppError:
        return False


def paths(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    yield path, value
    if isinstance(value, dict | list):
        for key, item in value.items() if isinstance(value, dict) else enumerate(value):
            yield from paths(item, (*path, key))


def changed(value: Any, keys: Path, new: Any) -> Any:
    """The value with `new` at `keys`, built without kfctl's own code; ABSENT where that can't be."""
    if not keys:
        return new
    key, *rest = keys
    if isinstance(key, str) and (value is None or isinstance(value, dict)):
        items = dict(value or {})
        items[key] = changed(items.get(key), tuple(rest), new)
        if items[key] is ABSENT:
            del items[key]
        return items
    if isinstance(key, int) and isinstance(value, list):
        items = [
            changed(item, tuple(rest), new) if index == key else item for index, item in enumerate(value)
        ]
        return [item for item in items if item is not ABSENT]
    raise LookupError


@settings(max_examples=size(10_000), deadline=None)
@given(changes())
def test_no_edit_is_wrong(change: Change) -> None:
    before = load(change.text)
    try:
        wanted = changed(before, change.keys, change.value)
    except LookupError:
        event("refused: no map")
        assert_refused(change)
        return
    after = carried_out(change)
    assert same(load(after), wanted), after
    check_lines(change, after)


@settings(max_examples=size(2_000), deadline=None)
@given(changes(sharing=True))
def test_no_edit_of_a_file_with_anchors_is_wrong(change: Change) -> None:
    try:
        wanted = changed(load(change.text), change.keys, change.value)
        after = carried_out(change)
    except (LookupError, AppError) as error:
        event(f"refused: {type(error).__name__}")
        assert_refused(change)
    else:
        event("done")
        assert same(load(after), wanted), after


def carried_out(change: Change) -> str:
    if change.value is ABSENT:
        return unset_in(change.text, change.keys)
    return set_in(change.text, change.keys, change.value)


def assert_refused(change: Change) -> None:
    try:
        carried_out(change)
    except AppError as error:
        assert all(problem.where for problem in error.problems)
    else:
        raise AssertionError("this can not be done")


def check_lines(change: Change, after: str) -> None:
    """Check that the lines before and after those of the edited value are what they were, byte for byte."""
    old = load_located(change.text, "f.yaml")
    text = change.text
    depth = next((n for n in range(len(change.keys), 0, -1) if has(old, change.keys[:n])), 0)
    if change.value is ABSENT:
        parent = old.value_at(*change.keys[:-1])
        if len(parent) == 1 or is_flow(old, change.keys[:-1]):
            depth -= 1  # what holds it is written anew, or loses a comma
    start, end = lines_of(old, change.keys[:depth], text)
    parent = old.value_at(*change.keys[:depth])
    new = change.value is not ABSENT and depth < len(change.keys)
    if new and parent and isinstance(parent, dict) and not is_flow(old, change.keys[:depth]):
        head, tail = common(text, after)
        assert head + tail >= len(text.rstrip("\r\n")), after  # a new key in a block: nothing is lost at all
        return
    if change.value is ABSENT:
        start, end = with_blank_lines(text, start, end)
    assert after.startswith(text[:start]) or not text[end:].strip(), after
    assert after.endswith(text[end:]) or not text[end:].strip(), after


def has(old: Located, keys: Path) -> bool:
    try:
        old.value_at(*keys)
    except (LookupError, TypeError):
        return False
    return True


def is_flow(old: Located, keys: Path) -> bool:
    return any(
        bool(entry and getattr(entry.start, "flow_style", False))
        for entry in (old.entry(*keys[:n]) for n in range(len(keys) + 1))
    )


def lines_of(old: Located, keys: Path, text: str) -> tuple[int, int]:
    """Return where the lines of a value start and end, its key's line included."""
    shift = len(text) - len(text.removeprefix("\ufeff"))
    entry = old.entry(*keys)
    if entry is None:
        return 0, len(text)
    first = (entry.key or entry.start).start_mark.index + shift
    if entry.key is None and keys and not is_flow(old, keys[:-1]):
        first = text.rfind("-", 0, first)
    marks = [entry.start.end_mark.index, *ends(old, keys)]
    last = max(marks) + shift
    start = max(text.rfind(end, 0, first) for end in "\n\r\x85\u2028\u2029") + 1
    return start, next_line(text, max(last - 1, first))


def ends(old: Located, keys: Path) -> Iterator[int]:
    value, entry = old.value_at(*keys), old.entry(*keys)
    if entry is not None and (not isinstance(value, dict | list) or entry.start.flow_style):
        yield entry.end.end_mark.index
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        yield from ends(old, (*keys, key))


def with_blank_lines(text: str, start: int, end: int) -> tuple[int, int]:
    start = len(text[:start].rstrip(" \t\r\n"))
    return start, end + len(text[end:]) - len(text[end:].lstrip(" \t\r\n"))


def common(one: str, other: str) -> tuple[int, int]:
    """Return how many characters two texts share at the start, and then at the end."""
    head = next(
        (n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
    pairs = zip(reversed(one[head:]), reversed(other[head:]), strict=False)
    tail = next((n for n, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)) - head)
    return head, tail
