"""What the node opens on its machine, and what installing its packages leaves there."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.cluster.node import debian
from tests.cluster.node.space import MACHINE

if TYPE_CHECKING:
    from tests.cluster.access import Cluster

pytestmark = pytest.mark.node


def test_apiserver_is_not_open_to_other_machines(node: Cluster) -> None:
    config = json.loads(node.kubectl("config", "view", "--minify", "-o", "json"))
    port = config["clusters"][0]["cluster"]["server"].rpartition(":")[2]
    sockets = subprocess.run(["ss", "-Hltn", f"sport = :{port}"], check=True, capture_output=True, text=True)
    listening = {line.split()[3].rpartition(":")[0] for line in sockets.stdout.splitlines()}
    assert listening == {"127.0.0.1", MACHINE}


@pytest.mark.parametrize(
    "helper", [("invoke-rc.d", "nosuch", "start"), ("deb-systemd-invoke", "start", "nosuch")]
)
def test_packages_start_no_service_when_installed(helper: tuple[str, ...]) -> None:
    if reason := debian.why_not():
        pytest.skip(f"packages are not installed here: {reason}")
    assert output(*helper)
    assert not output(*debian.WITHOUT_SERVICES, *helper)
    assert output(*helper), "the mounts end with the command"


def output(*command: str) -> bytes:
    """What a command prints; these two complain about a service that does not exist."""
    ran = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return ran.stdout
