"""The hub: what its parameters refuse, and its program in the real JupyterHub on a real API server."""

from __future__ import annotations

import html
import ipaddress
import json
from typing import TYPE_CHECKING, Any

import pytest

from kfctl.engine.resolve import cautions
from kfctl.errors import ParameterError
from kfctl.store.catalog import catalog
from tests.templates.hub import eventually
from tests.templates.rendering import app_of, objects, resolved

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.templates.hub import Place, RunningHub


# The parameters


@pytest.mark.parametrize("kind", ["NodePort", "LoadBalancer"])
def test_hub_without_passwords_stays_inside_the_cluster(kind: str) -> None:
    params = {"jupyterHubServiceType": kind}
    with pytest.raises(ParameterError, match="set allowInsecureAuth"):
        resolved("jupyterhub", params)
    service = objects("jupyterhub", {**params, "allowInsecureAuth": True})["Service/tf-hub-lb"]
    assert service["spec"]["type"] == kind


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"adminUsers": []}, "nobody could log in"),
        ({"jupyterHubAuthenticator": "shared-password"}, "needs passwordSecretName"),
        ({"jupyterHubAuthenticator": "native"}, "needs passwordSecretName"),
        ({"jupyterHubAuthenticator": "iap"}, "needs iapAudience"),
        ({"iapKeysUrl": "http://keys.example.com"}, "must be a URL that begins with https://"),
        ({"allowedHosts": ["hub.example.com:80"]}, "must be a host name without a port"),
        ({"passwordSecretName": "hub"}, "dummy does not use passwordSecretName"),
        ({"jupyterHubAuthenticator": "oauth", "oauthSecretName": "hub"}, "oauthCallbackUrl"),
        ({"baseUrl": "jupyter"}, "baseUrl"),
        ({"adminUsers": ["ann\u00a0"]}, "must be the name of one user"),
        ({"allowedUsers": ["\u200bann"]}, "must be the name of one user"),
        ({"allowedUsers": ["team/ann"]}, "must be the name of one user"),
        ({"notebookServiceAccount": "jupyter-hub"}, "rights of the hub"),
        ({"notebookEgress": [{"to": []}]}, "notebookEgress"),
        ({"disks": ["tf-hub-db"]}, "not tf-hub-db"),
        ({"hubStorage": "much"}, "must be a quantity such as 1Gi, or empty"),
    ],
)
def test_what_cannot_work_is_refused(params: Mapping[str, Any], words: str) -> None:
    with pytest.raises(ParameterError, match=words):
        resolved("jupyterhub", params)


def test_password_secret_may_stay_when_the_login_changes() -> None:
    given = {"jupyterHubAuthenticator": "iap", "iapAudience": "a", "passwordSecretName": "hub-passwords"}
    assert "hub-passwords" not in str(objects("jupyterhub", given)["StatefulSet/tf-hub"])


OAUTH = {
    "jupyterHubAuthenticator": "oauth",
    "oauthSecretName": "hub",
    "oauthAuthorizeUrl": "https://login.example.com/authorize",
    "oauthTokenUrl": "https://login.example.com/token",
    "oauthUserdataUrl": "https://login.example.com/user",
    "oauthCallbackUrl": "https://hub.example.com/hub/oauth_callback",
    "oauthUsernameClaim": "sub",
}


@pytest.mark.parametrize(
    "params",
    [
        {"networkPolicy": False},
        {"notebookServiceAccount": "robot"},
        {"notebookCloudMetadata": True},
        {"allowAll": True},
        {"oauthUserdataUrl": "HTTP://login.example.com/user"},
        {"oauthCallbackUrl": "http://hub.example.com/hub/oauth_callback"},
        {"oauthUsernameClaim": "nickname"},
    ],
    ids=str,
)
def test_hazard_causes_a_caution(params: Mapping[str, Any]) -> None:
    assert cautions_of(OAUTH) == ()
    assert len(cautions_of({**OAUTH, **params})) == 1


def cautions_of(params: Mapping[str, Any]) -> tuple[str, ...]:
    """Return what the prototype warns of."""
    (component,) = app_of("jupyterhub", params).components.values()
    return cautions(component, catalog().get("jupyterhub"), resolved("jupyterhub", params))


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


def egress(**params: Any) -> list[dict[str, Any]]:
    """Return what notebooks may reach."""
    return list(objects("jupyterhub", params)["NetworkPolicy/tf-hub-notebooks"]["spec"]["egress"])


def is_reached(address: str, **params: Any) -> bool:
    """Return whether a rule without ports opens an address by its range."""
    ip = ipaddress.ip_address(address)
    blocks = [peer.get("ipBlock") for rule in egress(**params) for peer in rule["to"] if "ports" not in rule]
    return any(
        ip in ipaddress.ip_network(block["cidr"])
        and not any(ip in ipaddress.ip_network(excepted) for excepted in block.get("except") or ())
        for block in blocks
        if block
    )


# https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry
SPECIAL_ADDRESSES = (
    *(
        "0.0.0.1",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.0.1",
        "172.31.0.1",
        "192.0.0.1",
        "192.0.2.1",
    ),
    *(
        "192.168.0.1",
        "198.19.0.1",
        "198.51.100.1",
        "203.0.113.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
    ),
)
SPECIAL_ADDRESSES_IPV6 = (
    *("::1", "::ffff:10.0.0.1", "64:ff9b:1::1", "100::1", "2001::1", "2001:db8::1", "3fff::1", "5f00::1"),
    *("fc00::1", "fd00::1", "fe80::1", "ff02::1", "2002:a00:1::1"),
)
METADATA_SERVICES = (
    *(
        "169.254.169.254",
        "169.254.170.2",
        "169.254.170.23",
        "100.100.100.200",
        "192.0.0.192",
        "168.63.129.16",
    ),
    *("fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254", "fd00:c1::a9fe:a9fe"),
)


@pytest.mark.parametrize("address", [*SPECIAL_ADDRESSES, *SPECIAL_ADDRESSES_IPV6, *METADATA_SERVICES])
def test_notebooks_reach_no_special_address(address: str) -> None:
    assert not is_reached(address)


@pytest.mark.parametrize("address", [*SPECIAL_ADDRESSES, "168.63.129.16"])
def test_notebooks_reach_no_special_address_by_nat64(address: str) -> None:
    translated = int(ipaddress.ip_address("64:ff9b::")) + int(ipaddress.ip_address(address))
    assert not is_reached(str(ipaddress.IPv6Address(translated)))


@pytest.mark.parametrize("address", ["1.1.1.1", "223.255.255.1", "2600::1", "2a00::1", "64:ff9b::101:101"])
def test_notebooks_reach_public_addresses(address: str) -> None:
    assert is_reached(address)


@pytest.mark.parametrize("address", METADATA_SERVICES)
def test_private_network_opens_no_metadata_service(address: str) -> None:
    assert not is_reached(address, notebookPrivateNetwork=True)


def test_notebooks_reach_pods_by_ports_only() -> None:
    everywhere = [{"podSelector": {}}, {"namespaceSelector": {}}]
    assert not any(peer in everywhere for rule in egress() for peer in rule["to"] if "ports" not in rule)


def test_private_network_opens_pods_by_selectors() -> None:
    (opened,) = [rule for rule in egress(notebookPrivateNetwork=True) if rule not in egress()]
    assert {"namespaceSelector": {}} in opened["to"]
    assert "ports" not in opened


def test_notebook_egress_adds_its_rules() -> None:
    rule = {"to": [{"ipBlock": {"cidr": "10.1.2.3/32"}}], "ports": [{"port": 443}]}
    assert egress(notebookEgress=[rule])[-1] == rule


def test_token_is_mounted_into_the_hub_container_alone() -> None:
    spec = objects("jupyterhub", {})["StatefulSet"]["spec"]["template"]["spec"]
    holders = [
        container["name"]
        for container in [*spec["initContainers"], *spec["containers"]]
        if "kube-api-access" in {mount["name"] for mount in container["volumeMounts"]}
    ]
    assert (spec["automountServiceAccountToken"], holders) == (False, ["tf-hub"])


def test_extra_config_is_in_a_secret_alone() -> None:
    found = objects("jupyterhub", {"extraConfig": "c.JupyterHub.log_level = 'DEBUG'"})
    assert catalog().get("jupyterhub").parameters["extraConfig"].secret
    assert found["Secret"]["stringData"] == {"extra_config.py": "c.JupyterHub.log_level = 'DEBUG'"}
    assert "log_level" not in str(found["ConfigMap"])
    sources = found["StatefulSet"]["spec"]["template"]["spec"]["volumes"][0]["projected"]["sources"]
    assert {"secret": {"name": found["Secret"]["metadata"]["name"]}} in sources


def test_namespace_quota_is_a_resource_quota() -> None:
    quota = objects("jupyterhub", {"namespaceQuota": {"requests.cpu": 8}})["ResourceQuota"]
    assert quota["spec"] == {"hard": {"requests.cpu": "8"}}
    assert "ResourceQuota" not in objects("jupyterhub", {})


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


def test_allow_all_takes_any_name_and_any_password(newest: Place) -> None:
    with newest.hub({"allowAll": True, "notebookImages": [], "notebookGpus": 1}) as hub:
        user = hub.browser()
        # Without a form the notebook starts at once.
        assert user.login("whoever", "whatever").url == f"{hub.url}/hub/spawn-pending/whoever"
        (notebook,) = newest.pod("jupyter-whoever")["spec"]["containers"]
        assert notebook["resources"]["limits"] == {"nvidia.com/gpu": "1"}


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


def test_notebook_has_at_most_the_maximum(newest: Place) -> None:
    params = {"notebookMaximum": {"cpu": "2", "memory": "2Gi", "gpus": 1}}
    with newest.hub(params) as hub:
        admin = hub.browser()
        admin.login("admin", "")
        for field, text in (("cpu", "2500m"), ("memory", "3e9"), ("gpus", "2")):
            typed = {f"profile-option-notebook--{field}--unlisted-choice": text}
            page = admin.post("/hub/spawn/admin", {"profile": "notebook", **typed})
            assert f"can&#39;t be {text}: at most" in page.text
        typed = {"profile-option-notebook--memory--unlisted-choice": "2048Mi"}
        admin.post("/hub/spawn/admin", {"profile": "notebook", **typed})
        (notebook,) = newest.pod("jupyter-admin")["spec"]["containers"]
    assert notebook["resources"]["requests"] == {"cpu": "500m", "memory": "2Gi"}
    assert notebook["resources"]["limits"] == {"cpu": "2", "memory": "2Gi"}


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


def test_claim_of_another_user_is_not_mounted(newest: Place) -> None:
    claim = {
        "apiVersion": "v1",
        "kind": "PersistentVolumeClaim",
        "metadata": {"name": "claim-admin", "annotations": {"hub.jupyter.org/username": "eve"}},
        "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}}},
    }
    newest.cluster.kubectl("create", "-n", newest.namespace, "-f", "-", input=json.dumps(claim))
    with newest.hub({"notebookImages": []}) as hub:
        admin = hub.browser()
        admin.login("admin", "")
        progress = admin.get("/hub/api/users/admin/server/progress").text
        assert "belongs to another user" in progress
        pods = newest.cluster.kubectl("get", "pods", "-n", newest.namespace, "-o", "name")
    assert pods == ""
