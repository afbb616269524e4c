"""Jinja2 in a sandbox: a template and variables in, text with holes out."""

from __future__ import annotations

import re
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

from jinja2 import TemplateNotFound, nodes
from jinja2.environment import TemplateModule
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS

from kfctl.engine import filters
from kfctl.engine.context import Names, OwnContext, OwnMacro, OwnTemplate, Unknown
from kfctl.engine.generator import Generator, names_from_outside
from kfctl.engine.holes import MARKER_HEAD, MARKER_TAIL, Place, Put
from kfctl.engine.limits import CHARACTERS, MAX_OUTPUT, OPERATORS, SIZED, Budget, Text, TooMuch
from kfctl.engine.loader import CONDITION, Loader
from kfctl.engine.templatefault import TemplateFault, template_fault
from kfctl.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Mapping
    from types import CodeType


LOOP = frozenset(
    ("index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "changed")
)


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates that reach nothing but their variables, and end."""

    code_generator_class = Generator
    template_class = OwnTemplate
    intercepted_binops = frozenset(OPERATORS)
    Macro = OwnMacro

    def __init__(self, sources: Mapping[str, str], codes: dict[str, CodeType] | None = None) -> None:
        """Take every text that a template may be, import or read with ``file(NAME)``.

        `codes` is what templates were compiled to already; what is compiled now is added.
        """
        super().__init__(
            loader=Loader(sources, {} if codes is None else codes),
            undefined=Unknown,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            optimized=False,
        )
        self._sources = sources
        self._templates: dict[str, OwnTemplate] = {}
        self._lasting: dict[str, TemplateModule] = {}
        self._used: list[Names] = []
        self.variables = Names()
        self.eval_ctx = nodes.EvalContext(self)
        self.globals = {"range": range, "dict": dict, "file": self._file}
        known: Mapping[str, Callable[..., Any]] = FILTERS
        self.filters = {name: self._guarded(known[name]) for name in filters.FILTERS}
        self.filters |= {**filters.OURS, "tojson": self._guarded(filters.tojson)}
        tests: Mapping[str, Any] = TESTS  # some of them are operators, which have no type of their own
        self.tests = {name: self._guarded(tests[name]) for name in filters.TESTS_OF_VALUES}
        self.tests |= {name: _of_kind(tests[name]) for name in filters.TESTS_OF_KINDS}
        self.start({})

    def start(self, variables: Mapping[str, Any]) -> None:
        """Give the templates one more component's variables, and a new budget."""
        while self._used:  # they hold macros that hold them: free without a search for garbage
            self._used.pop().clear()
        self.variables.clear()
        self.variables.update(variables)
        self.budget = Budget()
        self.puts: list[Put] = []
        self.modules = dict(self._lasting)
        # What the code that Generator writes calls.
        self.weighed, self.counted = self.budget.weighed, self.budget.counted
        # Jinja declares `concat` as str.join; here what it joins is counted by the budget of this rendering.
        self.joined, self.concat = self.budget.joined, self.budget.concatenated  # type: ignore[assignment]

    def text(self, name: str) -> str:
        """Return what a template prints; its values are in `puts`."""
        self.puts = []
        try:
            return self._printed(self.get_template(name))
        except Exception as error:  # a template can fail in every way that Python can
            raise self._fault(error, name) from None

    def truth(self, expression: str) -> bool:
        """Return whether an expression, the `when` of a template, is true."""
        try:
            template = self.get_template(CONDITION + expression)
            context = OwnContext(self, template.name, self.variables, {})
            for _ in template.root_render_func(context):  # a generator, which prints nothing
                pass
            return bool(context.vars["result"])
        except Exception as error:  # so can an expression
            raise self._fault(error, "prototype.yaml") from None

    def _printed(self, template: OwnTemplate) -> str:
        pieces, size = list[str](), 0
        printed: Iterator[Any] = template.root_render_func(self.context(template.name, self.variables))
        while some := [p.text if type(p) is Text else p for p in islice(printed, 1_000)]:
            pieces += some
            size += sum(map(len, some))
            if size > MAX_OUTPUT:
                raise TooMuch(f"the template prints more than {MAX_OUTPUT:,} characters")
        return "".join(pieces)

    def unknown(self, name: str, source: str, known: Collection[str]) -> list[TemplateFault]:
        """Return the names that a template uses, in whatever branch, and that nothing gives a meaning."""
        try:
            tree = self._parse(source, name, None)
            self.compile(tree, name)
        except Exception as error:  # Jinja's parser lets some of Python's through
            return [self._fault(error, name)]
        message = "'{}' is not a parameter, nor set in the template"
        return [
            TemplateFault(message.format(used), name, line, did_you_mean(used, known))
            for used, line in names_from_outside(tree)
            if used not in self.globals and used not in known
        ]

    def origin(self, name: str, line: int) -> tuple[str, int]:
        """Return the template and line that printed a line of what the template `name` prints."""
        traced = _Traced(self._sources)
        traced.start(self.variables)
        try:
            text = traced.text(name)
        except TemplateFault:  # its marks made it too large
            return name, 1
        marks = [ORIGIN.search(printed) for printed in text.split("\n")[:line]]
        found = next((mark for mark in reversed(marks) if mark), None)
        return (found[1], int(found[2])) if found else (name, 1)

    # What compiled templates call.

    def hole(self, value: Any, place: Place) -> str:
        """Keep a value aside and return the marker to print in its place."""
        kind = type(value)
        if kind is Text:
            return str(value.text)
        if isinstance(value, Undefined):
            value._fail_with_undefined_error()
        self.budget.spend(1 + len(value) // CHARACTERS if kind is str else 1)
        puts = self.puts
        puts.append((value, place))
        return f"{MARKER_HEAD}{len(puts) - 1}{MARKER_TAIL}"

    def imported(self, name: str) -> TemplateModule:
        """Return what a template sets; it sees the component's variables and is run once."""
        module = self.modules.get(name)
        if module is None:
            before = len(self.puts)
            template = self.get_template(name)
            if template.only_macros:
                module = TemplateModule(template, OwnContext(self, template.name, self.variables, {}))
                self._lasting[name] = module
            else:
                module = TemplateModule(template, self.context(template.name, self.variables))
            if len(self.puts) == before:  # else it holds markers, good for one template only
                self.modules[name] = module
        return module

    def context(self, name: str | None, variables: Mapping[str, Any]) -> Context:
        """Return the names of one run of a template: the variables, to which it adds its own."""
        names = Names(variables)
        self._used.append(names)
        return OwnContext(self, name, names, names)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of an arithmetic operator."""
        return self.budget.operated(operator, left, right)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Return what a function, method or macro returns."""
        __self.budget.spend(4)
        if kwargs:  # not through the context: nothing that a template can reach wants it, nor these two
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
        result = __obj(*args, **kwargs)
        if type(result) in SIZED:
            __self.budget.spend(len(result) // CHARACTERS)
        return result

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return a method that is allowed, else the entry of a map; nothing of Python's insides."""
        found = filters.method(obj, attribute)
        if found:
            return found
        if isinstance(obj, LoopContext) and attribute in LOOP:
            return getattr(obj, attribute)
        if isinstance(obj, TemplateModule) and not attribute.startswith("_"):
            return vars(obj).get(attribute, self.undefined(obj=obj, name=attribute))
        return self.getitem(obj, attribute)

    def getitem(self, obj: Any, argument: Any) -> Any:
        """Return an entry of a map, list or text."""
        if isinstance(obj, Undefined):
            obj._fail_with_undefined_error()
        if isinstance(obj, dict | list | tuple | str | range | Text):
            try:
                return obj[argument]
            except (TypeError, LookupError):
                if isinstance(obj, Text):
                    raise
        return self.undefined(obj=obj, name=argument)

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> OwnTemplate:
        """Return a template; each use of one counts."""
        self.budget.spend(10)
        found = self._templates.get(name)
        if found is None:
            made: Any = super().get_template(name, parent, globals)
            found = self._templates[name] = made
        return found

    def _file(self, name: str) -> str:
        if name not in self._sources:
            raise TemplateNotFound(name)
        return self._sources[name]

    def _guarded(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(function)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            for value in args:
                self.weighed(value)
            result = function(*args, **kwargs)
            return self.budget.listed(result) if hasattr(result, "__next__") else self.weighed(result)

        return guarded

    def _fault(self, error: Exception, name: str) -> TemplateFault:
        return template_fault(error, name, self.variables.keys() - self.globals.keys(), self._sources)


def _of_kind(test: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Return a test that looks at no more of a value than what it is."""

    @wraps(test)
    def guarded(value: Any) -> bool:
        return test(value._refused() if type(value) is Text else value)

    return guarded


class _Traced(Sandbox):
    """A sandbox whose templates print with each line where it comes from."""

    def _parse(self, source: str, name: str | None, filename: str | None) -> nodes.Template:
        template = super()._parse(source, name, filename)
        for text in template.find_all(nodes.TemplateData):
            lines = enumerate(text.data.split("\n"), text.lineno)
            text.data = "\n".join(f"\1{name}\2{number}\3{line}" if line else "" for number, line in lines)
        return template


ORIGIN = re.compile("\1(.*?)\2([0-9]+)\3")
