"""JupyterHub in a real browser: who gets in, a notebook that runs TensorFlow, and what outlives what."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import TimeoutError as Timeout

from tests.cluster.node.nodecluster import NodeCluster
from tests.cluster.processes import wait_until
from tests.node.chromium import chromium

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page

    from tests.node.app import App

PICTURES = Path(__file__).parents[2] / "docs" / "tutorial"
HELLO = (
    "import tensorflow as tf\n"
    "hello = tf.constant('Hello, TensorFlow!')\n"
    "open('kept.txt', 'w').write(hello.numpy().decode())\n"
    "print(hello.numpy().decode(), 'from', tf.__version__)"
)
STATUSES = """
import http.client, sys
for host in sys.argv[1:]:
    connection = http.client.HTTPConnection("tf-hub-0", 8081)
    connection.request("GET", "/hub/login", headers={"Host": host})
    print(connection.getresponse().status)
"""
TYPED = {"cpu": "200m", "memory": "700Mi"}


@pytest.fixture(scope="module")
def window() -> Iterator[Page]:
    """A browser that nobody has logged in with."""
    with chromium() as page:
        yield page


@pytest.fixture(scope="module")
def hub(kubeflow: App) -> str:
    """Where the hub is."""
    return f"http://{kubeflow.address('tf-hub-lb')}"


@pytest.fixture(scope="module")
def notebook(kubeflow: App, window: Page, hub: str) -> Iterator[Page]:
    """The page of admin's server, started by the form; in the end admin stops it and logs out."""
    log_in(window, hub, "admin")
    form_says_what_is_wrong(window)
    spawn(window, TYPED)
    yield window
    stop(window, hub)
    window.goto(f"{hub}/hub/home")
    window.click("#logout")
    window.wait_for_selector("#login_submit")
    kubeflow.kubectl("wait", "--for=delete", "pod/jupyter-admin", "--timeout=60s")


def log_in(window: Page, hub: str, name: str, password: str = "") -> None:
    """Fill in the form of the login."""
    window.goto(f"{hub}/hub/login")
    window.fill("#username_input", name)
    window.fill("#password_input", password)
    picture(window, "login")
    window.click("#login_submit")
    window.wait_for_load_state()


def spawn(window: Page, typed: dict[str, str]) -> None:
    """Ask for a server in the form, and wait until JupyterLab is there."""
    fill_in(window, typed)
    picture(window, "form")
    window.click("#spawn_form [type=submit]")
    window.wait_for_selector("#jp-main-dock-panel", timeout=300_000)


def fill_in(window: Page, typed: dict[str, str]) -> None:
    """Choose "Other...", which takes the list its name, and type; fill() waits for the field to be seen."""
    for field, text in typed.items():
        typed_in = f"[data-name='profile-option-notebook--{field}--unlisted-choice']"
        option = window.locator(f".js-options-container:has({typed_in})")
        option.locator("select").select_option("unlisted-choice")
        option.locator("input").fill(text)


def form_says_what_is_wrong(window: Page) -> None:
    """See that "Other..." alone brings a field, what the browser finds wrong, and what the hub does."""
    fields = window.locator(".js-other-input")
    assert [field.is_visible() for field in fields.all()] == [False] * 4
    fill_in(window, {"image": "a b", "cpu": "-1"})
    assert [field.is_visible() for field in fields.all()] == [True, True, False, False]
    fill_in(window, {"memory": "1gb", "gpus": "1.5"})
    assert window.locator(".js-other-input:invalid").count() == 4
    fill_in(window, {**TYPED, "image": "", "gpus": "1"})  # browsers take what is empty for right
    window.click("#spawn_form [type=submit]")
    assert "Image can't be empty" in window.inner_text(".spawn-error-msg")


def stop(window: Page, hub: str) -> None:
    """Stop admin's server by its button, which does nothing before the page's program has come."""
    window.goto(f"{hub}/hub/home")

    def stopped() -> bool:
        if window.is_visible("#stop"):
            window.click("#stop")
        window.wait_for_timeout(1000)
        return not window.is_visible("#stop")

    assert wait_until(stopped, 120)


def picture(window: Page, name: str) -> None:
    """Take a picture for the tutorial's page, when asked for: KFCTL_PICTURES=1."""
    if os.environ.get("KFCTL_PICTURES") == "1":
        PICTURES.mkdir(exist_ok=True)
        window.screenshot(path=PICTURES / f"{name}.png")


def test_only_admin_with_a_blank_password_gets_in(window: Page, hub: str) -> None:
    for name, password in (("admin", "guess"), ("jovyan", ""), ("Admin2", "admin")):
        log_in(window, hub, name, password)
        assert "Invalid username or password" in window.inner_text(".login_error")


def test_who_is_taken_out_is_out(kubeflow: App, window: Page, hub: str) -> None:
    log_in(window, hub, "admin")
    window.wait_for_selector("#spawn_form")
    set_admins(kubeflow, '["bob"]')
    try:
        window.goto(f"{hub}/hub/home")
        assert "/hub/login" in window.url
        log_in(window, hub, "admin")
        assert "Invalid username or password" in window.inner_text(".login_error")
    finally:
        set_admins(kubeflow, '["admin"]')
        window.context.clear_cookies()  # they count again with the name


def set_admins(kubeflow: App, names: str) -> None:
    """Set the parameter and apply it, which is over when the new hub is ready."""
    kubeflow.done("param", "set", "jupyterhub", "adminUsers", names)
    kubeflow.done("apply", "default", "-c", "jupyterhub")


def test_the_pod_is_as_the_form_said(kubeflow: App, notebook: Page) -> None:
    pod = json.loads(kubeflow.kubectl("get", "pod/jupyter-admin", "-o", "json"))
    assert pod["status"]["phase"] == "Running"
    (container,) = pod["spec"]["containers"]
    assert container["image"] == "quay.io/jupyter/tensorflow-notebook:2026-08-07"
    assert container["resources"]["requests"] == TYPED


def test_a_cell_runs_tensorflow_and_home_survives_a_new_server(
    kubeflow: App, notebook: Page, hub: str
) -> None:
    notebook.click(".jp-LauncherCard[data-category=Notebook]")
    cell = notebook.locator(".jp-Notebook .cm-content").first
    cell.click()
    for line in HELLO.splitlines():
        notebook.keyboard.insert_text(line)
        notebook.keyboard.press("Enter")
    assert wait_until(lambda: started(notebook), 240)
    shown = notebook.locator(".jp-OutputArea-output", has_text="Hello, TensorFlow! from 2.21")
    shown.wait_for(timeout=240_000)
    picture(notebook, "notebook")
    notebook.keyboard.press("Control+s")
    stop(notebook, hub)
    kubeflow.kubectl("wait", "--for=delete", "pod/jupyter-admin", "--timeout=60s")
    assert wait_until(lambda: form_is_there(notebook, hub), 120)
    spawn(notebook, TYPED)
    kubeflow.kubectl("wait", "--for=create", "pod/jupyter-admin", "--timeout=60s")
    kubeflow.kubectl("wait", "--for=condition=Ready", "pod/jupyter-admin", "--timeout=120s")
    assert kubeflow.kubectl("exec", "jupyter-admin", "--", "cat", "kept.txt") == "Hello, TensorFlow!"


def form_is_there(window: Page, hub: str) -> bool:
    """Go to the form; a hub that has not seen yet that the server is gone shows another page."""
    window.goto(f"{hub}/hub/spawn")
    return window.is_visible("#spawn_form")


def started(notebook: Page) -> bool:
    """Run the chosen cell; JupyterLab forgets that while it has no kernel yet."""
    notebook.keyboard.press("Control+Enter")
    notebook.wait_for_timeout(2000)
    return notebook.locator(".jp-InputPrompt").first.inner_text().strip() != "[ ]:"


def test_hub_checks_the_host_of_requests_from_a_notebook(kubeflow: App, notebook: Page) -> None:
    service = f"tf-hub-lb.{kubeflow.namespace}.svc"
    hosts = ["evil.example", "tf-hub-0.evil.example", "tf-hub-0:8081", service]
    program = ["python3", "-c", STATUSES, *hosts]
    statuses = kubeflow.kubectl("exec", "jupyter-admin", "--", *program)
    assert statuses.split() == ["403", "403", "200", "200"]


@pytest.mark.parametrize("container", ["proxy", "tf-hub"])
def test_a_killed_container_heals_and_servers_run_on(
    kubeflow: App, notebook: Page, hub: str, container: str
) -> None:
    server = uid(kubeflow)
    restarts = killed(kubeflow, container)
    assert wait_until(lambda: state(kubeflow, container) == (restarts + 1, True), 90)
    reload: Callable[[], bool] = lambda: lab_answers(notebook, hub)  # noqa: E731
    assert wait_until(reload, 180), "the way to the user's server is found again"
    assert uid(kubeflow) == server


def lab_answers(window: Page, hub: str) -> bool:
    """Does JupyterLab come up in the browser, for the user who is logged in?"""
    try:
        answer = window.request.get(f"{hub}/user/admin/api/status", timeout=10_000)
    except Timeout:  # a hub whose proxy has lost the way sends the browser round in longer and longer turns
        return False
    return answer.ok and "started" in answer.json()


def uid(kubeflow: App) -> str:
    """Which pod admin's server is."""
    return kubeflow.kubectl("get", "pod/jupyter-admin", "-o", "jsonpath={.metadata.uid}")


def killed(kubeflow: App, name: str) -> int:
    """Kill a container of the hub's pod as the kernel would; how often it was restarted before."""
    status = container_status(kubeflow, name)
    container = status["containerID"].removeprefix("containerd://")
    NodeCluster().node.store.ctr("tasks", "kill", "--signal", "SIGKILL", container)
    return int(status["restartCount"])


def state(kubeflow: App, name: str) -> tuple[int, bool]:
    """How often a container of the hub's pod was restarted, and is it ready?"""
    status = container_status(kubeflow, name)
    return status["restartCount"], status["ready"]


def container_status(kubeflow: App, name: str) -> dict[str, object]:
    """What the kubelet says of a container of the hub's pod."""
    pod = json.loads(kubeflow.kubectl("get", "pod/tf-hub-0", "-o", "json"))
    return next(each for each in pod["status"]["containerStatuses"] if each["name"] == name)
