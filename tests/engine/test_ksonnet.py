"""ksonnet's spellings, made values of the type that a parameter declares."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine.ksonnet import converted
from kfctl.errors import Location, ParameterError
from kfctl.model.ksonnet import Expression
from kfctl.model.parameters import Parameter

TEXT: dict[str, Any] = {"type": "string"}
LIST: dict[str, Any] = {"type": "array", "items": {"type": "string"}}
COUNT: dict[str, Any] = {"type": "integer"}
SIZE: dict[str, Any] = {"type": ["string", "number"], "unit": "quantity"}


@pytest.mark.parametrize(
    ("schema", "value", "wanted"),
    [
        (TEXT, "a", "a"),
        (TEXT, "null", None),
        (TEXT, None, None),
        (TEXT, "", ""),
        (TEXT, 5, "5"),
        (TEXT, True, "true"),
        ({"enum": ["a", "1"]}, 1, "1"),
        ({"type": "boolean"}, "TRUE", True),
        ({"type": "boolean"}, "false", False),
        ({"type": "boolean"}, 0, False),
        ({"type": "boolean"}, "", None),
        (COUNT, "3", 3),
        (COUNT, 3, 3),
        (COUNT, "", None),
        (LIST, "a,b", ["a", "b"]),
        (LIST, "a", ["a"]),
        (LIST, "", []),
        (LIST, "null", None),
        (LIST, ["a", "b"], ["a", "b"]),
        (SIZE, "1Gi", "1Gi"),
        (SIZE, 2, 2),
        ({"type": "object"}, {"a": 1}, {"a": 1}),
    ],
)
def test_spellings(schema: dict[str, Any], value: Any, wanted: Any) -> None:
    found = converted(Parameter("p", schema), value)
    assert (found, type(found)) == (wanted, type(wanted))


@pytest.mark.parametrize(
    ("schema", "value"),
    [
        (COUNT, "two"),
        (COUNT, 1.5),
        ({"type": "boolean"}, "yes"),
        ({"enum": ["a"]}, "b"),
        (LIST, {"a": 1}),
        (TEXT, Expression("1 + 1", Location("p"))),
    ],
)
def test_what_fits_no_type(schema: dict[str, Any], value: Any) -> None:
    with pytest.raises(ParameterError):
        converted(Parameter("p", schema), value)
