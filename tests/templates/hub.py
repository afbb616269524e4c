"""A hub as kfctl renders it, run on 127.0.0.1: its own commands, its own rights, a real API server."""

from __future__ import annotations

import http.cookiejar
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.parse
import urllib.request
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl import yamltext
from tests.templates.rendering import rendered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tests.cluster.access import Cluster
    from tests.templates.hubprograms import Programs

ALLOWED_BY = ("ServiceAccount", "Role", "RoleBinding")


@dataclass(frozen=True)
class Answer:
    """A page and where it came from in the end."""

    status: int
    url: str
    text: str


@dataclass
class Browser:
    """Somebody with cookies, who sends forms back as the pages want them."""

    url: str
    cookies: http.cookiejar.CookieJar = field(default_factory=http.cookiejar.CookieJar)

    def get(self, path: str, headers: Mapping[str, str] = {}) -> Answer:
        """Open a page."""
        return self._send(urllib.request.Request(self.url + path, headers=dict(headers)))

    def post(self, path: str, form: Mapping[str, str]) -> Answer:
        """Send a form, with the word against forged ones that the hub gave this browser."""
        body = urllib.parse.urlencode({**form, "_xsrf": self._word()}).encode()
        return self._send(urllib.request.Request(self.url + path, body))

    def token(self, name: str) -> Mapping[str, str]:
        """Return the header with a token of that user's, made as the hub's own page does."""
        self.get("/hub/token")
        path = f"/hub/api/users/{name}/tokens"
        headers = {"X-XSRFToken": self._word(), "Content-Type": "application/json"}
        made = json.loads(self._send(urllib.request.Request(self.url + path, b"{}", headers)).text)
        return {"Authorization": f"token {made['token']}"}

    def login(self, name: str, password: str) -> Answer:
        """Log in by the form; the answer is the page that follows."""
        self.get("/hub/login")
        return self.post("/hub/login", {"username": name, "password": password})

    def is_logged_in(self, base: str = "") -> bool:
        """Return whether the hub shows this browser a user's home page."""
        try:
            home = self.get(f"{base}/hub/home")
        except OSError:  # a redirect to the login page of a provider that does not exist
            return False
        return home.status == 200 and home.url == f"{self.url}{base}/hub/home"

    def sign_up(self, name: str, password: str) -> Answer:
        """Create an account by the form of NativeAuthenticator."""
        self.get("/hub/signup")
        passwords = {"signup_password": password, "signup_password_confirmation": password}
        return self.post("/hub/signup", {"username": name, **passwords})

    def _word(self) -> str:
        words = [cookie.value or "" for cookie in self.cookies if cookie.name == "_xsrf"]
        return words[-1] if words else ""

    def _send(self, request: urllib.request.Request) -> Answer:
        opener = urllib.request.build_opener(urllib.request.HTTPCookieProcessor(self.cookies))
        try:
            with opener.open(request, timeout=60) as answer:
                return Answer(answer.status, answer.url, answer.read().decode())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.url, error.read().decode())


@dataclass
class RunningHub:
    """Hub and proxy as processes of ours."""

    local: Local
    base: str
    environment: Mapping[str, str]
    containers: Sequence[Mapping[str, Any]]
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where users go: the proxy."""
        return f"http://127.0.0.1:{self.local.proxy_port}"

    def browser(self) -> Browser:
        """Return somebody who has not logged in yet."""
        return Browser(self.url)

    def notebook(self) -> Browser:
        """Return a program in a notebook, which reaches the hub's own port without the proxy."""
        return Browser(f"http://127.0.0.1:{self.local.hub_port}")

    def start(self) -> None:
        """Start both and wait until the hub says that it is well; AssertionError with its log otherwise."""
        for container in self.containers:
            self.restart(container["name"], wait=False)
        self.await_health()

    def configure(self, params: Mapping[str, Any]) -> None:
        """Start the hub anew with other parameters, as an apply does."""
        self.local.write(configuration(r.body for r in rendered("jupyterhub", params)))
        self.restart("tf-hub")

    def restart(self, name: str, *, wait: bool = True) -> None:
        """End a container as one that dies, and start it anew."""
        if name in self.processes:
            end(self.processes.pop(name))
        container = next(c for c in self.containers if c["name"] == name)
        self.processes[name] = spawned(self.local, container, self.environment)
        if wait:
            self.await_health()

    def await_health(self) -> None:
        """Wait until the hub answers its own probe and the proxy knows the way to it."""
        hub = f"http://127.0.0.1:{self.local.hub_port}"
        for url in (hub, self.url):
            if not eventually(lambda url=url: Browser(url).get(f"{self.base}/hub/health").status == 200):
                raise AssertionError(f"the hub does not run:\n{self.log('tf-hub')}\n{self.log('proxy')}")

    def log(self, name: str) -> str:
        """What a container said so far."""
        return (self.local.folder / f"{name}.log").read_text(errors="replace")[-6000:]

    def stop(self) -> None:
        """End both at once: a hub takes its time to end, and nothing of this one is kept."""
        for process in self.processes.values():
            end(process)


def eventually(holds: Callable[[], bool], seconds: float = 90) -> bool:
    """Does it hold at some moment of that time?"""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        try:
            if holds():
                return True
        except OSError:
            pass
        time.sleep(0.2)
    return False


@dataclass(frozen=True)
class Place:
    """What a hub runs with: programs, rights, and a folder for what its pod's volumes hold."""

    programs: Programs
    cluster: Cluster
    namespace: str
    folder: Path

    def pod(self, name: str) -> dict[str, Any]:
        """Return a pod of the namespace, once it is there."""
        self.cluster.kubectl("wait", "--for=create", f"pod/{name}", "-n", self.namespace, "--timeout=60s")
        return self.find(f"pod/{name}")

    def find(self, what: str) -> dict[str, Any]:
        """Return an object of the namespace."""
        found: dict[str, Any] = json.loads(
            self.cluster.kubectl("get", what, "-n", self.namespace, "-o", "json")
        )
        return found

    @contextmanager
    def hub(self, params: Mapping[str, Any], secret: Mapping[str, str] = {}) -> Iterator[RunningHub]:
        """Start what the StatefulSet's containers run; pod paths and ports become ones of this machine."""
        objects = {f"{r.kind}/{r.name}": dict(r.body) for r in rendered("jupyterhub", params)}
        spec = objects["StatefulSet/tf-hub"]["spec"]["template"]["spec"]
        kubeconfig = account(self.cluster, self.namespace, objects.values(), self.folder)
        local = Local(self.folder, *free_ports(3))
        local.write(configuration(objects.values()))
        hub, proxy = spec["containers"]
        environment = {
            "PATH": self.programs.path(),
            "KUBECONFIG": str(kubeconfig),
            "POD_NAMESPACE": self.namespace,
            **local.environment(),
            **variables(hub, secret),
        }
        subprocess.run(local.command(spec["initContainers"][0]), env=environment, check=True)
        with ExitStack() as processes:
            running = RunningHub(local, params.get("baseUrl", "/").rstrip("/"), environment, [hub, proxy])
            processes.callback(running.stop)
            running.start()
            yield running


def configuration(bodies: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Return the files of the volume with the hub's configuration, which has a ConfigMap and a Secret."""
    sources = [body for body in bodies if body["kind"] in ("ConfigMap", "Secret")]
    return {
        name: text
        for body in sources
        for name, text in {**body.get("data", {}), **body.get("stringData", {})}.items()
    }


def variables(container: Mapping[str, Any], secret: Mapping[str, str]) -> dict[str, str]:
    """Return a container's environment; `secret` is what is in the Secrets it names, by key."""
    found = {}
    for variable in container["env"]:
        asked = variable.get("valueFrom", {}).get("secretKeyRef")
        if asked or "value" in variable:
            found[variable["name"]] = secret[asked["key"]] if asked else variable["value"]
    return found


@dataclass(frozen=True)
class Local:
    """Where on this machine a pod's files and ports are."""

    folder: Path
    hub_port: str
    proxy_port: str
    proxy_api_port: str

    def environment(self) -> dict[str, str]:
        """Return what tells the hub's configuration of them."""
        return {
            "HUB_HOST": "127.0.0.1",
            "HUB_STATE": str(self.folder / "state"),
            "HUB_RUN": str(self.folder / "run"),
            "HUB_PORT": self.hub_port,
            "PROXY_PORT": self.proxy_port,
            "PROXY_API_PORT": self.proxy_api_port,
        }

    def write(self, files: Mapping[str, str]) -> None:
        """Lay out the volumes of the pod."""
        for volume in ("config", "state", "run"):
            (self.folder / volume).mkdir(parents=True, exist_ok=True)
        for name, text in files.items():
            (self.folder / "config" / name).write_text(text, encoding="utf-8")

    def command(self, container: Mapping[str, Any]) -> list[str]:
        """Return a container's command with paths and ports of this machine."""
        return [self._here(argument) for argument in [*container["command"], *container.get("args", [])]]

    def _here(self, argument: str) -> str:
        here = {
            "/etc/config": str(self.folder / "config"),
            "/run/hub": str(self.folder / "run"),
            "8081": self.hub_port,
            "8000": self.proxy_port,
            "8001": self.proxy_api_port,
        }
        return re.sub("|".join(here), lambda found: here[found[0]], argument)


def account(cluster: Cluster, namespace: str, objects: Iterable[Mapping[str, Any]], folder: Path) -> Path:
    """Give the hub its own account with the rights that are rendered; return a kubeconfig with its token."""
    allowed = [json.loads(json.dumps(body)) for body in objects if body["kind"] in ALLOWED_BY]
    for body in allowed:
        for named in [body["metadata"], *body.get("subjects", [])]:
            named["namespace"] = namespace
    cluster.kubectl("apply", "--server-side", "-f", "-", input=yamltext.dump_all(allowed))
    token = cluster.kubectl("create", "token", "jupyter-hub", "--namespace", namespace).strip()
    config = json.loads(cluster.kubectl("config", "view", "--raw", "--minify", "-o", "json"))
    config["users"] = [{"name": "hub", "user": {"token": token}}]
    config["contexts"][0]["context"]["user"] = "hub"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "kubeconfig"
    path.write_text(json.dumps(config), encoding="utf-8")
    return path


def spawned(
    local: Local, container: Mapping[str, Any], environment: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    """Start what a container runs, with a log of its name."""
    program, *arguments = local.command(container)
    with (local.folder / f"{container['name']}.log").open("ab") as log:
        return subprocess.Popen(
            [shutil.which(program, path=environment["PATH"]) or program, *arguments],
            env=environment,
            cwd=local.folder / "state",
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )


def end(process: subprocess.Popen[bytes]) -> None:
    """End a process and all that it started (the hub's services, in sessions of their own), at once."""
    with suppress(ProcessLookupError):
        process.send_signal(signal.SIGSTOP)  # it starts nothing more
    for pid in [*descendants(process.pid), process.pid]:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def descendants(pid: int) -> list[int]:
    """Return the processes that a process started, and those that they did."""
    stats = Path("/proc").glob("[0-9]*/stat")
    children = [int(stat.parent.name) for stat in stats if parent(stat) == pid]
    return [*children, *(grandchild for child in children for grandchild in descendants(child))]


def parent(stat: Path) -> int:
    """Return the parent in a process's line of the kernel; 0 when the process is gone."""
    try:
        return int(stat.read_text(errors="replace").rpartition(")")[2].split()[1])
    except (OSError, IndexError):
        return 0


def free_ports(count: int) -> list[str]:
    """Return ports that nobody listens on; held until the last is found, so that they differ."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for listener in sockets:
            listener.bind(("127.0.0.1", 0))
        return [str(listener.getsockname()[1]) for listener in sockets]
