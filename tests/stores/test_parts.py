"""Rows in parts: the same cells in the same order as whole rows, and never more than a part of one in memory."""

from __future__ import annotations

import itertools
import tracemalloc

import pytest

from cfacl.errors import RequestError
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.registry import open_store

#: In the order of column names as bytes they would be the other way round.
FIRST = StoredFamily("t", "a", 1, "public")
SECOND = StoredFamily("t", "a-b", 2, "public", versions=2)
QUALIFIERS = [b"", b"\0", b"\0\0", b":", b"a", b"a\0", b"a\1", b"b", b"\xff", b"\xff\xff"]
KEYS = [b"r", b"r\0", b"r\0\0x", b"s", b"\xff"]


@pytest.fixture
def filled(store):
    store.create_table("t", [FIRST, SECOND])
    for number, key in enumerate(KEYS):
        some = QUALIFIERS[: 10 - number * 2]
        values = dict.fromkeys(some, b"%d" % number)
        store.apply("t", [Mutation(key, (Put(FIRST, values), Put(SECOND, values, 5), Put(SECOND, values, 7)))])
    store.apply("t", [Mutation(b"s", (Delete(FIRST),))])
    return store


def cells(batches):
    return [(key, name, cell) for batch in batches for key, row in batch for name, cell in row.items()]


@pytest.mark.parametrize("reverse", [False, True])
@pytest.mark.parametrize("named", [None, (b"\0\0", b"a", b"missing", b"\xff")])
@pytest.mark.parametrize("more", [{}, {"before": 7, "timestamps": True}])
def test_parts_are_the_rows_cut_up(filled, reverse, named, more):
    projection = Projection([Slice(FIRST), Slice(SECOND, named)])
    for lower, upper in itertools.product([None, b"r", b"r\0", b"t"], [None, b"r\0\0x", b"s", b"s\0"]):
        span = Span(lower, upper, reverse)
        whole = list(filled.scan("t", projection, span, batch_size=100, **more))
        for size, batch_size in itertools.product([1, 2, 3, 7, 100], [1, 2, 100]):
            batches = list(filled.scan("t", projection, span, batch_size=batch_size, cells=size, **more))
            assert cells(batches) == cells(whole)
            parts = [part for batch in batches for part in batch]
            assert all(len(batch) == batch_size for batch in batches[:-1])
            for key, of_row in itertools.groupby(parts, key=lambda part: part[0]):
                lengths = [len(row) for _, row in of_row]
                assert all(length == size for length in lengths[:-1]), key
                assert 0 < lengths[-1] <= size


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 1000])
def test_a_limit_counts_parts(filled, limit):
    projection = Projection([Slice(FIRST), Slice(SECOND)])
    for batch_size in (1, 3, 100):
        batches = list(filled.scan("t", projection, Span(), batch_size=batch_size, cells=4, limit=limit))
        parts = [part for batch in filled.scan("t", projection, Span(), batch_size=9, cells=4) for part in batch]
        assert [part for batch in batches for part in batch] == parts[:limit]


@pytest.mark.parametrize("size", [0, -1])
def test_a_part_of_nothing_is_refused(filled, size):
    with pytest.raises(RequestError, match="at least 1 cell"):
        filled.scan("t", Projection([Slice(FIRST)]), Span(), batch_size=1, cells=size)


def test_each_batch_is_read_when_it_is_asked_for(filled):
    batches = filled.scan("t", Projection([Slice(FIRST)]), Span(b"r", b"r\0"), batch_size=1, cells=4)
    assert list(next(batches)[0][1]) == [b"a:", b"a:\0", b"a:\0\0", b"a::"]
    filled.apply("t", [Mutation(b"r", (Put(FIRST, {b"a": b"new", b"": b"behind"}), Delete(FIRST, (b"a\0", b"\xff"))))])
    assert next(batches)[0][1] == {b"a:a": b"new", b"a:a\1": b"0", b"a:b": b"0", b"a:\xff\xff": b"0"}
    assert list(batches) == []


@pytest.mark.parametrize("columns", [50_000, pytest.param(1_000_000, marks=pytest.mark.slow)])
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
