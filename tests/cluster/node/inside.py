"""The first process in the node's namespaces: lays folders over the machine's, then buries the dead."""

import os
import signal
import subprocess
import sys
from pathlib import Path

FILES = {
    # No name of a registry is ever found: an image that was not imported is missing at once.
    "etc/resolv.conf": "nameserver 127.0.0.1",
    # A kubelet sets these for the whole machine unless they are so; it finds files that say they are.
    "proc/sys/kernel/keys/root_maxbytes": 25_000_000,
    "proc/sys/kernel/keys/root_maxkeys": 1_000_000,
    "proc/sys/kernel/panic": 10,
    "proc/sys/kernel/panic_on_oops": 1,
    "proc/sys/vm/overcommit_memory": 1,
    "proc/sys/vm/panic_on_oom": 0,
}


def main(folder: Path, covered: list[str]) -> None:
    """Make the node's mounts, say so, and stay: with this process all others of the node end."""
    for place in covered:
        ours = folder / "covered" / place.strip("/")
        ours.mkdir(parents=True, exist_ok=True)
        mount("--bind", str(ours), place)
    for setting, value in FILES.items():
        ours = folder / "covered" / setting
        ours.parent.mkdir(parents=True, exist_ok=True)
        ours.write_text(f"{value}\n")
        mount("--bind", str(ours), f"/{setting}")
    mount("-t", "tmpfs", "-o", "mode=755", "tmpfs", "/run")
    mount("--make-rshared", "/")  # pods may ask for mounts that they share with the node
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    (folder / "inside").touch()
    bury_for_ever()


def mount(*arguments: str) -> None:
    """Run mount(8)."""
    subprocess.run(["mount", *arguments], check=True)


def bury_for_ever() -> None:
    """Take the exit codes of orphans; nobody else here would."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        signal.sigwait({signal.SIGCHLD})
        while left_a_dead_child():
            pass


def left_a_dead_child() -> bool:
    """Bury one dead child, if there is one."""
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
