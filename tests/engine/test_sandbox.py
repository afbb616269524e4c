"""What templates can reach and convert to text."""

from __future__ import annotations

import re

import pytest

from kfctl.engine.holes import NONCE
from kfctl.errors import TemplateError
from tests.engine.prototypes import bodies, body

HEAD = "{% macro m() %}x{% endmacro %}{% import 'm.j2' as module %}\n"
SOURCES = {"m.j2": "hello {{ 'abc' }}{% set v = 1 %}"}

ESCAPES = [
    "text.__class__.__mro__[1].__subclasses__()",
    "text['__class__']",
    "labels.__init__.__globals__",
    "file.__self__",
    "file.__func__.__globals__",
    "labels.get.__self__",
    "dict.fromkeys",
    "m._func",
    "module.__dict__",
    "module._body_stream",
    "cycler.__init__.__globals__.os.popen('id').read()",
    "'{0.__class__}'.format(text)",
    "'{x.__class__}'.format_map({'x': text})",
    "text | attr('__class__')",
    "[labels] | map(attribute='__class__') | list | first",
    "[text] | map('format') | list",
    "file('/etc/passwd')",
    "__import__('os')",
]


@pytest.mark.parametrize("expression", ESCAPES)
def test_expression_cannot_reach_python(expression: str) -> None:
    with pytest.raises(TemplateError):
        bodies(f"{HEAD}a: {{{{ {expression} }}}}", sources=SOURCES)


@pytest.mark.parametrize(
    "template",
    [
        "{% include '../../../../etc/passwd' %}",
        "{% from '/etc/passwd' import x %}",
        "{% extends '/etc/passwd' %}",
        "{% block x %}a: 1{% endblock %}",
        "{% autoescape true %}a: {{ text }}{% endautoescape %}",
        "a:{% for x in list %} {{ loop._iterator }}{% endfor %}",
        "a:{% for x in list %} {{ loop(list) }}{% endfor %}",
    ],
)
def test_statement_cannot_reach_files_or_python(template: str) -> None:
    with pytest.raises(TemplateError):
        bodies(template)


@pytest.mark.parametrize("name", ["labels.pop", "labels.update", "labels.clear", "list.append", "list.sort"])
def test_template_cannot_change_a_value(name: str) -> None:
    with pytest.raises(TemplateError):
        bodies(f"a: {{{{ {name}('a') }}}}")


def test_key_named_like_a_method_is_an_entry() -> None:
    assert body("a: {{ labels.pop }}", labels={"pop": "mine"}) == {"a": "mine"}


INTERNAL = ["file", "range", "dict", "labels.get", "m", "module", "m()", "labels.keys", "labels.items()"]
TO_TEXT = [
    "X ~ ''",
    "'' ~ X",
    "X | string",
    "X | upper",
    "X | trim",
    "X | title",
    "X | replace('a', 'b')",
    "'a' | replace('a', X)",
    "[X] | join",
    "['a', 'b'] | join(X)",
    "'%s' % X",
    "'{}'.format(X)",
    "X | textproto",
    "X | indent",
    "[X] | map('string') | list",
    "[X] | map('upper') | list",
    "file(X)",
    "[text, X] | sort",
]


@pytest.mark.parametrize("expression", TO_TEXT)
def test_only_plain_values_become_text(expression: str) -> None:
    """No object's address gets into a render, which would differ each time, and no marker as text."""
    for value in INTERNAL:
        if (value, expression) == ("m()", "X | indent"):
            continue  # which is what `indent` is for
        check_refused(f"a: {{{{ {expression.replace('X', value)} }}}}")


@pytest.mark.parametrize(
    "template",
    [
        "{% include X %}",
        "{% include [X] %}",
        "{% import X as y %}",
        "a: {{ X }}",
        "a: x{{ X }}",
        "{{ X }}: 1",
        "a: {{ [X] }}",
        "a: {{ {'k': X} }}",
        "a: {{ {X: 1} }}",
        "a: {{ {'k': X} | tojson }}",
        "a: {{ 1 | round(X) }}",
        "a: {{ 1 + X }}",
        "a: {{ labels[X] }}",
        "a: {{ X.nope }}",
        "a: {{ X['nope'] }}",
    ],
)
def test_error_has_no_address_and_no_marker(template: str) -> None:
    for value in ("file", "labels.get", "m", "module"):
        check_refused(template.replace("X", value))


def check_refused(template: str) -> None:
    with pytest.raises(TemplateError) as error:
        bodies(HEAD + template, sources=SOURCES)
    for problem in error.value.problems:
        assert not re.search(f"0x[0-9a-f]{{6}}|{NONCE}", f"{problem} {problem.hint}"), template
