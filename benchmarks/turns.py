"""Times what waits for a server: wall-clock time, turn by turn, so that both sides of a ratio meet the same neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.rounds import quantity

#: How much more often a pair takes turns, which a server's own work disturbs by as much as it takes.
_OFTEN: Final = 4


def turns(contestants: dict[str, Callable[[], object]], rounds: int, uncounted: int = 0) -> Iterator[pyperf.Benchmark]:
    """Time contestants turn by turn; the values of one round have the same place in each benchmark.

    Args:
        uncounted: how many calls before each do not count: of more than two, each comes behind another one, and finds the
            server and its socket as that left them.
    """
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for each in contestants.values():
        each()
    for turn in range(rounds):
        for name in list(contestants)[:: 1 if turn % 2 == 0 else -1]:
            for _ in range(uncounted):
                contestants[name]()
            begin = perf_counter()
            contestants[name]()
            values[name].append(perf_counter() - begin)
    for name, found in values.items():
        yield quantity(name, found, "second")


def pairs(contestants: dict[str, Callable[[], object]], rounds: int) -> Iterator[pyperf.Benchmark]:
    """Time the two sides of each ratio by themselves, named alike up to the last dot, so often that a median holds still.

    What comes first behind something else may wait 40 ms for an acknowledgement, until the socket is used to so much again.
    """
    for name in dict.fromkeys(each.rpartition(".")[0] for each in contestants):
        yield from turns(
            {each: call for each, call in contestants.items() if each.rpartition(".")[0] == name}, rounds * _OFTEN
        )


def batch(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put a batch; cfacl and happybase have the same face."""
    with to.batch() as changes:
        for key in rows:
            changes.put(key, data)


def puts(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put row by row."""
    for key in rows:
        to.put(key, data)
