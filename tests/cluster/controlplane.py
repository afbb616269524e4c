"""A control plane on this machine: etcd, API server, controllers and scheduler, under a name."""

import http.client
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.cluster import build, flags
from tests.cluster.access import Cluster, write_kubeconfig
from tests.cluster.cache import HarnessError, cache_folder, locked, say
from tests.cluster.ports import ADDRESS, Ports, kept, settle
from tests.cluster.processes import Program, recorded, stop_all, wait_until

FLAGS: Mapping[str, Callable[[Path, Ports], list[str]]] = {
    "etcd": flags.etcd,
    "kube-apiserver": flags.apiserver,
    "kube-controller-manager": flags.controller_manager,
    "kube-scheduler": flags.scheduler,
}
# Kubeconfigs by their file, with the user whose certificate is in them.
KUBECONFIGS = {
    "kubeconfig": "admin",
    "controller-manager.kubeconfig": "controller-manager",
    "scheduler.kubeconfig": "scheduler",
}
FIRST_OBJECT = "/api/v1/namespaces/default/serviceaccounts/default"  # made by the controllers


class ControlPlane:
    """A control plane that may run or not; everything of it is in one folder.

    `more` gives programs further flags, after (and so stronger than) ours.
    """

    def __init__(self, name: str = "default", more: Mapping[str, Sequence[str]] | None = None) -> None:
        """Name a control plane; nothing is started."""
        if not re.fullmatch(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?", name):
            raise HarnessError(f"{name!r} cannot name a cluster: lower-case letters, digits and dashes can")
        self.name = name
        self.folder = cache_folder() / "clusters" / name
        self.more = more or {}

    @property
    def cluster(self) -> Cluster:
        """The way to it."""
        return Cluster(
            kubeconfig=self.folder / "kubeconfig",
            kubectl_program=build.programs() / "kubectl",
            kubectl_cache=self.folder / "kubectl-cache",
        )

    def programs(self) -> list[Program]:
        """Its programs in the order of their start."""
        return [Program(name, self.folder) for name in FLAGS]

    def build(self) -> None:
        """Have everything made that it is started from."""
        build.programs()

    def up(self) -> Cluster:
        """Have it running: what is healthy stays as it is, what is half dead is ended and made anew."""
        self.build()
        with locked("clusters", "waiting for another process that starts or ends a cluster …"):
            if not self.is_healthy():
                began = time.monotonic()
                self.stop()
                self.clear()
                self.start()
                say(f"cluster {self.name!r} is up ({time.monotonic() - began:.1f} s)")
        return self.cluster

    def down(self) -> None:
        """End it and remove all that it left on the disk."""
        with locked("clusters", "waiting for another process that starts or ends a cluster …"):
            self.stop()
            if self.folder.exists():
                shutil.rmtree(self.folder)

    def stop(self, grace: float = 0) -> None:
        """End its processes; its objects stay on the disk for the next start."""
        stop_all(recorded(self.folder), grace)

    def clear(self) -> None:
        """Forget its objects and logs; certificates and ports stay, so that kubeconfigs go on working."""
        for name in ("etcd", "kubectl-cache"):
            shutil.rmtree(self.folder / name, ignore_errors=True)
        for log in self.folder.glob("*.log"):
            log.unlink()

    def start(self) -> None:
        """Start it with what is in its folder; what fails to come up takes all of it down."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            self.write_access(settle(self.folder / "ports.json"))
            self.run("etcd")
            self.start_apiserver()
            self.run("kube-controller-manager")
            self.run("kube-scheduler")
            self.await_answer("kube-controller-manager", FIRST_OBJECT, 60)
        except BaseException:
            self.stop()
            raise

    def write_access(self, ports: Ports) -> None:
        """Certificates for all its programs, and the kubeconfigs that hold them."""
        pki = self.folder / "pki"
        if not (pki / "etcd.crt").exists():
            certs = build.programs() / "certs"
            made = subprocess.run([certs, pki, *flags.IDENTITIES], capture_output=True, text=True)
            if made.returncode:
                raise HarnessError(f"certificates could not be made: {made.stderr.strip()}")
        server = f"https://{ADDRESS}:{ports.apiserver}"
        for file, user in KUBECONFIGS.items():
            write_kubeconfig(self.folder / file, server=server, pki=pki, user=user, name=f"kfctl-{self.name}")

    def run(self, name: str) -> None:
        """Start one of its programs."""
        told = FLAGS[name](self.folder, self.ports())
        Program(name, self.folder).start([build.programs() / name, *told, *self.more.get(name, ())])

    def start_apiserver(self) -> None:
        """Start the API server, on the port it always had, and wait until it is ready."""
        self.run("kube-apiserver")
        self.await_answer("kube-apiserver", "/readyz", 120)

    def stop_apiserver(self, grace: float = 0) -> None:
        """End the API server: at once, or after `grace` seconds for the requests that it is at."""
        Program("kube-apiserver", self.folder).stop(grace)

    def ports(self) -> Ports:
        """The ports it listens on since it was made."""
        ports = kept(self.folder / "ports.json")
        if ports is None:
            raise HarnessError(f"cluster {self.name!r} was never started")
        return ports

    def is_healthy(self) -> bool:
        """Do all its programs run, and does it answer? One that is under load is given time."""
        run = all(program.pid() for program in self.programs())
        return run and wait_until(lambda: self.answers(FIRST_OBJECT), 20)

    def await_answer(self, program: str, path: str, seconds: float) -> None:
        """Wait until a path is there; the program that should bring it tells why it is not."""
        blamed = Program(program, self.folder)
        wait_until(lambda: self.answers(path) or blamed.pid() is None, seconds)
        if not self.answers(path):
            raise blamed.failure(f"did not come up in {seconds:.0f} s" if blamed.pid() else "ended at once")

    def answers(self, path: str) -> bool:
        """Does the API server say 200 to the admin?"""
        pki = self.folder / "pki"
        try:
            context = ssl.create_default_context(cafile=str(pki / "ca.crt"))
            context.load_cert_chain(pki / "admin.crt", pki / "admin.key")
        except OSError:
            return False
        connection = http.client.HTTPSConnection(ADDRESS, self.ports().apiserver, context=context, timeout=5)
        try:
            connection.request("GET", path)
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
