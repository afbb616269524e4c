"""The hub: what its parameters refuse, and its program in the real JupyterHub on a real API server."""

from __future__ import annotations

import html
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.errors import ParameterError
from kfctl.store.catalog import catalog
from tests.templates.hub import Place, RunningHub, eventually
from tests.templates.hubprograms import HUBS, programs
from tests.templates.rendering import objects, resolved

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.cluster.access import Cluster

LONG = "x" * 32


# The parameters


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
@pytest.mark.parametrize("login", ["dummy", "iap"])
def test_users_who_are_not_proved_keep_the_hub_inside(login: str, kind: str) -> None:
    params = {"jupyterHubAuthenticator": login, "jupyterHubServiceType": kind}
    with pytest.raises(ParameterError, match="set allowInsecureAuth"):
        resolved("jupyterhub", params)
    assert (
        objects("jupyterhub", {**params, "allowInsecureAuth": True})["Service/tf-hub-lb"]["spec"]["type"]
        == kind
    )


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"adminUsers": []}, "nobody could log in"),
        ({"jupyterHubAuthenticator": "shared-password"}, "needs passwordSecretName"),
        ({"passwordSecretName": "hub"}, "does nothing unless jupyterHubAuthenticator is shared-password"),
        ({"jupyterHubAuthenticator": "oauth", "oauthSecretName": "hub"}, "oauthCallbackUrl"),
        ({"baseUrl": "jupyter"}, "baseUrl"),
        ({"hubStorage": "much"}, "must be a quantity such as 1Gi, or empty"),
    ],
)
def test_what_cannot_work_is_refused(params: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        resolved("jupyterhub", params)


def test_names_and_ports_that_others_rely_on() -> None:
    found = objects("jupyterhub", {}, component="notebooks")
    ports = {port["name"]: port for port in found["Service/tf-hub-0"]["spec"]["ports"]}
    assert found["Service/tf-hub-0"]["spec"]["clusterIP"] == "None"
    assert (ports["hub"]["port"], ports["api"]["port"]) == (8000, 8081)
    assert found["Service/tf-hub-lb"]["spec"]["ports"][0]["port"] == 80
    assert found["StatefulSet/tf-hub"]["spec"]["selector"]["matchLabels"] == {"app": "tf-hub"}
    assert {"ConfigMap/jupyterhub-config", "ServiceAccount/jupyter-hub", "Role/jupyter-role"} <= found.keys()


def test_no_secret_is_rendered() -> None:
    assert "Secret" not in objects("jupyterhub", {})
    shared = objects(
        "jupyterhub", {"jupyterHubAuthenticator": "shared-password", "passwordSecretName": "hub"}
    )
    hub = shared["StatefulSet"]["spec"]["template"]["spec"]["containers"][0]
    passwords = [variable for variable in hub["env"] if "PASSWORD" in variable["name"]]
    assert [v["valueFrom"]["secretKeyRef"]["key"] for v in passwords] == ["password", "adminPassword"]


def test_the_hub_without_a_disk_has_no_claim() -> None:
    found = objects("jupyterhub", {"hubStorage": ""})
    assert "PersistentVolumeClaim" not in found
    volumes = found["StatefulSet"]["spec"]["template"]["spec"]["volumes"]
    assert {"name": "state", "emptyDir": {}} in volumes


def test_a_label_of_the_user_is_followed_by_every_selector() -> None:
    found = objects("jupyterhub", {"labels": {"app": "hub"}})
    selected = [
        found["StatefulSet"]["spec"]["selector"]["matchLabels"],
        found["Service/tf-hub-0"]["spec"]["selector"],
        found["Service/tf-hub-lb"]["spec"]["selector"],
        found["NetworkPolicy/tf-hub"]["spec"]["podSelector"]["matchLabels"],
        found["NetworkPolicy/tf-hub-notebooks"]["spec"]["ingress"][0]["from"][0]["podSelector"][
            "matchLabels"
        ],
    ]
    assert selected == [{"app": "hub"}] * len(selected)


# The program


@pytest.fixture(scope="module")
def restricted(cluster: Cluster, new_namespace: Callable[[], str]) -> str:
    """A namespace that takes only pods of Pod Security `restricted`."""
    name = new_namespace()
    cluster.kubectl("label", "namespace", name, "pod-security.kubernetes.io/enforce=restricted")
    return name


@pytest.fixture(params=HUBS)
def place(request: pytest.FixtureRequest, cluster: Cluster, restricted: str, tmp_path: Path) -> Place:
    """Both releases of JupyterHub, one after the other."""
    return Place(programs(request.param), cluster, restricted, tmp_path / "pod")


@pytest.fixture
def newest(cluster: Cluster, restricted: str, tmp_path: Path) -> Place:
    """The release that the default image has."""
    return Place(programs("5.5"), cluster, restricted, tmp_path / "pod")


@pytest.fixture(autouse=True)
def nothing_left(request: pytest.FixtureRequest) -> Iterator[None]:
    """Remove what a hub made in the namespace that the tests share."""
    yield
    if {"place", "newest"} & set(request.fixturenames):
        cluster, namespace = request.getfixturevalue("cluster"), request.getfixturevalue("restricted")
        cluster.kubectl("delete", "pods,pvc", "--all", "--namespace", namespace)


def test_admin_gets_a_notebook_with_a_blank_password_and_nobody_else(place: Place) -> None:
    with place.hub({}) as hub:
        assert hub.browser().login("admin", "guess").status == 403
        assert hub.browser().login("eve", "").status == 403
        admin = hub.browser()
        welcome = admin.login("admin", "")
        assert (welcome.status, welcome.url) == (200, f"{hub.url}/hub/spawn")
        assert "quay.io/jupyter/tensorflow-notebook:2026-08-07" in welcome.text
        typed = {"image": "example.com/team/nb:7", "cpu": "1500m", "memory": "3Gi", "gpus": "2"}
        fields = {f"profile-option-notebook--{key}--unlisted-choice": value for key, value in typed.items()}
        pending = admin.post("/hub/spawn/admin", {"profile": "notebook", **fields})
        assert pending.url == f"{hub.url}/hub/spawn-pending/admin"
        admins = place.pod("jupyter-admin")
    spec = admins["spec"]
    (notebook,) = spec["containers"]
    assert notebook["image"] == "example.com/team/nb:7"
    assert notebook["resources"]["requests"] == {"cpu": "1500m", "memory": "3Gi", "nvidia.com/gpu": "2"}
    assert spec["automountServiceAccountToken"] is False
    assert spec["volumes"][0]["persistentVolumeClaim"]["claimName"] == "claim-admin"
    claim = place.find("pvc/claim-admin")
    assert claim["spec"]["resources"]["requests"] == {"storage": "10Gi"}
    for found, labels in zip((admins, claim), catalog().get("jupyterhub").spawns, strict=True):
        assert labels.items() <= found["metadata"]["labels"].items()  # what status, logs and delete look for


def test_what_is_no_image_amount_or_number_comes_back_with_the_form(place: Place) -> None:
    bad = {
        "image": ["", "a b", "UPPER/Case", "<script>", "nb:1\n"],
        "cpu": ["", "-1", "many"],
        "memory": ["1 Gi", "1gb"],
        "gpus": ["1.5", "-1"],
    }
    with place.hub({}) as hub:
        admin = hub.browser()
        admin.login("admin", "")
        for field, texts in bad.items():
            for text in texts:
                words = {f"profile-option-notebook--{field}--unlisted-choice": text}
                page = admin.post("/hub/spawn/admin", {"profile": "notebook", **words})
                title = {"cpu": "CPU", "gpus": "GPUs"}.get(field, field.title())
                assert f"{title} can&#39;t be {html.escape(text) or 'empty'}: like " in page.text
                assert 'id="spawn_form"' in page.text
        # Without JavaScript the list says what was chosen.
        other = {"profile": "notebook", "profile-option-notebook--cpu": "unlisted-choice"}
        assert "CPU can&#39;t be empty" in admin.post("/hub/spawn/admin", other).text
        assert "No such profile: other" in admin.post("/hub/spawn/admin", {"profile": "other"}).text
        good = {"image": f"localhost:5000/nb@sha256:{'0' * 64}", "memory": "1e9", "cpu": ".5", "gpus": "0"}
        asked = {f"profile-option-notebook--{key}--unlisted-choice": text for key, text in good.items()}
        assert "/spawn-pending/" in admin.post("/hub/spawn/admin", {"profile": "notebook", **asked}).url


def test_who_is_no_longer_named_is_out_from_the_restart_on(place: Place) -> None:
    with place.hub({"allowedUsers": ["eve"]}) as hub:
        admin, eve = hub.browser(), hub.browser()
        admin.login("admin", "")
        eve.login("eve", "")
        assert admin.get("/hub/admin").status == 200
        token = eve.token("eve")
        assert hub.browser().get("/hub/api/user", token).status == 200
        hub.configure({"adminUsers": ["bob"], "allowedUsers": ["admin"]})
        assert hub.browser().login("eve", "").status == 403
        assert "/hub/login" in eve.get("/hub/home").url
        assert hub.browser().get("/hub/api/user", token).status == 403
        assert admin.get("/hub/home").url == f"{hub.url}/hub/home"
        assert admin.get("/hub/admin").status == 403
        admin.login("admin", "")
        assert admin.get("/hub/admin").status == 403
        bob = hub.browser()
        bob.login("bob", "")
        assert bob.get("/hub/admin").status == 200


def test_a_proxy_that_died_gets_its_routes_back_and_a_hub_that_died_its_users(newest: Place) -> None:
    # A service beside the hub has a route as notebooks have; its page is the proxy's own.
    extra = """
import os
c.JupyterHub.services.append({"name": "page", "url": f"http://127.0.0.1:{os.environ['PROXY_PORT']}/_chp_healthz#"})
"""
    with newest.hub({"extraConfig": extra}) as hub:
        admin = hub.browser()
        admin.login("admin", "")
        assert eventually(lambda: has_route(hub))
        hub.restart("proxy")
        assert eventually(lambda: has_route(hub))
        hub.restart("tf-hub")
        assert admin.get("/hub/home").url == f"{hub.url}/hub/home"


def has_route(hub: RunningHub) -> bool:
    """Does the proxy know the way to the service?"""
    token = (hub.local.folder / "run" / "proxy-token").read_text()
    routes = hub.browser()
    routes.url = f"http://127.0.0.1:{hub.local.proxy_api_port}"
    return "/services/page" in routes.get("/api/routes", {"Authorization": f"token {token}"}).text


def test_shared_passwords_come_from_the_secret(newest: Place) -> None:
    params = {
        "jupyterHubAuthenticator": "shared-password",
        "passwordSecretName": "hub",
        "allowedUsers": ["ben"],
        "baseUrl": "/team/hub/",
    }
    with newest.hub(params, {"password": "tell-no-one", "adminPassword": LONG}) as hub:

        def comes_in(name: str, password: str) -> bool:
            user = hub.browser()
            user.get("/team/hub/hub/login")
            return user.post("/team/hub/hub/login", {"username": name, "password": password}).status == 200

        assert comes_in("ben", "tell-no-one")
        assert comes_in("admin", LONG)
        refused = [
            ("admin", ""),
            ("admin", "tell-no-one"),
            ("ben", ""),
            ("ben", LONG),
            ("eve", "tell-no-one"),
        ]
        assert not any(comes_in(*words) for words in refused)
        hub.configure({**params, "adminUsers": ["cat"], "allowedUsers": ["admin"]})
        assert comes_in("admin", "tell-no-one")
        assert not any(comes_in(*words) for words in [("ben", "tell-no-one"), ("admin", LONG)])


def test_allow_all_takes_any_name_and_any_password(newest: Place) -> None:
    with newest.hub({"allowAll": True, "notebookImages": [], "notebookGpus": 1}) as hub:
        user = hub.browser()
        # Without a form the notebook starts at once.
        assert user.login("whoever", "whatever").url == f"{hub.url}/hub/spawn-pending/whoever"
        (notebook,) = newest.pod("jupyter-whoever")["spec"]["containers"]
        assert notebook["resources"]["limits"] == {"nvidia.com/gpu": "1"}


def test_the_header_of_a_proxy_names_the_user(newest: Place) -> None:
    params = {
        "jupyterHubAuthenticator": "iap",
        "allowedUsers": ["ann@example.com"],
        "slugScheme": "escape",
        "notebookImages": [],
        "jupyterNotebookPVCMount": "/home/{username}",
        "disks": ["datasets"],
        "notebookServiceAccount": "default",
    }
    with newest.hub(params) as hub:
        assert hub.browser().get("/hub/").status == 403
        header = "X-Goog-Authenticated-User-Email"
        assert hub.browser().get("/hub/", {header: "accounts.google.com:eve@example.com"}).status == 403
        hub.browser().get("/hub/", {header: "accounts.google.com:ann@example.com"})
        ann = newest.pod("jupyter-ann-40example-2ecom")["spec"]
        hub.configure({**params, "allowedUsers": []})
        assert hub.browser().get("/hub/", {header: "accounts.google.com:ann@example.com"}).status == 403
    mounts = {mount["mountPath"] for mount in ann["containers"][0]["volumeMounts"]}
    assert {"/home/{username}", "/mnt/datasets"} <= mounts
    assert ann["automountServiceAccountToken"] is True


def test_profiles_take_the_forms_place(newest: Place) -> None:
    small = {"extra_resource_guarantees": {"cpu": "200m", "memory": "512Mi"}}
    profiles = [
        {"display_name": "Small", "kubespawner_override": small},
        {"display_name": "Large", "kubespawner_override": {"image": "example.com/large:1"}},
    ]
    with newest.hub({"profiles": profiles, "notebookCpuLimit": 2, "podSecurity": "restricted"}) as hub:
        admin = hub.browser()
        assert "Large" in admin.login("admin", "").text
        admin.post("/hub/spawn/admin", {"profile": "small"})
        (notebook,) = newest.pod("jupyter-admin")["spec"]["containers"]
    assert notebook["resources"] == {
        "limits": {"cpu": "2"},
        "requests": {"cpu": "200m", "memory": "512Mi"},
    }
    assert notebook["image"] == "quay.io/jupyter/tensorflow-notebook:2026-08-07"


def test_native_users_sign_up(newest: Place) -> None:
    with newest.hub({"jupyterHubAuthenticator": "native"}) as hub:
        words = {"password": "correct horse", "signup_password": "correct horse"}
        confirmed = {**words, "signup_password_confirmation": "correct horse"}
        for name in ("admin", "eve"):
            stranger = hub.browser()
            stranger.get("/hub/signup")
            assert stranger.post("/hub/signup", {"username": name, **confirmed}).status == 200
        assert "/hub/login" in hub.browser().login("eve", "correct horse").url  # not let in yet
        assert "/hub/login" in hub.browser().login("admin", "").url
        admin, eve = hub.browser(), hub.browser()
        assert "/hub/spawn" in admin.login("admin", "correct horse").url
        admin.get("/hub/authorize/eve")
        assert "/hub/spawn" in eve.login("eve", "correct horse").url
        native = {"jupyterHubAuthenticator": "native", "adminUsers": ["bob"]}
        hub.configure(native)
        assert eve.get("/hub/home").url == f"{hub.url}/hub/home"
        assert "/hub/spawn" in hub.browser().login("eve", "correct horse").url
        assert admin.get("/hub/authorize").status == 403  # signed up still, an admin no longer
        hub.configure({**native, "allowedUsers": ["admin"]})
        assert "/hub/login" in eve.get("/hub/home").url
        assert "/hub/login" in hub.browser().login("eve", "correct horse").url


def test_oauth_sends_users_to_the_login_page(newest: Place) -> None:
    params = {
        "jupyterHubAuthenticator": "oauth",
        "oauthSecretName": "hub",
        "oauthAuthorizeUrl": "http://127.0.0.1:1/authorize",
        "oauthTokenUrl": "http://127.0.0.1:1/token",
        "oauthUserdataUrl": "http://127.0.0.1:1/user",
        "oauthCallbackUrl": "https://hub.example.com/hub/oauth_callback",
        "allowAll": True,
    }
    with newest.hub(params, {"client_id": "an id", "client_secret": "a secret"}) as hub:
        with pytest.raises(OSError, match="refused") as away:
            hub.browser().get("/hub/oauth_login")
        del away


def test_extra_configuration_has_the_last_word(newest: Place) -> None:
    extra = """
c = get_config()
c.KubeSpawner.environment = {"TZ": "Europe/Berlin"}
c.KubeSpawner.image = "mine:1"
"""
    params = {"extraConfig": extra, "notebookImages": [], "podSecurity": "restricted"}
    with newest.hub(params) as hub:
        hub.browser().login("admin", "")
        (notebook,) = newest.pod("jupyter-admin")["spec"]["containers"]
    assert notebook["image"] == "mine:1"
    assert {"name": "TZ", "value": "Europe/Berlin"} in notebook["env"]
