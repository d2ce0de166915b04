"""YCSB's workloads on one store, by everybody who can do them: a closed loop for throughput, an open one for latency.

In the closed loop all do the same operations, turn by turn; the first of each turn do not count, since who comes next finds
caches and sockets as somebody else left them.  In the open loop operations are due at half of the rate at which the
slowest did them, so that all have the same time between two; see `openloop`.  There too the first do not count.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping, Sequence
from time import perf_counter
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types
from attrs import frozen

from benchmarks.both import RECORDS, Both
from benchmarks.openloop import latencies, percentiles
from benchmarks.rounds import Effort, quantity
from benchmarks.tail import ENOUGH, LEAST, LONGEST, PARTS
from benchmarks.ycsb import SCANNED, WORKLOADS, Client, Workload, inserted, key, operations, records

Calls = Sequence[Callable[[], object]]

#: How many records there are before anything is timed.
NUMBER: Final = 2_000
FAMILY: Final = b"f00"
#: Of the operations of a turn, one in so many does not count.
UNCOUNTED: Final = 5
#: A scan takes as long as so many reads.
READS: Final = 5
#: How long arrivals go on for each, unless there are enough of them before, or too few for a percentile.
SECONDS: Final = 6.0


@frozen
class Pace:
    """How a store is timed.

    Attributes:
        turn: how many operations a turn has, or a fifth, where these are scans.
        rounds: how often all have their turn.
        clock: what a turn takes is read from.
    """

    turn: int
    rounds: int
    clock: Callable[[], float]


def guarded(both: Both) -> Client:
    """Return the way through the guard."""
    at = both.guarded(RECORDS)
    return Client(FAMILY, at.row, at.put, lambda start, rows: list(at.scan(row_start=start, limit=rows)))


def unguarded(both: Both) -> Client:
    """Return the way of any other user of the same open store."""
    at = both.unguarded(RECORDS)
    return Client(FAMILY, at.row, at.put, lambda start, rows: list(at.scan(lower=start, limit=rows)))


def fill(both: Both, effort: Effort) -> None:
    """Put the records into the table."""
    with both.guarded(RECORDS).batch(batch_size=100) as batch:
        for name, data in records(effort.size(NUMBER), FAMILY):
            batch.put(name, data)


def workloads(store: str, clients: Mapping[str, Client], pace: Pace, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time all workloads on filled tables.

    Who comes first and last follows itself in every other round, and finds its caches warm: guarded and unguarded have to be
    these, so that both have that as often.
    """
    loaded = there = effort.size(NUMBER)
    agree(clients)
    for each in WORKLOADS:
        turn = pace.turn // READS if "scan" in each.shares else pace.turn
        calls, new = prepared(each, clients, turn * effort.size(pace.rounds), loaded, there)
        there += new
        times, slowest = closed(calls, turn, pace.clock)
        for name, found in times.items():
            yield quantity(f"ycsb.{store}.{each.name}.{name}", found, "second")
        interval = 2 * slowest
        calls, new = prepared(each, clients, arrivals(interval, effort), loaded, there)
        there += new
        for name, late in opened(calls, round(interval * 1e9)).items():
            yield from percentiles(f"ycsb.{store}.{each.name}.{name}", late)
        yield quantity(f"ycsb.{store}.{each.name}.arrivals", [1 / interval], "integer")


def arrivals(interval: float, effort: Effort) -> int:
    """Return how many calls are due, where one is every so many seconds."""
    usual, most = SECONDS / interval, LONGEST / interval
    counted = min(max(usual, min(LEAST, most)), ENOUGH)
    return max(PARTS, effort.size(round(counted * UNCOUNTED / (UNCOUNTED - 1))))


def agree(clients: Mapping[str, Client]) -> None:
    """Confirm that all have the same answers."""
    found = [
        [_values(each.row(key(0))), *((at, _values(row)) for at, row in each.scan(key(0), SCANNED))]
        for each in clients.values()
    ]
    assert found[0][0]
    assert all(each == found[0] for each in found)


def _values(row: Mapping[bytes, bytes]) -> dict[bytes, bytes]:
    return {column.partition(b":")[2]: value for column, value in row.items()}


def prepared(
    workload: Workload, clients: Mapping[str, Client], number: int, loaded: int, there: int
) -> tuple[dict[str, Calls], int]:
    """Return the same operations for everybody, ready to be called, and how many records they add for each.

    What somebody inserts has keys of its own, or whoever came next would find it there.
    """
    calls: dict[str, Calls] = {}
    new = 0
    for name, client in clients.items():
        made = operations(workload, number, loaded, there, client.family, whose=name)
        calls[name] = [client.call(each) for each in made]
        new = inserted(made)
    return calls, new


def closed(calls: Mapping[str, Calls], turn: int, clock: Callable[[], float]) -> tuple[dict[str, list[float]], float]:
    """Return what a call took everybody in each turn, and the wall-clock time that it took the slowest."""
    times: dict[str, list[float]] = {name: [] for name in calls}
    walls: dict[str, list[float]] = {name: [] for name in calls}
    uncounted = turn // UNCOUNTED
    for number, first in enumerate(range(0, len(next(iter(calls.values()))), turn)):
        for name in list(calls)[:: 1 if number % 2 == 0 else -1]:
            for call in calls[name][first : first + uncounted]:
                call()
            counted = calls[name][first + uncounted : first + turn]
            wall, begin = perf_counter(), clock()
            for call in counted:
                call()
            times[name].append((clock() - begin) / len(counted))
            walls[name].append((perf_counter() - wall) / len(counted))
    return times, max(statistics.median(each) for each in walls.values())


def opened(calls: Mapping[str, Calls], interval: int) -> dict[str, list[int]]:
    """Return everybody's latencies in nanoseconds, some calls at a time and then somebody else's.

    The first of each part are made at once and do not count, as in `closed`: who comes next would else have a queue of calls
    while its caches fill, and that alone would be the slowest of a hundred.  There are as many parts forth as back.
    """
    found: dict[str, list[int]] = {name: [] for name in calls}
    number = len(next(iter(calls.values())))
    for part in range(PARTS):
        for name in list(calls)[:: 1 if part % 2 == 0 else -1]:
            some = calls[name][part * number // PARTS : (part + 1) * number // PARTS]
            uncounted = len(some) // UNCOUNTED
            for call in some[:uncounted]:
                call()
            found[name] += latencies(some[uncounted:], interval)
    return found
