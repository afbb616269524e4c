"""Templates of an app: the same results as in this process, within limits."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import isolation
from kfctl.engine.derived import render_secretly
from kfctl.engine.isolated import IsolatedTemplates
from kfctl.engine.render import Renderer
from kfctl.engine.templatefault import TemplateFault
from kfctl.engine.templates import TemplateSet
from kfctl.errors import Location, TemplateError, UsageError
from kfctl.model.prototype import Template
from kfctl.store.catalog import catalog
from tests.engine.prototypes import bodies, made
from tests.templates.rendering import every_example, resolved

if TYPE_CHECKING:
    from types import FrameType

T = Location("prototypes/made/t.yaml.j2")


def problem_of(template: str, **values: Any) -> Any:
    with pytest.raises(TemplateError) as error:
        bodies(template, shipped=False, **values)
    (problem,) = error.value.problems
    return problem


def test_copied_prototype_renders_as_the_shipped_one(tmp_path: Path) -> None:
    shipped = catalog().get("tf-serving")
    copy = tmp_path / "prototypes/tf-serving"
    copy.mkdir(parents=True)
    for file in Path(shipped.root).iterdir():
        if file.is_file():
            (copy / file.name).write_bytes(file.read_bytes())
    own = catalog(tmp_path).get("tf-serving")
    renderers = [Renderer(each, catalog(tmp_path).sources(each)) for each in (shipped, own)]
    for name, example in every_example():
        if name == "tf-serving":
            values = resolved(name, example.params).plain() | {
                "component": "c",
                "app": "a",
                "environment": "e",
            }
            first, second = ([r.body for r in renderer.render(values)] for renderer in renderers)
            assert first == second
            assert repr(first) == repr(second)  # the order of keys, and true is not 1


@pytest.mark.parametrize(
    "text", ["\ud7ff\uffff", "a: b\n- {", "é\u2028\x85\x00", "\U0001f600", "x" * 1_000_000]
)
def test_value_crosses_unchanged(text: str) -> None:
    assert bodies("a: {{ text }}", shipped=False, text=text) == [{"a": text}]


def test_error_has_the_same_place_and_hint() -> None:
    for template in ("a: 1\nb: {{ numbr }}", "a: {{", "a: {{ text | uper }}", "a: [", "a: x{{ labels }}"):
        with pytest.raises(TemplateError) as error:
            bodies(template)
        assert [problem_of(template)] == list(error.value.problems)


@pytest.mark.parametrize(
    "expression",
    [
        "1 | round(3000000000, 'ceil')",
        "10 ** (10 ** 10)",
        "('a' * 60000000).split('a') | map('length') | sum",
    ],
)
def test_endless_template_ends_with_an_error(monkeypatch: pytest.MonkeyPatch, expression: str) -> None:
    monkeypatch.setenv("KFCTL_TEMPLATE_SECONDS", "1")
    problem = problem_of(f"a: {{{{ {expression} }}}}")
    assert problem.where == T
    assert problem.hint == "KFCTL_TEMPLATE_SECONDS=6 allows more"


@pytest.mark.parametrize(
    "template",
    [
        "a: {{ 'a' * 10 ** 10 }}",
        "{% set x = [1] * 10 ** 9 %}",
        "{% set x = 'aaaaaaaa' %}" + "{% set x = x ~ x %}" * 40,
        "{% macro m(x) %}{{ m(x ~ x) }}{% endmacro %}{{ m('aaaaaaaa') }}",
    ],
)
def test_memory_of_a_template_is_limited(monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    monkeypatch.setenv("KFCTL_TEMPLATE_MEMORY_MIB", "200")
    problem = problem_of(template)
    assert problem.where == T
    assert problem.hint == "KFCTL_TEMPLATE_MEMORY_MIB=400 allows more"


@pytest.mark.parametrize(
    "template",
    [
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% include 't.yaml.j2' %}",
        "a: {{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "a: {{ 1" + " + 1" * 20_000 + " }}",
        "a: " + "[" * 5000 + "]" * 5000,
        "a: {{ 10 ** 5000 }}",
        "{% for i in range(99999) %}- " + "x" * 1000 + "\n{% endfor %}",
        "{% for i in range(20_000) %}\n---\na: 1\n{% endfor %}",
        "{% for i in range(2000) %}\n---\na: {{ text }}\n{% endfor %}",
        "a: &a0 [1, 1]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
    ],
    ids=lambda template: template[:40],
)
def test_extreme_template_ends_with_an_error(template: str) -> None:
    assert problem_of(template, text="x" * 1_000_000).message.startswith("web: ")


def test_condition_is_limited_and_lint_computes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    prototype = made([Template("t.yaml.j2", "10 ** (10 ** 10)")], shipped=False)
    assert Renderer(prototype, {"t.yaml.j2": "a: 1"}).faults() == []
    monkeypatch.setenv("KFCTL_TEMPLATE_SECONDS", "1")
    with pytest.raises(TemplateError) as error:
        Renderer(prototype, {"t.yaml.j2": "a: 1"}).render({})
    assert error.value.problems[0].hint == "KFCTL_TEMPLATE_SECONDS=6 allows more"


def test_lint_reports_a_template_that_cannot_be_compiled() -> None:
    deep = "{% if text %}" * 3000 + "{% endif %}" * 3000
    prototype = made([Template("t.yaml.j2", "")], shipped=False)
    (problem,) = Renderer(prototype, {"t.yaml.j2": deep}).faults()
    assert problem.where
    assert problem.where.path == T.path


def test_component_after_a_failure_is_rendered() -> None:
    templates = IsolatedTemplates(TemplateSet([("t", "")], {"t": "a: 1"}, []))
    assert templates.render({}) == [({"a": 1}, "t")]
    running = templates._process._process
    assert running
    running.kill()
    with pytest.raises(TemplateFault, match="signal 9"):
        templates.render({})
    assert templates.render({}) == [({"a": 1}, "t")]


def test_slow_prototype_is_not_rendered_for_further_components(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFCTL_TEMPLATE_SECONDS", "1")
    templates = IsolatedTemplates(TemplateSet([("t.j2", "")], {"t.j2": "a: {{ 10 ** (10 ** 10) }}"}, []))
    with pytest.raises(TemplateFault, match="more than 1 s") as first:
        templates.render({"component": "a"})
    assert templates._process._process is None
    with pytest.raises(TemplateFault, match="another component"):
        templates.render({"component": "b"})
    with pytest.raises(TemplateFault) as again:  # with other values, to find what depends on secrets
        templates.render({"component": "a"})
    assert again.value.faults == first.value.faults
    assert templates._process._process is None  # no other one was started


def test_all_rendering_is_limited_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(isolation.account, "seconds", 10.0 * isolation.MAX_REQUESTS + 1)
    assert "more than 100 s in all" in problem_of("a: 1").message


def test_requests_add_up() -> None:
    before = isolation.account.seconds
    templates = IsolatedTemplates(TemplateSet([("t", "")], {"t": "a: 1"}, []))
    for _ in range(2):  # the first one may be part of the start
        templates.render({})
    assert isolation.account.seconds > before


def test_few_children_are_alive_at_once() -> None:
    all_of_them = [IsolatedTemplates(TemplateSet([("t", "")], {"t": f"a: {n}"}, [])) for n in range(5)]
    for _ in range(2):
        assert [templates.render({})[0][0]["a"] for templates in all_of_them] == list(range(5))
        alive = [templates._process._process for templates in all_of_them]
        assert sum(child is not None for child in alive) <= isolation.MAX_CHILDREN


def test_time_limit_is_named_when_values_are_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KFCTL_TEMPLATE_SECONDS", "1")
    prototype = made([Template("t.yaml.j2", "")], shipped=False)
    renderer = Renderer(prototype, {"t.yaml.j2": "a: {{ 10 ** (10 ** 10) }}"})
    with pytest.raises(TemplateError) as error:
        render_secretly(renderer.render, {"component": "web", "text": "canary"}, {"text": "web.text"})
    assert error.value.problems[0].hint == "KFCTL_TEMPLATE_SECONDS=6 allows more"


@pytest.mark.parametrize(
    "child",
    [
        "",
        "import os; os.abort()",
        "print('no JSON', flush=True); input()",
        "print('[' * 100000, flush=True); input()",
        "print('1' * 5000, flush=True); input()",
        "print('{}', flush=True); input()",
        """print('{"result": [[1, "t"]]}', flush=True); input()""",
        """print('{"result": [[{}, "unknown"]]}', flush=True); input()""",
        """print('{"failed": [[1]]}', flush=True); input()""",
        """print('{"failed": []}', flush=True); input()""",
        "while True: print('x' * 2**20)",
    ],
)
def test_invalid_answer_is_an_error(monkeypatch: pytest.MonkeyPatch, child: str) -> None:
    monkeypatch.setattr(isolation, "BOOT", f"import sys; sys.stdin.readline(); {child}")
    if child.startswith("while"):
        monkeypatch.setattr(isolation, "BOOT", child)
    problem = problem_of("a: 1")
    assert problem.message.startswith("web: the process that renders it") or "8 MiB" in problem.message


@pytest.mark.parametrize("value", ["0", "-1", "x", "1.5", "٣", "9" * 30])
def test_limit_that_is_not_a_number_is_refused(monkeypatch: pytest.MonkeyPatch, value: str) -> None:
    monkeypatch.setenv("KFCTL_TEMPLATE_SECONDS", value)
    with pytest.raises(UsageError, match="KFCTL_TEMPLATE_SECONDS"):
        bodies("a: 1", shipped=False)


def test_interrupt_ends_the_child() -> None:
    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    process = isolation.IsolatedProcess(TemplateSet([("t", "")], {"t": "a: 1"}, []))
    next(process.ask({}))
    running = process._process
    assert running
    before = signal.signal(signal.SIGALRM, interrupt)
    try:
        os.kill(running.pid, signal.SIGSTOP)  # so that there is no answer
        signal.setitimer(signal.ITIMER_REAL, 0.1)
        with pytest.raises(KeyboardInterrupt):
            list(process.ask({}))
    finally:
        signal.signal(signal.SIGALRM, before)
    assert running.returncode == -signal.SIGKILL


def test_child_ends_with_its_owner() -> None:
    templates = IsolatedTemplates(TemplateSet([("t", "")], {"t": "a: 1"}, []))
    assert templates.render({}) == [({"a": 1}, "t")]
    running = templates._process._process
    assert running
    del templates
    assert running.returncode == -signal.SIGKILL


@pytest.mark.skipif(not Path("/proc/self/environ").exists(), reason="needs Linux's /proc")
def test_child_does_not_get_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "hunter2")
    templates = IsolatedTemplates(TemplateSet([("t", "")], {"t": "a: 1"}, []))
    templates.render({})
    running = templates._process._process
    assert running
    assert "hunter2" not in Path(f"/proc/{running.pid}/environ").read_text()
