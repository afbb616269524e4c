"""`kfctl version`."""

import sys
from typing import Annotated, Literal

import typer

from kfctl import __version__
from kfctl.cli import console, output
from kfctl.cli.options import Format


def version(
    form: Annotated[
        Literal["text", "json", "yaml"], typer.Option("--output", "-o", help="How to print it.")
    ] = "text",
) -> None:
    """Print the version of kfctl."""
    python = ".".join(map(str, sys.version_info[:3]))
    if form == "text":
        console.out(f"kfctl {__version__} (Python {python} on {sys.platform})")
    else:
        found = {"kfctl": __version__, "python": python, "platform": sys.platform}
        output.write_value(found, Format(form))
