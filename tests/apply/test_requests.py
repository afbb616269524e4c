"""How much is asked of the server: by the number of kinds where nothing changes, else by what changes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.kubeconfig import Login
from tests.apply.conftest import config_map, deployment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.apply.conftest import Body, World
    from tests.faults.proxy import Proxy

KINDS = 5  # of the objects below
MORE = 20  # requests at most that do not depend on the app: the cluster, the record, the lock, the history


def objects(edited: int = 0) -> list[Body]:
    """120 objects of five kinds, some of the ConfigMaps edited."""
    return [
        *(config_map(f"c{number}", edited=str(number < edited)) for number in range(80)),
        *(named("v1", "ServiceAccount", f"a{number}") for number in range(10)),
        *(named("v1", "Secret", f"s{number}", stringData={"key": "value"}) for number in range(10)),
        *(
            named("v1", "Service", f"w{number}", spec={"ports": [{"protocol": "TCP", "port": 80}]})
            for number in range(10)
        ),
        *(deployment(f"d{number}", replicas=0) for number in range(10)),
    ]


def named(api_version: str, kind: str, name: str, **more: object) -> Body:
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **more}


@pytest.fixture
def counted(world: World, proxy: Proxy, tmp_path: Path) -> World:
    """The app as it was applied once; from here on requests are counted."""
    world.write(app=objects())
    world.apply(wait=False)
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    return world


def test_an_apply_that_changes_nothing_writes_nothing_and_asks_little(counted: World, proxy: Proxy) -> None:
    _, report = counted.apply()
    assert report.counts() == {"unchanged": 120}
    assert [request for request in proxy.requests if request.method != "GET"] == []
    assert len(proxy.requests) <= KINDS + MORE


def test_a_diff_without_differences_asks_no_more(counted: World, proxy: Proxy) -> None:
    plan = counted.prepare(dry_run=True).plan
    assert not plan.differs
    assert [request for request in proxy.requests if request.method != "GET"] == []
    assert len(proxy.requests) <= KINDS + MORE


@pytest.mark.parametrize("edited", [1, 40])
def test_an_apply_asks_twice_for_what_changes(counted: World, proxy: Proxy, edited: int) -> None:
    counted.write(app=objects(edited))
    _, report = counted.apply(wait=False)
    assert report.counts()["unchanged"] == 120 - edited
    # Once the lock is held, the kinds are listed again: something may have moved since the plan.
    assert len(proxy.requests) <= 2 * edited + 2 * KINDS + MORE
