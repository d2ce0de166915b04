"""A scan with a filter hands out what the filter lets pass of all that lies in its bounds, however it is read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from random import Random
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import cfacl
from cfacl.filters import (
    And,
    Filter,
    KeyOnlyFilter,
    PageFilter,
    SingleColumnValueFilter,
)
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.reach import goes_by_rows_before
from cfacl.filters.steps import Seen
from cfacl.policy.compile import compile_policy
from cfacl.stores.base import Store
from cfacl.stores.memory import MemoryStore
from cfacl.testing.filters import KEYS, PIECES, Filters, Row, drawn_rows
from cfacl.testing.stores import CountingStore, LeavingOutStore

#: Nanoseconds since 1970.
NOW: Final = 1_700_000_000_000_000_000
STORES: Final[dict[str, Any]] = {
    "memory": lambda: MemoryStore(clock=lambda: NOW),
    "one that leaves out": lambda: LeavingOutStore(MemoryStore(clock=lambda: NOW)),
}


def opened(store: Store, policy: cfacl.Policy) -> cfacl.Table:
    db = cfacl.Database(store, policy, compile_policy(policy), None, lambda: NOW, durable=True)
    db.create_tables()
    return db.session("ann", purpose="work").table("t")


@pytest.fixture(scope="module", params=STORES)
def table(request: pytest.FixtureRequest, policy: cfacl.Policy) -> cfacl.Table:
    return opened(STORES[request.param](), policy)


def fill(table: cfacl.Table, rows: list[Row]) -> None:
    for key, _ in list(table.scan()):
        table.delete(key)
    for key, cells in rows:
        for column, (value, timestamp) in cells.items():
            table.put(key, {b"%b:%b" % column: value}, timestamp=timestamp)


def passed(rows: list[Row], of: Filter, *, reverse: bool, stamped: bool, parts: int | None) -> Iterator[Any]:
    evaluation = Evaluation(of, reverse=reverse)
    for key, cells in reversed(rows) if reverse else rows:
        if evaluation.over:
            return
        seen = [Seen(*column, timestamp, value) for column, (value, timestamp) in cells.items()]
        kept = evaluation.row(key, groupby(seen, key=lambda each: each.family))
        left = iter([(b"%b:%b" % each[:2], (each.value, each.timestamp) if stamped else each.value) for each in kept])
        while part := dict(islice(left, parts)):
            yield key, part


def drawn(filters: Filters) -> Filter:
    """Return one of those that people use, or any."""
    column = SingleColumnValueFilter(*filters.column(), *filters.compared(PIECES), filters.flag(), filters.flag())
    match filters.number(5):
        case 0:
            return column
        case 1:
            return And((column, PageFilter(filters.number(4))))
        case 2:
            return And((filters.drawn(1), PageFilter(filters.number(4)), KeyOnlyFilter()))
    return filters.drawn()


@given(st.integers(0, 1 << 32))
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_handed_out_is_what_passes(table: cfacl.Table, seed: int) -> None:
    random = Random(seed)
    rows = drawn_rows(random)
    fill(table, rows)
    filters = Filters(random)
    for _ in range(20):
        of = drawn(filters)
        reverse, stamped = filters.flag(), filters.flag()
        start, stop = sorted(random.choices((None, b"", *KEYS), k=2), key=lambda each: each or b"")
        parts, limit = random.choice((None, None, 1, 3)), random.choice((None, None, 1, 2, 5))
        bounds = {"row_start": stop, "row_stop": start} if reverse else {"row_start": start, "row_stop": stop}
        within = [
            row
            for row in rows
            if (start is None or (row[0] > start if reverse and start else row[0] >= start))
            and (not stop or (row[0] <= stop if reverse else row[0] < stop))
        ]
        told = table.scan(
            **bounds,
            filter=of,
            reverse=reverse,
            include_timestamp=stamped,
            scan_batching=parts,
            limit=limit,
            batch_size=random.choice((1, 2, 1_000)),
        )
        expected = list(islice(passed(within, of, reverse=reverse, stamped=stamped, parts=parts), limit))
        assert list(told) == expected, (str(of), reverse, start, stop, parts, limit)


@given(st.integers(0, 1 << 32), st.booleans())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_what_is_deleted_is_what_a_scan_shows_or_a_part_of_it(table: cfacl.Table, seed: int, bounded: bool) -> None:
    random = Random(seed)
    filters = Filters(random)
    for _ in range(5):
        fill(table, drawn_rows(random))
        of = filters.drawn()
        bounds = {"row_start": random.choice(KEYS)} if bounded else {}
        before = {key for key, _ in table.scan()}
        if goes_by_rows_before(of) is not None:
            with pytest.raises(cfacl.RequestError, match="lets others pass once rows before them are deleted"):
                table.delete_where(of, **bounds)
            continue
        shown = [key for key, _ in table.scan(filter=of, **bounds)]
        would = table.delete_where(of, dry_run=True, **bounds)
        assert {key for key, _ in table.scan()} == before
        # A row at a time, and called again as the document says.
        steps: list[bytes] = []
        while (step := table.delete_where(of, limit=1, **bounds)).last is not None:
            steps.append(step.last)
        assert table.delete_where(of, **bounds) == (0, None, True)
        assert len(steps) == would.rows
        assert steps[-1:] == ([] if would.last is None else [would.last])
        assert before - {key for key, _ in table.scan()} == set(steps) <= set(shown)


@pytest.mark.parametrize(
    ("text", "limit", "sizes"),
    [
        ("PageFilter(10)", None, (10, 10)),
        ("KeyOnlyFilter() AND PageFilter(10)", None, (10, 10)),
        ("PrefixFilter('r') AND FirstKeyOnlyFilter() AND PageFilter(7)", 5, (5, 5)),
        ("RowFilter(>=, 'binary:r') AND PageFilter(10)", None, (10, 10)),
        ("PrefixFilter('r')", 10, (10, 10)),
        ("SingleColumnValueFilter('f', 'a', =, 'binary:1')", 10, (1_000, 10)),
        ("SingleColumnValueFilter('f', 'a', =, 'binary:1') AND PageFilter(3)", None, (1_000, 3)),
        ("RowFilter(!=, 'binary:r') AND PageFilter(10)", None, (1_000, 10)),
        ("ValueFilter(=, 'binary:1') AND PageFilter(3)", None, (1_000, 1_000)),
        ("(PrefixFilter('r') AND KeyOnlyFilter()) AND PageFilter(3)", None, (1_000, 1_000)),
    ],
)
def test_no_more_is_read_at_a_time_than_can_be_needed(
    policy: cfacl.Policy, text: str, limit: int | None, sizes: tuple[int, int]
) -> None:
    for make, size in zip(STORES.values(), sizes, strict=True):
        store = make()
        asked: list[int] = []
        for name in ("scan", "scan_passing"):
            scan = getattr(store, name)
            setattr(store, name, lambda *a, scan=scan, **k: asked.append(k["batch_size"]) or scan(*a, **k))
        list(opened(store, policy).scan(filter=text, limit=limit))
        assert asked[0] == size


def test_a_store_is_told_what_it_may_leave_out_and_nothing_else(policy: cfacl.Policy) -> None:
    store = CountingStore(LeavingOutStore(MemoryStore(clock=lambda: NOW)))
    table = opened(store, policy)
    for text, method in (
        ("SingleColumnValueFilter('f', 'a', =, 'binary:1')", "scan_passing"),
        ("ValueFilter(=, 'binary:1')", "scan"),
    ):
        store.take()
        assert list(table.scan(filter=text)) == []
        assert [each.method for each in store.take() if each.method.startswith("scan")] == [method, "scan.next"]
    store.take()
    list(table.scan(filter="FirstKeyOnlyFilter()", timestamp=5))  # of what was there before it knows nothing
    assert "scan_passing" not in [each.method for each in store.take()]
