"""What a template works with while it runs: its names and its macros, less than Jinja has for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import StrictUndefined, Template
from jinja2.runtime import Context, Macro
from jinja2.utils import missing

from kfctl.engine.holes import kind

if TYPE_CHECKING:
    from kfctl.engine.sandbox import Sandbox


class Unknown(StrictUndefined):
    """A name that means nothing; whatever is done with it is an error."""

    @property
    def _undefined_message(self) -> str:
        if self._undefined_hint:
            return str(self._undefined_hint)
        if self._undefined_obj is not missing:
            return f"{kind(self._undefined_obj)} has no '{self._undefined_name}'"
        return f"'{self._undefined_name}' is not a parameter, nor set in the template"


class Names(dict[str, Any]):
    """What names mean; `missing` for those that mean nothing."""

    def __missing__(self, _: str) -> Any:
        """Return what Jinja takes for a name without a meaning."""
        return missing


class OwnContext(Context):
    """The names of one run of a template, without what Jinja has for blocks, globals and escaping."""

    def __init__(self, sandbox: Sandbox, name: str | None, names: Names, own: dict[str, Any]) -> None:
        """Take the names that it can look up, and where it keeps those that it sets."""
        self.environment, self.eval_ctx, self.name = sandbox, sandbox.eval_ctx, name
        self.parent, self.vars = names, own
        # In place of Jinja's method, which looks into two maps: one look-up in one.
        self.resolve_or_missing = names.__getitem__  # type: ignore[assignment]
        self.exported_vars, self.globals_keys, self.blocks = set(), set(), {}


class OwnMacro(Macro):
    """A macro, called the short way where it is given nothing but values in their order."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return what it prints."""
        left = self._argument_count - len(args)
        if kwargs or left < 0 or self.caller or self.catch_kwargs or self.catch_varargs:
            return super().__call__(*args, **kwargs)
        return self._func(*args, *[missing] * left)


class OwnTemplate(Template):
    """A template whose contexts are ours."""

    @property
    def only_macros(self) -> bool:
        """Whether it is macros and nothing else: these know the names' meaning when they are called."""
        return bool(self.root_render_func.__globals__["only_macros"])

    def new_context(self, vars: Any = None, shared: bool = False, locals: Any = None) -> Context:
        """Return a context of the variables, which hold the globals too."""
        given = {name: value for name, value in (locals or {}).items() if value is not missing}
        sandbox: Any = self.environment
        context: Context = sandbox.context(self.name, {**vars, **given} if given else vars)
        return context
