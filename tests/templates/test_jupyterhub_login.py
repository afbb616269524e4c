"""Logins to a real JupyterHub: as another user from a notebook, as the first stranger, and as the user."""

from __future__ import annotations

import json
import ssl
import threading
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.templates.hub import eventually
from tests.templates.signing import AUDIENCE, Signer

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.templates.hub import Browser, Place, RunningHub

TLS = Path(__file__).parents[1] / "cluster_client" / "tls"
HEADER = "X-Goog-IAP-JWT-Assertion"
LONG = "x" * 32
INITIAL = "initial password"
OWN = "correct horse battery"
PLAIN_HEADERS = (
    "X-Goog-Authenticated-User-Email",
    "X-Forwarded-User",
    "X-Forwarded-Email",
    "Remote-User",
    HEADER,
)
SECRET = {
    "password": "tell-no-one",
    "adminPassword": LONG,
    "client_id": "hub",
    "client_secret": "secret",
}
USERS = {"adminUsers": ["ann@example.com"], "allowedUsers": ["ben@example.com"]}
SHARED = {"jupyterHubAuthenticator": "shared-password", "passwordSecretName": "hub"}
NATIVE = {"jupyterHubAuthenticator": "native", "passwordSecretName": "hub"}
IAP = {"jupyterHubAuthenticator": "iap", "iapAudience": AUDIENCE}
OAUTH = {
    "jupyterHubAuthenticator": "oauth",
    "oauthSecretName": "hub",
    "oauthAuthorizeUrl": "http://127.0.0.1:1/authorize",
    "oauthTokenUrl": "http://127.0.0.1:1/token",
    "oauthUserdataUrl": "http://127.0.0.1:1/user",
    "oauthCallbackUrl": "https://hub.example.com/hub/oauth_callback",
}


@pytest.mark.parametrize("params", [SHARED, NATIVE, IAP, OAUTH], ids=lambda p: p["jupyterHubAuthenticator"])
def test_name_of_another_user_does_not_log_in(newest: Place, params: Mapping[str, Any]) -> None:
    names = ["ann@example.com", "ben@example.com", "eve@example.com"]
    with newest.hub({**params, **USERS}, SECRET) as hub:
        for open_browser in (hub.browser, hub.notebook):
            for name in names:
                stranger = open_browser()
                stranger.sign_up(name, OWN)
                attempt(lambda: stranger.get("/hub/oauth_callback?code=1&state=1"))  # noqa: B023
                for header in PLAIN_HEADERS:
                    attempt(lambda: stranger.get("/hub/login", {header: name}))  # noqa: B023
                    attempt(lambda: stranger.get("/hub/header-login", {header: f"x:{name}"}))  # noqa: B023
                for password in ("", OWN, name, "tell-no-one"[:-1]):
                    attempt(lambda: stranger.login(name, password))  # noqa: B023
                assert not stranger.is_logged_in()


def attempt(request: Callable[[], object]) -> None:
    """Send a request that may lead to a login page which does not exist."""
    try:
        request()
    except OSError as error:
        assert "refused" in str(error)


# Without passwords


FOREIGN_HOSTS = (
    "evil.example:8000",
    "localhost.evil.example",
    "127.0.0.1.evil.example",
    "tf-hub-lb.evil.example",
    "localhost@evil.example",
    "evil.example:8000, localhost",
)
OWN_HOSTS = ("localhost:8000", "LOCALHOST", "10.0.0.7:8081", "[::1]:8000", "tf-hub-0:8081", "tf-hub-lb")


def test_hub_without_passwords_refuses_other_hosts(place: Place) -> None:
    services = [f"tf-hub-lb.{place.namespace}{suffix}" for suffix in ("", ".svc", ".svc.cluster.local")]
    with place.hub({"allowedHosts": ["hub.example.com"]}) as hub:
        for browser in (hub.browser(), hub.notebook()):
            for path in ("/hub/login", "/hub/api", "/hub/health", "/"):
                for host in FOREIGN_HOSTS:
                    assert browser.get(path, {"Host": host}).status in {400, 403}
            for host in (*OWN_HOSTS, *services, "hub.example.com"):
                assert browser.get("/hub/login", {"Host": host}).status == 200


def test_allowed_hosts_hold_for_every_authenticator(newest: Place) -> None:
    with newest.hub({**SHARED, "allowedHosts": ["hub.example.com"]}, SECRET) as hub:
        assert hub.browser().get("/hub/login", {"Host": "hub.example.com"}).status == 200
        assert hub.browser().get("/hub/login", {"Host": "evil.example"}).status == 403
        hub.configure(SHARED)
        assert hub.browser().get("/hub/login", {"Host": "evil.example"}).status == 200


# Passwords


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


def test_first_admin_of_native_comes_from_the_secret(place: Place) -> None:
    with place.hub({**NATIVE, "allowedUsers": ["ben"]}, {"adminPassword": INITIAL}) as hub:
        for name in ("admin", "ADMIN", " admin", "admin\t", "\u00a0admin", "\uff41dmin", "admin\u200b"):
            stranger = hub.browser()
            stranger.sign_up(name, OWN)
            stranger.login(name, OWN)
            assert not stranger.is_logged_in()
        for name in ("ben", "eve"):
            hub.browser().sign_up(name, OWN)
            assert hub.browser().login(name, OWN).status == 403  # nobody is authorized by the name
        admin, ben = hub.browser(), hub.browser()
        admin.login("admin", INITIAL)
        assert admin.get("/hub/admin").status == 200
        admin.get("/hub/authorize/ben")  # a link that an administrator follows
        assert ben.login("ben", OWN).status == 403
        admin.post("/hub/authorize/ben", {})
        ben.login("ben", OWN)
        assert ben.is_logged_in()
        assert ben.get("/hub/admin").status == 403


def test_native_keeps_the_passwords_that_users_set(newest: Place) -> None:
    with newest.hub(NATIVE, {"adminPassword": INITIAL}) as hub:
        admin = hub.browser()
        admin.login("admin", INITIAL)
        admin.get("/hub/change-password")
        fields = {"old_password": INITIAL, "new_password": OWN, "new_password_confirmation": OWN}
        admin.post("/hub/change-password", fields)
        hub.restart("tf-hub")
        assert hub.browser().login("admin", INITIAL).status == 403
        assert hub.browser().login("admin", OWN).status == 200


def test_user_who_becomes_admin_gets_the_initial_password(newest: Place) -> None:
    with newest.hub(NATIVE, {"adminPassword": INITIAL}) as hub:
        eve, admin = hub.browser(), hub.browser()
        eve.sign_up("bob", OWN)
        admin.login("admin", INITIAL)
        admin.get("/hub/authorize/bob")
        admin.post("/hub/authorize/bob", {})
        eve.login("bob", OWN)
        token = eve.token("bob")
        hub.configure({**NATIVE, "adminUsers": ["bob"]})
        assert not eve.is_logged_in()
        assert hub.browser().get("/hub/api/user", token).status == 403
        assert hub.browser().login("bob", OWN).status == 403
        bob = hub.browser()
        bob.login("bob", INITIAL)
        assert bob.get("/hub/admin").status == 200
        assert not admin.is_logged_in() or admin.get("/hub/admin").status == 403


def test_native_locks_an_account_after_failed_logins(newest: Place) -> None:
    with newest.hub(NATIVE, {"adminPassword": INITIAL}) as hub:
        for number in range(10):
            assert hub.browser().login("admin", f"guess {number}").status == 403
        assert hub.browser().login("admin", INITIAL).status == 403


@pytest.mark.parametrize("password", ["", "short", "x" * 73])
def test_native_does_not_start_with_an_unusable_password(newest: Place, password: str) -> None:
    with (
        pytest.raises(AssertionError, match="12 characters and at most 72 bytes"),
        newest.hub(NATIVE, {"adminPassword": password}),
    ):
        pass


# Signed assertions


def test_signed_assertion_names_the_user(place: Place) -> None:
    signer = Signer(place.programs)
    params = {
        **IAP,
        "iapKeys": signer.public_keys(),
        "allowedUsers": ["ann@example.com"],
        "slugScheme": "escape",
        "notebookImages": [],
        "jupyterNotebookPVCMount": "/home/{username}",
        "disks": ["datasets"],
        "notebookServiceAccount": "default",
    }
    with place.hub(params) as hub:
        assert hub.browser().get("/hub/").status == 403
        assert (
            hub.browser().get("/hub/", {HEADER: signer.assertion({"email": "eve@example.com"})}).status == 403
        )
        hub.browser().get("/hub/", {HEADER: signer.assertion()})
        ann = place.pod("jupyter-ann-40example-2ecom")["spec"]
        hub.configure({**params, "allowedUsers": []})
        assert hub.browser().get("/hub/", {HEADER: signer.assertion()}).status == 403
    mounts = {mount["mountPath"] for mount in ann["containers"][0]["volumeMounts"]}
    assert {"/home/{username}", "/mnt/datasets"} <= mounts
    assert ann["automountServiceAccountToken"] is True


def test_forged_assertion_is_refused(newest: Place) -> None:
    signer, other = Signer(newest.programs), Signer(newest.programs, "another key")
    forged = [
        signer.assertion(algorithm="none"),
        signer.assertion(algorithm="HS256"),
        other.assertion(),
        Signer(newest.programs, "another key", "2").assertion(),
        signer.assertion({"aud": "/projects/1/global/backendServices/3"}),
        signer.assertion({"aud": None}),
        signer.assertion({"iss": "https://evil.example"}),
        signer.assertion({"iss": None}),
        signer.assertion({"exp": 1}),
        signer.assertion({"exp": None}),
        signer.assertion({"iat": 2**40}),
        signer.assertion({"iat": None}),
        signer.assertion({"email_verified": False}),
        signer.assertion({"email": None}),
        signer.assertion({"email": ["ann@example.com"]}),
        signer.assertion()[:-8],
        f"{signer.assertion()}, {signer.assertion()}",
        "ann@example.com",
    ]
    with newest.hub({**IAP, **USERS, "iapKeys": signer.public_keys()}) as hub:
        for browser in (hub.browser, hub.notebook):
            assert is_accepted(browser(), signer.assertion())
            assert [text for text in forged if is_accepted(browser(), text)] == []


def is_accepted(browser: Browser, assertion: str) -> bool:
    """Return whether an assertion logs in, and nothing else happens than that it does not."""
    answer = browser.get("/hub/header-login?next=/hub/home", {HEADER: assertion})
    assert answer.status in {200, 403}
    return browser.is_logged_in()


class EchoHandler(BaseHTTPRequestHandler):
    """Answers with the names of the request's headers, as a notebook could record them."""

    def do_GET(self) -> None:
        """Send them."""
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps([name.lower() for name in self.headers]).encode())

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


def test_assertion_does_not_reach_notebooks(newest: Place) -> None:
    signer = Signer(newest.programs)
    with served(HTTPServer(("127.0.0.2", 0), EchoHandler)) as port:  # has a route, as notebooks have
        extra = f"c.JupyterHub.services.append({{'name': 'page', 'url': 'http://127.0.0.2:{port}'}})"
        with newest.hub({**IAP, **USERS, "iapKeys": signer.public_keys(), "extraConfig": extra}) as hub:
            assert is_accepted(hub.browser(), signer.assertion())
            sent = {HEADER: signer.assertion(), "X-Other": "x"}
            assert eventually(lambda: hub.browser().get("/services/page/", sent).status == 200)
            received = json.loads(hub.browser().get("/services/page/", sent).text)
    assert "x-other" in received
    assert HEADER.lower() not in received


class KeyServer(HTTPServer):
    """The public keys of a proxy over HTTPS, and how often they were fetched."""

    answer: bytes = b""
    status = 200
    location = ""
    fetches = 0


class KeyHandler(BaseHTTPRequestHandler):
    """Answers with the keys."""

    server: KeyServer

    def do_GET(self) -> None:
        """Send them."""
        self.server.fetches += 1
        self.send_response(self.server.status)
        if self.server.location:
            self.send_header("Location", self.server.location)
        self.end_headers()
        self.wfile.write(self.server.answer)

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""


@contextmanager
def served(server: HTTPServer) -> Iterator[int]:
    """Run a server in the background; return its port."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_keys_are_fetched_and_rotate(newest: Place) -> None:
    old, new = Signer(newest.programs), Signer(newest.programs, "new", "2")
    server = KeyServer(("127.0.0.1", 0), KeyHandler)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "valid.crt", TLS / "valid.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    extra = f"import os; os.environ['SSL_CERT_FILE'] = {str(TLS / 'ca.crt')!r}"
    with served(server) as port:
        url = f"https://127.0.0.1:{port}/keys"
        params = {**IAP, **USERS, "iapKeysUrl": url, "extraConfig": extra}
        server.answer = json.dumps(old.public_keys()).encode()
        with newest.hub(params) as hub:
            assert is_accepted(hub.browser(), old.assertion())
            server.answer = json.dumps(new.public_keys()).encode()
            assert is_accepted(hub.browser(), old.assertion())
            assert not is_accepted(hub.browser(), new.assertion())  # not fetched again so soon
            assert server.fetches == 1
            hub.configure(
                {**params, "extraConfig": f"{extra}\nimport signed_header as s; s.FETCH_PAUSE_SECONDS = 0"}
            )
            assert is_accepted(hub.browser(), new.assertion())
            server.answer = json.dumps(old.public_keys()).encode()
            assert is_accepted(hub.browser(), old.assertion())
            server.status = 500
            assert hub.browser().get("/hub/header-login", {HEADER: new.assertion()}).status == 503
            server.status, server.answer = 200, b" " * 2**21
            assert hub.browser().get("/hub/header-login", {HEADER: new.assertion()}).status == 503
            for keys in (b"[1]", b'{"keys": [{"kty": "oct", "k": "AA", "alg": "none"}]}', b"[" * 100_000):
                server.answer = keys
                assert hub.browser().get("/hub/header-login", {HEADER: new.assertion()}).status == 503
            server.status, server.location = 302, "http://127.0.0.1:1/keys"
            assert hub.browser().get("/hub/header-login", {HEADER: new.assertion()}).status == 503
            assert "does not begin with https://" in hub.log("tf-hub")


# Another login page


class Provider(HTTPServer):
    """An OAuth 2 provider at which everybody is logged in already."""

    claims: Mapping[str, Any]


class ProviderHandler(BaseHTTPRequestHandler):
    """Answers as a provider does."""

    server: Provider

    def do_GET(self) -> None:
        """Redirect back to the hub with a code, or return the user's claims."""
        path, _, query = self.path.partition("?")
        asked = urllib.parse.parse_qs(query)
        if path == "/user":
            self._send(200, self.server.claims)
            return
        back = urllib.parse.urlencode({"code": "code", "state": asked["state"][0]})
        self._send(302, {}, f"{asked['redirect_uri'][0]}?{back}")

    def do_POST(self) -> None:
        """Return a token."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self._send(200, {"access_token": "token", "token_type": "bearer"})

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing."""

    def _send(self, status: int, body: Mapping[str, Any], location: str = "") -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        if location:
            self.send_header("Location", location)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())


@contextmanager
def oauth_hub(place: Place, provider: Provider) -> Iterator[Callable[[Mapping[str, Any]], RunningHub]]:
    """Give a function that restarts a hub whose users log in at the provider."""
    with served(provider) as port, place.hub(OAUTH, SECRET) as hub:
        url = f"http://127.0.0.1:{port}"
        params = {
            **OAUTH,
            "oauthAuthorizeUrl": f"{url}/authorize",
            "oauthTokenUrl": f"{url}/token",
            "oauthUserdataUrl": f"{url}/user",
            "oauthCallbackUrl": f"{hub.url}/hub/oauth_callback",
        }

        def configured(changes: Mapping[str, Any]) -> RunningHub:
            hub.configure({**params, **changes})
            return hub

        yield configured


def test_oauth_requires_a_verified_address_and_a_group(newest: Place) -> None:
    provider = Provider(("127.0.0.1", 0), ProviderHandler)

    def logs_in(hub: RunningHub, **claims: object) -> bool:
        provider.claims = claims
        browser = hub.browser()
        browser.get("/hub/oauth_login?next=/hub/home")
        return browser.is_logged_in()

    with oauth_hub(newest, provider) as configured:
        hub = configured({"oauthUsernameClaim": "email", **USERS})
        assert logs_in(hub, email="ben@example.com", email_verified=True)
        assert not logs_in(hub, email="ben@example.com", email_verified=False)
        assert not logs_in(hub, email="eve@example.com", email_verified=True)
        assert not logs_in(hub, preferred_username="ben@example.com")
        hub = configured({"oauthUsernameClaim": "sub", "oauthAllowedGroups": ["team"]})
        assert logs_in(hub, sub="1", groups=["other", "team"])
        assert not logs_in(hub, sub="2", groups=["teams"])
        assert not logs_in(hub, sub="3")
