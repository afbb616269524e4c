"""Objects without their secrets, to be kept for long: each is left out, with a note of where to find it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from kfctl.engine.recipes import VALUE, Recipes, assemble
from kfctl.model.managed import LAST_APPLIED
from kfctl.model.secretfields import NO_SECRETS, SecretFields, canonical

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.model.resource import Resource
    from kfctl.model.secretfields import Names, Parts

# What stands in the place of a value: nothing that Kubernetes would take for one.
SECRET = "$secret"  # a value made of text and parameters: [text | {of: parameter, at: path, as: form}, …]
LIVE = "$live"  # the value that the object on the cluster has at the same place
LITERAL = "$literal"  # a map that looks like one of these and is none
_NOTES = frozenset({SECRET, LIVE, LITERAL})
_DATA = frozenset({"data", "stringData"})
_IDENTITY = ("apiVersion", "kind")


@dataclass(frozen=True)
class Revealed:
    """A value with its secrets, which fields hold them, and what was not to be found of them."""

    value: Any
    missing: tuple[str, ...] = ()
    fields: SecretFields = NO_SECRETS
    live: tuple[str, ...] = ()  # the paths whose values are those that the cluster has


class Hider:
    """Leaves secrets out, given as parameter → value, and the values of Secrets."""

    def __init__(self, secrets: Mapping[str, Any]) -> None:
        """Prepare the search."""
        self._secrets = secrets
        self._recipes = Recipes(secrets)

    def resource(self, resource: Resource) -> dict[str, Any]:
        """Return an object without its secrets."""
        body, fields = resource.body, resource.secrets
        if fields.is_whole(()):
            kept = {key: body[key] for key in _IDENTITY if key in body}
            named = {key: body["metadata"][key] for key in ("name", "namespace") if key in body["metadata"]}
            rest = {key: {LIVE: True} for key in body if key not in {*_IDENTITY, "metadata"}}
            return {**kept, "metadata": named, **rest}
        if body.get("kind") != "Secret" or body.get("apiVersion") != "v1":
            return {key: self._hidden(inner, fields, (key,)) for key, inner in body.items()}
        return {
            key: _all_live(inner)
            if key in _DATA and not fields.is_whole((key,))
            else self._hidden(_without_copy(key, inner), fields, (key,))
            for key, inner in body.items()
        }

    def values(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return the parameters' values by component, without the secret ones."""
        return {
            component: {
                name: {SECRET: [{"of": f"{component}.{name}", "as": VALUE}]}
                if f"{component}.{name}" in self._secrets
                else self._hidden(value, NO_SECRETS, ())
                for name, value in given.items()
            }
            for component, given in values.items()
        }

    def _hidden(self, value: Any, fields: SecretFields, names: Names) -> Any:
        if fields.is_whole(names):
            return {LIVE: True}
        if isinstance(value, dict):
            inner = {key: self._hidden(item, fields, (*names, key)) for key, item in value.items()}
            return {LITERAL: inner} if len(value) == 1 and value.keys() <= _NOTES else inner
        if isinstance(value, list):
            return [self._hidden(item, fields, names) for item in value]
        parts = fields.find(names, value)
        if parts is None:
            parts = self._recipes.parts_of_text(value) if isinstance(value, str) else ()
            return {SECRET: list(parts)} if parts else value
        return {SECRET: list(parts)} if parts else {LIVE: True}


def reveal(value: Any, live: Any, secrets: Mapping[str, Any]) -> Revealed:
    """Put secrets back: of parameters as they are set now, others as they are on the cluster."""
    revealer = _Revealer(secrets)
    found = revealer.value(value, live, ())
    missing, taken = dict.fromkeys(revealer.missing), dict.fromkeys(revealer.live)
    return Revealed(found, tuple(missing), revealer.fields(found), tuple(taken))


def needs_live(value: Any) -> bool:
    """Whether values of the object on the cluster are needed to put its secrets back."""
    if isinstance(value, dict):
        return value.keys() == {LIVE} or any(map(needs_live, value.values()))
    return isinstance(value, list) and any(map(needs_live, value))


@dataclass
class _Revealer:
    secrets: Mapping[str, Any]
    missing: list[str] = field(default_factory=list)
    live: list[str] = field(default_factory=list)
    parts: dict[Names, dict[str, Parts]] = field(default_factory=dict)
    whole: set[Names] = field(default_factory=set)

    def value(self, value: Any, live: Any, path: Names) -> Any:
        if isinstance(value, list):
            beside = live if isinstance(live, list) and len(live) == len(value) else [None] * len(value)
            return [self.value(item, other, path) for item, other in zip(value, beside, strict=True)]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and value.keys() <= _NOTES:
            return self._note(*next(iter(value.items())), live, path)
        return self._map(value, live, path)

    def fields(self, body: Any) -> SecretFields:
        """Return where the object holds secrets."""
        public: dict[Names, set[str]] = {}
        _collect_public(body, (), self.parts, public)
        return SecretFields(self.parts, {k: frozenset(v) for k, v in public.items()}, frozenset(self.whole))

    def _map(self, value: Mapping[str, Any], live: Any, path: Names) -> dict[str, Any]:
        beside = live if isinstance(live, dict) else {}
        return {key: self.value(item, beside.get(key), (*path, str(key))) for key, item in value.items()}

    def _note(self, note: str, held: Any, live: Any, path: Names) -> Any:
        if note == LITERAL:
            return self._map(held, live, path)
        if note == LIVE:
            (self.missing if live is None else self.live).append(".".join(path))
            self._learn(path, live, ())
            return live
        try:
            found = assemble(tuple(held), self.secrets)
        except KeyError as error:
            self.missing.append(f"parameter {error.args[0]}")
            return None
        self._learn(path, found, tuple(held))
        return found

    def _learn(self, path: Names, value: Any, parts: Parts) -> None:
        if isinstance(value, dict | list):
            self.whole.add(path)
        else:
            self.parts.setdefault(path, {})[canonical(value)] = parts


def _collect_public(
    value: Any, names: Names, secret: Mapping[Names, Mapping[str, Parts]], found: dict[Names, set[str]]
) -> None:
    """Collect the values at paths of secrets that are none themselves."""
    if isinstance(value, dict):
        for key, item in value.items():
            _collect_public(item, (*names, key), secret, found)
    elif isinstance(value, list):
        for item in value:
            _collect_public(item, names, secret, found)
    elif canonical(value) not in secret.get(names, {canonical(value): ()}):
        found.setdefault(names, set()).add(canonical(value))


def _all_live(values: Any) -> Any:
    return {key: {LIVE: True} for key in values} if isinstance(values, dict) else {LIVE: True}


def _without_copy(key: str, value: Any) -> Any:
    """Return a Secret's metadata without the copy of the Secret that kubectl keeps in it."""
    annotations = value.get("annotations") if key == "metadata" and isinstance(value, dict) else None
    if not isinstance(annotations, dict):
        return value
    return {**value, "annotations": {k: text for k, text in annotations.items() if k != LAST_APPLIED}}
