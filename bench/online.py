"""`apply` and `diff` on a real API server, against kubectl, helm and kapp."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bench.measure import costs
from bench.sites import VERBS, Site, Way, site
from bench.table import Row
from tests.cluster.controlplane import ControlPlane
from tests.cluster.session import running
from tests.faults.conftest import upstream
from tests.faults.proxy import proxied

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from pathlib import Path

LATENCY = 0.05  # seconds before every request
TIMES = 10  # so many more objects are held against the usual number


@dataclass(frozen=True)
class Operation:
    """What is measured: in words, as each tool's verb, from which state, and the ratios to reach by tool."""

    what: str
    verb: str
    before: Callable[[Site], None]
    targets: Mapping[str, float]


NEW = Operation("`apply`, {:,} new objects", "new", Site.emptied, {"kubectl": 1.0})
SAME = Operation("`apply`, {:,} unchanged", "again", Site.as_it_is, {"kubectl": 1 / 5})
EDITED = Operation("`apply`, 10 of {:,} changed", "again", Site.edited, {})
DIFF = Operation("`diff`, {:,} unchanged", "diff", Site.as_it_is, {"kubectl": 1 / 10})

NEAR = (NEW, SAME, DIFF, EDITED)
FAR = tuple(
    replace(each, what=f"{each.what}, {LATENCY * 1_000:.0f} ms away")
    for each in (replace(NEW, targets={"kubectl": 1 / 7}), SAME, DIFF, EDITED)
)
LARGE = tuple(replace(each, targets={"kfctl": 1.1 * TIMES}) for each in (NEW, SAME))


def near(work: Path, objects: int) -> Iterator[Row]:
    """Every operation with every tool, the API server on this machine."""
    with way() as direct, sites([site(work, tool, direct, objects) for tool in VERBS]) as there:
        yield from measured(NEAR, there, objects, rounds=3)


def far(work: Path, objects: int) -> Iterator[Row]:
    """The same with latency on the way, and with the requests counted."""
    with way() as direct, proxied(upstream(direct.cluster, work)) as proxy:
        proxy.latency = LATENCY
        slow = replace(direct, kubeconfig=proxy.kubeconfig(work / "proxied"), context="proxied", proxy=proxy)
        with sites([site(work, tool, slow, objects) for tool in VERBS]) as there:
            yield from measured(FAR, there, objects, rounds=1)


def large(work: Path, objects: int) -> Iterator[Row]:
    """Ten times as many objects, against kfctl with the usual number, and against kubectl."""
    tools = (("kfctl", objects * TIMES), ("kfctl", objects), ("kubectl", objects * TIMES))
    with way() as direct, sites([site(work, tool, direct, number) for tool, number in tools]) as there:
        yield from measured(LARGE, there, objects * TIMES, rounds=1)


def measured(
    operations: Sequence[Operation], there: Sequence[Site], objects: int, rounds: int
) -> Iterator[Row]:
    """Yield kfctl's cost of each operation beside that of every other site that knows it."""
    for each in operations:
        able = [one for one in there if each.verb in VERBS[one.tool]]
        commands = [one.command(each.verb, each.before) for one in able]
        ours, *others = costs(commands, rounds, warm_up=False)
        for one, other in zip(able[1:], others, strict=True):
            yield Row(each.what.format(objects), ours, other, each.targets.get(one.tool, 0.0))


@contextmanager
def way() -> Iterator[Way]:
    """A control plane of the benchmark's own, ended after it."""
    with running(ControlPlane("bench")) as cluster:
        context = cluster.kubectl("config", "current-context").strip()
        yield Way(cluster, cluster.kubeconfig, context)


@contextmanager
def sites(made: Sequence[Site]) -> Iterator[Sequence[Site]]:
    """The sites, of which nothing is left after."""
    try:
        yield made
    finally:
        for each in made:
            each.removed(wait=False)
