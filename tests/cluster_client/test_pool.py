"""Side by side, in order, as many as are welcome."""

from __future__ import annotations

import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfctl.cluster.pool import Limit, as_completed, parallel, values
from kfctl.errors import NotFound


@given(st.lists(st.integers()), st.integers(1, 40))
def test_results_come_in_order(items: list[int], threads: int) -> None:
    assert parallel(lambda item: item * 2, items, threads) == [item * 2 for item in items]


def test_an_error_stands_in_its_items_place() -> None:
    def halve(item: int) -> int:
        if item % 2:
            raise NotFound(f"{item} is odd")
        return item // 2

    results = parallel(halve, range(5))
    assert [str(result) for result in results] == ["0", "1 is odd", "1", "3 is odd", "2"]
    with pytest.raises(NotFound) as caught:
        values(results)
    assert [problem.message for problem in caught.value.problems] == ["1 is odd", "3 is odd"]
    assert values(parallel(halve, [2, 4])) == [1, 2]


def test_what_is_no_error_of_ours_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        parallel(lambda item: 1 // item, [1, 0, 1])


def test_they_do_run_side_by_side() -> None:
    together = threading.Barrier(8)
    assert len(parallel(lambda _: together.wait(30), range(8), threads=8)) == 8


def test_one_that_is_given_up_starts_no_more() -> None:
    begun: list[int] = []

    def begin(item: int) -> int:
        begun.append(item)
        time.sleep(0.01)
        return item

    running = as_completed(begin, range(1000), threads=2)
    next(running)
    running.close()  # type: ignore[attr-defined]
    assert len(begun) < 100


def test_the_limit_holds() -> None:
    limit, busy, most = Limit(3), 0, 0
    lock = threading.Lock()

    def work(_: int) -> None:
        nonlocal busy, most
        with limit.place():
            with lock:
                busy += 1
                most = max(most, busy)
            time.sleep(0.001)
            with lock:
                busy -= 1

    parallel(work, range(50), threads=16)
    assert most == 3


def test_the_limit_is_halved_and_won_back() -> None:
    limit = Limit(32)
    limit.halve(0)
    assert limit.now == 16
    for _ in range(1000):
        limit.widen()
    assert limit.now == 32
    for halvings in range(1, 20):
        limit.halve(halvings)
    assert limit.now == 1


def test_answers_that_were_under_way_halve_it_once() -> None:
    limit = Limit(32)
    places = [limit.place() for _ in range(8)]
    begun = [place.__enter__() for place in places]
    for place, halvings in zip(places, begun, strict=True):  # all eight are told that there are too many
        place.__exit__(None, None, None)
        limit.halve(halvings)
    assert limit.now == 16
