"""Objects that depend on something that the same apply changes are verified once it is changed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.plan import Choices
from kfctl.model.plan import Action, Deferral
from tests.shop import Shop, config_map

if TYPE_CHECKING:
    from collections.abc import Iterator

Body = dict[str, Any]


@pytest.fixture
def group(shop: Shop) -> Iterator[str]:
    """The API group of the test's CRD, which is removed afterwards."""
    name = f"{shop.namespace}.example.com"
    yield name
    cluster = shop.connect()
    crd = cluster.find("apiextensions.k8s.io/v1", "CustomResourceDefinition", f"gadgets.{name}")
    if crd:
        cluster.delete(crd)


def crd(group: str, *fields: str) -> Body:
    spec = {"type": "object", "properties": {name: {"type": "string"} for name in fields}}
    schema = {"openAPIV3Schema": {"type": "object", "properties": {"spec": spec}}}
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"gadgets.{group}"},
        "spec": {
            "group": group,
            "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget"},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": schema}],
        },
    }


def gadget(group: str, **spec: str) -> Body:
    return {"apiVersion": f"{group}/v1", "kind": "Gadget", "metadata": {"name": "one"}, "spec": spec}


def test_resource_uses_a_field_that_its_crd_gains(shop: Shop, group: str) -> None:
    shop.objects("web", crd(group, "size"), gadget(group, size="1"))
    shop.apply()
    shop.objects("web", crd(group, "size", "color"), gadget(group, size="1", color="red"))
    change = shop.change("one")
    assert (change.action, change.deferral) == (Action.UPDATE, Deferral.SCHEMA)
    shop.apply()
    live = shop.connect().get(f"{group}/v1", "Gadget", "one", shop.namespace)
    assert live["spec"] == {"size": "1", "color": "red"}
    assert not shop.plan().differs


def test_resource_that_fits_neither_schema_is_refused(shop: Shop, group: str) -> None:
    shop.objects("web", crd(group, "size"), gadget(group, size="1"))
    shop.apply()
    shop.objects("web", crd(group, "size", "color"), gadget(group, size="1", colour="red"))
    assert shop.plan().forbidden


def test_pod_is_verified_at_the_security_level_of_the_same_apply(shop: Shop) -> None:
    label = "pod-security.kubernetes.io/enforce"
    space: Body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": shop.namespace}}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "host"},
        "spec": {"hostNetwork": True, "containers": [{"name": "main", "image": "nowhere.invalid/it:1"}]},
    }
    space["metadata"]["labels"] = {label: "restricted"}
    shop.objects("web", space, config_map())
    shop.apply(Choices(adopt=True))
    space["metadata"]["labels"] = {label: "privileged"}
    shop.objects("web", space, config_map(), pod)
    assert shop.change("host").deferral is Deferral.NAMESPACE_CHANGES
    shop.apply()
    assert shop.connect().find("v1", "Pod", "host", shop.namespace)
