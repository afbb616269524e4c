"""Each thing that keeps an object from being deleted, alone and among others; and the order of the rest."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kfctl.engine.applyset import RECORD_OF, identity
from kfctl.engine.keep import KEEPING, Permits, Situation, keeping
from kfctl.engine.ownership import COMPONENT, IDENTITY, PART_OF_SET
from kfctl.engine.prune import Pruning, prune, remaining
from kfctl.model.inventory import GroupKind, Inventory, Listed, Place
from kfctl.model.plan import Action
from kfctl.model.resource import Key, Resource
from tests.campaign import size

SET = "applyset-ours-v1"
OURS = Inventory(SET, "x", "y", "id-1", "ml")
ALL = Permits(data=True, definitions=True, namespaces=True, system=True)
API_VERSIONS = {
    "Deployment": "apps/v1",
    "CustomResourceDefinition": "apiextensions.k8s.io/v1",
    "ValidatingWebhookConfiguration": "admissionregistration.k8s.io/v1",
    "TFJob": "kubeflow.org/v1",
}
CLUSTER_WIDE = {"Namespace", "PersistentVolume", "CustomResourceDefinition", "ValidatingWebhookConfiguration"}


def live(kind: str, name: str, namespace: str = "ml", **fields: Any) -> dict[str, Any]:
    """A member of our set; `labels`, `annotations` and other metadata are added, None takes one away."""
    place = {} if kind in CLUSTER_WIDE else {"namespace": namespace}
    api = API_VERSIONS.get(kind, "v1")
    key = Key(api.rpartition("/")[0], kind, place.get("namespace", ""), name)
    labels = {PART_OF_SET: SET, COMPONENT: "web", **fields.pop("labels", {})}
    annotations = {IDENTITY: identity(key), **fields.pop("annotations", {})}
    metadata = {
        "name": name,
        **place,
        "uid": f"uid-{kind}-{namespace}-{name}",
        "labels": {k: v for k, v in labels.items() if v is not None},
        "annotations": {k: v for k, v in annotations.items() if v is not None},
        **{k: v for k, v in fields.items() if k != "spec"},
    }
    spec = {"spec": fields["spec"]} if "spec" in fields else {}
    return {"apiVersion": api, "kind": kind, "metadata": metadata, **spec}


def listed(*bodies: dict[str, Any], gap: str = "") -> list[Listed]:
    found = []
    for body in bodies:
        resource = Resource(body)
        place = Place(GroupKind(resource.group, resource.kind), resource.namespace)
        found.append(Listed(place, (body,), gap))
    return found


def decided(pruning: Pruning) -> dict[str, str]:
    return {str(change.key): change.action.value for change in pruning.changes}


CONTROLLED = [{"kind": "ReplicaSet", "name": "rs", "uid": "u", "controller": True}]
CRD = live("CustomResourceDefinition", "tfjobs.kubeflow.org")
SPACE = live("Namespace", "second")


def test_what_nobody_wants_goes_with_a_reason_and_what_it_was() -> None:
    (change,) = prune(listed(live("ConfigMap", "a")), Situation(OURS)).changes
    assert (change.action, change.live) == (Action.DELETE, live("ConfigMap", "a"))
    assert change.reason == "it is no longer part of the app"


@pytest.mark.parametrize(
    ("body", "situation"),
    [
        (live("ConfigMap", "a"), Situation(OURS, wanted=frozenset({Key("", "ConfigMap", "ml", "a")}))),
        (live("ConfigMap", "a"), Situation(OURS, in_use=frozenset({"uid-ConfigMap-ml-a"}))),
        (live("ConfigMap", "a", labels={PART_OF_SET: None}), Situation(OURS)),
        (live("ConfigMap", "a", labels={PART_OF_SET: "applyset-theirs-v1"}), Situation(OURS)),
        (live("ConfigMap", "a", annotations={IDENTITY: "/ConfigMap/ml/b"}), Situation(OURS)),
        (live("Pod", "a", annotations={IDENTITY: None}, ownerReferences=CONTROLLED), Situation(OURS)),
        (live("Pod", "a", annotations={IDENTITY: "x"}, ownerReferences=CONTROLLED), Situation(OURS)),
    ],
)
def test_what_is_wanted_or_no_member_is_not_even_told(body: dict[str, Any], situation: Situation) -> None:
    pruning = prune(listed(body), replace(situation, permits=ALL))
    assert (pruning.changes, pruning.staying) == ((), frozenset())


@pytest.mark.parametrize(
    ("body", "situation", "said"),
    [
        (live("ConfigMap", "a", annotations={IDENTITY: None}), Situation(OURS), "may be a copy"),
        (live("ConfigMap", "a", uid=""), Situation(OURS), "no UID"),
        (live("Pod", "a", ownerReferences=CONTROLLED), Situation(OURS), "ReplicaSet/rs has taken it over"),
        (live("ConfigMap", "a"), Situation(OURS, unapplied=1), "not everything could be applied"),
        (live("ConfigMap", "a"), Situation(OURS, permits=Permits(prune=False)), "--no-prune"),
        (live("ConfigMap", "a", "kube-system"), Situation(OURS), "it is in kube-system"),
        (live("Namespace", "default"), Situation(OURS, permits=ALL), "cluster's own namespaces"),
        (live("PersistentVolumeClaim", "a"), Situation(OURS), "it holds data"),
        (live("PersistentVolume", "a"), Situation(OURS), "it holds data"),
        (CRD, Situation(OURS), "all objects of its kind"),
        (SPACE, Situation(OURS), "everything in it"),
        (CRD, Situation(OURS, permits=ALL), "not known what lives in it"),
        (SPACE, Situation(OURS, permits=ALL), "not known what lives in it"),
    ],
)
def test_what_is_kept(body: dict[str, Any], situation: Situation, said: str) -> None:
    pruning = prune(listed(body), situation)
    (change,) = pruning.changes
    assert (change.action, pruning.waves) == (Action.KEEP, ())
    assert said in change.reason
    assert pruning.staying == {change.key}


@pytest.mark.parametrize(
    "annotation", [f"{name}={text}" for name, texts in KEEPING.items() for text in sorted(texts)]
)
def test_what_somebody_asked_to_keep_stays(annotation: str) -> None:
    name, _, text = annotation.partition("=")
    body = live("ConfigMap", "a", annotations={name: f"Other=x, {text.upper()}"})
    assert decided(prune(listed(body), Situation(OURS, permits=ALL))) == {"ConfigMap/a": "keep"}
    key = Key("", "ConfigMap", "ml", "a")
    applied = Situation(OURS, permits=ALL, recorded={key: body})
    assert decided(prune(listed(live("ConfigMap", "a")), applied)) == {"ConfigMap/a": "keep"}


def test_an_annotation_that_asks_nothing_keeps_nothing() -> None:
    body = live("ConfigMap", "a", annotations={"argocd.argoproj.io/sync-options": "Prune=true", "k": "keep"})
    assert keeping(body) == ""


def test_an_incomplete_list_keeps_what_it_found_and_its_place() -> None:
    kind = GroupKind("", "Secret")
    found = [
        *listed(live("ConfigMap", "a")),
        *listed(live("Secret", "b"), gap="forbidden"),
        Listed(Place(kind, "second"), (), "forbidden"),
    ]
    pruning = prune(found, Situation(OURS))
    assert decided(pruning) == {"ConfigMap/a": "delete", "Secret/b": "keep"}
    left = remaining(OURS, [], pruning, [])
    assert (left.kinds, left.namespaces) == (frozenset({kind}), frozenset({"second"}))


def test_what_could_not_be_deleted_stays_findable() -> None:
    pruning = prune(listed(live("ConfigMap", "a", "second"), live("Secret", "b")), Situation(OURS))
    left = remaining(OURS, [Key("", "Service", "ml", "s")], pruning, [Key("", "ConfigMap", "second", "a")])
    assert left.kinds == {GroupKind("", "Service"), GroupKind("", "ConfigMap")}
    assert left.namespaces == {"second"}


def test_one_component_prunes_nothing_of_another() -> None:
    found = listed(live("ConfigMap", "a"), live("ConfigMap", "b", labels={COMPONENT: "hub"}))
    pruning = prune(found, Situation(OURS, components=frozenset({"hub"})))
    assert decided(pruning) == {"ConfigMap/b": "delete"}
    assert pruning.staying == {Key("", "ConfigMap", "ml", "a")}


def definition_with(*instances: dict[str, Any], gap: str = "") -> Situation:
    inside = Listed(Place(GroupKind("kubeflow.org", "TFJob"), ""), instances, gap)
    return Situation(OURS, permits=ALL, contents={Resource(CRD).key: (inside,)})


@pytest.mark.parametrize(
    ("instances", "gap", "expected"),
    [
        ([], "", "delete"),
        ([live("TFJob", "ours")], "", "delete"),
        ([live("TFJob", "theirs", labels={PART_OF_SET: None})], "", "keep"),
        ([live("TFJob", "ours"), live("TFJob", "more", "elsewhere")], "", "keep"),
        ([], "forbidden", "keep"),
    ],
)
def test_a_definition_goes_only_with_all_its_objects(
    instances: list[dict[str, Any]], gap: str, expected: str
) -> None:
    pruning = prune(listed(CRD, live("TFJob", "ours")), definition_with(*instances, gap=gap))
    assert decided(pruning)["CustomResourceDefinition/tfjobs.kubeflow.org"] == expected
    assert pruning.unknown == ()


def test_a_definition_stays_with_an_object_of_ours_that_stays() -> None:
    kept = live("TFJob", "ours", annotations={"kfctl.dev/keep": "true"})
    pruning = prune(listed(CRD, kept), definition_with(kept))
    assert set(decided(pruning).values()) == {"keep"}


def test_a_namespace_goes_with_what_goes_and_what_everybody_has() -> None:
    a = live("ConfigMap", "a", "second")
    web = live("Deployment", "web", "second")
    made_by = [{"kind": "Deployment", "name": "web", "uid": web["metadata"]["uid"], "controller": True}]
    replicas = live("ReplicaSet", "web-1", "second", ownerReferences=made_by, labels={PART_OF_SET: None})
    by_replicas = [{"kind": "ReplicaSet", "uid": replicas["metadata"]["uid"], "controller": True}]
    pod = live("Pod", "web-1-x", "second", ownerReferences=by_replicas)
    given_ = live("ConfigMap", "kube-root-ca.crt", "second", labels={PART_OF_SET: None})
    record = live("Secret", "kfctl.x.y", "second", labels={RECORD_OF: SET})
    event = live("Event", "e", "second", labels={PART_OF_SET: None})
    everything = [a, web, replicas, pod, given_, record, event]

    def situation(*more: dict[str, Any]) -> Situation:
        inside = tuple(listed(*everything, *more))
        return Situation(OURS, permits=ALL, contents={Resource(SPACE).key: inside})

    found = listed(SPACE, a, web)
    assert decided(prune(found, situation()))["Namespace/second"] == "delete"
    foreign = live("ConfigMap", "theirs", "second", labels={PART_OF_SET: None})
    pruning = prune(found, situation(foreign))
    (kept,) = pruning.keeps
    assert kept.reason == "it holds what stays: ConfigMap/theirs"
    orphan = live("Pod", "p", "second", ownerReferences=[{"uid": "unknown", "controller": True}])
    assert decided(prune(found, situation(orphan)))["Namespace/second"] == "keep"
    kept_by_want = replace(situation(), wanted=frozenset({Resource(a).key}))
    assert decided(prune(found, kept_by_want))["Namespace/second"] == "keep"


def test_deletes_run_backwards() -> None:
    hook = live("ValidatingWebhookConfiguration", "hook")
    found = listed(SPACE, CRD, live("Deployment", "op"), hook, live("TFJob", "job"), live("ConfigMap", "c"))
    inside = Listed(Place(GroupKind("kubeflow.org", "TFJob"), ""), (live("TFJob", "job"),))
    contents: dict[Key, tuple[Listed, ...]] = {Resource(CRD).key: (inside,), Resource(SPACE).key: ()}
    pruning = prune(found, Situation(OURS, permits=ALL, contents=contents))
    assert [[key.kind for key in wave] for wave in pruning.waves] == [
        ["TFJob"],
        ["ValidatingWebhookConfiguration"],
        ["Deployment"],
        ["ConfigMap"],
        ["CustomResourceDefinition"],
        ["Namespace"],
    ]
    assert [change.key for change in pruning.deletes] == [key for wave in pruning.waves for key in wave]


def test_a_circle_of_wishes_does_not_stop_a_delete() -> None:
    a = live("ConfigMap", "a", annotations={"kfctl.dev/depends-on": "ConfigMap/b"})
    b = live("ConfigMap", "b", annotations={"kfctl.dev/depends-on": "ConfigMap/a"})
    pruning = prune(listed(a, b), Situation(OURS))
    assert len(pruning.deletes) == 2


def test_what_is_being_deleted_is_told_with_what_holds_it() -> None:
    body = live("ConfigMap", "a", deletionTimestamp="2026-01-01T00:00:00Z", finalizers=["example.com/x"])
    (change,) = prune(listed(body), Situation(OURS)).deletes
    assert change.reason == "it is being deleted, held by example.com/x"


KINDS = st.sampled_from(["ConfigMap", "Deployment", "PersistentVolumeClaim", "TFJob", "Pod", *CLUSTER_WIDE])
LABELS = st.sampled_from([{}, {PART_OF_SET: None}, {PART_OF_SET: "applyset-theirs-v1"}, {COMPONENT: "hub"}])
ANNOTATIONS = st.sampled_from(
    [{}, {IDENTITY: None}, {IDENTITY: "apps/Deployment/ml/other"}, {"kfctl.dev/keep": "true"}]
)
OWNERS = st.sampled_from([[], CONTROLLED])


@st.composite
def bodies(draw: st.DrawFn) -> dict[str, Any]:
    return live(
        draw(KINDS),
        draw(st.sampled_from(["a", "b", "default", "kube-system"])),
        draw(st.sampled_from(["ml", "second", "kube-system"])),
        labels=draw(LABELS),
        annotations=draw(ANNOTATIONS),
        ownerReferences=draw(OWNERS),
    )


@settings(max_examples=size(3_000), deadline=None)
@given(
    found=st.lists(
        st.tuples(bodies(), st.sampled_from(["", "", "", "forbidden"])),
        max_size=12,
        unique_by=lambda each: Resource(each[0]).key,
    ),
    permits=st.builds(Permits, *[st.booleans()] * 5),
    unapplied=st.integers(0, 1),
    wanted=st.booleans(),
)
def test_nothing_is_deleted_against_any_of_the_conditions(
    found: list[tuple[dict[str, Any], str]], permits: Permits, unapplied: int, wanted: bool
) -> None:
    given_ = [place for body, gap in found for place in listed(body, gap=gap)]
    first = frozenset([Resource(found[0][0]).key]) if wanted and found else frozenset()
    pruning = prune(given_, Situation(OURS, wanted=first, permits=permits, unapplied=unapplied))
    gaps = {Resource(body).key for body, gap in found if gap}
    for change in pruning.deletes:
        body = Resource(change.live or {})
        assert body.metadata["labels"].get(PART_OF_SET) == SET
        assert body.metadata["annotations"].get(IDENTITY) == identity(body.key)
        assert not body.metadata["ownerReferences"]
        assert "kfctl.dev/keep" not in body.metadata["annotations"]
        assert permits.prune
        assert not unapplied
        assert body.key not in first | gaps
        assert body.kind != "PersistentVolumeClaim" or permits.data
        assert body.kind not in {"Namespace", "CustomResourceDefinition"}  # nobody said what is in them
        assert body.namespace != "kube-system" or permits.system
    assert {key for wave in pruning.waves for key in wave} == {c.key for c in pruning.deletes}
    left = remaining(OURS, first, pruning, [])
    for resource in (Resource(body) for body, _ in found):
        if resource.metadata["labels"].get(PART_OF_SET) == SET and resource.key in pruning.staying:
            assert GroupKind(resource.group, resource.kind) in left.kinds
            assert resource.namespace in {"", "ml", *left.namespaces}
