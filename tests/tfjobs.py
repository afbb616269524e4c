"""The TFJob kind on the test cluster, for as long as a module needs it."""

import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.access import Cluster
from tests.cluster.cache import cache_folder
from tests.cluster.processes import wait_until
from tests.cluster.session import nobody_else_in

NAME = "tfjobs.kubeflow.org"
OURS = "kfctl.dev/made-by-tests"
APPLY = ("--server-side", "--force-conflicts", "--field-manager=kfctl-tests")


@pytest.fixture(scope="module")
def tfjob_kind(cluster: Cluster) -> Iterator[str]:
    """Our CustomResourceDefinition of TFJobs, established; its name. One that was there stays."""
    from tests.templates.rendering import objects

    body = json.loads(json.dumps(objects("tf-job-operator", {})["CustomResourceDefinition"]))
    with shared() as alone:
        theirs = is_theirs(cluster)
        if theirs and "KFCTL_TEST_KUBECONFIG" in os.environ:
            pytest.skip("this cluster has a TFJob kind already, which the tests leave alone")
        body["metadata"]["labels"] = {} if theirs else {OURS: "true"}
        cluster.kubectl("apply", *APPLY, "-f", "-", input=json.dumps(body))
        assert wait_until(lambda: is_established(cluster, NAME), 60)
        yield NAME
        if alone() and not theirs:
            cluster.kubectl("delete", "crd", NAME, "--ignore-not-found", "--timeout=60s")


def is_established(cluster: Cluster, name: str) -> bool:
    """Whether a definition is; `kubectl wait` fails on one that has no conditions yet."""
    found = json.loads(cluster.kubectl("get", "crd", name, "-o", "json"))
    conditions = found.get("status", {}).get("conditions") or []
    return {"Established": "True"}.items() <= {each["type"]: each["status"] for each in conditions}.items()


def is_theirs(cluster: Cluster) -> bool:
    """Whether the kind is there and was not made by a test."""
    found = cluster.kubectl("get", "crd", NAME, "--ignore-not-found", "-o", "json")
    return bool(found) and OURS not in json.loads(found)["metadata"].get("labels", {})


@contextmanager
def shared() -> Iterator[Callable[[], bool]]:
    """Several test sessions may use the kind at once; what this gives tells whether the others are gone."""
    file = cache_folder() / "tfjobs.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lambda: nobody_else_in(lock.fileno())
