"""The templates of one prototype, which render objects from values."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

from kfctl.engine.holes import ABSENT, Sheet, parse, readable
from kfctl.engine.sandbox import CONDITION, Sandbox
from kfctl.engine.templatefault import Fault, TemplateFault, describe
from kfctl.errors import AppError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from jinja2 import BytecodeCache

Rendered = tuple[dict[str, Any], str]  # an object's body, and the template it comes from


class TemplateSet(NamedTuple):
    """What the templates of a prototype are made of."""

    files: Sequence[tuple[str, str]]  # each with its condition; empty: always
    sources: Mapping[str, str]  # all texts that they can use, by name
    parameters: Sequence[str]  # names


class Templates:
    """Renders the templates of one prototype; each is compiled once, each printed text parsed once."""

    def __init__(self, templates: TemplateSet, cache: BytecodeCache | None = None) -> None:
        """Take the templates, and where compiled ones are kept."""
        check_placeholders()
        self._files, self._sources, self._parameters = templates
        self._sandbox = Sandbox(self._sources, cache)
        self._unset = dict.fromkeys(self._parameters)
        self._parsed: dict[str, list[Any]] = {}

    def render(
        self, values: Mapping[str, Any], begin: Callable[[str], object] = lambda name: None
    ) -> list[Rendered]:
        """Return the objects in the templates' order; `begin` is called with the name of each template."""
        self._sandbox.start({**self._unset, **values})
        objects: list[Rendered] = []
        for index, (name, condition) in enumerate(self._files):
            begin(name)
            if self._is_wanted(index, condition):
                objects += self._objects(name)
        return objects

    def faults(self) -> list[Fault]:
        """Return the errors in any branch of the templates, and in their conditions."""
        known = [*self._parameters, "component", "app", "environment"]
        found: list[Fault] = []
        for index, (name, condition) in enumerate(self._files):
            if condition:
                faults = self._sandbox.unknown_names(CONDITION + condition, known)
                found += [fault._replace(condition=index) for fault in faults]
            if name.endswith(".j2"):
                found += self._sandbox.unknown_names(name, known)
        return found

    def _is_wanted(self, index: int, condition: str) -> bool:
        try:
            return not condition or self._sandbox.truth(condition)
        except TemplateFault as error:
            raise TemplateFault([fault._replace(condition=index) for fault in error.faults]) from None

    def _objects(self, name: str) -> Iterator[Rendered]:
        for body in self._bodies(name):
            if isinstance(body, dict):
                yield body, name
            elif body is not ABSENT:
                what = "a list" if isinstance(body, list) else "a value"
                raise TemplateFault([Fault(f"it renders {what}, not an object", name, 1)])

    def _bodies(self, name: str) -> list[Any]:
        try:
            documents = self._documents(name)
            sheet = Sheet(self._sandbox.puts)
            return [fill(sheet) for fill in documents]
        except TemplateFault:
            raise
        except RecursionError:
            raise TemplateFault([Fault("it renders values nested too deep", name, 1)]) from None
        except Exception as error:  # a value that cannot be written, or does not fit its place
            raise TemplateFault([describe(error, name, (), ())]) from None

    def _documents(self, name: str) -> list[Any]:
        text = self._sandbox.text(name) if name.endswith(".j2") else self._sources[name]
        if text not in self._parsed:
            try:
                self._parsed[text] = parse(text)
            except AppError as error:
                faults = [
                    self._yaml_fault(name, text, problem.message, problem.hint, problem.where.line)
                    if problem.where
                    else Fault(problem.message, name, 1, problem.hint)
                    for problem in error.problems
                ]
                raise TemplateFault(faults) from None
        return self._parsed[text]

    def _yaml_fault(self, name: str, text: str, message: str, hint: str, line: int) -> Fault:
        """Return an error in the rendered text with its place in the template."""
        lines = text.split("\n")
        shown = readable(lines[line - 1]).strip() if line <= len(lines) else ""
        template, line = self._sandbox.origin(name, line)
        return Fault(f"it renders no YAML: {readable(message)} at `{shown}`", template, line, hint)


@cache
def check_placeholders() -> None:
    """Check that this version of Jinja prints placeholders; RuntimeError if values would become YAML text."""
    value = "b: 1\n- {"
    sandbox = Sandbox({"t": "{% macro m() %}{{ x ~ '' }}{% endmacro %}a: {{ x }}\nb: {{ m() }}"})
    sandbox.start({"x": value})
    (fill,) = parse(sandbox.text("t"))
    if fill(Sheet(sandbox.puts)) != {"a": value, "b": value}:
        raise RuntimeError("this version of Jinja2 does not print placeholders: install jinja2>=3.1.6,<3.2")
