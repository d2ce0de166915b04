"""Times what one machine must carry: durable writes of many threads, 1,000 families, 10 million cells, backups.

What waits for the disk is measured in wall-clock time, in a folder of `tempfile`, so that `TMPDIR` says on which disk;
where that is memory, durable writes and backups mean nothing, and the page says which file system it was.  All else is
CPU time, as in the other scripts.

*By hand* is here a loop on the driver's iterator over the very same database, which takes the keys apart as the store
does and builds the same dicts.  *rocksdict's own get* is asked for one key; by the store's own handle, which has a Bloom
filter, and by a database opened with rocksdict's defaults, which have none.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter, thread_time, time_ns
from typing import Final, cast

import pyperf  # type: ignore[import-untyped]  # it has no types
from rocksdict import Options, Rdict, ReadOptions

import cfacl
from benchmarks.rounds import Effort, each, interleaved, main, quantity
from benchmarks.workloads import keys, policy, table
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cells, Mutation, Put, Span
from cfacl.stores.base import Store
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb.keys import END, STAMP, after, head, unescaped

THREADS: Final = 16
#: Durable writes of each thread in a round.
WRITES: Final = 100
ROUNDS: Final = 7
FAMILIES: Final = 1_000
CELLS: Final = 10_000_000
COLUMNS: Final = 10
#: A scan is timed in so many parts, turn by turn with the loop by hand.
PARTS: Final = 10
#: Rows of a batch of theirs, and after how many of these this process is weighed.
BATCH: Final = 1_000
WEIGHED: Final = 10
ROWS: Final = 100_000
READS: Final = 5_000
VALUE: Final = b"twenty bytes of data"
#: What the values of millions of cells are cut from, so that they are as long on the disk as they look.
NOISE: Final = random.Random(7).randbytes(1 << 16)
#: So that what the cache takes is filled soon, and growth beyond it would be seen.
CACHE: Final = "?block_cache=16MiB"

WIDE: Final = StoredFamily("t", "wide", 1, "internal")
NARROW: Final = StoredFamily("t", "narrow", 2, "internal")


def url(path: Path, query: str = "") -> str:
    return path.as_uri().replace("file:", "rocksdb:", 1) + query


def sizes(effort: Effort, full: int, least: int = 1) -> int:
    """Return a size of a workload that is a multiple of ``least``."""
    return max(effort.size(full) // least, 1) * least


def durable(folder: Path, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time durable writes of one cell by one thread and by sixteen, beside an fsync of as many bytes."""
    store = open_store(url(folder / "durable"), clock=time_ns)
    store.create_table("t", [NARROW])
    number = effort.size(WRITES)
    values: dict[str, list[float]] = {"durable.one": [], "durable.sixteen": [], "durable.fsync": []}

    def work(thread: int) -> None:
        for count in range(number):
            store.apply("t", [Mutation(b"%d-%d" % (thread, count), (Put(NARROW, {b"q": VALUE}),))])

    def seconds(threads: int) -> float:
        started = [threading.Thread(target=work, args=(thread,)) for thread in range(threads)]
        begin = perf_counter()
        for one in started:
            one.start()
        for one in started:
            one.join()
        return (perf_counter() - begin) / (number * threads)

    with (folder / "log").open("wb", buffering=0) as file:
        for _ in range(ROUNDS):
            values["durable.one"].append(seconds(1))
            values["durable.sixteen"].append(seconds(THREADS))
            begin = perf_counter()
            for _ in range(number):
                file.write(VALUE * 4)
                os.fdatasync(file.fileno())
            values["durable.fsync"].append((perf_counter() - begin) / number)
    store.close()
    for name, found in values.items():
        yield quantity(name, found, "second")


def families(folder: Path, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time making and opening a store of 1,000 families, in one table and in a hundred."""
    number = sizes(effort, FAMILIES, 10)
    for name, tables in (("one", 1), ("many", number // 10)):
        rules = policy([table(f"t{i}", number // tables) for i in range(tables)], {})
        with cfacl.connect(folder / name, policy=rules) as db:
            begin = perf_counter()
            db.create_tables()
            yield quantity(f"families.create.{name}", [perf_counter() - begin], "second")
    store = open_store(folder / "many", clock=time_ns)
    for name, held in store.tables().items():
        stored = [StoredFamily(name, family, identity, "internal") for family, identity in held]
        store.apply(name, [Mutation(b"r", tuple(Put(family, {b"q": VALUE}) for family in stored))], durable=False)
    store.close()
    # What was written is in the log, which is read when the store is opened for the first time.
    opened = []
    for _ in range(ROUNDS + 1):
        begin = perf_counter()
        store = open_store(folder / "many", clock=time_ns)
        opened.append(perf_counter() - begin)
        store.close()
    yield quantity("families.recover", opened[:1], "second")
    yield quantity("families.reopen", opened[1:], "second")


def filled(path: Path, cells: int) -> Iterator[pyperf.Benchmark]:
    """Fill a table with cells twice, in rows of 10 and in rows of one, and time that."""
    store = open_store(url(path, CACHE), clock=time_ns)
    store.create_table("t", [WIDE, NARROW])
    for family, columns in ((WIDE, COLUMNS), (NARROW, 1)):
        rows, size = cells // columns, 10_000 // columns
        names = [b"column-%02d" % i for i in range(columns)]
        begin = thread_time()
        for first in range(0, rows, size):
            made = []
            for i in range(first, min(first + size, rows)):
                at = i % 60_000
                values = {name: NOISE[at + j : at + j + 20] for j, name in enumerate(names)}
                made.append(Mutation(b"user-%08d" % i, (Put(family, values),)))
            store.apply("t", made, durable=False)
        yield quantity(f"million.{family.name}.load", [(thread_time() - begin) / cells], "second")
    store.close()


def by_hand(driver: Rdict, prefix: bytes, start: bytes, rows: int) -> int:
    """Go through so many rows from ``start`` on, a dict for each; return how many cells they have."""
    count = 0
    current = None
    found: Cells = {}
    columns: dict[bytes, bytes] = {}
    items = cast("Iterable[tuple[bytes, bytes]]", driver.items(from_key=start))
    for key, packed in items:
        row, _, qualifier = key.partition(END)
        if row != current:
            if current is not None:
                count += len(found)
                rows -= 1
                if not rows:
                    return count
            found = {}
            unescaped(row)
            current = row
        found[columns.get(qualifier) or columns.setdefault(qualifier, prefix + qualifier)] = packed[STAMP:]
    return count + len(found)


def resident() -> int:
    """Return how many bytes of memory this process has."""
    return int(Path("/proc/self/statm").read_text("ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")


def counted(batches: Iterable[list[tuple[bytes, Cells]]]) -> tuple[int, list[int]]:
    """Return how many cells there are, and what this process weighed on the way, once in a while and at the end."""
    count, weights = 0, []
    for number, batch in enumerate(batches, 1):
        count += sum(len(found) for _, found in batch)
        if number % WEIGHED == 0:
            weights.append(resident())
    return count, [*weights, resident()]


def scans(path: Path, cells: int) -> Iterator[pyperf.Benchmark]:
    """Time a scan of all cells in parts, each beside the loop by hand, and weigh this process on the way."""
    store = open_store(url(path, CACHE), clock=time_ns)
    before = resident()
    for family, columns in ((WIDE, COLUMNS), (NARROW, 1)):
        driver = store._database.find("t", family).cells.read  # type: ignore[attr-defined]  # noqa: SLF001  # by hand
        projection = Projection([Slice(family)])
        rows = cells // columns // PARTS
        values: dict[str, list[float]] = {"store": [], "hand": []}
        weights: list[int] = []
        for part in range(PARTS):
            start, stop = (b"user-%08d" % (rows * which) for which in (part, part + 1))
            for name in ("store", "hand") if part % 2 else ("hand", "store"):
                begin = thread_time()
                if name == "store":
                    batches = store.scan("t", projection, Span(start, stop), batch_size=BATCH)
                    count, found = counted(batches)
                    weights += found
                else:
                    count = by_hand(driver, family.prefix, start, rows)
                values[name].append((thread_time() - begin) / count)
                assert count == rows * columns
        for name, times in values.items():
            yield quantity(f"million.{family.name}.{name}", times, "second")
        yield quantity(f"million.{family.name}.memory", [max(max(weights) - before, 1)], "byte")
        del driver
    store.close()


def scanned(path: Path, cells: int) -> list[pyperf.Benchmark]:
    """Return what `scans` yields."""
    return list(scans(path, cells))


def missing(folder: Path, effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time reads of rows that are not there, and of one column that is."""
    rows, some = effort.size(ROWS), keys(effort.size(READS))
    plain = Rdict(str(folder / "plain"), Options(raw_mode=True))
    store = open_store(url(folder / "rows"), clock=time_ns)
    store.create_table("t", [WIDE])
    data = {b"column-%02d" % i: VALUE for i in range(COLUMNS)}
    for key in keys(rows):
        store.apply("t", [Mutation(key, (Put(WIDE, data),))], durable=False)
        for qualifier, value in data.items():
            plain[head(key) + qualifier] = value
    own = reopened(store, folder / "rows")
    plain.close()
    plain = Rdict(str(folder / "plain"), Options(raw_mode=True))
    handle = own._database.find("t", WIDE).cells.read  # type: ignore[attr-defined]  # noqa: SLF001  # rocksdict's own
    whole, named = Projection([Slice(WIDE)]), Projection([Slice(WIDE, (b"column-03",))])

    def alone(key: bytes) -> None:
        start = head(key)
        bound = after(start)  # kept alive for the iterator
        options = ReadOptions()
        options.set_iterate_upper_bound(bound)
        at = handle.iter(options)
        at.seek(start)
        assert at.key() is None

    absent = [key + b"-" for key in some]
    calls: dict[str, Callable[[bytes], object]] = {
        "missing.column": lambda key: own.get("t", (key,), named),
        "missing.row": lambda key: own.get("t", (key,), whole),
        "missing.get": lambda key: handle.get(key + b"\0\0column-03"),
        "missing.get.plain": lambda key: plain.get(key + b"\0\0column-03"),
        "missing.seek": alone,
    }
    assert not any(call(absent[0]) for call in calls.values())
    timers = {name: each(call, absent) for name, call in calls.items()}
    there = {"there.column": calls["missing.column"], "there.get": calls["missing.get"]}
    yield from interleaved(timers | {name: each(call, some) for name, call in there.items()}, effort)
    own.close()
    plain.close()


def reopened(store: Store, path: Path) -> Store:
    """Close a store and open it again, so that reads come from its files."""
    store.close()
    return open_store(url(path), clock=time_ns)


def backups(folder: Path, path: Path) -> Iterator[pyperf.Benchmark]:
    """Time a backup, each file hashed and read again, beside `cp -a` and a sync of the same files."""
    store = open_store(url(path), clock=time_ns)
    values: dict[str, list[float]] = {"backup.ours": [], "backup.cp": []}
    for turn in range(ROUNDS):
        for name in ("backup.ours", "backup.cp") if turn % 2 else ("backup.cp", "backup.ours"):
            target = folder / name
            os.sync()
            begin = perf_counter()
            if name == "backup.ours":
                for _ in store.back_up(target):
                    pass
            else:
                subprocess.run(["cp", "-a", str(path), str(target)], check=True)  # noqa: S603, S607  # our own folder
                subprocess.run(["sync", "-f", str(target)], check=True)  # noqa: S603, S607  # as above
            values[name].append(perf_counter() - begin)
            shutil.rmtree(target)
    size = sum(file.stat().st_size for file in path.iterdir())
    store.close()
    for name, found in values.items():
        yield quantity(name, found, "second")
    yield quantity("backup.bytes", [size], "byte")


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    folder = Path(tempfile.mkdtemp(prefix="cfacl-benchmark-"))
    cells = sizes(effort, CELLS, COLUMNS * PARTS)
    try:
        yield from durable(folder, effort)
        yield from families(folder, effort)
        yield from missing(folder, effort)
        yield from filled(folder / "cells", cells)
        # What filling left to this process would hide what scanning takes of it.
        with ProcessPoolExecutor(1, get_context("spawn")) as fresh:
            yield from fresh.submit(scanned, folder / "cells", cells).result()
        yield from backups(folder, folder / "cells")
    finally:
        shutil.rmtree(folder)


if __name__ == "__main__":
    main(measure)
