"""What is written is there, in the order in which it was said, or nothing of it is."""

from __future__ import annotations

import pytest

from cfacl.errors import InvalidValue, SchemaMissing, Unsupported
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import LOTS, TABLE, delete, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class Writing(Suite[S]):
    """`Store.apply`, of puts and of puts and deletes together."""

    @needs("given_clock")
    def test_what_was_put_lies_there(self, store: S, one: StoredFamily, two: StoredFamily, clock: Clock) -> None:
        put(store, b"u1", one, {b"a": b"1", b"": b""})
        now = clock.milliseconds
        assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"1", now)], (b"u1", b""): [(b"", now)]}
        assert self.raw_cells(store, two) == {}

    @needs("given_clock")
    def test_a_plain_put_is_stamped_now(self, store: S, one: StoredFamily, clock: Clock) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        clock.turn(5)
        put(store, b"u1", one, {b"b": b"1"})
        assert row(store, b"u1", one, timestamps=True) == {
            b"one:a": (b"1", clock.milliseconds - 5),
            b"one:b": (b"1", clock.milliseconds),
        }

    @needs("latest_wins", "timestamps")
    def test_a_plain_put_wins_over_a_value_from_the_future(self, store: S, one: StoredFamily, clock: Clock) -> None:
        future = clock.milliseconds + 5000
        put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
        put(store, b"u1", one, {b"a": b"plain"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"plain", future)}

    @needs("latest_wins")
    def test_a_plain_put_wins_after_the_clock_went_back(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, clock: Clock
    ) -> None:
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"})
        clock.turn_back(60_000)
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"2"})
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    @needs("given_clock", "timestamps")
    def test_a_write_to_one_family_does_not_show_in_the_timestamps_of_another(
        self, store: S, one: StoredFamily, two: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"u1", one, {b"a": b"hidden"}, timestamp=clock.milliseconds + 5000)
        put(store, b"u1", two, {b"a": b"seen"})
        assert row(store, b"u1", two, timestamps=True) == {b"two:a": (b"seen", clock.milliseconds)}

    @needs("timestamps")
    def test_a_put_that_is_older_than_what_is_there_changes_nothing(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"new"}, timestamp=10)
        put(store, b"u1", one, {b"a": b"old"}, timestamp=9)
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"new", 10)}
        assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"new", 10)]}

    @needs("replaces_ties", "timestamps")
    def test_a_put_at_the_same_timestamp_replaces(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"}, timestamp=10)
            put(store, b"u1", each, {b"a": b"2"}, timestamp=10)
            assert store.versions(TABLE, b"u1", each, b"a") == [(b"2", 10)]
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    @needs("given_clock", "versions")
    def test_a_plain_put_in_the_same_millisecond_replaces(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        for each in (one, three_versions):
            put(store, b"u1", each, {b"b": b"3"})
            put(store, b"u1", each, {b"b": b"4"})
            assert [value for value, _ in store.versions(TABLE, b"u1", each, b"b")] == [b"4"]
            assert row(store, b"u1", each) == {each.prefix + b"b": b"4"}

    def test_the_changes_of_a_call_take_effect_in_order(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        gone, there = Put(one, {b"a": b"gone"}), Put(one, {b"a": b"there"})
        everything, named = Delete(one), Delete(one, (b"a",))
        for removal in (everything, named):
            store.apply(TABLE, [Mutation(b"u1", (there, Put(two, {b"a": b"1"}), removal))])
            assert row(store, b"u1", one) is None
            store.apply(TABLE, [Mutation(b"u1", (removal, there))])
            assert row(store, b"u1", one) == {b"one:a": b"there"}
            store.apply(TABLE, [Mutation(b"u1", (gone,)), Mutation(b"u1", (removal,)), Mutation(b"u1", (there,))])
            assert row(store, b"u1", one) == {b"one:a": b"there"}
            store.apply(TABLE, [Mutation(b"u1", (removal,)), Mutation(b"u2", (there, gone))])
            assert row(store, b"u1", one) is None
            store.apply(TABLE, [Mutation(b"u1", (gone,)), Mutation(b"u2", (there,)), Mutation(b"u1", (removal,))])
            assert row(store, b"u1", one) is None
            store.apply(TABLE, [Mutation(b"u2", (there, gone))])
            assert row(store, b"u2", one) == {b"one:a": b"gone"}

    def test_what_is_to_be_whole_is_made_whole_or_refused(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        changes = (Put(one, {b"a": b"1"}), Put(two, {b"a": b"2"}))
        rows = [(b"u%d" % n, {b"one:a": b"1", b"two:a": b"2"}) for n in range(1, 6)]
        try:
            store.apply(TABLE, [Mutation(key, changes) for key, _ in rows], whole=True)
        except Unsupported:
            assert not self.capable(store).atomic_batch
            assert (self.raw_cells(store, one), self.raw_cells(store, two)) == ({}, {})
        else:
            assert scanned(store, one, two) == rows
        store.apply(TABLE, [Mutation(b"v", (changes[0],))], whole=True)
        assert row(store, b"v", one) == {b"one:a": b"1"}

    @needs("latest_wins", "timestamps")
    def test_the_mutations_of_a_call_take_effect_in_the_order_of_the_call(
        self, store: S, one: StoredFamily, two: StoredFamily, clock: Clock
    ) -> None:
        future = clock.milliseconds + 5000
        for each, keys in ((one, (b"u3", b"u1", b"u2", b"u4")), (two, (b"u2", b"u4", b"u3", b"u1"))):
            plain, ahead = Put(each, {b"a": b"1"}), Put(each, {b"b": b"2"}, future)
            changes = ((plain,), (ahead,), (plain,), (plain,))
            store.apply(TABLE, [Mutation(key, change) for key, change in zip(keys, changes, strict=True)])
            stamps = [[stamp for _, stamp in store.versions(TABLE, key, each, b"a")] for key in keys]
            assert stamps[1:] == [[], [future], [future]]
            assert [] < stamps[0] < [future]

    @needs("latest_wins", "timestamps")
    def test_a_call_sees_its_own_puts_with_explicit_timestamps(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, clock: Clock
    ) -> None:
        future = clock.milliseconds + 5000
        for each in (one, three_versions):
            changes = (
                Put(each, {b"a": b"1"}, 10),
                Put(each, {b"a": b"2"}, 9),
                Put(each, {b"b": b"3"}, future),
                Put(each, {b"b": b"4"}),
                Put(each, {b"c": b"5"}, 10),
                Delete(each, (b"c",), 9),
                Put(each, {b"d": b"6"}, 10),
                Delete(each, (b"d",), 10),
            )
            store.apply(TABLE, [Mutation(b"u1", changes)])
            assert row(store, b"u1", each, timestamps=True) == {
                each.prefix + b"a": (b"1", 10),
                each.prefix + b"b": (b"4", future),
                each.prefix + b"c": (b"5", 10),
            }

    @needs("timestamps")
    def test_a_deletion_of_a_row_sees_what_the_call_put_before(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"}, 5)
            changes = (Put(each, {b"a": b"2"}, 10), Put(each, {b"b": b"3"}, 6), Delete(each, None, 7))
            store.apply(TABLE, [Mutation(b"u1", changes)])
            assert store.versions(TABLE, b"u1", each, b"a") == [(b"2", 10)]
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    @needs("latest_wins", "timestamps", "versions")
    def test_a_call_may_name_a_family_by_several_objects(self, store: S, one: StoredFamily, clock: Clock) -> None:
        again = StoredFamily(TABLE, one.name, one.identity, one.level, versions=2)
        future = clock.milliseconds + 5000
        store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"a": b"1"}, future), Put(again, {b"a": b"2"})))])
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", future)}
        store.apply(
            TABLE, [Mutation(b"u1", (Put(again, {b"b": b"1"}), Put(one, {b"b": b"2"}), Delete(again, (b"b",))))]
        )
        assert row(store, b"u1", again) == {b"one:a": b"2"}

    def test_changes_reach_all_families_and_rows_they_name(
        self, store: S, one: StoredFamily, two: StoredFamily
    ) -> None:
        changes = (Put(one, {b"a": b"1"}), Put(two, {b"a": b"2"}))
        store.apply(TABLE, [Mutation(b"u1", changes), Mutation(b"u2", changes)])
        assert scanned(store, one, two) == [(key, {b"one:a": b"1", b"two:a": b"2"}) for key in (b"u1", b"u2")]

    def test_every_mutation_of_a_row_counts_in_one_call(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        changes = (Put(one, {b"a": b"1"}), Put(two, {b"a": b"2"}), Put(one, {b"b": b"3"}))
        store.apply(TABLE, [Mutation(b"u1", (each,)) for each in changes])
        assert row(store, b"u1", one, two) == {b"one:a": b"1", b"one:b": b"3", b"two:a": b"2"}

    def test_no_number_of_mutations_is_too_large(self, store: S, one: StoredFamily) -> None:
        keys = [b"r%04d" % n for n in range(LOTS)]
        store.apply(TABLE, [Mutation(key, (Put(one, {b"a": b"v"}),)) for key in keys])
        assert set(self.raw_cells(store, one)) == {(key, b"a") for key in keys}

    @needs("given_clock")
    def test_nothing_is_written_by_nothing(self, store: S, one: StoredFamily, clock: Clock) -> None:
        store.apply(TABLE, [])
        store.apply(TABLE, [Mutation(b"u1", ())])
        store.apply(TABLE, [Mutation(b"u1", (Put(one, {}), Put(one, {}, clock.milliseconds + 5000)))])
        assert row(store, b"u1", one) is None
        put(store, b"u1", one, {b"a": b"1"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"1", clock.milliseconds)}

    @needs("timestamps")
    @pytest.mark.parametrize("timestamp", [-1, 1 << 63])
    def test_a_timestamp_that_fits_nowhere_is_refused_and_nothing_written(
        self, store: S, one: StoredFamily, timestamp: int
    ) -> None:
        for change in (Put(one, {b"a": b"1"}, timestamp), Delete(one, None, timestamp)):
            with pytest.raises(InvalidValue, match="timestamp"):
                store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"b": b"1"}), change))])
        assert self.raw_cells(store, one) == {}

    @needs("atomic_batch", "timestamps")
    def test_a_call_that_fails_leaves_nothing_of_itself(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"kept"}, 5)
        first = Mutation(b"u1", (Delete(one), Put(one, {b"b": b"1"}), Put(two, {b"b": b"1"})))
        for last, error in (
            (Put(self.family("lost"), {b"a": b"1"}), SchemaMissing),
            (Delete(self.family("lost")), SchemaMissing),
            (Put(two, {b"a": b"1"}, -1), InvalidValue),
        ):
            with pytest.raises(error):
                store.apply(TABLE, [first, Mutation(b"u2", (Put(one, {b"a": b"1"}), last))])
            assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"kept", 5)]}
            assert self.raw_cells(store, two) == {}

    @needs("latest_wins", "timestamps")
    def test_the_highest_timestamp_is_kept(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"}, timestamp=(1 << 63) - 1)
        put(store, b"u1", one, {b"a": b"2"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", (1 << 63) - 1)}

    @needs("latest_wins", "timestamps")
    def test_the_highest_timestamp_outlives_what_bore_it(self, store: S, one: StoredFamily, clock: Clock) -> None:
        for removed in ((None, None), ((b"a",), None), (None, clock.milliseconds + 9000)):
            future = clock.milliseconds + 5000
            put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
            delete(store, b"u1", one, *removed)
            put(store, b"u2", one, {b"a": b"plain"})
            assert row(store, b"u2", one, timestamps=True) == {b"one:a": (b"plain", future)}
            delete(store, b"u2", one)
            clock.turn(1000)

    @needs("timestamps")
    @pytest.mark.parametrize("stamp", [(1 << 53) + 1, (1 << 62) + 1, (1 << 63) - 2])
    def test_a_timestamp_is_kept_to_the_last_bit(self, store: S, one: StoredFamily, stamp: int) -> None:
        put(store, b"u1", one, {b"a": b"1"}, timestamp=stamp)
        assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"1", stamp)]}
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"1", stamp)}
        assert store.versions(TABLE, b"u1", one, b"a", before=stamp) == []
        assert store.versions(TABLE, b"u1", one, b"a", before=stamp + 1) == [(b"1", stamp)]
        delete(store, b"u1", one, None, stamp - 1)
        put(store, b"u1", one, {b"a": b"0"}, timestamp=stamp - 1)
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"1", stamp)}
        delete(store, b"u1", one, (b"a",), stamp)
        assert self.raw_cells(store, one) == {}
