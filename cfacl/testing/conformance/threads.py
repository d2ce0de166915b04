"""Every method is safe from any number of threads, and nothing is seen half done."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import SchemaMissing, StoreUnavailable
from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.conformance.data import PATIENCE, TABLE, drained, projection, put, row
from cfacl.testing.conformance.suite import S, Suite, needs


class Threads(Suite[S]):
    """Readers, writers, and families that come and go, all at once."""

    @needs("timestamps", "versions")
    @pytest.mark.usefixtures("pressed")
    def test_explicit_timestamps_are_ordered_among_sixteen_threads(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        start = threading.Barrier(16, timeout=PATIENCE)

        def write(number: int) -> None:
            start.wait()
            for stamp in range(number, 800, 16):
                values = {b"a": b"%d" % stamp}
                changes = (Put(one, values, stamp), Put(three_versions, values, stamp))
                store.apply(TABLE, [Mutation(b"u1", changes)])

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(write, range(16)))
        assert store.versions(TABLE, b"u1", one, b"a") == [(b"799", 799)]
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"%d" % n, n) for n in (799, 798, 797)]

    @needs("atomic_batch", "snapshot_reads")
    @pytest.mark.usefixtures("pressed")
    def test_a_call_is_never_seen_half_done(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        families = (one, two, self.made(store, "three"), self.made(store, "four"))
        named = [Slice(each, (b"a", b"b")) if each is two else Slice(each) for each in families]
        stop = threading.Event()

        def write(seed: int) -> None:
            for n in itertools.count(seed):
                if stop.is_set():
                    return
                changes = tuple(Put(each, {b"a": b"%d" % n, b"b": b"%d" % n}) for each in families)
                store.apply(TABLE, [Mutation(b"u1", changes), Mutation(b"u2", changes)])

        write_once = Mutation(b"u1", tuple(Put(each, {b"a": b"0", b"b": b"0"}) for each in families))
        store.apply(TABLE, [write_once, write_once._replace(key=b"u2")])
        with ThreadPoolExecutor(2) as pool:
            writers = [pool.submit(write, seed) for seed in (1, 1_000_000_000)]
            try:
                for _ in range(300):
                    found = dict(store.get(TABLE, [b"u1", b"u2"], projection(*named)))
                    assert len({value for cells in found.values() for value in cells.values()}) == 1
                    for batch in drained(store.scan(TABLE, projection(*named), Span(), batch_size=2)):
                        assert len(batch) == 2
                        assert len({value for _, cells in batch for value in cells.values()}) == 1
            finally:
                stop.set()
        for each in writers:
            each.result()

    @pytest.mark.parametrize("kept", [1, 3])
    def test_families_come_and_go_under_readers_and_writers(self, store: S, one: StoredFamily, kept: int) -> None:
        stop = threading.Event()
        current = [self.made(store, "f", versions=kept)]

        def use() -> None:
            while not stop.is_set():
                each = current[0]
                with contextlib.suppress(SchemaMissing, StoreUnavailable):
                    store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"a": b"1"}), Put(each, {b"a": b"1"})))])
                with contextlib.suppress(SchemaMissing, StoreUnavailable):
                    assert row(store, b"u1", each) in ({b"f:a": b"1"}, None)
                with contextlib.suppress(SchemaMissing, StoreUnavailable):
                    assert len(store.versions(TABLE, b"u1", each, b"a")) <= each.versions
                with contextlib.suppress(SchemaMissing, StoreUnavailable):
                    assert row(store, b"u1", each, before=1 << 62) in ({b"f:a": b"1"}, None)
                with contextlib.suppress(SchemaMissing, StoreUnavailable):
                    for batch in drained(store.scan(TABLE, projection(one, each), Span(), batch_size=1)):
                        assert batch[0][0] == b"u1"

        with ThreadPoolExecutor(3) as pool:
            users = [pool.submit(use) for _ in range(3)]
            try:
                for _ in range(40):
                    old, new = current[0], self.family("f", versions=kept)
                    store.create_table(TABLE, [new])
                    current[0] = new
                    store.drop_table(TABLE, [old])
            finally:
                stop.set()
        for each in users:
            each.result()
        put(store, b"u2", one, {b"a": b"2"})
        put(store, b"u2", current[0], {b"a": b"2"})
        assert row(store, b"u2", one, current[0]) == {b"one:a": b"2", b"f:a": b"2"}
