"""Objects that are not the app's, around it, in every disguise that may take them for the app's."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.proof.things import PORT, RULE, thing, widget, workload

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from random import Random

    from tests.proof.world import World

    Body = dict[str, Any]
    Marks = dict[str, Any]

APP_ID, IDENTITY = "kfctl.dev/app-id", "kfctl.dev/identity"
SET = "applyset.kubernetes.io/part-of"
AT_REST = 2.0  # seconds without a change after which controllers have done with new objects
CLAIM = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}

# What an object is besides its name.
NAMESPACED: tuple[tuple[str, str, str, Body], ...] = (
    ("", "v1", "ConfigMap", {"data": {"n": "1"}}),
    ("", "v1", "Secret", {"stringData": {"n": "1"}}),
    ("", "v1", "ServiceAccount", {}),
    ("", "v1", "Service", {"spec": {"clusterIP": "None", "selector": {"app": "other"}, "ports": [PORT]}}),
    ("", "v1", "PersistentVolumeClaim", {"spec": CLAIM}),
    ("apps", "v1", "Deployment", workload("other", replicas=0)),
    ("apps", "v1", "StatefulSet", workload("other", replicas=0)),
    ("rbac.authorization.k8s.io", "v1", "Role", {"rules": [RULE]}),
    ("networking.k8s.io", "v1", "NetworkPolicy", {"spec": {"podSelector": {}}}),
    ("policy", "v1", "PodDisruptionBudget", {"spec": {"maxUnavailable": 1}}),
)
WIDE: tuple[tuple[str, str, str, Body], ...] = (
    ("rbac.authorization.k8s.io", "v1", "ClusterRole", {"rules": [RULE]}),
    ("admissionregistration.k8s.io", "v1", "ValidatingWebhookConfiguration", {"webhooks": []}),
)


def _labels(ours: Marks, *but: str) -> Marks:
    return {"labels": {key: value for key, value in ours["labels"].items() if key not in but}}


def _whole(ours: Marks, *but: str) -> Marks:
    kept = {key: value for key, value in ours["annotations"].items() if key not in but}
    return {"labels": dict(ours["labels"]), "annotations": kept}


# Disguise → the marks of an object, given those of one of ours, of which it may be a copy.
DISGUISES: dict[str, Callable[[Marks], Marks]] = {
    "none": lambda ours: {},
    "labels of its own": lambda ours: {"labels": {"app": "other", "tier": "back"}},
    "our labels": lambda ours: _labels(ours, SET),
    "our labels, and the set's": _labels,
    "the set's label alone": lambda ours: {"labels": {SET: ours["labels"][SET]}},
    "labels and annotations": _whole,
    "labels and annotations but the identity": lambda ours: _whole(ours, IDENTITY),
    "labels and annotations but the app's id": lambda ours: _whole(ours, APP_ID),
    "annotations alone": lambda ours: {"annotations": _whole(ours)["annotations"]},
}
OWNERS: dict[str, Body | None] = {
    "nobody": None,
    "a controller": {"controller": True, "blockOwnerDeletion": False},
    "an owner that controls nothing": {},
}


@dataclass
class Crowd:
    """Foreign objects, and how they were when they had come to rest."""

    world: World
    bodies: list[Body]
    before: dict[str, Body] = field(default_factory=dict)

    def untouched(self) -> int:
        """Return how many they are, all alive and the same to the last byte."""
        now = self.found()
        assert [name for name, body in self.before.items() if now.get(name) != body] == []
        return len(self.before)

    def found(self) -> dict[str, Body]:
        """Return all of them as they are, whole."""
        kinds = ",".join(sorted({_resource(body) for body in self.bodies}))
        text = self.world.cluster.kubectl(
            *("get", kinds, "-n", self.world.namespace, "-o", "json", "--show-managed-fields")
        )
        found = {_name(body): body for body in json.loads(text)["items"]}
        return {name: found[name] for name in map(_name, self.bodies) if name in found}

    def settle(self) -> None:
        """Wait until they have come to rest."""
        while (found := self.found()) != self.before:
            self.before = found
            time.sleep(AT_REST)
        assert len(found) == len(self.bodies)


@contextmanager
def crowd(world: World, number: int, chance: Random) -> Iterator[Crowd]:
    """Have so many foreign objects around an app that has been applied."""
    owner = thing("", "v1", "ConfigMap", "foreign-owner", {})
    created = json.loads(world.cluster.kubectl(*_create(world), input=json.dumps(owner)))
    copied = [body["metadata"] for body in world.live() if IDENTITY in body["metadata"]["annotations"]]
    bodies = [foreign(world, index, chance.choice(copied), chance) for index in range(number)]
    for body in bodies:
        if body["metadata"].get("ownerReferences"):
            reference = {"apiVersion": "v1", "kind": "ConfigMap", "name": "foreign-owner"}
            body["metadata"]["ownerReferences"][0] |= {**reference, "uid": created["metadata"]["uid"]}
    items = {"apiVersion": "v1", "kind": "List", "items": bodies}
    try:
        world.cluster.kubectl(*_create(world), input=json.dumps(items))
        made = Crowd(world, bodies)
        made.settle()
        yield made
    finally:
        wide = [f"{_resource(body)}/{body['metadata']['name']}" for body in bodies if _is_wide(body)]
        if wide:
            world.cluster.kubectl("delete", *wide, "--ignore-not-found", "--wait=false")


def foreign(world: World, index: int, ours: Marks, chance: Random) -> Body:
    """Return one of them: any kind in any disguise, whoever made it."""
    name = f"foreign-{world.namespace[-8:]}-{index}"
    kinds = [*NAMESPACED, *WIDE, None]
    kind = kinds[index % len(kinds)]
    body = thing(*kind[:3], name, dict(kind[3])) if kind else widget(world.group, name, 1)
    disguise = DISGUISES[sorted(DISGUISES)[index % len(DISGUISES)]]
    body["metadata"] |= disguise(ours)
    owner = OWNERS[chance.choice(sorted(OWNERS))]
    if owner is not None and not _is_wide(body):
        body["metadata"]["ownerReferences"] = [dict(owner)]
    return body


def _create(world: World) -> tuple[str, ...]:
    return ("create", "-f", "-", "-o", "json", "-n", world.namespace, "--validate=false")


def _resource(body: Body) -> str:
    """Return a kind as kubectl takes it: with its group, for `Widget` is not one app's alone."""
    group, _, version = body["apiVersion"].rpartition("/")
    return f"{body['kind']}.{version}.{group}" if group else str(body["kind"])


def _name(body: Body) -> str:
    return f"{body['kind']}/{body['metadata']['name']}"


def _is_wide(body: Body) -> bool:
    return any(body["kind"] == kind for _, _, kind, _ in WIDE)
