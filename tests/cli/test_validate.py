"""`kfctl validate`, offline and by a real API server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tests.cli.world import FILES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cli.conftest import Shell
    from tests.cluster.access import Cluster
    from tests.conftest import Run

RAW = "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n"


def config_map(name: str, data: str = "{a: b}") -> str:
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata: {data}\n---\n"


def raw(shell: Shell, text: str) -> None:
    """Add a component of raw manifests."""
    (shell.folder / "components/raw.yaml").write_text(RAW)
    (shell.folder / "components/raw").mkdir(exist_ok=True)
    (shell.folder / "components/raw/all.yaml").write_text(text)


def test_nothing_wrong(shell: Shell) -> None:
    done = shell("validate")
    assert (done.code, done.out, done.err) == (0, "default: 2 objects checked offline, nothing wrong\n", "")
    assert shell("validate prod -c web").out == "prod: 1 object checked offline, nothing wrong\n"


@pytest.mark.parametrize(
    ("manifest", "error"),
    [
        (config_map("No_Good"), "No_Good"),
        (config_map("x") + config_map("x"), "ConfigMap/x"),
        (config_map("web"), "ConfigMap/web"),  # as the component web has it
        ("kind: ConfigMap\nmetadata: {name: x}\n", "apiVersion"),
        ("apiVersion: v1\nmetadata: {name: x}\n", "kind"),
        ("- a\n- b\n", "components/raw/all.yaml:1"),
    ],
)
def test_what_kubernetes_would_not_take(shell: Shell, manifest: str, error: str) -> None:
    raw(shell, manifest)
    done = shell("validate")
    assert (done.code, done.out) == (1, "")
    assert error in done.err
    assert shell("validate -c web").code == 0


WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: two}
spec:
  replicas: two
  selector: {matchLabels: {app: two}}
  template:
    metadata: {labels: {app: two}}
    spec:
      containers:
      - name: main
        image: Nginx:1
        imagePullPolcy: Always
"""


def test_fields_of_the_wrong_type_are_told_with_their_lines(shell: Shell) -> None:
    raw(shell, config_map("fine") + WORKLOAD)
    done = shell("validate")
    assert (done.code, done.out) == (1, "")
    place, spec = "kfctl: components/raw/all.yaml", "raw: Deployment/two spec"
    assert done.err.splitlines() == [
        f"{place}:10:3: {spec}.replicas must be an integer, not 'two'",
        f"{place}:17:9: {spec}.template.spec.containers[0].image must be an image such as "
        "ghcr.io/org/name:tag, in lower case up to its tag, not 'Nginx:1'",
        f"{place}:18:9: {spec}.template.spec.containers[0].imagePullPolcy is not known here: "
        "did you mean imagePullPolicy?",
    ]


def test_a_patch_is_told_by_its_own_place(shell: Shell) -> None:
    good = WORKLOAD.replace("two\n  sel", "2\n  sel").replace("Nginx", "nginx").replace("Polcy", "Policy")
    raw(shell, good)
    assert shell("validate").code == 0
    patches = """\
patches:
- target: {kind: Deployment}
  merge: {spec: {replicaz: 3}}
- target: {kind: Deployment}
  merge: {spec: {template: {spec: {containers: [{name: main, command: sh}]}}}}
"""
    (shell.folder / "components/raw.yaml").write_text(RAW + patches)
    done = shell("validate")
    assert done.code == 1
    file, spec = "kfctl: components/raw.yaml", "raw: Deployment/two spec"
    assert done.err.splitlines() == [
        f"{file}:5:3: {spec}.replicaz is not known here: did you mean replicas?",
        f"{file}:7:3: {spec}.template.spec.containers[0].command must be a list, not 'sh'",
    ]


def test_parameters_are_checked_first(shell: Shell) -> None:
    shell("param unset web path")
    done = shell("validate")
    assert done.code == 1
    assert "path is required" in done.err


def test_by_the_api_server(
    kfctl: Callable[..., Run], write_tree: Callable[..., object], cluster: Cluster, namespace: str
) -> None:
    environment = FILES["environments/default.yaml"].replace("dev", namespace)
    write_tree({**FILES, "environments/default.yaml": environment})
    context = cluster.kubectl("config", "current-context").strip()
    given = ("--kubeconfig", str(cluster.kubeconfig), "--context", context)
    done = kfctl("validate", "--server", *given)
    assert (done.code, done.err) == (0, "")
    assert done.out.startswith("default: 2 objects checked by https://")
    odd = "---\napiVersion: x.y/v1\nkind: Nosuch\nmetadata: {name: none-such}\n"
    write_tree({"components/raw.yaml": RAW, "components/raw/all.yaml": config_map("fine") + odd})
    done = kfctl("validate", "--server", *given)
    assert (done.code, done.out) == (1, "")
    refused = "raw: Nosuch/none-such is refused: the cluster knows no Nosuch of x.y/v1"
    assert done.err.startswith(f"kfctl: components/raw/all.yaml:7: {refused}\n")
    assert "fine" not in done.err
    assert cluster.kubectl("get", "configmap", "--namespace", namespace, "-o", "name").split() == [
        "configmap/kube-root-ca.crt"
    ]


def test_what_could_not_be_tried_is_not_counted(
    kfctl: Callable[..., Run], write_tree: Callable[..., object], cluster: Cluster
) -> None:
    environment = FILES["environments/default.yaml"].replace("dev", "kfctl-test-of-no-namespace")
    write_tree({**FILES, "environments/default.yaml": environment})
    context = cluster.kubectl("config", "current-context").strip()
    done = kfctl("validate", "--server", "--kubeconfig", str(cluster.kubeconfig), "--context", context)
    assert done.code == 0
    assert done.out.startswith("default: 0 objects checked by https://")
    assert done.out.endswith(", nothing wrong; 2 could not be tried\n")


def test_findings_as_a_list(shell: Shell) -> None:
    assert (shell("validate -o json").code, json.loads(shell("validate -o json").out)) == (0, [])
    raw(shell, WORKLOAD.replace("name: two", "name: No_Good"))
    done = shell("validate -o json")
    assert done.code == 1
    (first, *_) = json.loads(done.out)
    assert (first["severity"], first["path"]) == ("error", "components/raw/all.yaml")
    assert first["line"] and "No_Good" in first["message"]
    (shell.folder / "components/web.yaml").write_text("params: [\n")  # what can't be examined at all
    done = shell("validate -o json")
    assert done.code == 1
    assert {each["path"] for each in json.loads(done.out)} == {"components/web.yaml"}
