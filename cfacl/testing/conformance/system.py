"""The database's own records lie beside its tables, and are replaced only if they are as expected."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.model.projection import StoredFamily
from cfacl.testing.conformance.data import MANY, PATIENCE, TABLE, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class SystemRecords(Suite[S]):
    """`SystemTable`."""

    def test_records_are_replaced_only_if_they_are_as_expected(self, store: S) -> None:
        system = store.system
        assert system.get("k") is None
        assert not system.compare_and_set("k", b"", b"1")
        assert system.compare_and_set("k", None, b"1")
        assert not system.compare_and_set("k", None, b"2")
        assert not system.compare_and_set("k", b"0", b"2")
        assert system.get("k") == b"1"
        assert system.compare_and_set("k", b"1", b"")
        assert system.get("k") == b""
        assert not system.compare_and_set("k", b"1", None)
        assert system.compare_and_set("k", b"", None)
        assert system.get("k") is None
        assert system.compare_and_set("k", None, None)

    def test_several_records_are_replaced_up_to_one_that_is_not_as_expected(self, store: S) -> None:
        system = store.system
        assert system.compare_and_set_all({})
        assert system.compare_and_set_all({"a": (None, b"1"), "b": (None, b""), "c": (None, None)})
        assert system.items("") == {"a": b"1", "b": b""}
        assert not system.compare_and_set_all({"a": (b"1", b"2"), "b": (b"0", b"2"), "c": (None, b"2")})
        assert system.items("") in ({"a": b"1", "b": b""}, {"a": b"2", "b": b""})  # all at once, or one by one
        if self.capable(store).atomic_batch:
            assert system.get("a") == b"1"
        before = system.get("a")
        assert not system.compare_and_set_all({"b": (None, b"3"), "a": (before, b"3")})
        assert system.items("") == {"a": before, "b": b""}
        assert system.compare_and_set_all({"a": (before, None), "b": (b"", b"4")})
        assert system.items("") == {"b": b"4"}

    def test_records_below_a_prefix_come_in_order(self, store: S) -> None:
        for key in ("b", "ba/1", "a/\u00e9", "a/2", "a/10", "a0", "", "a/\0"):
            store.system.compare_and_set(key, None, key.encode())
        assert list(store.system.items("a/").items()) == [
            (each, each.encode()) for each in ("a/\0", "a/10", "a/2", "a/\u00e9")
        ]
        assert len(store.system.items("")) == 8
        assert list(store.system.items("a")) == ["a/\0", "a/10", "a/2", "a/\u00e9", "a0"]
        store.system.items("").clear()
        assert len(store.system.items("")) == 8
        assert store.system.items("c") == {}

    def test_records_of_like_names_are_apart(self, store: S) -> None:
        names = [
            "k",
            "K",
            "key",
            "Key",
            "KEY",
            "k ",
            " k",
            "k\0",
            "\u00e9",
            "\u00c9",
            "e\u0301",
            "stra\u00dfe",
            "strasse",
        ]
        for number, name in enumerate(names):
            assert store.system.get(name) is None
            assert store.system.compare_and_set(name, None, b"%d" % number)
        assert [store.system.get(name) for name in names] == [b"%d" % number for number in range(len(names))]
        assert store.system.items("") == {name: b"%d" % number for number, name in enumerate(names)}
        assert list(store.system.items("K")) == ["K", "KEY", "Key"]

    def test_no_number_of_records_and_no_record_is_too_large(self, store: S) -> None:
        records = {f"k{n:04}": b"%d" % n for n in range(MANY)}
        assert store.system.compare_and_set_all({key: (None, value) for key, value in records.items()})
        assert list(store.system.items("k").items()) == list(records.items())
        large = bytes(range(256)) * 4_000
        assert store.system.compare_and_set("large", None, large)
        assert store.system.get("large") == store.system.items("l")["large"] == large

    def test_they_are_no_rows_and_no_tables(self, store: S, one: StoredFamily) -> None:
        store.system.compare_and_set("account", None, b"1")
        assert scanned(store, one) == []
        assert self.raw_cells(store, one) == {}
        assert set(store.tables()) == {TABLE}

    @pytest.mark.usefixtures("pressed")
    def test_one_of_sixteen_threads_wins_a_record(self, store: S) -> None:
        start = threading.Barrier(16, timeout=PATIENCE)

        def attempt(number: int) -> list[bool]:
            start.wait()
            return [store.system.compare_and_set(f"k{n:02}", None, b"%d" % number) for n in range(20)]

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(attempt, range(16)))
        for winners, value in zip(zip(*won, strict=True), store.system.items("k").values(), strict=True):
            assert sum(winners) == 1
            assert value == b"%d" % winners.index(True)

    @needs("atomic_batch", "snapshot_reads")
    @pytest.mark.usefixtures("pressed")
    def test_several_records_are_replaced_and_seen_together_among_four_threads(self, store: S) -> None:
        names = [f"k{n}" for n in range(4)]
        assert store.system.compare_and_set_all(dict.fromkeys(names, (None, b"0")))

        def count(order: list[str]) -> int:
            won = 0
            for _ in range(100):
                found = store.system.items("k")
                assert len(set(found.values())) == 1, "some records are seen before the others"
                more = b"%d" % (int(found["k0"]) + 1)
                won += store.system.compare_and_set_all({name: (found[name], more) for name in order})
            return won

        with ThreadPoolExecutor(4) as pool:
            won = sum(pool.map(count, [names, names[::-1]] * 2))
        assert store.system.items("k") == dict.fromkeys(names, b"%d" % won)
