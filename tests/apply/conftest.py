"""A small app of raw manifests, applied to a real API server, whose pods are played by the tests."""

from __future__ import annotations

import json
import secrets
import shutil
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from kfctl.actions.apply import Apply, Options, prepare, refuse_blocked
from kfctl.actions.run import begun, run
from kfctl.cluster.client import connect
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection
from kfctl.store.appfiles import load_app
from tests.faults.conftest import proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kfctl.cluster.client import Cluster
    from kfctl.model.report import Report
    from kfctl.model.status import Event
    from tests.cluster import access
    from tests.conftest import Run

__all__ = ["proxy"]

Body = dict[str, Any]
CLAIM_SPEC = {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}}
# A user who may not see nodes: that there is none can't be known then, so pods are waited for.
RIGHTS = [
    {"apiGroups": [""], "resources": ["namespaces"], "verbs": ["get", "list", "watch"]},
    {
        "apiGroups": ["", "apps", "batch", "apiextensions.k8s.io", "admissionregistration.k8s.io"],
        "resources": [
            *("configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims", "pods"),
            *("pods/log", "events", "deployments", "statefulsets", "daemonsets", "replicasets", "jobs"),
            *("cronjobs", "customresourcedefinitions", "validatingwebhookconfigurations"),
        ],
        "verbs": ["*"],
    },
    {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"], "verbs": ["*"]},
    {"apiGroups": ["storage.k8s.io"], "resources": ["storageclasses"], "verbs": ["list"]},
    {"apiGroups": ["things.kfctl.test"], "resources": ["*"], "verbs": ["*"]},
]


@dataclass
class World:
    """An app in a folder, a namespace, and the two who work there: its user and the cluster's admin."""

    root: Path
    namespace: str
    login: Login
    admin: Cluster

    def write(self, **components: Sequence[Body]) -> None:
        """Make these the app's components, each of raw manifests."""
        files: dict[str, Any] = {
            "kfctl.yaml": {"apiVersion": "kfctl/v1", "kind": "App", "name": "app", "id": "0123456789ab"},
            "environments/default.yaml": {
                "apiVersion": "kfctl/v1",
                "kind": "Environment",
                "target": {"context": self.login.context, "namespace": self.namespace},
            },
        }
        for name, bodies in components.items():
            files[f"components/{name}.yaml"] = {
                "apiVersion": "kfctl/v1",
                "kind": "Component",
                "prototype": "manifests",
            }
            for number, body in enumerate(bodies):
                files[f"components/{name}/{number}.yaml"] = body
        shutil.rmtree(self.root / "components", ignore_errors=True)
        for path, content in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(yaml.safe_dump(content), encoding="utf-8")

    def write_maker(self, *names: str) -> None:
        """Add components whose program, a Deployment of the component's name, makes pods and claims."""
        declared = {
            "apiVersion": "kfctl/v1",
            "kind": "Prototype",
            "name": "maker",
            "summary": "makes pods",
            "parameters": {"properties": {}},
            "templates": ["deployment.yaml.j2"],
            "spawns": [{"made-by": "maker"}],
        }
        folder = self.root / "prototypes/maker"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "prototype.yaml").write_text(json.dumps(declared))
        body = json.dumps(deployment("NAME"))
        (folder / "deployment.yaml.j2").write_text(body.replace("NAME", "{{ component }}"))
        for name in names:
            component = "apiVersion: kfctl/v1\nkind: Component\nprototype: maker\n"
            (self.root / f"components/{name}.yaml").write_text(component)

    def make(self, kind: str, name: str, **labels: str) -> None:
        """Make a pod or a claim as a program would."""
        metadata = {"name": name, "namespace": self.namespace, "labels": labels}
        spec = pod_template("x")["spec"] if kind == "Pod" else CLAIM_SPEC
        self.admin.create({"apiVersion": "v1", "kind": kind, "metadata": metadata, "spec": spec})

    def prepare(self, *components: str, **options: Any) -> Apply:
        """Decide on an apply."""
        app = load_app(self.root)
        chosen = Options(**{"timeout": 20.0, **options})
        return prepare(app, app.environments["default"], components, (chosen, self.login))

    def apply(
        self, *components: str, on: Callable[[Event, Apply], None] | None = None, **options: Any
    ) -> tuple[list[Event], Report]:
        """Apply, and return what happened; `on` is called at each event."""
        prepared = self.prepare(*components, **options)
        refuse_blocked(prepared.plan)
        return self.carry_out(prepared, on)

    def carry_out(
        self, prepared: Apply, on: Callable[[Event, Apply], None] | None = None
    ) -> tuple[list[Event], Report]:
        """Carry out what is decided."""
        events = []
        with begun(prepared) as ready:
            refuse_blocked(ready.plan)
            steps = run(ready)
            while True:
                try:
                    events.append(next(steps))
                except StopIteration as ended:
                    report: Report = ended.value
                    break
                if on:
                    on(events[-1], ready)
        prepared.cluster.transport.close()
        return events, report

    def pods(self, app: str, number: int = 1) -> list[Body]:
        """Return the pods labelled `app`, once there are so many."""
        for _ in range(200):
            listed = self.admin.list_all("v1", "Pod", Selection(self.namespace, labels=f"app={app}")).items
            if len(listed) >= number:
                return list(listed)
            time.sleep(0.1)
        raise AssertionError(f"the controllers made no {number} pods of {app}")

    def play(self, app: str, *containers: Body, phase: str = "Running", ready: bool = False) -> None:
        """Say of all pods of an app how they are, as a kubelet would."""
        statuses = [
            {"name": "main", "image": "i", "imageID": "", "restartCount": 0, "ready": ready, **container}
            for container in containers or ({},)
        ]
        conditions = [{"type": kind, "status": str(ready)} for kind in ("Ready", "ContainersReady")]
        status = {"phase": phase, "conditions": conditions, "containerStatuses": statuses}
        for pod in self.pods(app):
            self.admin.patch(pod, {"status": status}, "status")


@pytest.fixture(scope="session")
def developer(cluster: access.Cluster) -> Iterator[str]:
    """A user who may do all that an app needs, and not see nodes."""
    name = f"kfctl-test-{secrets.token_hex(4)}"
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "ClusterRole",
        "metadata": {"name": name},
        "rules": RIGHTS,
    }
    cluster.kubectl("create", "-f", "-", input=json.dumps(role))
    cluster.kubectl("create", "clusterrolebinding", name, f"--clusterrole={name}", f"--user={name}")
    yield name
    cluster.kubectl("delete", "clusterrole,clusterrolebinding", name)


@pytest.fixture
def admin(cluster: access.Cluster) -> Iterator[Cluster]:
    connected = connect(Login(kubeconfig=str(cluster.kubeconfig)))
    yield connected
    connected.transport.close()


@pytest.fixture
def world(cluster: access.Cluster, admin: Cluster, namespace: str, developer: str, tmp_path: Path) -> World:
    """An app whose user may not see nodes."""
    login = Login(context=admin.context, kubeconfig=str(cluster.kubeconfig), user=developer)
    return World(tmp_path / "app", namespace, login, admin)


@pytest.fixture
def nodeless(admin: Cluster, world: World) -> World:
    """An app whose user sees that no node is ready."""
    from kfctl.cluster.follow import no_ready_node

    if not no_ready_node(admin):
        pytest.skip("this cluster has a node")
    world.login = Login(context=world.login.context, kubeconfig=world.login.kubeconfig)
    return world


@pytest.fixture
def typed(kfctl: Callable[..., Run], world: World) -> Callable[..., Run]:
    """Run a command of kfctl in the app, as the user who may not see nodes unless told otherwise."""

    def run(command: str, *args: str, user: str | None = world.login.user, **more: Any) -> Run:
        who = ["--as", user] if user else []
        return kfctl(
            command, *args, *who, cwd=world.root, env={"KUBECONFIG": world.login.kubeconfig or ""}, **more
        )

    return run


def config_map(name: str, **data: str) -> Body:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def pod_template(app: str, **pod: Any) -> Body:
    """A pod template of which no pod ever finds a node."""
    spec = {
        "containers": [{"name": "main", "image": "nosuch"}],
        "nodeSelector": {"kfctl.dev/test": "nowhere"},
        "terminationGracePeriodSeconds": 0,
        **pod,
    }
    return {"metadata": {"labels": {"app": app}}, "spec": spec}


def deployment(name: str, *, replicas: int = 1, **pod: Any) -> Body:
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": pod_template(name, **pod),
        },
    }


def job(name: str, *, command: str = "run", **spec: Any) -> Body:
    container = {"name": "main", "image": "nosuch", "command": [command]}
    template = pod_template(name, restartPolicy="Never", containers=[container])
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {"backoffLimit": 0, **spec, "template": template},
    }


def definition(kind: str) -> Body:
    """A custom resource definition of a kind of a test's own."""
    plural = f"{kind.lower()}s"
    schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": "v1",
        "served": True,
        "storage": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{plural}.things.kfctl.test"},
        "spec": {
            "group": "things.kfctl.test",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural, "singular": kind.lower(), "listKind": f"{kind}List"},
            "versions": [version],
        },
    }


def thing(kind: str, name: str, **more: Any) -> Body:
    return {"apiVersion": "things.kfctl.test/v1", "kind": kind, "metadata": {"name": name}, **more}


@pytest.fixture
def new_kind(admin: Cluster) -> Iterator[str]:
    """The name of a kind that no other test has; its definition is removed after."""
    kind = f"Thing{secrets.token_hex(3)}"
    yield kind
    named = {"name": f"{kind.lower()}s.things.kfctl.test"}
    body = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "metadata": named}
    if admin.find(body["apiVersion"], body["kind"], named["name"]):
        admin.delete(body)
