"""Looks a prototype over, as its author wants it: all that its users would stumble over."""

from __future__ import annotations

import re
from collections import Counter
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from kfctl.engine.kinds import Kinds
from kfctl.engine.lint import lint
from kfctl.engine.render import Renderer
from kfctl.engine.resolve import resolve
from kfctl.engine.structure import Known, examine_objects
from kfctl.errors import KfctlError, Location, Problem
from kfctl.model.app import App, Component, Environment, Settings, Target
from kfctl.store.catalog import catalog
from kfctl.store.kinds import built_in

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping

    from kfctl.model.prototype import Example, Prototype


PARAMETERS = ("parameters", "properties")
COMPONENT = "example"  # what the component of an example is called


def lint_prototype(root: Path | None, name: str) -> tuple[Problem, ...]:
    """Return what is wrong with a prototype: schema, templates, examples, what nobody explains."""
    prototypes = catalog(root)
    prototype = prototypes.get(name)
    sources = prototypes.sources(prototype)
    examples = prototypes.examples(prototype)
    files = prototypes.files(prototype)
    problems = [*lint(prototype, sources), *_unexplained(prototype)]
    problems += _unused(prototype, sources, files["prototype.yaml"].decode())
    problems += _unlisted(prototype, sources, files)
    if not prototypes.readme(prototype):
        problems.append(Problem(f"{name} has no README.md", prototype.where))
    if not examples:
        hint = "examples/smallest.yaml with `params:` is one"
        problems.append(Problem(f"{name} has no examples", prototype.where, hint))
    renderer = Renderer(prototype, sources)
    rendered = (each for example in examples for each in _example(prototype, renderer, example))
    told = {(each.where, f"{COMPONENT}: {each.message}") for each in problems}
    # Several examples have a fault in common, and some are seen without any.
    return (*problems, *(each for each in dict.fromkeys(rendered) if (each.where, each.message) not in told))


def _unexplained(prototype: Prototype) -> Iterator[Problem]:
    for name, parameter in prototype.parameters.items():
        if not parameter.help and not parameter.deprecated:
            yield Problem(f"parameter {name} has no description", prototype.at(*PARAMETERS, name))


def _unused(prototype: Prototype, sources: Mapping[str, str], text: str) -> Iterator[Problem]:
    """Yield the parameters that neither a template nor a rule of `prototype.yaml`, the `text`, names."""
    declared = Counter(re.findall(r"\w+", text))
    used = {*re.findall(r"\w+", "\n".join(sources.values())), "namespace"}
    used |= {name for name, count in declared.items() if count > 1}  # by a rule, besides its declaration
    for name, parameter in prototype.parameters.items():
        one_choice = len(parameter.schema.get("enum", ())) == 1  # it only tells what is so
        if name not in used and not parameter.deprecated and not one_choice:
            hint = "deprecated: WHY says so to its users"
            where = prototype.at(*PARAMETERS, name)
            yield Problem(f"parameter {name} does nothing: no template names it", where, hint)


def _unlisted(prototype: Prototype, sources: Mapping[str, str], files: Collection[str]) -> Iterator[Problem]:
    """Yield the templates that neither `prototype.yaml` nor another template names."""
    listed = {template.file for template in prototype.templates}
    for name in sorted(sources.keys() - listed):
        own = name.endswith(".j2") and name in files
        if own and not any(name in text for text in sources.values()):
            message = f"{name} makes no object: `templates:` does not name it"
            yield Problem(message, prototype.at("templates"))


def _example(prototype: Prototype, renderer: Renderer, example: Example) -> Iterator[Problem]:
    """Yield what is wrong with an example: its values, and the objects that it makes."""
    where = Location(str(Path(prototype.where.path).parent / f"examples/{example.name}.yaml"), 1)
    component = Component(COMPONENT, prototype.name, Settings(dict(example.params)), (), where)
    environment = Environment("default", Target(), Settings(), {}, {}, where)
    app = App("example", "", prototype.root, Settings(), {COMPONENT: component}, {"default": environment})
    try:
        values = resolve(app, environment, component, prototype).plain()
        names = {"component": COMPONENT, "app": "example", "environment": "default"}
        resources = renderer.render({**values, **names})
    except KfctlError as error:
        yield from (problem._replace(where=problem.where or where) for problem in error.problems)
        return
    known = Known(Kinds(built_in(), resources), lambda resource, path: None)
    yield from examine_objects(resources, known, whole=False).problems
    yield from (Problem(said, where) for said in _disputed(prototype, example))


def _disputed(prototype: Prototype, example: Example) -> Iterator[str]:
    """Yield which values kfctl takes and the library of JSON Schema does not, where that is installed."""
    if find_spec("jsonschema") is None:
        return
    from jsonschema import Draft202012Validator

    for name, value in example.params.items():
        parameter = prototype.parameters.get(name)
        if parameter and value is not None and not Draft202012Validator(parameter.schema).is_valid(value):
            yield f"{name}: by JSON Schema this is not what the prototype declares, though kfctl takes it"
