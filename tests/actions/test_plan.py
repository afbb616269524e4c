"""Plans of a real app against the real API server."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.actions.fsck import check
from kfctl.cluster.request import Write
from kfctl.engine.plan import Choices
from kfctl.errors import KfctlError
from kfctl.model.plan import Action
from tests.cluster.processes import wait_until
from tests.shop import Shop, actions, config_map, deployment, names

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.cluster import access

ADOPT = Choices(adopt=True)
FORCE = Choices(force_conflicts=True)


def there(shop: Shop, body: dict[str, Any], manager: str = "kubectl") -> dict[str, Any]:
    """Make an object as somebody else would."""
    placed = {**body, "metadata": {"namespace": shop.namespace, **body["metadata"]}}
    return shop.connect().apply(placed, Write(manager=manager))


def test_create_then_unchanged_then_update(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"), deployment())
    assert actions(shop.plan()) == {"ConfigMap/settings": "create", "Deployment/web": "create"}
    shop.apply()
    again = shop.plan()
    assert again.counts() == {"unchanged": 2} and not again.differs
    shop.objects("web", config_map(a="2"), deployment(image="nowhere.invalid/it:2"))
    changed = shop.plan()
    assert {str(c.key): [(f.path, f.live, f.wanted) for f in c.fields] for c in changed.changes} == {
        "ConfigMap/settings": [("data.a", "1", "2")],
        "Deployment/web": [
            ("spec.template.spec.containers[name=main].image", "nowhere.invalid/it:1", "nowhere.invalid/it:2")
        ],
    }


def test_a_component_alone_takes_nothing_that_another_makes(shop: Shop) -> None:
    shop.objects("web", config_map("same"), config_map("own"))
    shop.objects("db", config_map("other"))
    shop.apply()
    shop.objects("db", config_map("same", a="1"))
    (refused,) = shop.plan("db").refused
    assert refused.message == "db: ConfigMap/same would be taken from component web, which makes it too"
    shop.objects("web", config_map("own"))
    moved = shop.plan("db")
    assert (actions(moved)["ConfigMap/same"], moved.refused) == ("update", ())


def test_what_pods_need_and_nobody_has_made_is_warned_of(shop: Shop) -> None:
    body = deployment()
    container = body["spec"]["template"]["spec"]["containers"][0]
    container["envFrom"] = [
        {"secretRef": {"name": "password"}},
        {"secretRef": {"name": "extra", "optional": True}},
        {"configMapRef": {"name": "settings"}},
        {"configMapRef": {"name": "kube-root-ca.crt"}},
    ]
    shop.objects("web", config_map(a="1"), body)
    assert shop.plan().warnings == (
        f"Deployment/web needs Secret/password, which is not in namespace {shop.namespace}, "
        "and this does not make it",
    )
    there(shop, {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "password"}})
    assert shop.plan().warnings == ()


def test_nothing_is_written_by_a_plan(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"))
    shop.plan()
    assert shop.connect().find("v1", "ConfigMap", "settings", shop.namespace) is None
    assert "clusterUid" not in (shop.root / "environments/default.yaml").read_text()


def test_a_component_alone(shop: Shop) -> None:
    shop.objects("web", config_map("of-web"))
    shop.objects("db", config_map("of-db"))
    shop.apply()
    shop.objects("db", config_map("new-of-db"))
    assert actions(shop.plan("web")) == {"ConfigMap/of-web": "unchanged"}
    shop.objects("web", config_map("new-of-web"))
    assert actions(shop.plan("web")) == {"ConfigMap/new-of-web": "create", "ConfigMap/of-web": "delete"}


def test_what_moved_to_another_component_is_not_deleted(shop: Shop) -> None:
    shop.objects("web", config_map("stays"), config_map("moves"))
    shop.apply()
    shop.objects("web", config_map("stays"))
    shop.objects("db", config_map("moves"))
    assert actions(shop.plan("web")) == {"ConfigMap/stays": "unchanged"}
    (shop.root / "components/db/all.yaml").write_text("a: [")
    (kept,) = (change for change in shop.plan("web").changes if change.key.name == "moves")
    assert kept.action is Action.KEEP
    assert "another component may want it" in kept.reason


def test_what_left_the_app_goes(shop: Shop) -> None:
    shop.objects("web", config_map("stays"), config_map("goes"))
    shop.objects("db", deployment("db", replicas=0))
    shop.apply()
    shop.objects("web", config_map("stays"))
    (shop.root / "components/db.yaml").unlink()
    (shop.root / "components/db/all.yaml").unlink()
    (shop.root / "components/db").rmdir()
    plan = shop.plan()
    assert actions(plan) == {
        "ConfigMap/stays": "unchanged",
        "ConfigMap/goes": "delete",
        "Deployment/db": "delete",  # but not its ReplicaSet, which is its controller's
    }
    assert plan.differs


def test_somebody_elses_field(shop: Shop) -> None:
    shop.objects("web", deployment(replicas=1))
    shop.apply()
    live = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": shop.namespace},
    }
    shop.connect().patch(live, {"spec": {"replicas": 5}}, write=Write(manager="kubectl-scale"))
    shop.objects("web", deployment(replicas=2, image="nowhere.invalid/it:2"))
    change = shop.change("web")
    assert change.action is Action.CONFLICT
    assert [(f.path, f.live, f.wanted, f.owner) for f in change.fields] == [
        ("spec.replicas", 5, 2, "kubectl-scale"),
        (
            "spec.template.spec.containers[name=main].image",
            "nowhere.invalid/it:1",
            "nowhere.invalid/it:2",
            "",
        ),
    ]
    forced = shop.change("web", FORCE)
    assert forced.action is Action.UPDATE
    assert [(field.path, field.owner) for field in forced.fields] == [
        (field.path, field.owner) for field in change.fields
    ]
    shop.apply(FORCE)
    assert shop.change("web").action is Action.UNCHANGED


def test_a_field_that_the_app_no_longer_wants_goes(shop: Shop) -> None:
    shop.objects("web", config_map(a="1", b="2"))
    shop.apply()
    shop.objects("web", config_map(a="1"))
    (change,) = shop.plan().changes
    assert (change.action, names(change.fields)) == (Action.UPDATE, ["data.b"])


def test_objects_of_nobody(shop: Shop) -> None:
    there(shop, config_map("same", a="1"))
    there(shop, config_map("other", a="1"))
    shop.objects("web", config_map("same", a="1"), config_map("other", b="2"))
    plan = shop.plan()
    assert actions(plan) == {"ConfigMap/same": "adopt", "ConfigMap/other": "refuse"}
    assert "--adopt" in plan.changes[0].hint
    assert plan.blocked == plan.changes[:1]
    assert actions(shop.plan(choices=ADOPT)) == {"ConfigMap/same": "adopt", "ConfigMap/other": "adopt"}
    shop.apply(ADOPT)
    assert shop.plan().counts() == {"unchanged": 2}


def test_objects_of_others(shop: Shop) -> None:
    helm = {"annotations": {"meta.helm.sh/release-name": "rel", "meta.helm.sh/release-namespace": "x"}}
    there(shop, {**config_map("helms"), "metadata": {"name": "helms", **helm}})
    shop.objects("web", config_map("helms"), config_map("mine"))
    change = shop.change("helms", ADOPT)
    assert change.action is Action.REFUSE
    assert change.reason == "it belongs to the Helm release rel"
    assert "helm uninstall rel -n x" in change.hint


def test_what_lost_its_labels_is_the_apps_again(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"))
    shop.apply()
    named = {**config_map(), "metadata": {"name": "settings", "namespace": shop.namespace}}
    shop.connect().patch(named, {"metadata": {"labels": {"kfctl.dev/app": None}}})
    assert shop.change("settings").action is Action.ADOPT
    shop.apply()
    assert shop.change("settings").action is Action.UNCHANGED


def test_two_apps_of_one_name_are_told_apart(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"))
    shop.apply()
    path = shop.root / "kfctl.yaml"
    path.write_text(path.read_text().replace("id-of-", "another-id-of-"))
    with pytest.raises(KfctlError, match=f"another app named {shop.namespace} has environment default"):
        shop.plan()
    shop.environment(namespace="default")
    moved = config_map(a="1")
    moved["metadata"]["namespace"] = shop.namespace
    shop.objects("web", moved)
    change = shop.change("settings")
    assert change.action is Action.REFUSE
    assert change.reason == f"it belongs to another kfctl app, {shop.namespace} (environment default)"


def test_two_environments_in_one_namespace(shop: Shop) -> None:
    shop.objects("web", config_map(a="1"))
    shop.apply()
    shop.environment("prod")
    (change,) = shop.plan(environment="prod").changes
    assert change.reason == "it belongs to environment default of this app"


def test_a_selector_cannot_be_changed(shop: Shop) -> None:
    shop.objects("web", deployment())
    shop.apply()
    other = deployment()
    other["spec"]["selector"]["matchLabels"] = {"app": "web", "tier": "front"}
    other["spec"]["template"]["metadata"]["labels"] = {"app": "web", "tier": "front"}
    shop.objects("web", other)
    change = shop.change("web")
    assert change.action is Action.REPLACE
    assert change.reason == "spec.selector can't be changed in place"
    assert "spec.selector.matchLabels.tier" in names(change.fields)


@pytest.fixture
def forbidden(shop: Shop) -> Iterator[str]:
    """Have a policy of the cluster forbid a value of ConfigMaps in the namespace, and return it."""
    policies, name, value = "admissionregistration.k8s.io/v1", f"{shop.namespace}-policy", "such"
    metadata = {"name": name}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}
    resources = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": shop.namespace}},
        "resourceRules": [rule],
    }
    says = {"expression": f"object.?data.?a.orValue('') != '{value}'", "message": "such values are forbidden"}
    policy = {"apiVersion": policies, "kind": "ValidatingAdmissionPolicy", "metadata": metadata}
    binding = {"apiVersion": policies, "kind": "ValidatingAdmissionPolicyBinding", "metadata": metadata}
    cluster = shop.connect()
    cluster.apply({**policy, "spec": {"matchConstraints": resources, "validations": [says]}})
    cluster.apply({**binding, "spec": {"policyName": name, "validationActions": ["Deny"]}})
    tried = config_map("tried", a=value)
    tried["metadata"]["namespace"] = shop.namespace
    assert wait_until(lambda: refused(lambda: cluster.preview(tried)), 30)
    yield value
    cluster.delete(binding)
    cluster.delete(policy)


def refused(ask: Callable[[], object]) -> bool:
    """Whether the server says no."""
    try:
        ask()
    except KfctlError:
        return True
    return False


def test_what_takes_a_new_object_is_tried_as_a_new_one(shop: Shop, forbidden: str) -> None:
    shop.objects("web", {**config_map(a="1"), "immutable": True})
    shop.apply()
    shop.objects("web", {**config_map(a=forbidden), "immutable": True})
    change = shop.change("settings")
    assert (change.action, "such values are forbidden" in change.reason) == (Action.REFUSE, True)
    shop.objects("web", {**config_map(a="2"), "immutable": True})
    assert shop.change("settings").action is Action.REPLACE


def test_what_the_old_object_has_is_in_no_new_ones_way(shop: Shop) -> None:
    service: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "web"},
        "spec": {"type": "NodePort", "ports": [{"port": 80}]},
    }
    shop.objects("web", service)
    shop.apply()
    live = shop.connect().get("v1", "Service", "web", shop.namespace)["spec"]
    service["spec"]["ports"] = [{"port": 80, "nodePort": live["ports"][0]["nodePort"]}]
    head, _, last = live["clusterIP"].rpartition(".")
    service["spec"]["clusterIP"] = f"{head}.{int(last) ^ 1}"
    shop.objects("web", service)
    assert shop.change("web").action is Action.REPLACE


def test_what_a_policy_forbids_is_not_replaced(shop: Shop, forbidden: str) -> None:
    shop.objects("web", config_map(a="1"))
    shop.apply()
    shop.objects("web", config_map(a=forbidden))
    assert shop.change("settings").action is Action.REFUSE


def test_a_conflict_that_would_be_refused_in_any_case(shop: Shop) -> None:
    shop.objects("web", deployment())
    shop.apply()
    container = {"name": "main", "image": "theirs"}
    theirs = {**deployment(), "spec": {"template": {"spec": {"containers": [container]}}}}
    theirs["metadata"] = {"name": "web", "namespace": shop.namespace}
    shop.connect().apply(theirs, Write(manager="theirs", force=True))
    wrong = deployment()
    wrong["spec"]["minReadySeconds"] = -1
    shop.objects("web", wrong, config_map("fine"))
    assert actions(shop.plan()) == {"Deployment/web": "refuse", "ConfigMap/fine": "create"}
    assert "minReadySeconds" in shop.change("web").reason


def test_the_data_of_a_claim_is_not_lost(shop: Shop) -> None:
    claim: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "files"},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    shop.objects("web", claim)
    shop.apply()
    claim["spec"]["accessModes"] = ["ReadWriteMany"]
    shop.objects("web", claim)
    change = shop.change("files")
    assert (change.action, "would lose what it holds" in change.hint) == (Action.REFUSE, True)


def test_an_object_that_is_being_deleted(shop: Shop) -> None:
    body = config_map(a="1")
    body["metadata"]["finalizers"] = ["example.com/slow"]
    shop.objects("web", body)
    shop.apply()
    live = {**body, "metadata": {**body["metadata"], "namespace": shop.namespace}}
    shop.connect().delete(live)
    change = shop.change("settings")
    assert change.action is Action.CREATE
    assert "held by example.com/slow" in change.reason
    shop.connect().patch(live, {"metadata": {"finalizers": None}})
    assert shop.change("settings").action is Action.CREATE


@pytest.mark.parametrize(
    ("body", "reason", "hint"),
    [
        ({"data": {"a": 1}}, ".data.a: expected string", ""),
        ({"dta": {}}, ".dta: field not declared in schema", ""),
        ({"kind": "ConfigMop"}, "the cluster knows no ConfigMop of v1", "did you mean ConfigMap?"),
        (
            {"apiVersion": "example.com/v1", "kind": "Gizmo"},
            "knows no Gizmo",
            "is the custom resource definition",
        ),
        ({"metadata": {"name": "settings", "namespace": "nowhere"}}, 'namespaces "nowhere" not found', ""),
    ],
)
def test_what_the_server_does_not_accept(shop: Shop, body: dict[str, Any], reason: str, hint: str) -> None:
    shop.objects("web", {**config_map(), **body}, config_map("fine"))
    plan = shop.plan()
    assert plan.counts() == {"create": 1, "refuse": 1}
    (change,) = plan.blocked
    assert reason in change.reason
    assert hint in change.hint


# What can't be tried


def test_the_rules_of_an_aggregated_role_are_its_controllers(shop: Shop) -> None:
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "rules": []}
    part = {**role, "metadata": {"name": f"{shop.namespace}-part", "labels": {shop.namespace: "yes"}}}
    part["rules"] = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}]
    whole = {**role, "metadata": {"name": f"{shop.namespace}-whole"}}
    whole["aggregationRule"] = {"clusterRoleSelectors": [{"matchLabels": {shop.namespace: "yes"}}]}
    shop.objects("web", part, whole)
    shop.apply()
    cluster = shop.connect()
    live = ("rbac.authorization.k8s.io/v1", "ClusterRole", f"{shop.namespace}-whole")
    assert wait_until(lambda: bool(cluster.get(*live).get("rules")), 30)
    assert shop.plan().counts() == {"unchanged": 2}
    for each in (part, whole):
        cluster.delete(each)


def test_in_a_namespace_that_is_not_there(shop: Shop) -> None:
    shop.environment(namespace=f"{shop.namespace}-new")
    shop.objects("web", config_map(a="1"), deployment())
    plan = shop.plan()
    assert plan.scope.namespace_missing and plan.differs
    assert {(c.action, c.approximate, c.reason) for c in plan.changes} == {
        (Action.CREATE, True, "its namespace is made by the same apply")
    }


def test_with_its_namespace_and_its_kind_in_the_same_apply(shop: Shop) -> None:
    new = f"{shop.namespace}-own"
    definition = crd(f"{shop.namespace}.kfctl.test")
    widget = {"apiVersion": f"{shop.namespace}.kfctl.test/v1", "kind": "Widget", "metadata": {"name": "w"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": new}}
    inside = {**config_map("inside"), "metadata": {"name": "inside", "namespace": new}}
    shop.objects("web", namespace, definition, widget, inside)
    plan = shop.plan()
    assert not plan.scope.namespace_missing
    assert {c.key.name: (c.action, c.reason) for c in plan.changes if c.approximate} == {
        "inside": (Action.CREATE, "its namespace is made by the same apply"),
        "w": (Action.CREATE, "its kind is made by the same apply"),
    }


def crd(group: str) -> dict[str, Any]:
    schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"widgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"plural": "widgets", "singular": "widget", "kind": "Widget", "listKind": "WidgetList"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def grant(shop: Shop, user: str, *rules: dict[str, Any]) -> None:
    """Give a user rights in the namespace, and to read the namespace kube-system."""
    admin = shop.connect()
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": user, "namespace": shop.namespace},
        "rules": list(rules),
    }
    binding = {
        **role,
        "kind": "RoleBinding",
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": user},
        "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": user}],
    }
    del binding["rules"]
    admin.apply(role)
    admin.apply(binding)


READ = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}
WRITE = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}


def test_somebody_who_may_only_read_sees_a_plan(shop: Shop) -> None:
    shop.objects("web", config_map("same", a="1"), config_map("changes", a="1"))
    shop.apply()
    grant(shop, "reader", READ)
    shop.environment()  # the apply has recorded the UID of a namespace that a reader may not see
    shop.objects("web", config_map("same", a="1"), config_map("changes", a="2"), config_map("new"))
    shop.user = "reader"
    plan = shop.plan()
    assert actions(plan) == {
        "ConfigMap/same": "unchanged",
        "ConfigMap/changes": "update",
        "ConfigMap/new": "create",
    }
    assert {c.key.name for c in plan.changes if c.approximate} == {"changes", "new"}
    writing = shop.plan(choices=Choices(will_write=True))
    assert {c.key.name for c in writing.blocked} == {"changes", "new"}
    assert all("cannot patch resource" in c.reason and c.hint for c in writing.blocked)


def test_what_somebody_may_not_try_is_held_against_its_fields(shop: Shop) -> None:
    grant(shop, "reader", READ)
    wrong = deployment()
    wrong["spec"]["replica"] = 3
    shop.objects("web", wrong, config_map())
    shop.user = "reader"
    plan = shop.plan()
    assert [problem.message for problem in plan.refused] == [
        "web: Deployment/web spec.replica is not known here: did you mean replicas?"
    ]


def test_somebody_who_has_the_namespace_alone(shop: Shop) -> None:
    grant(shop, "owner", WRITE)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "r"},
        "rules": [],
    }
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "b"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "r"},
        "subjects": [],
    }
    wide = {**role, "kind": "ClusterRole", "metadata": {"name": f"{shop.namespace}-wide"}}
    shop.objects("web", config_map(), role, binding, wide)
    shop.user = "owner"
    plan = shop.plan()
    assert actions(plan) == {
        "ConfigMap/settings": "create",
        "Role/r": "create",
        "RoleBinding/b": "create",  # the server does not find its role, which is not there yet
        f"ClusterRole/{shop.namespace}-wide": "refuse",
    }
    (refused,) = plan.blocked
    assert "kfctl component rm web leaves it out" in refused.hint


@pytest.fixture
def broken_webhook(shop: Shop) -> Iterator[Callable[[], None]]:
    """Make a webhook for the ConfigMaps of the namespace that nobody answers."""
    namespaces = {"matchLabels": {"kubernetes.io/metadata.name": shop.namespace}}
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "resources": ["configmaps"], "operations": ["*"]}
    webhook = {
        "name": "broken.kfctl.test",
        "clientConfig": {"url": "https://127.0.0.1:1/"},
        "rules": [rule],
        "namespaceSelector": namespaces,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
    }
    configuration = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": f"{shop.namespace}-broken"},
    }
    yield lambda: void(shop.connect().apply({**configuration, "webhooks": [webhook]}))
    shop.connect().delete(configuration)


def void(_: object) -> None:
    """Forget a result."""


def test_a_webhook_in_the_way(shop: Shop, broken_webhook: Callable[[], None]) -> None:
    shop.objects("web", config_map("same", a="1"), config_map("changes", a="1"))
    shop.apply()
    shop.objects("web", config_map("same", a="1"), config_map("changes", a="2"), config_map("new"))
    broken_webhook()
    plan = wait_for(shop, "an admission webhook does not answer")
    assert {c.key.name: (c.action, c.approximate) for c in plan.changes} == {
        "same": (Action.UNCHANGED, False),
        "changes": (Action.UPDATE, True),
        "new": (Action.CREATE, True),
    }


def wait_for(shop: Shop, reason: str) -> Any:
    """Plan until the server has taken notice of the webhook."""
    import time

    for _ in range(100):
        plan = shop.plan()
        if {c.reason for c in plan.changes if c.approximate} == {reason}:
            return plan
        time.sleep(0.1)
    raise AssertionError(plan)


# Secrets


def test_secrets_are_masked(shop: Shop) -> None:
    secret: dict[str, Any] = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}}
    shop.objects("web", {**secret, "stringData": {"a": "hunter2"}})
    shop.apply()
    assert shop.plan().counts() == {"unchanged": 1}
    shop.objects("web", {**secret, "stringData": {"a": "hunter3"}})
    change = shop.change("s")
    assert names(change.fields) == ["data.a"]
    told = repr(change.fields)
    for text in (b"hunter2", b"hunter3"):
        assert text.decode() not in told and base64.b64encode(text).decode() not in told


# The guard


def test_an_environment_without_a_cluster(shop: Shop) -> None:
    shop.environment(context="")
    with pytest.raises(KfctlError, match="environment default is bound to no cluster") as caught:
        shop.connect()
    assert f"kfctl env set default --context NAME (there are {shop.context})" in caught.value.problems[0].hint
    assert caught.value.exit_code == 5
    assert shop.connect(context=shop.context).uid()


def test_another_cluster_than_the_one_recorded(shop: Shop) -> None:
    shop.objects("web", config_map())
    shop.environment(clusterUid="00000000-dead-beef-0000-000000000000")
    with pytest.raises(KfctlError, match="recorded is 00000000-dead-beef") as caught:
        shop.plan()
    assert caught.value.exit_code == 5
    assert f"kfctl env set default --context {shop.context}" in caught.value.problems[0].hint
    assert shop.connect().uid() in str(caught.value)
    shop.environment(clusterUid=shop.connect().uid())
    assert shop.plan().counts() == {"create": 1}


def test_a_cluster_is_recorded_by_its_namespace_where_there_is_no_right(shop: Shop) -> None:
    from kfctl.actions import guard

    grant(shop, "owner", WRITE)
    shop.objects("web", config_map())
    shop.user = "owner"
    plan = shop.plan()
    uid = shop.plan().scope.cluster_uid
    assert uid.startswith(f"namespace/{shop.namespace}/")
    app = shop.app()
    environment = app.environments["default"]
    assert guard.record(app, environment, shop.connect(), plan.scope.cluster_uid) == ""
    assert shop.app().environments["default"].target.cluster_uid == uid
    assert shop.plan().scope.cluster_uid == uid
    shop.environment(clusterUid=f"namespace/{shop.namespace}/another")
    with pytest.raises(KfctlError, match="recorded is namespace/"):
        shop.plan()


def test_an_identity_that_may_not_be_read_is_no_mismatch(shop: Shop) -> None:
    grant(shop, "owner", WRITE)
    shop.objects("web", config_map())
    shop.user = "owner"
    shop.environment(clusterUid="00000000-dead-beef-0000-000000000000")
    plan = shop.plan()
    assert plan.counts() == {"create": 1}
    (warning,) = plan.warnings
    assert f"context {shop.context} (" in warning
    assert "can't be told to be the cluster that environment default was applied to" in warning
    assert "the right to get the namespace kube-system" in warning
    shop.user = None
    shop.environment()
    shop.apply()
    shop.environment(clusterUid="00000000-dead-beef-0000-000000000000")
    for user in ("owner", None):  # who may not read it knows it from the app's own record there
        shop.user = user
        with pytest.raises(KfctlError, match="is another cluster than"):
            shop.plan()
        with pytest.raises(KfctlError, match="is another cluster than"):
            check(shop.app(), shop.app().environments["default"], shop.connect())
    shop.environment(clusterUid=shop.connect().uid())
    shop.user = "owner"
    assert shop.plan().warnings == ()


def test_kinds_that_may_not_be_listed_are_told(shop: Shop) -> None:
    shop.objects("web", config_map())
    shop.apply()
    grant(shop, "owner", {**READ, "resources": ["secrets", "leases"]})
    shop.objects("web")
    shop.user = "owner"
    plan = shop.plan()
    assert plan.changes == ()
    assert any("can't all be told: the right to list configmaps" in warning for warning in plan.warnings), (
        plan.warnings
    )


def test_a_cluster_of_the_command_line_is_not_recorded(shop: Shop) -> None:
    from kfctl.actions import guard

    shop.environment(context="another")
    app = shop.app()
    cluster = shop.connect(context=shop.context)
    assert guard.record(app, app.environments["default"], cluster, "uid") == ""
    assert shop.app().environments["default"].target.cluster_uid is None


def test_files_that_cannot_be_written_are_a_warning(shop: Shop) -> None:
    from kfctl.actions import guard

    app = shop.app()
    environment = app.environments["default"]
    gone = environment._replace(where=environment.where._replace(path="environments/gone.yaml"))
    assert "is not recorded" in guard.record(app, gone, shop.connect(), "uid")


def test_a_broken_neighbour_does_not_matter(shop: Shop) -> None:
    shop.objects("web", config_map())
    (shop.root / "components/broken.yaml").write_text(
        "apiVersion: kfctl/v1\nkind: Component\nprototype: nothing\n"
    )
    assert actions(shop.plan("web")) == {"ConfigMap/settings": "create"}
    with pytest.raises(KfctlError, match="nothing"):
        shop.plan()


def test_what_the_cluster_is_asked(shop: Shop, cluster: access.Cluster) -> None:
    """An app that is as it should be costs a list a kind, however many objects it has."""
    shop.objects("web", *(config_map(f"c{number}", a="1") for number in range(60)))
    shop.apply()
    connected = shop.connect()
    asked: list[str] = []
    send = connected.transport.send
    connected.transport.send = lambda request: asked.append(request.method) or send(request)  # type: ignore[method-assign,func-returns-value]
    from kfctl.actions.plan import plan_app

    app = shop.app()
    plan = plan_app(app, app.environments["default"], (), connected, Choices())
    assert plan.counts() == {"unchanged": 60}
    assert set(asked) == {"GET"}
    assert len(asked) <= 1 + 20 + 3


def test_an_autoscaler_takes_over_without_scaling_down(shop: Shop) -> None:
    shop.objects("web", deployment(replicas=3))
    shop.apply()
    shop.objects("web", deployment(replicas=None, image="nowhere.invalid/it:2"))
    assert "spec.replicas" not in names(shop.change("web").fields)
    shop.apply()
    live = shop.connect().get("apps/v1", "Deployment", "web", shop.namespace)
    assert live["spec"]["replicas"] == 3
    shop.connect().patch(live, {"spec": {"replicas": 5}}, "scale", Write(manager="hpa"))
    assert shop.change("web").action is Action.UNCHANGED
