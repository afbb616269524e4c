"""No offline command shows a part of a secret parameter: of any type, at any depth, in any form."""

from __future__ import annotations

import base64
import hashlib
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from tests.cli.world import APP, DEFAULT, PROD

if TYPE_CHECKING:
    from tests.cli.conftest import Shell

VALUES: dict[str, Any] = {
    "text": "Canary-Text",
    "pin": 735_197,
    "ratio": 7351.75,
    "tokens": ["Canary-List"],
    "login": {"user": "Canary-User", "keys": [{"pw": "Canary-Deep"}]},
    "db": {"user": "Canary-Beside", "password": "Canary-Nested"},
    "either": {"token": "Canary-Either"},
    "lines": "Canary-Line-1\nCanary-Line-2\n",
    "byRule": "Canary-By-Rule",
}
OTHERS: dict[str, Any] = {
    "text": "Canary-text-2",
    "pin": 824_196,
    "tokens": ["Canary-list-2"],
    "login": {"user": "Canary-user-2", "keys": [{"pw": "Canary-deep-2"}]},
}
PROTOTYPE = """\
apiVersion: kfctl/v1
kind: Prototype
name: own
summary: A prototype with secrets of every type
parameters:
  properties:
    text: {type: string, secret: true, description: d}
    pin: {type: integer, secret: true, description: d}
    ratio: {type: number, secret: true, description: d}
    tokens: {type: array, items: {type: string}, secret: true, description: d}
    login: {type: object, secret: true, description: d}
    db:
      type: object
      description: d
      properties: {user: {type: string}, password: {type: string, secret: true}}
    either:
      description: d
      oneOf: [{type: integer}, {type: object, properties: {token: {type: string, secret: true}}}]
    lines: {type: string, secret: true, description: d}
    byRule: {type: string, description: d}
    public: {type: string, default: shown, description: d}
  allOf: [{properties: {byRule: {secret: true}}}RULES]
templates: [configmap.yaml.j2]
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: own
  labels: {label: "{{ text|lower }}"}
data:
  text: {{ text }}
  upper: {{ text|upper }}
  url: https://u:{{ text }}@host
  piece: {{ text[:9] }}
  pin: "{{ pin }}"
  ratio: "{{ ratio }}"
  token: {{ tokens[0] }}
  user: {{ login.user }}
  deep: {{ login['keys'][0].pw|replace('a', 'b') }}
  db: {{ db.password|trim }}
  either: {{ either.token }}
  lines: {{ lines|indent(4) }}
  byRule: {{ byRule }}
  public: {{ public }}
"""
READS = """
validate · param list · param list --all -o json · param list --env prod -o yaml · param describe own
param describe own login --env prod -o json · param diff default prod · param diff default prod -o json
component describe own · component describe own -o json · component list -o json · env describe prod
diff default prod · diff default prod -o json · diff default prod -o markdown · show -o name
prototype describe own · prototype lint own · param unset own ratio · generate own again --text=Canary-Text
param set again db.password=Canary-x · param set own login x · component rm again
"""
# Rules of the prototype that the values break.
RULES = [
    "{properties: {text: {pattern: '^[a-z]+$'}, pin: {maximum: 5}, tokens: {items: {enum: [a]}}}}",
    "{properties: {db: {properties: {password: {maxLength: 2}}, additionalProperties: false}}}",
    "{not: {required: [text]}}",
    "{anyOf: [{properties: {login: {required: [x]}}}, {properties: {ratio: {const: 1}}}]}",
    "{if: {required: [byRule]}, then: {properties: {byRule: {const: x}, lines: {type: integer}}}}",
    "{properties: {login: {propertyNames: {maxLength: 1}}, tokens: {uniqueItems: true, minItems: 3}}}",
    "{properties: {either: {minProperties: 4}, pin: {multipleOf: 2}, ratio: {exclusiveMinimum: 9000}}}",
]
# Lines of the template that fail, or make what Kubernetes does not take.
WRONG = [
    "{{ login.user }}: a\n  {{ login.user }}: b",
    "{{ login.user|upper|reverse }}: a\n  {{ login.user|upper|reverse }}: b",
    "v: {{ {}[text[3:]] }}",
    "v: {{ tokens[0].nosuch }}",
    "v: {{ [1][pin] }}",
    "v: [{{ text }}]",
    "{{ db.password|upper }}: [1]",
]


def write(shell: Shell, rules: str = "", data: str = "") -> None:
    component = {"apiVersion": "kfctl/v1", "kind": "Component", "prototype": "own", "params": VALUES}
    prod = yamltext.load(PROD)
    files = {
        "kfctl.yaml": APP,
        "components/own.yaml": yamltext.dump(component),
        "environments/default.yaml": DEFAULT,
        "environments/prod.yaml": yamltext.dump({**prod, "components": {"own": OTHERS}}),
        "prototypes/own/prototype.yaml": PROTOTYPE.replace("RULES", rules),
        "prototypes/own/configmap.yaml.j2": f"{CONFIG_MAP}  {data}\n" if data else CONFIG_MAP,
    }
    for path in [*shell.folder.glob("components/*"), *shell.folder.glob("environments/*")]:
        path.unlink()
    for name, text in files.items():
        path = shell.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def leaks(text: str) -> list[str]:
    """Return what of a secret a text holds, in any case and in common forms."""
    values = [value for given in (VALUES, OTHERS) for value in leaves(given)]
    forms = {"canary", "yrana", "cbnbry", *values}
    forms |= {base64.b64encode(value.encode()).decode().lower() for value in values}
    forms |= {hashlib.sha256(value.encode()).hexdigest() for value in values}
    return [form for form in forms if form.lower() in text.lower()]


def leaves(value: Any) -> list[str]:
    if isinstance(value, dict | list):
        items = value.values() if isinstance(value, dict) else value
        return [leaf for item in items for leaf in leaves(item)]
    return [str(value)]


def check(shell: Shell, line: str) -> int:
    done = shell(line)
    said = done.out + done.err
    given = [word for word in line.split() if "Canary" in word]
    assert "Traceback" not in said
    assert not leaks(said.replace("".join(given), "") if given else said), f"{line}: {said}"
    return done.code


def test_no_offline_command_shows_a_secret(shell: Shell) -> None:
    write(shell)
    for line in READS.replace("\n", " · ").split(" · "):
        if line:
            check(shell, line)
    write(shell)
    assert shell("validate").code == 0
    assert "shown" in shell("show").out  # which prints manifests that must work
    assert "Canary-Text" in shell("show").out


@pytest.mark.parametrize("rule", RULES)
def test_no_broken_rule_shows_a_secret(shell: Shell, rule: str) -> None:
    write(shell, rules=f", {rule}")
    for line in (
        "validate",
        "show",
        "param list",
        "param list -o json",
        "component describe own",
        "diff default prod",
    ):
        check(shell, line)
    assert shell("validate").code == 1


@pytest.mark.parametrize("data", WRONG)
def test_no_broken_template_shows_a_secret(shell: Shell, data: str) -> None:
    write(shell, data=data)
    for line in ("validate", "validate -o json", "diff default prod"):
        check(shell, line)


def test_a_diff_shows_what_is_not_secret(shell: Shell) -> None:
    write(shell)
    shown = shell("diff default prod").out
    assert "https://u:(secret " in shown and "@host" in shown
    shell("param set own public other --env prod")
    assert "other" in shell("diff default prod").out


def test_a_value_of_no_type_of_the_schema_is_not_shown(shell: Shell) -> None:
    write(shell)
    for parameter in VALUES:
        for value in ("[{Canary-x: [Canary-y]}]", '\'{"Canary-z": 1, "Canary-z": 2}\'', "Canary-w"):
            done = shell(f"param set own {parameter} {value}")
            assert not leaks(done.out + done.err), (parameter, value)
