"""What the server counts, in the format and under the names that ModelServer gives to Prometheus."""

import threading
import time
from collections import Counter
from contextlib import contextmanager

from model_server.faults import Fault

COUNT, LATENCY = ":tensorflow:serving:request_count", ":tensorflow:serving:request_latency"
BOUNDS = tuple(10 * 1.8**step for step in range(30))  # microseconds

lock = threading.Lock()
counts: Counter[tuple[str, str]] = Counter()
buckets: Counter[tuple[str, float]] = Counter()
totals: Counter[tuple[str, str]] = Counter()


@contextmanager
def counted(model, method, entrance):
    """Count a request for a model by how it ends, and how long it took to end well."""
    began = time.perf_counter()
    try:
        yield
    except Fault as fault:
        with lock:
            counts[model, fault.code.name] += 1
        raise
    took = (time.perf_counter() - began) * 1e6
    labels = f'model_name="{model}",API="{method}",entrypoint="{entrance}"'
    with lock:
        counts[model, "OK"] += 1
        buckets[labels, bound(took)] += 1
        totals[labels, "sum"] += took


def bound(took):
    """The upper end of the bucket for so many microseconds."""
    return next((each for each in BOUNDS if took <= each), float("inf"))


def text():
    """All of it for Prometheus."""
    with lock:
        lines = [f"# TYPE {COUNT} counter"]
        lines += [
            f'{COUNT}{{model_name="{name}",status="{status}"}} {n}' for (name, status), n in counts.items()
        ]
        lines.append(f"# TYPE {LATENCY} histogram")
        for labels in dict.fromkeys(labels for labels, _ in buckets):
            lines += histogram(labels)
    return "\n".join(lines) + "\n"


def histogram(labels):
    """The lines of one histogram."""
    seen, lines = 0, []
    for each in (*BOUNDS, float("inf")):
        seen += buckets[labels, each]
        lines.append(
            f'{LATENCY}_bucket{{{labels},le="{"+Inf" if each == float("inf") else f"{each:g}"}"}} {seen}'
        )
    return [
        *lines,
        f"{LATENCY}_sum{{{labels}}} {totals[labels, 'sum']:.0f}",
        f"{LATENCY}_count{{{labels}}} {seen}",
    ]
