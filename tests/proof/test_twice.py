"""What large projects publish, applied twice: the second time the server is asked about no object."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kfctl.cluster.kubeconfig import Login
from kfctl.errors import ExitCode
from tests.apply.conftest import admin, developer, proxy, world
from tests.proof.published import PROJECTS, published

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.apply.conftest import World
    from tests.conftest import Run
    from tests.faults.proxy import Proxy

__all__ = ["admin", "developer", "proxy", "world"]


@pytest.mark.parametrize("name", PROJECTS)
def test_a_second_apply_costs_no_dry_run(
    world: World,
    proxy: Proxy,
    kfctl: Callable[..., Run],
    tmp_path: Path,
    name: str,
    figures: Callable[[str], None],
) -> None:
    bodies = [body for body in published(name) if body["kind"] != "Namespace"]
    world.login = Login(context="proxied", kubeconfig=str(proxy.kubeconfig(tmp_path / "proxied")))
    world.write(app=bodies)
    env = {"KUBECONFIG": str(world.login.kubeconfig)}
    try:
        first = kfctl("apply", "--no-wait", cwd=world.root, env=env)
        assert first.code == ExitCode.OK, first.out + first.err
        proxy.clear()
        second = kfctl("apply", "--no-wait", cwd=world.root, env=env)
        assert second.code == ExitCode.OK, second.out + second.err
        assert f"{len(bodies)} unchanged." in second.out
        assert [request for request in proxy.requests if request.method != "GET"] == []
        figures(f"{name}: {len(bodies)} objects, {len(proxy.requests)} requests the second time")
    finally:
        gone = kfctl("delete", "--yes", "--delete-crds", "--delete-data", cwd=world.root, env=env)
    assert gone.code == ExitCode.OK, gone.out + gone.err
