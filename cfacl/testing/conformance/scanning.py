"""Rows come in order, in batches, within their span, and no more than asked for."""

from __future__ import annotations

import pytest

from cfacl.errors import RequestError, SchemaMissing
from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.conformance.data import MANY, TABLE, delete, drained, end, projection, put, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class Scanning(Suite[S]):
    """`Store.scan`: spans, batches, limits, and what happens while one is under way."""

    @pytest.fixture
    def hundred_rows(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        """Fill a hundred rows, every third of them in the second family."""
        mutations = [Mutation(b"r%03d" % n, (Put(one if n % 3 else two, {b"a": b"%d" % n}),)) for n in range(100)]
        store.apply(TABLE, mutations)

    @pytest.mark.usefixtures("hundred_rows")
    @pytest.mark.parametrize("batch_size", [1, 7, 99, 100, 101, 1000])
    @pytest.mark.parametrize("reverse", [False, True])
    @needs("ordered_scan")
    def test_rows_come_in_order_in_batches(
        self, store: S, one: StoredFamily, two: StoredFamily, batch_size: int, reverse: bool
    ) -> None:
        keys = [key for key, _ in scanned(store, one, two, span=Span(reverse=reverse), batch_size=batch_size)]
        assert keys == sorted((b"r%03d" % n for n in range(100)), reverse=reverse)

    @pytest.mark.usefixtures("hundred_rows")
    @pytest.mark.parametrize("limit", [0, 1, 7, 8, 66, 67, 1000])
    @pytest.mark.parametrize("reverse", [False, True])
    @needs("ordered_scan")
    def test_the_limit_counts_the_rows_that_have_cells_in_the_projection(
        self, store: S, one: StoredFamily, limit: int | None, reverse: bool
    ) -> None:
        expected = sorted((b"r%03d" % n for n in range(100) if n % 3), reverse=reverse)[:limit]
        assert [key for key, _ in scanned(store, one, span=Span(reverse=reverse), limit=limit)] == expected

    @pytest.mark.usefixtures("hundred_rows")
    @pytest.mark.parametrize(("batch_size", "limit"), [(0, None), (-1, None), (1, -1)])
    def test_a_batch_of_nothing_and_a_negative_limit_are_refused(
        self, store: S, one: StoredFamily, batch_size: int, limit: int | None
    ) -> None:
        with pytest.raises(RequestError):
            store.scan(TABLE, projection(one), Span(), batch_size=batch_size, limit=limit)

    @pytest.mark.usefixtures("hundred_rows")
    @needs("timestamps")
    def test_no_number_is_too_large_for_a_limit_or_a_batch(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        put(store, b"u1", three_versions, {b"a": b"1"}, timestamp=1)
        huge = 1 << 70
        assert len(scanned(store, one, batch_size=huge, limit=huge)) == 66
        assert len(scanned(store, one, before=huge)) == 66
        assert store.versions(TABLE, b"u1", three_versions, b"a", limit=huge, before=huge) == [(b"1", 1)]

    @pytest.mark.usefixtures("hundred_rows")
    @needs("ordered_scan")
    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_span_holds_its_start_and_not_its_stop(
        self, store: S, one: StoredFamily, two: StoredFamily, reverse: bool
    ) -> None:
        for lower, upper in ((7, 8), (7, 20), (0, 100), (98, 99), (9, 9)):
            span = Span(b"r%03d" % lower, b"r%03d" % upper, reverse)
            expected = sorted((b"r%03d" % n for n in range(lower, upper)), reverse=reverse)
            for batch_size in (4, 13):
                assert [key for key, _ in scanned(store, one, two, span=span, batch_size=batch_size)] == expected
                for limit in (1, 13):
                    found = scanned(store, one, two, span=span, batch_size=batch_size, limit=limit)
                    assert [key for key, _ in found] == expected[:limit]

    @pytest.mark.usefixtures("hundred_rows")
    def test_every_row_comes_once_whatever_the_order(self, store: S, one: StoredFamily) -> None:
        found = scanned(store, one, batch_size=7)
        assert found == [(b"r%03d" % n, {b"one:a": b"%d" % n}) for n in range(100) if n % 3]
        assert len(scanned(store, one, batch_size=7, limit=15)) == 15

    @pytest.mark.parametrize("batch_size", [500, 2 * MANY])
    def test_no_number_of_rows_is_too_large(self, store: S, one: StoredFamily, batch_size: int) -> None:
        keys = [b"r%04d" % n for n in range(MANY)]
        store.apply(TABLE, [Mutation(key, (Put(one, {b"a": key}),)) for key in keys])
        assert scanned(store, one, batch_size=batch_size) == [(key, {b"one:a": key}) for key in keys]

    @needs("ordered_scan")
    @pytest.mark.parametrize("cells", [None, 1])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_no_number_of_rows_without_a_cell_in_the_projection_hides_one(
        self, store: S, one: StoredFamily, reverse: bool, cells: int | None
    ) -> None:
        store.apply(TABLE, [Mutation(b"r%04d" % n, (Put(one, {b"b": b"hidden"}),)) for n in range(MANY)])
        expected = [(key, {b"one:a": key}) for key in (b"a", b"r06", b"z")]
        for key, _ in expected:
            put(store, key, one, {b"a": key})
        found = scanned(store, Slice(one, (b"a",)), span=Span(reverse=reverse), cells=cells)
        assert found == expected[:: -1 if reverse else 1]

    @needs("ordered_scan", "timestamps")
    @pytest.mark.parametrize("reverse", [False, True])
    def test_each_batch_and_each_key_is_answered_as_the_first(
        self, store: S, one: StoredFamily, two: StoredFamily, reverse: bool
    ) -> None:
        for n in range(12):
            put(store, b"r%02d" % n, one, {b"a": b"%d" % n, b"b": b"hidden"}, timestamp=10 + n % 3)
            put(store, b"r%02d" % n, two, {b"a": b"hidden"}, timestamp=10)
        rows = [(b"r%02d" % n, {b"one:a": (b"%d" % n, 10 + n % 3)}) for n in range(12) if n % 3 < 2]
        rows = rows[:: -1 if reverse else 1]
        named, span = Slice(one, (b"a",)), Span(reverse=reverse)
        for batch_size in (1, 2, 3):
            assert scanned(store, named, span=span, batch_size=batch_size, before=12, timestamps=True) == rows
        keys = [key for key, _ in rows]
        assert store.get(TABLE, [*keys, b"r02"], projection(named), before=12, timestamps=True) == rows

    @pytest.mark.usefixtures("hundred_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    @needs("ordered_scan")
    def test_nothing_lies_between_bounds_that_meet_or_cross(self, store: S, one: StoredFamily, reverse: bool) -> None:
        for lower, upper in ((b"r5", b"r5"), (b"r6", b"r5"), (b"s", None), (None, b"a"), (None, b"")):
            assert scanned(store, one, span=Span(lower, upper, reverse)) == []

    @pytest.mark.usefixtures("hundred_rows")
    @needs("ordered_scan", "live_scans")
    def test_each_batch_is_read_when_it_is_asked_for(self, store: S, one: StoredFamily) -> None:
        batches = store.scan(TABLE, projection(one), Span(lower=b"s"), batch_size=1)
        for n in range(3):
            put(store, b"s%d" % n, one, {b"a": b"new"})
            assert next(batches) == [(b"s%d" % n, {b"one:a": b"new"})]
        delete(store, b"s2", one)
        assert drained(batches) == []

    @pytest.mark.usefixtures("hundred_rows")
    @needs("ordered_scan")
    def test_a_row_written_behind_the_scan_is_not_seen_again(self, store: S, one: StoredFamily) -> None:
        batches = store.scan(TABLE, projection(one), Span(lower=b"r097", reverse=True), batch_size=1)
        assert [key for key, _ in next(batches)] == [b"r098"]
        put(store, b"r099", one, {b"a": b"again"})
        put(store, b"r098", one, {b"a": b"again", b"z": b"more"})
        assert [key for each in drained(batches) for key, _ in each] == [b"r097"]

    @pytest.mark.usefixtures("hundred_rows")
    @needs("ordered_scan")
    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_scan_goes_on_where_the_row_that_it_gave_last_was_deleted(
        self, store: S, one: StoredFamily, two: StoredFamily, reverse: bool
    ) -> None:
        batches = store.scan(TABLE, projection(one, two), Span(b"r010", b"r014", reverse), batch_size=1)
        rest = sorted((b"r%03d" % n for n in range(10, 14)), reverse=reverse)
        ((last, _),) = next(batches)
        assert last == rest.pop(0)
        for each in (one, two):
            delete(store, last, each)
        assert [key for batch in drained(batches) for key, _ in batch] == rest

    @pytest.mark.usefixtures("hundred_rows")
    def test_two_scans_under_way_are_apart(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        scans = [store.scan(TABLE, projection(each), Span(), batch_size=10) for each in (one, two)]
        first = [next(each) for each in scans]
        found = [
            len(batch + [row for more in drained(scan) for row in more])
            for batch, scan in zip(first, scans, strict=True)
        ]
        assert found == [66, 34]

    @pytest.mark.usefixtures("hundred_rows")
    def test_it_can_be_closed_in_the_middle(self, store: S, one: StoredFamily) -> None:
        batches = store.scan(TABLE, projection(one), Span(), batch_size=1)
        next(batches)
        end(batches)
        assert drained(batches) == []

    @pytest.mark.usefixtures("hundred_rows")
    def test_a_family_that_is_missing_is_told_by_the_call_itself(self, store: S, one: StoredFamily) -> None:
        with pytest.raises(SchemaMissing):
            store.scan(TABLE, projection(one, self.family("three")), Span(), batch_size=1)

    @pytest.mark.usefixtures("hundred_rows")
    def test_a_family_that_is_dropped_ends_the_scan_with_an_error(
        self, store: S, one: StoredFamily, two: StoredFamily
    ) -> None:
        batches = store.scan(TABLE, projection(one, two), Span(), batch_size=1)
        next(batches)
        store.drop_table(TABLE, [two])
        with pytest.raises(SchemaMissing, match="`two`"):
            next(batches)
        assert len(scanned(store, one)) == 66
