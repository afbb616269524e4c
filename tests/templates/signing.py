"""Signed assertions (JWT), as an identity-aware proxy creates them."""

from __future__ import annotations

import json
import subprocess
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.templates.hubprograms import Programs

AUDIENCE = "/projects/1/global/backendServices/2"
ISSUER = "https://cloud.google.com/iap"
SCRIPT = """
import base64, hashlib, hmac, json, sys
import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

order = json.load(sys.stdin)
number = int.from_bytes(hashlib.sha256(order["key"].encode()).digest(), "big")
key = ec.derive_private_key(number % (2**255), ec.SECP256R1())
public = json.loads(jwt.algorithms.ECAlgorithm.to_jwk(key.public_key())) | {"kid": order["kid"]}
encoded = lambda data: base64.urlsafe_b64encode(data).rstrip(b"=")
head = encoded(json.dumps({"typ": "JWT", "alg": order["alg"], "kid": order["kid"]}).encode())
text = head + b"." + encoded(json.dumps(order["claims"]).encode())
pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
signature = {
    "ES256": lambda: jwt.algorithms.ECAlgorithm(jwt.algorithms.ECAlgorithm.SHA256).sign(text, key),
    "HS256": lambda: hmac.digest(pem, text, "sha256"),
    "none": lambda: b"",
}[order["alg"]]()
json.dump({"key": public, "token": (text + b"." + encoded(signature)).decode()}, sys.stdout)
"""


class Signer:
    """A proxy with a key of its own."""

    def __init__(self, programs: Programs, key: str = "key", key_id: str = "1") -> None:
        """Derive the private key from a text."""
        self._programs = programs
        self._order = {"key": key, "kid": key_id, "alg": "ES256", "claims": {}}

    def public_keys(self) -> dict[str, Any]:
        """Return the JWK Set."""
        return {"keys": [self._run(self._order)["key"]]}

    def assertion(self, changes: Mapping[str, Any] = {}, algorithm: str = "ES256") -> str:
        """Return an assertion of ann@example.com with some claims changed, or removed by None."""
        now = int(time.time())
        usual = {"aud": AUDIENCE, "iss": ISSUER, "iat": now, "exp": now + 600, "email": "ann@example.com"}
        claims = {name: value for name, value in {**usual, **changes}.items() if value is not None}
        return str(self._run({**self._order, "claims": claims, "alg": algorithm})["token"])

    def _run(self, order: Mapping[str, Any]) -> dict[str, Any]:
        done = subprocess.run(
            [str(self._programs.python), "-c", SCRIPT],
            input=json.dumps(order),
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        result: dict[str, Any] = json.loads(done.stdout)
        return result
