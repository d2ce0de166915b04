"""A scan of one instant sees what was there when it was called, and nothing that came later."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from cfacl.errors import Closed, SchemaMissing, StoreUnavailable
from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, delete, drained, end, projection, put, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


@needs("snapshot_scans")
class SnapshotScans(Suite[S]):
    """`Store.scan` with ``snapshot``."""

    @pytest.fixture
    def twenty_rows(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        """Fill twenty rows, every second of them also in the second family."""
        for n in range(20):
            put(store, b"r%02d" % n, one, {b"a": b"%d" % n, b"b": b"b"})
            if n % 2:
                put(store, b"r%02d" % n, two, {b"a": b"%d" % n})

    def change_everything(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        """Write over, delete and add cells all over the table."""
        for n in range(20):
            put(store, b"r%02d" % n, one, {b"a": b"other", b"c": b"more"})
            put(store, b"s%02d" % n, one, {b"a": b"new"})
            put(store, b"r%02d" % n, two, {b"a": b"other"})
        for n in range(0, 20, 3):
            delete(store, b"r%02d" % n, one)
            delete(store, b"r%02d" % n, two)
        self.raw_put(store, two, b"r04", b"z", b"raw", 1)
        store.flush()

    @pytest.mark.usefixtures("twenty_rows")
    @pytest.mark.parametrize("taken", [0, 1, 3])
    @pytest.mark.parametrize("batch_size", [1, 4, 100])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_what_is_written_after_the_call_is_not_seen(
        self, store: S, one: StoredFamily, two: StoredFamily, taken: int, batch_size: int, reverse: bool
    ) -> None:
        span = Span(b"r02", reverse=reverse)
        expected = scanned(store, one, two, span=span)
        scan = store.scan(TABLE, projection(one, two), span, batch_size=batch_size, snapshot=True)
        found = [row for _ in range(taken) for row in next(scan, [])]
        self.change_everything(store, one, two)
        found += [row for batch in drained(scan) for row in batch]
        if not store.capabilities(one).ordered_scan:
            found.sort(key=lambda row: row[0], reverse=reverse)
        assert found == expected

    @pytest.mark.usefixtures("twenty_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    def test_parts_of_rows_are_of_the_same_instant(
        self, store: S, one: StoredFamily, two: StoredFamily, reverse: bool
    ) -> None:
        span = Span(reverse=reverse)
        expected = scanned(store, one, two, span=span, cells=2)
        scan = store.scan(TABLE, projection(one, two), span, batch_size=3, cells=2, snapshot=True)
        found = next(scan)
        self.change_everything(store, one, two)
        assert found + [part for batch in drained(scan) for part in batch] == expected

    @pytest.mark.usefixtures("twenty_rows")
    @pytest.mark.parametrize("limit", [0, 1, 5, 19, 20, 21])
    def test_the_limit_of_a_scan_of_one_instant_counts_over_all_batches(
        self, store: S, one: StoredFamily, limit: int
    ) -> None:
        assert len(scanned(store, one, limit=limit, snapshot=True)) == min(limit, 20)

    @needs("ordered_scan", "timestamps")
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("cells", [None, 2])
    def test_a_scan_of_one_instant_answers_as_any_other(
        self, store: S, one: StoredFamily, two: StoredFamily, cells: int | None, reverse: bool
    ) -> None:
        for n in range(6):
            put(store, b"r%d" % n, one, {b"a": b"%d" % n, b"b": b"b", b"c": b"c"}, timestamp=10 + n % 2)
            put(store, b"r%d" % n, two, {b"a": b"%d" % n}, timestamp=11)
        spans = (Span(reverse=reverse), Span(b"r1", b"r5", reverse))
        asked = (Slice(one), Slice(one, (b"a", b"c")))
        for span, each, limit, before in itertools.product(spans, asked, (None, 0, 4, 5), (None, 11)):
            more: dict[str, Any] = {"span": span, "limit": limit, "before": before, "cells": cells, "timestamps": True}
            assert scanned(store, each, two, snapshot=True, **more) == scanned(store, each, two, **more)

    @needs("timestamps")
    def test_older_versions_are_of_that_instant_too(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (10, 20, 30):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        scan = store.scan(
            TABLE, projection(three_versions), Span(), batch_size=1, before=25, timestamps=True, snapshot=True
        )
        for stamp in (21, 22, 40):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        assert drained(scan) == [[(b"u1", {b"kept:a": (b"20", 20)})]]

    @pytest.mark.parametrize("batch_size", [1, 2])
    def test_what_expires_during_a_scan_of_one_instant_is_left_out(
        self, store: S, clock: Clock, short_lived: StoredFamily, one: StoredFamily, batch_size: int
    ) -> None:
        for key in (b"u1", b"u3", b"u5"):
            put(store, key, short_lived, {b"a": b"1"})
        for key in (b"u0", b"u2", b"u3", b"u4"):
            put(store, key, one, {b"a": b"2"})
        scan = store.scan(TABLE, projection(short_lived, one), Span(), batch_size=batch_size, snapshot=True)
        found = next(scan)
        clock.turn(2000)
        found += [row for batch in drained(scan) for row in batch]
        assert found[batch_size:] == [(key, {b"one:a": b"2"}) for key in (b"u2", b"u3", b"u4")]

    @pytest.mark.usefixtures("twenty_rows")
    def test_a_family_that_is_dropped_ends_a_scan_of_one_instant(self, store: S, one: StoredFamily) -> None:
        scan = store.scan(TABLE, projection(one), Span(), batch_size=1, snapshot=True)
        next(scan)
        store.drop_table(TABLE, [one])
        with pytest.raises(SchemaMissing):
            next(scan)

    def test_a_missing_family_is_told_by_the_call_that_fixes_the_instant(self, store: S) -> None:
        with pytest.raises(SchemaMissing):
            store.scan(TABLE, projection(self.family("none")), Span(), batch_size=1, snapshot=True)

    @pytest.mark.usefixtures("twenty_rows")
    def test_a_scan_of_one_instant_can_be_closed_in_the_middle(self, store: S, one: StoredFamily) -> None:
        scan = store.scan(TABLE, projection(one), Span(), batch_size=1, snapshot=True)
        next(scan)
        end(scan)
        assert drained(scan) == []

    @pytest.mark.usefixtures("twenty_rows")
    def test_a_store_that_is_opened_again_ends_a_scan_of_one_instant_or_goes_on(
        self, store: S, folder: Path, clock: Clock, one: StoredFamily
    ) -> None:
        scans = [store.scan(TABLE, projection(one), Span(), batch_size=1, snapshot=True) for _ in range(2)]
        next(scans[0])
        store.reopen()
        if self.persistent:
            assert len(scanned(store, one)) == 20
        with contextlib.suppress(StoreUnavailable):
            assert len(drained(scans[0])) == 19
        store.close()
        with pytest.raises(Closed):
            next(scans[1])
        if self.persistent:  # nothing that a scan holds is in the way
            again = self.open(folder, clock)
            assert len(scanned(again, one)) == 20
            again.close()

    @needs("atomic_batch")
    @pytest.mark.usefixtures("pressed")
    def test_what_is_moved_between_rows_is_seen_once(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        rows = [b"r%02d" % n for n in range(8)]
        stop = threading.Event()

        def moved(at: int) -> list[Mutation]:
            return [
                Mutation(key, tuple(Put(each, {b"a": b"%d" % (n == at)}) for each in (one, two)))
                for n, key in enumerate(rows)
            ]

        def move() -> None:
            at = 0
            while not stop.is_set():
                at = (at + 3) % len(rows)
                store.apply(TABLE, moved(at))

        store.apply(TABLE, moved(0))
        with ThreadPoolExecutor(1) as pool:
            mover = pool.submit(move)
            try:
                for _ in range(200):
                    found = scanned(store, one, two, batch_size=3, snapshot=True)
                    assert sum(cells == {b"one:a": b"1", b"two:a": b"1"} for _, cells in found) == 1
                    assert sum(cells == {b"one:a": b"0", b"two:a": b"0"} for _, cells in found) == 7
            finally:
                stop.set()
        mover.result()
