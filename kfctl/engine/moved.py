"""What has moved since a plan was saved: the saved plan and the one made now in, every difference out.

What counts is what would be done. A controller that goes on writing an object's status, or an autoscaler its
number of replicas, moves nothing: the object is the same one and the same fields would change the same way.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from kfctl.engine.compare import compare
from kfctl.engine.mask import Mask
from kfctl.errors import Problem
from kfctl.model.plan import ABSENT
from kfctl.model.resource import Key

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    Content = Mapping[str, Any]

_TOKEN = re.compile(r"\(secret [0-9a-f]{8}\)")  # masked anew in every run
_PLAIN = Mask(b"")


def moved(before: Content, now: Content) -> tuple[Problem, ...]:
    """Return what is not as it was; empty: the plan can be carried out."""
    elsewhere = tuple(_elsewhere(before, now))
    return elsewhere or (*_files(before, now), *_cluster(before, now))


def _elsewhere(before: Content, now: Content) -> Iterator[Problem]:
    """Yield why the plan is not about this app on this cluster at all."""
    for what, was, is_ in (
        ("app", before["app"], now["app"]),
        ("environment", before["environment"], now["environment"]),
        ("namespace", before["namespace"]["name"], now["namespace"]["name"]),
        ("cluster", _cluster_of(before), _cluster_of(now)),
    ):
        if was != is_:
            yield Problem(f"the plan is for {what} {_words(was)}, this is {what} {_words(is_)}")


def _cluster_of(content: Content) -> Any:
    """Return by what a cluster is known: contexts have other names elsewhere."""
    return content["cluster"]["uid"] or content["cluster"]["server"]


def _files(before: Content, now: Content) -> Iterator[Problem]:
    """Yield where the app's files say something else than when the plan was made."""
    was, is_ = _wanted(before), _wanted(now)
    for key in dict.fromkeys((*was, *is_)):
        if key not in is_:
            yield Problem(f"{key}: the plan has it, the app no longer does", hint=_source(was[key]))
        elif key not in was:
            yield Problem(f"{key}: the app has it, the plan does not", hint=_source(is_[key]))
        else:
            told = _differences(was[key]["wanted"], is_[key]["wanted"])
            yield from (Problem(f"{key}: {each}", hint=_source(is_[key])) for each in told)
    if before["secrets"]["digest"] != now["secrets"]["digest"]:
        yield Problem("a secret parameter, or the data of a Secret, is another than when the plan was made")


def _differences(was: Content, now: Content) -> Iterator[str]:
    found = compare(was, now, _PLAIN)
    for each in found:
        yield f"{each.path}: the plan has {_words(each.live)}, the app {_words(each.wanted)}"
    if was != now and not found:
        yield "the app no longer has it as the plan does"


def _wanted(content: Content) -> dict[Key, Content]:
    return {key: change for key, change in _changes(content).items() if change["wanted"] is not None}


def _changes(content: Content) -> dict[Key, Content]:
    return {Key(*(each[part] for part in Key._fields)): each for each in content["changes"]}


def _source(change: Content) -> str:
    name = change["component"]
    return f"component {name}, its overrides or its prototype was changed after the plan was made"


def _cluster(before: Content, now: Content) -> Iterator[Problem]:
    """Yield where the cluster is not as the plan saw it."""
    if before["namespace"]["missing"] != now["namespace"]["missing"]:
        words = {True: "not there", False: "there"}
        was, is_ = (words[content["namespace"]["missing"]] for content in (before, now))
        yield Problem(f"Namespace/{now['namespace']['name']}: it was {was}, it is {is_}")
    if before["record"] != now["record"]:
        yield Problem("another run has written the app's record after the plan was made")
    seen, found = _changes(before), _changes(now)
    for key in dict.fromkeys((*seen, *found)):
        yield from (Problem(f"{key}: {told}") for told in _object(seen.get(key), found.get(key)))


def _object(was: Content | None, now: Content | None) -> Iterator[str]:
    if was is None or now is None:
        known = was or now or {}
        if known["wanted"] is None:  # else the app's files differ, which is told
            yield (
                "it was part of the plan, and is gone" if was else f"it would be {_DONE[known['action']]} now"
            )
        return
    if was["action"] != now["action"]:
        why = f": {now['reason']}" if now["reason"] else ""
        yield f"it {_seen(was)} and was to be {_DONE[was['action']]}; now it {_seen(now)}, {_would(now)}{why}"
    elif was["action"] not in _UNTOUCHED and was["live"] and now["live"]:
        yield from _touched(was, now)


def _touched(was: Content, now: Content) -> Iterator[str]:
    """Yield what of an object that is going to change is not as it was."""
    if was["live"]["uid"] != now["live"]["uid"]:
        yield "it was deleted and made anew after the plan was made"
        return
    if was["live"]["resourceVersion"] == now["live"]["resourceVersion"]:
        return
    before, after = _fields(was), _fields(now)
    for path in dict.fromkeys((*before, *after)):
        yield from _field(path, before.get(path), after.get(path))
    alike = before == after and not _same_generation(was, now)
    if alike and (was["action"] == "delete" or _holds_secrets(was)):
        versions = [each["live"]["resourceVersion"] for each in (was, now)]
        yield f"it was changed after the plan was made: resourceVersion {versions[0]}, now {versions[1]}"


def _field(path: str, was: Content | None, now: Content | None) -> Iterator[str]:
    if was is None and now is not None:
        yield f"{path}: it is {_of(now, 'live')} now, and would become {_of(now, 'wanted')}"
    elif was is not None and now is None:
        yield f"{path}: {_was(was)}; now it would stay as it is"
    elif was is not None and now is not None and was != now:
        yield f"{path}: {_was(was)}; it is {_of(now, 'live')} and would become {_of(now, 'wanted')}"


def _was(field: Content) -> str:
    return f"it was {_of(field, 'live')} and was to become {_of(field, 'wanted')}"


def _same_generation(was: Content, now: Content) -> bool:
    """Whether only its status was written: not every kind counts its generations."""
    return was["live"]["generation"] is not None and was["live"]["generation"] == now["live"]["generation"]


def _fields(change: Content) -> dict[str, Any]:
    told = json.loads(_TOKEN.sub("(secret)", json.dumps(change["fields"])))
    return {each["path"]: each for each in told}


def _holds_secrets(change: Content) -> bool:
    return bool(_TOKEN.search(json.dumps(change["fields"])))


def _of(field: Content, side: str) -> str:
    return _words(field.get(side, ABSENT))


def _seen(change: Content) -> str:
    return "is there" if change["live"] else "is not there"


def _would(change: Content) -> str:
    return f"and would be {_DONE[change['action']]}"


def _words(value: Any) -> str:
    if value is ABSENT:
        return "nothing"
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:79]}…"


_UNTOUCHED = frozenset({"unchanged", "keep", "create"})
_DONE = {
    "unchanged": "left as it is",
    "create": "created",
    "update": "updated",
    "replace": "replaced",
    "adopt": "adopted",
    "delete": "deleted",
    "keep": "kept",
    "conflict": "in conflict",
    "refuse": "refused",
}
