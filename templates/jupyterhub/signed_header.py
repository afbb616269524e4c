"""Login by a signed assertion (JWT) that an identity-aware proxy adds to each request."""

import asyncio
import json
import time
import urllib.error
import urllib.request

import jwt
from jupyterhub.auth import Authenticator
from jupyterhub.handlers import BaseHandler
from tornado.web import HTTPError
from traitlets import Dict, Unicode

LEEWAY_SECONDS = 30  # clocks of the proxy and the hub may differ by this much
KEYS_LIFETIME_SECONDS = 3600  # a key that the proxy withdrew is not accepted for longer
FETCH_PAUSE_SECONDS = 30  # assertions with unknown keys must not make the hub flood the key server
FETCH_TIMEOUT_SECONDS = 10
MAX_KEYS_BYTES = 1024 * 1024


class UnknownKeyError(Exception):
    """No public key verifies the assertion."""


class PublicKeys:
    """The proxy's public keys: a fixed JWK Set, or one that is fetched and cached."""

    def __init__(self, url, fixed):
        """Use the fixed JWK Set, or the one at the URL if there is none."""
        self._url = url
        self._keys = parse_keys(fixed) if fixed else {}
        self._is_fixed = bool(fixed)
        self._expires = self._next_fetch = 0.0
        self._lock = asyncio.Lock()

    async def find(self, key_id):
        """Return a public key.

        Raises UnknownKeyError if the set does not contain it, OSError or ValueError if it can't be fetched.
        """
        if not self._is_fixed:
            async with self._lock:
                await self._refresh(key_id)
        if key_id is None and len(self._keys) == 1:
            return next(iter(self._keys.values()))
        if key_id not in self._keys:
            raise UnknownKeyError(f"the keys do not include {key_id!r}")
        return self._keys[key_id]

    async def _refresh(self, key_id):
        now = time.monotonic()
        has_expired = now >= self._expires
        if now >= self._next_fetch and (has_expired or key_id not in self._keys):
            self._next_fetch = now + FETCH_PAUSE_SECONDS
            try:
                self._keys = parse_keys(await asyncio.to_thread(fetch_json, self._url))
            except (AttributeError, RuntimeError, TypeError) as error:  # of PyJWT and json, for hostile input
                raise ValueError(f"the keys are not a JWK Set: {error}") from error
            self._expires = now + KEYS_LIFETIME_SECONDS
        elif has_expired:
            raise OSError("the last fetch failed")


def parse_keys(jwk_set):
    """Return the keys of a JWK Set (RFC 7517) by their ID; those of unknown types are left out."""
    if not isinstance(jwk_set, dict):
        raise ValueError("the keys are not a JWK Set")
    return {key.key_id: key.key for key in jwt.PyJWKSet.from_dict(jwk_set).keys}


class HttpsRedirectHandler(urllib.request.HTTPRedirectHandler):
    """Follows redirects to HTTPS only: whoever changes the keys on their way logs in as everybody."""

    def redirect_request(self, request, response, code, message, headers, url):
        """Return the request for the new URL."""
        if not url.startswith("https://"):
            response.close()
            raise urllib.error.URLError("redirect to a URL that does not begin with https://")
        return super().redirect_request(request, response, code, message, headers, url)


def fetch_json(url):
    """Return the JSON document at a URL."""
    opener = urllib.request.build_opener(HttpsRedirectHandler)
    with opener.open(url, timeout=FETCH_TIMEOUT_SECONDS) as response:
        body = response.read(MAX_KEYS_BYTES + 1)
    if len(body) > MAX_KEYS_BYTES:
        raise ValueError(f"the answer is longer than {MAX_KEYS_BYTES} bytes")
    return json.loads(body)


class SignedHeaderAuthenticator(Authenticator):
    """Logs in the user whom a signed assertion names.

    Checks of Google's IAP: https://cloud.google.com/iap/docs/signed-headers-howto. The algorithm is fixed by
    the configuration, never chosen by the assertion (RFC 8725, section 3.1).
    """

    auto_login = True
    header = Unicode(config=True, help="The header with the assertion.")
    algorithm = Unicode(config=True, help="The only signature algorithm that is accepted.")
    audience = Unicode(config=True, help="The audience for which the proxy signs.")
    issuer = Unicode(config=True, help="The issuer that the proxy names.")
    username_claim = Unicode(config=True, help="The claim with the user's name.")
    keys_url = Unicode(config=True, help="The URL of the proxy's JWK Set.")
    keys = Dict(config=True, help="The proxy's JWK Set, instead of its URL.")

    def __init__(self, *args, **kwargs):
        """Prepare the keys."""
        super().__init__(*args, **kwargs)
        self._public_keys = PublicKeys(self.keys_url, self.keys)

    def login_url(self, base_url):
        """Return the page that reads the header."""
        return base_url + "header-login"

    def get_handlers(self, app):
        """Return the handler of that page."""
        return [("/header-login", HeaderLoginHandler)]

    async def authenticate(self, handler, data):
        """Return the user whom the assertion names, or None; answer 503 without keys to verify it."""
        assertion = handler.request.headers.get(self.header)
        if not assertion:
            return None
        try:
            return self._username(await self._verified_claims(assertion))
        except (jwt.InvalidTokenError, UnknownKeyError) as error:
            self.log.warning("Refused an assertion in the header %s: %s", self.header, error)
            return None
        except (OSError, ValueError, jwt.PyJWTError) as error:
            self.log.error("Cannot get the keys for the header %s: %s", self.header, error)
            raise HTTPError(503, "the keys of the identity-aware proxy are not available") from error

    async def _verified_claims(self, assertion):
        key_id = jwt.get_unverified_header(assertion).get("kid")
        return jwt.decode(
            assertion,
            await self._public_keys.find(key_id),
            algorithms=[self.algorithm],
            audience=self.audience,
            issuer=self.issuer,
            leeway=LEEWAY_SECONDS,
            options={"require": ["exp", "iat", "aud", "iss", self.username_claim]},
        )

    def _username(self, claims):
        name = claims[self.username_claim]
        if not isinstance(name, str) or not name:
            raise jwt.InvalidTokenError(f"the claim {self.username_claim} is not a name")
        if self.username_claim == "email" and claims.get("email_verified", True) is not True:
            raise jwt.InvalidTokenError("the email address is not verified")
        return name


class HeaderLoginHandler(BaseHandler):
    """Logs in the user whom the assertion names."""

    async def get(self):
        """Log in, and continue to the requested page."""
        user = await self.login_user({})
        if user is None:
            raise HTTPError(403, f"the header {self.authenticator.header} does not identify an allowed user")
        self.redirect(self.get_next_url(user))
