"""One set of objects in the forms that kfctl and its peers read."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

CHANGED = 10  # objects by an edit
KFCTL = [sys.executable, "-m", "kfctl"]
APP = "apiVersion: kfctl/v1\nkind: App\nname: bench\nid: 0123456789abcdef\n"
ENVIRONMENT = """\
apiVersion: kfctl/v1
kind: Environment
target:
  context: {context}
  namespace: {namespace}
"""
COMPONENT = """\
apiVersion: kfctl/v1
kind: Component
prototype: {prototype}
params:
"""
SERVING = COMPONENT.format(prototype="tf-serving") + (
    "  modelPath: /serving/{name}\n  modelStorageType: image\n  enablePrometheus: false\n  replicas: 0\n"
)


def write_app(
    root: Path, servings: int, config_maps: int, namespace: str = "bench", context: str = "unused"
) -> Path:
    """Write an app of `servings` model servers (two objects each) and `config_maps` raw ConfigMaps."""
    for folder in ("components/raw" if config_maps else "components", "environments"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    (root / "kfctl.yaml").write_text(APP)
    (root / "environments/default.yaml").write_text(ENVIRONMENT.format(context=context, namespace=namespace))
    for index in range(servings):
        name = f"model-{index:04d}"
        (root / f"components/{name}.yaml").write_text(SERVING.format(name=name))
    if config_maps:
        (root / "components/raw.yaml").write_text(
            "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n"
        )
        write_config_maps(root, config_maps)
    return root


def write_config_maps(app: Path, number: int, edit: int = 0) -> None:
    """Write the raw ConfigMaps of an app; each edit changes a few of them."""
    text = "---\n".join(
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n"
        f"  name: raw-{i:04d}\ndata:\n  index: '{index(i, edit if i < CHANGED else 0)}'\n"
        for i in range(number)
    )
    (app / "components/raw/config.yaml").write_text(text)


def index(i: int, edit: int) -> str:
    """Return what the ConfigMap of this number holds after an edit; 0 is none."""
    return f"{i} edited {edit}" if edit else str(i)


def rendered(app: Path) -> list[dict[str, Any]]:
    """Return the objects that kfctl renders for an app."""
    text = subprocess.run([*KFCTL, "show", "-o", "json"], cwd=app, check=True, capture_output=True).stdout
    items: list[dict[str, Any]] = json.loads(text)["items"]
    return items


def write_chart(root: Path, objects: list[dict[str, Any]]) -> Path:
    """Write a helm chart that renders the same objects: templates that loop over the values' names."""
    (root / "templates").mkdir(parents=True)
    (root / "Chart.yaml").write_text("apiVersion: v2\nname: bench\nversion: 1.0.0\n")
    names: dict[str, list[str]] = {}
    first: dict[str, dict[str, Any]] = {}
    for body in objects:
        names.setdefault(body["kind"], []).append(body["metadata"]["name"])
        first.setdefault(body["kind"], body)
    (root / "values.yaml").write_text(json.dumps(names))
    for kind, body in first.items():
        text = dump(body).replace(body["metadata"]["name"], "{{ . }}")
        (root / f"templates/{kind.lower()}.yaml").write_text(
            f"{{{{- range .Values.{kind} }}}}\n---\n{text}{{{{- end }}}}\n"
        )
    return root


def write_kustomization(root: Path, objects: list[dict[str, Any]]) -> Path:
    """Write the objects as plain files and a kustomization that names them."""
    files = write_manifests(root, objects)
    (root / "kustomization.yaml").write_text(dump({"resources": files}))
    return root


def write_manifests(root: Path, objects: Iterable[dict[str, Any]]) -> list[str]:
    """Write the objects as plain files, and return their names."""
    root.mkdir(parents=True, exist_ok=True)
    files = []
    for body in objects:
        name = f"{body['kind'].lower()}-{body['metadata']['name']}.yaml"
        (root / name).write_text(dump(body))
        files.append(name)
    return files


def dump(body: Any) -> str:
    """Return YAML text that any reader takes."""
    import yaml

    return str(yaml.dump(body, Dumper=yaml.CSafeDumper, sort_keys=False, width=10_000))
