"""The kinds that an app's own CustomResourceDefinitions define, as schemas to hold their objects against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.podtemplates import maps
from kfctl.model.dialect import faults_of_schema
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.engine.schema import Schema
    from kfctl.model.resource import Resource

# Keywords that mean the same in a definition and here.
PLAIN = frozenset(
    {"type", "enum", "required", "pattern", "minimum", "maximum", "multipleOf", "uniqueItems"}
    | {"minLength", "maxLength", "minItems", "maxItems", "minProperties"}
)


def definitions(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each kind that an object defines, ``group/version/Kind``, with its schema."""
    if (resource.group, resource.kind) != ("apiextensions.k8s.io", "CustomResourceDefinition"):
        return
    spec = resource.body.get("spec")
    for version in maps(at(spec, "versions")):
        schema = strict(at(version, "schema", "openAPIV3Schema"))
        if isinstance(schema, dict) and not faults_of_schema(schema):
            yield f"{at(spec, 'group')}/{version.get('name')}/{at(spec, 'names', 'kind')}", schema


def strict(schema: Any) -> Schema:
    """Return a definition's schema as ours, in which a field that it does not name is a fault."""
    if not isinstance(schema, dict):
        return True
    made = {keyword: value for keyword, value in schema.items() if keyword in PLAIN}
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    if "items" in schema:
        made["items"] = strict(schema["items"])
    if isinstance(schema.get("properties"), dict):
        made["properties"] = {name: strict(each) for name, each in schema["properties"].items()}
        made["additionalProperties"] = bool(schema.get("x-kubernetes-preserve-unknown-fields"))
    if "additionalProperties" in schema:
        made["additionalProperties"] = strict(schema["additionalProperties"])
    return made
