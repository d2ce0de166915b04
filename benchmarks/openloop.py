"""Latency as callers meet it: they come when they come, whether or not the one before was answered.

Calls are due at fixed times.  One that is late, since those before it took long, has been waiting since it was due, and that
is where its latency begins.  A loop that calls again once it was answered would ask less just while answers are slow, and
leave out what everybody else then waits: *coordinated omission*.  One thread calls, so what is slow holds up what comes next,
as it does for a worker of a service.

What is due in a moment is waited for with the processor, since who sleeps wakes up late, by more than RocksDB takes.

Latencies are kept in an HdrHistogram.  Its Python package passes over a value that is out of its range and returns False,
so that is asserted; and it says of a percentile the highest value of its bucket, so that is within a thousandth.  That of all
calls goes with the results, so that whoever wants another percentile has it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from time import perf_counter_ns, sleep
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from hdrh.histogram import HdrHistogram  # type: ignore[import-untyped]  # it has no types

from benchmarks.rounds import quantity
from benchmarks.tail import ONE_IN, parts

#: Sleep is trusted to wake up so early, in nanoseconds.
MARGIN: Final = 500_000
#: From a nanosecond to an hour, with three digits.
RANGE: Final = (1, 3_600_000_000_000, 3)


def latencies(calls: Sequence[Callable[[], object]], interval: int) -> list[int]:
    """Return how long each call took from when it was due, one every ``interval``; all in nanoseconds."""
    now = perf_counter_ns
    found = []
    due = now()
    for call in calls:
        due += interval
        if (left := due - now()) > MARGIN:
            sleep((left - MARGIN) / 1e9)
        while now() < due:
            pass
        call()
        found.append(now() - due)
    return found


def histogram(found: Sequence[int]) -> HdrHistogram:
    """Return latencies as a histogram."""
    made = HdrHistogram(*RANGE)
    for each in found:
        assert made.record_value(each), "out of its range"
    return made


def percentiles(name: str, found: Sequence[int]) -> Iterator[pyperf.Benchmark]:
    """Yield the percentiles of latencies, each of several parts, and how many calls there are, with all their latencies."""
    for each, one in ONE_IN.items():
        number = max(parts(each, len(found)), 1)
        ends = [len(found) * part // number for part in range(number + 1)]
        some = [histogram(found[first:last]) for first, last in pairwise(ends)]
        values = [made.get_value_at_percentile(100 - 100 / one) / 1e9 for made in some]
        yield quantity(f"{name}.{each}", values, "second")
    calls = quantity(f"{name}.calls", [len(found)], "integer")
    calls.update_metadata({"histogram": histogram(found).encode().decode("ascii")})
    yield calls
