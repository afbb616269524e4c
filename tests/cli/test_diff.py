"""`kfctl diff` as a user sees it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.cli.planview import change_lines, field_lines, plan_lines, summary
from kfctl.engine.planvalue import plan_value
from kfctl.errors import ExitCode
from kfctl.model.plan import Action, Change, FieldChange, Plan, Scope
from kfctl.model.resource import Key, Resource
from tests.cli.conftest import Shell
from tests.shop import config_map, deployment

if TYPE_CHECKING:
    from tests.conftest import Run
    from tests.shop import Shop


def diff(shop: Shop, *arguments: str) -> Run:
    return Shell(shop.root).run(["diff", *arguments, "--kubeconfig", shop.kubeconfig])


def test_the_life_of_an_app(shop: Shop) -> None:
    heading = f"{shop.namespace} → default: context {shop.context}, namespace {shop.namespace}"
    shop.objects("web", config_map(a="1"), deployment())
    new = diff(shop)
    assert new.code == ExitCode.DIFFERENT
    assert new.out.splitlines() == [
        heading,
        "+ ConfigMap/settings  (web)",
        "+ Deployment/web  (web)",
        "",
        "2 to create.",
    ]
    shop.apply()
    same = diff(shop, "default")
    assert (same.code, same.out.splitlines()) == (ExitCode.OK, [heading, "", "2 unchanged."])
    shop.objects("web", config_map(a="2"), deployment())
    changed = diff(shop, "-c", "web")
    assert changed.code == ExitCode.DIFFERENT
    assert changed.out.splitlines() == [
        heading,
        "~ ConfigMap/settings  (web)",
        '    data.a: "1" → "2"',
        "",
        "1 unchanged, 1 to update.",
    ]


def test_what_stands_in_the_way(shop: Shop) -> None:
    theirs = {"labels": {"helm.toolkit.fluxcd.io/name": "rel"}, "namespace": shop.namespace}
    for name in ("a", "b"):
        body = {**config_map(name), "metadata": {"name": name, **theirs}}
        shop.connect().apply(body)
    shop.objects("web", config_map("a"), config_map("b"), config_map("c"))
    run = diff(shop)
    assert run.code == ExitCode.REFUSED
    assert run.out.splitlines()[1:] == [
        "+ ConfigMap/c  (web)",
        "! ConfigMap/a",
        "! ConfigMap/b",
        "    refuse: it belongs to the Flux HelmRelease rel",
        "    take it out of its repository first",
        "",
        "1 to create, 2 refused.",
    ]


def test_as_json(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"))
    shop.apply()
    shop.objects("web", config_map(a="2", b="3"))
    run = diff(shop, "-o", "json")
    value = json.loads(run.out)
    assert value["scope"]["context"] == shop.context
    assert value["scope"]["namespaceMissing"] is False
    assert (value["summary"], value["differs"], value["refused"]) == ({"update": 1}, True, False)
    assert value["changes"] == [
        {
            "action": "update",
            "group": "",
            "kind": "ConfigMap",
            "namespace": shop.namespace,
            "name": "settings",
            "component": "web",
            "approximate": False,
            "reason": "",
            "hint": "",
            "fields": [
                {"path": "data.a", "live": "1", "wanted": "2"},
                {"path": "data.b", "wanted": "3"},
            ],
        }
    ]


def test_two_environments(shop: Shop) -> None:
    """Offline: the context is nowhere."""
    shop.environment("prod", context="nowhere", namespace="other")
    shop.objects("web", config_map(a="1"), deployment())
    same = diff(shop, "default", "prod")
    assert (same.code, same.out.splitlines()) == (ExitCode.OK, ["default → prod", "", "2 the same."])
    path = shop.root / "environments/prod.yaml"
    patch = "patches:\n  web:\n  - target: {kind: Deployment}\n    merge: {spec: {replicas: 3}}\n"
    path.write_text(path.read_text() + patch)
    run = diff(shop, "default", "prod")
    assert run.code == ExitCode.DIFFERENT
    assert run.out.splitlines() == [
        "default → prod",
        "~ Deployment/web  (web)",
        "    spec.replicas: 1 → 3",
        "",
        "1 the same, 1 different.",
    ]
    value = json.loads(diff(shop, "prod", "default", "-o", "json").out)
    assert value["environments"] == ["prod", "default"]
    assert value["changes"][1]["fields"] == [{"path": "spec.replicas", "live": 3, "wanted": 1}]


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["prd"], ExitCode.USAGE, "there is no environment 'prd'"),
        (["default", "prd"], ExitCode.USAGE, "there is no environment 'prd'"),
        (["-c", "wb"], ExitCode.USAGE, "there is no component 'wb'"),
        (["-o", "yaml"], ExitCode.USAGE, "yaml"),
        (["--context", "nowhere"], ExitCode.CLUSTER, "no context 'nowhere'"),
        (["--as-group", "x"], ExitCode.CLUSTER, "needs a user"),
        (["--as", "nobody"], ExitCode.CLUSTER, "cannot list resource|cannot get resource"),
    ],
)
def test_what_is_wrong_is_said(shop: Shop, arguments: list[str], code: int, message: str) -> None:
    shop.objects("web", config_map())
    run = diff(shop, *arguments)
    assert run.code == code
    assert re.search(message, run.err)
    assert "Traceback" not in run.err


def test_an_unbound_environment_is_refused(shop: Shop) -> None:
    shop.environment(context="")
    shop.objects("web", config_map())
    run = diff(shop)
    assert run.code == ExitCode.REFUSED
    assert f"kfctl env set default --context NAME (there are {shop.context})" in run.err
    assert diff(shop, "--context", shop.context).code == ExitCode.DIFFERENT


# The words alone

SCOPE = Scope("shop", "id", "prod", "minikube", "https://here", "web", "uid", namespace_missing=True)


def change(name: str, action: Action, *fields: FieldChange, **more: Any) -> Change:
    wanted = Resource({"kind": "ConfigMap", "metadata": {"name": name}}, component="db")
    return Change(Key("", "ConfigMap", "web", name), action, wanted, fields=fields, **more)


def test_every_action_has_its_words() -> None:
    changes = tuple(change(action.value, action) for action in Action)
    lines = list(plan_lines(Plan(SCOPE, changes, ())))
    assert lines[1] == "+ Namespace/web  (it is not there yet)"
    assert not any("unchanged" in line for line in lines[:-1])
    assert lines[-1] == (
        "1 unchanged, 2 to create, 1 to update, 1 to replace, 1 to adopt, 1 to delete, 1 left as it is,"
        " 1 in conflict, 1 refused."
    )
    assert len(plan_value(Plan(SCOPE, changes, ()))["changes"]) == len(Action)
    assert summary(Plan(replace(SCOPE, namespace_missing=False), (), ())) == "There are no objects."


def test_why_a_change_is_approximate_is_said_once() -> None:
    why = {"approximate": True, "reason": "its namespace is made by the same apply"}
    changes = [change(name, Action.CREATE, **why) for name in "ab"]
    assert list(change_lines(changes)) == [
        "+ ConfigMap/a  (db)  ≈",
        "+ ConfigMap/b  (db)  ≈",
        "≈ approximate, compared without the server: its namespace is made by the same apply",
    ]


@pytest.mark.parametrize(
    ("field", "lines"),
    [
        (FieldChange("a", 1, 2), ["a: 1 → 2"]),
        (FieldChange("a", "1", 1), ['a: "1" → 1']),
        (FieldChange("a", None, ""), ['a: null → ""']),
        (FieldChange("a", wanted=True), ["a: + true"]),
        (FieldChange("a", live="x"), ["a: - x"]),
        (FieldChange("a", 3, 2, "kubectl"), ["a: 3 → 2   (set by kubectl)"]),
        (FieldChange("a", live={}, wanted={"b": [1, 2]}), ["a:", "  - {}", "  + b:", "  + - 1", "  + - 2"]),
        (FieldChange("a", "x\ny\n", "x\nz\n"), ["a:", "  @@ -1,2 +1,2 @@", "   x", "  -y", "  +z"]),
        (FieldChange("a", wanted="x\ny\n"), ["a:", "  + x", "  + y"]),
    ],
)
def test_fields_in_words(field: FieldChange, lines: list[str]) -> None:
    assert list(field_lines(field)) == lines


def test_a_broken_neighbour_does_not_matter(shop: Shop) -> None:
    """As it does not to apply."""
    shop.objects("web", config_map(a="1"))
    (shop.root / "environments/broken.yaml").write_text("target: [\n")
    assert diff(shop).code == ExitCode.DIFFERENT
    (shop.root / "components/broken.yaml").write_text("params: [\n")
    assert diff(shop, "-c", "web").code == ExitCode.DIFFERENT
    assert diff(shop, "default", "default", "-c", "web").code == ExitCode.OK
    assert diff(shop).code == ExitCode.APP
