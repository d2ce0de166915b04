"""What is deleted is gone, and nothing else is."""

from __future__ import annotations

import pytest

from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import MANY, TABLE, delete, put, row, scanned
from cfacl.testing.conformance.suite import S, Suite, needs


class Deleting(Suite[S]):
    """Cells, families of a row and whole rows; up to a timestamp, or all."""

    @pytest.fixture
    def four_rows(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        """Fill both families, with keys of which each begins as the one before does."""
        for key in (b"u", b"u1", b"u1\0", b"u2"):
            put(store, key, one, {b"a": b"1", b"b": b"2", b"": b"3"})
            put(store, key, two, {b"a": b"4"})

    @pytest.mark.usefixtures("four_rows")
    def test_named_cells_go_and_nothing_else(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        delete(store, b"u1", one, (b"a", b"", b"missing"))
        assert row(store, b"u1", one, two) == {b"one:b": b"2", b"two:a": b"4"}
        left = self.raw_cells(store, one)
        assert len(left) == 10
        assert [qualifier for key, qualifier in left if key == b"u1"] == [b"b"]
        assert [key for key, _ in scanned(store, one)] == [b"u", b"u1", b"u1\0", b"u2"]

    @pytest.mark.usefixtures("four_rows")
    def test_where_no_cell_is_named_none_goes(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        kept = self.raw_cells(store, one), self.raw_cells(store, two)
        delete(store, b"u1", one, ())
        store.apply(TABLE, [Mutation(b"u1", (Delete(one, (), 1 << 62), Delete(two, ())))])
        assert (self.raw_cells(store, one), self.raw_cells(store, two)) == kept
        assert row(store, b"u1", one, two) == {b"one:": b"3", b"one:a": b"1", b"one:b": b"2", b"two:a": b"4"}

    @pytest.mark.usefixtures("four_rows")
    def test_a_family_of_a_row_goes_and_nothing_else(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        delete(store, b"u1", one)
        assert row(store, b"u1", one) is None
        assert row(store, b"u1", two) == {b"two:a": b"4"}
        assert {key for key, _ in self.raw_cells(store, one)} == {b"u", b"u1\0", b"u2"}
        assert len(self.raw_cells(store, two)) == 4
        assert [key for key, _ in scanned(store, one)] == [b"u", b"u1\0", b"u2"]

    @pytest.mark.usefixtures("four_rows")
    def test_a_whole_row_goes_and_nothing_else(self, store: S, one: StoredFamily, two: StoredFamily) -> None:
        store.apply(TABLE, [Mutation(b"u1", (Delete(one), Delete(two)))])
        assert [key for key, _ in scanned(store, one, two)] == [b"u", b"u1\0", b"u2"]

    @pytest.mark.usefixtures("four_rows")
    def test_what_is_not_there_can_be_deleted(self, store: S, one: StoredFamily) -> None:
        delete(store, b"nobody", one)
        delete(store, b"nobody", one, (b"a",))
        delete(store, b"nobody", one, (b"a",), 5)
        assert row(store, b"nobody", one) is None

    @needs("timestamps")
    @pytest.mark.usefixtures("four_rows")
    def test_with_a_timestamp_only_what_is_not_after_it_goes(self, store: S, one: StoredFamily) -> None:
        put(store, b"u3", one, {b"a": b"1"}, timestamp=10)
        put(store, b"u3", one, {b"b": b"2"}, timestamp=11)
        delete(store, b"u3", one, None, 9)
        assert row(store, b"u3", one) == {b"one:a": b"1", b"one:b": b"2"}
        delete(store, b"u3", one, None, 10)
        assert row(store, b"u3", one) == {b"one:b": b"2"}
        delete(store, b"u3", one, (b"a", b"b"), 11)
        assert row(store, b"u3", one) is None

    @needs("timestamps")
    @pytest.mark.parametrize("qualifiers", [None, (b"a", b"b")])
    def test_a_deletion_at_timestamp_0_takes_what_has_that(
        self, store: S, one: StoredFamily, qualifiers: tuple[bytes, ...] | None
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"}, timestamp=0)
        put(store, b"u1", one, {b"b": b"2"}, timestamp=1)
        delete(store, b"u1", one, qualifiers, 0)
        assert row(store, b"u1", one) == {b"one:b": b"2"}

    @pytest.mark.parametrize("named", [False, True])
    def test_no_number_of_columns_is_too_large_to_be_deleted(self, store: S, one: StoredFamily, named: bool) -> None:
        names = tuple(b"c%04d" % n for n in range(MANY))
        put(store, b"u1", one, dict.fromkeys(names, b"v"))
        delete(store, b"u1", one, names if named else None)
        assert self.raw_cells(store, one) == {}

    @needs("no_markers", "timestamps")
    @pytest.mark.usefixtures("four_rows")
    def test_no_marker_hides_a_later_write(self, store: S, one: StoredFamily, clock: Clock) -> None:
        delete(store, b"u3", one, None, clock.milliseconds + 5000)
        put(store, b"u3", one, {b"a": b"1"}, timestamp=1)
        assert row(store, b"u3", one) == {b"one:a": b"1"}
        delete(store, b"u3", one)
        put(store, b"u3", one, {b"a": b"2"}, timestamp=1)
        assert row(store, b"u3", one) == {b"one:a": b"2"}

    @needs("timestamps")
    def test_what_lies_there_is_deleted(self, store: S, one: StoredFamily) -> None:
        for number, qualifier in enumerate((b"a", b"b", b"c")):
            self.raw_put(store, one, b"u1", qualifier, b"v", number)
        delete(store, b"u1", one, (b"a",))
        assert self.raw_cells(store, one) == {(b"u1", b"b"): [(b"v", 1)], (b"u1", b"c"): [(b"v", 2)]}
        delete(store, b"u1", one, None, 1)
        assert self.raw_cells(store, one) == {(b"u1", b"c"): [(b"v", 2)]}
        delete(store, b"u1", one)
        assert self.raw_cells(store, one) == {}

    @needs("versions", "timestamps")
    def test_all_versions_of_a_cell_go(self, store: S, three_versions: StoredFamily) -> None:
        for removed in (None, (b"a",)):
            for stamp in (1, 2, 3):
                put(store, b"u1", three_versions, {b"a": b"%d" % stamp}, timestamp=stamp)
            delete(store, b"u1", three_versions, removed)
            assert self.raw_cells(store, three_versions) == {}
            assert store.versions(TABLE, b"u1", three_versions, b"a") == []
