"""What the page says of how much was done is what the scripts do; the page has words for it, and they have numbers."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks import (
    both,
    cassandra,
    command,
    dimensions,
    dropin,
    filters,
    hbase,
    loops,
    personas,
    projection,
    scale,
    stores,
    threads,
    workloads,
    ycsb,
)
from benchmarks.page import projection as projected
from cfacl.engine import snapshot

PAGE = Path(__file__).parents[2] / "docs" / "benchmarks.md"


def said() -> Iterator[str]:
    yield f"{loops.NUMBER:,} records of {ycsb.FIELDS} fields of {ycsb.FIELD_BYTES} B"
    yield f"{stores.ROWS:,} rows of values of {workloads.VALUE_BYTES} B"
    yield f"{dimensions.BEYOND:,} in turn, of which {snapshot.ASKS:,} are kept"
    yield f"{threads.CHECKS:,} checks | {threads.CHECKS:,} calls of an empty method"
    for what, numbers in (("thread", dimensions.THREADS), ("process", threads.PROCESSES)):
        for number in numbers:
            yield f"| {number} {what}{('es' if what == 'process' else 's') * (number > 1)} |"
    yield f"on {personas.RECORDS:,} records"
    cells = hbase.FAMILIES * hbase.COLUMNS
    yield f"{hbase.CALLS} times `row` of {cells} cells of {hbase.WALL} B, guarded"
    yield f"`scan` of {hbase.ROWS[hbase.WALL]:,} rows of {cells} cells, guarded"
    yield f"of which {hbase.ROWS[hbase.WALL] // hbase.RARE} pass, guarded"
    yield f"`scan` of {hbase.ROWS[4_096]} rows with values of 4 KB"
    cells = cassandra.FAMILIES * cassandra.COLUMNS
    yield f"{cassandra.CALLS} times `row` of {cells} cells of {cassandra.SMALL} B in {cassandra.FAMILIES} families"
    yield f"`scan` of {cassandra.ROWS[cassandra.SMALL]:,} rows of {cells} cells in {cassandra.FAMILIES} families"
    yield f"`scan` of {cassandra.LONG:,} rows of {cassandra.COLUMNS} cells, guarded"
    yield f"`execute_concurrent`, {cassandra.IN_FLIGHT} in flight"
    yield f"writing {cassandra.MILLION * 10 // 1_000_000} million cells in rows of 10, in batches of 1,000 rows"
    yield f"`scan` of {stores.SCANNED:,} rows of {stores.COLUMNS} cells: rows a second"
    yield f"`scan` of {dropin.SCANNED:,} rows of {dropin.COLUMNS} cells through the drop-in"
    yield f"ordered scan of {scale.CELLS // 1_000_000} million cells by the store, in rows of {scale.COLUMNS}"
    yield f"{scale.THREADS} threads ÷ one thread"
    yield f"opening a store of {scale.FAMILIES:,} families again"
    yield f"`PageFilter(10)` over {filters.MILLION:,} rows"
    yield f"`cfacl check` of {command.GRANTS:,} grants"
    yield f"{projection.CALLS} times `row`"
    yield f"with {dimensions.ASKED[-1]:,} grants "
    yield f"× the time with {dimensions.ASKED[0]}, since"
    yield f"of {dimensions.ASKS[-1]:,} in turn "
    yield f"× the time of {dimensions.ASKS[0]}; of more"


@pytest.mark.parametrize("words", list(said()))
def test_the_page_says_what_the_scripts_do(words: str) -> None:
    assert words in PAGE.read_text("utf-8")


def test_some_families_are_those_that_are_read() -> None:
    assert (projected.ROWS, projected.GRANTED) == (projection.ROWS, both.GRANTED)
