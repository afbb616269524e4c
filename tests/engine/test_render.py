"""Templates with holes: where values go, with which type, and what is said of a wrong template."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine.holes import NONCE, marker
from kfctl.engine.render import Renderer
from kfctl.errors import Location, TemplateError
from kfctl.model.prototype import Template
from tests.engine.prototypes import VALUES, bodies, body, made


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # alone in a plain scalar: the value with its type
        ("a: {{ text }}", {"a": "plain"}),
        ("a: {{ number }}", {"a": 3}),
        ("a: {{ labels }}", {"a": {"a": "x", "items": "y"}}),
        ("a: [{{ list }}, {{ number }}]", {"a": [["p", "q"], 3]}),
        ("a: {b: {{ text }}}", {"a": {"b": "plain"}}),
        ("a: {{ 0.5 }}\nb: {{ true }}\nc: {{ '5' }}", {"a": 0.5, "b": True, "c": "5"}),
        ("a: {{ range(3) }}\nb: {{ labels.items() }}", {"a": [0, 1, 2], "b": [["a", "x"], ["items", "y"]]}),
        ("{{ labels }}", {"a": "x", "items": "y"}),
        # nothing: the key or the item is left out, and only that
        ("a: {{ unset }}\nb: 1", {"b": 1}),
        ("a: [1, {{ unset }}, 2]", {"a": [1, 2]}),
        ("a:\n  b: {{ unset }}", {"a": {}}),
        ("a: {{ {} }}\nb: {{ {} or none }}", {"a": {}}),
        ("a: {{ {'b': none} }}", {"a": {"b": None}}),
        ("a: null\nb:", {"a": None, "b": None}),
        # in quotes, in a block, as a key, joined: text
        ("a: '{{ number }}'\nb: \"{{ true }}\"", {"a": "3", "b": "true"}),
        ("a: {{ text }}-{{ number }}", {"a": "plain-3"}),
        ("a: |\n  {{ number }}\n  x{{ text }}\n", {"a": "3\nxplain\n"}),
        ("a: >-\n  {{ number }}\n  x\n", {"a": "3 x"}),
        ("{{ text }}: 1\nx-{{ number }}: 2", {"plain": 1, "x-3": 2}),
        ("{{ number }}: 1", {"3": 1}),
        ("a: !!str {{ number }}", {"a": "3"}),
        # merged into a map, which wins
        ("<<: {{ labels }}\na: mine", {"a": "mine", "items": "y"}),
        ("<<: {{ unset }}\na: mine", {"a": "mine"}),
        # by name of an anchor
        (
            "a: &x [{{ text }}]\nb: *x\nc: &y {{ number }}\nd: *y",
            {"a": ["plain"], "b": ["plain"], "c": 3, "d": 3},
        ),
        # static parts are read as kubectl reads them
        (
            "a: 2026-01-01\nb: 0777\nc: on\nd: 1e3\n8080: x",
            {"a": "2026-01-01", "b": 511, "c": True, "d": 1000.0, "8080": "x"},
        ),
        # expressions
        ("a: {{ text ~ '-lb' ~ 1 ~ true }}", {"a": "plain-lb1true"}),
        ("a: {{ unset or text }}\nb: {{ (list + ['r'])[1:] }}", {"a": "plain", "b": ["q", "r"]}),
        (
            "a: {{ labels['items'] }}\nb: {{ labels.a }}\nc: {{ labels.get('z', 1) }}",
            {"a": "y", "b": "x", "c": 1},
        ),
        ("a: {{ dict({'x': 1}, **labels) }}", {"a": {"x": 1, "a": "x", "items": "y"}}),
        (
            "{% for key, value in labels.items() %}\n{{ key }}: {{ value }}\n{% endfor %}",
            {"a": "x", "items": "y"},
        ),
        ("a:\n{% for x in list if x != 'p' %}\n  - {{ x }}{{ loop.index }}\n{% endfor %}", {"a": ["q1"]}),
        (
            "a: {{ list | map('upper') | join('+') }}\nb: {{ 'a.b' | replace('.', '-') }}",
            {"a": "P+Q", "b": "a-b"},
        ),
        ("a: {{ list | length }}\nb: {{ text.startswith('pl') }}", {"a": 2, "b": True}),
        ("a: {{ component }}/{{ app }}/{{ environment }}", {"a": "web/app/prod"}),
        ("{% raw %}a: '{{ x }}'{% endraw %}", {"a": "{{ x }}"}),
        # filters of ours
        ("a: {{ labels | tojson }}", {"a": '{\n  "a": "x",\n  "items": "y"\n}'}),
        ("a: |-\n  {{ {'t': text, 'n': none} | tojson }}\n", {"a": '{\n  "t": "plain",\n  "n": null\n}'}),
        ("a: {{ 'é\"\\n<' | tojson }}", {"a": '"é\\"\\n<"'}),
        ("a: {{ 'x\"\\n\\u00e9\\t' | textproto }}", {"a": '"x\\"\\n\\303\\251\\t"'}),
        ("a: {{ 3 | string }}", {"a": "3"}),
    ],
)
def test_where_values_go(text: str, expected: Any) -> None:
    found = body(text)
    assert found == expected
    assert repr(found) == repr(expected)  # true is not 1


def test_a_file_renders_as_many_objects_as_it_has() -> None:
    assert bodies("{% for x in list %}\n---\nname: {{ x }}\n{% endfor %}") == [{"name": "p"}, {"name": "q"}]
    assert bodies("{% if unset %}\na: 1\n{% endif %}") == []
    assert bodies("# only {{ text }}\n") == []
    assert bodies("{{ unset }}") == []


def test_a_condition_leaves_a_template_out() -> None:
    assert bodies("a: 1", when="unset") == []
    assert bodies("a: 1", when="number > 2 and 'p' in list") == [{"a": 1}]


def test_files_come_in_as_values() -> None:
    program = 'print("{{ text }}")\n--- : #\n'
    text = "a: {{ file('p.py') }}\nb: |\n  {{ file('p.py') }}\n"
    assert body(text, sources={"p.py": program}) == {"a": program, "b": program + "\n"}


def test_a_file_without_holes_is_plain_yaml() -> None:
    prototype = made([Template("crd.yaml", "")])
    (only,) = Renderer(prototype, {"crd.yaml": "a: '{{ x }}'\n"}).render({"component": "web"})
    assert (only.body, only.component, only.origin) == ({"a": "{{ x }}"}, "web", "prototypes/made/crd.yaml")


MACROS = """
{% macro box(title, more={}) %}
title: {{ title }}
{% if more %}
more: {{ more }}
{% endif %}
{% if caller is defined %}
{{ caller() }}
{% endif %}
{% endmacro %}
{% macro known() %}
{{ text }}: {{ number }}
{% endmacro %}
"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{{ known() }}", {"plain": 3}),
        ("a:\n  {{ known() | indent(2) }}", {"a": {"plain": 3}}),
        ("{{ box(text, labels) }}", {"title": "plain", "more": {"a": "x", "items": "y"}}),
        ("{% call box('t') %}\nb: {{ text }}\n{% endcall %}", {"title": "t", "b": "plain"}),
        (
            "{% set part %}\nb: {{ text }}\nc: 1\n{% endset %}\na:\n  {{ part | indent(2) }}",
            {"a": {"b": "plain", "c": 1}},
        ),
        (
            "{% macro inner() %}{{ known() }}{% endmacro %}\na:\n  {{ inner() | indent(2) }}",
            {"a": {"plain": 3}},
        ),
        ("{% filter indent(2) %}\na: {{ text }}\n{% endfilter %}", {"a": "plain"}),
        ("{% include 'common/part.j2' %}", {"included": "plain"}),
    ],
)
def test_macros_print_text_with_holes(text: str, expected: Any) -> None:
    sources = {"common/m.j2": MACROS, "common/part.j2": "included: {{ text }}\n"}
    head = "{% from 'common/m.j2' import box, known with context %}\n"
    assert body(head + text, sources=sources) == expected


def test_a_module_that_keeps_text_with_holes_serves_several_templates() -> None:
    sources = {
        "common/m.j2": "{% set part %}{{ text }}-{{ number }}{% endset %}"
        "{% macro m() %}{{ part }}{% endmacro %}"
    }
    text = "x: {{ list }}\n{% from 'common/m.j2' import m %}\na: {{ m() }}\n"
    prototype = made([Template("one.j2", ""), Template("two.j2", "")])
    renderer = Renderer(prototype, {"one.j2": text, "two.j2": "y: {{ unset }}\n" + text, **sources})
    found = [resource.body["a"] for resource in renderer.render({**VALUES, "component": "web"})]
    assert found == ["plain-3", "plain-3"]


@pytest.mark.parametrize(
    "module",
    [
        "{% macro m() %}{{ number }}{% endmacro %}",
        "{% macro m(x=number) %}{{ x }}{% endmacro %}",
        "{% macro n() %}{{ number }}{% endmacro %}{% macro m() %}{{ n() }}{% endmacro %}",
        "{% set n = number %}{% macro m() %}{{ n }}{% endmacro %}",
        "{% if number > 3 %}{% macro m() %}high{% endmacro %}"
        "{% else %}{% macro m() %}low{% endmacro %}{% endif %}",
    ],
)
def test_one_renderer_gives_each_component_what_one_of_its_own_gives(module: str) -> None:
    prototype = made([Template("t.j2", "number != 4")])
    sources = {"t.j2": "{% from 'm.j2' import m with context %}\na: {{ m() }}\n", "m.j2": module}
    renderer = Renderer(prototype, sources)
    for number in (3, 5, 4, 3):
        values = {**VALUES, "number": number}
        assert renderer.render(values) == Renderer(prototype, sources).render(values)


def test_objects_share_nothing() -> None:
    """What one object's consumer changes shows in no other, nor in the values."""
    prototype = made([Template("t.j2", "")])
    renderer = Renderer(prototype, {"t.j2": "a: {b: [1]}\nc: {{ labels }}\nd: {{ labels }}\n"})
    labels = {"x": ["y"]}
    first, second = (renderer.render({"labels": labels})[0].body for _ in range(2))
    first["a"]["b"].append(2)
    first["c"]["x"].append("z")
    assert second == {"a": {"b": [1]}, "c": {"x": ["y"]}, "d": {"x": ["y"]}}
    assert (first["d"], labels) == ({"x": ["y"]}, {"x": ["y"]})


@pytest.mark.parametrize(
    "value",
    [marker(0), [marker(7)], {marker(0): 1}, f"x{marker(0)[:-2]}"],
    ids=["whole", "in a list", "as a key", "in part"],
)
def test_marker_never_becomes_part_of_an_object(value: Any) -> None:
    with pytest.raises(TemplateError) as error:
        bodies("a: 1\nb: {{ text }}", text=value)
    (problem,) = error.value.problems
    assert problem.where == Location(T, 2)
    assert NONCE not in problem.message


T = "prototypes/made/t.yaml.j2"
TEXT = "only strings, numbers and booleans can be converted to text, not"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            "a: 1\nb: {{ numbr }}",
            f"{T}:2: web: 'numbr' is not a parameter, nor set in the template|did you mean number?",
        ),
        (
            "{% if numbr %}{% endif %}",
            f"{T}:1: web: 'numbr' is not a parameter, nor set in the template|did you mean number?",
        ),
        ("a: {{ labels.nope }}", f"{T}:1: web: a map has no 'nope'|"),
        ("a: {{ list[5] }}", f"{T}:1: web: a list has no '5'|"),
        ("a: {{ text.nope }}", f"{T}:1: web: text has no 'nope'|"),
        ("a: {{ unset.nope }}", f"{T}:1: web: no value (none) has no 'nope'|"),
        ("\n\na: x{{ labels }}", f"{T}:3: web: a map where only text can be|"),
        ("a: '{{ list }}'", f"{T}:1: web: a list where only text can be|"),
        ("{{ labels }}: 1", f"{T}:1: web: a map where only text can be|"),
        ("a: x{{ unset }}", f"{T}:1: web: no value (none) where only text can be|"),
        ("<<: {{ text }}", f"{T}:1: web: text where `<<` wants a map|"),
        ("{{ text }}: 1\n{{ text }}: 2", f"{T}:1: web: the key 'plain' is in this map twice|"),
        ("{{ text }}: 1\nplain: 2", f"{T}:1: web: the key 'plain' is in this map twice|"),
        ("a: {{ {1: 2} }}", f"{T}:1: web: a map with a key that is an integer, not text|"),
        ("a: {{ range }}", f"{T}:1: web: a function is nothing that an object can hold|"),
        ("a: {{ 1e300 * 1e300 }}", f"{T}:1: web: a float is nothing that an object can hold|"),
        ("- 1", f"{T}:1: web: it renders a list, not an object|"),
        ("{{ text }}", f"{T}:1: web: it renders a value, not an object|"),
        ("a: {{ text | tojso }}", f"{T}:1: web: No filter named 'tojso'.|did you mean tojson?"),
        ("a: {{ text", f"{T}:1: web: unexpected end of template, expected 'end of print statement'.|"),
        ("a:\n{% if %}", f"{T}:2: web: Expected an expression, got 'end of statement block'|"),
        ("a: 1\nb: {{ 1 / 0 }}", f"{T}:2: web: division by zero|"),
        ("a: {{ '%s' % text }}", f"{T}:1: web: % is for numbers, not text and text|"),
        ("a: {{ text ~ unset }}", f"{T}:1: web: {TEXT} no value (none)|"),
        ("a: {{ text ~ list }}", f"{T}:1: web: {TEXT} a list|"),
        ("a: {{ list | string }}", f"{T}:1: web: {TEXT} a list|"),
        ("a: {{ number | textproto }}", f"{T}:1: web: textproto quotes strings, not an integer|"),
        (
            "{% include 'nope.j2' %}",
            f"{T}:1: web: there is no text file 'nope.j2' in the prototype's folder|",
        ),
        (
            "a: {{ file('p.pi') }}",
            f"{T}:1: web: there is no text file 'p.pi' in the prototype's folder|did you mean p.py?",
        ),
        ("{% extends 'x' %}", f"{T}:1: web: extends is not supported: use macros|"),
        ("{% block x %}{% endblock %}", f"{T}:1: web: block is not supported: use macros|"),
        (
            "{% from 'common/m.j2' import nope %}a: {{ nope() }}",
            f"{T}:1: web: the template 'common/m.j2' (imported on line 1 in 't.yaml.j2') does not export "
            "the requested name 'nope'|",
        ),
        (
            "{% from 'common/m.j2' import bad %}\n\na: {{ bad() }}",
            "prototypes/common/m.j2:3: web: 'wrong' is not a parameter, nor set in the template|",
        ),
        (
            "{% from 'common/m.j2' import crooked %}\nx:\n  {{ crooked() | indent(2) }}",
            "prototypes/common/m.j2:7: web: it renders no YAML: a second `: ` where no map can start "
            "at `b: {{…}}`|put a value that holds `: ` in quotes, and indent the keys of one map alike",
        ),
        (
            "x: 1\n{% if text %}\nx: 2\n{% endif %}",
            f"{T}:3: web: it renders no YAML: this key is here twice at `x: 2`|",
        ),
        (
            "{% for x in list %}\nx: {{ x }}\n{% endfor %}",
            f"{T}:2: web: it renders no YAML: this key is here twice at `x: {{{{…}}}}`|",
        ),
        (
            "a: !!int {{ text }}",
            f"{T}:1: web: it renders no YAML: this is no !!int at `a: !!int {{{{…}}}}`|",
        ),
    ],
)
def test_a_wrong_template_is_told_with_its_line(text: str, said: str) -> None:
    macros = "{% macro bad() %}\n\n{{ wrong }}\n{% endmacro %}\n"
    macros += "{% macro crooked() %}\na: 1\n b: {{ text }}\n{% endmacro %}"
    with pytest.raises(TemplateError) as error:
        bodies(text, sources={"common/m.j2": macros, "p.py": ""})
    (problem,) = error.value.problems
    assert f"{problem}|{problem.hint}" == said


@pytest.mark.parametrize(
    "used",
    [
        "{% if M %}{% endif %}",
        "a: {{ M | upper }}",
        "a: {{ M | length }}",
        "a: {{ M == 'x' }}",
        "a: {{ 'x' in M }}",
        "a: {{ M in ['x'] }}",
        "a: {{ M < 1 }}",
        "a: {{ M ~ 'x' }}",
        "a: {{ M + 'x' }}",
        "a: {{ M.upper() }}",
        "a: {{ M[0] }}",
        "a: {{ M[:1] }}",
        "a: {{ M | tojson }}",
        "a: {{ {'a': M} | tojson }}",
        "a: {{ [M] }}",
        "a: {{ {'a': M} }}",
        "a: {{ dict(a=M) }}",
        "a: {{ 1 if M else 2 }}",
        "a: {{ not M }}",
        "a: {{ M and 1 }}",
        "a: {{ M or 1 }}",
        "{% for x in M %}{% endfor %}",
        "a: {{ M | int }}",
        "a: {{ {M: 1} }}",
        "a: {{ text.join([M]) }}",
        "a: {{ file(M) }}",
        "{% include M %}",
        "a: {{ [M] | join }}",
        "a: {{ M | string }}",
        "a: {{ M | textproto }}",
        "a: {{ M | replace('a', 'b') }}",
        "{% filter upper %}a: 1{% endfilter %}",
    ],
)
@pytest.mark.parametrize("made", ["m()", "block"])
def test_macro_result_can_only_be_printed(used: str, made: str) -> None:
    head = "{% macro m() %}x{% endmacro %}{% set block %}x{% endset %}\n"
    with pytest.raises(TemplateError, match=r"only be printed|result of a macro|MacroResult|unhashable"):
        bodies(head + used.replace("M", made))


def test_a_wrong_condition_names_the_prototype() -> None:
    with pytest.raises(TemplateError) as error:
        bodies("a: 1", when="numbr > 1")
    (problem,) = error.value.problems
    assert str(problem) == (
        "prototypes/made/prototype.yaml:1: web: when: numbr > 1: "
        "'numbr' is not a parameter, nor set in the template"
    )
    assert problem.hint == "did you mean number?"


def test_an_unknown_filter_is_told_with_those_that_there_are() -> None:
    with pytest.raises(TemplateError) as error:
        bodies("a: {{ text | nope }}")
    hint = error.value.problems[0].hint
    assert hint.startswith("there are ")
    assert {"indent", "tojson", "upper"} <= set(hint.removeprefix("there are ").split(", "))
