"""What every store does; a test that needs a capability asks for it, and none asks which store it is."""

from __future__ import annotations

import contextlib
import itertools
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import Closed, InvalidValue, RequestError, SchemaMissing
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import MAX_KEY, Delete, Mutation, Put, Span
from cfacl.stores.base import Capabilities

TABLE = "account"
EVERYTHING = Span()
identities = itertools.count(1)


def family(name, *, table=TABLE, level="public", **more):
    return StoredFamily(table, name, next(identities), level, **more)


def projection(*slices):
    return Projection(each if isinstance(each, Slice) else Slice(each) for each in slices)


def put(store, key, family, values, timestamp=None):
    store.apply(family.table, [Mutation(key, (Put(family, values, timestamp),))])


def delete(store, key, family, qualifiers=None, timestamp=None):
    store.apply(family.table, [Mutation(key, (Delete(family, qualifiers, timestamp),))])


def row(store, key, *slices, **more):
    found = store.get(TABLE, [key], projection(*slices), **more)
    assert [each for each, _ in found] in ([], [key])
    return found[0][1] if found else None


def scanned(store, *slices, span=EVERYTHING, batch_size=3, **more):
    batches = list(store.scan(TABLE, projection(*slices), span, batch_size=batch_size, **more))
    assert all(batches)
    assert all(len(each) == batch_size for each in batches[:-1])
    return list(itertools.chain.from_iterable(batches))


@pytest.fixture
def one(store):
    made = family("one")
    store.create_table(TABLE, [made])
    return made


@pytest.fixture
def two(store):
    made = family("two")
    store.create_table(TABLE, [made])
    return made


@pytest.fixture
def three_versions(store):
    made = family("kept", versions=3)
    store.create_table(TABLE, [made])
    return made


@pytest.fixture
def short_lived(store):
    made = family("brief", time_to_live=1000)
    store.create_table(TABLE, [made])
    return made


HOSTILE = [
    b"\0",
    b"\0\0",
    b"\0\1",
    b"\0\xff",
    b"\1",
    b":",
    b"a",
    b"a\0",
    b"a\0\0",
    b"a\0\0a",
    b"a\0\1",
    b"a\0b",
    b"a\1",
    b"a:b",
    b"aa",
    b"\xfe\xff",
    b"\xff",
    b"\xff\0",
    b"\xff\xff",
    b"k" * MAX_KEY,
    b"\0" * MAX_KEY,
]


class TestReading:
    def test_what_was_put_is_read(self, store, one):
        put(store, b"u1", one, {b"a": b"1", b"b": b""})
        assert row(store, b"u1", one) == {b"one:a": b"1", b"one:b": b""}

    def test_a_row_is_a_plain_dict_of_its_own(self, store, one):
        put(store, b"u1", one, {b"a": b"1"})
        first, second = store.get(TABLE, [b"u1", b"u1"], projection(one))
        assert type(first[1]) is dict
        first[1].clear()
        assert second[1] == row(store, b"u1", one) == {b"one:a": b"1"}

    def test_rows_come_in_the_order_asked_twice_if_asked_twice_and_only_if_they_exist(self, store, one):
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u2", one, {b"a": b"2"})
        found = store.get(TABLE, [b"u2", b"u3", b"u1", b"u2"], projection(one))
        assert found == [(b"u2", {b"one:a": b"2"}), (b"u1", {b"one:a": b"1"}), (b"u2", {b"one:a": b"2"})]
        assert [key for key, _ in store.get(TABLE, [b"u2", b"u1"], projection(one))] == [b"u2", b"u1"]
        assert store.get(TABLE, [], projection(one)) == []

    def test_columns_are_sorted_by_family_then_qualifier(self, store):
        dashed, plain = family("a-b"), family("a")
        store.create_table(TABLE, [dashed, plain])
        for each in (dashed, plain):
            put(store, b"u1", each, {b"z": b"1", b"": b"2", b"\xff": b"3", b"\0": b"4", b"y": b"5"})
        expected = [n + q for n in (b"a:", b"a-b:") for q in (b"", b"\0", b"y", b"z", b"\xff")]
        assert list(row(store, b"u1", dashed, plain)) == expected
        assert list(scanned(store, dashed, plain)[0][1]) == expected
        assert list(scanned(store, dashed, plain, span=Span(reverse=True))[0][1]) == expected

    def test_only_the_projection_is_read(self, store, one, two):
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

    def test_timestamps_are_milliseconds_and_come_beside_the_value(self, store, one, clock):
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", one, {b"b": b"2"}, timestamp=7)
        expected = {b"one:a": (b"1", clock.milliseconds), b"one:b": (b"2", 7)}
        assert row(store, b"u1", one, timestamps=True) == expected
        assert scanned(store, one, timestamps=True) == [(b"u1", expected)]

    def test_before_leaves_out_what_has_that_timestamp_or_a_later_one(self, store, one, two):
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


class TestHostileBytes:
    @pytest.mark.rule(3)
    def test_every_row_key_is_a_row_of_its_own(self, store, one, two):
        for number, key in enumerate(HOSTILE):
            put(store, key, one, {b"": b"%d" % number, key: b"own"})
            put(store, key, two, {key: b"two"})
        for number, key in enumerate(HOSTILE):
            assert row(store, key, one, two) == {
                b"one:": b"%d" % number,
                b"one:" + key: b"own",
                b"two:" + key: b"two",
            }
        assert [key for key, _ in scanned(store, one, two)] == sorted(HOSTILE)
        assert [key for key, _ in scanned(store, one, two, span=Span(reverse=True))] == sorted(HOSTILE)[::-1]

    @pytest.mark.parametrize("versions", [1, 3])
    def test_every_qualifier_is_a_cell_of_its_own(self, store, versions):
        made = family("hostile", versions=versions)
        store.create_table(TABLE, [made])
        qualifiers = [b"", *HOSTILE, b"q" * 65_536]
        for key in (b"u", b"u\0", b"u\0\0"):
            put(store, key, made, dict.fromkeys(qualifiers, b"old"), timestamp=1)
            put(store, key, made, {each: b"%d" % len(each) for each in qualifiers}, timestamp=2)
        for key in (b"u", b"u\0", b"u\0\0"):
            assert row(store, key, made) == {b"hostile:" + each: b"%d" % len(each) for each in sorted(qualifiers)}
        delete(store, b"u\0", made)
        for each in qualifiers:
            expected = [(b"%d" % len(each), 2), (b"old", 1)][:versions]
            assert store.versions(TABLE, b"u", made, each) == expected
            assert store.versions(TABLE, b"u\0", made, each) == []

    def test_a_span_cuts_between_any_two_keys(self, store, one):
        for key in HOSTILE:
            put(store, key, one, {b"": b"x"})
        bounds = [None, b"", *HOSTILE[:-2], b"b"]
        for lower, upper in itertools.product(bounds, bounds):
            for reverse in (False, True):
                span = Span(lower, upper, reverse)
                expected = sorted((each for each in HOSTILE if each in span), reverse=reverse)
                assert [key for key, _ in scanned(store, one, span=span, batch_size=100)] == expected

    def test_tables_and_families_of_any_name_are_apart(self, store):
        names = ["a", "A", "a:b", "a%3Ab", "a%3ab", "", "a\0", "a/b", "../x", "\u00e9", "e\u0301", "\ud800", "x" * 500]
        made = [family("f", table=name) for name in names] + [family(name, table="t") for name in ("a", "A", "a:b")]
        for each in made:
            store.create_table(each.table, [each])
        for number, each in enumerate(made):
            put(store, b"u", each, {b"q": b"%d" % number})
        for number, each in enumerate(made):
            found = store.get(each.table, [b"u"], projection(each))
            assert found == [(b"u", {each.prefix + b"q": b"%d" % number})]
        assert set(store.tables()) == {each.table for each in made}

    def test_a_large_value_comes_back_whole(self, store, one):
        large = bytes(range(256)) * 40_000
        put(store, b"u1", one, {b"a": large})
        assert row(store, b"u1", one) == {b"one:a": large}
        assert scanned(store, one) == [(b"u1", {b"one:a": large})]


class TestWriting:
    def test_a_plain_put_is_stamped_now(self, store, one, clock):
        put(store, b"u1", one, {b"a": b"1"})
        clock.turn(5)
        put(store, b"u1", one, {b"b": b"1"})
        stamps = [stamp for _, stamp in row(store, b"u1", one, timestamps=True).values()]
        assert stamps == [clock.milliseconds - 5, clock.milliseconds]

    def test_a_plain_put_wins_over_a_value_from_the_future(self, store, one, clock):
        future = clock.milliseconds + 5000
        put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
        put(store, b"u1", one, {b"a": b"plain"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"plain", future)}

    def test_a_plain_put_wins_after_the_clock_went_back(self, store, one, three_versions, clock):
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"})
        clock.turn(-60_000)
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"2"})
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    def test_a_write_to_one_family_does_not_show_in_the_timestamps_of_another(self, store, one, two, clock):
        put(store, b"u1", one, {b"a": b"hidden"}, timestamp=clock.milliseconds + 5000)
        put(store, b"u1", two, {b"a": b"seen"})
        assert row(store, b"u1", two, timestamps=True) == {b"two:a": (b"seen", clock.milliseconds)}

    def test_a_put_that_is_older_than_what_is_there_changes_nothing(self, store, one):
        put(store, b"u1", one, {b"a": b"new"}, timestamp=10)
        put(store, b"u1", one, {b"a": b"old"}, timestamp=9)
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"new", 10)}

    def test_a_put_at_the_same_timestamp_replaces(self, store, one, three_versions):
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"}, timestamp=10)
            put(store, b"u1", each, {b"a": b"2"}, timestamp=10)
            put(store, b"u1", each, {b"b": b"3"})
            put(store, b"u1", each, {b"b": b"4"})
            assert store.versions(TABLE, b"u1", each, b"a") == [(b"2", 10)]
            assert len(store.versions(TABLE, b"u1", each, b"b")) == 1
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2", each.prefix + b"b": b"4"}

    def test_the_changes_of_a_call_take_effect_in_order(self, store, one, two):
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
            assert row(store, b"u2", one) == {b"one:a": b"gone"}

    def test_a_call_sees_its_own_puts_with_explicit_timestamps(self, store, one, three_versions, clock):
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

    def test_a_deletion_of_a_row_sees_what_the_call_put_before(self, store, one, three_versions):
        for each in (one, three_versions):
            put(store, b"u1", each, {b"a": b"1"}, 5)
            changes = (Put(each, {b"a": b"2"}, 10), Put(each, {b"b": b"3"}, 6), Delete(each, None, 7))
            store.apply(TABLE, [Mutation(b"u1", changes)])
            assert store.versions(TABLE, b"u1", each, b"a") == [(b"2", 10)]
            assert row(store, b"u1", each) == {each.prefix + b"a": b"2"}

    def test_a_call_may_name_a_family_by_several_objects(self, store, one, clock):
        again = StoredFamily(TABLE, one.name, one.identity, one.level, versions=2)
        future = clock.milliseconds + 5000
        store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"a": b"1"}, future), Put(again, {b"a": b"2"})))])
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", future)}
        store.apply(
            TABLE, [Mutation(b"u1", (Put(again, {b"b": b"1"}), Put(one, {b"b": b"2"}), Delete(again, (b"b",))))]
        )
        assert row(store, b"u1", again) == {b"one:a": b"2"}

    def test_changes_reach_all_families_and_rows_they_name(self, store, one, two):
        changes = (Put(one, {b"a": b"1"}), Put(two, {b"a": b"2"}))
        store.apply(TABLE, [Mutation(b"u1", changes), Mutation(b"u2", changes)])
        assert scanned(store, one, two) == [(key, {b"one:a": b"1", b"two:a": b"2"}) for key in (b"u1", b"u2")]

    def test_nothing_is_written_by_nothing(self, store, one, clock):
        store.apply(TABLE, [])
        store.apply(TABLE, [Mutation(b"u1", ())])
        store.apply(TABLE, [Mutation(b"u1", (Put(one, {}), Put(one, {}, clock.milliseconds + 5000)))])
        assert row(store, b"u1", one) is None
        put(store, b"u1", one, {b"a": b"1"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"1", clock.milliseconds)}

    @pytest.mark.parametrize("timestamp", [-1, 1 << 63])
    def test_a_timestamp_that_fits_nowhere_is_refused_and_nothing_written(self, store, one, timestamp):
        for change in (Put(one, {b"a": b"1"}, timestamp), Delete(one, None, timestamp)):
            with pytest.raises(InvalidValue, match="timestamp"):
                store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"b": b"1"}), change))])
        assert row(store, b"u1", one) is None

    def test_the_highest_timestamp_is_kept(self, store, one):
        put(store, b"u1", one, {b"a": b"1"}, timestamp=(1 << 63) - 1)
        put(store, b"u1", one, {b"a": b"2"})
        assert row(store, b"u1", one, timestamps=True) == {b"one:a": (b"2", (1 << 63) - 1)}


class TestDeleting:
    @pytest.fixture(autouse=True)
    def filled(self, store, one, two):
        for key in (b"u", b"u1", b"u1\0", b"u2"):
            put(store, key, one, {b"a": b"1", b"b": b"2", b"": b"3"})
            put(store, key, two, {b"a": b"4"})

    def test_named_cells_go_and_nothing_else(self, store, one, two):
        delete(store, b"u1", one, (b"a", b"", b"missing"))
        assert row(store, b"u1", one, two) == {b"one:b": b"2", b"two:a": b"4"}
        assert [key for key, _ in scanned(store, one)] == [b"u", b"u1", b"u1\0", b"u2"]

    def test_a_family_of_a_row_goes_and_nothing_else(self, store, one, two):
        delete(store, b"u1", one)
        assert row(store, b"u1", one) is None
        assert row(store, b"u1", two) == {b"two:a": b"4"}
        assert [key for key, _ in scanned(store, one)] == [b"u", b"u1\0", b"u2"]

    def test_a_whole_row_goes_and_nothing_else(self, store, one, two):
        store.apply(TABLE, [Mutation(b"u1", (Delete(one), Delete(two)))])
        assert [key for key, _ in scanned(store, one, two)] == [b"u", b"u1\0", b"u2"]

    def test_what_is_not_there_can_be_deleted(self, store, one):
        delete(store, b"nobody", one)
        delete(store, b"nobody", one, (b"a",))
        delete(store, b"nobody", one, (b"a",), 5)
        assert row(store, b"nobody", one) is None

    def test_with_a_timestamp_only_what_is_not_after_it_goes(self, store, one):
        put(store, b"u3", one, {b"a": b"1"}, timestamp=10)
        put(store, b"u3", one, {b"b": b"2"}, timestamp=11)
        delete(store, b"u3", one, None, 9)
        assert row(store, b"u3", one) == {b"one:a": b"1", b"one:b": b"2"}
        delete(store, b"u3", one, None, 10)
        assert row(store, b"u3", one) == {b"one:b": b"2"}
        delete(store, b"u3", one, (b"a", b"b"), 11)
        assert row(store, b"u3", one) is None

    def test_no_marker_hides_a_later_write(self, store, one, clock):
        delete(store, b"u3", one, None, clock.milliseconds + 5000)
        put(store, b"u3", one, {b"a": b"1"}, timestamp=1)
        assert row(store, b"u3", one) == {b"one:a": b"1"}
        delete(store, b"u3", one)
        put(store, b"u3", one, {b"a": b"2"}, timestamp=1)
        assert row(store, b"u3", one) == {b"one:a": b"2"}


class TestVersions:
    def test_as_many_are_kept_as_the_family_says_newest_first(self, store, one, three_versions):
        for stamp in (3, 1, 5, 2, 4):
            put(store, b"u1", one, {b"a": b"%d" % stamp}, timestamp=stamp)
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        assert store.versions(TABLE, b"u1", one, b"a") == [(b"5", 5)]
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"5", 5), (b"4", 4), (b"3", 3)]
        assert row(store, b"u1", three_versions) == {b"kept:a": b"5"}

    def test_limit_and_before_narrow_them(self, store, three_versions):
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

    def test_the_versions_of_a_cell_are_not_those_of_the_next(self, store, three_versions):
        for qualifier in (b"a", b"a\0", b"aa", b"b"):
            for stamp in (1, 2):
                put(store, b"u1", three_versions, {qualifier: b"%d" % stamp + qualifier}, timestamp=stamp)
        for qualifier in (b"a", b"a\0", b"aa", b"b"):
            expected = [(b"2" + qualifier, 2), (b"1" + qualifier, 1)]
            assert store.versions(TABLE, b"u1", three_versions, qualifier) == expected

    def test_before_finds_the_newest_of_the_older_versions(self, store, three_versions):
        for stamp in (1, 2, 3):
            put(store, b"u1", three_versions, {b"a": b"a%d" % stamp}, timestamp=stamp)
            put(store, b"u2", three_versions, {b"a": b"b%d" % stamp}, timestamp=stamp + 1)
        for before, first, second in ((1, None, None), (2, 1, None), (3, 2, 1), (4, 3, 2), (5, 3, 3)):
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

    def test_a_deleted_version_leaves_room_for_none_before_it(self, store, three_versions):
        for stamp in (1, 2, 3, 4, 5):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
        delete(store, b"u1", three_versions, (b"a",), 4)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"5", 5)]
        delete(store, b"u1", three_versions)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == []
        put(store, b"u1", three_versions, {b"a": b"new"}, timestamp=1)
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"new", 1)]

    def test_a_row_deleted_up_to_a_timestamp_keeps_what_is_newer(self, store, three_versions):
        for stamp in (1, 2, 3):
            put(store, b"u1", three_versions, {b"a": b"%d" % stamp, b"\0": b"%d" % stamp}, timestamp=stamp)
        delete(store, b"u1", three_versions, None, 2)
        for qualifier in (b"a", b"\0"):
            assert store.versions(TABLE, b"u1", three_versions, qualifier) == [(b"3", 3)]

    def test_a_family_may_keep_more_or_fewer_later(self, store):
        few = family("kept", versions=1)
        many = StoredFamily(TABLE, "kept", few.identity, "public", versions=3)
        store.create_table(TABLE, [few])
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

    def test_the_counters_and_conditions_see_the_newest_only(self, store, three_versions):
        for _ in range(4):
            store.increment(TABLE, b"u1", three_versions, b"n", 1)
            put(store, b"u1", three_versions, {b"o": b"x"}, timestamp=3)
        assert store.increment(TABLE, b"u1", three_versions, b"n", 1) == 5
        put(store, b"u1", three_versions, {b"o": b"y"}, timestamp=2)
        same = Mutation(b"u1", (Put(three_versions, {b"p": b"1"}),))
        assert not store.compare_and_set(TABLE, b"u1", [(three_versions, b"o", b"y")], same)
        assert store.compare_and_set(TABLE, b"u1", [(three_versions, b"o", b"x")], same)


class TestTimeToLive:
    def test_a_cell_is_gone_from_everything_once_its_time_is_over(self, store, short_lived, clock):
        put(store, b"u1", short_lived, {b"a": b"1", b"n": bytes(8)})
        clock.turn(500)
        put(store, b"u2", short_lived, {b"a": b"2"})
        clock.turn(499)
        assert row(store, b"u1", short_lived) == {b"brief:a": b"1", b"brief:n": bytes(8)}
        assert [key for key, _ in scanned(store, short_lived, limit=1)] == [b"u1"]
        clock.turn(1)
        assert row(store, b"u1", short_lived) is None
        assert row(store, b"u1", Slice(short_lived, (b"a",))) is None
        assert row(store, b"u1", short_lived, timestamps=True, before=clock.milliseconds) is None
        assert store.versions(TABLE, b"u1", short_lived, b"a") == []
        assert [key for key, _ in scanned(store, short_lived, limit=1)] == [b"u2"]
        written = Mutation(b"u1", (Put(short_lived, {b"b": b"3"}),))
        assert not store.compare_and_set(TABLE, b"u1", [(short_lived, b"a", b"1")], written)
        assert store.compare_and_set(TABLE, b"u1", [(short_lived, b"a", None)], written)
        assert store.increment(TABLE, b"u1", short_lived, b"n", 5) == 5
        assert row(store, b"u1", short_lived) == {b"brief:b": b"3", b"brief:n": (5).to_bytes(8, "big")}

    def test_it_counts_from_the_timestamp(self, store, short_lived, clock):
        put(store, b"u1", short_lived, {b"a": b"1"}, timestamp=clock.milliseconds - 1000)
        put(store, b"u1", short_lived, {b"b": b"2"}, timestamp=clock.milliseconds - 999)
        assert row(store, b"u1", short_lived) == {b"brief:b": b"2"}

    def test_a_write_makes_an_expired_cell_live_again(self, store, short_lived, clock):
        put(store, b"u1", short_lived, {b"a": b"1"})
        clock.turn(2000)
        put(store, b"u1", short_lived, {b"a": b"2"})
        assert row(store, b"u1", short_lived) == {b"brief:a": b"2"}

    def test_each_version_expires_by_itself(self, store, clock):
        made = family("brief", versions=3, time_to_live=1000)
        store.create_table(TABLE, [made])
        for value in (b"1", b"2", b"3"):
            put(store, b"u1", made, {b"a": value})
            clock.turn(400)
        assert [value for value, _ in store.versions(TABLE, b"u1", made, b"a")] == [b"3", b"2"]
        assert row(store, b"u1", made, before=clock.milliseconds - 800) is None
        clock.turn(400)
        assert [value for value, _ in store.versions(TABLE, b"u1", made, b"a")] == [b"3"]

    def test_it_is_what_the_family_says_now(self, store, short_lived, clock):
        put(store, b"u1", short_lived, {b"a": b"1"})
        clock.turn(2000)
        longer = StoredFamily(TABLE, short_lived.name, short_lived.identity, "public", time_to_live=3000)
        assert row(store, b"u1", short_lived) is None
        assert row(store, b"u1", longer) == {b"brief:a": b"1"}


class TestScanning:
    @pytest.fixture(autouse=True)
    def filled(self, store, one, two):
        mutations = [Mutation(b"r%03d" % n, (Put(one if n % 3 else two, {b"a": b"%d" % n}),)) for n in range(100)]
        store.apply(TABLE, mutations)

    @pytest.mark.parametrize("batch_size", [1, 7, 99, 100, 101, 1000])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_rows_come_in_order_in_batches(self, store, one, two, batch_size, reverse):
        keys = [key for key, _ in scanned(store, one, two, span=Span(reverse=reverse), batch_size=batch_size)]
        assert keys == sorted((b"r%03d" % n for n in range(100)), reverse=reverse)

    @pytest.mark.parametrize("limit", [0, 1, 7, 8, 66, 67, 1000])
    @pytest.mark.parametrize("reverse", [False, True])
    def test_the_limit_counts_the_rows_that_have_cells_in_the_projection(self, store, one, limit, reverse):
        expected = sorted((b"r%03d" % n for n in range(100) if n % 3), reverse=reverse)[:limit]
        assert [key for key, _ in scanned(store, one, span=Span(reverse=reverse), limit=limit)] == expected

    @pytest.mark.parametrize(("batch_size", "limit"), [(0, None), (-1, None), (1, -1)])
    def test_a_batch_of_nothing_and_a_negative_limit_are_refused(self, store, one, batch_size, limit):
        with pytest.raises(RequestError):
            store.scan(TABLE, projection(one), Span(), batch_size=batch_size, limit=limit)

    def test_no_number_is_too_large_for_a_limit_or_a_batch(self, store, one, three_versions):
        put(store, b"u1", three_versions, {b"a": b"1"}, timestamp=1)
        huge = 1 << 70
        assert len(scanned(store, one, batch_size=huge, limit=huge)) == 66
        assert len(scanned(store, one, before=huge)) == 66
        assert store.versions(TABLE, b"u1", three_versions, b"a", limit=huge, before=huge) == [(b"1", 1)]

    @pytest.mark.parametrize("reverse", [False, True])
    def test_nothing_lies_between_bounds_that_meet_or_cross(self, store, one, reverse):
        for lower, upper in ((b"r5", b"r5"), (b"r6", b"r5"), (b"s", None), (None, b"a"), (None, b"")):
            assert scanned(store, one, span=Span(lower, upper, reverse)) == []

    def test_each_batch_is_read_when_it_is_asked_for(self, store, one):
        batches = store.scan(TABLE, projection(one), Span(lower=b"s"), batch_size=1)
        for n in range(3):
            put(store, b"s%d" % n, one, {b"a": b"new"})
            assert next(batches) == [(b"s%d" % n, {b"one:a": b"new"})]
        delete(store, b"s2", one)
        assert list(batches) == []

    def test_a_row_written_behind_the_scan_is_not_seen_again(self, store, one):
        batches = store.scan(TABLE, projection(one), Span(lower=b"r097", reverse=True), batch_size=1)
        assert [key for key, _ in next(batches)] == [b"r098"]
        put(store, b"r099", one, {b"a": b"again"})
        put(store, b"r098", one, {b"a": b"again"})
        assert [key for each in batches for key, _ in each] == [b"r097"]

    def test_it_can_be_closed_in_the_middle(self, store, one):
        batches = store.scan(TABLE, projection(one), Span(), batch_size=1)
        next(batches)
        batches.close()
        assert list(batches) == []

    def test_a_family_that_is_missing_is_told_by_the_call_itself(self, store, one):
        with pytest.raises(SchemaMissing):
            store.scan(TABLE, projection(one, family("three")), Span(), batch_size=1)

    def test_a_family_that_is_dropped_ends_the_scan_with_an_error(self, store, one, two):
        batches = store.scan(TABLE, projection(one, two), Span(), batch_size=1)
        next(batches)
        store.drop_table(TABLE, [two])
        with pytest.raises(SchemaMissing, match="`two`"):
            next(batches)
        assert len(scanned(store, one)) == 66


class TestSchema:
    def test_tables_lists_what_was_created(self, store):
        assert store.tables() == {}
        made = [family("a"), family("b"), family("a", table="other")]
        store.create_table(TABLE, made[:2])
        store.create_table("other", made[2:])
        store.create_table("empty", [])
        assert store.tables() == {
            TABLE: frozenset({("a", made[0].identity), ("b", made[1].identity)}),
            "other": frozenset({("a", made[2].identity)}),
        }

    def test_what_exists_is_left_as_it_is(self, store, one):
        put(store, b"u1", one, {b"a": b"1"})
        store.create_table(TABLE, [one, family("new")])
        assert row(store, b"u1", one) == {b"one:a": b"1"}

    def test_a_dropped_family_is_gone_and_may_be_dropped_again(self, store, one, two):
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", two, {b"a": b"2"})
        store.drop_table(TABLE, [one])
        store.drop_table(TABLE, [one])
        assert store.tables() == {TABLE: frozenset({("two", two.identity)})}
        assert row(store, b"u1", two) == {b"two:a": b"2"}
        store.drop_table(TABLE, [two])
        assert store.tables() == {}

    def test_a_family_created_anew_has_none_of_the_old_cells(self, store):
        for versions in (1, 3):
            old = family("f", versions=versions)
            store.create_table(TABLE, [old])
            put(store, b"u1", old, {b"a": b"old"}, timestamp=1)
            put(store, b"u1", old, {b"a": b"old"})
            store.drop_table(TABLE, [old])
            for new in (family("f", versions=versions), old):
                store.create_table(TABLE, [new])
                assert row(store, b"u1", new) is None
                assert store.versions(TABLE, b"u1", new, b"a") == []
                put(store, b"u1", new, {b"a": b"new"}, timestamp=3)
                assert store.versions(TABLE, b"u1", new, b"a") == [(b"new", 3)]
                store.drop_table(TABLE, [new])

    def test_two_identities_of_one_name_are_apart(self, store):
        first, second = family("f"), family("f")
        store.create_table(TABLE, [first, second])
        put(store, b"u1", first, {b"a": b"1"})
        assert row(store, b"u1", second) is None
        store.drop_table(TABLE, [second])
        assert row(store, b"u1", first) == {b"f:a": b"1"}

    @pytest.mark.parametrize("identity", [0, -1])
    def test_an_identity_below_one_is_no_identity(self, store, identity):
        with pytest.raises(RequestError, match="identity"):
            store.create_table(TABLE, [family("a"), StoredFamily(TABLE, "f", identity, "public")])
        assert store.tables() == {}

    def test_a_family_that_is_missing_is_told_for_reads_as_for_writes(self, store, one):
        put(store, b"u1", one, {b"a": b"1"})
        strangers = [
            family("one"),
            StoredFamily(TABLE, "two", one.identity, "public"),
            StoredFamily(TABLE, "ONE", one.identity, "public"),
        ]
        for stranger in strangers:
            mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}), Put(stranger, {b"a": b"2"})))
            for call in (
                lambda s=stranger: store.get(TABLE, [b"u1"], projection(s)),
                lambda s=stranger: store.get(TABLE, [], projection(s)),
                lambda s=stranger: store.versions(TABLE, b"u1", s, b"a"),
                lambda s=stranger: store.scan(TABLE, projection(s), Span(), batch_size=1),
                lambda m=mutation: store.apply(TABLE, [m]),
                lambda s=stranger: store.apply(TABLE, [Mutation(b"u1", (Delete(s),))]),
                lambda s=stranger: store.apply(TABLE, [Mutation(b"u1", (Put(s, {}),))]),
                lambda s=stranger: store.increment(TABLE, b"u1", s, b"a", 1),
                lambda s=stranger, m=mutation: store.compare_and_set(TABLE, b"u1", [(s, b"a", None)], m),
                lambda m=mutation: store.compare_and_set(TABLE, b"u1", [(one, b"a", b"9")], m),
            ):
                with pytest.raises(SchemaMissing):
                    call()
        with pytest.raises(SchemaMissing):
            store.get("other", [b"u1"], projection(one))
        assert row(store, b"u1", one) == {b"one:a": b"1"}
        assert store.tables() == {TABLE: frozenset({("one", one.identity)})}


class TestCompareAndSet:
    def test_it_writes_only_if_every_condition_holds(self, store, one, two):
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u1", two, {b"a": b"2"})
        mutation = Mutation(b"u1", (Put(one, {b"a": b"new"}), Delete(two)))
        for conditions in (
            [(one, b"a", b"2")],
            [(one, b"a", None)],
            [(one, b"b", b"")],
            [(one, b"a", b"1"), (two, b"a", b"1")],
            [(one, b"a", b"1"), (two, b"b", b"1")],
        ):
            assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is False
            assert row(store, b"u1", one, two) == {b"one:a": b"1", b"two:a": b"2"}
        conditions = [(one, b"a", b"1"), (two, b"a", b"2"), (two, b"b", None)]
        assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is True
        assert row(store, b"u1", one, two) == {b"one:a": b"new"}
        assert store.compare_and_set(TABLE, b"u1", conditions, mutation) is False

    def test_one_of_sixteen_threads_wins(self, store, one, pressed):
        start = threading.Barrier(16)

        def attempt(number):
            start.wait()
            won = []
            for cell in (b"%d" % n for n in range(100)):
                mutation = Mutation(b"u1", (Put(one, {cell: b"%d" % number}),))
                won.append(store.compare_and_set(TABLE, b"u1", [(one, cell, None)], mutation))
            return won

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(attempt, range(16)))
        cells = row(store, b"u1", one)
        for n, winners in enumerate(zip(*won, strict=True)):
            assert sum(winners) == 1
            assert cells[b"one:%d" % n] == b"%d" % winners.index(True)


class TestIncrement:
    def test_a_counter_is_eight_bytes_big_endian_and_signed(self, store, one):
        assert store.increment(TABLE, b"u1", one, b"n", 5) == 5
        assert row(store, b"u1", one) == {b"one:n": b"\0\0\0\0\0\0\0\5"}
        assert store.increment(TABLE, b"u1", one, b"n", -7) == -2
        assert row(store, b"u1", one) == {b"one:n": b"\xff\xff\xff\xff\xff\xff\xff\xfe"}
        assert store.increment(TABLE, b"u1", one, b"n", 0) == -2

    @pytest.mark.parametrize("value", [b"", b"1", bytes(7), bytes(9)])
    def test_another_cell_is_no_counter(self, store, one, value):
        put(store, b"u1", one, {b"n": value})
        with pytest.raises(InvalidValue, match="8 bytes"):
            store.increment(TABLE, b"u1", one, b"n", 1)
        assert row(store, b"u1", one) == {b"one:n": value}

    @pytest.mark.parametrize(("start", "amount"), [((1 << 63) - 1, 1), (-(1 << 63), -1), (0, 1 << 63)])
    def test_beyond_64_bits_nothing_is_written(self, store, one, start, amount):
        store.increment(TABLE, b"u1", one, b"n", start)
        before = row(store, b"u1", one)
        with pytest.raises(InvalidValue, match="64 bits"):
            store.increment(TABLE, b"u1", one, b"n", amount)
        assert row(store, b"u1", one) == before

    def test_sixteen_threads_lose_no_count(self, store, one, three_versions, pressed):
        def count(_):
            for _ in range(50):
                store.increment(TABLE, b"u1", one, b"n", 1)
                store.increment(TABLE, b"u1", three_versions, b"n", -1)

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(count, range(16)))
        assert store.increment(TABLE, b"u1", one, b"n", 0) == 800
        assert store.increment(TABLE, b"u1", three_versions, b"n", 0) == -800


class TestSystemTable:
    def test_records_are_replaced_only_if_they_are_as_expected(self, store):
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

    def test_records_below_a_prefix_come_in_order(self, store):
        for key in ("b", "a/\u00e9", "a/2", "a/10", "a0", "", "a/\0"):
            store.system.compare_and_set(key, None, key.encode())
        assert list(store.system.items("a/").items()) == [
            (each, each.encode()) for each in ("a/\0", "a/10", "a/2", "a/\u00e9")
        ]
        assert len(store.system.items("")) == 7
        assert store.system.items("c") == {}

    def test_they_are_no_rows_and_no_tables(self, store, one):
        store.system.compare_and_set("account", None, b"1")
        assert scanned(store, one) == []
        assert set(store.tables()) == {TABLE}

    def test_one_of_sixteen_threads_wins(self, store, pressed):
        start = threading.Barrier(16)

        def attempt(number):
            start.wait()
            return [store.system.compare_and_set(f"k{n:02}", None, b"%d" % number) for n in range(20)]

        with ThreadPoolExecutor(16) as pool:
            won = list(pool.map(attempt, range(16)))
        for winners, value in zip(zip(*won, strict=True), store.system.items("k").values(), strict=True):
            assert sum(winners) == 1
            assert value == b"%d" % winners.index(True)


class TestCapabilities:
    def test_these_stores_do_all_that_can_be_asked_of_one(self, store, one, short_lived):
        assert store.capabilities(one) == store.capabilities(short_lived) == Capabilities()


class TestThreads:
    def test_explicit_timestamps_are_ordered_among_sixteen_threads(self, store, one, three_versions, pressed):
        start = threading.Barrier(16)

        def write(number):
            start.wait()
            for stamp in range(number, 800, 16):
                values = {b"a": b"%d" % stamp}
                changes = (Put(one, values, stamp), Put(three_versions, values, stamp))
                store.apply(TABLE, [Mutation(b"u1", changes)])

        with ThreadPoolExecutor(16) as pool:
            list(pool.map(write, range(16)))
        assert store.versions(TABLE, b"u1", one, b"a") == [(b"799", 799)]
        assert store.versions(TABLE, b"u1", three_versions, b"a") == [(b"%d" % n, n) for n in (799, 798, 797)]

    def test_a_row_is_never_seen_half_written(self, store, one, two, pressed):
        families = (one, two, family("three"), family("four"))
        store.create_table(TABLE, families)
        named = [Slice(each, (b"a", b"b")) if each is two else Slice(each) for each in families]
        stop = threading.Event()

        def write(seed):
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
                    for batch in store.scan(TABLE, projection(*named), Span(), batch_size=2):
                        assert len(batch) == 2
                        assert len({value for _, cells in batch for value in cells.values()}) == 1
            finally:
                stop.set()
        for each in writers:
            each.result()

    def test_families_come_and_go_under_readers_and_writers(self, store, one):
        stop = threading.Event()
        current = [family("f", versions=2)]
        store.create_table(TABLE, current)

        def use():
            while not stop.is_set():
                each = current[0]
                with contextlib.suppress(SchemaMissing):
                    store.apply(TABLE, [Mutation(b"u1", (Put(one, {b"a": b"1"}), Put(each, {b"a": b"1"})))])
                with contextlib.suppress(SchemaMissing):
                    assert row(store, b"u1", each) in ({b"f:a": b"1"}, None)
                with contextlib.suppress(SchemaMissing):
                    assert len(store.versions(TABLE, b"u1", each, b"a")) <= 2
                with contextlib.suppress(SchemaMissing):
                    for batch in store.scan(TABLE, projection(one, each), Span(), batch_size=1):
                        assert batch[0][0] == b"u1"

        with ThreadPoolExecutor(3) as pool:
            users = [pool.submit(use) for _ in range(3)]
            try:
                for _ in range(40):
                    old, new = current[0], family("f", versions=2)
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


class TestClosing:
    @pytest.mark.parametrize("how", ["close", "abandon"])
    def test_a_store_that_was_let_go_says_so(self, store, one, how):
        batches = store.scan(TABLE, projection(one), Span(), batch_size=1)
        put(store, b"u1", one, {b"a": b"1"})
        put(store, b"u2", one, {b"a": b"1"})
        next(batches)
        getattr(store, how)()
        mutation = Mutation(b"u1", (Put(one, {b"a": b"2"}),))
        for call in (
            lambda: store.get(TABLE, [b"u1"], projection(one)),
            lambda: store.versions(TABLE, b"u1", one, b"a"),
            lambda: store.scan(TABLE, projection(one), Span(), batch_size=1),
            lambda: next(batches),
            lambda: store.apply(TABLE, [mutation]),
            lambda: store.compare_and_set(TABLE, b"u1", [], mutation),
            lambda: store.increment(TABLE, b"u1", one, b"n", 1),
            lambda: store.create_table(TABLE, [one]),
            lambda: store.drop_table(TABLE, [one]),
            lambda: store.tables(),
            lambda: store.system.get("k"),
            lambda: store.system.items(""),
            lambda: store.system.compare_and_set("k", None, b""),
        ):
            with pytest.raises(Closed, match=r"open it (again|after the fork)"):
                call()
        store.close()
        store.abandon()

    def test_it_closes_under_readers_and_writers(self, store, one):
        put(store, b"u1", one, {b"a": b"1"})
        ready = threading.Barrier(5)

        def use():
            ready.wait()
            with contextlib.suppress(Closed):
                while True:
                    assert row(store, b"u1", one) == {b"one:a": b"1"}
                    put(store, b"u1", one, {b"a": b"1"})

        with ThreadPoolExecutor(4) as pool:
            users = [pool.submit(use) for _ in range(4)]
            ready.wait()
            store.close()
        for each in users:
            each.result()
