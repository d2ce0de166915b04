"""What was left out where the rows are changes nothing of what passes here."""

from __future__ import annotations

from itertools import groupby
from random import Random
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from cfacl.filters import And, Filter, FirstKeyOnlyFilter, KeyOnlyFilter, Or, PageFilter, SingleColumnValueFilter, parse
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.pushdown import pushed_down
from cfacl.filters.steps import Seen
from cfacl.testing.filters import KEYS, PIECES, Filters, drawn_rows

Rows = list[tuple[bytes, list[Seen]]]


def passed(rows: Rows, of: Filter, *, reverse: bool) -> Rows:
    evaluation = Evaluation(of, reverse=reverse)
    found = []
    for key, cells in rows:
        if evaluation.over:
            break
        kept = evaluation.row(key, groupby(cells, key=lambda each: each.family))
        if kept:
            found.append((key, kept))
    return found


def drawn(of: Filters) -> Filter:
    """Return a filter of the kinds that may go ahead, and a few that may not, joined as people join them."""
    parts: list[Filter] = []
    for _ in range(of.random.randint(1, 4)):
        match of.number(6):
            case 0:
                parts.append(SingleColumnValueFilter(*of.column(), *of.compared(PIECES), of.flag(), of.flag()))
            case 1:
                parts.append(PageFilter(of.number(4)))
            case 2:
                parts.append(FirstKeyOnlyFilter())
            case 3:
                parts.append(KeyOnlyFilter(of.flag()))
            case 4:
                parts.append(parse(f"InclusiveStopFilter('{of.random.choice(KEYS[:6]).decode()}')"))
            case _:
                parts.append(of.drawn(2))
    return parts[0] if len(parts) == 1 else And(tuple(parts))


@given(st.integers(0, 1 << 32), st.booleans())
def test_it_changes_nothing_of_what_passes(seed: int, reverse: bool) -> None:
    random = Random(seed)
    filters = Filters(random)
    of, early = next(
        (each, early)
        for each in iter(lambda: drawn(filters), None)
        if (early := pushed_down(each, reverse=reverse)) is not None
    )
    event(f"less than all of it: {early != of}")
    rows: Any = [
        (key, [Seen(*column, timestamp, value) for column, (value, timestamp) in cells.items()])
        for key, cells in drawn_rows(random)
    ]
    if reverse:
        rows.reverse()
    assert passed(passed(rows, early, reverse=reverse), of, reverse=reverse) == passed(rows, of, reverse=reverse)


@pytest.mark.parametrize(
    ("text", "early"),
    [
        ("SingleColumnValueFilter('f', 'a', =, 'binary:b')", "SingleColumnValueFilter('f', 'a', =, 'binary:b')"),
        (
            "SingleColumnValueFilter('f', 'a', =, 'binary:b') AND PageFilter(10)",
            "SingleColumnValueFilter('f', 'a', =, 'binary:b')",
        ),
        ("FirstKeyOnlyFilter() AND KeyOnlyFilter()", "FirstKeyOnlyFilter() AND KeyOnlyFilter()"),
        ("ColumnPrefixFilter('a') AND PageFilter(3)", "ColumnPrefixFilter('a')"),
        ("RowFilter(!=, 'binary:a') OR PrefixFilter('b')", "RowFilter(!=, 'binary:a') OR PrefixFilter('b')"),
    ],
)
def test_it_is_this(text: str, early: str) -> None:
    assert str(pushed_down(parse(text), reverse=False)) == early


@pytest.mark.parametrize(
    "text",
    [
        "PageFilter(10)",
        "PageFilter(10) AND SingleColumnValueFilter('f', 'a', =, 'binary:b')",
        "ColumnPrefixFilter('a') AND SingleColumnValueFilter('f', 'a', =, 'binary:b')",
        "SingleColumnValueFilter('f', 'a', =, 'regexstring:b')",
        "SingleColumnValueFilter('f', 'a', =, 'substring:b')",
        "ValueFilter(=, 'binary:b')",
        "KeyOnlyFilter(true)",
        "ColumnPaginationFilter(1, 1)",
        "SKIP RowFilter(=, 'binary:a')",
    ],
)
def test_it_is_nothing(text: str) -> None:
    assert pushed_down(parse(text), reverse=False) is None


def test_backwards_rows_that_lack_the_column_come_for_hbase_refuses_to_leave_them_out() -> None:
    of = parse("SingleColumnValueFilter('f', 'a', =, 'binary:b', true, true)")
    weaker = parse("SingleColumnValueFilter('f', 'a', =, 'binary:b')")
    assert pushed_down(of, reverse=False) == of
    assert pushed_down(of, reverse=True) == weaker
    assert pushed_down(Or((of, And((of, parse("RowFilter(=, 'binary:a')"))))), reverse=True) == Or(
        (weaker, And((weaker, parse("RowFilter(=, 'binary:a')"))))
    )
