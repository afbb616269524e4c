"""The tutorial's page prints what it says, and its programs did what it tells of."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.node.page import comparable, rewritten
from tests.node.tutorial import CLEAN_UP, PAGE

if TYPE_CHECKING:
    from tests.node.app import App
    from tests.node.tutorial import Tutorial


def test_commands_print_what_the_page_says(tutorial: Tutorial, update_golden: bool) -> None:
    if update_golden:
        before, title, after = PAGE.read_text(encoding="utf-8").partition(CLEAN_UP)
        outputs = (printed.rstrip() for _, printed in tutorial.printed)
        PAGE.write_text(rewritten(before, outputs) + title + after, encoding="utf-8")
        return
    assert len(tutorial.printed) > 10
    for step, printed in tutorial.printed:
        shown = comparable(step.shown_of(printed))
        assert f"$ {step.command}\n{shown}" == f"$ {step.command}\n{comparable(step.printed)}"


def test_the_job_places_work_on_every_process(kubeflow: App) -> None:
    said = kubeflow.kubectl("logs", "example-job-master-0")
    places = ["/job:master/task:0", "/job:ps/task:0", "/job:ps/task:1", "/job:worker/task:0"]
    assert all(f"{place}: result is right" in said for place in places)


def test_both_workers_trained_and_the_model_is_good(kubeflow: App) -> None:
    for worker in (0, 1):
        said = kubeflow.kubectl("logs", f"digits-worker-{worker}").splitlines()
        assert said[0].startswith(f"worker {worker} of 2, ")
        (right,) = (line for line in said if "not trained on" in line)
        assert float(right.partition("%")[0]) > 85
