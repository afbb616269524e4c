"""The code that templates compile to: Jinja's, with places for errors and a price for what can grow."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import nodes
from jinja2.compiler import CodeGenerator, operators

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from jinja2.compiler import Frame, MacroRef


class Generator(CodeGenerator):
    """Writes code that tells `hole` the place of each hole and pays for whatever can grow."""

    def _make_finalize(self) -> CodeGenerator._FinalizeInfo:
        return self._FinalizeInfo(None, None)  # nothing that is printed is known before the template runs

    def _output_child_pre(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write("environment.hole(")

    def _output_child_post(self, node: nodes.Expr, frame: Frame, finalize: Any) -> None:
        self.write(f", ({self.name!r}, {node.lineno}))")

    def visit_Template(self, node: nodes.Template, frame: Frame | None = None) -> None:
        """Note whether there are but macros in it, and text between them."""
        only = all(isinstance(each, nodes.Macro) or _is_text(each) for each in node.body)
        self.writeline(f"only_macros = {only}")
        super().visit_Template(node, frame)

    def _import_common(self, node: nodes.Import | nodes.FromImport, frame: Frame) -> None:
        self.write("environment.imported(")
        self.visit(node.template, frame)
        self.write(")")

    def macro_def(self, macro_ref: MacroRef, frame: Frame) -> None:
        """Make a macro of our own class."""
        self.write("environment.")
        super().macro_def(macro_ref, frame)

    def visit_For(self, node: nodes.For, frame: Frame) -> None:
        """Count the turns of a loop before it starts."""
        if node.recursive:
            self.fail("recursive loops are not supported: use a macro", node.lineno)
        counted = nodes.EnvironmentAttribute("counted", lineno=node.lineno)
        node.iter = nodes.Call(counted, [node.iter], [], None, None, lineno=node.lineno)
        super().visit_For(node, frame)

    def visit_Compare(self, node: nodes.Compare, frame: Frame) -> None:
        """Pay for both sides, unless the other is fixed: lists in lists may take for ever to compare."""
        sides = [node.expr, *(operand.expr for operand in node.ops)]
        if all(map(_is_fixed, sides[1:])):
            super().visit_Compare(node, frame)
            return
        self.write("(")
        self._paid(self.visit, node.expr, frame)
        for operand in node.ops:
            self.write(f" {operators[operand.op]} ")
            self._paid(self.visit, operand.expr, frame)
        self.write(")")

    def visit_Concat(self, node: nodes.Concat, frame: Frame) -> None:
        """Join values within bounds."""
        self.write("environment.joined((")
        for child in node.nodes:
            self.visit(child, frame)
            self.write(", ")
        self.write("))")

    def visit_Tuple(self, node: nodes.Tuple, frame: Frame) -> None:
        """Pay for a tuple, which may be hashed over and over."""
        if node.ctx == "load":
            self._paid(super().visit_Tuple, node, frame)
        else:
            super().visit_Tuple(node, frame)

    def visit_Getitem(self, node: nodes.Getitem, frame: Frame) -> None:
        """Pay for a slice, which copies."""
        if isinstance(node.arg, nodes.Slice):
            self._paid(super().visit_Getitem, node, frame)
        else:
            super().visit_Getitem(node, frame)

    def visit_Extends(self, node: nodes.Extends, frame: Frame) -> None:
        """Refuse it."""
        self.fail("extends is not supported: use macros", node.lineno)

    def visit_Block(self, node: nodes.Block, frame: Frame) -> None:
        """Refuse it."""
        self.fail("block is not supported: use macros", node.lineno)

    def visit_ScopedEvalContextModifier(self, node: Any, frame: Frame) -> None:
        """Refuse ``autoescape``."""
        self.fail("autoescape is not supported: values are never text here", node.lineno)

    def _paid(self, visit: Callable[[Any, Frame], Any], node: nodes.Node, frame: Frame) -> None:
        self.write("environment.weighed(")
        visit(node, frame)
        self.write(")")


def _is_fixed(node: nodes.Node) -> bool:
    """Whether a part of an expression is a word or a list of words, written in the template."""
    return isinstance(node, nodes.Const) or (
        isinstance(node, nodes.List | nodes.Tuple) and all(map(_is_fixed, node.items))
    )


def _is_text(node: nodes.Node) -> bool:
    return isinstance(node, nodes.Output) and all(isinstance(each, nodes.TemplateData) for each in node.nodes)


SPECIAL = frozenset({"loop", "caller", "varargs", "kwargs"})  # which Jinja gives a meaning


def names_from_outside(tree: nodes.Template) -> Iterator[tuple[str, int]]:
    """Return the names that a template uses without having set them, in whatever branch, with their lines."""
    own = SPECIAL.union(_set_in(tree))
    for node in tree.find_all(nodes.Name):
        if node.ctx == "load" and node.name not in own:
            yield node.name, node.lineno


def _set_in(tree: nodes.Template) -> Iterator[str]:
    yield from (node.name for node in tree.find_all(nodes.Name) if node.ctx != "load")
    yield from (node.name for node in tree.find_all(nodes.Macro))
    yield from (node.target for node in tree.find_all(nodes.Import))
    for node in tree.find_all(nodes.FromImport):
        yield from (name if isinstance(name, str) else name[1] for name in node.names)
