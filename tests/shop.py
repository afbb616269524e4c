"""An app of raw manifests, bound to the cluster of the session, as a fixture."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from kfctl.actions.plan import connect, plan_app
from kfctl.cluster.kubeconfig import Login
from kfctl.engine.plan import Choices
from kfctl.model.status import Step
from kfctl.store.appfiles import load_app

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from kfctl.cluster.client import Cluster
    from kfctl.model.app import App
    from kfctl.model.plan import Change, Plan
    from tests.cluster import access

DEFAULT = Choices()


@dataclass
class Shop:
    """An app in a folder, and what can be asked of it."""

    root: Path
    kubeconfig: str
    context: str
    namespace: str
    user: str | None = None  # whom to act as
    opened: list[Cluster] = field(default_factory=list)

    def objects(self, component: str, *bodies: dict[str, Any]) -> None:
        """Let a component of raw manifests be these objects; none: there is no such component."""
        folder = self.root / "components" / component
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "all.yaml").write_text(yamltext.dump_all(bodies))
        head = "apiVersion: kfctl/v1\nkind: Component\nprototype: manifests\n"
        (self.root / f"components/{component}.yaml").write_text(head)

    def environment(self, name: str = "default", **target: str) -> None:
        """Write an environment; without arguments the one for the test's namespace."""
        given = {"context": self.context, "namespace": self.namespace, **target}
        value = {
            "apiVersion": "kfctl/v1",
            "kind": "Environment",
            "target": {k: v for k, v in given.items() if v},
        }
        (self.root / f"environments/{name}.yaml").write_text(yamltext.dump(value))

    def app(self) -> App:
        return load_app(self.root)

    def connect(self, environment: str = "default", **login: Any) -> Cluster:
        app = self.app()
        asked = Login(kubeconfig=self.kubeconfig, user=self.user, **login)
        cluster = connect(app, app.environments[environment], asked)
        self.opened.append(cluster)
        return cluster

    def plan(self, *components: str, choices: Choices = DEFAULT, environment: str = "default") -> Plan:
        app = self.app()
        cluster = self.connect(environment)
        return plan_app(app, app.environments[environment], components, cluster, choices)

    def change(self, name: str, choices: Choices = DEFAULT) -> Change:
        """The change of the object of that name, the only one."""
        (found,) = (change for change in self.plan(choices=choices).changes if change.key.name == name)
        return found

    def apply(self, choices: Choices = DEFAULT) -> None:
        """Carry the plan out, without waiting for anything to become ready."""
        from kfctl.actions.apply import Options, prepare
        from kfctl.actions.run import begun, run

        app = self.app()
        options = Options(choices, wait=False)
        login = Login(kubeconfig=self.kubeconfig, user=self.user)
        prepared = prepare(app, app.environments["default"], (), (options, login))
        self.opened.append(prepared.cluster)
        assert not prepared.plan.blocked, prepared.plan.blocked
        with begun(prepared) as ready:
            assert not ready.plan.forbidden, ready.plan.blocked
            events = list(run(ready))
        assert not [event for event in events if event.step is Step.FAILED], events


@pytest.fixture
def shop(cluster: access.Cluster, namespace: str, tmp_path: Path) -> Iterator[Shop]:
    root = tmp_path / "shop"
    for folder in ("components", "environments"):
        (root / folder).mkdir(parents=True)
    head = {"apiVersion": "kfctl/v1", "kind": "App", "name": namespace, "id": f"id-of-{namespace}"}
    (root / "kfctl.yaml").write_text(yamltext.dump(head))
    context = cluster.kubectl("config", "current-context").strip()
    made = Shop(root, str(cluster.kubeconfig), context, namespace)
    made.environment()
    yield made
    for each in made.opened:
        each.transport.close()


def actions(plan: Plan) -> dict[str, str]:
    """What happens to each object, by its name."""
    return {str(change.key): change.action.value for change in plan.changes}


def config_map(name: str = "settings", **data: str | None) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data}


def deployment(name: str = "web", replicas: int | None = 1, **container: Any) -> dict[str, Any]:
    main = {"name": "main", "image": "nowhere.invalid/it:1", **container}
    spec: dict[str, Any] = {
        "selector": {"matchLabels": {"app": name}},
        "template": {"metadata": {"labels": {"app": name}}, "spec": {"containers": [main]}},
    }
    if replicas is not None:
        spec["replicas"] = replicas
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def names(sequence: Sequence[Any]) -> list[str]:
    return [str(item.path) for item in sequence]
