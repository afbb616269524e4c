"""The app under test: 18 objects of 14 kinds, in two versions, and kfctl run on it as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from tests.faults.proxy import Call, Proxy

if TYPE_CHECKING:
    from tests.cluster.access import Cluster
    from tests.faults.proxy import Fault, Request

ROOT = Path(__file__).parent.parent.parent
LISTED = (
    "configmap,secret,service,serviceaccount,deployment,statefulset,daemonset,job,role,rolebinding,hpa,pdb,"
)
LISTED += "networkpolicy,pvc"
NOISE = ("managedFields", "resourceVersion", "uid", "creationTimestamp", "generation")


@dataclass
class World:
    """An app in a folder, its namespace, and a proxy on the way to the server."""

    folder: Path
    namespace: str
    cluster: Cluster
    proxy: Proxy
    kubeconfig: Path

    @property
    def group(self) -> str:
        """The API group of the app's own kind."""
        return f"{self.namespace}.example.com"

    def write(self, version: int) -> None:
        """Write the app's files: version 2 changes some objects, drops some and adds some."""
        for folder in ("components/all", "environments"):
            (self.folder / folder).mkdir(parents=True, exist_ok=True)
        head = {"apiVersion": "kfctl/v1"}
        target = {"context": "proxied", "namespace": self.namespace}
        files = {
            "kfctl.yaml": {**head, "kind": "App", "name": "proof", "id": self.namespace},
            "environments/default.yaml": {**head, "kind": "Environment", "target": target},
            "components/all.yaml": {**head, "kind": "Component", "prototype": "manifests"},
        }
        for name, value in files.items():
            if not (self.folder / name).exists():
                (self.folder / name).write_text(yamltext.dump(value))
        (self.folder / "components/all/all.yaml").write_text(yamltext.dump_all(self.objects(version)))

    def objects(self, version: int) -> list[dict[str, Any]]:
        """Return what the app wants to be there."""
        both = [
            self.definition(),
            thing("", "v1", "ServiceAccount", "runner", {}),
            thing("", "v1", "Secret", "key", {"stringData": {"key": f"value {version}"}}),
            thing("rbac.authorization.k8s.io", "v1", "Role", "reader", {"rules": [RULE]}),
            thing("rbac.authorization.k8s.io", "v1", "RoleBinding", "reader", BINDING),
            thing("", "v1", "ConfigMap", "stays", {"data": {"a": "1"}}),
            thing("", "v1", "ConfigMap", "changes", {"data": {"version": str(version)}}),
            thing("", "v1", "Service", "web", {"spec": {"selector": {"app": "web"}, "ports": [PORT]}}),
            thing("apps", "v1", "Deployment", "web", workload("web", replicas=0)),
            thing("apps", "v1", "StatefulSet", "store", {"spec": {**workload("store")["spec"], **CLAIMS}}),
            thing("autoscaling", "v2", "HorizontalPodAutoscaler", "web", SCALER),
            thing("policy", "v1", "PodDisruptionBudget", "web", {"spec": {"maxUnavailable": version}}),
            thing("networking.k8s.io", "v1", "NetworkPolicy", "web", {"spec": {"podSelector": {}}}),
            thing(self.group, "v1", "Widget", "one", {"spec": {"size": version}}),
        ]
        old = [
            thing("", "v1", "ConfigMap", "old", {"data": {"a": "1"}}),
            thing("", "v1", "Service", "old", {"spec": {"selector": {"app": "old"}, "ports": [PORT]}}),
            thing("apps", "v1", "Deployment", "old", workload("old", replicas=0)),
            thing(self.group, "v1", "Widget", "old", {"spec": {"size": 1}}),
        ]
        new = [
            thing("", "v1", "ConfigMap", "new", {"data": {"a": "1"}}),
            thing("apps", "v1", "DaemonSet", "new", workload("new")),
        ]
        return both + (old if version == 1 else new)

    def definition(self) -> dict[str, Any]:
        """Return the app's own kind."""
        schema = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        names = {"plural": "widgets", "singular": "widget", "kind": "Widget"}
        spec = {"group": self.group, "scope": "Namespaced", "names": names, "versions": [version]}
        return thing(
            "apiextensions.k8s.io", "v1", "CustomResourceDefinition", f"widgets.{self.group}", {"spec": spec}
        )

    def run(self, *words: str, fault: Fault | None = None, at: int = 0) -> subprocess.CompletedProcess[str]:
        """Run kfctl through the proxy; a fault, if given, meets its request number `at`."""
        self.proxy.clear()
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.brisk", *words, "--dir", self.folder],
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        if fault:
            self.proxy.script = lambda request: fault if request.number == at else None
        out, err = process.communicate(timeout=120)
        return subprocess.CompletedProcess(words, process.returncode, out, err)

    def killed(self, words: tuple[str, ...], at: int, *, reached: bool) -> bool:
        """Run kfctl and kill -9 it at request `at`; tell whether the run got that far."""
        pids: list[int] = []

        def kill() -> None:
            os.kill(pids[0], signal.SIGKILL)

        def script(request: Request) -> Fault | None:
            return Call(kill, reached) if request.number == at else None

        self.proxy.clear()
        self.proxy.script = script
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.proof.brisk", *words, "--dir", self.folder],
            cwd=ROOT,
            env={**os.environ, "KUBECONFIG": str(self.kubeconfig), "NO_COLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        pids.append(process.pid)
        return process.wait(120) == -signal.SIGKILL

    def found(self) -> dict[str, Any]:
        """Return what of ours is on the cluster, without what differs from run to run."""
        selector = ["-l", "kfctl.dev/app=proof", "-o", "json", "-n", self.namespace]
        definitions = json.loads(self.cluster.kubectl("get", "crd", "-o", "json"))["items"]
        ours = [body for body in definitions if body["spec"]["group"] == self.group]
        kinds = f"{LISTED},widgets.{self.group}" if ours else LISTED
        bodies = json.loads(self.cluster.kubectl("get", kinds, *selector))["items"]
        return {f"{b['kind']}/{b['metadata']['name']}": told(b) for b in [*bodies, *ours]}

    def leftovers(self) -> str:
        """Return the names of kfctl's own records in the namespace."""
        return self.cluster.kubectl("get", "secret,lease", "-n", self.namespace, "-o", "name")


RULE = {"apiGroups": [""], "resources": ["pods"], "verbs": ["get"]}
PORT = {"name": "http", "port": 80, "targetPort": 80, "protocol": "TCP"}
BINDING = {
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"},
    "subjects": [{"kind": "ServiceAccount", "name": "runner"}],
}
SCALER = {
    "spec": {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": 2,
    }
}
CLAIMS = {
    "serviceName": "store",
    "replicas": 0,
    "volumeClaimTemplates": [
        {
            "metadata": {"name": "data"},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
        }
    ],
}


def thing(group: str, version: str, kind: str, name: str, rest: dict[str, Any]) -> dict[str, Any]:
    """Return an object."""
    api_version = f"{group}/{version}" if group else version
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name}, **rest}


def workload(name: str, **spec: Any) -> dict[str, Any]:
    """Return the rest of something that makes pods."""
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [{"name": "main", "image": "busybox"}], "nodeSelector": {"no": "node"}},
    }
    return {"spec": {**spec, "selector": {"matchLabels": {"app": name}}, "template": template}}


def told(body: dict[str, Any]) -> dict[str, Any]:
    """Return an object without what the server and its controllers write."""
    metadata = {key: value for key, value in body["metadata"].items() if key not in NOISE}
    annotations = metadata.pop("annotations", {})
    kept = {
        k: v for k, v in annotations.items() if not k.startswith(("deployment.", "deprecated.daemonset."))
    }
    rest = {key: value for key, value in body.items() if key not in ("status", "metadata")}
    if body["kind"] == "Service":
        rest["spec"] = {k: v for k, v in body["spec"].items() if k not in ("clusterIP", "clusterIPs")}
    return {**rest, "metadata": {**metadata, "annotations": kept}}
