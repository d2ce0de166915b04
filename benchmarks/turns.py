"""Times what waits for a server: wall-clock time, turn by turn, so that both sides of a ratio meet the same neighbours."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks.rounds import quantity


def turns(contestants: dict[str, Callable[[], object]], rounds: int) -> Iterator[pyperf.Benchmark]:
    """Time contestants turn by turn; the values of one round have the same place in each benchmark."""
    values: dict[str, list[float]] = {name: [] for name in contestants}
    for each in contestants.values():
        each()
    for turn in range(rounds):
        for name in list(contestants)[:: 1 if turn % 2 == 0 else -1]:
            begin = perf_counter()
            contestants[name]()
            values[name].append(perf_counter() - begin)
    for name, found in values.items():
        yield quantity(name, found, "second")


def batch(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put a batch; cfacl and happybase have the same face."""
    with to.batch() as changes:
        for key in rows:
            changes.put(key, data)


def puts(to: Any, rows: list[bytes], data: dict[bytes, bytes]) -> None:
    """Put row by row."""
    for key in rows:
        to.put(key, data)
