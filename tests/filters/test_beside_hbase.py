"""What passes is what passes in HBase's own region server: random filters over random rows, cell by cell."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import closing
from itertools import groupby
from random import Random
from typing import Any, Final

import pytest

import cfacl
from cfacl.filters import (
    And,
    ColumnCountGetFilter,
    ColumnPrefixFilter,
    ColumnRangeFilter,
    ColumnValueFilter,
    FamilyFilter,
    Filter,
    MultipleColumnPrefixFilter,
    Or,
    SingleColumnValueExcludeFilter,
    Skip,
    While,
    parse,
)
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.steps import Seen
from cfacl.testing.filters import FAMILIES, KEYS, QUALIFIERS, Filters, Row, drawn_rows
from cfacl.testing.servers import Running

pytestmark = pytest.mark.slow

#: Data sets, and how many filters are compared on each.
SETS: Final = 8
FILTERS: Final = 2_600 if os.environ.get("HYPOTHESIS_PROFILE") == "long" else 250


def passed(rows: list[Row], of: Filter, columns: list[bytes] | None, *, reverse: bool) -> list[tuple[bytes, Any]]:
    """Return what should pass of those columns, or of all."""
    evaluation = Evaluation(of, reverse=reverse)
    found = []
    for key, cells in reversed(rows) if reverse else rows:
        if evaluation.over:
            break
        seen = [
            Seen(*column, timestamp, value)
            for column, (value, timestamp) in cells.items()
            if columns is None or column[0] in columns or b"%b:%b" % column in columns
        ]
        if seen:
            kept = evaluation.row(key, groupby(seen, key=lambda each: each.family))
            if kept:
                found.append((key, {b"%b:%b" % each[:2]: (each.value, each.timestamp) for each in kept}))
    return found


#: What tells where in a row to go on.
HINTING: Final = (ColumnPrefixFilter, ColumnRangeFilter, MultipleColumnPrefixFilter)


def has(of: Filter, *kinds: type[Filter]) -> bool:
    return any(isinstance(each, kinds) for each in of.walk())


def fetches_later(of: Filter) -> bool:
    """Whether HBase reads some families only once it knows that the row passes."""
    return has(of, ColumnValueFilter) or any(getattr(each, "if_missing", False) for each in of.walk())


def is_told_alike(of: Filter, columns: list[bytes] | None, *, reverse: bool) -> bool:
    """Whether HBase has no answer of its own here; the specification names each.

    * `ColumnCountGetFilter` is for reading one row.  In a scan it ends families, by cells that were not asked for too.
    * `WHILE` sees the keys of rows that have nothing of what was asked for.
    * Where it reads some families later, it hands these out of rows that do not pass `SKIP`, or of which only the column
      was found that is left out; and it finds no row that has only these, which `ColumnValueFilter` in an `OR` lets pass.
    * In reverse it refuses that, loses cells where hints are joined or columns are counted, and does not tell what stands
      within `SKIP` and `WHILE` that the scan goes backwards.
    """
    if columns is not None and has(of, ColumnCountGetFilter, While):
        return False
    if fetches_later(of) and (reverse or has(of, Skip, While, SingleColumnValueExcludeFilter)):
        return False
    if has(of, ColumnValueFilter) and has(of, Or):
        return False
    return not reverse or not (has(of, ColumnCountGetFilter, Skip, While) or (has(of, And, Or) and has(of, *HINTING)))


@pytest.fixture(scope="module")
def connection(hbase: Running) -> Iterator[Any]:
    with closing(hbase.connection(timeout=60_000)) as opened:
        yield opened


@pytest.mark.rule("Filters")
@pytest.mark.parametrize("seed", range(SETS))
def test_what_passes_is_what_passes_in_hbase(connection: Any, seed: int) -> None:
    random = Random(seed)
    name = f"filters-{uuid.uuid4().hex[:8]}".encode()
    connection.create_table(name, {each.decode(): {"max_versions": 1} for each in FAMILIES})
    try:
        table = connection.table(name)
        rows = drawn_rows(random)
        for key, cells in rows:
            for column, (value, timestamp) in cells.items():
                table.put(key, {b"%b:%b" % column: value}, timestamp=timestamp)
        compared = 0
        while compared < FILTERS:
            of = Filters(random).drawn()
            reverse = random.random() < 0.3
            columns = None
            if random.random() < 0.3:
                columns = [
                    b"f",
                    b"g:" + random.choice(QUALIFIERS),
                ]  # a family and a column of it are the column, to HBase
            reverse = reverse and is_told_alike(of, None, reverse=True)
            if not is_told_alike(of, columns, reverse=False):
                continue
            start, stop = sorted(random.sample(KEYS, 2)) if random.random() < 0.3 else (None, None)
            if reverse and start is not None:
                start, stop = stop, start
            within = [
                each
                for each in rows
                if start is None or stop is None or (stop < each[0] <= start if reverse else start <= each[0] < stop)
            ]
            told = list(
                table.scan(start, stop, columns=columns, filter=bytes(of), reverse=reverse, include_timestamp=True)
            )
            compared += 1
            assert parse(str(of)) == of
            assert told == passed(within, of, columns, reverse=reverse), (
                str(of),
                reverse,
                columns,
                start,
                stop,
                within,
            )
    finally:
        connection.delete_table(name, disable=True)


@pytest.mark.rule("Filters")
@pytest.mark.parametrize("seed", range(SETS))
def test_what_a_scan_through_cfacl_hands_out_is_what_hbase_lets_pass(
    hbase: Running, policy: cfacl.Policy, seed: int
) -> None:
    """With bounds, limits and what HBase leaves out by itself, of the same table in the same HBase."""
    random = Random(seed)
    prefix = f"f{uuid.uuid4().hex[:8]}_"
    url = f"hbase://{hbase.host}:{hbase.port()}/{prefix}?timeout=60"
    with (
        cfacl.connect(url, policy=policy) as db,
        closing(hbase.connection(timeout=60_000)) as plain,
    ):
        db.create_tables()
        session = db.session("ann", purpose="work")
        rows = drawn_rows(random)
        for key, cells in rows:
            for column, (value, timestamp) in cells.items():
                session.table("t").put(key, {b"%b:%b" % column: value}, timestamp=timestamp)
        for name in plain.tables():
            if name.startswith(prefix.encode()) and name.endswith(b"t"):
                there = plain.table(name)
        called = {each.partition(b"+")[0]: each.rstrip(b":") for each in there.families()}
        compared = 0
        while compared < FILTERS // 2:
            of = Filters(random).drawn()
            named = {each.family for each in of.walk() if hasattr(each, "family")}
            if any(isinstance(each, FamilyFilter) for each in of.walk()) or not named <= called.keys():
                continue
            reverse = random.random() < 0.3 and is_told_alike(of, None, reverse=True)
            if not is_told_alike(of, None, reverse=False):
                continue
            compared += 1
            start, stop = sorted(random.sample(KEYS, 2)) if random.random() < 0.3 else (None, None)
            if reverse and start is not None:
                start, stop = stop, start
            limit = random.choice((None, None, 1, 3))
            text = bytes(of)
            for ours, theirs in called.items():
                text = text.replace(b"Filter('%b', " % ours, b"Filter('%b', " % theirs)
            told = [
                (key, {name.partition(b"+")[0] + b":" + name.partition(b":")[2]: cell for name, cell in row.items()})
                for key, row in there.scan(
                    start, stop, filter=text, reverse=reverse, include_timestamp=True, limit=limit
                )
            ]
            found = session.table("t").scan(
                start,
                stop,
                filter=of,
                reverse=reverse,
                include_timestamp=True,
                limit=limit,
                batch_size=random.choice((1, 2, 1_000)),
            )
            assert [(key, dict(row)) for key, row in found] == told, (str(of), reverse, start, stop, limit)
