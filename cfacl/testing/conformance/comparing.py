"""A change is made only if every cell is as stated, atomically; what a store cannot do so is `Unsupported`."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import SchemaMissing, Unsupported
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import PATIENCE, TABLE, put, row
from cfacl.testing.conformance.suite import S, Suite, needs

Condition = tuple[StoredFamily, bytes, bytes | None]


class CompareAndSet(Suite[S]):
    """`Store.compare_and_set`."""

    def test_one_condition_and_one_put_are_within_every_store(self, store: S, one: StoredFamily) -> None:
        first, second = (Mutation(b"u1", (Put(one, {b"a": each}),)) for each in (b"1", b"2"))
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", None)], first) is True
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", None)], second) is False
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"2")], second) is False
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"1")], second) is True
        assert row(store, b"u1", one) == {b"one:a": b"2"}

    @needs("latest_wins")
    def test_a_change_is_seen_after_the_clock_went_back(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, clock: Clock
    ) -> None:
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"})
        clock.turn_back(60_000)
        for each in (one, three_versions):
            mutation = Mutation(b"u1", (Put(each, {b"a": b"2"}),))
            assert store.compare_and_set(TABLE, b"u1", [(each, b"a", b"1")], mutation) is True
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    @needs("compare_and_set", "timestamps")
    def test_a_change_keeps_the_timestamps_that_it_states(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1", b"b": b"1"}, timestamp=5)
        mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}, 7), Delete(one, (b"b",), 4)))
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"1")], mutation) is True
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", 7), b"one:b": (b"1", 5)}

    @needs("compare_and_set")
    def test_an_empty_value_is_not_none(self, store: S, one: StoredFamily) -> None:
        first, empty = (Mutation(b"u1", (Put(one, {b"a": each}),)) for each in (b"1", b""))
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"")], first) is False
        assert self.raw_cells(store, one) == {}
        store.apply(TABLE, [empty])
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", None)], first) is False
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", b"")], first) is True

    def test_several_families_at_once_are_compared_or_refused(
        self, store: S, one: StoredFamily, two: StoredFamily
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", two, {b"a": b"2"})
        kept = self.raw_cells(store, one), self.raw_cells(store, two)
        conditions: list[Condition] = [(one, b"a", b"1"), (two, b"a", b"2")]
        mutation = Mutation(b"u1", (Put(one, {b"a": b"new"}), Put(two, {b"b": b"new"})))
        if self.capable(store).compare_and_set:
            assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is True
            assert row(store, b"u1", one, two) == {b"one:a": b"new", b"two:a": b"2", b"two:b": b"new"}
        else:
            with pytest.raises(Unsupported):
                store.compare_and_set(TABLE, b"u1", conditions, mutation)
            assert (self.raw_cells(store, one), self.raw_cells(store, two)) == kept

    @needs("compare_and_set")
    def test_it_writes_only_if_every_condition_holds(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", two, {b"a": b"2"})
        mutation = Mutation(b"u1", (Put(one, {b"a": b"new"}), Delete(two)))
        kept = self.raw_cells(store, one), self.raw_cells(store, two)
        wrong: list[list[Condition]] = [
            [(one, b"a", b"2")],
            [(one, b"a", None)],
            [(one, b"b", b"")],
            [(one, b"a", b"1"), (two, b"a", b"1")],
            [(one, b"a", b"1"), (two, b"b", b"1")],
        ]
        for conditions in wrong:
            assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is False
            assert (self.raw_cells(store, one), self.raw_cells(store, two)) == kept
        for said in ([b"1", b"2"], [b"2", b"1"], [b"1", None], [None, b"1"]):  # of one cell
            conditions = [(one, b"a", each) for each in said]
            assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is False
            assert (self.raw_cells(store, one), self.raw_cells(store, two)) == kept
        conditions = [(one, b"a", b"1"), (two, b"a", b"2"), (two, b"b", None)]
        assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is True
        assert row(store, b"u1", one, two) == {b"one:a": b"new"}
        assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is False

    def test_a_value_is_compared_to_its_last_byte(self, store: S, one: StoredFamily) -> None:
        value = bytes(range(1, 256)) * 300
        put(store, b"u1", one, {b"a": value})
        mutation = Mutation(b"u1", (Put(one, {b"a": b"new"}),))
        wrong = [value[:length] for length in (1, 8, 16, 255, 256, 4_096, 65_536, len(value) - 1)]
        wrong += [value[:length] + b"\0" + value[length + 1 :] for length in (0, 16, 256, 65_536, len(value) - 1)]
        for other in (*wrong, value + b"\0", value + b"1"):
            assert store.compare_and_set(TABLE, b"u1", [(one, b"a", other)], mutation) is False
        assert row(store, b"u1", one) == {b"one:a": value}
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", value)], mutation) is True

    @needs("compare_and_set", "latest_wins", "timestamps")
    def test_a_plain_put_wins_over_a_change_from_the_future(self, store: S, one: StoredFamily, clock: Clock) -> None:
        future = clock.milliseconds + 5000
        mutation = Mutation(b"u1", (Put(one, {b"a": b"future"}, future),))
        assert store.compare_and_set(TABLE, b"u1", [(one, b"a", None)], mutation) is True
        put(store, b"u1", one, {b"a": b"plain"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"plain", future)}

    @needs("compare_and_set")
    def test_a_family_that_is_missing_is_told_whether_the_conditions_hold_or_not(
        self, store: S, one: StoredFamily
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        kept = self.raw_cells(store, one)
        lost = self.family("lost")
        for value in (b"1", b"9"):
            for conditions, change in (
                ([(one, b"a", value)], Put(lost, {b"a": b"2"})),
                ([(one, b"a", value), (lost, b"a", None)], Put(one, {b"a": b"2"})),
            ):
                with pytest.raises(SchemaMissing):
                    store.compare_and_set(TABLE, b"u1", conditions, Mutation(b"u1", (change,)))
        assert self.raw_cells(store, one) == kept

    @pytest.mark.usefixtures("pressed")
    def test_one_of_sixteen_threads_wins_a_cell(self, store: S, one: StoredFamily) -> None:
        start = threading.Barrier(16, timeout=PATIENCE)

        def attempt(number: int) -> list[bool]:
            start.wait()
            won = []
            for cell in (b"%d" % n for n in range(100)):
                mutation = Mutation(b"u1", (Put(one, {cell: b"%d" % number}),))
                won.append(store.compare_and_set(TABLE, b"u1", [(one, cell, None)], mutation))
            return won

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(attempt, range(16)))
        cells = row(store, b"u1", one) or {}
        for n, winners in enumerate(zip(*won, strict=True)):
            assert sum(winners) == 1
            assert cells[b"one:%d" % n] == b"%d" % winners.index(True)

    @needs("conditions_and_puts")
    @pytest.mark.usefixtures("pressed")
    def test_no_change_is_made_over_a_put_that_it_did_not_see(self, store: S, one: StoredFamily) -> None:
        with ThreadPoolExecutor(1) as pool:
            for _ in range(100):
                put(store, b"u1", one, {b"a": b"0"})
                written = pool.submit(put, store, b"u1", one, {b"a": b"put"})
                for step in range(8):
                    mutation = Mutation(b"u1", (Put(one, {b"a": b"%d" % (step + 1)}),))
                    store.compare_and_set(TABLE, b"u1", [(one, b"a", b"%d" % step)], mutation)
                written.result()
                assert row(store, b"u1", one) == {b"one:a": b"put"}, "a put was lost"
