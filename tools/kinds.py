"""Writes `kfctl/store/kinds.json`, the fields of the built-in kinds, from what an API server says of them.

KUBECONFIG=… python -m tools.kinds      where the server is the one of `make cluster`
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cluster.access import given

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    Schema = Mapping[str, Any]
    Ask = Callable[[str], Any]  # path → the server's answer

TABLE = Path(__file__).parent.parent / "kfctl/store/kinds.json"
# Not of other groups: definitions come and go.
STABLE = re.compile(r"api/v1|apis/([a-z]+|[^/]+\.k8s\.io)/v[0-9]+")
# Kubernetes' own types; those of custom resources may be called io.k8s.* too.
OURS = re.compile(r"io\.k8s\.(api|apimachinery|apiextensions-apiserver|kube-aggregator)\.")
SCALARS = {"api.resource.Quantity": "quantity", "util.intstr.IntOrString": "int-or-string"}
# What is known of fields besides what the server tells.
BETTER = {
    ("core.v1.Container", "image"): "image",
    ("core.v1.EphemeralContainer", "image"): "image",
    ("core.v1.ImageVolumeSource", "reference"): "image",
    ("core.v1.Secret", "stringData"): "{}secret",
}
# What OpenAPI calls required, and a server takes objects without.
NOT_NEEDED = {
    "apiextensions.v1.CustomResourceDefinitionVersion": ("served", "storage"),
    "apps.v1.ControllerRevision": ("revision",),
    "batch.v1.PodFailurePolicyOnPodConditionsPattern": ("status",),
    "core.v1.ConfigMapNodeConfigSource": ("kubeletConfigKey", "name", "namespace"),
    "core.v1.Event": ("involvedObject", "metadata"),
    "core.v1.HTTPHeader": ("value",),
    "core.v1.ISCSIPersistentVolumeSource": ("lun",),
    "core.v1.ISCSIVolumeSource": ("lun",),
    "core.v1.LimitRangeSpec": ("limits",),
    "core.v1.SleepAction": ("seconds",),
    "core.v1.Sysctl": ("value",),
    "discovery.v1.EndpointSlice": ("endpoints",),
    "rbac.v1.RoleRef": ("apiGroup",),
    "resource.v1.DeviceClass": ("spec",),
    "resource.v1.ResourceClaim": ("spec",),
    "resource.v1.ResourceClaimTemplate": ("spec",),
    "resource.v1.ResourceClaimTemplateSpec": ("spec",),
    "scheduling.v1.PriorityClass": ("value",),
    "storage.v1.CSIDriver": ("spec",),
    "storage.v1.CSINode": ("spec",),
    "storage.v1.CSINodeSpec": ("drivers",),
    "storage.v1.TokenRequest": ("audience",),
}


def main() -> None:
    """Write the table."""
    cluster = given(os.environ["KUBECONFIG"])
    table = table_of(lambda path: json.loads(cluster.kubectl("get", "--raw", path)))
    TABLE.write_text(printed(table))
    print(f"{TABLE}: {len(table['kinds'])} kinds, {len(table['types'])} types")


def table_of(ask: Ask) -> dict[str, Any]:
    """Return the version of Kubernetes, the type of each kind, and the fields of each type."""
    schemas: dict[str, Schema] = {}
    for path in filter(STABLE.fullmatch, ask("/openapi/v3")["paths"]):
        schemas |= ask(f"/openapi/v3/{path}")["components"]["schemas"]
    schemas = {name: schema for name, schema in schemas.items() if OURS.match(name)}
    kinds = {kind: short(name) for name, schema in schemas.items() for kind in kinds_of(schema)}
    types = {short(name): fields(short(name), schema, schemas) for name, schema in schemas.items()}
    for kind in kinds.values():
        types[kind] |= {"status": "any"} if "status" in types[kind] else {}  # which controllers write
    version = ask("/version")
    return {
        "kubernetes": f"{version['major']}.{version['minor']}",
        "kinds": dict(sorted(kinds.items())),
        "types": {name: types[name] for name in sorted(reached(kinds.values(), types))},
    }


def kinds_of(schema: Schema) -> Iterator[str]:
    """Yield the kind that a type is of: ``apps/v1/Deployment``; lists of objects are none."""
    named = schema.get("x-kubernetes-group-version-kind", [])
    if len(named) == 1 and "metadata" in schema["properties"] and not named[0]["kind"].endswith("List"):
        yield "/".join(filter(None, (named[0]["group"], named[0]["version"], named[0]["kind"])))


def fields(owner: str, schema: Schema, schemas: Mapping[str, Schema]) -> dict[str, str]:
    """Return the fields of a type, each with its own type; `!` is after those that are required."""
    required = set(schema.get("required", ())) - set(NOT_NEEDED.get(owner, ()))
    return {
        name: BETTER.get((owner, name), spelled(each, schemas)) + "!" * (name in required)
        for name, each in sorted(schema.get("properties", {}).items())
    }


def spelled(schema: Schema, schemas: Mapping[str, Schema]) -> str:
    """Return a type in short: string, any, =A|B, []string, {}core.v1.Container."""
    if "allOf" in schema:
        return spelled(schema["allOf"][0], schemas)
    if "$ref" in schema:
        return referred(schema["$ref"].rpartition("/")[2], schemas)
    if "enum" in schema:
        return "=" + "|".join(schema["enum"])
    if schema.get("type") == "array":
        return "[]" + spelled(schema["items"], schemas)
    if "additionalProperties" in schema:
        return "{}" + spelled(schema["additionalProperties"], schemas)
    return str({"byte": "base64"}.get(schema.get("format", ""), schema.get("type", "any")))


def referred(name: str, schemas: Mapping[str, Schema]) -> str:
    """Return what a type is called; one without fields is text or anything."""
    if short(name) in SCALARS:
        return SCALARS[short(name)]
    if "properties" in schemas[name]:
        return short(name)
    return "string" if schemas[name].get("type") == "string" else "any"


def short(name: str) -> str:
    """Return the end of a type's name, which tells it from all others: ``core.v1.Pod``."""
    return ".".join(name.split(".")[-3:])


def reached(names: Iterator[str] | Any, types: Mapping[str, Mapping[str, str]]) -> set[str]:
    """Return these types, and all that their fields are of."""
    found, waiting = set[str](), list(names)
    while waiting:
        name = waiting.pop()
        if name in types and name not in found:
            found.add(name)
            waiting += [re.sub(r"^(\[\]|\{\})+|!$", "", each) for each in types[name].values()]
    return found


def printed(table: Mapping[str, Any]) -> str:
    """Return the table as JSON with a line for each kind and type, so that a change of one is seen."""
    parts = [f'"kubernetes": {json.dumps(table["kubernetes"])}']
    for part in ("kinds", "types"):
        lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in table[part].items()]
        parts.append(f'"{part}": {{\n' + ",\n".join(lines) + "\n}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


if __name__ == "__main__":
    main()
