"""Times what a service does all day, on stores that need no server: YCSB's workloads, and reading some of the families.

The same for HBase and Cassandra is part of `hbase.py` and `cassandra.py`, which start one.  Memory has no driver, and so
nobody who goes there by hand.  What was written before lies in files when RocksDB is timed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter, thread_time, time_ns
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

from benchmarks import projection
from benchmarks.both import Both
from benchmarks.loops import FAMILY, NUMBER, Pace, fill, guarded, unguarded, workloads
from benchmarks.rounds import Effort, main
from benchmarks.stores import ByHand
from benchmarks.ycsb import Client, records
from cfacl.stores.registry import open_store

EMBEDDED: Final = Pace(turn=250, rounds=100, clock=thread_time)
SERVED: Final = Pace(turn=25, rounds=100, clock=perf_counter)


def served(store: str, both: Both, hand: Client, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time a store that waits for its server; by hand it is the same table."""
    fill(both, effort)
    projection.fill(both, effort)
    yield from workloads(store, {"unguarded": unguarded(both), "hand": hand, "guarded": guarded(both)}, SERVED, effort)
    yield from projection.served(store, both, effort)


def memory(effort: Effort) -> Iterator[pyperf.Benchmark]:
    with Both(open_store("memory://", clock=time_ns)) as both:
        fill(both, effort)
        projection.fill(both, effort)
        yield from workloads("memory", {"unguarded": unguarded(both), "guarded": guarded(both)}, EMBEDDED, effort)
        yield from projection.embedded("memory", both, effort)


def rocksdb(folder: Path, effort: Effort) -> Iterator[pyperf.Benchmark]:
    with Both(open_store(folder / "store", clock=time_ns)) as both:
        fill(both, effort)
        projection.fill(both, effort)
    filled = ByHand(folder / "hand")
    for key, data in records(effort.size(NUMBER), FAMILY):
        filled.put(key, data)
    filled.driver.close()
    with ExitStack() as stack:
        both = stack.enter_context(Both(open_store(folder / "store", clock=time_ns)))
        at = ByHand(folder / "hand")
        stack.callback(at.driver.close)
        hand = Client(FAMILY, at.row, at.put, lambda start, rows: at.scan(lower=start, limit=rows))
        yield from workloads(
            "rocksdb", {"unguarded": unguarded(both), "hand": hand, "guarded": guarded(both)}, EMBEDDED, effort
        )
        yield from projection.embedded("rocksdb", both, effort)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    folder = Path(tempfile.mkdtemp(prefix="cfacl-benchmark-"))
    try:
        yield from memory(effort)
        yield from rocksdb(folder, effort)
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(measure)
