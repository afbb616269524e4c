"""A prototype's parameters in words: for help, for descriptions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.model.prototype import kebab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfctl.model.parameters import Parameter
    from kfctl.model.prototype import Prototype


def kind(parameter: Parameter) -> str:
    """Return the type, for an enum its choices."""
    if parameter.type == "enum":
        return "|".join(str(choice) for choice in parameter.schema["enum"])
    return parameter.type


def default(parameter: Parameter) -> str:
    """Return the default as a table has it; empty where there is none."""
    from kfctl.cli.output import cell

    return cell(parameter.default)


def flags(parameter: Parameter) -> str:
    """Return the parameter as flags of `generate`: its own spelling and kebab-case."""
    spellings = dict.fromkeys([f"--{parameter.name}", f"--{kebab(parameter.name)}"])
    return ", ".join(spellings)


def sorted_parameters(prototype: Prototype) -> list[Parameter]:
    """Return the parameters: the required ones, the others, those without effect."""
    return sorted(prototype.parameters.values(), key=lambda p: (bool(p.deprecated), not p.required))


def facts(parameter: Parameter) -> dict[str, str]:
    """Return what can be said of a parameter, by title."""
    from kfctl.cli.output import cell

    said = {
        "type": kind(parameter) + (" (required)" if parameter.required else ""),
        "default": default(parameter),
        "meaning": " ".join(parameter.help.split()),
        "also called": ", ".join(parameter.aliases),
        "for example": ", ".join(map(cell, parameter.schema.get("examples", ()))),
        "deprecated": parameter.deprecated,
    }
    return {title: text for title, text in said.items() if text}


def help_rows(prototype: Prototype) -> Iterator[tuple[str, str]]:
    """Yield each parameter's flags and its help, as the options of a command have them."""
    for parameter in sorted_parameters(prototype):
        notes = ["required"] if parameter.required else []
        if parameter.default is not None:
            notes.append(f"default: {default(parameter)}")
        meaning = f"Deprecated: {parameter.deprecated}" if parameter.deprecated else parameter.help
        text = " ".join([*meaning.split(), *(f"[{note}]" for note in notes)])
        yield (
            f"{flags(parameter)} {kind(parameter).upper() if parameter.type != 'enum' else kind(parameter)}",
            text,
        )


def record(parameter: Parameter) -> dict[str, Any]:
    """Return a parameter as JSON has it."""
    return {
        "name": parameter.name,
        "type": parameter.type,
        "required": parameter.required,
        "default": parameter.default,
        "choices": parameter.schema.get("enum"),
        "description": parameter.help,
        "aliases": list(parameter.aliases),
        "secret": parameter.secret,
        "deprecated": parameter.deprecated or None,
    }
