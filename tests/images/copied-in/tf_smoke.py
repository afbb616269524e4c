"""Every process of a TFJob multiplies matrices where the chief tells it to, and the chief checks the results.

What tf_smoke of the early Kubeflow did, with the TensorFlow of today: TF_CONFIG names the processes of the
job, each runs a server, and the chief places work on all of them by one session.
"""

import json
import os
import signal
import threading

import numpy
import tensorflow

compat = tensorflow.compat.v1
SIZE = 200
CHIEFS = ("chief", "master")


def main() -> None:
    """Be the process that TF_CONFIG says."""
    config = json.loads(os.environ.get("TF_CONFIG") or "{}")
    cluster = config.get("cluster") or {"chief": ["localhost:2222"]}
    task = config.get("task") or {"type": "chief", "index": 0}
    say(f"{task['type']} {task['index']} of {json.dumps(cluster)}, TensorFlow {tensorflow.__version__}")
    server = compat.train.Server(cluster, job_name=task["type"], task_index=task["index"], start=True)
    if task["type"] in CHIEFS:
        check(server, cluster)
    elif task["type"] == "worker":
        wait_for_the_end(server, cluster, task)
    else:
        threading.Event().wait()  # a parameter server serves until the operator ends it


def check(server, cluster) -> None:
    """Have every process multiply, and compare with what numpy says."""
    left, right = (numpy.random.default_rng(seed).random((SIZE, SIZE)) for seed in (1, 2))
    devices = [f"/job:{job}/task:{index}" for job, hosts in cluster.items() for index in range(len(hosts))]
    with compat.Graph().as_default():
        products = [placed(device, left, right) for device in devices]
        trace = compat.RunMetadata()
        options = compat.RunOptions(trace_level=compat.RunOptions.FULL_TRACE)
        with compat.Session(server.target) as session:
            results = session.run(products, options=options, run_metadata=trace)
            worked = {name.device.split("/device:")[0] for name in trace.step_stats.dev_stats}
            tell_workers(session, cluster)
    for device, result in zip(devices, results, strict=True):
        if not numpy.allclose(result, left @ right):
            raise AssertionError(f"{device} multiplied wrongly")
        say(f"{device}: result is right")
    if len(worked) != len(devices):
        raise AssertionError(f"work was to be on {devices}, but it was on {sorted(worked)}")
    say(f"{len(devices)} processes worked")


def placed(device, left, right):
    """A product that is computed on a device."""
    with compat.device(device):
        return compat.matmul(compat.constant(left), compat.constant(right))


def done_queue(job, index):
    """A queue on a process, by which it hears that all is done."""
    with compat.device(f"/job:{job}/task:{index}"):
        return compat.FIFOQueue(1, compat.int32, shared_name=f"done-{job}-{index}")


def tell_workers(session, cluster) -> None:
    """Let the workers end well."""
    session.run([done_queue("worker", index).enqueue(1) for index in range(len(cluster.get("worker", ())))])


def wait_for_the_end(server, cluster, task) -> None:
    """Serve until the chief says that it has no more work."""
    with compat.Graph().as_default(), compat.Session(server.target) as session:
        session.run(done_queue(task["type"], task["index"]).dequeue())
    say("the chief is done")


def say(text) -> None:
    """Print at once, as logs are read while the job runs."""
    print(text, flush=True)


if __name__ == "__main__":
    compat.disable_eager_execution()
    # The first process of a container ends at a signal only if it says so, and only while it is in Python.
    signal.signal(signal.SIGTERM, lambda *_: os._exit(143))
    failures = []
    threading.excepthook = lambda failure: failures.append(failure.exc_value)
    work = threading.Thread(target=main, daemon=True)
    work.start()
    while work.is_alive():
        work.join(0.2)
    if failures:
        raise failures[0]
