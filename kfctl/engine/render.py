"""Templates and parameters in, objects out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.holes import ABSENT, HoleFault, Sheet, parse, readable
from kfctl.engine.loader import code_key
from kfctl.engine.sandbox import Sandbox
from kfctl.engine.templatefault import TemplateFault
from kfctl.errors import AppError, Location, Problem, TemplateError
from kfctl.model.resource import Resource

__all__ = ["Renderer", "code_key", "render"]

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import CodeType

    from kfctl.model.prototype import Prototype


def render(prototype: Prototype, sources: Mapping[str, str], values: Mapping[str, Any]) -> list[Resource]:
    """Return the objects of one component; TemplateError where a template is wrong."""
    return Renderer(prototype, sources).render(values)


class Renderer:
    """The templates of one prototype: each compiled once, each text that they print parsed once."""

    def __init__(
        self, prototype: Prototype, sources: Mapping[str, str], codes: dict[str, CodeType] | None = None
    ) -> None:
        """Take the prototype, every text its templates may use, by name, and what was compiled before."""
        self._prototype = prototype
        self._sources = sources
        self._sandbox = Sandbox(sources, codes)
        self._parsed: dict[str, list[Any]] = {}
        self._unset = {**self._sandbox.globals, **dict.fromkeys(prototype.parameters)}

    def render(self, values: Mapping[str, Any]) -> list[Resource]:
        """Return the objects of the component that `values` tell of, in the templates' order."""
        variables = {**self._unset, **values}
        self._sandbox.start(variables)
        return [
            resource
            for index, template in enumerate(self._prototype.templates)
            if self._wanted(index, variables)
            for resource in self._objects(template.file, variables)
        ]

    def faults(self) -> list[Problem]:
        """Return what is wrong with the templates in whatever branch, and with their conditions."""
        known = [*self._prototype.parameters, "component", "app", "environment"]
        problems = []
        for index, template in enumerate(self._prototype.templates):
            condition = f"{{{{ ({template.when}) }}}}" if template.when else ""
            for fault in self._sandbox.unknown("", condition, known):
                problems.append(self._of_condition(index, fault))
            if template.file.endswith(".j2"):
                faults = self._sandbox.unknown(template.file, self._sources[template.file], known)
                problems += [self._problem(fault) for fault in faults]
        return problems

    def _wanted(self, index: int, variables: dict[str, Any]) -> bool:
        when = self._prototype.templates[index].when
        try:
            return not when or self._sandbox.truth(when)
        except TemplateFault as fault:
            raise self._error([self._of_condition(index, fault)], variables) from None

    def _of_condition(self, index: int, fault: TemplateFault) -> Problem:
        message = f"when: {self._prototype.templates[index].when}: {fault}"
        return Problem(message, self._prototype.at("templates", index), fault.hint)

    def _objects(self, name: str, variables: dict[str, Any]) -> Iterator[Resource]:
        for body in self._filled(name, variables):
            if isinstance(body, dict):
                yield Resource(body, str(variables.get("component") or ""), self._label(name))
            elif body is not ABSENT:
                what = "a list" if isinstance(body, list) else "a value"
                problem = Problem(f"it renders {what}, not an object", Location(self._label(name), 1))
                raise self._error([problem], variables)

    def _filled(self, name: str, variables: dict[str, Any]) -> list[Any]:
        try:
            documents = self._documents(name, variables)
            sheet = Sheet(self._sandbox.puts)
            return [fill(sheet) for fill in documents]
        except TemplateFault as fault:
            problems = [self._problem(fault)]
        except HoleFault as fault:
            problems = [Problem(str(fault), Location(self._label(fault.place[0]), fault.place[1]))]
        except RecursionError:
            problems = [Problem("it renders values nested too deep", Location(self._label(name), 1))]
        raise self._error(problems, variables)

    def _documents(self, name: str, variables: dict[str, Any]) -> list[Any]:
        text = self._sandbox.text(name) if name.endswith(".j2") else self._sources[name]
        if text not in self._parsed:
            try:
                self._parsed[text] = parse(text)
            except AppError as error:
                problems = [self._of_yaml(problem, name, text, variables) for problem in error.problems]
                raise self._error(problems, variables) from None
        return self._parsed[text]

    def _of_yaml(self, problem: Problem, name: str, text: str, variables: dict[str, Any]) -> Problem:
        """Return a fault of the rendered text with its place in the template."""
        line = problem.where.line if problem.where else 1
        lines = text.split("\n")
        shown = readable(lines[line - 1]).strip() if line <= len(lines) else ""
        template, line = self._sandbox.origin(name, line)
        where = Location(self._label(template), line)
        return Problem(f"it renders no YAML: {readable(problem.message)} at `{shown}`", where, problem.hint)

    def _problem(self, fault: TemplateFault) -> Problem:
        return Problem(str(fault), Location(self._label(fault.template), fault.line), fault.hint)

    def _label(self, name: str) -> str:
        folder = self._prototype.where.path.rpartition("/")[0]
        return f"{folder.rpartition('/')[0] if name.startswith('common/') else folder}/{name}"

    def _error(self, problems: list[Problem], variables: Mapping[str, Any]) -> TemplateError:
        from kfctl.engine.mask import without

        component = variables.get("component")
        prefix = f"{component}: " if component else ""
        secret = [name for name, parameter in self._prototype.parameters.items() if parameter.secret]
        values = [str(variables[name]) for name in secret if variables.get(name) is not None]
        named = [
            Problem(without(values, prefix + problem.message), problem.where, without(values, problem.hint))
            for problem in problems
        ]
        return TemplateError(named[0].message, problems=named)
