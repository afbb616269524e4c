"""`kfctl import` of plain YAML: kept as it is written, and what must change is said."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from kfctl.errors import ExitCode
from tests.outside import OLD_JOBS, TUTORIAL

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.cli.conftest import Shell
    from tests.conftest import Run

CONFIG = """\
# a comment
apiVersion: v1
kind: ConfigMap   # the kind
metadata: {name: settings}
data:
    b: "2"
    a: "on"
"""


def bare(text: str) -> str:
    """Return an object's text with nothing in it but its identity."""
    kind, _, name = text.partition("/")
    version = {"Deployment": "apps/v1"}.get(kind, "v1")
    return f"apiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}}}\n"


@pytest.fixture
def app(anywhere: Shell) -> Shell:
    """A shell in an app without components."""
    assert anywhere("init --bare").code == ExitCode.OK
    return anywhere


def outside(shell: Shell, name: str, text: str) -> Path:
    """Write a file beside the app."""
    path = shell.folder.parent / "outside" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def objects(shell: Shell) -> list[dict[str, Any]]:
    """Return what the app renders."""
    shown = shell("show")
    assert shown.code == ExitCode.OK, shown.err
    return yamltext.load_all(shown.out)


def without_marks(bodies: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return objects without what kfctl puts on every one."""
    plain = []
    for body in bodies:
        metadata = {key: value for key, value in body["metadata"].items() if key != "namespace"}
        ours = ("kfctl.dev/", "app.kubernetes.io/managed-by", "app.kubernetes.io/part-of")
        labels = {k: v for k, v in metadata.pop("labels", {}).items() if not k.startswith(ours)}
        plain.append({**body, "metadata": {**metadata, **({"labels": labels} if labels else {})}})
    return sorted(plain, key=lambda body: (body["kind"], body["metadata"]["name"]))


def test_a_file_is_kept_byte_for_byte(app: Shell) -> None:
    path = outside(app, "Set.Of.yaml", "\ufeff" + CONFIG.replace("\n", "\r\n") + "---\r\n# nothing\r\n")
    done = app("import", str(path))
    assert (done.code, done.out) == (
        0,
        "made components/set-of.yaml: 1 object in components/set-of/Set.Of.yaml\n",
    )
    assert done.err == "next: kfctl show -c set-of\n"
    kept = app.folder / "components/set-of/Set.Of.yaml"
    assert kept.read_bytes() == path.read_bytes()
    assert yamltext.load(app.read("components/set-of.yaml"))["prototype"] == "manifests"


def test_the_tutorials_ports(app: Shell) -> None:
    path = TUTORIAL / "katacoda.yaml"
    done = app("import", str(path))
    assert done.code == ExitCode.OK
    assert done.err == "next: kfctl show -c katacoda\n"
    assert app.read("components/katacoda/katacoda.yaml") == path.read_text()
    assert without_marks(objects(app)) == without_marks(yamltext.load_all(path.read_text()))
    odd = app("validate").err
    assert (
        "Service/ambassador-katacoda selects service=ambassador, and no object of the app makes such pods"
        in odd
    )
    assert "Service/centraldashboard-katacoda selects app=centraldashboard, and no object" in odd


def test_beside_the_hub_its_service_selects_something(anywhere: Shell) -> None:
    assert anywhere("init").code == ExitCode.OK
    assert anywhere("import", str(TUTORIAL / "katacoda.yaml")).code == ExitCode.OK
    odd = anywhere("validate").err
    assert "tf-hub-lb-katacoda" not in odd
    assert odd.count("no object of the app makes such pods") == 2


def test_the_tutorials_client(app: Shell) -> None:
    path = TUTORIAL / "model-client-job.yaml"
    assert app("import", str(path), "--name", "client").code == ExitCode.OK
    assert app.read("components/client/model-client-job.yaml") == path.read_text()
    (job,) = objects(app)
    assert job["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] == "Never"


def test_the_tutorials_job(app: Shell) -> None:
    path = TUTORIAL / "example.yaml"
    done = app("import", str(path))
    assert done.code == ExitCode.OK
    assert done.err.splitlines()[:2] == [
        f"{path}:1: apiVersion: kubeflow.org/v1alpha2 → kubeflow.org/v1",
        f"{path}:5: spec.runPolicy.cleanPodPolicy: Running is added: "
        "v1 would leave parameter servers running when the job is done",
    ]
    kept = app.read("components/example/example.yaml")
    assert kept == path.read_text().replace("v1alpha2", "v1") + "  runPolicy:\n    cleanPodPolicy: Running\n"
    assert app("validate").code == ExitCode.OK


def test_the_list_of_replicas_becomes_a_map_and_comments_stay(app: Shell) -> None:
    path = OLD_JOBS / "v1alpha1.yaml"
    done = app("import", str(path), "--name", "job")
    assert done.code == ExitCode.OK
    said = done.err.splitlines()
    for line in (
        f"{path}:1: apiVersion: kubeflow.org/v1alpha1 → kubeflow.org/v1",
        f"{path}:8: spec.replicaSpecs[0] (tfReplicaType: MASTER) → spec.tfReplicaSpecs.Chief",
        f"{path}:19: spec.replicaSpecs[1].tfPort: 2223 → a port of its container, called tfjob-port",
        f"{path}:17: spec.replicaSpecs[1] (tfReplicaType: WORKER) → spec.tfReplicaSpecs.Worker",
        f"{path}:34: spec.terminationPolicy is left out: in v1 Chief 0 decides over the job's end anyway",
        f"{path}:39: spec.schedulerName → spec.replicaSpecs[0].template.spec.schedulerName",
    ):
        assert line in said
    assert not any("warning" in line for line in said)
    kept = app.read("components/job/v1alpha1.yaml")
    assert "  # one of each, and two servers\n  tfReplicaSpecs:\n    Chief:\n      replicas: 1\n" in kept
    assert "    # the workers\n    Worker:\n      replicas: 1\n" in kept
    spec = yamltext.load(kept)["spec"]
    assert list(spec) == ["tfReplicaSpecs", "runPolicy"]
    assert {name: (r["replicas"], r["restartPolicy"]) for name, r in spec["tfReplicaSpecs"].items()} == {
        "Chief": (1, "OnFailure"),
        "Worker": (1, "OnFailure"),
        "PS": (2, "OnFailure"),
    }
    worker = spec["tfReplicaSpecs"]["Worker"]["template"]["spec"]
    assert worker["schedulerName"] == "kube-batch"
    assert worker["containers"][0]["ports"] == [{"name": "tfjob-port", "containerPort": 2223}]


def test_what_cannot_be_carried_over_is_a_warning(app: Shell) -> None:
    path = OLD_JOBS / "2017.yaml"
    done = app("import", str(path), "--name", "job")
    assert done.code == ExitCode.OK
    assert f"{path}:2: kind: TfJob → TFJob" in done.err
    assert f"warning: {path}:23: spec.replicaSpecs[2] has no template: the old operator ran" in done.err


def test_a_folder_with_all_below_it(app: Shell) -> None:
    outside(app, "deploy/a.yaml", bare("ConfigMap/a"))
    outside(app, "deploy/more/b.yml", bare("ConfigMap/b"))
    outside(app, "deploy/c.json", '{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "c"}}')
    outside(app, "deploy/README.md", "read me")
    outside(app, "deploy/.hidden.yaml", "{{")
    path = outside(app, "deploy/empty.yaml", "# later\n")
    done = app("import", str(path.parent))
    assert done.code == ExitCode.OK
    assert done.out == "made components/deploy.yaml: 3 objects in 3 files in components/deploy/\n"
    assert f"warning: {path}: holds no objects, and is left out\n" in done.err
    assert "no manifests, and left out: README.md\n" in done.err
    assert sorted(name for name in app.files() if name.startswith("components/deploy/")) == [
        "components/deploy/a.yaml",
        "components/deploy/c.json",
        "components/deploy/more/b.yml",
    ]
    assert [body["metadata"]["name"] for body in objects(app)] == ["a", "b", "c"]


def test_standard_input(app: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    assert app("import -").code == ExitCode.USAGE
    reading, writing = os.pipe()
    with os.fdopen(writing, "w") as stream:
        stream.write(CONFIG)
    with os.fdopen(reading) as stream:
        monkeypatch.setattr("sys.stdin", stream)
        assert app("import - --name piped").code == ExitCode.OK
    assert app.read("components/piped/piped.yaml") == CONFIG


def test_a_pipe_of_the_shell(kfctl: Callable[..., Run], tmp_path: Path) -> None:
    assert kfctl("init", "--bare", "app").code == ExitCode.OK
    script = f"cd app && {sys.executable} -m kfctl import <(cat) --name piped"
    done = subprocess.run(["bash", "-c", script], cwd=tmp_path, input=CONFIG, text=True, capture_output=True)
    assert done.returncode == ExitCode.OK, done.stderr
    assert (tmp_path / "app/components/piped/piped.yaml").read_text() == CONFIG


def test_a_dry_run_says_all_and_writes_nothing(app: Shell) -> None:
    before = app.files()
    done = app("import", str(TUTORIAL / "example.yaml"), "--dry-run")
    assert (done.code, app.files()) == (0, before)
    assert "would make components/example.yaml: 1 object" in done.out
    assert "→ kubeflow.org/v1" in done.err


def test_apis_that_are_gone(app: Shell) -> None:
    path = outside(app, "old.yaml", OLD)
    done = app("import", str(path))
    assert done.code == ExitCode.OK
    kept = app.read("components/old/old.yaml")
    assert kept.count("# keep me") == OLD.count("# keep me")
    found = yamltext.load_all(kept)
    by_kind = {body["kind"]: body for each in found for body in each.get("items", [each])}
    assert {kind: body["apiVersion"] for kind, body in by_kind.items()} == {
        "Deployment": "apps/v1",
        "Ingress": "networking.k8s.io/v1",
        "ClusterRole": "rbac.authorization.k8s.io/v1",
        "CronJob": "batch/v1",
        "CustomResourceDefinition": "apiextensions.k8s.io/v1beta1",
    }
    assert by_kind["Deployment"]["spec"]["selector"] == {"matchLabels": {"app": "web"}}
    assert "rollbackTo" not in by_kind["Deployment"]["spec"]
    rule = by_kind["Ingress"]["spec"]["rules"][0]["http"]["paths"][0]
    assert rule == {
        "path": "/*",
        "pathType": "ImplementationSpecific",
        "backend": {"service": {"name": "envoy", "port": {"number": 8080}}},
    }
    assert by_kind["Ingress"]["spec"]["defaultBackend"] == {
        "service": {"name": "web", "port": {"name": "http"}}
    }
    gone = "is of apiextensions.k8s.io/v1beta1, which is gone since Kubernetes 1.22"
    assert f"warning: {path}:46: CustomResourceDefinition/things.example.com {gone}" in done.err
    assert done.err.count("since Kubernetes 1.22: its schema has to be written for v1") == 1
    assert f"{path}:2: apiVersion: extensions/v1beta1 → apps/v1 (gone since Kubernetes 1.16)" in done.err


OLD = """\
# keep me
apiVersion: extensions/v1beta1
kind: Deployment
metadata: {name: web}
spec:
  rollbackTo: {revision: 1}
  template:
    metadata:
      labels: {app: web} # keep me
    spec:
      containers: [{name: web, image: "example.com/web:1"}]
---
apiVersion: extensions/v1beta1
kind: Ingress
metadata: {name: envoy-ingress} # keep me
spec:
  backend: {serviceName: web, servicePort: http}
  rules:
  - http:
      paths:
      - path: /*  # keep me
        backend:
          serviceName: envoy
          servicePort: 8080
---
apiVersion: rbac.authorization.k8s.io/v1beta1
kind: ClusterRole
metadata: {name: reader}
rules: []
---
apiVersion: v1
kind: List
items:
- apiVersion: batch/v1beta1 # keep me
  kind: CronJob
  metadata: {name: nightly}
  spec:
    schedule: "0 0 * * *"
    jobTemplate:
      spec:
        template:
          spec:
            restartPolicy: Never
            containers: [{name: c, image: "example.com/c:1"}]
---
apiVersion: apiextensions.k8s.io/v1beta1
kind: CustomResourceDefinition
metadata: {name: things.example.com}
"""


def test_what_was_taken_from_a_cluster(app: Shell) -> None:
    path = outside(
        app,
        "live.yaml",
        CONFIG.replace(
            "metadata: {name: settings}",
            "metadata:\n  name: settings # its name\n  uid: 0e5f\n  resourceVersion: '12'\n"
            "  creationTimestamp: null\n  annotations:\n"
            "    kubectl.kubernetes.io/last-applied-configuration: '{}'",
        )
        + "status: {}\n",
    )
    done = app("import", str(path))
    said = "uid, resourceVersion, creationTimestamp, kubectl.kubernetes.io/last-applied-configuration, status"
    assert f"{path}:6: {said} left out: the API server writes them\n" in done.err
    assert app.read("components/live/live.yaml") == CONFIG.replace(
        "metadata: {name: settings}", "metadata:\n  name: settings # its name\n  annotations: {}"
    )


def test_what_cannot_be_edited_is_written_anew(app: Shell) -> None:
    text = bare("ConfigMap/a") + "data: &d {x: '1'} # why\nbinaryData: *d\nstatus: &s {}\nmore: *s\n"
    path = outside(app, "shared.yaml", text)
    done = app("import", str(path))
    assert done.code == ExitCode.OK
    assert f"warning: {path}: had to be written anew: its comments are gone\n" in done.err
    assert yamltext.load(app.read("components/shared/shared.yaml"))["more"] == {}


def test_json_stays_json(app: Shell) -> None:
    path = outside(
        app, "a.json", '{"apiVersion": "batch/v1beta1", "kind": "CronJob", "metadata": {"name": "c"}}'
    )
    assert app("import", str(path)).code == ExitCode.OK
    assert '  "apiVersion": "batch/v1",\n' in app.read("components/a/a.json")


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("a: [", 2, "did not find expected node content"),
        ("image: {{ .Values.image }}\n", 1, "this is a template of Helm"),
        (
            bare("Pod/a") + "spec: {x: '{{ .Values.image }}'}\n",
            4,
            "this is a template of Helm, not a manifest",
        ),
        ("name: ci\non: push\n", 1, "an object without apiVersion"),
        ("services: {web: {image: x}}\n", 1, "an object without apiVersion"),
        ("apiVersion: v1\nkind: Pod\nmetadata: {generateName: p-}\n", 1, "generateName won't do"),
        (bare("Pod/a") + "---\n" + bare("Pod/a"), 5, "Pod/a is there twice"),
        ("- 1\n", 1, "this is a list, not an object"),
        ("# nothing\n", 0, "there are no Kubernetes objects in it"),
        ("", 0, "there are no Kubernetes objects in it"),
        (bare("List/x").replace("metadata", "items: [1]\nmetadata"), 3, "this is an integer, not an object"),
    ],
)
def test_what_is_no_manifest(app: Shell, text: str, line: int, message: str) -> None:
    path, before = outside(app, "x.yaml", text), app.files()
    done = app("import", str(path))
    assert (done.code, done.out, app.files()) == (ExitCode.APP, "", before)
    assert message in done.err
    assert f"kfctl: {path}:{line}" in done.err if line else f"kfctl: {path}: " in done.err


def test_of_a_broken_file_and_a_good_one_neither_is_taken(app: Shell) -> None:
    outside(app, "two/good.yaml", CONFIG)
    bad, worse = outside(app, "two/bad.yaml", "a: ["), outside(app, "two/worse.yaml", "b: 1\n")
    before = app.files()
    done = app("import", str(bad.parent))
    assert (done.code, app.files()) == (ExitCode.APP, before)
    assert str(bad) in done.err
    assert str(worse) in done.err


def test_what_the_app_has_already(app: Shell) -> None:
    assert app("import", str(outside(app, "one.yaml", CONFIG))).code == ExitCode.OK
    again = app("import", str(outside(app, "one.yaml", bare("Pod/x"))))
    assert again.code == ExitCode.USAGE
    assert "there is a component 'one' already" in again.err
    before = app.files()
    twin = app("import", str(outside(app, "two.yaml", CONFIG)))
    assert (twin.code, app.files()) == (ExitCode.APP, before)
    assert (
        "ConfigMap/settings is there twice: component one makes it too (components/one/one.yaml:2)"
        in twin.err
    )
    other = CONFIG.replace("{name: settings}", "{name: settings, namespace: elsewhere}")
    assert app("import", str(outside(app, "two.yaml", other))).code == ExitCode.OK


def test_odd_but_taken(app: Shell) -> None:
    text = (
        "apiVersion: v1\nkind: Secret\nmetadata: {name: s, namespace: lab}\nstringData: {a: $B}\n---\n"
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\n"
        "spec:\n  externalIPs: [$HOST_IP]\n  ports: [{port: 1}]\n---\n"
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: h, annotations: {helm.sh/hook: pre-install}}\n"
    )
    path = outside(app, "odd.yaml", text)
    done = app("import", str(path))
    assert done.code == ExitCode.OK
    assert done.err.splitlines()[:-1] == [
        f"warning: {path}:10: $HOST_IP looks like a variable that nobody has filled in",
        f"warning: {path}:1: Secret/s holds secret data: whoever can read the app's files can read it",
        f"warning: {path}:13: ConfigMap/h is a hook of Helm (pre-install), "
        "and is made and kept like the rest here: helm template --no-hooks leaves it out",
        f"warning: {path}:1: 1 object names the namespace lab, and goes there in every environment",
    ]


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"Chart.yaml": "name: x", "templates/a.yaml": "{{"}, "is a Helm chart"),
        ({"kustomization.yaml": "resources: []"}, "is made for kustomize"),
        ({"kfctl.yaml": "name: x"}, "is an app of kfctl"),
        ({"README.md": "x"}, "has no manifests"),
    ],
)
def test_folders_of_another_kind(app: Shell, files: dict[str, str], message: str) -> None:
    paths = [outside(app, f"folder/{name}", text) for name, text in files.items()]
    done = app("import", str(paths[0].parent))
    assert done.code == ExitCode.USAGE
    assert message in done.err
    if "README.md" not in files:  # named by itself, it says the same of its folder
        assert app("import", str(paths[0])) == done


def test_wrong_fields_are_told_in_the_order_of_their_lines(app: Shell) -> None:
    keys = [f"key{number}" for number in range(9)]
    lines = "".join(f"  {key}: {number}\n" for number, key in enumerate(keys))
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n{lines}"
    done = app("import", str(path := outside(app, "numbers.yaml", text)))
    assert [line for line in done.err.splitlines() if line.startswith("warning: ")] == [
        f"warning: {path}:{number + 5}: ConfigMap/x data.{key} must be text, not {number}"
        for number, key in enumerate(keys)
    ]


def test_wrong_arguments(app: Shell) -> None:
    path = str(outside(app, "a.yaml", CONFIG))
    for line, message in {
        f"import {path} DIR": "is no ksonnet app",
        f"import {path} --name A_b": "can't be the name of a component",
        "import https://example.com/x.yaml": "a URL can't be imported, only what is here\n  curl -fL URL",
        "import nowhere.yaml": "can't read nowhere.yaml: No such file or directory\n  name a YAML or JSON",
        f"import {path.replace('a.yaml', 'b.yaml')}": f"did you mean {path}?",
        "import": "missing argument",
    }.items():
        done = app(line)
        assert done.code == ExitCode.USAGE
        assert message in done.err.lower() if message.islower() else message in done.err


def test_outside_of_an_app(anywhere: Shell) -> None:
    path = outside(anywhere, "a.yaml", CONFIG)
    assert anywhere("import", str(path)).code == ExitCode.APP


@pytest.fixture
def unwritable(app: Shell) -> Iterator[Shell]:
    """An app whose components can't be written."""
    folder = app.folder / "components"
    (folder / "blocked").mkdir()
    yield app
    (folder / "blocked").rmdir()


def test_a_folder_in_the_way(unwritable: Shell) -> None:
    before = unwritable.files()
    path = outside(unwritable, "blocked.yaml", CONFIG)
    done = unwritable("import", str(path))
    assert (done.code, unwritable.files()) == (ExitCode.APP, before)
    assert "components/blocked is there already" in done.err
    assert [each.name for each in (unwritable.folder / "components").iterdir()] == ["blocked"]
