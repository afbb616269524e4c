"""Makes a component from a prototype."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfctl.actions.app import check_name
from kfctl.actions.given import Declared, Given
from kfctl.engine.resolve import cautions, examine
from kfctl.errors import UsageError
from kfctl.store.appfiles import component_names, component_text, load_app
from kfctl.store.catalog import catalog
from kfctl.store.files.writer import create_directory, write_file
from kfctl.store.lock import locked
from kfctl.store.manifests import PROTOTYPE, manifest_files

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from kfctl.errors import Problem
    from kfctl.model.prototype import Prototype

# Prototypes of Kubeflow 0.2.5 → what does their work now.
KUBEFLOW = {
    "kubeflow-core": "it is now `tf-job-operator` and `jupyterhub`, which `kfctl init` generates",
    "tf-serving-all-features": "it is now `tf-serving`",
    "tf-serving-simple": "it is now `tf-serving`",
    "tf-serving-with-istio": "it is now `tf-serving`; its route goes into a component of `manifests`",
    "tf-job-simple": "it is now `tf-job`",
    "tf-job-simple-v1alpha1": "it is now `tf-job`",
}
LEFT_OUT = (
    "argo cert-manager cloud-endpoints iap-ingress katib mpi-job-custom mpi-job-simple mpi-operator "
    "openmpi pachyderm pytorch-job pytorch-operator seldon seldon-serve-simple"
)
AS_IT_IS = "kfctl has none for it: `kfctl import FILE` takes its objects as they are"


@dataclass(frozen=True)
class Generated:
    """A component that was made, and what it still needs."""

    name: str
    prototype: str
    path: str
    replaced: bool
    problems: tuple[Problem, ...]
    warnings: tuple[str, ...]


def find_prototype(root: Path | None, name: str) -> Prototype:
    """Return a prototype; of an unknown one, tell what became of it since Kubeflow 0.2.5."""
    try:
        return catalog(root).get(name)
    except UsageError as error:
        hint = AS_IT_IS if name in LEFT_OUT.split() else KUBEFLOW.get(name, "")
        raise UsageError(error.message, hint=hint or error.problems[0].hint) from None


def generate(
    root: Path, prototype_name: str, name: str, given: Sequence[Given] = (), *, force: bool = False
) -> Generated:
    """Make the component `name`; nothing is written unless all values are right. It may still need others."""
    prototype = find_prototype(root, prototype_name)
    check_name("a component", name)
    values = Declared((prototype,)).typed(given)
    path = f"components/{name}.yaml"
    with locked(root):
        exists = name in component_names(root)
        if exists and not force:
            hint = f"change it with `kfctl param set {name}`, or make it anew with --force"
            raise UsageError(f"there is a component '{name}' already", hint=hint)
        load_app(root, components=[], environments=[])  # of a broken app nothing could be said afterwards
        _refuse_manifests(root, prototype.name, name)
        write_file(root, path, component_text(prototype.name, values))
        if prototype.name == PROTOTYPE:
            create_directory(root, f"components/{name}")
    app = load_app(root, components=[name], environments=[])
    component = app.components[name]
    resolved, problems = examine(app, None, component, prototype)
    warnings = (*resolved.warnings, *cautions(component, prototype, resolved))
    return Generated(name, prototype.name, path, exists, problems, warnings)


def _refuse_manifests(root: Path, prototype: str, name: str) -> None:
    """Refuse a component whose folder has manifests that it would leave out."""
    folder = f"components/{name}"
    if prototype != PROTOTYPE and manifest_files(root, name):
        hint = "take another name, or move them away"
        raise UsageError(f"{folder}/ has manifests, which a {prototype} would leave out", hint=hint)
