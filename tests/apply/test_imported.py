"""What was imported, on the real API server: converted TFJobs, gone APIs, Services without pods."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kfctl import yamltext
from kfctl.actions.takeover import take
from kfctl.engine.modern import OLD as OLD_APIS
from kfctl.errors import ExitCode
from kfctl.store.intake import Source
from tests.outside import OLD_JOBS, TUTORIAL

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Run
    from tests.shop import Shop

WITHOUT_TEMPLATE = OLD_JOBS / "2017.yaml"
JOBS = sorted({*OLD_JOBS.glob("*.yaml"), TUTORIAL / "example.yaml"} - {WITHOUT_TEMPLATE})


@pytest.fixture
def typed(kfctl: Callable[..., Run], shop: Shop) -> Callable[..., Run]:
    """Run a command of kfctl in an app for a namespace of the test cluster."""
    return lambda *args: kfctl(*args, cwd=shop.root, env={"KUBECONFIG": shop.kubeconfig})


@pytest.mark.parametrize("path", JOBS, ids=lambda path: path.stem)
def test_the_server_takes_every_converted_job(path: Path, shop: Shop, tfjob_kind: str) -> None:
    (job,) = take([Source(str(path), path.name, path.read_bytes())], "job").resources
    metadata = {**job.metadata, "namespace": shop.namespace}
    assert shop.connect().preview({**job.body, "metadata": metadata}).created


def test_what_was_said_to_be_missing_is_what_the_server_misses(
    typed: Callable[..., Run], tfjob_kind: str
) -> None:
    said = typed("import", str(WITHOUT_TEMPLATE), "--name", "job")
    assert "spec.replicaSpecs[2] has no template" in said.err
    assert "spec.tfReplicaSpecs.PS.template: Required value" in typed("validate", "--server").err


def test_a_converted_job_is_applied_and_then_unchanged(typed: Callable[..., Run], tfjob_kind: str) -> None:
    assert typed("import", str(TUTORIAL / "example.yaml")).code == ExitCode.OK
    applied = typed("apply", "--no-wait")
    assert "1 created" in applied.out, applied.err
    assert typed("diff").code == ExitCode.OK
    assert typed("delete", "--yes").code == ExitCode.OK


def test_apis_that_are_gone_are_taken_too(typed: Callable[..., Run], tmp_path: Path) -> None:
    from tests.cli.test_import import OLD

    path = tmp_path / "old.yaml"
    path.write_text(OLD.partition("---\napiVersion: apiextensions")[0])
    assert typed("import", str(path)).code == ExitCode.OK
    checked = typed("validate", "--server")
    assert checked.code == ExitCode.OK, checked.err
    assert "4 objects checked by" in checked.out


def test_what_was_read_from_the_cluster_can_go_there_again(
    typed: Callable[..., Run], shop: Shop, tmp_path: Path
) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "live"}, "data": {"a": "1"}}
    placed = {**body, "metadata": {"name": "live", "namespace": shop.namespace}}
    live = shop.connect().apply(placed)
    path = tmp_path / "live.yaml"
    path.write_text(yamltext.dump(dict(live)))
    assert typed("import", str(path)).code == ExitCode.OK
    checked = typed("validate", "--server")
    assert checked.code == ExitCode.OK, checked.err


def test_services_that_select_nothing_are_told(typed: Callable[..., Run], shop: Shop) -> None:
    pod: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "foreign", "namespace": shop.namespace, "labels": {"app": "tf-hub"}},
        "spec": {"containers": [{"name": "c", "image": "nowhere.invalid/it:1"}]},
    }
    shop.connect().apply(pod)
    assert typed("import", str(TUTORIAL / "katacoda.yaml")).code == ExitCode.OK
    (shop.root / "components/katacoda/katacoda.yaml").write_text(
        (TUTORIAL / "katacoda.yaml").read_text().partition("---\n")[2]  # the volume belongs to no namespace
    )
    applied = typed("apply")
    assert applied.code == ExitCode.OK, applied.err
    note = "selects service=ambassador, and there are no such pods; reachable at 172.17.0.10, 172.17.0.11"
    for text in (applied.out, typed("status").out):
        by_object = {
            line.split()[1]: line for line in text.splitlines() if "Service/" in line and "ready" in line
        }
        assert note in by_object["Service/ambassador-katacoda"]
        assert "selects app=centraldashboard" in by_object["Service/centraldashboard-katacoda"]
        assert "selects" not in by_object["Service/tf-hub-lb-katacoda"]  # somebody's pod is there
    again = typed("apply")
    assert "selects" not in again.out


def test_the_table_of_old_apis_is_what_the_server_says(shop: Shop) -> None:
    kinds = shop.connect().kinds
    for (version, kind), old in OLD_APIS.items():
        assert not kinds.find(version, kind), f"{kind} of {version} is served"
        assert not old.new or kinds.find(old.new, kind), f"{kind} of {old.new} is not"
