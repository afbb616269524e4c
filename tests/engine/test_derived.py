"""What templates make of secrets is known to be secret, whatever they do to them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.derived import render_secretly
from kfctl.engine.recipes import assemble
from kfctl.engine.render import Renderer
from kfctl.errors import TemplateError
from kfctl.model.prototype import Template
from tests.engine.prototypes import made

if TYPE_CHECKING:
    from kfctl.model.resource import Resource

SECRETS: dict[str, Any] = {
    "text": "Canary-of-text 1",
    "number": 48151,
    "ratio": 0.25,
    "flag": True,
    "items": ["canary-0", "canary-1"],
    "login": {"user": "canary-u", "keys": [{"pw": "canary-p"}]},
    "short": "x",
    "users": {},
    "lines": "canary-a\ncanary-b\n",
}
NAMES = {name: f"web.{name}" for name in SECRETS}
HEAD = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"


def rendered(template: str, **values: Any) -> list[Resource]:
    given = {"component": "web", "public": "public", **SECRETS, **values}
    renderer = Renderer(made([Template("t.j2", "")], given), {"t.j2": template})
    return render_secretly(renderer.render, given, NAMES)


def only(data: str, **values: Any) -> Resource:
    (resource,) = rendered(f"{HEAD}data:\n{data}", **values)
    return resource


@pytest.mark.parametrize(
    "expression",
    [
        "text",
        "number",
        "ratio",
        "flag",
        "short",
        "items[1]",
        "login.user",
        "login['keys'][0].pw",
        "text|upper",
        "text|lower",
        "text|trim|replace('a', 'b')",
        "text[0]",
        "text[-1]",
        "text[2:5]",
        "text|length",
        "text|reverse",
        "'https://u:' ~ text ~ '@host'",
        "number + 1",
        "number // 10000",
        "number|string",
        "not flag",
        "lines|indent(4)",
        "items|join(',')",
        "items|first",
        "text in ['a', text]",
        "login.user if flag else public",
    ],
)
def test_a_value_made_from_a_secret_is_secret(expression: str) -> None:
    resource = only(f"  v: {{{{ {expression} }}}}\n  p: {{{{ public }}}}\n")
    value = resource.body["data"]["v"]
    if expression == "text in ['a', text]":  # the same with every value: nothing of the secret is in it
        assert resource.secrets.find(("data", "v"), value) is None
        return
    parts = resource.secrets.find(("data", "v"), value)
    assert parts is not None
    assert not parts or assemble(parts, {NAMES[name]: value for name, value in SECRETS.items()}) == value
    assert resource.secrets.find(("data", "p"), "public") is None


@pytest.mark.parametrize(
    ("expression", "parts"),
    [
        ("text", ({"of": "web.text", "as": "value"},)),
        ("text|upper", ({"of": "web.text", "as": "upper"},)),
        ("number", ({"of": "web.number", "as": "value"},)),
        ("flag", ({"of": "web.flag", "as": "value"},)),
        ("items[1]", ({"of": "web.items", "at": [1], "as": "text"},)),
        ("login['keys'][0].pw", ({"of": "web.login", "at": ["keys", 0, "pw"], "as": "text"},)),
        ("text[1:]", ()),
    ],
)
def test_the_parts_of_a_value_are_known(expression: str, parts: Any) -> None:
    resource = only(f"  v: {{{{ {expression} }}}}\n")
    found = resource.secrets.find(("data", "v"), resource.body["data"]["v"])
    assert found is not None
    assert [{**part, "as": ""} for part in found] == [{**part, "as": ""} for part in parts]


def test_no_reference_names_a_key_that_the_template_does_not() -> None:
    resource = only(
        "  v: {{ users.values()|first }}\n  w: {{ login.user }}\n", users={"canary-key": "canary-v"}
    )
    assert resource.secrets.find(("data", "v"), "canary-v") == ()
    assert resource.secrets.find(("data", "w"), "canary-u")


def test_text_around_a_secret_is_not_secret() -> None:
    resource = only('  v: "user:{{ text }}@host"\n')
    (parts,) = resource.secrets.parts[("data", "v")].values()
    assert (parts[0], parts[2]) == ("user:", "@host")


def test_a_public_object_has_no_secret_fields() -> None:
    assert not only("  v: {{ public }}\n").secrets.parts


def test_a_map_with_secret_keys_is_secret_as_a_whole() -> None:
    resource = only("  {{ login.user }}: a\n  b: c\n")
    assert resource.secrets.whole == {("data",)}
    for keys in ("login|join", "login|first", "login|list|last", "login|sort|first", "login|sort|last"):
        resource = only(f"  v: {{{{ {keys} }}}}\n")
        assert resource.secrets.find(("data", "v"), resource.body["data"]["v"]) is not None, keys


def test_a_list_whose_length_depends_on_a_secret_is_secret_as_a_whole() -> None:
    resource = only("  v:\n  {% for c in text %}\n  - a\n  {% endfor %}\n")
    assert resource.secrets.whole == {("data", "v")}


def test_an_object_that_depends_on_a_secret_is_secret_as_a_whole() -> None:
    conditional = f"{{% if flag %}}\n---\n{HEAD.replace('name: a', 'name: b')}data: {{x: y}}\n{{% endif %}}"
    first, second = rendered(f"{HEAD}data: {{x: y}}\n{conditional}")
    assert (first.secrets.whole, second.secrets.whole) == (frozenset(), {()})


def test_everything_is_secret_if_no_other_value_renders() -> None:
    resource = only("  v: {{ 1 if text == 'Canary-of-text 1' else 1 / 0 }}\n  p: {{ public }}\n")
    assert resource.secrets.whole == {()}


@pytest.mark.parametrize(
    "template",
    [
        HEAD.replace("ConfigMap", "{{ login.user|reverse }}"),
        "{% for user in login %}\n---\n"
        + HEAD.replace("name: a", "name: x-{{ user|reverse }}")
        + "{% endfor %}",
        HEAD.replace("name: a", "name: a\n  {{ text|reverse }}: b"),
        HEAD + "{{ text|reverse }}: b\n",
        "{% if text == 'Canary-of-text 1' %}\n"
        + HEAD.replace("name: a", "name: {{ items[0] }}")
        + "{% endif %}",
        HEAD.replace("name: a", "name: x{{ number if number == 48151 else 1 / 0 }}"),
    ],
)
def test_an_identity_or_field_made_from_a_secret_is_refused(template: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(template)
    text = str(caught.value).lower()
    assert not any(form in text for form in ("canary", "yrana", "48151"))


def test_a_reference_names_the_right_one_of_two_equal_secrets() -> None:
    changed = {**SECRETS, "items": [SECRETS["short"], SECRETS["short"]]}
    body = only("  v: {{ items[1] }}\n  w: {{ short }}\n", items=changed["items"])
    made = {}
    for key in ("v", "w"):
        (part,) = body.secrets.find(("data", key), "x") or ()
        made[key] = (part["of"], part.get("at"))  # type: ignore[index]
    assert made == {"v": ("web.items", [1]), "w": ("web.short", None)}


def test_a_reference_keeps_the_case_that_a_template_makes() -> None:
    (part,) = only("  v: {{ short|upper }}\n", short="ABC").secrets.find(("data", "v"), "ABC") or ()
    assert part["as"] == "upper"  # type: ignore[index]


@pytest.mark.parametrize("field", ["name: {{ text|lower }}", "name: a\n  namespace: n{{ number }}"])
def test_a_name_made_from_a_secret_is_refused(field: str) -> None:
    with pytest.raises(TemplateError) as caught:
        rendered(HEAD.replace("name: a", field))
    assert "canary" not in str(caught.value) and "48151" not in str(caught.value)


@pytest.mark.parametrize(
    "data",
    [
        "  {{ login.user }}: a\n  {{ login.user }}: b\n",
        "  {{ login.user|upper|reverse }}: a\n  {{ login.user|upper|reverse }}: b\n",
        "  v: {{ {}[text] }}\n",
        "  v: {{ text.nosuch }}\n",
        "  v: {{ [1][number] }}\n",
        "  v: {{ text|from_json }}\n",
        "  v: {% include text %}\n",
        "  v: {{ {}[text[3:]] }}\n",
    ],
)
def test_an_error_quotes_no_secret(data: str) -> None:
    with pytest.raises(TemplateError) as caught:
        only(data)
    told = str(caught.value).lower()
    assert "anary" not in told and "yrana" not in told and "48151" not in told


def test_an_error_that_is_not_about_a_secret_says_what_it_is() -> None:
    with pytest.raises(TemplateError) as caught:
        only("  a: b\n  v: {{ public.nosuch }}\n  w: {{ text }}\n")
    assert "nosuch" in str(caught.value)
