"""An app full of secrets, and a search for them in whatever may have let them out."""

from __future__ import annotations

import base64
import gzip
import json
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl import yamltext

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.proof.world import World

DATA = "canary-of-data-51f0"
TEXT = 'canary "of" text-77aa'  # which Go and JSON print with escapes
PARAMETER = "canary-of-a-parameter-c0de"
PIN = 4815162342  # a secret number
TOKEN = "canary-of-a-token-9b1d"
PASSWORD = "canary-of-a-password-e4e4"
CANARIES = (DATA, TEXT, PARAMETER, str(PIN), TOKEN, PASSWORD)

PROTOTYPE = """\
apiVersion: kfctl/v1
kind: Prototype
name: own
summary: a prototype with secret parameters
parameters:
  properties:
    label: {type: string, secret: true, description: Becomes a label.}
    token: {type: string, secret: true, minLength: 5, description: A password.}
    pin: {type: integer, secret: true, minimum: 1, description: A number.}
    number: {type: integer, default: 1, description: Not secret.}
templates: [configmap.yaml.j2, secret.yaml.j2, deployment.yaml.j2]
"""
CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: own, labels: {label: "{{ label or 'none' }}"}}
data: {token: "{{ token }}", pin: "{{ pin }}", url: "https://user:{{ token }}@host/"}
"""
SECRET = """\
apiVersion: v1
kind: Secret
metadata: {name: own}
stringData: {token: "{{ token }}", number: "{{ number }}"}
"""
DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: own}
spec:
  replicas: 0
  selector: {matchLabels: {app: own}}
  template:
    metadata: {labels: {app: own}}
    spec: {containers: [{name: main, image: nosuch, env: [{name: TOKEN, value: "{{ token }}"}]}]}
"""


def encoded(text: str) -> str:
    """Return a text in base64."""
    return base64.b64encode(text.encode()).decode()


FORMS = {form for text in CANARIES for form in (text, encoded(text), json.dumps(text)[1:-1])}


def leaks(text: str) -> list[str]:
    """Return which secrets a text holds, in whatever form."""
    return [form for form in FORMS if form in text]


@dataclass(frozen=True)
class Canary:
    """The app, with its files and its kubeconfig."""

    world: World
    kubeconfig: Path

    @property
    def root(self) -> Path:
        """The app's folder."""
        return self.world.folder

    def write(self, raw: dict[str, Any] | None = None, **params: Any) -> None:
        """Write the app: a Secret in raw manifests, and a component of secret parameters."""
        secret = {"data": {"key": encoded(DATA)}, "stringData": {"text": TEXT}}
        body = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "raw"}, **secret, **(raw or {})}
        self.world.write([body])
        given = {"token": PARAMETER, "pin": PIN, **params}
        head = {"apiVersion": "kfctl/v1", "kind": "Component"}
        self.put("components/own.yaml", yamltext.dump({**head, "prototype": "own", "params": given}))
        self.put("prototypes/own/prototype.yaml", PROTOTYPE)
        self.put("prototypes/own/configmap.yaml.j2", CONFIG_MAP)
        self.put("prototypes/own/secret.yaml.j2", SECRET)
        self.put("prototypes/own/deployment.yaml.j2", DEPLOYMENT)
        other = (self.root / "environments/default.yaml").read_text()
        self.put("environments/other.yaml", other)

    def put(self, name: str, text: str) -> None:
        """Write one file of the app."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, *words: str, kubeconfig: Path | None = None) -> CompletedProcess[str]:
        """Run kfctl, as its user would."""
        self.world.proxy.script = lambda request: None
        home = self.root.parent / "home"
        env = {"KUBECONFIG": str(kubeconfig or self.kubeconfig), "HOME": str(home), "COLUMNS": "200"}
        return self.world.brisk.run((*words, "--dir", str(self.root)), {**env, "NO_COLOR": "1"})

    def kept(self) -> Iterator[tuple[str, str]]:
        """Yield what is kept on the cluster, where no secret belongs: records, events, marks of objects."""
        kinds = "secret,lease,event,configmap,deployment,replicaset,events.events.k8s.io"
        text = self.world.cluster.kubectl(
            *("get", kinds, "-n", self.world.namespace, "-o", "json", "--show-managed-fields")
        )
        for body in json.loads(text)["items"]:
            name = f"{body['kind']}/{body['metadata']['name']}"
            whole = body["kind"] in ("Lease", "Event") or name.startswith("Secret/kfctl.")
            yield name, json.dumps(body if whole else body["metadata"], ensure_ascii=False)
            if whole:
                yield from ((name, opened(value)) for value in (body.get("data") or {}).values())

    def written(self) -> Iterator[tuple[str, str]]:
        """Yield what kfctl has written on this machine, the app's own files aside."""
        for path in (self.root.parent / "home").rglob("*"):
            if path.is_file():
                yield str(path), path.read_bytes().decode(errors="replace")


def opened(value: str) -> str:
    """Return what a record's field holds: plain or packed."""
    held = base64.b64decode(value)
    for unpack in (gzip.decompress, zlib.decompress):
        try:
            return unpack(held).decode()
        except (OSError, zlib.error):
            continue
    return held.decode(errors="replace")


def kubeconfig(world: World, path: Path, **user: Any) -> Path:
    """Write a kubeconfig whose user has these credentials."""
    config = json.loads(world.kubeconfig.read_text())
    config["users"][0]["user"] = user
    path.write_text(json.dumps(config))
    return path
