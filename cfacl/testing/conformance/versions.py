"""A cell keeps as many values as its family says, the newest by timestamp."""

from __future__ import annotations

import pytest

from cfacl.errors import RequestError
from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, delete, projection, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


@needs("timestamps", "versions")
class Versions(Suite[S]):
    """`Store.versions`, and what ``before`` finds of them."""

    def test_as_many_are_kept_as_the_family_says_newest_first(
        self, store: S, one: StoredFamily, three_versions: StoredFamily
    ) -> None:
        for stamp in (3, 1, 5, 2, 4):
            put(store, b"u1", one, {b"a": b"%d" % stamp}, timestamp=stamp)
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        assert store.versions(TABLE, b"u1", one, b"a") == [(b"5", 5)]
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"5", 5), (b"4", 4), (b"3", 3)]
        assert row(store, b"u1", three_versions) == {b"kept:a": b"5"}
        assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"5", 5)]}
        assert self.raw_cells(store, three_versions) == {(b"u1", b"a"): [(b"5", 5), (b"4", 4), (b"3", 3)]}

    def test_no_number_of_versions_is_too_large(self, store: S) -> None:
        made = self.made(store, "many", versions=100)
        store.apply(TABLE, [Mutation(b"u1", (Put(made, {b"a": b"%d" % n}, n),)) for n in range(120)])
        expected = [(b"%d" % n, n) for n in range(119, 19, -1)]
        assert store.versions(TABLE, b"u1", made, b"a") == expected
        assert store.versions(TABLE, b"u1", made, b"a", before=30) == expected[90:]
        assert row(store, b"u1", made, before=21) == {b"many:a": b"20"}
        delete(store, b"u1", made, (b"a",), 30)
        assert store.versions(TABLE, b"u1", made, b"a") == expected[:89]
        delete(store, b"u1", made, (b"a",))
        assert store.versions(TABLE, b"u1", made, b"a") == []
        for qualifiers in ((b"a",), None):
            store.apply(TABLE, [Mutation(b"u1", (Put(made, {b"a": b"%d" % n}, n),)) for n in range(200, 210)])
            delete(store, b"u1", made, qualifiers)
            assert row(store, b"u1", made) is None
            assert store.versions(TABLE, b"u1", made, b"a") == []

    def test_limit_and_before_narrow_them(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (1, 2, 3):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        put(store, b"u1", three_versions, {b"aa": b"other"}, timestamp=1)
        versions = [(b"3", 3), (b"2", 2), (b"1", 1)]
        for limit in range(4):
            assert store.versions(TABLE, b"u1", three_versions, b"a", limit=limit) == versions[:limit]
        for before in range(6):
            expected = [each for each in versions if each[1] < before]
            assert store.versions(TABLE, b"u1", three_versions, b"a", before=before) == expected
        assert store.versions(TABLE, b"u1", three_versions, b"a", before=3, limit=1) == [(b"2", 2)]
        assert store.versions(TABLE, b"u1", three_versions, b"b") == []
        assert store.versions(TABLE, b"u2", three_versions, b"a") == []
        with pytest.raises(RequestError):
            store.versions(TABLE, b"u1", three_versions, b"a", limit=-1)

    def test_the_versions_of_a_cell_are_not_those_of_the_next(self, store: S, three_versions: StoredFamily) -> None:
        for qualifier in (b"a", b"a\0", b"aa", b"b"):
            for stamp in (1, 2):
                put(store, b"u1", three_versions, {qualifier: b"%d" % stamp + qualifier}, timestamp=stamp)
        for qualifier in (b"a", b"a\0", b"aa", b"b"):
            expected = [(b"2" + qualifier, 2), (b"1" + qualifier, 1)]
            assert store.versions(TABLE, b"u1", three_versions, qualifier) == expected

    def test_before_finds_the_newest_of_the_older_versions(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (1, 2, 3):
            put(store, b"u1", three_versions, {b"a": b"a%d" % stamp}, timestamp=stamp)
            put(store, b"u2", three_versions, {b"a": b"b%d" % stamp}, timestamp=stamp + 1)
        newest: tuple[tuple[int, int | None, int | None], ...]
        newest = ((1, None, None), (2, 1, None), (3, 2, 1), (4, 3, 2), (5, 3, 3))
        for before, first, second in newest:
            expected = [
                (key, {b"kept:a": (b"%s%d" % (letter, stamp), stamp + shift)})
                for key, letter, stamp, shift in ((b"u1", b"a", first, 0), (b"u2", b"b", second, 1))
                if stamp is not None
            ]
            found = store.get(TABLE, [b"u1", b"u2"], projection(three_versions), before=before, timestamps=True)
            assert found == expected
            assert scanned(store, three_versions, before=before, timestamps=True) == expected
            backwards = scanned(store, three_versions, span=Span(reverse=True), before=before, timestamps=True)
            assert backwards == expected[::-1]
            named = Slice(three_versions, (b"a",))
            assert scanned(store, named, before=before, timestamps=True) == expected

    def test_a_deleted_version_leaves_room_for_none_before_it(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (1, 2, 3, 4, 5):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        delete(store, b"u1", three_versions, (b"a",), 4)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"5", 5)]
        delete(store, b"u1", three_versions)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == []

    @needs("no_markers")
    def test_deleted_versions_hide_none_that_is_put_later(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (1, 2, 3, 4, 5):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        delete(store, b"u1", three_versions)
        put(store, b"u1", three_versions, {b"a": b"new"}, timestamp=1)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"new", 1)]

    def test_a_row_deleted_up_to_a_timestamp_keeps_what_is_newer(self, store: S, three_versions: StoredFamily) -> None:
        for stamp in (1, 2, 3):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp, b"\0": b"%d" % stamp}, timestamp=stamp)
        delete(store, b"u1", three_versions, None, 2)
        for qualifier in (b"a", b"\0"):
            assert store.versions(TABLE, b"u1", three_versions, qualifier) == [(b"3", 3)]

    def test_a_family_may_keep_more_or_fewer_later(self, store: S) -> None:
        few = self.made(store, "kept", versions=1)
        many = StoredFamily(TABLE, "kept", few.identity, few.level, versions=3)
        put(store, b"u1", few, {b"a": b"1", b"b": b"1"}, timestamp=1)
        put(store, b"u1", few, {b"a": b"2"}, timestamp=2)
        assert store.versions(TABLE, b"u1", many, b"a") == [(b"2", 2)]

        for stamp in (3, 4, 5):
            put(store, b"u1", many, {b"a": b"%d" % stamp}, timestamp=stamp)
        assert store.versions(TABLE, b"u1", many, b"a") == [(b"5", 5), (b"4", 4), (b"3", 3)]
        assert row(store, b"u1", many, before=4, timestamps=True) == {b"kept:a": (b"3", 3), b"kept:b": (b"1", 1)}

        assert store.versions(TABLE, b"u1", few, b"a") == [(b"5", 5)]
        assert row(store, b"u1", few, before=5) == {b"kept:b": b"1"}
        put(store, b"u1", few, {b"a": b"6"})
        assert [value for value, _ in store.versions(TABLE, b"u1", many, b"a")] == [b"6"]
        assert row(store, b"u1", many) == {b"kept:a": b"6", b"kept:b": b"1"}
        delete(store, b"u1", few)
        put(store, b"u1", many, {b"a": b"7"})
        assert [value for value, _ in store.versions(TABLE, b"u1", many, b"a")] == [b"7"]

    @needs("given_clock")
    def test_a_count_leaves_the_versions_before_it(self, store: S, three_versions: StoredFamily, clock: Clock) -> None:
        start = clock.milliseconds
        for _ in range(4):
            store.increment(TABLE, b"u1", three_versions, b"n", 1)
            clock.turn(1)
        expected = [(total.to_bytes(8, "big"), start + total - 1) for total in (4, 3, 2)]
        assert store.versions(TABLE, b"u1", three_versions, b"n") == expected
        assert self.raw_cells(store, three_versions) == {(b"u1", b"n"): expected}

    def test_the_counters_and_conditions_see_the_newest_only(self, store: S, three_versions: StoredFamily) -> None:
        for _ in range(4):
            store.increment(TABLE, b"u1", three_versions, b"n", 1)
            put(store, b"u1", three_versions, {b"o": b"x"}, timestamp=3)
        assert store.increment(TABLE, b"u1", three_versions, b"n", 1) == 5
        put(store, b"u1", three_versions, {b"o": b"y"}, timestamp=2)
        same = Mutation(b"u1", (Put(three_versions, {b"p": b"1"}),))
        assert not store.compare_and_set(TABLE, b"u1", [(three_versions, b"o", b"y")], same)
        assert store.compare_and_set(TABLE, b"u1", [(three_versions, b"o", b"x")], same)
