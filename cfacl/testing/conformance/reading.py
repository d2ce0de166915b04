"""What is there is read, as it was asked for, and nothing else."""

from __future__ import annotations

from cfacl.model.projection import Slice, StoredFamily
from cfacl.model.request import MAX_KEY, Mutation, Put, Span
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import HOSTILE, MANY, TABLE, projection, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class Reading(Suite[S]):
    """`Store.get`, of what was put and of what lies there."""

    def test_what_was_put_is_read(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1", b"b": b""})
        assert row(store, b"u1", one) == {b"one:a": b"1", b"one:b": b""}

    @needs("timestamps")
    def test_what_lies_there_is_read(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        self.raw_put(store, one, b"u1", b"a", b"1", 7)
        self.raw_put(store, one, b"u1", b"", b"", 8)
        self.raw_put(store, two, b"u2", b"\0", b"2", 9)
        assert self.raw_cells(store, one) == {(b"u1", b"a"): [(b"1", 7)], (b"u1", b""): [(b"", 8)]}
        assert row(store, b"u1", one, two, timestamps=True) == {b"one:": (b"", 8), b"one:a": (b"1", 7)}
        assert store.versions(TABLE, b"u2", two, b"\0") == [(b"2", 9)]
        assert scanned(store, one, two) == [(b"u1", {b"one:": b"", b"one:a": b"1"}), (b"u2", {b"two:\0": b"2"})]

    def test_reading_changes_nothing(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        kept = self.raw_cells(store, one)
        for key in (b"u1", b"u2"):
            row(store, key, one)
            store.versions(TABLE, key, one, b"b")
        scanned(store, one)
        assert self.raw_cells(store, one) == kept

    def test_a_row_is_a_plain_dict_of_its_own(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        first, second = store.get(TABLE, [b"u1", b"u1"], projection(one))
        assert type(first[1]) is dict
        first[1].clear()
        assert second[1] == row(store, b"u1", one) == {b"one:a": b"1"}
        for answer in (store.get(TABLE, [b"u1"], projection(one)), scanned(store, one)):
            answer[0][1][b"one:a"] = b"changed"
            answer.clear()
        store.versions(TABLE, b"u1", one, b"a").clear()
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        assert scanned(store, one) == [(b"u1", {b"one:a": b"1"})]
        assert [value for value, _ in store.versions(TABLE, b"u1", one, b"a")] == [b"1"]

    def test_rows_come_in_the_order_asked_twice_if_asked_twice_and_only_if_they_exist(
        self, store: S, one: StoredFamily
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u2", one, {b"a": b"2"})
        found = store.get(TABLE, [b"u2", b"u3", b"u1", b"u2"], projection(one))
        assert found == [(b"u2", {b"one:a": b"2"}), (b"u1", {b"one:a": b"1"}), (b"u2", {b"one:a": b"2"})]
        assert [key for key, _ in store.get(TABLE, [b"u2", b"u1"], projection(one))] == [b"u2", b"u1"]
        assert store.get(TABLE, [], projection(one)) == []

    def test_columns_are_sorted_by_family_then_qualifier(self, store: S) -> None:
        dashed, plain = self.made(store, "a-b"), self.made(store, "a")
        for each in (dashed, plain):
            put(store, b"u1", each, {b"z": b"1", b"": b"2", b"\xff": b"3", b"\0": b"4", b"y": b"5"})
        expected = [n + q for n in (b"a:", b"a-b:") for q in (b"", b"\0", b"y", b"z", b"\xff")]
        assert list(row(store, b"u1", dashed, plain) or ()) == expected
        assert list(scanned(store, dashed, plain)[0][1]) == expected
        assert list(scanned(store, dashed, plain, span=Span(reverse=True))[0][1]) == expected

    def test_only_the_projection_is_read(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1", b"b": b"2", b"c": b"3"})
        put(store, b"u1", two, {b"a": b"4"})
        put(store, b"u2", two, {b"a": b"5"})
        assert row(store, b"u1", one) == {b"one:a": b"1", b"one:b": b"2", b"one:c": b"3"}
        some = Slice(one, (b"a", b"c", b"d"))
        assert row(store, b"u1", some) == {b"one:a": b"1", b"one:c": b"3"}
        assert row(store, b"u1", some, two) == {b"one:a": b"1", b"one:c": b"3", b"two:a": b"4"}
        assert scanned(store, some) == [(b"u1", {b"one:a": b"1", b"one:c": b"3"})]
        assert row(store, b"u2", one) is None
        assert row(store, b"u1", Slice(one, (b"d",))) is None
        assert scanned(store, Slice(one, (b"d",))) == []

    def test_a_named_column_is_that_column_and_no_other(self, store: S, one: StoredFamily) -> None:
        names = [each for each in HOSTILE if len(each) < MAX_KEY]
        put(store, b"u1", one, {each: b"v" + each for each in [b"", *names]})
        for named in ((b"",), (b"", b"a"), *((each,) for each in names)):
            expected = {b"one:" + each: b"v" + each for each in named}
            assert row(store, b"u1", Slice(one, named)) == expected
            assert scanned(store, Slice(one, named)) == [(b"u1", expected)]

    def test_no_number_of_keys_is_too_large(self, store: S, one: StoredFamily) -> None:
        keys = [b"r%04d" % n for n in range(MANY)]
        store.apply(TABLE, [Mutation(key, (Put(one, {b"a": key}),)) for key in keys])
        assert store.get(TABLE, keys, projection(one)) == [(key, {b"one:a": key}) for key in keys]

    def test_no_number_of_columns_is_too_large(self, store: S, one: StoredFamily) -> None:
        names = [b"c%04d" % n for n in range(MANY)]
        put(store, b"u1", one, {name: name for name in names})
        expected = {b"one:" + name: name for name in names}
        for asked in (Slice(one), Slice(one, tuple(names))):
            assert row(store, b"u1", asked) == expected
            assert scanned(store, asked) == [(b"u1", expected)]

    @needs("given_clock", "timestamps")
    def test_timestamps_are_milliseconds_and_come_beside_the_value(
        self, store: S, one: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", one, {b"b": b"2"}, timestamp=7)
        expected = {b"one:a": (b"1", clock.milliseconds), b"one:b": (b"2", 7)}
        assert row(store, b"u1", one, timestamps=True) == expected
        assert scanned(store, one, timestamps=True) == [(b"u1", expected)]

    @needs("timestamps")
    def test_before_leaves_out_what_has_that_timestamp_or_a_later_one(
        self, store: S, one: StoredFamily, two: StoredFamily
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"}, timestamp=10)
        put(store, b"u1", one, {b"b": b"2"}, timestamp=11)
        put(store, b"u2", two, {b"a": b"3"}, timestamp=11)
        assert row(store, b"u1", one, before=11) == {b"one:a": b"1"}
        assert row(store, b"u1", Slice(one, (b"a", b"b")), before=11) == {b"one:a": b"1"}
        assert row(store, b"u1", one, before=10) is None
        assert scanned(store, one, two, before=11) == [(b"u1", {b"one:a": b"1"})]
        assert scanned(store, one, two, before=12) == [
            (b"u1", {b"one:a": b"1", b"one:b": b"2"}),
            (b"u2", {b"two:a": b"3"}),
        ]

    @needs("timestamps")
    def test_nothing_is_before_timestamp_0(self, store: S, one: StoredFamily) -> None:
        put(store, b"u1", one, {b"a": b"1"}, timestamp=0)
        put(store, b"u1", one, {b"b": b"2"}, timestamp=1)
        for before, expected in ((0, []), (1, [(b"u1", {b"one:a": b"1"})])):
            assert store.get(TABLE, [b"u1", b"u2"], projection(one), before=before) == expected
            assert store.get(TABLE, [b"u1"], projection(Slice(one, (b"a", b"b"))), before=before) == expected
            for cells in (None, 1):
                for reverse in (False, True):
                    found = scanned(store, one, span=Span(reverse=reverse), before=before, cells=cells)
                    assert found == expected
            if self.capable(store).snapshot_scans:
                assert scanned(store, one, before=before, snapshot=True) == expected
            assert [value for value, _ in store.versions(TABLE, b"u1", one, b"a", before=before)] == [b"1"][:before]
