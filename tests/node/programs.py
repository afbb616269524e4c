"""Programs in pods of an app of raw manifests, and kfctl beside them, running on."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from tests.node.page import CTRL_C

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

Body = dict[str, Any]
PYTHON = "docker.io/library/python:3.12-slim"


def container(program: str, name: str = "main", **more: Any) -> Body:
    """A container that runs a Python program."""
    command = ["python", "-uc", program]
    return {"name": name, "image": PYTHON, "imagePullPolicy": "IfNotPresent", "command": command, **more}


def pod(*containers: Body, policy: str = "Always", **more: Any) -> Body:
    """What a pod is made of; it ends at once when asked to."""
    return {
        "restartPolicy": policy,
        "terminationGracePeriodSeconds": 0,
        "containers": list(containers),
        **more,
    }


def deployment(name: str, spec: Body, replicas: int = 1) -> Body:
    template = {"metadata": {"labels": {"app": name}}, "spec": spec}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template},
    }


def job(name: str, program: str, completions: int = 1) -> Body:
    """A job whose pods are numbered."""
    return {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"name": name},
        "spec": {
            "completions": completions,
            "parallelism": completions,
            "completionMode": "Indexed",
            "backoffLimit": 0,
            "template": {"spec": pod(container(program), policy="Never")},
        },
    }


@contextmanager
def running(folder: Path, *words: str, kubeconfig: str) -> Iterator[subprocess.Popen[str]]:
    """Run kfctl beside the test; one that still runs at the end is interrupted."""
    environment = {**os.environ, "KUBECONFIG": kubeconfig, "HOME": str(folder), "NO_COLOR": "1"}
    command = [*CTRL_C, sys.executable, "-m", "kfctl", *words]
    with subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as process:
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(20)


def until(process: subprocess.Popen[str], text: str) -> list[str]:
    """Read what it prints up to the line that holds `text`."""
    assert process.stdout
    found = []
    for line in process.stdout:
        found.append(line.rstrip("\n"))
        if text in line:
            return found
    raise AssertionError(f"it ended without {text!r}: {found[-20:]}")
