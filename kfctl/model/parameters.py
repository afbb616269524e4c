"""What a component may be told, and what it was told, by whom."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.model.secrecy import conceal, declares_secret

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.errors import Location


class Layer(Enum):
    """Who set a value, strongest first."""

    ENVIRONMENT = "environment"
    ENVIRONMENT_GLOBALS = "environment globals"
    COMPONENT = "component"
    APP_GLOBALS = "app globals"
    DEFAULT = "default"


@dataclass(frozen=True)
class Parameter:
    """One property of a prototype's JSON Schema, with kfctl's own keywords read out."""

    name: str
    schema: Mapping[str, Any]
    required: bool = False

    def __post_init__(self) -> None:
        """Treat the whole value as secret if a part of it is."""
        if declares_secret(self.schema):
            object.__setattr__(self, "schema", conceal(self.schema))

    @property
    def type(self) -> str:
        """The type as users read it: string, integer, number, boolean, quantity, enum, list or map."""
        if "enum" in self.schema:
            return "enum"
        if self.schema.get("unit") == "quantity":
            return "quantity"
        declared = self.schema.get("type", "string")
        first = (
            next((t for t in declared if t != "null"), "string") if isinstance(declared, list) else declared
        )
        return {"array": "list", "object": "map"}.get(first, first)

    @property
    def default(self) -> Any:
        """The prototype's default; None where there is none."""
        return self.schema.get("default")

    @property
    def help(self) -> str:
        """What the parameter means, in one line."""
        return str(self.schema.get("description", ""))

    @property
    def secret(self) -> bool:
        """Whether its value is masked wherever it would be shown."""
        return bool(self.schema.get("secret"))

    def concealed(self) -> Parameter:
        """Return the same parameter as a secret one."""
        return replace(self, schema=conceal(self.schema))

    @property
    def deprecated(self) -> str:
        """Why the parameter no longer does anything; empty where it does."""
        return str(self.schema.get("deprecated") or "")

    @property
    def aliases(self) -> tuple[str, ...]:
        """Other names it may be given by."""
        return tuple(self.schema.get("aliases", ()))


class Value(NamedTuple):
    """A value and where it came from."""

    value: Any
    layer: Layer
    where: Location | None = None  # None for a default


class ParameterSet(NamedTuple):
    """Every parameter of one component with the value that wins, and the weaker ones it hides."""

    values: Mapping[str, Value]
    hidden: Mapping[str, tuple[Value, ...]] = {}  # strongest first
    warnings: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """Return the winning values alone, by parameter."""
        return {name: value.value for name, value in self.values.items()}
