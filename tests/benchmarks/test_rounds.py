"""Contestants have turns: forth and back, warmed before each, as long as a sample, and a time is that of one."""

from __future__ import annotations

import pyperf  # type: ignore[import-untyped]  # it has no types
import pytest

from benchmarks.page import numbers
from benchmarks.rounds import Effort, Timer, interleaved, quantity

EFFORT = Effort(sample=0.01, rounds=4, processes=1, share=1.0)
#: What one of each takes, in seconds.
TAKES = {"a": 1e-3, "b": 5e-4, "c": 2e-5}


def contestant(name: str, called: list[tuple[str, int]]) -> Timer:
    def timer(loops: int) -> float:
        called.append((name, loops))
        return loops * TAKES[name]

    return timer


def raced() -> tuple[dict[str, pyperf.Benchmark], list[tuple[str, int]]]:
    """Return what was measured, and who was called for how many, but for the tries before."""
    called: list[tuple[str, int]] = []
    found = {each.get_name(): each for each in interleaved({name: contestant(name, called) for name in TAKES}, EFFORT)}
    return found, called[-2 * len(TAKES) * EFFORT.rounds :]


def test_turns_go_forth_and_back_and_each_is_warmed_before_it() -> None:
    _, called = raced()
    order = [name for round_ in range(EFFORT.rounds) for name in ("abc" if round_ % 2 == 0 else "cba")]
    assert [name for name, _ in called[::2]] == [name for name, _ in called[1::2]] == order
    for (_, warming), (_, counted) in zip(called[::2], called[1::2], strict=True):
        assert warming == counted // 4 + 1


def test_a_sample_lasts_as_long_as_it_is_to_and_its_value_is_the_time_of_one() -> None:
    found, called = raced()
    assert {name: set(found[name].get_values()) for name in TAKES} == {name: {each} for name, each in TAKES.items()}
    for name, loops in called[1::2]:
        assert loops * TAKES[name] == pytest.approx(EFFORT.sample, rel=0.05)


def test_wall_clock_time_is_of_the_samples_alone() -> None:
    found, _ = raced()
    (wall,) = found["machine.wall"].get_values()
    assert 0 < wall < 0.1  # the samples took no time, and say that they took 0.12 s


def test_a_ratio_is_of_two_rounds_where_there_are_enough() -> None:
    """Whoever comes first takes twice as long, and the direction changes with each round."""
    for number, expected in ((12, [1.0] * 6), (13, [1.0] * 6), (4, [2.0, 0.5, 2.0, 0.5])):
        one = quantity("one", [2.0 if turn % 2 == 0 else 1.0 for turn in range(number)], "second")
        other = quantity("other", [1.0 if turn % 2 == 0 else 2.0 for turn in range(number)], "second")
        assert numbers.ratios({"one": one, "other": other}, "one", "other") == expected


def test_rounds_of_a_ratio_are_as_many_on_both_sides() -> None:
    one, other = quantity("one", [1.0] * 12, "second"), quantity("other", [1.0] * 13, "second")
    with pytest.raises(ValueError, match="zip"):
        numbers.ratios({"one": one, "other": other}, "one", "other")
