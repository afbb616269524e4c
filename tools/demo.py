"""`make demo`: the main job, from an empty folder to a model that answers, or to objects without a node."""

from __future__ import annotations

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tests.cluster.cache import HarnessError, say
from tests.cluster.controlplane import ControlPlane
from tests.cluster.node import debian
from tests.cluster.node.nodecluster import NodeCluster
from tests.node.page import Shell, steps
from tests.node.tutorial import CLEAN_UP, GIVEN, NAMESPACE, PAGE, alone, remove_earlier

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


KFCTL = Path(sys.executable).with_name("kfctl")
CLUSTER = "demo"  # of its own: a webhook without its operator would be in the way of the tests
NOT_READY = 6  # kfctl's exit code for "applied, not ready": all that a cluster without a node can give


@dataclass(frozen=True)
class Demo:
    """A folder to work in, and the cluster that kfctl and kubectl talk to."""

    folder: Path
    kubectl: Path | str
    environment: Mapping[str, str]
    context: str | None
    has_nodes: bool
    has_images: bool = False  # those of the tutorial, on a node of this machine

    def run(self, line: str, *, codes: tuple[int, ...] = (0,), folder: str = "kubeflow") -> None:
        """Show a command as a user types it, run it, and end the demo if it ends unexpectedly."""
        program, *args = shlex.split(line)
        argv = [KFCTL if program == "kfctl" else self.kubectl, *args]
        self.show_and_run(line, argv, self.folder / folder, codes)

    def show_and_run(self, line: str, argv: list[Any], folder: Path, codes: tuple[int, ...] = (0,)) -> None:
        """Show a command line and run what carries it out."""
        show(line)
        expected(line, subprocess.run(argv, cwd=folder, env={**os.environ, **self.environment}), codes)


def show(line: str) -> None:
    """Show a command line as it is typed."""
    print(f"\n\033[1m$ {line}\033[0m" if sys.stdout.isatty() else f"\n$ {line}", flush=True)


def expected(line: str, done: subprocess.CompletedProcess[Any], codes: tuple[int, ...] = (0,)) -> None:
    """End the demo if a command ended as it should not."""
    if done.returncode not in codes:
        raise SystemExit(f"demo: `{line}` ended with {done.returncode}, which was not expected")


def main() -> None:
    """Run the demo on the local control plane, or with --context on a cluster of the user's."""
    parser = argparse.ArgumentParser(prog="make demo", description=__doc__)
    parser.add_argument("--context", help="a context of your kubeconfig, such as minikube")
    context = parser.parse_args().context
    try:
        with demo(context) as ready:
            (tutorial if ready.has_images else tour)(ready)
            farewell(ready)
    except HarnessError as error:
        raise SystemExit(f"demo: {error}") from None


@contextmanager
def demo(context: str | None) -> Iterator[Demo]:
    """Make the working folder, and bring the local control plane up unless a context is given."""
    with alone(), tempfile.TemporaryDirectory(prefix="kfctl-demo-") as folder:
        if context:
            yield Demo(Path(folder), "kubectl", {}, context, has_nodes=True)
        else:
            reason = debian.why_not()
            if reason:
                say(f"{reason}; here the demo ends with the objects, on a control plane alone")
            cluster = (ControlPlane(CLUSTER) if reason else NodeCluster()).up()
            remove_earlier(cluster)
            programs = os.pathsep.join(map(str, (KFCTL.parent, cluster.kubectl_program.parent)))
            path = os.pathsep.join((programs, os.environ.get("PATH", os.defpath)))
            environment = {**cluster.environment(), "PATH": path}
            has_node = not reason
            yield Demo(Path(folder), cluster.kubectl_program, environment, None, has_node, has_node)


def tutorial(demo: Demo) -> None:
    """Type the lines of the tutorial, up to the model's answers."""
    for file in GIVEN.glob("*.yaml"):
        shutil.copy(file, demo.folder)
    shell = Shell(demo.folder, {**os.environ, **demo.environment})
    for step in steps(PAGE.read_text(encoding="utf-8").partition(CLEAN_UP)[0]):
        if step.last:
            show(step.command)
            expected(step.command, shell.interrupted(step, lambda line: print(line, end="", flush=True)))
        else:
            demo.show_and_run(step.command, shell.line(step.command), demo.folder)


def tour(demo: Demo) -> None:
    """Type the README's lines."""
    where = f" --context {demo.context}" if demo.context else ""
    # A cluster without a node runs no pods: apply says so at once and ends with 6.
    applied = (0, NOT_READY)
    demo.run(f"kfctl init kubeflow --namespace {NAMESPACE}{where}", folder=".")
    demo.run("kfctl generate tf-serving model-server --name=inception")
    demo.run("kfctl param set model-server modelPath /serving/inception-export")
    demo.run("kfctl param set model-server modelServerImage katacoda/tensorflow_serving")
    demo.run("kfctl param list")
    demo.run("kfctl show default -c model-server")
    demo.run("kfctl diff default -c model-server", codes=(10, 0))
    demo.run("kfctl apply default -c model-server --timeout 2m", codes=applied)
    demo.run("kfctl apply default --timeout 2m", codes=applied)
    demo.run("kfctl status default", codes=applied)
    kubectl = f"kubectl{where} --namespace {NAMESPACE}"
    demo.run(f"{kubectl} get deployments,statefulsets,services,configmaps,serviceaccounts")
    demo.run(f"{kubectl} get customresourcedefinitions tfjobs.kubeflow.org")


def farewell(demo: Demo) -> None:
    """Say what is left and how to remove it."""
    context = f" --context {demo.context}" if demo.context else ""
    lines = ["That was the whole of it: the objects are on the cluster."]
    if demo.has_images:
        lines = [
            "That was the tutorial (docs/tutorial.md), up to a trained model that is served and answers."
        ]
    elif not demo.has_nodes:
        lines += ["This cluster has no node, so no pod runs; every object is real, none can become ready."]
    lines += ["", "Look at them:"]
    if not demo.context:
        lines += [f"  export KUBECONFIG={demo.environment['KUBECONFIG']}"]
        lines += [f"  export PATH=$PATH:{Path(demo.kubectl).parent}"]
    lines += [f"  kubectl{context} --namespace {NAMESPACE} get all", "", "Remove them:"]
    lines += [
        f"  .venv/bin/kfctl delete --app kubeflow --env default --namespace {NAMESPACE}{context}"
        " --delete-data --delete-crds",
        f"  kubectl{context} delete namespace {NAMESPACE}",
    ]
    if not demo.context:
        lines += ["", "Or end the whole cluster: make cluster-down"]
    print("\n" + "\n".join(lines))


if __name__ == "__main__":
    main()
