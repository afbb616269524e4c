"""What kfctl puts on each object: its namespace, whose it is, and a checksum of what its pods read."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kfctl.engine.podtemplates import configmaps_read, pod_templates, secrets_mounted, with_pod_templates
from kfctl.engine.spawned import announced
from kfctl.model.resource import at
from kfctl.model.secretfields import NO_SECRETS

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from kfctl.model.resource import Resource

APP, ENVIRONMENT, COMPONENT = "kfctl.dev/app", "kfctl.dev/env", "kfctl.dev/component"
CHECKSUM = "kfctl.dev/config-checksum"
RESTARTS_PODS = "kfctl.dev/restarts-pods"  # at a Secret: "true" where pods that mount it restart with it

CLUSTER_SCOPED = frozenset(
    {
        "ComponentStatus",
        "Namespace",
        "Node",
        "PersistentVolume",
        "admissionregistration.k8s.io/MutatingAdmissionPolicy",
        "admissionregistration.k8s.io/MutatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/MutatingWebhookConfiguration",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicy",
        "admissionregistration.k8s.io/ValidatingAdmissionPolicyBinding",
        "admissionregistration.k8s.io/ValidatingWebhookConfiguration",
        "apiextensions.k8s.io/CustomResourceDefinition",
        "apiregistration.k8s.io/APIService",
        "authentication.k8s.io/SelfSubjectReview",
        "authentication.k8s.io/TokenReview",
        "authorization.k8s.io/SelfSubjectAccessReview",
        "authorization.k8s.io/SelfSubjectRulesReview",
        "authorization.k8s.io/SubjectAccessReview",
        "certificates.k8s.io/CertificateSigningRequest",
        "certificates.k8s.io/ClusterTrustBundle",
        "flowcontrol.apiserver.k8s.io/FlowSchema",
        "flowcontrol.apiserver.k8s.io/PriorityLevelConfiguration",
        "internal.apiserver.k8s.io/StorageVersion",
        "networking.k8s.io/IPAddress",
        "networking.k8s.io/IngressClass",
        "networking.k8s.io/ServiceCIDR",
        "node.k8s.io/RuntimeClass",
        "rbac.authorization.k8s.io/ClusterRole",
        "rbac.authorization.k8s.io/ClusterRoleBinding",
        "resource.k8s.io/DeviceClass",
        "resource.k8s.io/DeviceTaintRule",
        "resource.k8s.io/ResourceSlice",
        "scheduling.k8s.io/PriorityClass",
        "storage.k8s.io/CSIDriver",
        "storage.k8s.io/CSINode",
        "storage.k8s.io/StorageClass",
        "storage.k8s.io/VolumeAttachment",
        "storage.k8s.io/VolumeAttributesClass",
        "storagemigration.k8s.io/StorageVersionMigration",
        # custom resources met in this field
        "cert-manager.io/ClusterIssuer",
        "kueue.x-k8s.io/ClusterQueue",
        "kueue.x-k8s.io/ResourceFlavor",
        "serving.kserve.io/ClusterServingRuntime",
        "serving.kserve.io/ClusterStorageContainer",
        "trainer.kubeflow.org/ClusterTrainingRuntime",
    }
)


@dataclass(frozen=True)
class Owner:
    """Whose an object is and where it goes."""

    app: str
    environment: str
    component: str
    namespace: str
    spawns: tuple[Mapping[str, str], ...] = ()  # label selectors of what its program makes


def cluster_scoped(resources: Iterable[Resource]) -> frozenset[str]:
    """Return the kinds that belong to no namespace: the known ones and those that the objects define."""
    defined = {
        f"{at(resource.body, 'spec', 'group')}/{at(resource.body, 'spec', 'names', 'kind')}": at(
            resource.body, "spec", "scope"
        )
        for resource in resources
        if resource.kind == "CustomResourceDefinition"
    }
    return (CLUSTER_SCOPED - defined.keys()) | {kind for kind, scope in defined.items() if scope == "Cluster"}


def stamp(
    resources: Sequence[Resource], owner: Owner, cluster_wide: frozenset[str] = CLUSTER_SCOPED
) -> list[Resource]:
    """Return one component's objects with namespace, labels and checksums; a namespace given stays."""
    marks = {APP: owner.app, ENVIRONMENT: owner.environment, COMPONENT: owner.component}
    placed = [
        resource.with_body(_with_metadata(resource, marks, owner, cluster_wide)) for resource in resources
    ]
    checksums = _checksums(placed)
    finished = [_with_pods(resource, marks, checksums) for resource in placed]
    return [_announced(resource, owner.spawns) for resource in finished] if owner.spawns else finished


def _with_metadata(
    resource: Resource, marks: Mapping[str, str], owner: Owner, cluster_wide: frozenset[str]
) -> dict[str, Any]:
    metadata = dict(resource.metadata)
    if f"{resource.group}/{resource.kind}".lstrip("/") in cluster_wide:
        metadata.pop("namespace", None)
    elif not metadata.get("namespace"):
        named = {"name": metadata["name"]} if "name" in metadata else {}
        metadata = {**named, "namespace": owner.namespace, **_without(metadata, "namespace")}
    labels = _map(metadata.get("labels"))
    general = {"app.kubernetes.io/managed-by": "kfctl", "app.kubernetes.io/part-of": owner.app}
    metadata["labels"] = {**labels, **{k: v for k, v in general.items() if k not in labels}, **marks}
    return {**resource.body, "metadata": metadata}


def _with_pods(resource: Resource, marks: Mapping[str, str], checksums: Mapping[str, str]) -> Resource:
    def marked(template: dict[str, Any]) -> dict[str, Any]:
        metadata = dict(_map(template.get("metadata")))
        metadata["labels"] = {**_map(metadata.get("labels")), **marks}
        read = [checksums[key] for key in _keys(template, resource.namespace) if key in checksums]
        if read:
            joined = read[0] if len(read) == 1 else _hash("".join(read))
            metadata["annotations"] = {**_map(metadata.get("annotations")), CHECKSUM: joined}
        return {"metadata": metadata, **_without(template, "metadata")}

    body = with_pod_templates(resource, marked)
    return resource if body is resource.body else resource.with_body(body)


def _announced(resource: Resource, spawns: Sequence[Mapping[str, str]]) -> Resource:
    """Return a workload with the selectors of what its program makes; anything else as it is."""
    if not pod_templates(resource):
        return resource
    return resource.with_body({**resource.body, "metadata": announced(resource.metadata, spawns)})


def _checksums(resources: Iterable[Resource]) -> dict[str, str]:
    """Return a checksum of each ConfigMap, and of each Secret that asks for one, by namespace and name."""
    found = {}
    for resource in resources:
        key = f"{resource.namespace}/{resource.name}"
        if resource.kind == "ConfigMap":
            content = _content(resource, "data", "binaryData")
            secret = resource.secrets != NO_SECRETS
            found[key] = _slow_hash(content, key) if secret else _hash(content)
        elif resource.kind == "Secret" and at(resource.metadata, "annotations", RESTARTS_PODS) == "true":
            found[f"Secret/{key}"] = _slow_hash(_content(resource, "data", "stringData"), key)
    return found


def _keys(template: Mapping[str, Any], namespace: str) -> list[str]:
    configmaps = [f"{namespace}/{name}" for name in sorted(configmaps_read(template))]
    return [*configmaps, *(f"Secret/{namespace}/{name}" for name in sorted(secrets_mounted(template)))]


def _content(resource: Resource, *fields: str) -> str:
    return json.dumps([resource.body.get(field) for field in fields], sort_keys=True)


def _slow_hash(text: str, salt: str) -> str:
    # Pods are read by more people than Secrets: guessing a password by its checksum has to cost something.
    return hashlib.scrypt(text.encode(), salt=salt.encode(), n=2**14, r=8, p=1, dklen=8).hex()


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _without(mapping: Mapping[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in mapping.items() if name != key}


def _map(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
