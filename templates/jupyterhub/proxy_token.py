"""Makes the word by which the hub and the proxy of this pod know each other; it leaves the pod never."""

import os
import secrets
from pathlib import Path

token = Path(os.environ.get("HUB_RUN", "/run/hub")) / "proxy-token"
if not token.exists():
    new = token.with_suffix(".new")
    new.touch(mode=0o600)
    new.write_text(secrets.token_hex(32), encoding="ascii")
    new.rename(token)
