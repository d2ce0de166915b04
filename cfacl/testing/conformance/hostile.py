"""Any bytes are a row key, a qualifier and a value, and any name is a table's."""

from __future__ import annotations

import itertools

import pytest

from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY, MAX_QUALIFIER, Span
from cfacl.testing.conformance.data import HOSTILE, TABLE, delete, projection, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class HostileBytes(Suite[S]):
    """Row keys and qualifiers of NUL, 0xFF, colons and many bytes."""

    def test_every_row_key_is_a_row_of_its_own(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        for number, key in enumerate(HOSTILE):
            put(store, key, one, {b"": b"%d" % number, key: b"own"})
            put(store, key, two, {key: b"two"})
        for number, key in enumerate(HOSTILE):
            assert row(store, key, one, two) == {
                b"one:": b"%d" % number,
                b"one:" + key: b"own",
                b"two:" + key: b"two",
            }
        written = {(key, qualifier) for key in HOSTILE for qualifier in (b"", key)}
        assert set(self.raw_cells(store, one)) == written
        assert [key for key, _ in scanned(store, one, two)] == sorted(HOSTILE)
        assert [key for key, _ in scanned(store, one, two, span=Span(reverse=True))] == sorted(HOSTILE)[::-1]

    @needs("timestamps", "versions")
    @pytest.mark.parametrize("versions", [1, 3])
    def test_every_qualifier_is_a_cell_of_its_own(self, store: S, versions: int) -> None:
        made = self.made(store, "hostile", versions=versions)
        qualifiers = [b"", *HOSTILE, b"q" * min(MAX_QUALIFIER, self.longest - 3)]
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

    def test_a_deleted_row_takes_none_of_its_neighbours_along(self, store: S, one: StoredFamily) -> None:
        for removed in HOSTILE:
            for key in HOSTILE:
                put(store, key, one, {b"": b"x", b"\0": b"y"})
            delete(store, removed, one)
            left = {(key, qualifier) for key in HOSTILE for qualifier in (b"", b"\0") if key != removed}
            assert set(self.raw_cells(store, one)) == left
            assert row(store, removed, one) is None

    @needs("ordered_scan")
    def test_a_span_cuts_between_any_two_keys(self, store: S, one: StoredFamily) -> None:
        for key in HOSTILE:
            put(store, key, one, {b"": b"x"})
        bounds = [None, b"", *HOSTILE[:-2], b"b"]
        for lower, upper in itertools.product(bounds, bounds):
            for reverse in (False, True):
                span = Span(lower, upper, reverse)
                expected = sorted((each for each in HOSTILE if each in span), reverse=reverse)
                assert [key for key, _ in scanned(store, one, span=span, batch_size=100)] == expected

    def test_tables_and_families_of_any_name_are_apart(self, store: S) -> None:
        names = ["a", "A", "a:b", "a%3Ab", "a%3ab", "", "a\0", "a/b", "../x", "\u00e9", "e\u0301", "\ud800", "x" * 500]
        made = [self.family("f", table=name) for name in names]
        made += [self.family(name, table="t") for name in ("a", "A", "a:b")]
        for each in made:
            store.create_table(each.table, [each])
        for number, each in enumerate(made):
            put(store, b"u", each, {b"q": b"%d" % number})
        for number, each in enumerate(made):
            found = store.get(each.table, [b"u"], projection(each))
            assert found == [(b"u", {each.prefix + b"q": b"%d" % number})]
        assert set(store.tables()) == {each.table for each in made}

    def test_a_large_value_comes_back_whole(self, store: S, one: StoredFamily) -> None:
        large = bytes(range(256)) * 40_000
        put(store, b"u1", one, {b"a": large})
        assert row(store, b"u1", one) == {b"one:a": large}
        assert scanned(store, one) == [(b"u1", {b"one:a": large})]

    def test_more_than_16_mib_come_back_whole(self, store: S, one: StoredFamily) -> None:
        large = bytes(range(256)) * 65_600
        put(store, b"u1", one, {b"a": large})
        assert row(store, b"u1", one) == {b"one:a": large}
        assert self.raw_cells(store, one)[b"u1", b"a"][0][0] == large

    def test_the_longest_keys_and_qualifiers_differ_by_their_last_byte(self, store: S, one: StoredFamily) -> None:
        # Not the longest first: HBase's client finds a region by a longer key than it was asked for.
        keys = [b"k", *(b"k" * (MAX_KEY - 1) + last for last in (b"", b"\0", b"a", b"b", b"\xff"))]
        longest = min(MAX_QUALIFIER, self.longest - MAX_KEY)
        qualifiers = [b"q" * (longest - 1) + last for last in (b"", b"\0", b"a", b"b", b"\xff")]
        for key in keys:
            put(store, key, one, {each: key[-1:] + each[-1:] for each in qualifiers})
        rows = [(key, {b"one:" + each: key[-1:] + each[-1:] for each in qualifiers}) for key in keys]
        assert [(key, row(store, key, one)) for key in keys] == rows
        assert scanned(store, one) == rows
        spans = (Span(lower=keys[3]), Span(upper=keys[3]), Span(keys[2], keys[4]))
        for span in spans if self.capable(store).ordered_scan else ():
            assert [key for key, _ in scanned(store, one, span=span)] == [key for key in keys if key in span]
        delete(store, keys[3], one)
        delete(store, keys[4], one, (qualifiers[2],))
        gone = {(keys[3], each) for each in qualifiers} | {(keys[4], qualifiers[2])}
        assert set(self.raw_cells(store, one)) == {(key, each) for key in keys for each in qualifiers} - gone
