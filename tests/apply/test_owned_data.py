"""Replacing an object does not delete the claims that belong to it."""

from __future__ import annotations

from typing import Any

from kfctl.engine.keep import Permits
from kfctl.engine.plan import Choices
from kfctl.model.plan import Action
from tests.cluster.processes import wait_until
from tests.shop import Shop, deployment


def stateful_set(policy: str, service: str) -> dict[str, Any]:
    """A StatefulSet with one claim; another service name takes a replacement."""
    body = deployment(replicas=1)
    claim = {"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}
    claim["spec"]["resources"] = {"requests": {"storage": "1Mi"}}
    body["spec"] |= {
        "serviceName": service,
        "volumeClaimTemplates": [claim],
        "persistentVolumeClaimRetentionPolicy": {"whenDeleted": policy},
    }
    return {**body, "kind": "StatefulSet"}


def test_replacement_is_refused_when_claims_go_with_their_owner(shop: Shop) -> None:
    shop.objects("db", stateful_set("Delete", "one"))
    shop.apply()
    cluster = shop.connect()

    def is_owned() -> bool:
        claim = cluster.find("v1", "PersistentVolumeClaim", "data-web-0", shop.namespace)
        return bool(claim and claim["metadata"].get("ownerReferences"))

    assert wait_until(is_owned, 30)
    shop.objects("db", stateful_set("Delete", "two"))
    change = shop.change("web")
    assert change.action is Action.REFUSE
    assert "PersistentVolumeClaim/data-web-0" in change.reason
    allowed = shop.change("web", Choices(permits=Permits(data=True)))
    assert allowed.action is Action.REPLACE


def test_replacement_goes_on_when_claims_are_retained(shop: Shop) -> None:
    shop.objects("db", stateful_set("Retain", "one"))
    shop.apply()
    shop.objects("db", stateful_set("Retain", "two"))
    assert shop.change("web").action is Action.REPLACE


def test_plan_says_that_claims_do_not_follow_their_template(shop: Shop) -> None:
    body = stateful_set("Retain", "one")
    shop.objects("db", body)
    shop.apply()
    body["spec"]["volumeClaimTemplates"][0]["spec"]["resources"]["requests"]["storage"] = "2Mi"
    shop.objects("db", body)
    assert "existing claims stay as they are" in shop.change("web").reason
