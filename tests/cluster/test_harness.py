"""The control plane as tests use it: up, down, half dead, and back again."""

import subprocess
import sys
from collections.abc import Callable, Mapping

import pytest

from tests.cluster.access import Cluster, KubectlError
from tests.cluster.cache import HarnessError
from tests.cluster.controlplane import ControlPlane
from tests.cluster.processes import Program, living
from tests.cluster.session import running

NewControlPlane = Callable[[], ControlPlane]


def pids(plane: ControlPlane) -> Mapping[str, int | None]:
    return {program.name: program.pid() for program in plane.programs()}


def by_hand(*args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tests.cluster", *args], capture_output=True, text=True)


def test_kubectl_answers(cluster: Cluster) -> None:
    assert "kube-system" in cluster.kubectl("get", "namespaces", "--output=name")


def test_kubectl_raises_with_the_servers_words(cluster: Cluster) -> None:
    with pytest.raises(KubectlError, match=r'kubectl get configmap none \(exit 1\): .*"none" not found'):
        cluster.kubectl("get", "configmap", "none")


def test_a_namespace_is_ready_for_pods(cluster: Cluster, namespace: str) -> None:
    pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: p}\nspec: {containers: [{name: c, image: i}]}"
    cluster.kubectl("create", "--namespace", namespace, "--filename=-", input=pod)
    things = cluster.kubectl("get", "--namespace", namespace, "pods,configmaps", "--output=name")
    assert things.split() == ["pod/p", "configmap/kube-root-ca.crt"]


def test_by_hand(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    first, second = by_hand("up", "--name", plane.name), by_hand("up", "--name", plane.name)
    assert first.stdout == second.stdout == f"export KUBECONFIG={plane.folder / 'kubeconfig'}\n", first.stderr
    assert by_hand("kubeconfig", "--name", plane.name).stdout == f"{plane.folder / 'kubeconfig'}\n"
    status = by_hand("status", "--name", plane.name)
    assert (status.returncode, status.stdout.count("runs as")) == (0, 4)

    ran = pids(plane)
    assert by_hand("down", "--name", plane.name).returncode == 0
    assert [living(pid) for pid in ran.values() if pid] == [None] * 4
    assert not plane.folder.exists()
    assert by_hand("status", "--name", plane.name).returncode == 1
    assert "does not run" in by_hand("kubeconfig", "--name", plane.name).stderr


def test_up_leaves_the_healthy_alone_and_renews_the_half_dead(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    cluster, ran, ports = plane.up(), pids(plane), plane.ports()
    cluster.kubectl("create", "configmap", "kept")
    assert (plane.up(), pids(plane)) == (cluster, ran)

    Program("etcd", plane.folder).stop(grace=0)
    assert (plane.up(), plane.ports()) == (cluster, ports)
    assert not set(pids(plane).values()) & {None, *ran.values()}
    assert [living(pid) for pid in ran.values() if pid] == [None] * 4
    assert "kept" not in cluster.kubectl("get", "configmaps")


def test_the_api_server_dies_and_comes_back(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    cluster = plane.up()
    cluster.kubectl("create", "configmap", "kept")
    plane.stop_apiserver()
    with pytest.raises(KubectlError, match="refused"):
        cluster.kubectl("get", "configmap", "kept")
    plane.start_apiserver()
    cluster.kubectl("get", "configmap", "kept")
    assert plane.is_healthy()


def test_stopped_and_started_again_it_has_its_objects(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    cluster = plane.up()
    cluster.kubectl("create", "configmap", "kept")
    plane.stop()
    plane.start()
    cluster.kubectl("get", "configmap", "kept")


def test_what_does_not_come_up_shows_its_log_and_leaves_no_process(
    new_control_plane: NewControlPlane,
) -> None:
    plane = ControlPlane(new_control_plane().name, more={"kube-apiserver": ["--no-such-flag"]})
    with pytest.raises(HarnessError, match=r"(?s)kube-apiserver ended at once.*unknown flag: --no-such-flag"):
        plane.up()
    assert set(pids(plane).values()) == {None}


def test_the_last_session_ends_what_a_session_started(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    with running(plane):
        with running(plane):
            assert plane.is_healthy()
        assert plane.is_healthy()
    assert not plane.folder.exists()


def test_a_session_leaves_what_ran_before(new_control_plane: NewControlPlane) -> None:
    plane = new_control_plane()
    plane.up()
    with running(plane):
        pass
    assert plane.is_healthy()


@pytest.mark.parametrize("name", ["", "..", "a/b", "A", "-a"])
def test_a_name_is_never_a_path(name: str) -> None:
    with pytest.raises(HarnessError, match="cannot name a cluster"):
        ControlPlane(name)
