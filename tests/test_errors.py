"""Suggestions for misspelt names."""

from __future__ import annotations

from kfctl.errors import did_you_mean, limit_suggestions


def test_suggestions_are_limited() -> None:
    with limit_suggestions(2):
        hints = [did_you_mean("replicaz", ["replicas"]) for _ in range(3)]
    assert hints == ["did you mean replicas?", "did you mean replicas?", ""]
    assert did_you_mean("replicaz", ["replicas"])


def test_long_names_are_not_compared() -> None:
    assert not did_you_mean("a" * 101, ["a" * 101])
    assert did_you_mean("a" * 50, ["a" * 1_000_000, "a" * 49])
