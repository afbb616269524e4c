"""Sandboxed Jinja whose templates print placeholders for values."""

from __future__ import annotations

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from jinja2 import FunctionLoader, StrictUndefined, Template, TemplateNotFound, nodes, pass_context
from jinja2.environment import TemplateModule
from jinja2.exceptions import TemplateSyntaxError
from jinja2.runtime import LoopContext, Undefined
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from kfctl.engine.filters import METHODS, choose_filters
from kfctl.engine.holes import MARKER_HEAD, MARKER_TAIL, MacroResult, Put, kind
from kfctl.engine.templatefault import Fault, TemplateFault, UnknownFilterError, UnknownNameError, describe
from kfctl.errors import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from jinja2 import BytecodeCache
    from jinja2.runtime import Context

MAX_OUTPUT = 4_000_000  # characters of one template; etcd accepts objects of at most 1.5 million bytes
CONDITION = "when:"  # starts the name of a template that consists of a condition
LOOP = frozenset(
    ["index", "index0", "revindex", "revindex0", "first", "last", "length", "previtem", "nextitem", "changed"]
)
ATTRIBUTES: Mapping[type, Collection[str]] = METHODS | {LoopContext: LOOP}


class Unknown(StrictUndefined):
    """An undefined value; each use of it is an error."""

    __slots__ = ()

    def __init__(
        self, hint: str | None = None, obj: Any = missing, name: Any = None, exc: Any = None
    ) -> None:
        """Describe an unknown name, or an unknown key of `obj`."""
        if hint is None and obj is missing:
            hint = f"'{name}' is not a parameter, nor set in the template"
            exc = partial(UnknownNameError, str(name))
        elif exc is None:
            hint = hint or f"{kind(obj)} has no '{name if isinstance(name, str | int) else kind(name)}'"
        super().__init__(hint, obj, name, *([exc] if exc else []))


class SharedTemplate(Template):
    """A template that is imported once for each component."""

    def make_module(self, vars: Any = None, shared: bool = False, locals: Any = None) -> TemplateModule:
        """Return what the template sets; it can use the component's parameters, not the importer's names."""
        sandbox: Any = self.environment
        module: TemplateModule = sandbox.import_module(self)
        return module


class Sandbox(ImmutableSandboxedEnvironment):
    """Templates that can use their variables and sources, and nothing else of the process."""

    template_class = SharedTemplate
    intercepted_binops = frozenset({"%"})

    def __init__(
        self, sources: Mapping[str, str], cache: BytecodeCache | None = None, *, traced: bool = False
    ) -> None:
        """Take all texts that a template can be, import, or read with ``file(NAME)``.

        With `traced`, templates print the place of each line in front of it.
        """
        super().__init__(
            loader=FunctionLoader(self._load),
            bytecode_cache=cache,
            undefined=Unknown,
            finalize=self.print_placeholder,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            auto_reload=False,
            optimized=False,  # Jinja computes no constants while it compiles: infinity has no literal
        )
        self._sources, self._traced = sources, traced
        self.globals = {"range": self.globals["range"], "dict": dict, "file": self._file}
        self.filters = choose_filters(self.filters)
        self.start({})

    def start(self, variables: Mapping[str, Any]) -> None:
        """Give the templates the variables of a component."""
        self.variables = {**self.globals, **variables}
        self.puts: list[Put] = []
        self._modules: dict[str | None, TemplateModule] = {}

    def text(self, name: str) -> str:
        """Return what a template prints; its values are in `puts`."""
        self.puts = []
        try:
            pieces = self._print(self.get_template(name))
            text = "".join([piece.text if type(piece) is MacroResult else piece for piece in pieces])
            if len(text) > MAX_OUTPUT:
                raise ValueError(f"the template prints more than {MAX_OUTPUT:,} characters")
        except Exception as error:  # a template can fail in every way that Python can
            raise self._fault(error, name) from None
        return text

    def truth(self, expression: str) -> bool:
        """Return whether the condition `when` of a template is true."""
        try:
            return bool(self._print(self.get_template(CONDITION + expression)))
        except Exception as error:  # so can an expression
            raise self._fault(error, "") from None

    def _print(self, template: Template) -> list[Any]:
        context = template.new_context(self.variables, shared=True)
        try:
            return list(template.root_render_func(context))
        except Exception:
            return self.handle_exception()  # raises the error with the template's own line numbers

    def unknown_names(self, name: str, known: Collection[str]) -> list[Fault]:
        """Return the names used in any branch of a template that are neither `known` nor set in it."""
        try:
            source, _, _ = self._load(name)
            tree = self.parse(source, name)
            self.compile(source, name)
        except Exception as error:  # the parser does not catch all errors of Python
            return list(self._fault(error, name).faults)
        message = "'{}' is not a parameter, nor set in the template"
        return [
            Fault(message.format(used), name, line, did_you_mean(used, known))
            for used, line in names_from_outside(tree)
            if used not in self.globals and used not in known
        ]

    def origin(self, name: str, line: int) -> tuple[str, int]:
        """Return the template and line that printed a line of the output of the template `name`."""
        traced = Sandbox(self._sources, traced=True)
        traced.start(self.variables)
        try:
            text = traced.text(name)
        except TemplateFault:  # the traces made it too large
            return name, 1
        traces = [TRACE.search(printed) for printed in text.split("\n")[:line]]
        found = next((trace for trace in reversed(traces) if trace), None)
        return (found[1], int(found[2])) if found else (name, 1)

    def compile(self, source: Any, name: Any = None, filename: Any = None, *args: Any, **kwargs: Any) -> Any:
        """Compile a template with a placeholder in each place that prints a value."""
        if isinstance(source, str):
            source = self.parse(source, name, filename)
        try:
            self._rewrite(source, name)
        except TemplateSyntaxError:
            self.handle_exception()
        return super().compile(source, name, filename, *args, **kwargs)

    def _rewrite(self, tree: nodes.Template, name: str) -> None:
        for node in list(tree.find_all(REWRITTEN)):
            if isinstance(node, REFUSED):
                word = (
                    "autoescape" if isinstance(node, nodes.ScopedEvalContextModifier) else type(node).__name__
                )
                raise TemplateSyntaxError(f"{word.lower()} is not supported: use macros", node.lineno, name)
            if isinstance(node, nodes.Filter) and node.name not in self.filters:
                known = sorted(self.filters)
                hint = did_you_mean(node.name, known) or f"there are {', '.join(known)}"
                raise UnknownFilterError(f"No filter named {node.name!r}.", node.lineno, name, hint)
            if isinstance(node, nodes.Output):
                node.nodes = [self._printed(child, name) for child in node.nodes]
            elif isinstance(node, nodes.Concat):
                node.nodes = [_filtered(child, "string") for child in node.nodes]
            elif isinstance(node, nodes.Import | nodes.FromImport):
                node.with_context = True
        tree.set_environment(self)

    def _printed(self, node: nodes.Expr, name: str) -> nodes.Expr:
        """Return what is printed in place of a value, with its line for `print_placeholder`, or of text."""
        if not isinstance(node, nodes.TemplateData):
            return nodes.Tuple([node, nodes.Const(node.lineno)], "load", lineno=node.lineno)
        if self._traced:
            lines = enumerate(node.data.split("\n"), node.lineno)
            node.data = "\n".join(f"\1{name}\2{number}\3{line}" if line else "" for number, line in lines)
        return node

    @pass_context
    def print_placeholder(self, context: Context, printed: tuple[Any, int]) -> str:
        """Keep a value and return the marker to print in its place."""
        value, line = printed
        if type(value) is MacroResult:
            return value.text
        if isinstance(value, Undefined):
            str(value)  # raises its error
        puts = self.puts
        puts.append((value, (context.name or "", line)))
        return f"{MARKER_HEAD}{len(puts) - 1}{MARKER_TAIL}"

    @staticmethod
    def concat(parts: Iterable[Any]) -> Any:
        """Return what a macro or a block prints."""
        texts = [part.text if type(part) is MacroResult else part for part in parts]
        return MacroResult("".join(texts).removesuffix("\n"))

    def import_module(self, template: Template) -> TemplateModule:
        """Return what a template sets, from the component's variables."""
        module = self._modules.get(template.name)
        if module is None:
            before = len(self.puts)
            module = TemplateModule(template, template.new_context(self.variables, shared=True))
            if len(self.puts) == before:  # otherwise it has markers, which are valid in one template only
                self._modules[template.name] = module
        return module

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call a function, method or macro, faster than Jinja: none that templates reach takes a context."""
        kwargs.pop("_loop_vars", None)
        kwargs.pop("_block_vars", None)
        return __obj(*args, **kwargs)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Return the result of ``%``, for numbers only: formatting would convert any value to text."""
        if isinstance(left, int | float) and isinstance(right, int | float):
            return left % right
        raise TypeError(f"% is for numbers, not {kind(left)} and {kind(right)}")

    def is_safe_attribute(self, obj: Any, attr: str, value: Any) -> bool:
        """Return whether templates can read an attribute of a Python object."""
        if type(obj) is TemplateModule:
            return super().is_safe_attribute(obj, attr, value)
        return attr in ATTRIBUTES.get(type(obj), ())

    def getattr(self, obj: Any, attribute: str) -> Any:
        """Return an attribute; of a map an entry, unless it is one of the allowed methods."""
        if type(obj) is dict and attribute not in METHODS[dict]:
            return self.getitem(obj, attribute)
        return super().getattr(obj, attribute)

    def unsafe_undefined(self, obj: Any, attribute: str) -> Undefined:
        """Return the same as for an attribute that does not exist."""
        return self.undefined(obj=obj, name=attribute)

    def wrap_str_format(self, value: Any) -> None:
        """Keep ``str.format`` out, which would convert any value to text."""

    def _load(self, name: Any) -> tuple[str, str | None, None]:
        if not isinstance(name, str):
            raise TypeError(f"the name of a template is a string, not {kind(name)}")
        if name.startswith(CONDITION):
            return f"{{% if ({name.removeprefix(CONDITION)}) %}}true{{% endif %}}", None, None
        return self._file(name), name, None

    def _file(self, name: Any) -> str:
        if not isinstance(name, str):
            raise TypeError(f"the name of a file is a string, not {kind(name)}")
        if name not in self._sources:
            raise TemplateNotFound(name)
        return self._sources[name]

    def _fault(self, error: Exception, name: str) -> TemplateFault:
        return TemplateFault(
            [describe(error, name, self.variables.keys() - self.globals.keys(), self._sources)]
        )


REFUSED = (nodes.Extends, nodes.Block, nodes.ScopedEvalContextModifier)
REWRITTEN = (*REFUSED, nodes.Output, nodes.Concat, nodes.Filter, nodes.Import, nodes.FromImport)
TRACE = re.compile("\1(.*?)\2([0-9]+)\3")
SPECIAL = frozenset({"loop", "caller", "varargs", "kwargs"})  # defined by Jinja


def _filtered(node: nodes.Expr, name: str) -> nodes.Filter:
    return nodes.Filter(node, name, [], [], None, None, lineno=node.lineno)


def names_from_outside(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Return the names that a template uses but does not set, in any branch, with their lines."""
    own = SPECIAL.union(_names_set(tree))
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name not in own:
            yield node.name, node.lineno


def _names_set(tree: nodes.Template) -> Iterator[str]:
    yield from (node.name for node in tree.find_all(nodes.Name) if node.ctx != "load")
    yield from (node.name for node in tree.find_all(nodes.Macro))
    yield from (node.target for node in tree.find_all(nodes.Import))
    for node in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in node.names)
