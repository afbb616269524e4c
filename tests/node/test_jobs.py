"""Training jobs that fail, wait and rest, on the real operator: what kfctl says of each."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.cluster.processes import wait_until
from tests.node.app import App
from tests.node.tutorial import remove_namespace

if TYPE_CHECKING:
    from collections.abc import Iterator

PYTHON = "python:3.12-slim"
# All on one stream: the runtime reads a container's two in no certain order.
READS = "import sys; print('reading data.csv', file=sys.stderr); raise SystemExit('there is no data.csv')"
GREEDY = "data = [bytearray(2**20) for _ in range(4000)]"
# Component → parameters. A chief that fails ends the job; a worker that cannot start leaves it waiting.
JOBS = {
    "exits": {"image": PYTHON, "command": ["python", "-uc", READS], "restartPolicy": "Never"},
    "greedy": {
        "image": PYTHON,
        "command": ["python", "-c", GREEDY],
        "restartPolicy": "Never",
        "memoryRequest": "64Mi",
        "memoryLimit": "64Mi",
    },
    "loops": {"image": PYTHON, "command": ["python", "-uc", READS], "restartPolicy": "OnFailure"},
    "no-image": {"image": "registry.example.com/nobody/nothing:1"},
    "no-gpu": {"image": PYTHON, "command": ["sleep", "600"], "num_gpus": 1},
    "sleeps": {"image": PYTHON, "command": ["sleep", "600"], "num_workers": 1},
}


@pytest.fixture(scope="module")
def jobs(kubeflow: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """An app with these jobs beside the tutorial's, which has the operator."""
    new_app = App(kubeflow.cluster, tmp_path_factory.mktemp("jobs"), "kfctl-test-jobs")
    new_app.done("init", "--bare", "--namespace", new_app.namespace)
    for name, params in JOBS.items():
        new_app.done("generate", "tf-job", name, f"--image={params['image']}")
        pairs = [f"{key}={json.dumps(value) if key == 'command' else value}" for key, value in params.items()]
        new_app.done("param", "set", name, *pairs, "cpuRequest=20m")
    yield new_app
    remove_namespace(new_app.cluster, new_app.namespace)


FAILURES = {
    "exits": r"pod exits-chief-0: .*\n.*\| reading data.csv\n.*\| there is no data.csv",
    "loops": r"1 of 1 replicas running, but loops-chief-0 does not stay so: ",
    "greedy": r"pod greedy-chief-0: OOMKilled",
    "no-image": r"pod no-image-chief-0: (ErrImagePull|ImagePullBackOff)",
    "no-gpu": r"pod no-gpu-chief-0: Unschedulable: .*Insufficient nvidia.com/gpu",
}


@pytest.fixture(scope="module")
def applied(jobs: App) -> str:
    """What apply says of them, once all have come as far as they do."""
    jobs.done("apply", "default", "--no-wait")

    def all_told() -> bool:
        told = jobs.done("status", "default").out
        running = "TFJob/sleeps  ready: 2 of 2 replicas running" in told
        return running and all(re.search(expected, told) for expected in FAILURES.values())

    assert wait_until(all_told, 180), jobs.done("status", "default").out
    done = jobs.kfctl("apply", "default", "--timeout", "1s")
    assert done.code == 6, done.out + done.err
    return done.out


@pytest.mark.parametrize("name", FAILURES)
def test_a_failing_job_is_explained(jobs: App, applied: str, name: str) -> None:
    assert re.search(FAILURES[name], applied), applied
    status = jobs.kfctl("status", "default", "-c", name)
    assert re.search(FAILURES[name], status.out), status.out


def test_a_job_that_fails_again_and_again_is_explained_by_its_log(jobs: App, applied: str) -> None:
    told = r"pod loops-chief-0: CrashLoopBackOff: .*\n +\| reading data.csv\n +\| there is no data.csv"
    assert wait_until(lambda: bool(re.search(told, jobs.kfctl("status", "default", "-c", "loops").out)), 60)


def test_kubectl_shows_state_and_age(jobs: App, applied: str) -> None:
    heading, *rows = jobs.kubectl("get", "tfjob").splitlines()
    assert heading.split() == ["NAME", "STATE", "AGE"]
    states = {name: state for name, state, _ in map(str.split, rows)}
    assert states["exits"] == states["greedy"] == "Failed"
    assert states["sleeps"] == "Running"


def test_a_job_is_suspended_resumed_changed_and_deleted(jobs: App, applied: str) -> None:
    def pods() -> str:
        return jobs.kubectl("get", "pods", "-l", "training.kubeflow.org/job-name=sleeps", "-o", "name")

    jobs.done("param", "set", "sleeps", "suspend", "true")
    jobs.done("apply", "default", "-c", "sleeps")
    assert wait_until(lambda: pods() == "", 30)
    assert "TFJob/sleeps  paused" in jobs.kfctl("status", "default", "-c", "sleeps").out
    jobs.done("param", "set", "sleeps", "suspend", "false")
    jobs.done("apply", "default", "-c", "sleeps", "--timeout", "60s")
    assert len(pods().split()) == 2
    jobs.done("param", "set", "sleeps", 'command=["sleep", "500"]')
    refused = jobs.kfctl("apply", "default", "-c", "sleeps")
    assert (refused.code, "this would replace TFJob/sleeps" in refused.err) == (5, True)
    jobs.done("apply", "default", "-c", "sleeps", "--yes", "--timeout", "90s")
    running = "jsonpath={.spec.containers[0].command[1]} {.status.phase}"
    assert jobs.kubectl("get", "pod/sleeps-chief-0", "-o", running) == "500 Running"
    jobs.done("delete", "default", "-c", "sleeps", "--yes")
    assert wait_until(lambda: pods() == "", 30)
