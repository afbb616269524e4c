"""What happens to an object, from what is wanted, what is there and what the server says to it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from kfctl.engine.fieldpath import follow
from kfctl.engine.mask import Mask
from kfctl.engine.ownership import APP, APP_ID, COMPONENT, ENVIRONMENT, intent, owner_of, selector
from kfctl.engine.plan import Choices, Found, make_plan
from kfctl.engine.verdicts import refuses_new
from kfctl.errors import Answer, Cause, ClusterError, Conflict, Forbidden, Invalid, NotFound, Unreachable
from kfctl.model.plan import ABSENT, Action, Change, Scope
from kfctl.model.redactor import Redactor
from kfctl.model.resource import Resource

SCOPE = Scope("shop", "id-1", "prod", "minikube", "https://here", "web", "uid")
MASK = Mask(b"key", Redactor(["hunter2"]))
OURS = {APP: "shop", ENVIRONMENT: "prod", COMPONENT: "db"}


def body(kind: str = "ConfigMap", version: str = "v1", **more: Any) -> dict[str, Any]:
    metadata = {"name": "a", "namespace": "web", **more.pop("metadata", {})}
    return {"apiVersion": version, "kind": kind, "metadata": metadata, **more}


def ours(kind: str = "ConfigMap", version: str = "v1", **more: Any) -> dict[str, Any]:
    """An object with the marks of the app, as it is wanted and as it is live."""
    marks = {"labels": OURS, "annotations": {APP_ID: "id-1"}, **more.pop("metadata", {})}
    return body(kind, version, metadata=marks, **more)


def found(wanted: dict[str, Any], **more: Any) -> Found:
    return Found(Resource(wanted, component="db"), **more)


def decide(each: Found, choices: Choices = Choices()) -> Change:  # noqa: B008 (frozen)
    (change,) = make_plan(SCOPE, [each], [], choices, MASK).changes
    return change


def answered(kind: type[ClusterError], status: int, message: str, *causes: Cause) -> ClusterError:
    error = kind(message, hint="do this")
    error.answer = Answer(status, "", message, causes)
    return error


def conflict(*fields: str, owner: str = "kubectl") -> ClusterError:
    causes = [Cause("FieldManagerConflict", field, f'conflict with "{owner}" using v1') for field in fields]
    return answered(Conflict, 409, "Apply failed with conflicts", *causes)


def invalid(*messages: str, field: str = "spec.selector") -> ClusterError:
    return answered(
        Invalid, 422, "; ".join(messages), *(Cause("FieldValueInvalid", field, m) for m in messages)
    )


# What is there and ours


def test_an_object_that_is_not_there_is_created() -> None:
    change = decide(found(ours(), preview=ours()))
    assert (change.action, change.approximate, change.fields) == (Action.CREATE, False, ())


def test_an_object_that_would_not_change_is_unchanged() -> None:
    live = ours(metadata={"uid": "u", "managedFields": []}, data={"a": "1"})
    assert (
        decide(found(ours(data={"a": "1"}), live=live, preview=ours(data={"a": "1"}))).action
        is Action.UNCHANGED
    )
    assert decide(found(ours(), live=live, unchanged=True)).action is Action.UNCHANGED


def test_an_object_that_would_change_is_updated() -> None:
    change = decide(found(ours(), live=ours(data={"a": "1"}), preview=ours(data={"a": "2"})))
    assert change.action is Action.UPDATE
    assert [(field.path, field.live, field.wanted) for field in change.fields] == [("data.a", "1", "2")]


def test_an_update_of_what_somebody_controls_says_so() -> None:
    rival = {"ownerReferences": [{"kind": "SealedSecret", "name": "s", "controller": True}]}
    change = decide(found(ours(), live=ours(metadata=rival, data={"a": "1"}), preview=ours(data={"a": "2"})))
    assert change.action is Action.UPDATE
    assert change.reason == "SealedSecret/s controls it and may change it back"


def test_an_object_that_is_going_is_never_unchanged() -> None:
    going = ours(metadata={"deletionTimestamp": "now", "finalizers": ["example.com/slow"]})
    change = decide(found(ours(), live=going, preview=ours(), unchanged=True))
    assert change.action is Action.CREATE
    assert change.reason == "it is being deleted, held by example.com/slow: made anew when it is gone"


# Fields of others


def test_a_conflict_names_field_owner_and_both_values() -> None:
    live, wanted = ours(data={"a": "1", "b": "1"}), ours(data={"a": "2", "b": "2"})
    change = decide(found(wanted, live=live, preview=wanted, error=conflict(".data.a")))
    assert change.action is Action.CONFLICT
    assert change.reason == "kubectl set fields that would change"
    assert "--force-conflicts" in change.hint
    assert [(f.path, f.live, f.wanted, f.owner) for f in change.fields] == [
        ("data.a", "1", "2", "kubectl"),
        ("data.b", "1", "2", ""),
    ]


def test_a_list_that_somebody_else_has_whole_is_told_once() -> None:
    live, wanted = ([{"key": "a"}, {"key": "z"}], [{"key": "a"}])
    of_then, of_now = ours(spec={"tolerations": wanted}), ours(spec={"tolerations": live})
    change = decide(found(of_then, live=of_now, preview=of_then, error=conflict(".spec.tolerations")))
    assert [(f.path, f.live, f.wanted) for f in change.fields] == [("spec.tolerations", live, wanted)]


def test_a_conflict_does_not_show_secrets() -> None:
    live, wanted = ours("Secret", data={"a": "b2xk"}), ours("Secret", data={"a": "aHVudGVyMg=="})
    change = decide(found(wanted, live=live, preview=wanted, error=conflict(".data.a")))
    assert "b2xk" not in repr(change.fields) and "aHVudGVyMg" not in repr(change.fields)


DEPLOYMENT = {
    "metadata": {"labels": {"app.kubernetes.io/name": "x", "app": "y"}},
    "spec": {
        "replicas": 3,
        "containers": [
            {"name": "a.b", "image": "i", "ports": [{"containerPort": 80, "name": "web"}]},
            {"name": 'odd"]', "image": "j"},
        ],
        "finalizers": ["x", "y"],
        "args": ["p", "q"],
    },
}


@pytest.mark.parametrize(
    ("path", "text", "value"),
    [
        (".spec.replicas", "spec.replicas", 3),
        ('.spec.containers[name="a.b"].image', "spec.containers[name=a.b].image", "i"),
        (
            '.spec.containers[name="a.b"].ports[containerPort=80,protocol="TCP"].name',
            "spec.containers[name=a.b].ports[containerPort=80].name",
            "web",
        ),
        ('.spec.containers[name="odd\\"]"].image', None, "j"),
        (".metadata.labels.app.kubernetes.io/name", "metadata.labels[app.kubernetes.io/name]", "x"),
        (".metadata.labels.app", "metadata.labels.app", "y"),
        ('.spec.finalizers[="y"]', "spec.finalizers[=y]", "y"),
        (".spec.args[1]", "spec.args[1]", "q"),
        (".spec.args[7]", "spec.args[7]", ABSENT),
        (".spec.nothing.at.all", "spec.nothing.at.all", ABSENT),
        ('.spec.containers[name="none"].image', "spec.containers[name=none].image", ABSENT),
        (".spec.replicas[0]", "spec.replicas[0]", ABSENT),
    ],
)
def test_paths_of_the_server_are_followed(path: str, text: str | None, value: Any) -> None:
    place = follow(DEPLOYMENT, path)
    assert place.value == value
    assert text is None or place.text == text


# What can't be changed


@pytest.mark.parametrize(
    "message",
    [
        "Invalid value: {}: field is immutable",
        "Forbidden: updates to statefulset spec for fields other than 'replicas' are forbidden",
        "Invalid value: []: may not change once set",
        "Invalid value: {}: cannot change roleRef",
        "Forbidden: pod updates may not change fields other than …",
        "Forbidden: field is immutable when `immutable` is set",
        "Forbidden: updates to parameters are forbidden.",
    ],
)
def test_a_field_that_cannot_change_means_another_object(message: str) -> None:
    live, wanted = ours(data={"a": "1"}), ours(data={"a": "2"})
    change = decide(found(wanted, live=live, error=invalid(message)))
    assert change.action is Action.REPLACE
    assert change.reason == "spec.selector can't be changed in place"
    assert [field.path for field in change.fields] == ["data.a"]


@pytest.mark.parametrize(
    "kind", ["PersistentVolumeClaim", "PersistentVolume", "Namespace", "CustomResourceDefinition"]
)
def test_what_holds_data_is_not_replaced(kind: str) -> None:
    change = decide(found(ours(kind), live=ours(kind), error=invalid("field is immutable")))
    assert change.action is Action.REFUSE
    assert "would lose what it holds" in change.hint


def test_what_is_wrong_besides_is_refused() -> None:
    error = invalid("field is immutable", 'Unsupported value: "hunter2"')
    change = decide(found(ours(), live=ours(), error=error))
    assert (change.action, change.hint) == (Action.REFUSE, "do this")
    assert "hunter2" not in change.reason


def test_of_what_is_wrong_besides_the_fixed_fields_are_not_told() -> None:
    message = "the whole of it, with all that the fixed field holds"
    causes = (
        Cause("FieldValueInvalid", "spec.template", "Invalid value: {}: field is immutable"),
        Cause("FieldValueNotSupported", "spec.mode", "Unsupported value: 1"),
    )
    error = Invalid(message)
    error.answer = Answer(422, "Invalid", message, causes)
    change = decide(found(ours(), live=ours(), error=error))
    assert (change.action, change.reason) == (Action.REFUSE, "spec.mode: Unsupported value: 1")


def test_what_a_policy_forbids_is_no_fixed_field() -> None:
    message = "ValidatingAdmissionPolicy 'x' with binding 'x' denied request: public images are forbidden"
    error = Invalid(message)
    error.answer = Answer(422, "Invalid", message, (Cause(message=message),))
    change = decide(found(ours(), live=ours(), error=error))
    assert (change.action, change.reason) == (Action.REFUSE, message)


def test_a_rule_about_the_whole_object_names_no_field() -> None:
    error = Invalid("said")
    error.answer = Answer(422, "Invalid", "said", (Cause("", "<nil>", "Invalid value: it is immutable"),))
    change = decide(found(ours(), live=ours(), error=error))
    assert (change.action, change.reason) == (Action.REPLACE, "it can't be changed in place")


@pytest.mark.parametrize(
    ("error", "refused"),
    [
        (Forbidden('"a-anew" is forbidden: PriorityClass a is already marked as default'), False),
        (Forbidden('"a-anew" is forbidden: exceeded quota: all, requested: pods=1'), False),
        (Invalid("spec.ports[0].nodePort: Invalid value: 31000: provided port is already allocated"), False),
        (Invalid('"a-anew" is invalid: metadata.name: Invalid value: must be version.group'), False),
        (Forbidden('configmaps is forbidden: User "x" cannot create resource "configmaps"'), False),
        (NotFound("there is no such role"), False),
        (Invalid("spec.mode: Unsupported value"), True),
    ],
)
def test_what_the_server_would_not_take_as_a_new_object(error: ClusterError, refused: bool) -> None:
    assert refuses_new(error) is refused


@pytest.mark.parametrize(("condition", "action"), [("Succeeded", Action.REPLACE), ("Running", Action.UPDATE)])
def test_a_training_job_that_has_ended_is_replaced(condition: str, action: Action) -> None:
    status = {"conditions": [{"type": condition, "status": "True"}, {"type": "Failed", "status": "False"}]}
    live = ours("TFJob", "kubeflow.org/v1", spec={"a": 1}, status=status)
    changed = ours("TFJob", "kubeflow.org/v1", spec={"a": 2})
    assert decide(found(changed, live=live, preview=changed)).action is action
    same = ours("TFJob", "kubeflow.org/v1", spec={"a": 1})
    assert decide(found(same, live=live, preview=same)).action is Action.UNCHANGED


@pytest.mark.parametrize(
    ("policy", "changed", "action"),
    [
        ({}, "image", Action.REPLACE),
        ({"suspend": False}, "image", Action.REPLACE),
        ({"suspend": True}, "image", Action.UPDATE),
        ({}, "replicas", Action.UPDATE),
    ],
)
def test_a_training_job_whose_pods_would_run_on_is_replaced(
    policy: dict[str, Any], changed: str, action: Action
) -> None:
    def job(**values: Any) -> dict[str, Any]:
        given = {"image": "a:1", "replicas": 1, **values}
        pod = {"containers": [{"name": "main", "image": given["image"]}]}
        workers = {"replicas": given["replicas"], "template": {"spec": pod}}
        spec = {"runPolicy": policy, "tfReplicaSpecs": {"Worker": workers}}
        status = {"conditions": [{"type": "Running", "status": "True"}]}
        return ours("TFJob", "kubeflow.org/v1", spec=spec, status=status)

    wanted = job(**{changed: {"image": "a:2", "replicas": 2}[changed]})
    change = decide(found(wanted, live=job(), preview=wanted))
    assert change.action is action
    assert ("as they were started" in change.reason) is (action is Action.REPLACE)


# Whose it is


@pytest.mark.parametrize(
    ("metadata", "name"),
    [
        ({"labels": OURS, "annotations": {APP_ID: "id-2"}}, "another kfctl app, shop (environment prod)"),
        (
            {"labels": {**OURS, ENVIRONMENT: "dev"}, "annotations": {APP_ID: "id-1"}},
            "environment dev of this app",
        ),
        (
            {"labels": {**OURS, APP: "former"}, "annotations": {APP_ID: "id-1"}},
            "this app as it was called former (environment prod)",
        ),
        ({"labels": {"app.kubernetes.io/managed-by": "Helm"}}, "Helm"),
        ({"annotations": {"meta.helm.sh/release-name": "r"}}, "the Helm release r"),
        ({"labels": {"argocd.argoproj.io/instance": "x"}}, "the Argo CD application x"),
        (
            {"annotations": {"argocd.argoproj.io/tracking-id": "x:/ConfigMap:web/a"}},
            "the Argo CD application x",
        ),
        ({"labels": {"kustomize.toolkit.fluxcd.io/name": "x"}}, "the Flux Kustomization x"),
        ({"labels": {"helm.toolkit.fluxcd.io/name": "x"}}, "the Flux HelmRelease x"),
        ({"labels": {"kapp.k14s.io/app": "7"}}, "the kapp app 7"),
        ({"labels": {"applyset.kubernetes.io/part-of": "applyset-x-v1"}}, "the ApplySet applyset-x-v1"),
        ({"annotations": {"config.k8s.io/owning-inventory": "x"}}, "the kpt inventory x"),
        ({"ownerReferences": [{"kind": "TFJob", "name": "j", "controller": True}]}, "TFJob/j"),
    ],
)
def test_what_others_own_is_refused(metadata: dict[str, Any], name: str) -> None:
    live = body(metadata=metadata)
    choices = Choices(adopt=True, force_conflicts=True)
    change = decide(found(ours(), live=live, preview=ours()), choices)
    assert change.action is Action.REFUSE
    assert change.reason == f"it belongs to {name}"
    assert change.hint


@pytest.mark.parametrize(
    "metadata",
    [
        {},
        {"labels": OURS},  # `kfctl show | kubectl apply`: our labels and no proof
        {"annotations": {APP_ID: "id-1"}},
        {"ownerReferences": [{"kind": "X", "name": "j"}]},
        {
            "annotations": {"argocd.argoproj.io/tracking-id": "x:/ConfigMap:web/another"}
        },  # copied by a controller
        {"labels": {"app.kubernetes.io/managed-by": "me"}},
    ],
)
def test_what_nobody_owns_is_nobodys(metadata: dict[str, Any]) -> None:
    assert owner_of(body(metadata=metadata), SCOPE) is None


def test_an_object_of_nobody_is_taken_over_if_nothing_changes() -> None:
    change = decide(found(ours(data={"a": "1"}), live=body(data={"a": "1"}), preview=ours(data={"a": "1"})))
    assert change.action is Action.ADOPT
    assert {field.path for field in change.fields} == {
        f"metadata.annotations[{APP_ID}]",
        *(f"metadata.labels[{name}]" for name in OURS),
    }


def test_an_object_of_nobody_that_would_change_needs_a_word() -> None:
    each = found(ours(data={"a": "2"}), live=body(data={"a": "1"}), preview=ours(data={"a": "2"}))
    refused = decide(each)
    assert (refused.action, refused.hint) == (Action.REFUSE, "--adopt takes it over")
    assert "data.a" in {field.path for field in refused.fields}
    assert decide(each, Choices(adopt=True)).action is Action.ADOPT


def test_a_conflict_over_an_object_of_nobody() -> None:
    each = found(ours(data={"a": "2"}), live=body(data={"a": "1"}), error=conflict(".data.a"))
    assert decide(each).action is Action.REFUSE
    assert decide(each, Choices(adopt=True)).action is Action.CONFLICT


def test_what_is_cluster_wide_can_be_left_out() -> None:
    role = body("ClusterRole", "rbac.authorization.k8s.io/v1", metadata={"namespace": "", "labels": OURS})
    theirs = {**role, "metadata": {**role["metadata"], "annotations": {APP_ID: "id-2"}}}
    change = decide(found(role, live=theirs, preview=role))
    assert change.action is Action.REFUSE
    assert "kfctl component rm db leaves it out: the one on the cluster is used then" in change.hint


# What can't be tried

NO_RIGHT = answered(
    Forbidden, 403, 'configmaps "a" is forbidden: User "joe" cannot patch resource "configmaps"'
)
UNTRIABLE = [
    answered(Invalid, 400, 'admission webhook "x" does not support dry run'),
    answered(ClusterError, 500, "Internal error occurred: failed calling webhook"),
    answered(ClusterError, 500, "conversion webhook for x failed"),
]


@pytest.mark.parametrize("error", [*UNTRIABLE, NO_RIGHT], ids=str)
def test_what_cannot_be_tried_is_compared_offline(error: ClusterError) -> None:
    new = decide(found(ours(), error=error))
    assert (new.action, new.approximate) == (Action.CREATE, True)
    same = decide(found(ours(data={"a": "1"}), live=ours(data={"a": "1", "b": "theirs"}), error=error))
    assert (same.action, same.approximate) == (Action.UNCHANGED, True)
    changed = decide(found(ours(data={"a": "2"}), live=ours(data={"a": "1"}), error=error))
    assert (changed.action, changed.approximate) == (Action.UPDATE, True)
    assert changed.reason


def test_an_apply_without_the_right_is_refused_before_it_begins() -> None:
    writing = Choices(will_write=True)
    assert decide(found(ours(), error=NO_RIGHT), writing).action is Action.REFUSE
    live = ours(data={"a": "1"})
    assert decide(found(ours(data={"a": "2"}), live=live, error=NO_RIGHT), writing).action is Action.REFUSE
    assert decide(found(ours(data={"a": "1"}), live=live, error=NO_RIGHT), writing).action is Action.UNCHANGED


def test_what_is_made_by_the_same_apply_is_approximate() -> None:
    change = decide(found(ours(), offline="its kind is made by the same apply"))
    assert (change.action, change.approximate) == (Action.CREATE, True)
    assert change.reason == "its kind is made by the same apply"


@pytest.mark.parametrize("error", [NotFound("no such kind", hint="install it"), invalid("nonsense")], ids=str)
def test_what_the_server_does_not_accept_is_refused(error: ClusterError) -> None:
    change = decide(found(ours(), error=error))
    assert (change.action, change.reason) == (Action.REFUSE, error.message)
    assert change.hint == error.problems[0].hint


def test_a_server_that_fails_makes_no_plan() -> None:
    with pytest.raises(Unreachable):
        decide(found(ours(), error=Unreachable("gone")))
    with pytest.raises(ClusterError, match="broken"):
        decide(found(ours(), live=ours(), error=answered(ClusterError, 500, "broken")))


# The plan as a whole


def test_what_left_the_app_comes_last() -> None:
    gone = Change(Resource(ours("Service")).key, Action.DELETE, live=ours("Service"))
    plan = make_plan(SCOPE, [found(ours(), preview=ours())], [gone], Choices(), MASK)
    assert [(str(change.key), change.action) for change in plan.changes] == [
        ("ConfigMap/a", Action.CREATE),
        ("Service/a", Action.DELETE),
    ]
    assert plan.waves == ((plan.changes[0].key,),)
    assert plan.counts() == {"create": 1, "delete": 1}


def test_an_empty_plan_changes_nothing() -> None:
    plan = make_plan(SCOPE, [], [], Choices(), MASK)
    assert not plan.differs and not plan.blocked
    assert make_plan(replace(SCOPE, namespace_missing=True), [], [], Choices(), MASK).differs


# What is sent


def test_what_is_sent_is_marked_and_folded() -> None:
    wanted = Resource(body("Secret", stringData={"a": "ä", "b": "1"}, data={"b": "MA==", "c": "Mg=="}))
    sent = intent(wanted, "id-1").body
    assert sent["metadata"]["annotations"] == {APP_ID: "id-1"}
    assert "stringData" not in sent
    assert sent["data"] == {"a": "w6Q=", "b": "MQ==", "c": "Mg=="}
    assert "annotations" not in wanted.metadata
    assert selector(SCOPE) == "kfctl.dev/app=shop,kfctl.dev/env=prod"


@pytest.mark.parametrize("texts", ["x", {"a": 1}])
def test_a_wrong_string_data_is_left_to_the_server(texts: Any) -> None:
    assert intent(Resource(body("Secret", stringData=texts)), "id").body["stringData"] == texts
