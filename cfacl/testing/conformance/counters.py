"""A counter is eight bytes, big-endian and signed, and loses no count."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import InvalidValue
from cfacl.model.projection import StoredFamily
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, put, row
from cfacl.testing.conformance.suite import S, Suite, needs


class Counters(Suite[S]):
    """`Store.increment`."""

    def test_a_counter_is_eight_bytes_big_endian_and_signed(self, store: S, one: StoredFamily) -> None:
        assert store.increment(TABLE, b"u1", one, b"n", 5) == 5
        assert row(store, b"u1", one) == {b"one:n": b"\0\0\0\0\0\0\0\5"}
        ((value, _),) = self.raw_cells(store, one)[b"u1", b"n"]
        assert value == b"\0\0\0\0\0\0\0\5"
        assert store.increment(TABLE, b"u1", one, b"n", -7) == -2
        assert row(store, b"u1", one) == {b"one:n": b"\xff\xff\xff\xff\xff\xff\xff\xfe"}
        assert store.increment(TABLE, b"u1", one, b"n", 0) == -2

    def test_it_holds_all_that_64_bits_do(self, store: S, one: StoredFamily) -> None:
        for qualifier, total in ((b"high", (1 << 63) - 1), (b"low", -(1 << 63))):
            assert store.increment(TABLE, b"u1", one, qualifier, total) == total
            assert store.increment(TABLE, b"u1", one, qualifier, 0) == total
        put(store, b"u1", one, {b"put": (1 << 40).to_bytes(8, "big")})
        assert store.increment(TABLE, b"u1", one, b"put", -1) == (1 << 40) - 1

    def test_a_missing_counter_is_nothing_also_where_nothing_is_added(self, store: S, one: StoredFamily) -> None:
        assert store.increment(TABLE, b"u1", one, b"n", 0) == 0
        assert row(store, b"u1", one) in (None, {b"one:n": bytes(8)})  # HBase makes it; the seam leaves it open
        assert store.increment(TABLE, b"u1", one, b"n", 5) == 5

    @needs("latest_wins")
    def test_a_count_is_seen_after_the_clock_went_back(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, clock: Clock
    ) -> None:
        for each in (one, three_versions):
            store.increment(TABLE, b"u1", each, b"n", 1)
        clock.turn_back(60_000)
        for each in (one, three_versions):
            assert [store.increment(TABLE, b"u1", each, b"n", 1) for _ in range(2)] == [2, 3]
            assert row(store, b"u1", each) == {each.prefix + b"n": (3).to_bytes(8, "big")}

    @pytest.mark.parametrize("value", [b"", b"1", bytes(7), bytes(9)])
    def test_another_cell_is_no_counter(self, store: S, one: StoredFamily, value: bytes) -> None:
        put(store, b"u1", one, {b"n": value})
        for amount in (1, 0):
            with pytest.raises(InvalidValue, match="8 bytes"):
                store.increment(TABLE, b"u1", one, b"n", amount)
        assert row(store, b"u1", one) == {b"one:n": value}

    @pytest.mark.parametrize(("start", "amount"), [((1 << 63) - 1, 1), (-(1 << 63), -1), (0, 1 << 63)])
    def test_beyond_64_bits_nothing_is_written(self, store: S, one: StoredFamily, start: int, amount: int) -> None:
        store.increment(TABLE, b"u1", one, b"n", start)
        before = self.raw_cells(store, one)
        with pytest.raises(InvalidValue, match="64 bits"):
            store.increment(TABLE, b"u1", one, b"n", amount)
        assert self.raw_cells(store, one) == before

    @pytest.mark.usefixtures("pressed")
    def test_sixteen_threads_lose_no_count(self, store: S, one: StoredFamily, three_versions: StoredFamily) -> None:
        def count(_: int) -> None:
            for _ in range(50):
                store.increment(TABLE, b"u1", one, b"n", 1)
                store.increment(TABLE, b"u1", three_versions, b"n", -1)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(count, range(16)))
        assert store.increment(TABLE, b"u1", one, b"n", 0) == 800
        assert store.increment(TABLE, b"u1", three_versions, b"n", 0) == -800

    @needs("conditions_and_puts", "latest_wins")
    @pytest.mark.usefixtures("pressed")
    def test_no_count_is_written_over_a_put_that_it_did_not_see(self, store: S, one: StoredFamily) -> None:
        with ThreadPoolExecutor(1) as pool:
            for number in range(1, 101):
                start = number << 32
                written = pool.submit(put, store, b"u1", one, {b"n": start.to_bytes(8, "big")})
                for _ in range(8):
                    store.increment(TABLE, b"u1", one, b"n", 1)
                written.result()
                assert 0 <= store.increment(TABLE, b"u1", one, b"n", 0) - start <= 8, "a put was lost"
