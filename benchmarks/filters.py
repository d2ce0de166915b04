"""Times filters over a million rows in RocksDB beside what one would write without them, and how long one takes to read."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from time import thread_time
from typing import Final

import pyperf  # type: ignore[import-untyped]  # it has no types

import cfacl
from benchmarks.rounds import Effort, interleaved, main, quantity, statement
from benchmarks.turns import turns
from benchmarks.workloads import PRINCIPAL, PURPOSE, one_table
from cfacl.filters import PageFilter, column, parse

MILLION: Final = 1_000_000
#: How many rows are written at once, and how often each way goes through all of them.
AT_ONCE: Final = 10_000
ROUNDS: Final = 3
CLAUSES: Final = 10
#: Of so many rows one passes.
RARE: Final = 10
TEXTS: Final = 200


def reading(effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time a text of ten clauses that was not read before, once the grammar is there."""
    texts = [
        " AND ".join(f"SingleColumnValueFilter('prof', 'c{place}', =, 'binary:{number}')" for place in range(CLAUSES))
        for number in range(effort.size(TEXTS))
    ]
    parse("PageFilter(1)")
    values = []
    for text in texts:
        begin = thread_time()
        parse(text)
        values.append(thread_time() - begin)
    yield quantity("filter.parse", values, "second")


def scanning(effort: Effort) -> Iterator[pyperf.Benchmark]:
    """Time a page beside a limit, and a comparison beside a loop that compares."""
    name, wanted = b"f00:n", b"3"
    of = column(name) == wanted
    with (
        tempfile.TemporaryDirectory() as folder,
        cfacl.connect(f"rocksdb://{folder}/store", policy=one_table(1, 1)) as db,
    ):
        db.create_tables()
        table = db.session(PRINCIPAL, purpose=PURPOSE).table("account")
        rows = effort.size(MILLION)
        with table.batch(batch_size=AT_ONCE) as batch:
            for number in range(rows):
                batch.put(b"%08d" % number, {name: b"%d" % (number % RARE), b"f00:v": b"value"})
        page = PageFilter(10)
        yield from interleaved(
            {
                "filter.page": statement("list(table.scan(filter=page))", table=table, page=page),
                "filter.limit": statement("list(table.scan(limit=10))", table=table),
            },
            effort,
        )

        def by_hand() -> None:
            assert sum(row.get(name) == wanted for _, row in table.scan()) == -(-rows // RARE) or rows < RARE

        def by_filter() -> None:
            assert sum(1 for _ in table.scan(filter=of)) == -(-rows // RARE) or rows < RARE

        yield from turns({"filter.value.hand": by_hand, "filter.value": by_filter}, ROUNDS)


def measure(effort: Effort) -> Iterator[pyperf.Benchmark]:
    yield from reading(effort)
    yield from scanning(effort)


if __name__ == "__main__":
    main(measure)
