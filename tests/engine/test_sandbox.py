"""A template reaches nothing but its variables, and ends."""

from __future__ import annotations

import resource as rusage
from contextlib import contextmanager
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.limits import MAX_STEPS
from kfctl.errors import TemplateError
from tests.engine.prototypes import bodies, body

if TYPE_CHECKING:
    from collections.abc import Iterator

ESCAPES = [
    "''.__class__.__mro__[1].__subclasses__()",
    "''['__class__']",
    "text.__class__",
    "text['__class__']",
    "labels.__class__",
    "labels.__init__.__globals__",
    "list.__class__.__base__",
    "self",
    "self.__init__.__globals__",
    "self._TemplateReference__context",
    "range.__init__",
    "dict.mro()",
    "dict.fromkeys",
    "file.__self__",
    "file.__globals__",
    "labels.get.func",
    "labels.get.args",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "lipsum.__globals__['os'].popen('id').read()",
    "joiner.__init__",
    "namespace.__init__",
    "config",
    "request",
    "environment.__class__",
    "url_for.__globals__",
    "get_flashed_messages.__globals__",
    "caller.__globals__",
    "m.__globals__",
    "m._func",
    "m._environment",
    "m.name",
    "undefined_name.__class__",
    "(1).__class__",
    "(1).real",
    "none.__class__",
    "text.format(1)",
    "'{0.__class__}'.format(text)",
    "'{x.__class__}'.format_map({'x': text})",
    "text.encode()",
    "text.translate({})",
    "text | attr('__class__')",
    "[labels] | map(attribute='__class__') | list | first",
    "[labels] | map('attr', '__class__') | list",
    "[text] | map('format') | list",
    "text | format",
    "text | pprint",
    "text | xmlattr",
    "labels | tojson | from_json",
    "labels | groupby('__class__')",
    "[labels] | selectattr('__class__') | list | first",
    "[labels, labels] | sort(attribute='__class__')",
    "loop",
    "range(3).__iter__",
    "__builtins__",
    "__import__('os')",
    "open('/etc/passwd').read()",
    "file('/etc/passwd')",
    "file('../../etc/passwd')",
    "file('')",
    "resolve('text')",
    "context",
    "_",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_nothing_of_python_can_be_reached(expression: str) -> None:
    with pytest.raises(TemplateError):
        bodies("{% macro m() %}x{% endmacro %}\na: {{ " + expression + " }}")


@pytest.mark.parametrize(
    "template",
    [
        "{% include '/etc/passwd' %}",
        "{% include '../../../../etc/passwd' %}",
        "{% import '/etc/passwd' as x %}",
        "{% from '/etc/passwd' import x %}",
        "{% extends '/etc/passwd' %}",
        "{% do labels.update({'x': 1}) %}",
        "{% set labels.a = 1 %}",
        "{% debug %}",
        "{% trans %}x{% endtrans %}",
        "{% autoescape false %}a: 1{% endautoescape %}",
        "{% import 'm.j2' as m %}a: {{ m._body_stream }}",
        "{% import 'm.j2' as m %}a: {{ m.__dict__ }}",
        "{% import 'm.j2' as m %}a: {{ m }}",
        "a:{% for x in list %} {{ loop.__class__ }}{% endfor %}",
        "a:{% for x in list %} {{ loop._iterator }}{% endfor %}",
        "a:{% for x in list %} {{ loop(list) }}{% endfor %}",
    ],
)
def test_no_file_and_no_insides_by_statements(template: str) -> None:
    with pytest.raises(TemplateError):
        bodies(template, sources={"m.j2": "{% set x = 1 %}"})


@pytest.mark.parametrize("name", ["pop", "update", "clear", "setdefault", "popitem", "copy"])
def test_a_map_that_a_template_was_given_can_not_be_changed(name: str) -> None:
    with pytest.raises(TemplateError):
        bodies("a: {{ labels." + name + "('a') }}")
    assert body("a: {{ labels." + name + " }}", labels={name: "mine"}) == {"a": "mine"}


@pytest.mark.parametrize("name", ["append", "extend", "insert", "pop", "sort", "clear", "remove", "reverse"])
def test_a_list_that_a_template_was_given_can_not_be_changed(name: str) -> None:
    with pytest.raises(TemplateError):
        bodies("a: {{ list." + name + "('a') }}")


GROWING = {
    "text": "{% set x = x ~ x %}",
    "sum of texts": "{% set x = x + x %}",
    "list": "{% set x = [x, x] %}",
    "sum of lists": "{% set x = x + x %}",
    "map": "{% set x = {'a': x, 'b': x} %}",
    "dict()": "{% set x = dict(a=x, b=x) %}",
    "tuple": "{% set x = (x, x) %}",
    "block": "{% set x %}{{ x }}{{ x }}{% endset %}",
    "join": "{% set x = [x, x] | join(x) %}",
    "replace": "{% set x = x | replace('a', x) %}",
    "replace()": "{% set x = x.replace('a', x) %}",
    "tojson": "{% set x = [x, x] | tojson %}",
}
STARTS = {"sum of lists": "[1]", "list": "[1]", "map": "{'a': 1}", "tuple": "(1, 2)", "dict()": "{'a': 1}"}
USES = [
    "a: {{ x }}",
    "a: '{{ x }}'",
    "a: {{ x | tojson }}",
    "a: {{ x == [x] }}",
    "a: {{ {x: 1} }}",
    "a: {{ x | string }}",
]
UNPRINTED = {("block", use) for use in USES[2:]}  # text with holes can only be printed


@pytest.mark.parametrize(("how", "use"), [pair for pair in product(GROWING, USES) if pair not in UNPRINTED])
def test_what_doubles_ends_in_an_error(how: str, use: str) -> None:
    start = f"{{% set x = {STARTS.get(how, repr('a' * 8))} %}}"
    with small_memory(), pytest.raises(TemplateError):
        bodies(start + GROWING[how] * 70 + use)


@pytest.mark.parametrize(
    "template",
    [
        "{% for i in range(10**9) %}{% endfor %}",
        "{% for i in range(10**9) | list %}{% endfor %}",
        "a: {{ range(10**9) }}",
        "a: {{ range(10**9) | list }}",
        "a: {{ range(10**9) | join }}",
        "a: {{ range(10**9) | sum }}",
        "a: {{ 10**9 in range(10**12) | list }}",
        "{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}",
        "{% for i in range(9999) %}{% for j in range(9999) %}- {{ i }}\n{% endfor %}{% endfor %}",
        "{% for i in range(99999) %}- " + "x" * 1000 + "\n{% endfor %}",
        "{% macro m() %}{% for i in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endmacro %}{{ m() }}",
        "{% set b %}{% for i in range(99999) %}" + "x" * 1000 + "{% endfor %}{% endset %}{{ b }}",
        "a: {{ 'a' * 10**9 }}",
        "a: {{ [1] * 10**9 }}",
        "a: {{ 10**10**10**10 }}",
        "a: {{ 2**99999999 }}",
        "{% set x = 3 %}" + "{% set x = x * x %}" * 40 + "a: {{ x }}",
        "a: {{ '%999999999d' % 1 }}",
        "a: {{ 'a'.ljust(10**9) }}",
        "a: {{ 'a'.center(10**9) }}",
        "a: {{ 'a' | center(10**9) }}",
        "a: {{ 'a' | indent(10**9) }}",
        "a: {{ ('a\n' | replace('a', 'b')) | indent(-5) }}",
        "a: {{ 'a'.zfill(10**9) }}",
        "a: {{ '{:999999999}'.format(1) }}",
        "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m() %}{{ m() }}{{ m() }}{% endmacro %}{{ m() }}",
        "{% macro m(n) %}{% if n < 99 %}{{ m(n + 1) }}{{ m(n + 1) }}{% endif %}{% endmacro %}{{ m(0) }}",
        "{% macro m() %}{{ caller() }}{% endmacro %}"
        "{% macro n() %}{% call m() %}{{ n() }}{% endcall %}{% endmacro %}{{ n() }}",
        "{% for x in [list] recursive %}{{ loop([list]) }}{% endfor %}",
        "{% include 't.yaml.j2' %}",
        "{% include 't.yaml.j2' %}{% include 't.yaml.j2' %}",
        "{% import 't.yaml.j2' as t %}",
        "{% for i in range(9999) %}{% for j in range(999) %}{% include 'empty.j2' %}{% endfor %}{% endfor %}",
        "a: {{ " + "(" * 5000 + "1" + ")" * 5000 + " }}",
        "a: {{ " + "[" * 5000 + "]" * 5000 + " }}",
        "a: {{ " + "-" * 5000 + "1 }}",
        "a: {{ 1" + " + 1" * 20_000 + " }}",
        "{% if text %}" * 500 + "{% endif %}" * 500,
        "{% for i in list %}" * 50 + "{% endfor %}" * 50,
        "a: " + "[" * 5000 + "]" * 5000,
        "a: &a0 [1, 1]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12)),
        "a: {{ deep }}",
        "a: {{ deep | tojson }}",
        "a: {{ deep == [deep] }}",
        "{% for i in range(2000) %}\n---\na: {{ long }}\n{% endfor %}",
        "{% for i in range(9999) %}\n---\na: {{ wide }}\n{% endfor %}",
        "{% for i in range(9999) %}{% if wide == [wide] %}{% endif %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = wide[1:] %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = wide | sort %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = 'z' in wide %}{% endfor %}",
        "{% for i in range(9999) %}{% set x = long.upper() %}{% endfor %}",
    ],
    ids=lambda template: template[:60],
)
def test_what_has_no_end_ends_in_an_error(template: str) -> None:
    deep: Any = "x"
    for _ in range(3000):
        deep = [deep]
    with small_memory(), pytest.raises(TemplateError):
        bodies(template, deep=deep, wide=["x"] * 10_000, long="x" * 1_000_000, sources={"empty.j2": ""})


def test_what_templates_really_need_is_far_from_the_limits() -> None:
    text = "---\nname: {{ text ~ i }}\nlabels: {{ dict(labels, i=i ~ '') }}\n"
    text = f"{{% for i in range(2000) %}}\n{text}{{% endfor %}}"
    assert len(bodies(text)) == 2000
    assert MAX_STEPS >= 20 * 2000


@contextmanager
def small_memory() -> Iterator[None]:
    """Fail a test that takes more than 400 MB beyond the most that the run had before."""
    before = rusage.getrusage(rusage.RUSAGE_SELF).ru_maxrss
    yield
    grown = rusage.getrusage(rusage.RUSAGE_SELF).ru_maxrss - before
    assert grown < 400_000, f"{grown // 1000} MB"
