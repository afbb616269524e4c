"""Renders the objects of a component from a prototype's templates and values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.isolated import IsolatedTemplates
from kfctl.engine.templatefault import Fault, TemplateFault
from kfctl.engine.templates import Templates, TemplateSet
from kfctl.errors import Location, Problem, TemplateError
from kfctl.model.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from jinja2 import BytecodeCache

    from kfctl.model.prototype import Prototype


def render(prototype: Prototype, sources: Mapping[str, str], values: Mapping[str, Any]) -> list[Resource]:
    """Return the objects of one component; TemplateError where a template is wrong."""
    return Renderer(prototype, sources).render(values)


class Renderer:
    """Renders components of one prototype.

    Templates that are not shipped with kfctl run in a process of their own, within limits.
    """

    def __init__(
        self, prototype: Prototype, sources: Mapping[str, str], cache: BytecodeCache | None = None
    ) -> None:
        """Take the prototype, all texts its templates can use, and where compiled shipped ones are kept."""
        self._prototype = prototype
        templates = TemplateSet(
            [(template.file, template.when) for template in prototype.templates],
            sources,
            list(prototype.parameters),
        )
        self._templates: Templates | IsolatedTemplates = (
            Templates(templates, cache) if prototype.shipped else IsolatedTemplates(templates)
        )

    def render(self, values: Mapping[str, Any]) -> list[Resource]:
        """Return the objects of a component with these values, in the templates' order."""
        component = str(values.get("component") or "")
        try:
            objects = self._templates.render(values)
        except TemplateFault as error:
            raise self._error(error.faults, values) from None
        return [Resource(body, component, self._label(name)) for body, name in objects]

    def faults(self) -> list[Problem]:
        """Return the errors in any branch of the templates, and in their conditions."""
        try:
            return [self._problem(fault) for fault in self._templates.faults()]
        except TemplateFault as error:
            return [self._problem(fault) for fault in error.faults]

    def _problem(self, fault: Fault) -> Problem:
        if 0 <= fault.condition < len(self._prototype.templates):
            message = f"when: {self._prototype.templates[fault.condition].when}: {fault.message}"
            return Problem(message, self._prototype.at("templates", fault.condition), fault.hint)
        return Problem(fault.message, Location(self._label(fault.template), fault.line), fault.hint)

    def _label(self, name: str) -> str:
        folder = self._prototype.where.path.rpartition("/")[0]
        return f"{folder.rpartition('/')[0] if name.startswith('common/') else folder}/{name}"

    def _error(self, faults: Sequence[Fault], values: Mapping[str, Any]) -> TemplateError:
        component = values.get("component")
        prefix = f"{component}: " if component else ""
        problems = [
            problem._replace(message=prefix + problem.message) for problem in map(self._problem, faults)
        ]
        return TemplateError(problems[0].message, problems=problems)
