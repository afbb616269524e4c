"""The ports that a cluster listens on: free when it is made, and its own from then on."""

import json
import random
import socket
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path

ADDRESS = "127.0.0.1"
# Below what the kernel gives to outgoing connections: one of those could hold the port of a server that is
# just being restarted. And below the ports of NodePort Services.
RANGE = range(20_000, 30_000)


@dataclass(frozen=True)
class Ports:
    """One number for each listener."""

    apiserver: int
    etcd: int
    etcd_peer: int


def kept(file: Path) -> Ports | None:
    """The ports in the file."""
    try:
        return Ports(**json.loads(file.read_text()))
    except (FileNotFoundError, ValueError, TypeError):
        return None


def settle(file: Path) -> Ports:
    """The ports kept in the file if nobody else took one meanwhile, else new ones, kept from now on."""
    ports = kept(file)
    if ports is None or not all(map(is_free, asdict(ports).values())):
        ports = free_ports()
        file.write_text(json.dumps(asdict(ports)) + "\n")
    return ports


def is_free(port: int) -> bool:
    """Could a server listen there now?"""
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind((ADDRESS, port))
        except OSError:
            return False
    return True


def free_ports() -> Ports:
    """Ports that nobody listens on."""
    candidates = random.sample(RANGE, 200)
    return Ports(*islice(filter(is_free, candidates), 3))
