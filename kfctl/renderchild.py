"""The child process that renders templates of an app; see `kfctl.isolation` for its parent."""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Any

from kfctl.engine.templatefault import TemplateFault
from kfctl.engine.templates import Templates, TemplateSet


def main() -> None:
    """Answer requests until there are no more: a line of JSON each, like the answers."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C reaches this process, too
    replies = os.fdopen(os.dup(1), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)

    def send(value: Any) -> None:
        replies.write(json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass") + b"\n")
        replies.flush()

    start = json.loads(sys.stdin.buffer.readline())
    seconds, memory_mib = start["limits"]
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_AS, memory_mib * 2**20)
    templates = Templates(TemplateSet(*start["setup"]))
    del start
    for line in sys.stdin.buffer:
        usage = resource.getrusage(resource.RUSAGE_SELF)
        _limit(resource.RLIMIT_CPU, int(usage.ru_utime + usage.ru_stime) + seconds)
        try:
            reply = _answer(templates, json.loads(line), send)
        except MemoryError:
            reply = {"memory": True}
        try:
            send(reply)
        except (MemoryError, ValueError, RecursionError):
            send({"failed": [["it renders values that are too large or nested too deep", "", 0]]})


def _answer(templates: Templates, request: Any, send: Any) -> dict[str, Any]:
    try:
        if request is None:
            return {"result": templates.faults()}
        return {"result": templates.render(request, lambda name: send({"template": name}))}
    except TemplateFault as error:
        return {"failed": error.faults}


def _limit(kind: int, amount: int) -> None:
    """Lower a limit of this process; where the system does not allow that, the others have to do."""
    with suppress(OSError, ValueError):
        _, hard = resource.getrlimit(kind)
        resource.setrlimit(kind, (amount if hard == resource.RLIM_INFINITY else min(amount, hard), hard))
