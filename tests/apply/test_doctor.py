"""`kfctl doctor`: whether a cluster is able to run an app."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from kfctl.errors import ExitCode
from tests.apply.conftest import CLAIM_SPEC, config_map, deployment, thing

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.apply.conftest import World
    from tests.conftest import Run


@pytest.fixture
def doctor(world: World, kfctl: Callable[..., Run]) -> Callable[..., dict[str, str]]:
    """Run `kfctl doctor`, and return the results of all questions by name."""

    def run(*args: str, code: ExitCode = ExitCode.OK) -> dict[str, str]:
        environment = {"KUBECONFIG": world.login.kubeconfig or ""}
        ran = kfctl("doctor", "-o", "json", *args, cwd=world.root, env=environment)
        assert ran.code == code, ran.err
        return {each["what"]: each["result"] for each in json.loads(ran.out)}

    return run


def test_a_cluster_without_nodes_can_hold_an_app_without_pods_alone(
    nodeless: World, doctor: Callable[..., dict[str, str]]
) -> None:
    nodeless.write(one=[config_map("a")])
    found = doctor()
    assert found["reachable"] == found["version"] == found["rights"] == found["namespace"] == "ok"
    nodeless.write(one=[deployment("web")])
    assert doctor(code=ExitCode.CLUSTER)["nodes"] == "bad"


def test_what_the_app_asks_for_and_nobody_has_is_told(
    world: World, kfctl: Callable[..., Run], new_kind: str
) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "c"},
        "spec": CLAIM_SPEC,
    }
    gpu = {"name": "main", "image": "i", "resources": {"limits": {"nvidia.com/gpu": 1}}}
    world.write(one=[claim, deployment("web", containers=[gpu]), thing(new_kind, "t")])
    ran = kfctl("doctor", cwd=world.root, env={"KUBECONFIG": world.login.kubeconfig or ""})
    assert ran.code == ExitCode.CLUSTER
    assert "there is no default one for PersistentVolumeClaim/c" in ran.out
    assert "no ready node has nvidia.com/gpu" in ran.out
    assert f"the cluster does not know {new_kind} of things.kfctl.test/v1" in ran.out


def test_who_may_not_is_told_what(world: World, doctor: Callable[..., dict[str, str]]) -> None:
    world.write(one=[config_map("a")])
    found = doctor("--as", "nobody", code=ExitCode.CLUSTER)
    assert found["rights"] == "bad"
    assert found["nodes"] == "unknown"


def test_another_cluster_than_the_recorded_one_is_told(
    world: World, doctor: Callable[..., dict[str, str]]
) -> None:
    world.write(one=[config_map("a")])
    file = world.root / "environments/default.yaml"
    file.write_text(file.read_text().replace("target:", "target:\n  clusterUid: another"))
    assert doctor(code=ExitCode.CLUSTER)["cluster"] == "bad"


def test_a_server_that_does_not_answer_is_the_only_answer(kfctl: Callable[..., Run]) -> None:
    ran = kfctl("doctor", env={"KUBECONFIG": "/dev/null"})
    assert ran.code == ExitCode.CLUSTER
    assert "no current context" in ran.err


def test_outside_of_an_app_it_is_about_the_kubeconfigs_cluster(
    world: World, kfctl: Callable[..., Run]
) -> None:
    ran = kfctl("doctor", env={"KUBECONFIG": world.login.kubeconfig or ""})
    assert "✓ version" in ran.out


def test_doctor_reports_cautions_of_prototypes(
    nodeless: World, doctor: Callable[..., dict[str, str]], kfctl: Callable[..., Run]
) -> None:
    nodeless.write()
    kfctl("generate", "jupyterhub", "hub", cwd=nodeless.root)
    assert doctor(code=ExitCode.CLUSTER)["caution"] == "bad"
    kfctl("param", "set", "hub", "jupyterHubAuthenticator=iap", "iapAudience=x", cwd=nodeless.root)
    assert "caution" not in doctor(code=ExitCode.CLUSTER)
