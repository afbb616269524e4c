"""The app under test in a folder, and kfctl run on it as a process, behind a proxy that does harm."""

from __future__ import annotations

import json
import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass
from queue import Queue
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from tests.cluster.access import KubectlError
from tests.faults.conftest import upstream
from tests.faults.proxy import Call, Reset, proxied
from tests.proof.brisk import brisk
from tests.proof.things import KINDS, objects, told
from tests.proof.webhook import served

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path
    from subprocess import CompletedProcess

    from tests.cluster.access import Cluster
    from tests.faults.proxy import Fault, Proxy, Request
    from tests.proof.brisk import Brisk
    from tests.proof.webhook import Webhook

    Body = dict[str, Any]

APPLY = ("apply", "--no-wait", "--yes")
DELETE = ("delete", "--yes", "--delete-data", "--delete-crds")


@dataclass
class World:
    """An app, its namespace, its webhook, and a proxy on the way to the server."""

    folder: Path
    namespace: str
    cluster: Cluster
    proxy: Proxy
    kubeconfig: Path
    webhook: Webhook
    brisk: Brisk

    @property
    def group(self) -> str:
        """The API group of the app's own kind."""
        return f"{self.namespace}.example.com"

    def objects(self, version: int) -> list[Body]:
        """Return what a version of the app wants to be there."""
        return objects(self.group, version, self.webhook.configuration(self.group, self.group, "widgets"))

    def write(self, bodies: Iterable[Body]) -> None:
        """Write the app's files: one component of these objects."""
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
        (self.folder / "components/all/all.yaml").write_text(yamltext.dump_all(list(bodies)))

    def run(
        self, *words: str, script: Callable[[Request], Fault | None] | None = None
    ) -> CompletedProcess[str]:
        """Run kfctl through the proxy, which does to it what the script says."""
        self.proxy.clear()
        if script:
            self.proxy.script = script
        return self._run(words)

    def killed(self, words: tuple[str, ...], at: int, *, reached: bool) -> bool:
        """Run kfctl and kill -9 it at request `at`; tell whether the run got that far.

        `reached` is whether the server gets that request all the same, and carries it out.
        """
        pids: Queue[int] = Queue()

        def kill() -> None:
            os.kill(pids.get(timeout=10), signal.SIGKILL)

        def script(request: Request) -> Fault | None:
            if request.number != at:
                return None
            if reached:
                return Call(kill, reached=True)
            kill()
            return Reset()

        self.proxy.clear()
        self.proxy.script = script
        died = self._run(words, pids.put).returncode == -signal.SIGKILL
        assert not died or (at in self.proxy.sent_on) is reached
        return died

    def _run(
        self, words: tuple[str, ...], started: Callable[[int], None] | None = None
    ) -> CompletedProcess[str]:
        env = {"KUBECONFIG": str(self.kubeconfig), "NO_COLOR": "1"}
        return self.brisk.run((*words, "--dir", str(self.folder)), env, started)

    def clean(self, *words: str) -> int:
        """Run kfctl undisturbed, to a good end, and return how many requests it made."""
        done = self.run(*words)
        assert done.returncode == 0, done.stdout + done.stderr
        return len(self.proxy.requests)

    def found(self) -> dict[str, Body]:
        """Return what of ours is on the cluster, without what differs from run to run."""
        return {f"{body['kind']}/{body['metadata']['name']}": told(body) for body in self.live()}

    def live(self) -> list[Body]:
        """Return what of ours is on the cluster."""
        wide = ("customresourcedefinition", "validatingwebhookconfiguration")
        try:
            found = self._ours(*KINDS, *wide, f"widgets.{self.group}")
        except KubectlError:  # its definition is gone, and with it the kind
            found = self._ours(*KINDS, *wide)
        return [body for body in found if self._is_here(body)]

    def _ours(self, *kinds: str) -> list[Body]:
        selected = ("-l", "kfctl.dev/app=proof", "-n", self.namespace, "-o", "json", "--show-managed-fields")
        items: list[Body] = json.loads(self.cluster.kubectl("get", ",".join(kinds), *selected))["items"]
        return items

    def _is_here(self, body: Body) -> bool:
        """Whether an object is of this world, and no foreign one in disguise."""
        metadata = body["metadata"]
        mine = metadata.get("namespace") == self.namespace or self.group in metadata["name"]
        return mine and not metadata["name"].startswith("foreign-")

    def leftovers(self) -> str:
        """Return the names of kfctl's own records in the namespace."""
        return self.cluster.kubectl("get", "secret,lease", "-n", self.namespace, "-o", "name")


@contextmanager
def new_world(cluster: Cluster, namespace: str, folder: Path, clock: int = 0) -> Iterator[World]:
    """Have a world for as long as this lasts, whose user's clock is so many seconds ahead.

    What is outside its namespace is removed after.
    """
    folder.mkdir(exist_ok=True)
    runs_of = brisk(folder / "runs", clock)
    with proxied(upstream(cluster, folder)) as proxy, served() as webhook, runs_of as runs:
        kubeconfig = proxy.kubeconfig(folder / "kubeconfig")
        world = World(folder / "app", namespace, cluster, proxy, kubeconfig, webhook, runs)
        try:
            yield world
        finally:
            outside = (f"crd/widgets.{world.group}", f"validatingwebhookconfiguration/{world.group}")
            cluster.kubectl("delete", *outside, "--ignore-not-found")


def differences(found: dict[str, Body], wanted: dict[str, Body]) -> list[tuple[str, Any, Any]]:
    """Return the objects that are not as they should be, found beside wanted."""
    names = sorted(found.keys() | wanted.keys())
    pairs = [(name, found.get(name), wanted.get(name)) for name in names]
    return [pair for pair in pairs if pair[1] != pair[2]]
