"""TFJobs of v1alpha1 to v1beta2 as TFJobs of v1: by their shape, since files mix the versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kfctl.engine.changes import Change, moved, removed, shown
from kfctl.engine.podtemplates import maps
from kfctl.model.resource import at
from kfctl.yamltext.steps import Act, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kfctl.yamltext.read import Path

    Body = Mapping[str, Any]

VERSION, KIND = "kubeflow.org/v1", "TFJob"
TFJOBS = frozenset(
    {
        ("tensorflow.org/v1alpha1", "TfJob"),
        *(
            (f"kubeflow.org/{version}", KIND)
            for version in ("v1alpha1", "v1alpha2", "v1beta1", "v1beta2", "v1")
        ),
    }
)
TYPES = {"master": "Chief", "chief": "Chief", "worker": "Worker", "ps": "PS", "evaluator": "Evaluator"}
MAP_TYPES = TYPES | {"master": "Master"}  # a key that v1 knows
CONTAINER, PORT, PORT_NUMBER = "tensorflow", "tfjob-port", 2222

_LIST, _MAP = ("spec", "replicaSpecs"), ("spec", "tfReplicaSpecs")
_RUN = (
    "cleanPodPolicy",
    "ttlSecondsAfterFinished",
    "activeDeadlineSeconds",
    "backoffLimit",
    "schedulingPolicy",
)
_SPEC = frozenset(
    {"tfReplicaSpecs", "replicaSpecs", "runPolicy", "successPolicy", "enableDynamicWorker", *_RUN}
)
_REPLICA = frozenset({"replicas", "restartPolicy", "template", "tfPort", "tfReplicaType"})


def tfjob(body: Body) -> Iterator[Change]:
    """Yield what has to change in a TFJob."""
    spec = body.get("spec")
    if body["kind"] != KIND:
        yield moved("kind", body["kind"], KIND)
    if body["apiVersion"] != VERSION:
        yield moved("apiVersion", body["apiVersion"], VERSION)
    if not isinstance(spec, dict):
        return
    yield from _replicas(spec)
    yield from _run_policy(spec, old=body["apiVersion"] != VERSION)
    yield from _rest(spec)


def _replicas(spec: Mapping[str, Any]) -> Iterator[Change]:
    listed = spec.get("replicaSpecs")
    if isinstance(listed, list) and "tfReplicaSpecs" not in spec:
        yield from _listed(listed, spec)
    mapped = spec.get("tfReplicaSpecs")
    for name, replica in mapped.items() if isinstance(mapped, dict) else ():
        keys = (*_MAP, name)
        if isinstance(replica, dict):
            yield from _replica(keys, replica, spec)
        yield from _renamed_type(keys, name)


def _listed(listed: list[Any], spec: Mapping[str, Any]) -> Iterator[Change]:
    """Yield how the list of replicas becomes a map by their types."""
    given = [str(at(replica, "tfReplicaType") or "MASTER") for replica in listed]
    names = [TYPES.get(each.lower(), each) for each in given]
    if len(set(names)) < len(names) or not all(isinstance(replica, dict) for replica in listed):
        said = "spec.replicaSpecs can't become a map: two entries have the same tfReplicaType"
        yield Change(_LIST, said, lost=True)
        return
    for index, replica in enumerate(listed):
        yield from _replica((*_LIST, index), replica, spec)
        yield from _pod_policy((*_LIST, index), replica)
    for index, (old, new) in enumerate(zip(given, names, strict=True)):
        yield Change(
            (*_LIST, index), f"spec.replicaSpecs[{index}] (tfReplicaType: {old}) → spec.tfReplicaSpecs.{new}"
        )
    steps = (Step(Act.KEY, _LIST, names), Step(Act.RENAME, _LIST, "tfReplicaSpecs"))
    yield Change(_LIST, "", steps)


def _renamed_type(keys: Path, name: str) -> Iterator[Change]:
    known = MAP_TYPES.get(name.lower())
    if known is None:
        said = f"{shown(keys)}: TFJob v1 knows no replicas of this type ({', '.join(MAP_TYPES.values())})"
        yield Change(keys, said, lost=True)
    elif known != name:
        yield Change(keys, f"{shown(keys)} → {known}", (Step(Act.RENAME, keys, known),))


def _replica(keys: Path, replica: Mapping[str, Any], spec: Mapping[str, Any]) -> Iterator[Change]:
    """Yield what changes within the description of some replicas."""
    if "tfReplicaType" in replica:
        yield Change((*keys, "tfReplicaType"), "", (Step(Act.UNSET, (*keys, "tfReplicaType")),))
    for name in replica.keys() - _REPLICA:
        yield removed((*keys, name), "TFJob v1 has no such field", lost=True)
    template = replica.get("template")
    if not isinstance(template, dict):
        why = "the old operator ran a parameter server of its own there, that of v1 does not"
        said = f"{shown(keys)} has no template: {why}. Copy the workers' template into it, or remove it"
        yield Change(keys, said, lost=True)
    yield from _containers(keys, replica)
    scheduler = spec.get("schedulerName")
    if isinstance(template, dict) and scheduler:
        where = (*keys, "template", "spec", "schedulerName")
        said = f"spec.schedulerName → {shown(where)}"
        yield Change(("spec", "schedulerName"), said, (Step(Act.SET, where, scheduler),))


def _containers(keys: Path, replica: Mapping[str, Any]) -> Iterator[Change]:
    """The program's container has a fixed name and a port of a fixed name."""
    containers = maps(at(replica, "template", "spec", "containers"))
    names = [container.get("name") for container in containers]
    where = (*keys, "template", "spec", "containers")
    if len(names) == 1 and names[0] != CONTAINER:
        yield _renamed_container((*where, 0), names[0])
        names = [CONTAINER]
    elif names and CONTAINER not in names:
        yield Change(where, f"{shown(where)}: TFJob v1 wants one of them to be called {CONTAINER}", lost=True)
    if "tfPort" in replica:
        yield _port(keys, replica, names.index(CONTAINER) if CONTAINER in names else None)


def _renamed_container(keys: Path, name: Any) -> Change:
    step = Step(Act.SET, (*keys, "name"), CONTAINER)
    return Change(
        (*keys, "name"), f"{shown((*keys, 'name'))}: {name} → {CONTAINER}, the name that v1 wants", (step,)
    )


def _port(keys: Path, replica: Mapping[str, Any], index: int | None) -> Change:
    port, place = replica["tfPort"], (*keys, "tfPort")
    if port in (PORT_NUMBER, None) or index is None:
        lost = port not in (PORT_NUMBER, None)
        return removed(place, f"v1 takes the port called {PORT}, or {PORT_NUMBER}", lost=lost)
    ports = (*keys, "template", "spec", "containers", index, "ports")
    there = at(replica, "template", "spec")["containers"][index].get("ports") or []
    steps = (
        Step(Act.SET, ports, [*there, {"name": PORT, "containerPort": port}]),
        Step(Act.UNSET, place),
    )
    return Change(place, f"{shown(place)}: {port} → a port of its container, called {PORT}", steps)


def _pod_policy(keys: Path, replica: Mapping[str, Any]) -> Iterator[Change]:
    """In v1alpha1 the pod's own restartPolicy held; in v1 that of the replicas does."""
    policy = at(replica, "template", "spec", "restartPolicy")
    if policy and "restartPolicy" not in replica:
        place = (*keys, "template", "spec", "restartPolicy")
        steps = (Step(Act.UNSET, place), Step(Act.SET, (*keys, "restartPolicy"), policy))
        yield Change(place, f"{shown(place)}: {policy} → the replicas' own restartPolicy", steps)


def _run_policy(spec: Mapping[str, Any], *, old: bool) -> Iterator[Change]:
    """How a job runs and ends stands in a map of its own; what was the default is written out."""
    there = spec.get("runPolicy") or {}
    for key in (key for key in _RUN if key in spec):
        where = ("spec", key)
        if key in there:
            yield removed(where, "spec.runPolicy has it")
        else:
            steps = (Step(Act.SET, ("spec", "runPolicy", key), spec[key]), Step(Act.UNSET, where))
            yield Change(where, f"spec.{key} → spec.runPolicy.{key}", steps)
    if old and "cleanPodPolicy" not in spec and "cleanPodPolicy" not in there:
        why = "v1 would leave parameter servers running when the job is done"
        step = Step(Act.SET, ("spec", "runPolicy", "cleanPodPolicy"), "Running")
        yield Change(("spec",), f"spec.runPolicy.cleanPodPolicy: Running is added: {why}", (step,))


def _rest(spec: Mapping[str, Any]) -> Iterator[Change]:
    """What else stood beside the replicas, and has no place in v1."""
    for key in (key for key in spec if key not in _SPEC):
        where = ("spec", key)
        if key == "terminationPolicy":
            yield _termination(spec)
        elif key.lower() == "tfimage":
            yield removed(where, "it was for parameter servers without a template, which v1 has not")
        elif key == "schedulerName":
            yield Change(where, "", (Step(Act.UNSET, where),))
        elif key == "RuntimeId":
            yield removed(where, "the old operator wrote it")
        else:
            yield removed(where, "TFJob v1 has no such field", lost=True)


def _termination(spec: Mapping[str, Any]) -> Change:
    """Return what becomes of the policy that names the replica whose end is the job's."""
    chief = at(spec, "terminationPolicy", "chief") or {}
    named = TYPES.get(str(chief.get("replicaName")).lower()), chief.get("replicaIndex") or 0
    types = [
        TYPES.get(str(at(r, "tfReplicaType") or "MASTER").lower()) for r in spec.get("replicaSpecs") or ()
    ]
    types += [TYPES.get(str(name).lower()) for name in spec.get("tfReplicaSpecs") or ()]
    decides = ("Chief" if "Chief" in types else "Worker"), 0
    if named == decides:
        return removed(
            ("spec", "terminationPolicy"), f"in v1 {decides[0]} 0 decides over the job's end anyway"
        )
    why = f"in v1 {decides[0]} 0 decides over the job's end, not {chief.get('replicaName')} {named[1]}"
    return removed(("spec", "terminationPolicy"), why, lost=True)
