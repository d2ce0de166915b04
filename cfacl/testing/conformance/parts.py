"""Rows in parts: the same cells in the same order as whole rows, and never more than a part of one at once."""

from __future__ import annotations

import itertools
from typing import Any, Final

import pytest

from cfacl.errors import RequestError
from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Cell, Cells, Delete, Mutation, Put, Span
from cfacl.testing.conformance.data import MANY, TABLE, drained, projection, put
from cfacl.testing.conformance.suite import S, Suite, needs

_QUALIFIERS: Final = [b"", b"\0", b"\0\0", b":", b"a", b"a\0", b"a\1", b"b", b"\xff", b"\xff\xff"]
_KEYS: Final = [b"r", b"r\0", b"r\0\0x", b"s", b"\xff"]


class RowsInParts(Suite[S]):
    """`Store.scan` with ``cells``."""

    # In the order of column names as bytes the two families would be the other way round.

    @pytest.fixture
    def first(self, store: S) -> StoredFamily:
        """Give a family."""
        return self.made(store, "a")

    @pytest.fixture
    def second(self, store: S) -> StoredFamily:
        """Give one that keeps two versions."""
        return self.made(store, "a-b", versions=2)

    @pytest.fixture
    def wide_rows(self, store: S, first: StoredFamily, second: StoredFamily) -> None:
        """Fill rows of different widths, one of them only in the second family."""
        for number, key in enumerate(_KEYS):
            values = dict.fromkeys(_QUALIFIERS[: 10 - number * 2], b"%d" % number)
            changes = (Put(first, values), Put(second, values, 5), Put(second, values, 7))
            store.apply(TABLE, [Mutation(key, changes)])
        store.apply(TABLE, [Mutation(b"s", (Delete(first),))])

    @pytest.mark.usefixtures("wide_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("named", [None, (b"\0\0", b"a", b"missing", b"\xff")])
    @needs("ordered_scan")
    def test_parts_are_the_rows_cut_up(
        self,
        store: S,
        first: StoredFamily,
        second: StoredFamily,
        reverse: bool,
        named: tuple[bytes, ...] | None,
    ) -> None:
        self._are_cut_up(store, first, Slice(second, named), reverse)

    @pytest.mark.usefixtures("wide_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    @needs("ordered_scan", "versions", "timestamps")
    def test_parts_of_older_versions_are_the_rows_cut_up(
        self, store: S, first: StoredFamily, second: StoredFamily, reverse: bool
    ) -> None:
        self._are_cut_up(store, first, Slice(second), reverse, before=7, timestamps=True)

    def _are_cut_up(self, store: S, first: StoredFamily, second: Slice, reverse: bool, **more: Any) -> None:
        asked = projection(first, second)
        for lower, upper in itertools.product([None, b"r", b"r\0", b"t"], [None, b"r\0\0x", b"s", b"s\0"]):
            span = Span(lower, upper, reverse)
            whole = drained(store.scan(TABLE, asked, span, batch_size=100, **more))
            for size, batch_size in itertools.product([1, 2, 3, 7, 100], [1, 2, 100]):
                batches = drained(store.scan(TABLE, asked, span, batch_size=batch_size, cells=size, **more))
                assert _cells(batches) == _cells(whole)
                assert all(len(batch) == batch_size for batch in batches[:-1])
                parts = [part for batch in batches for part in batch]
                for key, of_row in itertools.groupby(parts, key=lambda part: part[0]):
                    lengths = [len(row) for _, row in of_row]
                    assert all(length == size for length in lengths[:-1]), key
                    assert 0 < lengths[-1] <= size

    @pytest.mark.usefixtures("wide_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("limit", [0, 1, 2, 5, 1000])
    @needs("ordered_scan")
    def test_a_limit_counts_parts(
        self, store: S, first: StoredFamily, second: StoredFamily, limit: int, reverse: bool
    ) -> None:
        asked, span = projection(first, second), Span(reverse=reverse)
        parts = [part for batch in drained(store.scan(TABLE, asked, span, batch_size=9, cells=4)) for part in batch]
        for batch_size in (1, 3, 100):
            batches = drained(store.scan(TABLE, asked, span, batch_size=batch_size, cells=4, limit=limit))
            assert [part for batch in batches for part in batch] == parts[:limit]

    def test_a_row_of_any_number_of_columns_comes_in_parts(self, store: S, first: StoredFamily) -> None:
        names = [b"c%04d" % n for n in range(MANY)]
        put(store, b"r", first, dict.fromkeys(names, b"v"))
        for size in (500, 2 * MANY):
            batches = drained(store.scan(TABLE, projection(first), Span(), batch_size=1, cells=size))
            assert [name for _, name, _ in _cells(batches)] == [b"a:" + name for name in names]

    @pytest.mark.parametrize("size", [0, -1])
    def test_a_part_of_nothing_is_refused(self, store: S, first: StoredFamily, size: int) -> None:
        with pytest.raises(RequestError, match="cell"):
            store.scan(TABLE, projection(first), Span(), batch_size=1, cells=size)

    @pytest.mark.usefixtures("wide_rows")
    @needs("ordered_scan", "live_scans")
    def test_each_batch_of_parts_is_read_when_it_is_asked_for(self, store: S, first: StoredFamily) -> None:
        batches = store.scan(TABLE, projection(first), Span(b"r", b"r\0"), batch_size=1, cells=4)
        assert list(next(batches)[0][1]) == [b"a:", b"a:\0", b"a:\0\0", b"a::"]
        changes = (Put(first, {b"a": b"new", b"": b"behind"}), Delete(first, (b":", b"a\0", b"\xff")))
        store.apply(TABLE, [Mutation(b"r", changes)])
        assert next(batches)[0][1] == {b"a:a": b"new", b"a:a\1": b"0", b"a:b": b"0", b"a:\xff\xff": b"0"}
        assert drained(batches) == []


def _cells(batches: list[list[tuple[bytes, Cells]]]) -> list[tuple[bytes, bytes, Cell]]:
    return [(key, name, cell) for batch in batches for key, row in batch for name, cell in row.items()]
