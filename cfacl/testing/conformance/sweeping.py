"""What has outlived its family is removed, and nothing else: neither what lives, nor what is written meanwhile."""

from __future__ import annotations

import contextlib
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import SchemaMissing
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import MANY, TABLE, end, put, row
from cfacl.testing.conformance.suite import S, Suite, needs


class Sweeping(Suite[S]):
    """`Store.sweep`."""

    def test_a_sweep_removes_what_has_expired_and_nothing_else(
        self, store: S, one: StoredFamily, short_lived: StoredFamily, clock: Clock
    ) -> None:
        for each in (one, short_lived):
            put(store, b"r1", each, {b"": b"v", b"\0\0q": b"v"})
        clock.turn(1)
        for each in (one, short_lived):
            put(store, b"r2", each, {b"": b"v", b"\0\0q": b"v"})
        clock.turn(999)
        kept = self.raw_cells(store, one), self.raw_cells(store, short_lived)
        steps = list(store.sweep(short_lived))
        assert {(each.table, each.family) for each in steps} <= {(TABLE, "brief")}
        if steps:  # otherwise the server expires by itself, and there is nothing to sweep
            assert sum(each.looked for each in steps) == 4
            assert sum(each.removed for each in steps) == 2
            left = {(b"r2", qualifier): kept[1][b"r2", qualifier] for qualifier in (b"", b"\0\0q")}
            assert self.raw_cells(store, short_lived) == left
            again = list(store.sweep(short_lived))
            assert (sum(each.looked for each in again), sum(each.removed for each in again)) == (2, 0)
        assert list(store.sweep(one)) == []
        assert self.raw_cells(store, one) == kept[0]
        assert row(store, b"r2", short_lived) == {b"brief:": b"v", b"brief:\0\0q": b"v"}

    @needs("timestamps", "versions")
    def test_a_sweep_removes_older_versions_before_the_newest(self, store: S, clock: Clock) -> None:
        made = self.made(store, "f", versions=3, time_to_live=1000)
        now = clock.milliseconds
        for stamp in (now - 1005, now - 1000, now - 1):
            put(store, b"r", made, {b"q\0": b"v", b"s": b"v"}, stamp)
        steps = list(store.sweep(made))
        if steps:
            assert sum(each.removed for each in steps) == 4
            assert self.raw_cells(store, made) == {(b"r", each): [(b"v", now - 1)] for each in (b"q\0", b"s")}
        clock.turn(1000)
        steps = list(store.sweep(made))
        if steps:
            assert sum(each.removed for each in steps) == 2
            assert self.raw_cells(store, made) == {}
        for stamp in range(3):
            put(store, b"r", made, {b"q": b"v"}, clock.milliseconds - 1000 - stamp)
        steps = list(store.sweep(made))
        if steps:
            assert (sum(each.looked for each in steps), sum(each.removed for each in steps)) == (3, 3)
        put(store, b"r", made, {b"s": b"v"})
        assert [value for value, _ in store.versions(TABLE, b"r", made, b"s")] == [b"v"]

    @needs("timestamps")
    def test_a_sweep_removes_every_cell_by_itself_however_many(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        over, lives = Put(short_lived, {b"b": b"v"}, clock.milliseconds - 1000), {b"a": b"v", b"c": b"v"}
        store.apply(TABLE, [Mutation(b"r%04d" % n, (over,)) for n in range(MANY)])
        put(store, b"r0700", short_lived, lives, clock.milliseconds)
        steps = list(store.sweep(short_lived))
        if steps:
            assert sum(each.removed for each in steps) == MANY
            assert set(self.raw_cells(store, short_lived)) == {(b"r0700", b"a"), (b"r0700", b"c")}
        assert row(store, b"r0700", short_lived) == {b"brief:a": b"v", b"brief:c": b"v"}

    def test_a_sweep_leaves_what_was_written_since_it_looked(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"r", short_lived, {b"q": b"over"})
        clock.turn(1000)
        steps = store.sweep(short_lived)
        next(steps, None)
        put(store, b"r", short_lived, {b"q": b"new"})
        list(steps)
        assert row(store, b"r", short_lived) == {b"brief:q": b"new"}

    @pytest.mark.usefixtures("pressed")
    def test_a_sweep_leaves_what_another_thread_writes(self, store: S, short_lived: StoredFamily, clock: Clock) -> None:
        with ThreadPoolExecutor(1) as pool:
            for n in range(100):
                put(store, b"r", short_lived, {b"q": b"over"})
                clock.turn(1000)
                writer = pool.submit(put, store, b"r", short_lived, {b"q": b"%d" % n})
                list(store.sweep(short_lived))
                writer.result()
                assert row(store, b"r", short_lived) == {b"brief:q": b"%d" % n}

    @needs("latest_wins")
    def test_a_sweep_leaves_the_highest_timestamp(self, store: S, short_lived: StoredFamily, clock: Clock) -> None:
        put(store, b"r", short_lived, {b"q": b"over"})
        highest = clock.milliseconds
        clock.turn(1000)
        list(store.sweep(short_lived))
        clock.turn_back(60_000)
        put(store, b"r", short_lived, {b"q": b"new"})
        assert row(store, b"r", short_lived, timestamps=True) == {b"brief:q": (b"new", highest)}

    def test_a_sweep_touches_no_family_of_another_identity(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"r", short_lived, {b"q": b"v"})
        clock.turn(1000)
        kept = self.raw_cells(store, short_lived)
        other = self.family("brief", time_to_live=1000)
        with contextlib.suppress(SchemaMissing):
            assert list(store.sweep(other)) == []
        assert self.raw_cells(store, short_lived) == kept

    def test_a_sweep_can_be_closed_in_the_middle(self, store: S, short_lived: StoredFamily) -> None:
        put(store, b"r", short_lived, {b"q": b"v"})
        steps = store.sweep(short_lived)
        next(steps, None)
        end(steps)
        assert list(steps) == []
        assert row(store, b"r", short_lived) == {b"brief:q": b"v"}
