"""Scans with a filter, and deleting by one: pages, limits and parts, and how little is read for them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

import cfacl
from cfacl.filters import InclusiveStopFilter, PageFilter, column, parse, row, value

#: Milliseconds since 1970.
TIME: Final = 1_700_000_000_000


@pytest.fixture(params=["memory", "rocksdb"])
def db(request: pytest.FixtureRequest, tmp_path: Any, policy: cfacl.Policy) -> Iterator[cfacl.Database]:
    url = "memory://" if request.param == "memory" else f"rocksdb://{tmp_path / 'store'}"
    with cfacl.connect(url, policy=policy, clock=lambda: (TIME + 1_000) * 1_000_000) as opened:
        opened.create_tables()
        yield opened


@pytest.fixture
def table(db: cfacl.Database) -> cfacl.Table:
    table = db.session("ann", purpose="work").table("t")
    for number in range(20):
        data = {b"a:n": b"%d" % (number % 3), b"a:x": b"v"}
        table.put(b"r%02d" % number, data if number % 5 else {**data, b"b:y": b"w"}, timestamp=TIME + number)
    return table


def keys(scan: Any) -> list[bytes]:
    return [key for key, _ in scan]


@pytest.mark.parametrize("batch_size", [1, 3, 1_000])
def test_text_trees_and_built_filters_are_one(table: cfacl.Table, batch_size: int) -> None:
    text = "SingleColumnValueFilter('a', 'n', =, 'binary:1', true, true) AND PageFilter(4)"
    expected = [b"r01", b"r04", b"r07", b"r10"]
    for each in (text, text.encode(), parse(text), (column("a:n") == b"1") & PageFilter(4)):
        assert keys(table.scan(filter=each, batch_size=batch_size)) == expected


def test_a_limit_counts_what_passes(table: cfacl.Table) -> None:
    assert keys(table.scan(filter=column("b:y") == b"w", limit=3)) == [b"r00", b"r05", b"r10"]
    assert keys(table.scan(filter=column("b:y") == b"w", limit=3, batch_size=2)) == [b"r00", b"r05", b"r10"]
    assert keys(table.scan(filter=value == b"w", limit=2, reverse=True)) == [b"r15", b"r10"]


def test_bounds_and_a_filter_are_both_kept(table: cfacl.Table) -> None:
    assert keys(table.scan(b"r03", b"r08", filter=column("a:n") == b"0")) == [b"r03", b"r06"]
    assert keys(table.scan(row_prefix=b"r1", filter=row < b"r12")) == [b"r10", b"r11"]
    assert keys(table.scan(b"r03", filter=row.startswith(b"r0"), limit=2)) == [b"r03", b"r04"]
    assert keys(table.scan(filter=InclusiveStopFilter(b"r17"), reverse=True)) == [b"r19", b"r18", b"r17"]
    assert keys(table.scan(b"r05", b"r06", filter=row.startswith(b"r1"))) == []
    assert keys(table.scan(filter=(row < b"b") & (row > b"c"))) == []


def test_a_row_that_passes_in_parts_comes_in_parts(table: cfacl.Table) -> None:
    found = list(table.scan(row_prefix=b"r0", filter=value != b"1", scan_batching=1, limit=4))
    assert found == [
        (b"r00", {b"a:n": b"0"}),
        (b"r00", {b"a:x": b"v"}),
        (b"r00", {b"b:y": b"w"}),
        (b"r01", {b"a:x": b"v"}),
    ]


def test_timestamps_are_handed_out_where_they_are_asked_for_alone(table: cfacl.Table) -> None:
    of = f"TimestampsFilter({TIME + 2}, {TIME + 5})"
    assert list(table.scan(filter=of, columns=[b"a:n"])) == [(b"r02", {b"a:n": b"2"}), (b"r05", {b"a:n": b"2"})]
    assert list(table.scan(filter=of, columns=[b"a:n"], include_timestamp=True)) == [
        (b"r02", {b"a:n": (b"2", TIME + 2)}),
        (b"r05", {b"a:n": (b"2", TIME + 5)}),
    ]
    assert keys(table.scan(filter=of, timestamp=TIME + 5)) == [b"r02"]


def test_a_filter_sees_the_newest_value_alone(table: cfacl.Table) -> None:
    for number in range(3):
        table.put(b"old", {b"b:y": b"%d" % number}, timestamp=TIME + number)
    assert keys(table.scan(filter=column("b:y") == b"0")) == []
    assert keys(table.scan(filter=f"TimestampsFilter({TIME})", columns=[b"b"], row_prefix=b"old")) == []
    assert keys(table.scan(filter=column("b:y") == b"0", timestamp=TIME + 1)) == [b"old"]


def test_values_are_left_out_or_counted(table: cfacl.Table) -> None:
    assert list(table.scan(filter="KeyOnlyFilter() AND PageFilter(1)")) == [
        (b"r00", {b"a:n": b"", b"a:x": b"", b"b:y": b""})
    ]
    assert next(table.scan(filter="KeyOnlyFilter(true)"))[1][b"a:n"] == b"\0\0\0\1"


def test_a_scan_of_one_instant_has_a_filter_too(table: cfacl.Table) -> None:
    scan = table.scan(filter=column("a:n") == b"0", snapshot=True, batch_size=2)
    assert next(scan)[0] == b"r00"
    for number in range(20):
        table.put(b"r%02d" % number, {b"a:n": b"9"})
    assert keys(scan) == [b"r03", b"r06", b"r09", b"r12", b"r15", b"r18"]


def test_a_scan_that_is_left_closes_the_stores(db: cfacl.Database, table: cfacl.Table) -> None:
    store = db._store
    closed: list[bool] = []
    inner = store.scan

    def watched(*arguments: Any, **more: Any) -> Iterator[Any]:
        try:
            yield from inner(*arguments, **more)
        finally:
            closed.append(True)

    store.scan = watched  # type: ignore[method-assign]  # to see when it is closed
    scan = table.scan(filter=column("a:n") == b"0", batch_size=2)
    next(scan)
    assert closed == []
    scan.close()
    assert closed == [True]


def test_a_wide_row_is_held_alone(db: cfacl.Database, table: cfacl.Table) -> None:
    sizes: list[int] = []
    inner = db._store.scan
    db._store.scan = lambda *a, **k: sizes.append(k["batch_size"]) or inner(*a, **k)  # type: ignore[method-assign,func-returns-value]  # as above
    assert len(list(table.scan(filter=value == b"v", scan_batching=1))) == 20
    assert sizes == [1]


# ------------------------------------------------------------------------------------------------------------- deleting


def test_what_passes_is_deleted_and_nothing_else(table: cfacl.Table) -> None:
    before = keys(table.scan())
    assert table.delete_where(column("a:n") == b"1", dry_run=True) == (7, b"r19", True)
    assert keys(table.scan()) == before
    assert table.delete_where(column("a:n") == b"1", batch_size=2) == (7, b"r19", True)
    assert keys(table.scan()) == [key for key in before if int(key[1:]) % 3 != 1]
    assert table.delete_where(column("a:n") == b"1") == (0, None, True)


def test_columns_of_what_passes_are_deleted(table: cfacl.Table) -> None:
    assert table.delete_where(column("a:n") == b"0", [b"a:x", b"b"]) == (7, b"r18", True)
    assert table.row(b"r00") == {b"a:n": b"0"}
    assert table.row(b"r05") == {b"a:n": b"2", b"a:x": b"v", b"b:y": b"w"}


def test_deleting_goes_on_where_a_limit_ended_it(table: cfacl.Table) -> None:
    of = column("a:n") != b"9"
    step = table.delete_where(of, limit=8, batch_size=3)
    assert step == (8, b"r07", False)
    assert keys(table.scan()) == [b"r%02d" % number for number in range(8, 20)]
    assert step.last is not None
    step = table.delete_where(of, row_start=step.last + b"\0", limit=100)
    assert step == (12, b"r19", True)
    assert keys(table.scan()) == []


def test_rows_that_have_nothing_of_what_is_named_stay(table: cfacl.Table) -> None:
    assert table.delete_where("SingleColumnValueFilter('b', 'y', =, 'binary:none')") == (0, None, True)
    assert table.delete_where(column("b:y", or_missing=True) == b"w") == (4, b"r15", True)


def test_no_row_is_deleted_that_a_scan_by_the_same_filter_does_not_show(table: cfacl.Table) -> None:
    of = "(SKIP ValueFilter(!=, 'binary:v')) AND SingleColumnValueFilter('a', 'n', =, 'binary:1', true, true)"
    assert keys(table.scan(filter=of)) == []
    assert table.delete_where(of) == (0, None, True)


@pytest.mark.parametrize(
    "of",
    [
        "PageFilter(1)",
        "ColumnCountGetFilter(1)",
        "(WHILE ValueFilter(=, 'binary:v')) OR RowFilter(=, 'binary:r02')",
        "InclusiveStopFilter('r05') OR ValueFilter(=, 'binary:w')",
        "SKIP PrefixFilter('r05')",
    ],
)
def test_what_goes_by_the_rows_before_deletes_nothing(table: cfacl.Table, of: str) -> None:
    """Called again it would let others pass."""
    with pytest.raises(cfacl.RequestError, match="lets others pass once rows before them are deleted"):
        table.delete_where(of)
    assert len(keys(table.scan())) == 20


def test_how_many_were_deleted_is_told_where_it_fails_in_its_midst(db: cfacl.Database, table: cfacl.Table) -> None:
    inner, calls = db._store.apply, iter(range(10))

    def failing(*arguments: Any, **more: Any) -> None:
        if next(calls) == 2:
            raise cfacl.StoreUnavailable("gone")
        inner(*arguments, **more)

    db._store.apply = failing  # type: ignore[method-assign]  # a fault
    with pytest.raises(cfacl.StoreUnavailable) as told:
        table.delete_where(row >= b"r", batch_size=3)
    assert told.value.__notes__ == ["6 rows were deleted before"]
    assert len(keys(table.scan())) == 14
    assert table.delete_where(row >= b"r", batch_size=3) == (14, b"r19", True)


@pytest.mark.parametrize(
    ("arguments", "keywords"),
    [
        (("Nonsense()",), {}),
        ((None,), {}),
        (("KeyOnlyFilter()", []), {}),
        (("KeyOnlyFilter()", [b"zz"]), {}),
        (("KeyOnlyFilter()",), {"limit": 0}),
        (("KeyOnlyFilter()",), {"batch_size": None}),
        (("KeyOnlyFilter()",), {"dry_run": 1}),
        (("KeyOnlyFilter()",), {"row_prefix": b"a", "row_start": b"a"}),
    ],
)
def test_what_makes_no_sense_deletes_nothing(table: cfacl.Table, arguments: Any, keywords: Any) -> None:
    before = keys(table.scan())
    with pytest.raises(cfacl.RequestError):
        table.delete_where(*arguments, **keywords)
    assert keys(table.scan()) == before
