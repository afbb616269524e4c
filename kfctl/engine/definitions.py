"""The kinds that an app's own CustomResourceDefinitions define, as schemas to hold their objects against."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.podtemplates import maps
from kfctl.model.dialect import Fault, faults_of_schema
from kfctl.model.pattern import PatternError, compile_pattern
from kfctl.model.resource import at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.engine.schema import Schema
    from kfctl.model.dialect import Path
    from kfctl.model.resource import Resource

# Keywords that mean the same in a definition and here.
PLAIN = frozenset(
    {"type", "enum", "required", "pattern", "minimum", "maximum", "multipleOf", "uniqueItems"}
    | {"minLength", "maxLength", "minItems", "maxItems", "minProperties"}
)


def definitions(resource: Resource) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield each kind that an object defines, ``group/version/Kind``, with its schema."""
    if not _is_definition(resource):
        return
    spec = resource.body.get("spec")
    for version in maps(at(spec, "versions")):
        schema = strict(at(version, "schema", "openAPIV3Schema"))
        if isinstance(schema, dict) and not faults_of_schema(schema):
            yield f"{at(spec, 'group')}/{version.get('name')}/{at(spec, 'names', 'kind')}", schema


def pattern_faults(resource: Resource) -> Iterator[Fault]:
    """Yield the patterns of a CustomResourceDefinition that no API server accepts."""
    versions = at(resource.body, "spec", "versions") if _is_definition(resource) else None
    for index, version in enumerate(versions if isinstance(versions, list) else ()):
        path = ("spec", "versions", index, "schema", "openAPIV3Schema")
        yield from _pattern_faults(at(version, "schema", "openAPIV3Schema"), path)


def _is_definition(resource: Resource) -> bool:
    return (resource.group, resource.kind) == ("apiextensions.k8s.io", "CustomResourceDefinition")


def _pattern_faults(schema: Any, path: Path) -> Iterator[Fault]:
    for keyword, value in schema.items() if isinstance(schema, dict) else ():
        here = (*path, keyword)
        if keyword == "pattern" and isinstance(value, str):
            try:
                compile_pattern(value)
            except PatternError as error:
                yield Fault(here, f"must be a valid regular expression: {error}", keyword)
        elif keyword in {"items", "additionalProperties", "not"}:
            yield from _pattern_faults(value, here)
        elif keyword == "properties" and isinstance(value, dict):
            for name, part in value.items():
                yield from _pattern_faults(part, (*here, name))
        elif keyword in {"allOf", "anyOf", "oneOf"} and isinstance(value, list):
            for number, part in enumerate(value):
                yield from _pattern_faults(part, (*here, number))


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
