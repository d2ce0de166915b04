"""The open loop counts from when a call was due."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from time import sleep

import pyperf
import pytest
from hdrh.histogram import HdrHistogram

from benchmarks import openloop, tail

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


def measured(found: Sequence[int]) -> dict[str, pyperf.Benchmark]:
    return {each.get_name(): each for each in openloop.percentiles("x", found)}


def test_percentiles_are_within_a_thousandth() -> None:
    found = measured(range(1_000, 1_001_000, 1_000))
    assert found.keys() == {"x.p50", "x.p99", "x.p99.9", "x.calls"}
    assert [each.get_unit() for each in found.values()] == ["second"] * 3 + ["integer"]
    seconds = {name: each.get_values() for name, each in found.items()}
    assert seconds["x.p50"] == pytest.approx([each * 1e-6 for each in (83, 250, 417, 583, 750, 917)], rel=2e-3)
    assert seconds["x.p99"] == pytest.approx([990e-6], rel=2e-3)
    assert seconds["x.p99.9"] == pytest.approx([999e-6], rel=2e-3)
    assert seconds["x.calls"] == (1_000,)


@pytest.mark.parametrize(
    ("calls", "samples"),
    [
        (3, (1, 1, 1)),
        (79, (4, 1, 1)),
        (80, (5, 1, 1)),
        (96, (6, 1, 1)),
        (1_600, (6, 2, 1)),
        (4_800, (6, 6, 1)),
        (tail.ENOUGH, (6, 6, 6)),
    ],
)
def test_a_percentile_is_of_as_many_parts_as_have_eight_slower_calls(calls: int, samples: tuple[int, int, int]) -> None:
    found = measured([1_000] * calls)
    assert tuple(found[f"x.{each}"].get_nvalue() for each in tail.ONE_IN) == samples


def test_all_latencies_go_with_the_results(tmp_path: Path) -> None:
    pyperf.BenchmarkSuite(list(measured([5_000, 70_000, 5_000]).values())).dump(str(tmp_path / "results.json"))
    kept = pyperf.BenchmarkSuite.load(str(tmp_path / "results.json")).get_benchmark("x.calls").get_metadata()
    found = HdrHistogram.decode(kept["histogram"])
    assert found.get_total_count() == 3
    assert found.get_count_at_value(5_000) == 2
    assert found.get_count_at_value(70_000) == 1


def test_what_the_histogram_cannot_hold_is_not_passed_over() -> None:
    with pytest.raises(AssertionError, match="out of its range"):
        openloop.histogram([openloop.RANGE[1] * 4])
