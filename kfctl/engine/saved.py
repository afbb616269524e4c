"""A plan as a file keeps it: what was decided, and what of app and cluster it was decided from.

A saved plan is not executed. The plan is made anew, and carried out only if it would be saved the same again.
The file holds no secret: values are left out of the objects, and one slow digest stands for all of them.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.engine.hidden import Hider
from kfctl.engine.keep import Permits
from kfctl.engine.plan import Choices
from kfctl.engine.planvalue import changes_value
from kfctl.engine.schema import check
from kfctl.errors import AppError, Location
from kfctl.model.plan import Action
from kfctl.model.resource import Key, at
from kfctl.yamltext.jsontext import JsonError, load_json

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.model.inventory import Inventory, Run
    from kfctl.model.plan import Change, Plan

API_VERSION = "kfctl/v1"
KIND = "Plan"
_COST = 2**14  # of one try to guess the secrets from their digest: some 50 ms and 16 MB
_SALT = 16  # bytes


def _object(**properties: Any) -> dict[str, Any]:
    """Return the schema of a map in which all of these are required."""
    return {"type": "object", "properties": properties, "required": list(properties)}


_TEXT = {"type": "string"}
_TEXTS = {"type": "array", "items": _TEXT}
_LIVE = _object(uid=True, resourceVersion=True, generation=True)
# A digest proves that a file is whole, not that kfctl wrote it: this is all that is taken from it.
SCHEMA = _object(
    environment=_TEXT,
    components=_TEXTS,
    options=_TEXTS,
    app=True,
    cluster=_object(uid=True, server=True),
    namespace=_object(name=True, missing={"type": "boolean"}),
    record=True,
    secrets=_object(salt={"type": "string", "pattern": "^([0-9a-f]{2})*$"}, digest=True),
    changes={
        "type": "array",
        "items": _object(
            **dict.fromkeys((*Key._fields, "component", "reason"), _TEXT),
            action={"enum": [action.value for action in Action]},
            live={**_LIVE, "type": ["object", "null"]},
            wanted={"type": ["object", "null"]},
            fields={"type": "array", "items": _object(path=_TEXT)},
        ),
    },
)


@dataclass(frozen=True)
class Basis:
    """A plan and what it was made from."""

    plan: Plan
    inventory: Inventory
    choices: Choices
    components: tuple[str, ...] = ()
    secrets: Mapping[str, Any] = field(default_factory=dict)  # of parameters, by component.parameter


@dataclass(frozen=True)
class Saved:
    """What a file holds."""

    path: str
    content: Mapping[str, Any]

    @property
    def environment(self) -> str:
        """The environment that it is for."""
        return str(self.content["environment"])

    @property
    def components(self) -> tuple[str, ...]:
        """The components that it is about; none: the whole app."""
        return tuple(self.content["components"])

    @property
    def choices(self) -> Choices:
        """What it was allowed to do when it was made."""
        return _choices(self.content["options"])

    @property
    def salt(self) -> bytes:
        """What the digest of the secrets was made with."""
        return bytes.fromhex(self.content["secrets"]["salt"])


def content(basis: Basis, run: Run, salt: bytes) -> dict[str, Any]:
    """Return what a file holds of a plan; `salt` is random, or that of the plan it is to be held against."""
    scope, hider = basis.plan.scope, Hider(basis.secrets)
    cluster = {"uid": scope.cluster_uid, "context": scope.context, "server": scope.server}
    value = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "made": {"who": run.who, "when": run.when, "version": run.version},
        "app": {"name": scope.app, "id": scope.app_id},
        "environment": scope.environment,
        "components": list(basis.components),
        "options": _options(basis.choices),
        "cluster": cluster,
        "namespace": {"name": scope.namespace, "missing": scope.namespace_missing},
        "record": {"uid": basis.inventory.uid, "resourceVersion": basis.inventory.version},
        "secrets": {"salt": salt.hex(), "digest": _sealed(basis, salt)},
        "summary": basis.plan.counts(),
        "warnings": list(basis.plan.warnings),
        "changes": [_change(*pair, hider) for pair in _told(basis.plan)],
    }
    read: dict[str, Any] = json.loads(json.dumps(value, default=str))
    return read


def text(held: Mapping[str, Any]) -> str:
    """Return a plan as its file has it, sealed against damage."""
    return json.dumps({**held, "digest": _digest(held)}, ensure_ascii=False, indent=2) + "\n"


def is_plan(text: str) -> bool:
    """Whether a file is a saved plan, in any version and in any state."""
    try:
        found = load_json(text)
    except JsonError:
        return False
    return isinstance(found, dict) and found.get("kind") == KIND and "kfctl" in str(found.get("apiVersion"))


def read(text: str, path: str) -> Saved:
    """Return the plan that a file holds, or raise with what is wrong with the file."""
    here, again = Location(path), "make a new one: kfctl apply --plan-out FILE"
    if not is_plan(text):
        raise AppError("this is no plan of kfctl, or what is left of one", where=here, hint=again)
    found = load_json(text)
    version = found["apiVersion"]
    if version != API_VERSION:
        hint = f"this kfctl reads {API_VERSION}: take the one that made the plan, or {again}"
        raise AppError(f"this plan is of version {version}", where=here, hint=hint)
    if found.pop("digest", None) != _digest(found):
        raise AppError("the plan is damaged, or was changed after it was made", where=here, hint=again)
    if faults := check(SCHEMA, found):
        raise AppError(f"the plan is incomplete: {faults[0]}", where=here, hint=again)
    return Saved(path, found)


def _told(plan: Plan) -> Iterator[tuple[Change, dict[str, Any]]]:
    return zip(plan.changes, changes_value(plan.changes), strict=True)


def _change(change: Change, value: dict[str, Any], hider: Hider) -> dict[str, Any]:
    names = ("uid", "resourceVersion", "generation")
    seen = {name: at(change.live, "metadata", name) for name in names} if change.live else None
    return {**value, "live": seen, "wanted": hider.resource(change.wanted) if change.wanted else None}


def _sealed(basis: Basis, salt: bytes) -> str:
    """Return one digest of all secrets together: it tells that one has changed, and is slow to guess by."""
    hidden = {f"{change.key}/{change.key.namespace}": _data(change) for change in basis.plan.changes}
    texts = [dict(basis.secrets), {name: data for name, data in hidden.items() if data}]
    if not any(texts):
        return ""
    told = json.dumps(texts, sort_keys=True, default=str).encode()
    return hashlib.scrypt(told, salt=salt, n=_COST, r=8, p=1, dklen=32).hex()


def _data(change: Change) -> list[Any]:
    """Return what the file does not have of an object: a Secret's data, and what was made from secrets."""
    if change.wanted is None:
        return []
    derived = list(change.wanted.secrets.opaque(change.wanted.body))
    if change.key.kind != "Secret" or change.key.group:
        return derived
    return [*derived, *(held for name in ("data", "stringData") if (held := change.wanted.body.get(name)))]


def _digest(held: Mapping[str, Any]) -> str:
    plain = json.dumps(held, sort_keys=True, separators=(",", ":")).encode()
    return f"sha256:{hashlib.sha256(plain).hexdigest()}"


def _options(choices: Choices) -> list[str]:
    permits = choices.permits
    said = {
        "--adopt": choices.adopt,
        "--force-conflicts": choices.force_conflicts,
        "--take-over": choices.take_over,
        "--allow-empty": choices.allow_empty,
        "--rerun": choices.rerun,
        "--no-prune": not permits.prune,
        "--delete-data": permits.data,
        "--delete-crds": permits.definitions,
        "--delete-namespace": permits.namespaces,
        "--allow-outside-namespace": permits.outside,
    }
    return [option for option, given in said.items() if given]


def _choices(options: Sequence[str]) -> Choices:
    permits = Permits(
        data="--delete-data" in options,
        definitions="--delete-crds" in options,
        namespaces="--delete-namespace" in options,
        prune="--no-prune" not in options,
        outside="--allow-outside-namespace" in options,
    )
    return Choices(
        adopt="--adopt" in options,
        force_conflicts="--force-conflicts" in options,
        take_over="--take-over" in options,
        allow_empty="--allow-empty" in options,
        rerun="--rerun" in options,
        permits=permits,
    )
