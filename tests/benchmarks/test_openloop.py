"""The open loop counts from when a call was due."""

from __future__ import annotations

from collections.abc import Callable
from time import sleep

import pytest

from benchmarks import openloop

MILLISECOND = 1_000_000


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], Callable[[], None]]:
    """A clock that goes on where somebody looks at it, sleeps, or makes a call that takes so long."""
    now = 0

    def look() -> int:
        nonlocal now
        now += 1
        return now

    def slept(seconds: float) -> None:
        nonlocal now
        now += round(seconds * 1e9)

    def taking(nanoseconds: int) -> Callable[[], None]:
        def call() -> None:
            slept(nanoseconds / 1e9)

        return call

    monkeypatch.setattr(openloop, "perf_counter_ns", look)
    monkeypatch.setattr(openloop, "sleep", slept)
    return taking


def rounded(found: list[int]) -> list[int]:
    return [round(each / MILLISECOND) for each in found]


def test_a_call_that_is_answered_at_once_has_its_own_time(time: Callable[[int], Callable[[], None]]) -> None:
    assert rounded(openloop.latencies([time(2 * MILLISECOND)] * 4, 10 * MILLISECOND)) == [2, 2, 2, 2]


def test_one_slow_call_is_waited_for_by_those_that_were_due_meanwhile(
    time: Callable[[int], Callable[[], None]],
) -> None:
    slow, quick = time(35 * MILLISECOND), time(MILLISECOND)
    found = openloop.latencies([quick, slow, quick, quick, quick, quick], 10 * MILLISECOND)
    # Due at 20 and answered at 55; then due at 30, 40 and 50, and each answered when those before it were.
    assert rounded(found) == [1, 35, 26, 17, 8, 1]


def test_no_call_is_made_before_it_is_due() -> None:
    found = openloop.latencies([lambda: sleep(0)] * 20, MILLISECOND)
    assert min(found) >= 0


def test_percentiles_are_within_a_thousandth() -> None:
    found = {each.get_name(): each for each in openloop.percentiles("x", range(1_000, 1_001_000, 1_000))}
    assert found.keys() == {"x.p50", "x.p99", "x.p99.9", "x.calls"}
    seconds = {name: each.get_values()[0] for name, each in found.items()}
    assert seconds["x.p50"] == pytest.approx(500e-6, rel=2e-3)
    assert seconds["x.p99"] == pytest.approx(990e-6, rel=2e-3)
    assert seconds["x.p99.9"] == pytest.approx(999e-6, rel=2e-3)
    assert seconds["x.calls"] == 1_000
    assert [each.get_unit() for each in found.values()] == ["second"] * 3 + ["integer"]


def test_what_the_histogram_cannot_hold_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="out of its range"):
        openloop.histogram([openloop.RANGE[1] * 4])
