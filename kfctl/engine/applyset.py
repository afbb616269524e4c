"""The inventory as an ApplySet (KEP-3659): a Secret that other tools can read, and must leave alone."""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from kfctl.engine.ownership import APP_ID, IDENTITY, MANAGED_BY, PART_OF_SET
from kfctl.errors import AppError, Problem, Refused
from kfctl.model.inventory import GroupKind, Inventory, Run, Spawn
from kfctl.model.resource import Key, at
from kfctl.yamltext.jsontext import JsonError, load_json

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from kfctl.model.plan import Scope
    from kfctl.model.resource import Resource

ID = "applyset.kubernetes.io/id"
TOOLING = "applyset.kubernetes.io/tooling"
KINDS = "applyset.kubernetes.io/contains-group-kinds"
NAMESPACES = "applyset.kubernetes.io/additional-namespaces"
SPAWNED = "kfctl.dev/spawned"
CLUSTER = "kfctl.dev/cluster"
TOOL = "kfctl"

LAST_APPLY = "kfctl.dev/last-apply"
RECORD = "kfctl.dev/record"  # what a Secret of ours is: inventory, revision or chunk
RECORD_OF = "kfctl.dev/record-of"  # the ApplySet's id


def set_id(name: str, namespace: str, kind: str = "Secret", group: str = "") -> str:
    """Return the id that the specification gives to the set of this parent object."""
    digest = hashlib.sha256(f"{name}.{namespace}.{kind}.{group}".encode()).digest()
    return f"applyset-{base64.urlsafe_b64encode(digest).decode().rstrip('=')}-v1"


def inventory_of(scope: Scope) -> Inventory:
    """Return the inventory of an app that owns nothing yet."""
    empty = Inventory("", scope.app, scope.environment, scope.app_id, scope.namespace)
    return replace(empty, id=set_id(empty.name, empty.namespace))


def parent(inventory: Inventory) -> dict[str, Any]:
    """Return the Secret that holds an inventory, as it is applied if nobody has written it meanwhile."""
    run = inventory.run
    if run is None:
        raise ValueError("an inventory is written by a run")
    last = {"run": run.id, "who": run.who, "when": run.when, "finished": inventory.finished}
    if inventory.revision:
        last["revision"] = inventory.revision
    known = {"uid": inventory.uid, "resourceVersion": inventory.version} if inventory.uid else {}
    left = [[identity(each.maker), each.selector, each.component] for each in sorted(inventory.spawned)]
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": inventory.name,
            "namespace": inventory.namespace,
            **known,
            "labels": {ID: inventory.id, **record_labels(inventory.id, "inventory")},
            "annotations": {
                TOOLING: f"{TOOL}/v{run.version}",
                KINDS: ",".join(sorted(map(str, inventory.kinds))),
                NAMESPACES: ",".join(sorted(inventory.namespaces)),
                APP_ID: inventory.app_id,
                **({CLUSTER: inventory.cluster} if inventory.cluster else {}),
                **({SPAWNED: json.dumps(left)} if left else {}),
                LAST_APPLY: json.dumps(last),
            },
        },
    }


def record_labels(inventory_id: str, record: str) -> dict[str, str]:
    """Return the labels of what kfctl itself keeps on a cluster; members of an app carry none of them."""
    return {RECORD: record, RECORD_OF: inventory_id, MANAGED_BY: TOOL}


def read(body: Mapping[str, Any] | None, scope: Scope, *, take_over: bool = False) -> Inventory:
    """Return the inventory that a Secret holds, or raise all that forbids to go on with it."""
    empty = inventory_of(scope)
    if body is None:
        return empty
    found = tolerant(body)
    problems = [*_foreign(body, empty), *_damage(body)]
    if not problems and found.app_id != scope.app_id and not take_over:
        problems = [_other_app(found)]
    if problems:
        raise Refused.of(problems)
    former = found.app_id if found.app_id != scope.app_id else ""
    return replace(found, app_id=scope.app_id, former_id=former)


def tolerant(body: Mapping[str, Any]) -> Inventory:
    """Return what can be read of an inventory, damaged or not: for lists and repairs, never to prune by."""
    name, notes = str(at(body, "metadata", "name")), _annotations(body)
    app, _, environment = name.removeprefix(f"{TOOL}.").partition(".")
    last = _last_apply(notes)
    known = Inventory(
        id=str(at(body, "metadata", "labels", ID) or ""),
        app=app,
        environment=environment,
        app_id=notes.get(APP_ID, ""),
        namespace=str(at(body, "metadata", "namespace") or ""),
        kinds=frozenset(filter(None, map(_group_kind, _parts(notes.get(KINDS, ""))))),
        namespaces=frozenset(_parts(notes.get(NAMESPACES, ""))),
        spawned=frozenset(_spawned(notes)),
        cluster=notes.get(CLUSTER, ""),
        uid=str(at(body, "metadata", "uid") or ""),
        version=str(at(body, "metadata", "resourceVersion") or ""),
    )
    if not last:
        return known
    version = notes.get(TOOLING, "").rpartition("/")[2].removeprefix("v")
    told = {key: str(last.get(key) or "") for key in ("run", "who", "when")}
    run = Run(told["run"], told["who"], told["when"], version)
    revision = last.get("revision")
    return replace(
        known,
        run=run,
        finished=last.get("finished") is True,
        revision=revision if isinstance(revision, int) else 0,
    )


def member(resource: Resource, inventory_id: str) -> Resource:
    """Return an object as a member of the set: labelled, and naming itself."""
    metadata = dict(resource.metadata)
    metadata["labels"] = {**(metadata.get("labels") or {}), PART_OF_SET: inventory_id}
    metadata["annotations"] = {**(metadata.get("annotations") or {}), IDENTITY: identity(resource.key)}
    return resource.with_body({**resource.body, "metadata": metadata})


def members(resources: Iterable[Resource], inventory_id: str) -> tuple[Resource, ...]:
    """Return objects as members of the set; raise for those that a manifest puts into a set already."""
    given = tuple(resources)
    problems = [
        Problem(
            f"{resource.key}{f' ({resource.origin})' if resource.origin else ''}: the manifest holds {mark}",
            hint="kfctl writes that itself: take it out of the manifest",
        )
        for resource in given
        for mark in (f"the label {PART_OF_SET}", f"the annotation {IDENTITY}")
        if mark.rpartition(" ")[2] in _marks(resource)
    ]
    if problems:
        raise AppError.of(problems)
    return tuple(member(resource, inventory_id) for resource in given)


def identity(key: Key) -> str:
    """Return what an object says that it is: a copy of it that a controller makes says the same, wrongly."""
    return "/".join(key)


def overlap(live: Mapping[str, Any], inventory_id: str) -> str:
    """Return the id of the other set that an object on the cluster is in; empty where it is in none."""
    found = str(at(live, "metadata", "labels", PART_OF_SET) or "")
    return "" if found == inventory_id else found


def _marks(resource: Resource) -> frozenset[str]:
    labels, annotations = resource.metadata.get("labels") or {}, resource.metadata.get("annotations") or {}
    return frozenset({PART_OF_SET} & labels.keys() | {IDENTITY} & annotations.keys())


def _foreign(body: Mapping[str, Any], ours: Inventory) -> list[Problem]:
    """Return why a Secret is not this app's record at all."""
    told, tooling = at(body, "metadata", "labels", ID), _annotations(body).get(TOOLING, "")
    where = f"Secret {ours.name} in namespace {ours.namespace}"
    tool = tooling.rpartition("/")[0] or tooling
    if told is None and not tooling:
        hint = "rename it or give the app another name: kfctl keeps its record under this one"
        return [Problem(f"{where} is there and is no inventory", hint=hint)]
    if tool and tool != TOOL:
        hint = f"give the app another name, or remove its objects with {tool} first"
        return [Problem(f"{where} is the ApplySet of another tool, {tooling}", hint=hint)]
    if told not in (None, ours.id):
        hint = "it is a copy of another inventory, which must not be pruned by: remove it"
        return [Problem(f"{where} carries an ApplySet id that is not its own, {told}", hint=hint)]
    return []


def _damage(body: Mapping[str, Any]) -> list[Problem]:
    """Return what the record lacks; what is absent is never taken for consent or for an empty set."""
    if at(body, "metadata", "labels", ID) is None and not _annotations(body).get(TOOLING):
        return []
    notes, found = _annotations(body), []
    if at(body, "metadata", "labels", ID) is None:
        found.append(f"the label {ID} is missing")
    found += [f"the annotation {name} is missing" for name in (TOOLING, APP_ID) if not notes.get(name)]
    if KINDS not in notes:
        found.append(f"the annotation {KINDS} is missing")
    found += [
        f"the annotation {KINDS} holds {part!r}"
        for part in dict.fromkeys(_parts(notes.get(KINDS, "")))
        if _group_kind(part) is None
    ]
    metadata = body.get("metadata") or {}
    where = f"the inventory (Secret {metadata.get('name')} in namespace {metadata.get('namespace')})"
    return [
        Problem(f"{where} is damaged: {fault}", hint="kfctl fsck --repair makes it anew") for fault in found
    ]


def _other_app(found: Inventory) -> Problem:
    last = f"; last applied by {found.run}" if found.run else ""
    return Problem(
        f"another app named {found.app} has environment {found.environment} "
        f"in namespace {found.namespace} (id {found.app_id}){last}",
        hint="give this app another name or namespace; or --take-over, if that app's directory is lost",
    )


def _group_kind(text: str) -> GroupKind | None:
    kind, dot, group = text.partition(".")
    return GroupKind(group, kind) if kind and bool(dot) == bool(group) else None


def _parts(text: str) -> list[str]:
    return [part.strip() for part in text.split(",")] if text.strip() else []


def _spawned(notes: Mapping[str, str]) -> Iterator[Spawn]:
    found = _json(notes, SPAWNED)
    for entry in found if isinstance(found, list) else ():
        match entry:
            # An empty selector or namespace would select everything.
            case [str(maker), str(selector), str(component)] if selector and maker.count("/") == 3:
                key = Key(*maker.split("/"))
                if key.namespace:
                    yield Spawn(key, selector, component)


def _last_apply(notes: Mapping[str, str]) -> dict[str, Any]:
    found = _json(notes, LAST_APPLY)
    return found if isinstance(found, dict) else {}


def _json(notes: Mapping[str, str], name: str) -> Any:
    """Return what an annotation holds, or None where it is absent or damaged."""
    try:
        return load_json(str(notes.get(name, "")))
    except JsonError:
        return None


def _annotations(body: Mapping[str, Any]) -> Mapping[str, str]:
    return at(body, "metadata", "annotations") or {}
