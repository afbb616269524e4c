"""The parts of the tutorial with the real programs: operator, training job, hub and notebook."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import wait_until
from tests.conftest import Run
from tests.templates.hub import Browser

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cluster.access import Cluster

NAMESPACE = "kubeflow"
CLUSTER_WIDE = "crd,clusterrole,clusterrolebinding,validatingwebhookconfiguration"
SMOKE = "gcr.io/tf-on-k8s-dogfood/tf_sample:dc944ff"


@pytest.fixture(scope="module")
def applied(node: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[..., Run]]:
    """The app that `kfctl init` makes, applied; gives kfctl in its folder."""
    run = runner(node, tmp_path_factory.mktemp("apps"))
    assert run("init", "kubeflow", "--namespace", NAMESPACE, folder=".").code == 0
    try:
        done = run("apply", "default", "--timeout", "5m")
        assert done.code == 0, done.out + done.err
        yield run
    finally:
        node.kubectl("delete", CLUSTER_WIDE, "--selector=kfctl.dev/app=kubeflow")
        node.kubectl("delete", "namespace", NAMESPACE, "--wait=false")
        node.kubectl("delete", "pods", "--all", "--namespace", NAMESPACE, "--grace-period=1")
        node.kubectl("wait", "--for=delete", f"namespace/{NAMESPACE}", "--timeout=180s")


def runner(node: Cluster, apps: Path) -> Callable[..., Run]:
    """Kfctl as a user of that cluster runs it."""
    environment = {**os.environ, "HOME": str(apps), "KUBECONFIG": str(node.kubeconfig), "NO_COLOR": "1"}

    def run(*args: str, folder: str = "kubeflow") -> Run:
        kfctl = [sys.executable, "-m", "kfctl", *args]
        done = subprocess.run(kfctl, cwd=apps / folder, env=environment, capture_output=True, text=True)
        return Run(done.returncode, done.stdout, done.stderr)

    return run


def test_operator_and_hub_become_ready(applied: Callable[..., Run]) -> None:
    status = json.loads(applied("status", "default", "-o", "json").out)
    assert {part["name"]: part["health"] for part in status["components"]} == {
        "jupyterhub": "ready",
        "tf-job-operator": "ready",
    }


def test_a_job_places_work_on_every_process(node: Cluster, applied: Callable[..., Run]) -> None:
    assert (
        applied("generate", "tf-job", "smoke", f"--image={SMOKE}", "--num_ps=2", "--num_workers=1").code == 0
    )
    done = applied("apply", "default", "-c", "smoke", "--wait-for-jobs", "--timeout", "5m")
    assert done.code == 0, done.out + done.err
    state = "jsonpath={.status.conditions[-1:].type}"
    assert node.kubectl("get", "tfjob/smoke", "-o", state, "--namespace", NAMESPACE) == "Succeeded"
    chief = node.kubectl("logs", "smoke-chief-0", "--namespace", NAMESPACE)
    places = ["/job:chief/task:0", "/job:ps/task:0", "/job:ps/task:1", "/job:worker/task:0"]
    assert all(f"{place}: result is right" in chief for place in places)
    assert "4 processes worked" in chief


def test_admin_gets_a_notebook_with_tensorflow(node: Cluster, applied: Callable[..., Run]) -> None:
    where = ("--namespace", NAMESPACE)
    address = node.kubectl("get", "service/tf-hub-lb", "-o", "jsonpath={.spec.clusterIP}", *where)
    browser = Browser(f"http://{address}")
    assert browser.login("admin", "guess").status == 403
    assert browser.login("admin", "").url.endswith("/hub/spawn")
    assert browser.post("/hub/spawn/admin", {"profile": "notebook"}).url.endswith("/hub/spawn-pending/admin")
    node.kubectl("wait", "--for=create", "pod/jupyter-admin", *where, "--timeout=60s")
    node.kubectl("wait", "--for=condition=Ready", "pod/jupyter-admin", *where, "--timeout=120s")
    assert wait_until(lambda: browser.get("/user/admin/lab").url.endswith("/user/admin/lab"), 60)
    hello = "import tensorflow as tf; print(tf.constant('Hello, TensorFlow!').numpy().decode())"
    said = node.kubectl("exec", "jupyter-admin", *where, "--", "python", "-c", hello)
    assert said == "Hello, TensorFlow!\n"
    home = node.kubectl("get", "pvc/claim-admin", "-o", "jsonpath={.status.phase}", *where)
    assert home == "Bound"
