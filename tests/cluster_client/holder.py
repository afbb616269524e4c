"""A process that holds a lock until its input ends; a line of input asks whether it still does."""

import sys

from kfctl.cluster.client import connect
from kfctl.cluster.kubeconfig import Login
from kfctl.cluster.lock import LockLost, Taking, Timing, identity, locked


def main(kubeconfig: str, name: str, namespace: str, run: str, seconds: str) -> None:
    """Hold the lock, and say so."""
    timing = Timing(int(seconds), renew=0.5, poll=0.1)
    cluster = connect(Login(kubeconfig=kubeconfig))
    with locked(cluster, (name, namespace), identity(run), Taking(timing=timing)) as lock:
        print(f"held {lock.fence}", flush=True)
        for _ in sys.stdin:
            try:
                lock.assert_held()
                print("held", flush=True)
            except LockLost as error:
                print(error, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
