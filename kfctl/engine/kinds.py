"""Which fields kinds have, and of which types: the built-in kinds, and those that the app defines itself."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.definitions import definitions, pattern_faults
from kfctl.engine.modern import OLD
from kfctl.engine.schema import check
from kfctl.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from kfctl.engine.schema import Schema
    from kfctl.model.dialect import Fault, Path
    from kfctl.model.resource import Resource


class Misfit(NamedTuple):
    """What is wrong with a field of an object, and what to do about it."""

    path: Path
    message: str
    hint: str = ""


class Kinds:
    """The schemas of kinds, each made when it is asked for."""

    def __init__(self, table: Mapping[str, Any], resources: Sequence[Resource]) -> None:
        """Take the table of built-in kinds, and objects of which some may define kinds."""
        self._table = table
        self._made: dict[str, dict[str, Any]] = {}
        self._defined = {kind: schema for resource in resources for kind, schema in definitions(resource)}

    def misfits(self, resource: Resource) -> Iterator[Misfit]:
        """Yield what no API server would take; of a kind that is not known here, nothing."""
        schema, body = self._of(f"{resource.api_version}/{resource.kind}"), _without_nulls(resource.body)
        faults = check(schema, body) if schema is not None else []
        faults += pattern_faults(resource)
        if resource.group == "kubeflow.org" and resource.kind.endswith("Job"):
            faults += self._in_pods(body.get("spec"), ("spec",))
        if schema is None:
            yield from self._unknown(resource)
        for fault in {each.path: each for each in faults}.values():
            yield Misfit(fault.path, str(fault), self._advice(fault, resource))

    def _of(self, kind: str) -> Schema | None:
        if kind in self._table["kinds"]:
            return self._object(self._table["kinds"][kind])
        if kind not in self._defined:
            return None
        defined = self._defined[kind]
        common = {"apiVersion": True, "kind": True, "metadata": self._object(METADATA), "status": True}
        return {**defined, "properties": {**defined.get("properties", {}), **common}}

    def _in_pods(self, value: Any, path: Path) -> Iterator[Fault]:
        """Yield the faults of the pods that a job describes, of which its own kind may say little."""
        for key, child in value.items() if isinstance(value, dict) else ():
            if key == "template":
                yield from check(self._object("core.v1.PodTemplateSpec"), child, (*path, key))
            else:
                yield from self._in_pods(child, (*path, key))

    def _unknown(self, resource: Resource) -> Iterator[Misfit]:
        """A kind may be one of another server; but not in groups and versions that every server has."""
        version, kind = resource.api_version, resource.kind
        if old := OLD.get((version, kind)):
            now = f"it is in {old.new} now" if old.new else old.advice
            yield Misfit(("apiVersion",), f"is of {version}, which is gone since {old.since}: {now}")
            return
        known = self._known
        elsewhere = next((f"it is in {other}" for other, name in known if name == kind), "")
        here = {name for other, name in known if other == version}
        if here:
            hint = elsewhere or did_you_mean(kind, here)
            yield Misfit(("kind",), f"is of a kind that {version} does not have", hint)
        elif self._is_foreign(resource):
            hint = elsewhere or did_you_mean(version, {other for other, _ in known})
            yield Misfit(("apiVersion",), f"is of {version}, which Kubernetes does not have", hint)

    @cached_property
    def _known(self) -> list[tuple[str, ...]]:
        """The built-in kinds, each as its version and its name."""
        return [each.rpartition("/")[::2] for each in self._table["kinds"]]

    def _is_foreign(self, resource: Resource) -> bool:
        """Whether a version that is not in the table can be in no server: alphas and betas may be."""
        groups = {version.rpartition("/")[0] for version, _ in self._known}
        if resource.group in groups:
            return STABLE.fullmatch(resource.api_version.rpartition("/")[2]) is not None
        return "." not in resource.group  # a group of custom resources has one

    def _advice(self, fault: Fault, resource: Resource) -> str:
        if fault.message.startswith("must be text"):
            value: Any = resource.body
            for step in fault.path:
                value = value[step]
            return "put it in quotes" if isinstance(value, bool | int | float) else ""
        if fault.keyword == "additionalProperties" and "did you mean" not in fault.message:
            own = f"{resource.api_version}/{resource.kind}" in self._defined
            whose = "its definition in the app" if own else f"Kubernetes {self._table['kubernetes']}"
            return f"{whose} has no such field; `kfctl validate --server` asks your cluster"
        return ""

    def _schema(self, text: str) -> Schema:
        """Return the schema of a type as the table spells it."""
        if text.startswith("[]"):
            return {"type": "array", "items": self._schema(text[2:])}
        if text.startswith("{}"):
            return {"type": "object", "additionalProperties": self._schema(text[2:])}
        if text.startswith("="):
            return {"type": "string", "enum": text[1:].split("|")}
        return SCALARS[text] if text in SCALARS else self._object(text)

    def _object(self, name: str) -> dict[str, Any]:
        """Return the schema of a type with fields, which may hold itself."""
        if name not in self._made:
            made = self._made[name] = {"type": "object", "additionalProperties": False}
            fields = self._table["types"][name]
            made["required"] = [field for field, text in fields.items() if text.endswith("!")]
            made["properties"] = {field: self._schema(text.rstrip("!")) for field, text in fields.items()}
        return self._made[name]


STABLE = re.compile(r"v[0-9]+")
METADATA = "meta.v1.ObjectMeta"
BASE64 = "^([A-Za-z0-9+/]{4}|[\r\n])*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?[\r\n]*$"
SCALARS: dict[str, Schema] = {
    "any": True,
    "object": {"type": "object"},
    "string": {"type": "string"},
    "boolean": {"type": "boolean"},
    "integer": {"type": "integer"},
    "number": {"type": "number"},
    "int-or-string": {"type": ["integer", "string"]},
    "quantity": {"type": ["string", "number"], "unit": "quantity"},
    "image": {"type": "string", "unit": "image"},
    "secret": {"type": "string", "secret": True},
    "base64": {
        "type": "string",
        "pattern": BASE64,
        "errorMessage": "is no base64 (a Secret takes plain text in stringData)",
    },
}


def _without_nulls(value: Any) -> Any:
    """Return a value without the fields that are null, which count as not set."""
    if isinstance(value, dict):
        return {key: _without_nulls(each) for key, each in value.items() if each is not None}
    return [_without_nulls(each) for each in value] if isinstance(value, list) else value
