"""Random JSON: any, such as a schema asks for, and such as it nearly asks for; and random schemas."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Mapping

numbers = st.one_of(
    st.integers(-5, 70_000),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([0.5, 1.0, 2.0]),
)
words = st.sampled_from(
    [
        "",
        "a",
        "b",
        "nfs",
        "gs://m",
        "s3://m",
        "/m",
        "500m",
        "1Gi",
        "-1",
        "1e3",
        "x-1",
        "X",
        "a\n",
        "0",
        "true",
    ]
)
texts = st.one_of(words, st.text(max_size=6))
scalars = st.one_of(st.none(), st.booleans(), numbers, texts)
anything = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(texts, inner, max_size=3)),
    max_leaves=6,
)


def instances(schema: Mapping[str, Any] | bool) -> st.SearchStrategy[Any]:
    """Return values of which most nearly fit the schema: each part is what it asks for, or anything."""
    if isinstance(schema, bool):
        return anything
    known = [*schema.get("enum", ()), *schema.get("examples", ())]
    known += [schema[word] for word in ("const", "default") if word in schema]
    forms = [st.sampled_from(known)] if known else []
    forms += [MADE[name](schema) for name in types(schema)]
    forms += [instances(part) for word in ("anyOf", "oneOf", "allOf") for part in schema.get(word, ())]
    return st.one_of(*forms, *forms, anything)


def types(schema: Mapping[str, Any]) -> list[str]:
    declared = schema.get("type", [])
    if not declared:
        return [name for name, word in {"object": "properties", "array": "items"}.items() if word in schema]
    return [declared] if isinstance(declared, str) else list(declared)


def maps(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    properties = {name: instances(part) for name, part in schema.get("properties", {}).items()}
    more = schema.get("additionalProperties", True)
    extra = st.dictionaries(texts, instances(more if isinstance(more, dict) else True), max_size=2)
    rare = st.one_of(st.just({}), st.just({}), extra)
    if len(properties) > 8:  # a few of many at a time
        some = st.lists(st.sampled_from(sorted(properties)), max_size=6, unique=True)
        chosen = some.flatmap(lambda names: st.fixed_dictionaries({name: properties[name] for name in names}))
    else:
        chosen = st.fixed_dictionaries({}, optional=properties)
    return st.tuples(rare, chosen).map(lambda pair: {**pair[0], **pair[1]})


MADE = {
    "string": lambda schema: texts,
    "integer": lambda schema: st.one_of(st.integers(-2, 10), numbers),
    "number": lambda schema: numbers,
    "boolean": lambda schema: st.booleans(),
    "null": lambda schema: st.none(),
    "array": lambda schema: st.lists(instances(schema.get("items", True)), max_size=4),
    "object": maps,
}

names = st.sampled_from(["a", "b", "c"])
bounds = st.one_of(st.integers(-3, 3), st.sampled_from([0.5, 2.5]))
counts = st.integers(0, 3)
small = st.one_of(
    st.integers(-3, 3), st.sampled_from([0.5, 1.0, True, False, None, "a", "b", "", [], [1], {"a": 1}])
)
keywords = {
    "type": st.one_of(
        st.sampled_from(["string", "integer", "number", "boolean", "array", "object", "null"]),
        st.lists(
            st.sampled_from(["string", "integer", "object", "null"]), min_size=1, max_size=2, unique=True
        ),
    ),
    "enum": st.lists(small, min_size=1, max_size=3),
    "const": small,
    "required": st.lists(names, max_size=2, unique=True),
    "minimum": bounds,
    "maximum": bounds,
    "exclusiveMinimum": bounds,
    "exclusiveMaximum": bounds,
    "multipleOf": st.sampled_from([1, 2, 3, 0.5]),
    "minLength": counts,
    "maxLength": counts,
    "pattern": st.sampled_from(["^a", "b$", "[0-9]", "^$", "a|b"]),
    "minItems": counts,
    "maxItems": counts,
    "uniqueItems": st.booleans(),
    "minProperties": counts,
    "dependentRequired": st.dictionaries(names, st.lists(names, max_size=2, unique=True), max_size=2),
    "unit": st.sampled_from(["quantity", "image"]),
    "errorMessage": st.just("no"),
}


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """Return schemas made of others."""
    lists = st.lists(inner, min_size=1, max_size=3)
    nested = {
        "properties": st.dictionaries(names, inner, max_size=3),
        "additionalProperties": inner,
        "patternProperties": st.dictionaries(st.sampled_from(["^a", "b$"]), inner, max_size=2),
        "propertyNames": inner,
        "items": inner,
        **dict.fromkeys(["allOf", "anyOf", "oneOf"], lists),
        **dict.fromkeys(["not", "if", "then", "else"], inner),
    }
    return st.fixed_dictionaries(
        {}, optional={**nested, "type": keywords["type"], "required": keywords["required"]}
    )


plain = st.lists(st.sampled_from(sorted(keywords)), max_size=3, unique=True).flatmap(
    lambda chosen: st.fixed_dictionaries({word: keywords[word] for word in chosen})
)
schemas = st.recursive(st.one_of(plain, plain, st.booleans()), grown, max_leaves=5).filter(
    lambda schema: isinstance(schema, dict)
)
