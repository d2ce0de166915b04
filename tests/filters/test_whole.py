"""The shorter way for filters of whole rows says what the longer one says."""

from __future__ import annotations

from itertools import groupby
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cfacl.filters import And, Filter, Or, PageFilter, PrefixFilter, RowFilter, SingleColumnValueFilter, Skip, parse
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.reach import narrowed
from cfacl.filters.steps import Seen
from cfacl.filters.whole import whole
from cfacl.model.request import Span
from cfacl.testing.filters import KEYS, PIECES, Filters, drawn_rows


def drawn(of: Filters, depth: int) -> Filter:
    if depth and of.flag():
        kind = And if of.flag() else Or
        return kind(tuple(drawn(of, depth - 1) for _ in range(of.random.randint(2, 3))))
    match of.number(2):
        case 0:
            return RowFilter(*of.compared(KEYS))
        case 1:
            return PrefixFilter(of.random.choice(KEYS))
    return SingleColumnValueFilter(*of.column(), *of.compared(PIECES), of.flag(), of.flag())


@given(st.integers(0, 1 << 32), st.booleans())
def test_the_two_ways_say_the_same(seed: int, reverse: bool) -> None:
    random = Random(seed)
    of = drawn(Filters(random), 3)
    passes = whole(of)
    assert passes is not None
    evaluation = Evaluation(of, reverse=reverse)
    rows = drawn_rows(random)
    span = narrowed(of, Span(reverse=reverse))
    for key, cells in reversed(rows) if reverse else rows:
        row = {b"%b:%b" % column: value for column, (value, _) in cells.items()}
        seen = [Seen(*column, timestamp, value) for column, (value, timestamp) in cells.items()]
        kept = [] if evaluation.over else evaluation.row(key, groupby(seen, key=lambda each: each.family))
        if passes(key, row):
            assert len(kept) == len(seen)
            assert key in span
        else:
            assert kept == []


@pytest.mark.parametrize(
    "of",
    [
        PageFilter(1),
        Skip(RowFilter(*Filters(Random(0)).compared(KEYS))),
        parse("PrefixFilter('a') AND ValueFilter(=, 'binary:a')"),
        parse("PrefixFilter('a') OR SingleColumnValueExcludeFilter('f', 'q', =, 'binary:a')"),
    ],
)
def test_what_asks_more_goes_the_longer_way(of: Filter) -> None:
    assert whole(of) is None
