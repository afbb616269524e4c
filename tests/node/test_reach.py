"""Who reaches what, tried from pods on the node, where NetworkPolicies are enforced."""

from __future__ import annotations

import json
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

import pytest

from kfctl.store.catalog import catalog
from tests.cluster.access import KubectlError
from tests.cluster.node.nodecluster import NodeCluster
from tests.cluster.node.space import NODE
from tests.cluster.processes import wait_until
from tests.node.app import App
from tests.node.conftest import fresh
from tests.node.programs import container, pod

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cluster.access import Cluster

SERVE = "import http.server; http.server.test(http.server.SimpleHTTPRequestHandler, port={port})"
# Connects to all addresses at once and prints which ones accept.
PROBE = """
import json, socket, sys
from concurrent.futures import ThreadPoolExecutor

def accepts(address):
    try:
        socket.create_connection(address, timeout=5).close()
    except OSError:
        return False
    return True

addresses = json.loads(sys.argv[1])
with ThreadPoolExecutor(len(addresses)) as pool:
    print(json.dumps(list(pool.map(accepts, addresses))))
"""
PUBLIC = "223.255.255.7"  # stands for the internet, which the node has no way to
# Addresses that clouds serve credentials at, and private ones outside of the cluster.
METADATA = (
    "169.254.169.254",  # AWS, Azure, Google
    "169.254.170.2",  # AWS ECS
    "169.254.170.23",  # AWS EKS Pod Identity
    "100.100.100.200",  # Alibaba Cloud
    "168.63.129.16",  # Azure
    "192.0.0.192",  # Oracle Cloud
)
PRIVATE = ("172.20.0.7", "192.168.77.7", "198.18.0.7", "203.0.113.7")
HUB = "tf-hub-0"
OPERATOR = "tf-job-operator"


@dataclass(frozen=True)
class Row:
    """An address, and whether a notebook and another pod of the hub's namespace reach it."""

    what: str
    host: str
    port: int
    notebook: bool
    other: bool = True


ROWS = (
    Row("hub API", HUB, 8081, notebook=True, other=False),
    Row("DNS", "kube-dns.kube-system.svc.cluster.local", 53, notebook=True),
    Row("model server gRPC", "inception", 9000, notebook=True),
    Row("model server REST", "inception", 8501, notebook=True),
    Row("public address", PUBLIC, 80, notebook=True),
    Row("hub front door", "tf-hub-lb", 80, notebook=False),
    Row("hub proxy", HUB, 8000, notebook=False),
    Row("API server", "kubernetes.default.svc.cluster.local", 443, notebook=False),
    Row("kubelet", NODE, 10250, notebook=False),
    Row("pod of the namespace", "plain", 8080, notebook=False),
    Row("Service of another namespace", "elsewhere.{other}.svc.cluster.local", 8080, notebook=False),
    Row("operator metrics", f"{OPERATOR}.kubeflow-operator.svc.cluster.local", 8080, notebook=False),
    Row("TFJob", "reach-worker-0", 2222, notebook=False, other=False),
    Row("notebook of another user", "notebook-two", 8888, notebook=False, other=False),
    *(Row(f"metadata {address}", address, 80, notebook=False) for address in METADATA),
    *(Row(f"private {address}", address, 80, notebook=False) for address in PRIVATE),
)


@dataclass(frozen=True)
class Reach:
    """What was reached, by row."""

    notebook: dict[str, bool]
    other: dict[str, bool]


@pytest.fixture(scope="module")
def reach(node: Cluster, kubeflow: App, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reach]:
    """Try all rows from a notebook and from a pod that no policy selects, with a job beside them."""
    app = App(node, tmp_path_factory.mktemp("reach") / "reach", kubeflow.namespace)
    with fresh(node) as other, addresses(), pods(node, kubeflow.namespace, other), job(app):

        def reached() -> Reach:
            return Reach(tried(app, "notebook", other), tried(app, "plain", other))

        # Policies of new pods take effect within seconds.
        wait_until(lambda: all(map(partial(agrees, reached()), ROWS)), 60)
        yield reached()


def agrees(reach: Reach, row: Row) -> bool:
    """Whether a row of the table is true."""
    return (reach.notebook[row.what], reach.other[row.what]) == (row.notebook, row.other)


@contextmanager
def addresses() -> Iterator[None]:
    """Give the node the addresses that nobody answers at on a test machine."""
    space = NodeCluster().node.space
    given = [f"{address}/32" for address in (PUBLIC, *METADATA, *PRIVATE)]
    for address in given:
        space.run("ip", "address", "add", address, "dev", "lo")
    try:
        yield
    finally:
        for address in given:
            space.run("ip", "address", "delete", address, "dev", "lo")


@contextmanager
def pods(node: Cluster, namespace: str, other: str) -> Iterator[None]:
    """Run notebooks (by the labels that the hub gives them), and pods that listen."""
    labels = catalog().get("jupyterhub").spawns[0]
    made = [
        body("notebook", namespace, 8888, labels),
        body("notebook-two", namespace, 8888, labels),
        body("plain", namespace, 8080, {"app": "plain"}),
        body("elsewhere", other, 8080, {"app": "elsewhere"}),
        body("host", other, 80, {"app": "host"}, hostNetwork=True),
        *(
            service(name, space, port)
            for name, space, port in (
                ("notebook-two", namespace, 8888),
                ("plain", namespace, 8080),
                ("elsewhere", other, 8080),
            )
        ),
    ]
    text = json.dumps({"apiVersion": "v1", "kind": "List", "items": made})
    node.kubectl("create", "--filename=-", input=text)
    try:
        for each in made:
            if each["kind"] == "Pod":
                ready = f"pod/{each['metadata']['name']}", "--namespace", each["metadata"]["namespace"]
                node.kubectl("wait", "--for=condition=Ready", *ready, "--timeout=120s")
        yield
    finally:
        node.kubectl("delete", "--wait=false", "--filename=-", input=text)


def body(name: str, namespace: str, port: int, labels: dict[str, str], **more: object) -> dict[str, object]:
    """A pod that listens at a port."""
    probe = {"tcpSocket": {"port": port}, "periodSeconds": 1}
    main = container(SERVE.format(port=port), readinessProbe=probe)
    metadata = {"name": name, "namespace": namespace, "labels": {**labels, "reach": name}}
    return {"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": pod(main, **more)}


def service(name: str, namespace: str, port: int) -> dict[str, object]:
    """A Service with the name of its pod."""
    spec = {"selector": {"reach": name}, "ports": [{"port": port}]}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": spec,
    }


@contextmanager
def job(app: App) -> Iterator[None]:
    """Run a job of two processes that listen where TensorFlow does."""
    app.folder.mkdir()
    app.done("init", "--bare", "--namespace", app.namespace)
    image = "--image=docker.io/library/python:3.12-slim"
    command = [f"--command={word}" for word in ("python", "-uc", SERVE.format(port=2222))]
    app.done("generate", "tf-job", "reach", image, *command, "--num_workers=1", "--cpuRequest=10m")
    try:
        app.done("apply", "default")
        for replica in ("chief", "worker"):
            app.kubectl("wait", "--for=condition=Ready", f"pod/reach-{replica}-0", "--timeout=120s")
        yield
    finally:
        app.done("delete", "default", "--yes")


def tried(app: App, name: str, other: str) -> dict[str, bool]:
    """Return what a pod reaches."""
    targets = json.dumps([(row.host.format(other=other), row.port) for row in ROWS])
    answer = app.kubectl("exec", name, "--", "python", "-c", PROBE, targets)
    return dict(zip([row.what for row in ROWS], json.loads(answer), strict=True))


@pytest.mark.parametrize("row", ROWS, ids=[row.what for row in ROWS])
def test_notebook_reaches_what_the_table_says(row: Row, reach: Reach) -> None:
    # Another pod gets there: something listens, and it is the policy that stops the notebook.
    assert agrees(reach, row), (reach.notebook[row.what], reach.other[row.what])


def test_job_pods_reach_each_other(kubeflow: App, reach: Reach) -> None:
    targets = json.dumps([("reach-worker-0", 2222)])
    answer = kubeflow.kubectl("exec", "reach-chief-0", "--", "python", "-c", PROBE, targets)
    assert json.loads(answer) == [True]


@pytest.mark.parametrize(("name", "files"), [("tf-hub", ["ca.crt", "namespace", "token"]), ("proxy", [])])
def test_only_the_hub_container_holds_its_token(kubeflow: App, name: str, files: list[str]) -> None:
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    listing = f"ls {place} 2>/dev/null || true"
    assert kubeflow.kubectl("exec", HUB, "-c", name, "--", "sh", "-c", listing).split() == files


@pytest.mark.parametrize(
    ("namespace", "account", "refusal"),
    [
        ("kubeflow", "default", None),
        ("kubeflow", OPERATOR, f'serviceaccount "{OPERATOR}" not found'),
        ("kubeflow-operator", OPERATOR, "cannot create resource"),
        ("default", "default", "cannot create resource"),
    ],
)
def test_hub_token_cannot_run_pods_as_the_operator(
    node: Cluster, kubeflow: App, namespace: str, account: str, refusal: str | None
) -> None:
    token = node.kubectl("create", "token", "jupyter-hub", "--namespace", kubeflow.namespace).strip()
    server = node.kubectl("config", "view", "--minify", "-o", "jsonpath={.clusters[0].cluster.server}")
    made = body("as-operator", namespace, 8080, {})
    made["spec"] = {**made["spec"], "serviceAccountName": account}  # type: ignore[dict-item]
    login = ["--kubeconfig=/dev/null", f"--server={server}", f"--token={token}", "--insecure-skip-tls-verify"]

    def create() -> None:
        node.kubectl(*login, "create", "--dry-run=server", "--filename=-", input=json.dumps(made))

    if refusal is None:
        create()
    else:
        with pytest.raises(KubectlError, match=refusal):
            create()
