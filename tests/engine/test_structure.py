"""What is said offline about objects that no API server would take, or that do not fit together."""

from __future__ import annotations

from typing import Any

import pytest

from kfctl.engine import names
from kfctl.engine.identity import identity_problems
from kfctl.engine.structure import examine_objects
from kfctl.model.resource import Resource
from kfctl.model.secretfields import SecretFields
from kfctl.store.catalog import catalog
from tests.engine.objects import ABSENT, CONTAINER, POD, SERVICE, WEB, C, changed
from tests.templates.rendering import every_example, rendered


def said(*bodies: dict[str, Any]) -> list[str]:
    found = examine_objects([Resource(body, "web", "components/web/x.yaml:7") for body in bodies])
    return [str(problem) for problem in found.problems]


IMAGE = "must be an image such as ghcr.io/org/name:tag, in lower case up to its tag"
AMOUNT = "must be a quantity such as 500m or 1Gi"


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (changed(WEB, "apiVersion", ABSENT), "Deployment/web has no apiVersion such as apps/v1, but None"),
        (changed(WEB, "apiVersion", "apps"), "Deployment/web has no apiVersion such as apps/v1, but 'apps'"),
        (
            changed(WEB, "apiVersion", "Apps_/v1"),
            f"Deployment/web has an apiVersion whose group 'Apps_' must be {names.SUBDOMAIN.words}",
        ),
        (changed(WEB, "kind", ABSENT), "an object/web has no kind such as Deployment, but None"),
        (
            changed(WEB, "kind", "deployment"),
            "deployment/web has no kind such as Deployment, but 'deployment'",
        ),
        (changed(WEB, "metadata", ABSENT), "Deployment/(no name) has no metadata with a name"),
        (changed(WEB, "metadata", {}), "Deployment/(no name) needs metadata.name"),
        (
            changed(WEB, "metadata", {"name": 5}),
            "Deployment/5 metadata.name must be text, not 5: put it in quotes",
        ),
        (
            changed(WEB, "metadata", {"generateName": "x-"}),
            "Deployment/(no name) needs metadata.name: kfctl must know it again, so generateName won't do",
        ),
        (
            changed(WEB, "metadata/name", "Web"),
            f"Deployment/Web metadata.name: 'Web' must be {names.SUBDOMAIN.words}",
        ),
        (
            changed(WEB, "metadata/namespace", "a.b"),
            f"Deployment/web metadata.namespace: 'a.b' must be {names.DNS_LABEL.words}",
        ),
        (
            changed(SERVICE, "metadata/name", "1web"),
            f"Service/1web metadata.name: '1web' must be {names.DNS_1035.words}",
        ),
        (
            changed(SERVICE, "metadata/name", "w" * 64),
            f"Service/{'w' * 64} metadata.name: '{'w' * 20}…' has 64 characters, and 63 are allowed",
        ),
        (
            changed(WEB, "metadata/labels", {"a b": "c"}),
            f"Deployment/web metadata.labels: a b: 'a b' must be {names.WORD_FORM.words}",
        ),
        (
            changed(WEB, "metadata/labels", {"a": "b c"}),
            f"Deployment/web metadata.labels: a: 'b c' must be {names.LABEL_VALUE.words}",
        ),
        (
            changed(WEB, "metadata/labels", {"a": 1}),
            "Deployment/web metadata.labels: a: must be text, not 1: put it in quotes",
        ),
        (changed(WEB, "metadata/labels", ["a"]), "Deployment/web metadata.labels: must be a map"),
        (
            changed(WEB, "metadata/annotations", {"a": True}),
            "Deployment/web metadata.annotations: a: must be text, not True: put it in quotes",
        ),
        (
            changed(WEB, "metadata/annotations", {"a": "x" * 262_144}),
            "Deployment/web metadata.annotations: are 262,145 bytes, and 262,144 are allowed",
        ),
        (
            changed(WEB, "spec/template/metadata/labels/x", "-"),
            f"Deployment/web the pod's labels: x: '-' must be {names.LABEL_VALUE.words}",
        ),
        (
            changed(WEB, "spec/selector", ABSENT),
            "Deployment/web needs spec.selector.matchLabels, the labels of its pods",
        ),
        (
            changed(WEB, "spec/selector/matchLabels", {"app": "other"}),
            "Deployment/web selects pods with app=other, but its template makes none: "
            "spec.template.metadata.labels differs",
        ),
        (changed(WEB, "spec/template/spec/containers", []), "Deployment/web has no containers in its pod"),
        (
            changed(WEB, f"{C}/name", "Main"),
            f"Deployment/web container Main: name: 'Main' must be {names.DNS_LABEL.words}",
        ),
        (
            changed(WEB, f"{C}/image", ABSENT),
            f"Deployment/web container main: image: {IMAGE}, not null",
        ),
        (
            changed(WEB, f"{C}/image", " nginx"),
            f"Deployment/web container main: image: {IMAGE}, not ' nginx'",
        ),
        (
            changed(WEB, f"{C}/args", ["a", 5]),
            "Deployment/web container main: args[1]: must be text, not 5: put it in quotes",
        ),
        (changed(WEB, f"{C}/command", "a"), "Deployment/web container main: command: must be a list"),
        (
            changed(WEB, f"{C}/env", [{"name": "A", "value": 1}]),
            "Deployment/web container main: env A: must be text, not 1: put it in quotes",
        ),
        (
            changed(WEB, f"{C}/env", [{"name": "A=B"}]),
            "Deployment/web container main: env: must have a name without =, not 'A=B'",
        ),
        (
            changed(WEB, f"{C}/ports", [{"containerPort": 70_000}]),
            "Deployment/web container main: ports: must have a containerPort between 1 and 65535, not 70000",
        ),
        (
            changed(WEB, f"{C}/ports", [{"containerPort": 1, "name": "a-very-long-name"}]),
            "Deployment/web container main: ports: the name 'a-very-long-name…' has 16 characters, "
            "and 15 are allowed",
        ),
        (
            changed(WEB, f"{C}/ports", [{"containerPort": 1, "name": "80"}]),
            f"Deployment/web container main: ports: the name '80' must be {names.PORT.words}",
        ),
        (
            changed(WEB, f"{C}/ports", [{"containerPort": 1, "protocol": "tcp"}]),
            "Deployment/web container main: ports: the protocol must be TCP, UDP or SCTP, not 'tcp'",
        ),
        (
            changed(
                WEB, f"{C}/ports", [{"containerPort": 1, "name": "a"}, {"containerPort": 2, "name": "a"}]
            ),
            "Deployment/web container main: has the port a 2 times",
        ),
        (
            changed(WEB, f"{C}/resources", {"limits": {"cpu": "1GB"}}),
            f"Deployment/web container main: resources.limits.cpu: {AMOUNT}, not '1GB'",
        ),
        (
            changed(WEB, f"{C}/resources", {"requests": {"cpu": -1}}),
            f"Deployment/web container main: resources.requests.cpu: {AMOUNT}, not -1",
        ),
        (
            changed(WEB, f"{C}/resources", {"requests": {"cpu": 1}, "limits": {"cpu": "500m"}}),
            "Deployment/web container main: resources.requests.cpu: 1 is more than the limit, 500m",
        ),
        (
            changed(WEB, f"{C}/resources", {"limits": {"nvidia.com/gpu": "1500m"}}),
            "Deployment/web container main: resources.limits.nvidia.com/gpu: must be a whole number, "
            "not '1500m'",
        ),
        (
            changed(WEB, f"{C}/resources", {"requests": {"nvidia.com/gpu": 1}}),
            "Deployment/web container main: resources.requests.nvidia.com/gpu: needs the same limit: such a "
            "resource is not shared",
        ),
        (
            changed(WEB, f"{C}/volumeMounts", [{"name": "data", "mountPath": "/x"}]),
            "Deployment/web container main: mounts 'data', no volume of its pod",
        ),
        (
            changed(WEB, "spec/template/spec/volumes", [{"name": "a_b"}]),
            f"Deployment/web volume 'a_b' must be {names.DNS_LABEL.words}",
        ),
        (
            changed(WEB, "spec/template/spec/initContainers", [CONTAINER]),
            "Deployment/web has the container main 2 times",
        ),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a": 1}},
            "ConfigMap/c data.a: must be text, not int: put it in quotes or a block",
        ),
        (
            {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}, "data": {"a/b": ""}},
            "ConfigMap/c data: 'a/b' must be letters, digits, -, _ and .",
        ),
        (
            {
                "apiVersion": "v1",
                "kind": "ConfigMap",
                "metadata": {"name": "c"},
                "data": {"a": "x" * 1_048_577},
            },
            "ConfigMap/c holds 1,048,577 bytes, and 1,048,576 are allowed",
        ),
        (
            {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "metadata": {"name": "c"},
                "spec": {"resources": {"requests": {"storage": "10 GB"}}},
            },
            "PersistentVolumeClaim/c spec.resources.requests.storage: "
            "must be a quantity such as 10Gi, not '10 GB'",
        ),
        (
            {
                "apiVersion": "batch/v1",
                "kind": "CronJob",
                "metadata": {"name": "c" * 53},
                "spec": {"jobTemplate": {"spec": {"template": POD}}},
            },
            f"CronJob/{'c' * 53} metadata.name: '{'c' * 20}…' has 53 characters, and 52 are allowed",
        ),
        (
            changed(SERVICE, "spec/ports", [{"name": "a", "port": 80}, {"port": 80, "protocol": "TCP"}]),
            "Service/web has the port 80/TCP 2 times",
        ),
        (
            changed(SERVICE, "spec/ports", [{"name": "a", "port": 80}, {"name": "a", "port": 81}]),
            "Service/web has the port a 2 times",
        ),
        (
            {
                "apiVersion": "autoscaling/v2",
                "kind": "HorizontalPodAutoscaler",
                "metadata": {"name": "web"},
                "spec": {"minReplicas": 3, "maxReplicas": 2},
            },
            "HorizontalPodAutoscaler/web spec.minReplicas: 3 is more than spec.maxReplicas, 2",
        ),
        (
            {"apiVersion": "kubeflow.org/v1", "kind": "TFJob", "metadata": {"name": "2x"}, "spec": {}},
            f"TFJob/2x metadata.name: '2x' must be {names.DNS_1035.words}",
        ),
    ],
)
def test_faults(body: dict[str, Any], fault: str) -> None:
    assert said(body) == [f"components/web/x.yaml:7: web: {fault}"]


@pytest.mark.parametrize(
    "body",
    [
        WEB,
        SERVICE,
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "system:x"},
        },
        changed(
            WEB, f"{C}/resources", {"requests": {"cpu": 0.5, "memory": "1Gi"}, "limits": {"cpu": "500m"}}
        ),
        changed(WEB, "metadata/labels", {"app.kubernetes.io/name": "", "X_y.z": "1.0-a"}),
        changed(WEB, "spec/selector", {"matchExpressions": [{"key": "app", "operator": "Exists"}]}),
        changed(WEB, "metadata/name", "a.b-c.1"),
        changed(
            SERVICE, "spec/ports", [{"name": "a", "port": 53}, {"name": "b", "port": 53, "protocol": "UDP"}]
        ),
        changed(WEB, "spec/template/spec/containers/0/image", "registry:5000/a/b@sha256:" + "00" * 32),
        changed(
            WEB,
            "spec/template/spec/containers",
            [
                {**CONTAINER, "name": name, "ports": [{"name": "metrics", "containerPort": port}]}
                for name, port in (("a", 8080), ("b", 8081))
            ],
        ),
        {
            **changed(
                changed(WEB, f"{C}/volumeMounts", [{"name": "data", "mountPath": "/data"}]),
                "spec/volumeClaimTemplates",
                [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": "1Gi"}}}}],
            ),
            "kind": "StatefulSet",
        },
        {
            "apiVersion": "serving.knative.dev/v1",
            "kind": "Service",
            "metadata": {"name": "hello"},
            "spec": {"template": {"spec": {"containers": [{"image": "x", "volumeMounts": [{"name": "y"}]}]}}},
        },
    ],
)
def test_what_is_right_is_not_found_wrong(body: dict[str, Any]) -> None:
    assert said(body) == []


def test_an_object_that_is_there_twice_names_both() -> None:
    first = Resource(WEB, "a", "templates/x/d.yaml.j2")
    later = changed(WEB, "apiVersion", "apps/v1beta1")
    problems = list(identity_problems([first, Resource(later, "b", "components/b/x.yaml:3")]))
    assert [str(problem) for problem in problems] == [
        "components/b/x.yaml:3: b: Deployment/web is there twice: "
        "component a makes it too (templates/x/d.yaml.j2)"
    ]
    assert not list(identity_problems([first, Resource(changed(WEB, "metadata/namespace", "m"))]))
    (two,) = identity_problems([first, Resource(WEB, "b", first.origin)])
    assert (str(two.where), two.hint[:8]) == ("components/b.yaml", "give one")
    (same,) = identity_problems([first, Resource(WEB, "a", "x")])
    assert "the same component makes it too" in same.message


def test_all_faults_are_found() -> None:
    broken = changed(changed(WEB, "metadata/name", "Web"), f"{C}/image", "")
    assert len(said(broken, changed(SERVICE, "metadata/labels", {"a": 1}))) == 3


@pytest.mark.parametrize(
    ("name", "example"), every_example(), ids=lambda value: getattr(value, "name", value)
)
def test_what_the_shipped_prototypes_render_is_right(name: str, example: Any) -> None:
    found = examine_objects(rendered(name, example.params))
    assert not found.problems
    assert not found.warnings


def test_every_prototype_has_an_example() -> None:
    assert {name for name, _ in every_example()} == set(catalog().names())


def test_fault_of_a_secret_field_quotes_no_part_of_its_value() -> None:
    annotations = {"a": 5, "c": ["s3cret" * 40]}
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "x", "annotations": annotations}}
    secret = SecretFields({("metadata", "annotations", "c"): {}})
    found = examine_objects([Resource(body, "web", "x.yaml:1", secret)])
    messages = [problem.message for problem in found.problems]
    assert len(messages) == 2
    assert "a: must be text, not 5" in messages[0]
    assert not any("s3cret" in message for message in messages)
