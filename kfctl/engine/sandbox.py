"""Jinja2 in a sandbox: a template and variables in, text with holes out."""

from __future__ import annotations

import re
from functools import wraps
from itertools import islice
from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, Template, TemplateNotFound, nodes
from jinja2.environment import TemplateModule
from jinja2.filters import FILTERS
from jinja2.runtime import Context, LoopContext, Macro, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.tests import TESTS
from jinja2.utils import missing

from kfctl.engine import filters
from kfctl.engine.generator import Generator, names_from_outside
from kfctl.engine.holes import MARKER_HEAD, MARKER_TAIL, Place, Put, kind
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


class Unknown(StrictUndefined):
    """A name that means nothing; whatever is done with it is an error."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return str(self._undefined_hint)
        if self._undefined_obj is not missing:
            return f"{kind(self._undefined_obj)} has no '{self._undefined_name}'"
        return f"'{self._undefined_name}' is not a parameter, nor set in the template"


class _Names(dict[str, Any]):
    """What names mean; `missing` for those that mean nothing."""

    def __missing__(self, _: str) -> Any:
        return missing


class _Context(Context):
    """The names of one run of a template, without what Jinja has for blocks, globals and escaping."""

    def __init__(self, sandbox: Sandbox, variables: Mapping[str, Any], name: str | None) -> None:
        self.environment, self.eval_ctx, self.name = sandbox, sandbox.eval_ctx, name
        self.vars = self.parent = names = _Names(variables)
        self.resolve_or_missing = names.__getitem__  # type: ignore[assignment]
        self.exported_vars, self.globals_keys, self.blocks = set(), set(), {}


class _Macro(Macro):
    """A macro, called the short way where it is given nothing but values in their order."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what it prints."""
        left = self._argument_count - len(args)
        if kwargs or left < 0 or self.caller or self.catch_kwargs or self.catch_varargs:
            return super().__call__(*args, **kwargs)
        return self._func(*args, *[missing] * left)


class _Template(Template):
    """A template whose context is ours."""

    def new_context(self, vars: Any = None, shared: bool = False, locals: Any = None) -> Context:
        """Return a context of the variables, which hold the globals too."""
        given = {name: value for name, value in (locals or {}).items() if value is not missing}
        variables = {**vars, **given} if given else vars
        sandbox: Any = self.environment
        return _Context(sandbox, variables, self.name)


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates that reach nothing but their variables, and end."""

    code_generator_class = Generator
    template_class = _Template
    intercepted_binops = frozenset(OPERATORS)
    Macro = _Macro

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
        self._templates: dict[str, Template] = {}
        self.eval_ctx = nodes.EvalContext(self)
        self.globals = {"range": range, "dict": dict, "file": self._file}
        known: Mapping[str, Callable[..., Any]] = FILTERS
        self.filters = {name: self._guarded(known[name]) for name in filters.FILTERS}
        self.filters |= {**filters.OURS, "tojson": self._guarded(filters.tojson)}
        tests: Mapping[str, Any] = TESTS  # some of them are operators, which have no type of their own
        self.tests = {name: self._guarded(tests[name]) for name in filters.TESTS_OF_VALUES}
        self.tests |= {name: _of_kind(tests[name]) for name in filters.TESTS_OF_KINDS}
        self.start()

    def start(self) -> None:
        """Give the templates of one more component a new budget."""
        self.budget = Budget()
        self.puts: list[Put] = []
        self.modules: dict[str, TemplateModule] = {}
        # What the code that Generator writes calls.
        self.weighed, self.counted = self.budget.weighed, self.budget.counted
        self.joined, self.concat = self.budget.joined, self.budget.concatenated  # type: ignore[assignment]

    def text(self, name: str, variables: dict[str, Any]) -> str:
        """Return what a template prints; its values are in `puts`."""
        self.puts, self.variables = [], variables
        try:
            return self._printed(self.get_template(name), variables)
        except Exception as error:  # a template can fail in every way that Python can
            raise self._fault(error, name, variables) from None

    def truth(self, expression: str, variables: dict[str, Any]) -> bool:
        """Return whether an expression, the `when` of a template, is true."""
        try:
            template = self.get_template(CONDITION + expression)
            context = template.new_context(variables)
            for _ in template.root_render_func(context):  # a generator, which prints nothing
                pass
            return bool(context.vars["result"])
        except Exception as error:
            raise self._fault(error, "prototype.yaml", variables) from None

    def _printed(self, template: Template, variables: dict[str, Any]) -> str:
        pieces, size = list[str](), 0
        printed: Iterator[Any] = template.root_render_func(template.new_context(variables))
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
        except Exception as error:
            return [self._fault(error, name, {})]
        message = "'{}' is not a parameter, nor set in the template"
        return [
            TemplateFault(message.format(used), name, line, did_you_mean(used, known))
            for used, line in names_from_outside(tree)
            if used not in self.globals and used not in known
        ]

    def origin(self, name: str, variables: dict[str, Any], line: int) -> tuple[str, int]:
        """Return the template and line that printed a line of what the template `name` prints."""
        try:
            text = _Traced(self._sources).text(name, variables)
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
            module = TemplateModule(template, template.new_context(self.variables))
            if len(self.puts) == before:  # else it holds markers, good for one template only
                self.modules[name] = module
        return module

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

    def get_template(self, name: Any, parent: Any = None, globals: Any = None) -> Template:
        """Return a template; each use of one counts."""
        self.budget.spend(10)
        found = self._templates.get(name)
        if found is None:
            found = self._templates[name] = super().get_template(name, parent, globals)
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

    def _fault(self, error: Exception, name: str, variables: Mapping[str, Any]) -> TemplateFault:
        return template_fault(error, name, variables.keys() - self.globals.keys(), self._sources)


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
