"""Start-up and rendering: what kfctl does without a cluster."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from bench.measure import Command, costs
from bench.peers import peer
from bench.table import Row
from bench.workload import KFCTL, rendered, write_app, write_chart, write_kustomization

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


def startup(work: Path) -> list[Row]:
    """Short commands in an app of 10 components, against the least that any such program costs."""
    app = write_app(work / "ten", servings=10, config_maps=0)
    floor, *ours = costs(
        [
            Command("import typer, yaml", [sys.executable, "-c", "import typer, yaml"]),
            Command("param set", [*KFCTL, "param", "set", "model-0003", "replicas", "2"], app),
            Command("param list", [*KFCTL, "param", "list"], app),
            Command("show -c", [*KFCTL, "show", "default", "-c", "model-0003"], app),
        ],
        rounds=15,
    )
    return [
        Row(f"`{c.name}`, 10 components", c, floor, t) for c, t in zip(ours, (1.5, 1.5, 2.0), strict=True)
    ]


def show(work: Path, objects: int) -> Iterator[Row]:
    """`show` of many objects and of ten times as many."""
    yield from rendering(work, objects * 2 // 5, target_helm=1.5)
    yield from rendering(work, objects * 4, target_helm=1.0)


def rendering(work: Path, servings: int, target_helm: float) -> list[Row]:
    """`show` of an app of 2.5 times `servings` objects against helm and kustomize on the same objects."""
    app = write_app(work / f"app-{servings}", servings, config_maps=servings // 2)
    objects = rendered(app)
    chart = write_chart(work / f"chart-{servings}", objects)
    plain = write_kustomization(work / f"plain-{servings}", objects)
    small = len(objects) <= 1_000
    commands = [
        Command("show", [*KFCTL, "show", "default"], app),
        Command("helm template", [peer("helm"), "template", "bench", chart]),
    ]
    if small:  # kustomize takes minutes for 10,000
        commands.append(Command("kustomize build", [peer("kustomize"), "build", plain]))
    ours, *others = costs(commands, rounds=7 if small else 3)
    targets = [target_helm, 1 / 3]
    return [
        Row(f"`show`, {len(objects):,} objects", ours, other, t)
        for other, t in zip(others, targets, strict=False)
    ]
