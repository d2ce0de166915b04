"""A wide row passes in parts, with never more than a part of it in memory; the suite that ships says which parts."""

from __future__ import annotations

import tracemalloc

import pytest

from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store

FIRST = StoredFamily("t", "a", 1, "public")


@pytest.mark.parametrize("columns", [50_000, pytest.param(1_000_000, marks=[pytest.mark.no_cover, pytest.mark.slow])])
def test_a_row_of_any_width_passes_in_little_memory(rocksdb_url, clock, columns):
    store = open_store(rocksdb_url, clock=clock)
    store.create_table("t", [FIRST])
    for first in range(0, columns, 10_000):
        some = {b"%07d" % number: b"twenty bytes of data" for number in range(first, first + 10_000)}
        store.apply("t", [Mutation(b"wide", (Put(FIRST, some),))], durable=False)
    store.reopen()
    tracemalloc.start()
    try:
        begin = tracemalloc.get_traced_memory()[0]
        batches = store.scan("t", Projection([Slice(FIRST)]), Span(), batch_size=10, cells=100)
        count = sum(len(row) for batch in batches for _, row in batch)
        peak = tracemalloc.get_traced_memory()[1] - begin
    finally:
        tracemalloc.stop()
    store.close()
    assert count == columns
    assert peak < 2 << 20  # the names that are remembered, and a batch; a dict of the row takes 150 bytes a cell
