"""The server's time, as it is learned from its answers."""

from __future__ import annotations

import time
from email.utils import formatdate

import pytest

from kfctl.cluster.serverclock import ServerClock


@pytest.mark.parametrize("ahead", [-3600.0, 0.0, 3600.0])
def test_the_first_date_tells_how_far_ahead_the_server_is(ahead: float) -> None:
    clock = ServerClock()
    clock.hear(formatdate(time.time() + ahead, usegmt=True))
    clock.hear(formatdate(0, usegmt=True))
    assert abs(clock.now() - time.time() - ahead) < 60


@pytest.mark.parametrize("date", [None, "", "yesterday"])
def test_without_a_date_the_time_is_ours(date: str | None) -> None:
    clock = ServerClock()
    clock.hear(date)
    assert abs(clock.now() - time.time()) < 60
