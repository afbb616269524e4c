"""Revisions on a real cluster: five thousand objects, ten kept, nothing secret, faults on the way."""

import base64
import json
import random
from dataclasses import replace
from typing import Any

import pytest

from kfctl.actions import history
from kfctl.cluster import history as records
from kfctl.cluster.client import Cluster
from kfctl.engine.applyset import inventory_of
from kfctl.engine.revision import Contents, Revision, pack, revision_secret
from kfctl.errors import ClusterError, UsageError
from kfctl.model.inventory import Inventory, Run
from kfctl.model.plan import Scope
from kfctl.model.resource import Resource
from tests.cluster import access
from tests.faults.proxy import Fault, Proxy, Reset, Status

RUN = Run("run-1", "ann@box", "2026-01-02T03:04:05Z", "0.1.0")
MADE = Revision(0, "apply", RUN, "id-1", {"create": 2})


def ours(namespace: str) -> Inventory:
    return inventory_of(Scope("x", "id-1", "y", "", "", namespace, ""))


def deployment(number: int) -> Resource:
    name = f"web-{number}"
    body = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": "ml", "labels": {"app": name}},
        "spec": {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "containers": [
                        {
                            "name": "main",
                            "image": f"example.com/image:{random.Random(number).randrange(10**12)}",
                            "env": [{"name": f"V{n}", "value": f"value {n} of {name}"} for n in range(15)],
                        }
                    ]
                },
            },
        },
    }
    return Resource(body, component=f"web-{number % 50}")


def config_map(text: str) -> Resource:
    metadata = {"name": "c", "namespace": "ml"}
    return Resource({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": text}})


def names(cluster: access.Cluster, namespace: str) -> list[str]:
    found = cluster.kubectl("get", "secrets", "-n", namespace, "-o", "name")
    return [name.removeprefix("secret/kfctl.x.y.") for name in found.split()]


def test_five_thousand_objects_fit(client: Cluster, namespace: str) -> None:
    noise = base64.b64encode(random.Random(1).randbytes(900_000)).decode()
    objects = (*(deployment(number) for number in range(5000)), config_map(noise))
    given = Contents({"web": {"replicas": 3}}, objects)
    made = history.record(client, ours(namespace), MADE, given, {})
    assert (made.number, made.size) == (1, 5001)

    found, contents = history.read(client, ours(namespace), 1)
    assert found == made
    assert contents.values == given.values
    assert {each.key: each for each in contents.objects} == {each.key: each for each in objects}

    edited = replace(given, objects=(*objects[:-2], deployment(-1), objects[-1]))
    second = history.record(client, ours(namespace), MADE, edited, {})
    assert len(second.chunks - made.chunks) <= 3
    assert len(history.read(client, ours(namespace), 2)[1].objects) == 5001


def test_ten_are_kept_and_no_chunk_without_need(
    client: Cluster, cluster: access.Cluster, namespace: str
) -> None:
    for number in range(12):
        given = Contents({"web": {"n": number // 6}}, (config_map("same"), config_map(str(number))))
        history.record(client, ours(namespace), replace(MADE, what=f"apply {number}"), given, {})
    there = history.revisions(client, ours(namespace))
    assert [each.number for each in there] == list(range(12, 2, -1))
    assert there[0].what == "apply 11"
    assert there[0].run == RUN
    found = names(cluster, namespace)
    assert {name for name in found if name.startswith("r")} == {f"r{number}" for number in range(3, 13)}
    needed = {f"c-{digest}" for each in there for digest in each.chunks}
    assert {name for name in found if name.startswith("c-")} == needed
    for each in there:
        assert history.read(client, ours(namespace), each.number)[1].values["web"]["n"] in (0, 1)

    records.remove_all(client, ours(namespace))
    assert names(cluster, namespace) == []


def test_one_app_sees_nothing_of_another(client: Cluster, namespace: str) -> None:
    other = inventory_of(Scope("x", "id-1", "z", "", "", namespace, ""))
    history.record(client, ours(namespace), MADE, Contents({}, ()), {})
    assert history.revisions(client, other) == ()
    records.remove_all(client, other)
    assert len(history.revisions(client, ours(namespace))) == 1


def test_nothing_secret_is_kept(client: Cluster, cluster: access.Cluster, namespace: str) -> None:
    canary = "c4nary-value"
    data = {"password": base64.b64encode(canary.encode()).decode()}
    secret = Resource({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "data": data})
    given = Contents({"web": {"token": canary}}, (secret, config_map(f"token={canary}")))
    history.record(client, ours(namespace), MADE, given, {"web.token": canary})
    contents = history.read(client, ours(namespace), 1)[1]
    there = json.loads(cluster.kubectl("get", "secrets", "-n", namespace, "-o", "json"))
    raw = json.dumps(there) + str(contents)
    assert canary not in raw
    assert data["password"] not in raw


def test_a_number_that_is_not_there(client: Cluster, namespace: str) -> None:
    history.record(client, ours(namespace), MADE, Contents({}, ()), {})
    with pytest.raises(UsageError, match="there is no revision 7") as caught:
        history.read(client, ours(namespace), 7)
    assert caught.value.problems[0].hint == "there are: 1"


def test_what_was_damaged_by_hand(client: Cluster, cluster: access.Cluster, namespace: str) -> None:
    made = history.record(client, ours(namespace), MADE, Contents({}, (config_map("a"),)), {})
    (chunk,) = made.objects[0]
    cluster.kubectl("delete", "secret", f"kfctl.x.y.c-{chunk}", "-n", namespace)
    with pytest.raises(ClusterError, match="revision 1 is damaged"):
        history.read(client, ours(namespace), 1)
    cluster.kubectl("delete", "secret", "kfctl.x.y.r1", "-n", namespace)
    broken: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {
            "name": "kfctl.x.y.r1",
            "namespace": namespace,
            "labels": {"kfctl.dev/record": "revision", "kfctl.dev/record-of": ours(namespace).id},
        },
    }
    cluster.kubectl("apply", "-f", "-", input=json.dumps(broken))
    assert history.revisions(client, ours(namespace)) == ()
    assert history.record(client, ours(namespace), MADE, Contents({}, ()), {}).number == 2


def test_a_revision_is_never_written_over(client: Cluster, namespace: str) -> None:
    ours_ = ours(namespace)
    history.record(client, ours_, MADE, Contents({}, ()), {})
    other = pack(replace(MADE, number=1, what="another"), Contents({}, ()), {})
    with pytest.raises(ClusterError, match="immutable"):
        records.write(client, [], revision_secret(ours_, other.revision))
    assert history.revisions(client, ours_)[0].what == "apply"


def test_faults_on_the_way(proxied: Cluster, proxy: Proxy, client: Cluster, namespace: str) -> None:
    chance = random.Random(3)
    faults: list[Fault] = [Reset(), Reset(reached=True), Status(503), Status(429, "TooManyRequests")]
    proxy.script = lambda request: chance.choice(faults) if chance.random() < 0.2 else None
    for number in range(12):
        given = Contents({"web": {"n": number}}, tuple(deployment(each + number) for each in range(300)))
        history.record(proxied, ours(namespace), MADE, given, {})
    assert sum(proxy.fired.values()) > 0
    there = history.revisions(client, ours(namespace))
    assert [each.number for each in there] == list(range(12, 2, -1))
    assert all(history.read(client, ours(namespace), each.number)[1].objects for each in there)
