"""Rights that are missing: told before the first write, with the roles that would be enough."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest
import yaml

from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.request import Selection
from kfctl.errors import ExitCode
from tests.apply.conftest import config_map, definition, deployment, thing
from tests.faults.proxy import Status

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from kfctl.cluster.client import Cluster
    from tests.apply.conftest import Body, World
    from tests.conftest import Run
    from tests.faults.proxy import Proxy, Request

    Typed = Callable[..., Run]
    Grant = Callable[[Sequence[Body]], None]

RBAC = "rbac.authorization.k8s.io/v1"
REVIEWS = "/apis/authorization.k8s.io/"


@pytest.fixture
def newcomer() -> str:
    """A user whom nobody has given a right."""
    return f"kfctl-test-{secrets.token_hex(4)}"


@pytest.fixture
def grant(admin: Cluster, world: World, newcomer: str) -> Iterator[Grant]:
    """Give roles to the newcomer; what is of the whole cluster is taken back after."""
    made: list[Body] = []

    def give(roles: Sequence[Body]) -> None:
        for role in roles:
            kind, space = role["kind"], role["metadata"].get("namespace")
            named = {"name": f"{newcomer}-{len(made)}", **({"namespace": space} if space else {})}
            binding = {
                "apiVersion": RBAC,
                "kind": f"{kind}Binding",
                "metadata": named,
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": kind, "name": named["name"]},
                "subjects": [{"apiGroup": "rbac.authorization.k8s.io", "kind": "User", "name": newcomer}],
            }
            made.extend([{**role, "metadata": named}, binding])
            for body in made[-2:]:
                admin.apply(body)

    yield give
    for body in made:
        if "namespace" not in body["metadata"]:
            admin.delete(body)


def enough(err: str) -> list[Body]:
    """Return the roles that an error says are enough."""
    text = err.partition("these roles are enough to apply and to delete it, bound to who does:\n")[2]
    return list(yaml.safe_load_all(text))


def role(namespace: str, **resources: list[str]) -> Body:
    groups = {"configmaps": "", "secrets": "", "leases": "coordination.k8s.io"}
    rules = [
        {"apiGroups": [groups[name]], "resources": [name], "verbs": verbs}
        for name, verbs in resources.items()
    ]
    metadata = {"name": "r", "namespace": namespace}
    return {"apiVersion": RBAC, "kind": "Role", "metadata": metadata, "rules": rules}


def written(world: World) -> list[str]:
    kinds = [("v1", "Secret"), ("v1", "ConfigMap"), ("coordination.k8s.io/v1", "Lease")]
    found = [body for kind in kinds for body in world.admin.list_all(*kind, Selection(world.namespace)).items]
    names = [body["metadata"]["name"] for body in found]
    return [name for name in names if name != "kube-root-ca.crt"]


def test_who_may_nothing_is_told_all_at_once_and_which_roles_are_enough(
    world: World, typed: Typed, newcomer: str, grant: Grant, new_kind: str
) -> None:
    space = world.namespace
    world.write(one=[config_map("a"), deployment("web", replicas=0)], two=[definition(new_kind)])
    ran = typed("apply", user=newcomer)
    assert ran.code == ExitCode.CLUSTER
    assert "the plan takes rights that are missing, and nothing was written" in ran.err
    assert f"the right to create, get, patch configmaps in namespace {space} is missing" in ran.err
    assert f"deployments.apps in namespace {space} is missing" in ran.err
    assert f"leases.coordination.k8s.io in namespace {space} is missing" in ran.err
    assert "customresourcedefinitions.apiextensions.k8s.io in the whole cluster is missing" in ran.err
    assert written(world) == []
    roles = enough(ran.err)
    assert [each["kind"] for each in roles] == ["ClusterRole", "Role"]
    grant(roles)
    assert typed("apply", user=newcomer).code == ExitCode.OK
    world.write(one=[config_map("a"), deployment("web", replicas=0)], two=[thing(new_kind, "t")])
    again = typed("apply", "--no-prune", user=newcomer)
    assert again.code == ExitCode.CLUSTER
    assert f"{new_kind.lower()}s.things.kfctl.test in namespace {space} is missing" in again.err
    grant(enough(again.err))
    assert typed("apply", "--no-prune", user=newcomer).code == ExitCode.OK
    gone = typed("delete", "--yes", user=newcomer)
    assert gone.code == ExitCode.OK, gone.err
    assert "3 deleted." in gone.out


def test_the_roles_are_enough_to_delete_what_a_program_made(
    world: World, typed: Typed, newcomer: str, grant: Grant
) -> None:
    world.write(one=[config_map("a")])
    world.write_maker("hub")
    grant(enough(typed("apply", user=newcomer).err))
    assert typed("apply", "--no-wait", user=newcomer).code == ExitCode.OK
    world.make("Pod", "jupyter-admin", **{"made-by": "maker"})
    world.make("PersistentVolumeClaim", "home", **{"made-by": "maker"})
    more = typed("delete", "--yes", "--delete-data", "--delete-namespace", user=newcomer)
    assert more.code == ExitCode.CLUSTER
    assert "the right to delete, get namespaces in the whole cluster is missing" in more.err
    gone = typed("delete", "--yes", "--delete-data", user=newcomer)
    assert gone.code == ExitCode.OK, gone.err
    assert "4 deleted." in gone.out


def test_the_right_to_delete_is_asked_for_where_something_goes(
    world: World, typed: Typed, newcomer: str, grant: Grant
) -> None:
    world.write(one=[config_map("a"), config_map("b")])
    own = {"secrets": ["*"], "leases": ["*"]}
    grant([role(world.namespace, configmaps=["get", "list", "watch", "create", "patch"], **own)])
    assert typed("apply", user=newcomer).code == ExitCode.OK
    before = sorted(written(world))
    world.write(one=[config_map("a", x="1")])
    ran = typed("apply", "--yes", user=newcomer)
    assert ran.code == ExitCode.CLUSTER
    assert f"the right to delete configmaps in namespace {world.namespace} is missing" in ran.err
    assert "secrets" not in ran.err.partition("these roles")[0]
    assert sorted(written(world)) == before
    assert "data" not in world.admin.get("v1", "ConfigMap", "a", world.namespace)
    assert typed("diff", user=newcomer).code == ExitCode.DIFFERENT
    assert typed("apply", "--no-prune", user=newcomer).code == ExitCode.OK


def test_a_right_to_the_objects_by_name_is_enough(
    world: World, typed: Typed, newcomer: str, grant: Grant
) -> None:
    world.write(one=[config_map("a")])
    typed("apply")
    by_name = role(world.namespace, configmaps=["patch"], secrets=["*"], leases=["*"])
    by_name["rules"][0]["resourceNames"] = ["a"]
    grant([by_name, role(world.namespace, configmaps=["get", "list"])])
    world.write(one=[config_map("a", x="1")])
    assert typed("apply", "--no-wait", user=newcomer).code == ExitCode.OK


def test_few_questions_and_none_where_nothing_is_written(
    world: World, proxy: Proxy, tmp_path: Path, typed: Typed
) -> None:
    world.write(one=[config_map(f"c{number}") for number in range(30)])
    options = ("--context", "proxied")
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    assert typed("apply", *options).code == ExitCode.OK
    assert 1 <= len(reviews(proxy)) <= 3
    proxy.clear()
    assert typed("apply", *options).code == ExitCode.OK
    assert reviews(proxy) == []


def test_a_server_that_does_not_tell_is_no_obstacle(
    world: World, proxy: Proxy, tmp_path: Path, typed: Typed
) -> None:
    world.write(one=[config_map("a")])
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    proxy.script = lambda r: Status(403, "Forbidden") if r.path.startswith(REVIEWS) else None
    assert typed("apply", "--context", "proxied").code == ExitCode.OK
    assert reviews(proxy)


def reviews(proxy: Proxy) -> list[Request]:
    return [request for request in proxy.requests if request.path.startswith(REVIEWS)]


def test_fsck_of_who_may_list_little_names_what_it_does_not_look_at(
    world: World, typed: Typed, newcomer: str, grant: Grant
) -> None:
    space, every = world.namespace, ["*"]
    world.write(one=[config_map("a")])
    assert typed("apply").code == ExitCode.OK
    grant([role(space, secrets=every, leases=every)])
    ran = typed("fsck", user=newcomer)
    assert (ran.code, "configmaps could not be listed" in ran.out) == (ExitCode.DIFFERENT, True)
    grant([role(space, configmaps=every)])
    ran = typed("fsck", user=newcomer)
    assert ran.code == ExitCode.OK, ran.out
    assert "could not be listed, so nothing is looked for among them: " in ran.err
    assert "nodes" in ran.err and "configmaps" not in ran.err
