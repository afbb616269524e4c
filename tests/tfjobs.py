"""The TFJob kind on the test cluster, for as long as a module needs it."""

import fcntl
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from tests.cluster.access import Cluster
from tests.cluster.cache import cache_folder
from tests.cluster.session import nobody_else_in

NAME = "tfjobs.kubeflow.org"
OURS = "kfctl.dev/made-by-tests"


@pytest.fixture(scope="module")
def tfjob_kind(cluster: Cluster) -> Iterator[str]:
    """Our CustomResourceDefinition of TFJobs, established; its name."""
    from tests.templates.rendering import objects

    body = json.loads(json.dumps(objects("tf-job-operator", {})["CustomResourceDefinition"]))
    body["metadata"]["labels"] = {OURS: "true"}
    with shared() as alone:
        found = json.loads(cluster.kubectl("get", "crd", NAME, "--ignore-not-found", "-o", "json") or "{}")
        if found and OURS not in found["metadata"].get("labels", {}):
            pytest.skip("this cluster has a TFJob kind that no test made")
        cluster.kubectl("apply", "--server-side", "--force-conflicts", "-f", "-", input=json.dumps(body))
        cluster.kubectl("wait", "--for=condition=Established", f"crd/{NAME}", "--timeout=60s")
        yield NAME
        if alone():
            cluster.kubectl("delete", "crd", NAME, "--timeout=60s")


@contextmanager
def shared() -> Iterator[Callable[[], bool]]:
    """Several test sessions may use the kind at once; what this gives tells whether the others are gone."""
    file = cache_folder() / "tfjobs.lock"
    file.parent.mkdir(parents=True, exist_ok=True)
    with file.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_SH)
        yield lambda: nobody_else_in(lock.fileno())
