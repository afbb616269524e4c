"""`kfctl import` of a ksonnet app: an app of kfctl, and a list of what it is not."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from kfctl.errors import ExitCode
from tests.cli.test_init import kubeconfig
from tests.outside import KSONNET

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cli.conftest import Shell

CONTEXTS = """\
apiVersion: v1
kind: Config
current-context: other
clusters:
- {name: katacoda, cluster: {server: "https://172.17.0.10:6443/"}}
- {name: old, cluster: {server: "https://10.0.0.1:443"}}
- {name: elsewhere, cluster: {server: "https://127.0.0.1:2"}}
users: [{name: u, user: {}}]
contexts:
- {name: tutorial, context: {cluster: katacoda, user: u}}
- {name: one, context: {cluster: old, user: u}}
- {name: two, context: {cluster: old, user: u}}
- {name: other, context: {cluster: elsewhere, user: u}}
"""


def loaded(shell: Shell, path: str) -> dict[str, Any]:
    """Return what a file of the app says, without its head."""
    value = yamltext.load(shell.read(path))
    return {key: item for key, item in value.items() if key not in ("apiVersion", "kind", "id", "minVersion")}


def test_what_deploy_sh_and_the_tutorial_left(anywhere: Shell) -> None:
    kubeconfig(anywhere, CONTEXTS)
    source = KSONNET / "kubeflow_ks_app"
    done = anywhere("import", str(source), "kubeflow")
    assert done.code == ExitCode.OK
    assert done.out.splitlines() == [
        "made the app kubeflow in kubeflow/",
        "environment default: context tutorial, namespace kubeflow",
        "component tf-job-operator: tf-job-operator, from components/kubeflow-core.jsonnet",
        "component jupyterhub: jupyterhub, from components/kubeflow-core.jsonnet",
        "component model-server: tf-serving, from components/model-server.jsonnet",
    ]
    assert loaded(anywhere, "kubeflow/kfctl.yaml") == {"name": "kubeflow"}
    assert loaded(anywhere, "kubeflow/components/tf-job-operator.yaml")["params"] == {}
    assert loaded(anywhere, "kubeflow/components/jupyterhub.yaml")["params"] == {
        "disks": ["disk01", "disk02"]
    }
    assert loaded(anywhere, "kubeflow/components/model-server.yaml")["params"] == {
        "modelPath": "/serving/inception-export",
        "modelServerImage": "katacoda/tensorflow_serving",
        "name": "inception",
        "numGpus": 1,
    }
    assert loaded(anywhere, "kubeflow/environments/default.yaml") == {
        "target": {"context": "tutorial", "namespace": "kubeflow"},
        "components": {
            "jupyterhub": {"jupyterHubServiceType": "LoadBalancer"},
            "model-server": {"numGpus": 0, "modelServerImage": None},
        },
    }


def test_what_became_of_kubeflow_core_is_told_with_its_lines(anywhere: Shell) -> None:
    kubeconfig(anywhere, CONTEXTS)
    source = KSONNET / "kubeflow_ks_app"
    told = anywhere("import", str(source), "kubeflow").err.splitlines()
    params = f"{source}/components/params.libsonnet"
    ambassador = "AmbassadorImage, AmbassadorServiceType, StatsdImage: there is no Ambassador any more"
    assert told[0] == "not carried over, or to be looked at (8):"
    assert told[1].startswith(f"  {params}:10: kubeflow-core: {ambassador}")
    assert told[2].startswith(f"  {params}:13: kubeflow-core: centralUiImage: there is no central dashboard")
    assert told[3].startswith(f"  {params}:15: kubeflow-core: disks: they name claims today")
    assert f"  {params}:28: kubeflow-core: tfJobVersion: TFJobs are of v1 today" in told
    assert any("allowInsecureAuth" in line for line in told)  # jupyterhub refuses what the app had
    assert told[-1] == "next: cd kubeflow"


def test_the_app_validates_once_it_is_told_what_it_needs(anywhere: Shell) -> None:
    assert anywhere("import", str(KSONNET / "kubeflow_ks_app"), "kubeflow").code == ExitCode.OK
    assert anywhere("--dir kubeflow validate").code == ExitCode.APP
    assert anywhere("--dir kubeflow param unset jupyterhub jupyterHubServiceType --env default").code == 0
    assert anywhere("--dir kubeflow validate").code == ExitCode.OK
    shown = anywhere("--dir kubeflow show -c model-server").out
    assert "image: tensorflow/serving:2.20.0\n" in shown  # the environment's "null" hides the image
    assert "nvidia.com/gpu" not in shown


def test_an_app_of_ks_0_8(anywhere: Shell) -> None:
    kubeconfig(anywhere, CONTEXTS)
    done = anywhere("import", str(KSONNET / "old"), "new")
    assert done.code == ExitCode.OK
    assert "environment default: no context yet, namespace ml\n" in done.out
    assert "the server https://10.0.0.1/: several contexts are for it (one, two)\n" in done.err
    assert "environment us-west/staging → us-west-staging\n" in done.err
    assert loaded(anywhere, "new/components/board.yaml")["params"] == {"logDir": "gs://logs"}
    assert loaded(anywhere, "new/components/train.yaml") == {
        "prototype": "tf-job",
        "params": {
            "image": "example.com/train:1",
            "args": ["python", "train.py", "--steps=100"],
            "num_workers": 2,
            "num_ps": 1,
        },
    }
    assert loaded(anywhere, "new/environments/default.yaml")["components"] == {"train": {"num_workers": 4}}
    assert "train.jsonnet: train: without the prototypes in vendor/ it can't be told" in done.err
    assert anywhere("--dir new validate").code == ExitCode.OK


def test_an_app_of_ks_0_13_with_all_that_stays_behind(anywhere: Shell) -> None:
    source = KSONNET / "new"
    done = anywhere("import", str(source), "app")
    assert done.code == ExitCode.OK
    assert loaded(anywhere, "app/kfctl.yaml") == {"name": "app", "globals": {"imagePullPolicy": "Always"}}
    assert loaded(anywhere, "app/components/serve.yaml")["params"] == {
        "replicas": 2,
        "s3Enable": True,
        "labels": {"team": "a", "tier": "b"},
    }
    assert loaded(anywhere, "app/environments/prod-eu.yaml") == {
        "target": {"namespace": "prod"},
        "globals": {"replicas": 5},  # in ksonnet it was stronger than the component's own 9
        "components": {"serve": {"version": "v3", "s3Enable": None}},
    }
    assert anywhere.read("app/components/quota/quota.yaml") == (source / "components/quota.yaml").read_text()
    assert "apiVersion: apps/v1" in anywhere.read("app/components/web-5fq2x/web-5fq2x.yaml")
    params = f"{source}/components/params.libsonnet"
    for line in (
        f"{source}/app.yaml: the targets of environment prod.eu: kfctl has no modules",
        f"{source}/app.yaml: the server https://prod.example.com: no context is for it",
        f"{source}/components/mod: mod is a module, and kfctl has none",
        f"{params}:3: globals: zone: today's prototype has no such parameter",
        f"{params}:7: serve: modelPath: it is a program, not a value: set what comes of it",
        f"{params}:8: serve: numGpus: numGpus must be at least 0, not -1",
        f"{params}:13: serve: color: today's prototype has no such parameter",
        f"{params}:16: parameters of gone, which is no component in components/",
        f"{source}/components/quota.yaml: the parameters of quota, a manifest",
        f"{source}/components/seldon.jsonnet: seldon is made from kubeflow/seldon/core.libsonnet, "
        "for which kfctl has no prototype",
        f"{source}/environments/base.libsonnet:2: a patch of serve",
        f"{source}/environments/prod.eu/params.libsonnet:6: prod.eu/nowhere: there is no such component",
    ):
        assert f"  {line}" in done.err.splitlines()
    assert done.err.count("kfctl param set serve modelPath VALUE") == 1


def test_an_edited_component_is_told(anywhere: Shell) -> None:
    source = copied(anywhere, "kubeflow_ks_app")
    file = source / "components/model-server.jsonnet"
    file.write_text(file.read_text().replace("{ name: name }", "{ name: name, replicas: 3 }"))
    told = anywhere("import", str(source), "app").err
    assert f"  {file}: model-server: its file was edited: what was changed there is left out\n" in told
    assert "kubeflow-core.jsonnet" not in told


def test_here_and_not_over_anything(anywhere: Shell) -> None:
    source = copied(anywhere, "old")
    assert anywhere("import", str(source)).code == ExitCode.OK
    assert loaded(anywhere, "kfctl.yaml")["name"] == "work"
    before = anywhere.files()
    again = anywhere("import", str(source))
    assert (again.code, anywhere.files()) == (ExitCode.USAGE, before)
    assert "is an app already" in again.err


def test_a_dry_run_leaves_nothing(anywhere: Shell) -> None:
    done = anywhere("import", str(KSONNET / "old"), "app", "--dry-run")
    assert done.code == ExitCode.OK
    assert done.out.startswith("would make the app app in app/\n")
    assert not list(anywhere.folder.iterdir())


def test_a_name_is_for_plain_yaml(anywhere: Shell) -> None:
    done = anywhere("import", str(KSONNET / "old"), "app", "--name", "x")
    assert done.code == ExitCode.USAGE
    assert not list(anywhere.folder.iterdir())


@pytest.mark.parametrize(
    ("path", "text", "message"),
    [
        ("components/params.libsonnet", "{ components: {", "params.libsonnet:1: the file ends too early"),
        ("environments/default/params.libsonnet", "1 + 1", "are not written as ksonnet writes them"),
        ("environments/default/spec.json", "{", "spec.json:2"),
    ],
)
def test_broken_files_are_told_and_the_rest_is_taken(
    anywhere: Shell, path: str, text: str, message: str
) -> None:
    source = copied(anywhere, "old")
    (source / path).write_text(text)
    done = anywhere("import", str(source), "app")
    assert done.code == ExitCode.OK
    assert message in done.err
    lost = f"warning: {source / path}:" in done.err and "nothing in this file was carried over" in done.err
    assert lost == (text != "1 + 1")
    assert loaded(anywhere, "app/components/train.yaml")["prototype"] == "tf-job"


def test_the_source_is_not_touched(anywhere: Shell) -> None:
    source = copied(anywhere, "kubeflow_ks_app")
    before = {file: file.read_bytes() for file in source.rglob("*") if file.is_file()}
    assert anywhere("import", str(source), "app").code == ExitCode.OK
    assert {file: file.read_bytes() for file in source.rglob("*") if file.is_file()} == before


def copied(shell: Shell, name: str) -> Path:
    """Return a copy of a ksonnet app, beside the shell's folder."""
    target = shell.folder.parent / "ksonnet" / name
    shutil.copytree(KSONNET / name, target)
    return target
