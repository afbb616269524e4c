"""Templates out of texts, compiled once: what was compiled can be kept from one run to the next."""

from __future__ import annotations

import hashlib
import sys
from types import CodeType, FunctionType
from typing import TYPE_CHECKING, Any

import jinja2
from jinja2 import BaseLoader, TemplateNotFound

from kfctl.engine.generator import Generator

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping

    from jinja2 import Environment, Template

CONDITION = "when:"  # begins the name of a template that is an expression


class Loader(BaseLoader):
    """Finds templates among texts, and the code of those that were compiled before."""

    def __init__(self, sources: Mapping[str, str], codes: MutableMapping[str, CodeType]) -> None:
        """Take the texts by name, and the codes, to which new ones are added."""
        self._sources, self._codes = sources, codes

    def get_source(
        self, environment: Environment, template: str
    ) -> tuple[str, str | None, Callable[[], bool] | None]:
        """Return the text of a template; for a condition, one that sets `result`."""
        if template.startswith(CONDITION):
            return f"{{% set result = ({template.removeprefix(CONDITION)}) %}}", None, None
        if template not in self._sources:
            raise TemplateNotFound(template)
        return self._sources[template], None, None

    def load(self, environment: Environment, name: str, globals: Any = None) -> Template:
        """Return a template, from its code if there is one."""
        source, _, uptodate = self.get_source(environment, name)
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = environment.compile(source, name)
        return environment.template_class.from_code(environment, code, globals or {}, uptodate)


def code_key(sources: Mapping[str, str]) -> str:
    """Return what the code of these texts depends on, as a short name: equal names, equal code."""
    texts = (part for name in sorted(sources) if name.endswith(".j2") for part in (name, sources[name]))
    return _digest([sys.version, jinja2.__version__, *_ours(), *texts])


def _ours() -> Iterator[str]:
    """Return what Generator changes in Jinja's compiler: a change of it makes another key."""
    for name, own in sorted(vars(Generator).items()):
        yield name
        if isinstance(own, FunctionType):
            yield from _parts(own.__code__)


def _parts(code: CodeType) -> Iterator[str]:
    yield f"{code.co_code.hex()} {code.co_names}"
    for constant in code.co_consts:
        yield from _parts(constant) if isinstance(constant, CodeType) else [repr(constant)]


def _digest(parts: Iterable[str]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(part.encode("utf-8", "surrogatepass") + b"\0")
    return digest.hexdigest()
