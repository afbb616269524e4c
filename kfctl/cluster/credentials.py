"""What a kubeconfig's user entry proves itself with: tokens, passwords, exec plugins."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kfctl.cluster.programs import find_program
from kfctl.errors import ClusterError, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kfctl.cluster.kubeconfig import Login

_IMPERSONATION = ("as", "as-uid", "as-groups", "as-user-extra")
_PLUGIN_TIMEOUT = 60.0  # without a terminal nobody can answer what it asks
_EXPIRY_MARGIN = timedelta(seconds=30)


@dataclass(frozen=True)
class Credentials:
    """What goes with a request: a header, or a certificate and its key as PEM."""

    authorization: str = ""
    certificate: str = ""
    key: str = ""
    expires: datetime | None = None

    def __post_init__(self) -> None:
        """Refuse what no header can carry: who sends it would quote it in the error."""
        if any(not " " <= char <= "\xff" for char in self.authorization):
            message = (
                "the token of the kubeconfig's user holds a line break or a character no header can carry"
            )
            raise ClusterError(message, hint="mend the kubeconfig")

    @property
    def expired(self) -> bool:
        """Whether they have to be made anew before the next request."""
        return self.expires is not None and datetime.now(UTC) >= self.expires - _EXPIRY_MARGIN


def credentials(user: dict[str, Any], cluster: dict[str, Any]) -> Credentials:
    """Return the credentials of a user entry; empty where it has only certificate files or nothing."""
    if user.get("tokenFile"):
        return Credentials(f"Bearer {_token_file(str(user['tokenFile']))}", expires=_soon())
    if user.get("token"):
        return Credentials(f"Bearer {user['token']}")
    if user.get("exec"):
        return _Plugin(user["exec"], cluster).run()
    if user.get("username") and user.get("password"):
        pair = f"{user['username']}:{user['password']}".encode()
        return Credentials(f"Basic {base64.b64encode(pair).decode()}")
    return Credentials()


def is_secure(server: str) -> bool:
    """Return whether credentials may be sent to a server: only over TLS, on this machine as well.

    client-go reads no user entry unless the server is https (clientcmd, DirectClientConfig.ClientConfig).
    """
    return server.lower().startswith("https://")


def without_credentials(user: Mapping[str, Any]) -> dict[str, Any]:
    """Return a user entry without what proves who it is: no token, password, certificate or login program."""
    return {key: value for key, value in user.items() if key in _IMPERSONATION}


def with_files(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return an entry with its certificates and key in files, which TLS reads: in memory, none on a disk.

    So a run that is killed leaves no key behind. Where the system has no such files the entry stays as it is.
    """
    held = dict(entry)
    for name in ("certificate-authority", "client-certificate", "client-key"):
        content = base64.b64decode(str(entry.get(f"{name}-data") or ""))
        if content and (path := _in_memory(content)):
            del held[f"{name}-data"]
            held[name] = path
    return held


@lru_cache
def _in_memory(content: bytes) -> str:
    if not hasattr(os, "memfd_create"):
        return ""
    file = os.memfd_create("kfctl")
    os.write(file, content)
    path = f"/proc/self/fd/{file}"
    return path if Path(path).is_file() else ""


def impersonation(user: dict[str, Any], login: Login) -> tuple[tuple[str, str], ...]:
    """Return the headers that make the server answer as somebody else: `--as`, or the user entry's `as`."""
    if login.user:
        name, uid, groups = login.user, "", login.groups
    else:
        name, uid = str(user.get("as") or ""), str(user.get("as-uid") or "")
        groups = login.groups or tuple(map(str, user.get("as-groups") or ()))
    if groups and not name:
        raise ClusterError("a group to act as needs a user too", hint="give --as USER with --as-group")
    headers = [("Impersonate-User", name), ("Impersonate-Uid", uid)]
    headers += [("Impersonate-Group", group) for group in groups]
    return tuple(header for header in headers if header[1])


def doubt_of(certificate: str | None, has_token: bool) -> str:
    """Return why a server may not accept these credentials: none at all, or an expired certificate file."""
    if not certificate:
        return "" if has_token else "the kubeconfig's user has neither a certificate nor a token"
    ended = _end_of(Path(certificate).read_text(encoding="ascii", errors="replace"))
    if ended and ended < datetime.now(UTC):
        return f"the client certificate expired on {ended:%Y-%m-%d %H:%M} UTC"
    return ""


# In DER: a SEQUENCE of two times, UTCTime or GeneralizedTime; the first in a certificate is its validity.
_VALIDITY = re.compile(rb"\x30.(?:\x17\x0d|\x18\x0f)\d{12,14}Z(?:\x17\x0d|\x18\x0f)(\d{12,14})Z", re.DOTALL)


def _end_of(pem: str) -> datetime | None:
    block = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", pem, re.DOTALL)
    found = _VALIDITY.search(base64.b64decode(block[1])) if block else None
    if not found:
        return None
    text = found[1].decode()
    return datetime.strptime(text if len(text) == 14 else f"20{text}", "%Y%m%d%H%M%S").replace(tzinfo=UTC)


def _token_file(path: str) -> str:
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except OSError as error:
        raise ClusterError(f"can't read the token file {path}: {error.strerror}") from error


def _soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)  # mounted tokens are replaced while we run


@dataclass(frozen=True)
class _Plugin:
    """An exec credential plugin, as client-go runs it."""

    config: dict[str, Any]
    cluster: dict[str, Any] = field(default_factory=dict)

    def run(self) -> Credentials:
        try:
            done = subprocess.run(
                [self._command(), *map(str, self.config.get("args") or ())],
                env=self._environment(),
                stdin=None if self._interactive() else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=None if self._interactive() else subprocess.PIPE,
                timeout=None if self._interactive() else _PLUGIN_TIMEOUT,
                check=False,
            )
        except FileNotFoundError as error:
            raise self._failed("is not installed", str(self.config.get("installHint") or "")) from error
        except OSError as error:
            raise self._failed(f"can't be started: {error.strerror}") from error
        except subprocess.TimeoutExpired as error:
            raise self._failed(f"gave nothing within {_PLUGIN_TIMEOUT:.0f} s") from error
        if done.returncode:
            raise self._failed(f"ended with {done.returncode}{_last_line(done.stderr)}")
        return self._read(done.stdout)

    def _command(self) -> str:
        command = str(self.config.get("command") or "")
        if not command:
            raise ClusterError("the kubeconfig's exec plugin has no command", hint="fix the kubeconfig")
        program = find_program(command)
        if program is None:
            hint = str(self.config.get("installHint") or "only absolute directories of PATH are searched")
            raise self._failed("is not installed", hint)
        return program

    def _interactive(self) -> bool:
        return self.config.get("interactiveMode") != "Never" and sys.stdin is not None and sys.stdin.isatty()

    def _environment(self) -> dict[str, str]:
        spec: dict[str, Any] = {"interactive": self._interactive()}
        if self.config.get("provideClusterInfo"):
            spec["cluster"] = _cluster_info(self.cluster)
        asked = {"apiVersion": self.config.get("apiVersion"), "kind": "ExecCredential", "spec": spec}
        added = {str(item["name"]): str(item["value"]) for item in self.config.get("env") or ()}
        return {**os.environ, **added, "KUBERNETES_EXEC_INFO": json.dumps(asked)}

    def _read(self, output: bytes) -> Credentials:
        try:
            status = json.loads(output)["status"]
            certificate = str(status.get("clientCertificateData") or "")
            token, key = str(status.get("token") or ""), str(status.get("clientKeyData") or "")
            expires = _time(status.get("expirationTimestamp"))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise self._failed("did not print an ExecCredential with a status") from error
        if not token and not (certificate and key):
            raise self._failed("gave neither a token nor a certificate with its key")
        return Credentials(f"Bearer {token}" if token else "", certificate, key, expires)

    def _failed(self, why: str, hint: str = "") -> Unauthorized:
        command = str(self.config.get("command"))
        advice = hint.strip() or f"run it by hand to see why (often a login has expired): {command}"
        return Unauthorized(f"the kubeconfig's login program {command} {why}", hint=advice)


def _cluster_info(cluster: dict[str, Any]) -> dict[str, Any]:
    extensions = cluster.get("extensions") or ()
    own = [e.get("extension") for e in extensions if e.get("name") == "client.authentication.k8s.io/exec"]
    plain = {
        key: value for key, value in cluster.items() if key not in {"extensions", "certificate-authority"}
    }
    return {**plain, **({"config": own[0]} if own else {})}


def _time(text: Any) -> datetime | None:
    return datetime.fromisoformat(str(text).replace("Z", "+00:00")) if text else None


def _last_line(text: bytes | None) -> str:
    lines = (text or b"").decode(errors="replace").strip().splitlines()
    return f": {lines[-1].strip()}" if lines else ""
