"""A cell is gone when its timestamp plus its family's ``time_to_live`` is over, swept or not."""

from __future__ import annotations

import pytest

from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import MANY, TABLE, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class TimeToLive(Suite[S]):
    """What has expired is not returned, not counted, and no condition's; it is no longer there for anything."""

    @needs("given_clock")
    def test_a_cell_is_gone_from_everything_once_its_time_is_over(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        counter = (7).to_bytes(8, "big")
        put(store, b"u1", short_lived, {b"a": b"1", b"n": counter})
        clock.turn(500)
        put(store, b"u2", short_lived, {b"a": b"2"})
        clock.turn(499)
        assert row(store, b"u1", short_lived) == {b"brief:a": b"1", b"brief:n": counter}
        assert [key for key, _ in scanned(store, short_lived, limit=1)] == [b"u1"]
        clock.turn(1)
        assert row(store, b"u1", short_lived) is None
        assert row(store, b"u1", Slice(short_lived, (b"a",))) is None
        assert row(store, b"u1", short_lived, timestamps=True, before=clock.milliseconds) is None
        assert store.versions(TABLE, b"u1", short_lived, b"a") == []
        assert [key for key, _ in scanned(store, short_lived, limit=1)] == [b"u2"]
        written = Mutation(b"u1", (Put(short_lived, {b"a": b"3"}),))
        assert not store.compare_and_set(TABLE, b"u1", [(short_lived, b"a", b"1")], written)
        assert store.compare_and_set(TABLE, b"u1", [(short_lived, b"a", None)], written)
        assert store.increment(TABLE, b"u1", short_lived, b"n", 5) == 5
        assert row(store, b"u1", short_lived) == {b"brief:a": b"3", b"brief:n": (5).to_bytes(8, "big")}

    @needs("timestamps")
    def test_a_cell_is_gone_from_what_is_read_once_its_time_is_over(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"u1", short_lived, {b"a": b"1"}, clock.milliseconds)
        put(store, b"u2", short_lived, {b"a": b"2"}, clock.milliseconds + 500)
        clock.turn(999)
        assert row(store, b"u1", short_lived) == {b"brief:a": b"1"}
        assert [key for key, _ in scanned(store, short_lived, limit=2)] == [b"u1", b"u2"]
        assert [value for value, _ in store.versions(TABLE, b"u1", short_lived, b"a")] == [b"1"]
        clock.turn(1)
        assert row(store, b"u1", short_lived) is None
        assert row(store, b"u1", Slice(short_lived, (b"a",))) is None
        assert row(store, b"u1", short_lived, timestamps=True, before=clock.milliseconds) is None
        assert store.versions(TABLE, b"u1", short_lived, b"a") == []
        assert [key for key, _ in scanned(store, short_lived, limit=1)] == [b"u2"]

    @needs("timestamps")
    def test_it_counts_from_the_timestamp(self, store: S, short_lived: StoredFamily, clock: Clock) -> None:
        put(store, b"u1", short_lived, {b"a": b"1"}, timestamp=clock.milliseconds - 1000)
        put(store, b"u1", short_lived, {b"b": b"2"}, timestamp=clock.milliseconds - 999)
        assert row(store, b"u1", short_lived) == {b"brief:b": b"2"}

    @needs("timestamps")
    @pytest.mark.parametrize("days", [25, 50, 400, 20_000])  # of milliseconds: beyond 31 bits, beyond 32, and more
    def test_a_cell_may_live_for_years(self, store: S, clock: Clock, days: int) -> None:
        time_to_live = days * 86_400_000
        made = self.made(store, "lasting", time_to_live=time_to_live)
        put(store, b"u1", made, {b"a": b"1"}, timestamp=clock.milliseconds - time_to_live)
        put(store, b"u1", made, {b"b": b"2"}, timestamp=clock.milliseconds - time_to_live + 1)
        assert row(store, b"u1", made) == {b"lasting:b": b"2"}

    @needs("ordered_scan", "timestamps")
    def test_no_number_of_expired_rows_hides_one_that_lives(
        self, store: S, short_lived: StoredFamily, clock: Clock
    ) -> None:
        over = Put(short_lived, {b"a": b"over"}, clock.milliseconds - 1000)
        store.apply(TABLE, [Mutation(b"r%04d" % n, (over,)) for n in range(MANY)])
        for key in (b"a", b"z"):
            put(store, key, short_lived, {b"a": b"1"}, clock.milliseconds)
        for reverse in (False, True):
            found = scanned(store, short_lived, span=Span(reverse=reverse))
            assert sorted(found) == [(key, {b"brief:a": b"1"}) for key in (b"a", b"z")]

    @needs("given_clock")
    def test_a_write_makes_an_expired_cell_live_again(self, store: S, short_lived: StoredFamily, clock: Clock) -> None:
        put(store, b"u1", short_lived, {b"a": b"1"})
        clock.turn(2000)
        put(store, b"u1", short_lived, {b"a": b"2"})
        assert row(store, b"u1", short_lived) == {b"brief:a": b"2"}

    @needs("timestamps")
    def test_what_has_expired_is_not_read_where_it_lies(
        self, store: S, one: StoredFamily, short_lived: StoredFamily, clock: Clock
    ) -> None:
        over = clock.milliseconds - 1000
        for each in (one, short_lived):
            self.raw_put(store, each, b"u1", b"a", b"1", over)
            self.raw_put(store, each, b"u2", b"a", b"2", over + 1)
        assert self.raw_cells(store, short_lived) == self.raw_cells(store, one)
        assert scanned(store, one, limit=2) == [(b"u1", {b"one:a": b"1"}), (b"u2", {b"one:a": b"2"})]
        assert scanned(store, short_lived, limit=1) == [(b"u2", {b"brief:a": b"2"})]
        assert row(store, b"u1", one, short_lived) == {b"one:a": b"1"}
        assert store.versions(TABLE, b"u1", short_lived, b"a") == []

    @needs("ordered_scan", "timestamps")
    @pytest.mark.parametrize("reverse", [False, True])
    def test_a_limit_and_a_batch_count_none_that_has_expired(
        self, store: S, one: StoredFamily, short_lived: StoredFamily, clock: Clock, reverse: bool
    ) -> None:
        for number in range(20):
            put(store, b"r%02d" % number, short_lived if number % 3 else one, {b"a": b"1"}, clock.milliseconds)
        clock.turn(1000)
        for number in range(0, 20, 7):
            put(store, b"r%02d" % number, short_lived, {b"b": b"2"}, clock.milliseconds)
        expected = sorted((b"r%02d" % number for number in range(20) if not number % 7), reverse=reverse)
        for limit in (1, 2, 3, None):
            for batch_size in (1, 2, 5):
                found = scanned(store, short_lived, span=Span(reverse=reverse), limit=limit, batch_size=batch_size)
                assert [key for key, _ in found] == expected[:limit]

    @needs("versions", "timestamps")
    def test_each_version_expires_by_itself(self, store: S, clock: Clock) -> None:
        made = self.made(store, "brief", versions=3, time_to_live=1000)
        for value in (b"1", b"2", b"3"):
            put(store, b"u1", made, {b"a": value}, clock.milliseconds)
            clock.turn(400)
        assert [value for value, _ in store.versions(TABLE, b"u1", made, b"a")] == [b"3", b"2"]
        assert row(store, b"u1", made, before=clock.milliseconds - 800) is None
        clock.turn(400)
        assert [value for value, _ in store.versions(TABLE, b"u1", made, b"a")] == [b"3"]

    @needs("timestamps")
    def test_it_is_what_the_family_says_now(self, store: S, short_lived: StoredFamily, clock: Clock) -> None:
        put(store, b"u1", short_lived, {b"a": b"1"}, clock.milliseconds)
        clock.turn(2000)
        longer = StoredFamily(TABLE, short_lived.name, short_lived.identity, short_lived.level, time_to_live=3000)
        assert row(store, b"u1", short_lived) is None
        assert row(store, b"u1", longer) == {b"brief:a": b"1"}
