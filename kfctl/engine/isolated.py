"""Templates of an app, rendered in a child process."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.templatefault import Fault, TemplateFault

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.engine.templates import Rendered, TemplateSet

MAX_OBJECTS = 10_000  # of one component


class IsolatedTemplates:
    """Does what `Templates` does, in a child process with limits; nothing of it is kept on disk."""

    def __init__(self, templates: TemplateSet) -> None:
        """Take the templates."""
        from kfctl.isolation import IsolatedProcess

        self._sources = templates.sources
        self._process = IsolatedProcess(templates)
        self._first = templates.files[0][0] if templates.files else ""
        self._slow: tuple[Any, Fault] | None = None  # the component that took too long, and its fault

    def render(self, values: Mapping[str, Any]) -> list[Rendered]:
        """Return the objects in the templates' order; TemplateFault where there are none."""
        objects = self._ask(dict(values))
        if not all(map(self._is_rendered, objects)):
            raise self._invalid()
        if len(objects) > MAX_OBJECTS:
            raise TemplateFault([Fault(f"it renders more than {MAX_OBJECTS:,} objects", objects[0][1], 1)])
        return [(body, name) for body, name in objects]

    def faults(self) -> list[Fault]:
        """Return the errors in any branch of the templates, and in their conditions."""
        return self._faults(self._ask(None))

    def _ask(self, request: Any) -> list[Any]:
        from kfctl.isolation import IsolationError

        template = self._first
        component = request.get("component") if isinstance(request, dict) else None
        self._require_time(component)
        try:
            for value in self._process.ask(request):
                match value:
                    case {"template": str(name)} if name in self._sources:
                        template = name
                    case {"memory": True}:
                        raise self._process.memory_error()
                    case {"failed": list(faults)} if faults:
                        raise TemplateFault(self._faults(faults))
                    case {"result": list(result)}:
                        return result
                    case _:
                        raise self._invalid()
        except IsolationError as error:
            fault = Fault(str(error), template, 0, error.hint)
            if error.is_slow:
                self._slow = component, fault
            raise TemplateFault([fault]) from None
        raise self._invalid()

    def _require_time(self, component: Any) -> None:
        """Raise a fault after one component took too long, else an app of many could take any time."""
        if self._slow is None:
            return
        slow, fault = self._slow
        if component != slow:
            fault = Fault("not rendered: another component of this prototype took too long", self._first, 0)
        raise TemplateFault([fault])

    def _is_rendered(self, value: Any) -> bool:
        match value:
            case [dict(), str(name)]:
                return name in self._sources
        return False

    def _faults(self, values: list[Any]) -> list[Fault]:
        faults = []
        for value in values:
            match value:
                case [str(), str(), int(), *more] if _are_details(more):
                    faults.append(Fault(*value))
                case _:
                    raise self._invalid()
        return faults

    def _invalid(self) -> TemplateFault:
        self._process.close()
        return TemplateFault([Fault("the process that renders it sent an invalid answer", "", 0)])


def _are_details(values: list[Any]) -> bool:
    match values:
        case [] | [str()] | [str(), int()]:
            return True
    return False
