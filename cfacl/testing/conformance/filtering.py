"""What a scan leaves out by a filter, nobody misses who asks the filter again."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import groupby
from random import Random
from typing import Any, Final

import pytest

from cfacl.filters import Filter, KeyOnlyFilter, SingleColumnValueFilter
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.pushdown import pushed_down
from cfacl.filters.steps import Seen
from cfacl.filters.text import parse
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Cells, Span
from cfacl.stores.base import Store
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import EVERYTHING, TABLE, delete, drained, projection, put, scanned
from cfacl.testing.conformance.suite import S, Suite, needs
from cfacl.testing.filters import KEYS, PIECES, QUALIFIERS, Filters

#: How many filters are asked of each store.
FILTERS: Final = 150
#: How often a row's family is deleted before it is written again.
_DELETED: Final = 0.3


def passed(rows: list[tuple[bytes, Cells]], of: Filter, *, reverse: bool) -> list[tuple[bytes, Any]]:
    """Return what passes a filter."""
    evaluation = Evaluation(of, reverse=reverse)
    found = []
    for key, cells in rows:
        if not evaluation.over:
            kept = evaluation.row(key, groupby(_seen(cells), key=lambda each: each.family))
            if kept:
                found.append((key, {b"%b:%b" % each[:2]: each.value for each in kept}))
    return found


def left_over(
    store: Store, of: Filter, *families: StoredFamily, span: Span = EVERYTHING, batch_size: int = 3
) -> list[tuple[bytes, Cells]]:
    """Return the rows of a scan that leaves out what does not pass."""
    scan = store.scan_passing(TABLE, projection(*families), span, of, batch_size=batch_size)
    batches = drained(scan)
    assert all(0 < len(each) <= batch_size for each in batches)
    return [row for batch in batches for row in batch]


def _seen(cells: Cells) -> Iterable[Seen]:
    for column, value in cells.items():
        family, _, qualifier = column.partition(b":")
        yield Seen(family, qualifier, 0, value)  # type: ignore[arg-type]  # without timestamps a cell is its value


def _pushed(random: Random, *, reverse: bool) -> Filter:
    filters = Filters(random, families=(b"one", b"kept"))
    while True:
        of = filters.drawn()
        if random.getrandbits(1):
            of = SingleColumnValueFilter(*filters.column(), *filters.compared(PIECES), filters.flag(), filters.flag())
        if (early := pushed_down(of, reverse=reverse)) is not None:
            return early


@needs("filters")
class Filtering(Suite[S]):
    """`Store.scan_passing`."""

    @pytest.fixture
    def random_rows(self, store: S, one: StoredFamily, three_versions: StoredFamily) -> None:
        """Fill rows of both families, write over half of their cells, and delete some."""
        random = Random(7)  # noqa: S311  # no secret
        for key in KEYS:
            for each in (one, three_versions):
                columns = random.sample(QUALIFIERS, random.randint(0, len(QUALIFIERS)))
                for _ in range(2):
                    written = {column: random.choice(PIECES) for column in columns}
                    if written:
                        put(store, key, each, written)
                    columns = columns[len(columns) // 2 :]
                    if random.random() < _DELETED:
                        delete(store, key, each)
                if len(columns) > 1:
                    delete(store, key, each, (columns[0],))

    @pytest.mark.usefixtures("random_rows")
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("batch_size", [1, 3, 1000])
    def test_what_passes_of_the_rest_is_what_passes_of_all(
        self, store: S, one: StoredFamily, three_versions: StoredFamily, batch_size: int, reverse: bool
    ) -> None:
        random = Random(batch_size)  # noqa: S311  # as above
        span = Span(reverse=reverse)
        rows = scanned(store, one, three_versions, span=span)
        fewer = 0
        for _ in range(FILTERS):
            of = _pushed(random, reverse=reverse)
            left = left_over(store, of, one, three_versions, span=span, batch_size=batch_size)
            assert passed(left, of, reverse=reverse) == passed(rows, of, reverse=reverse), str(of)
            known = dict(rows)
            names_only = any(isinstance(each, KeyOnlyFilter) for each in of.walk())
            for key, cells in left:
                assert cells.keys() <= known[key].keys()
                assert names_only or cells.items() <= known[key].items()
            fewer += len(left) < len(rows)
        assert fewer  # it is of some use

    @pytest.mark.parametrize(
        "text",
        [
            "ColumnPrefixFilter('a')",
            "MultipleColumnPrefixFilter('a', 'c')",
            "ColumnRangeFilter('a', true, 'b', true)",
            "ColumnPrefixFilter('a') AND KeyOnlyFilter()",
            "FirstKeyOnlyFilter() AND ColumnPrefixFilter('a')",
            "QualifierFilter(=, 'binary:a')",
            "FirstKeyOnlyFilter()",
            "SingleColumnValueFilter('one', 'a', =, 'binary:1')",
        ],
    )
    def test_what_was_deleted_stays_so(self, store: S, one: StoredFamily, text: str) -> None:
        """Also where what was written since lies before the mark of that, and a filter seeks beyond both."""
        put(store, b"u1", one, {b"": b"1", b"a": b"1", b"b": b"1"})
        delete(store, b"u1", one)
        put(store, b"u1", one, {b"": b"2", b"b": b"2"})
        known = dict(scanned(store, one))
        assert known == {b"u1": {b"one:": b"2", b"one:b": b"2"}}
        for key, cells in left_over(store, parse(text), one):
            assert cells.keys() <= known[key].keys()

    @needs("timestamps")
    def test_what_is_over_is_missing_to_it_or_it_is_not_offered(
        self, store: S, one: StoredFamily, short_lived: StoredFamily, clock: Clock
    ) -> None:
        put(store, b"u1", one, {b"a": b"1"}, clock.milliseconds)
        put(store, b"u1", short_lived, {b"a": b"other"}, clock.milliseconds)
        clock.turn(1000)
        of = parse("SingleColumnValueFilter('brief', 'a', =, 'binary:1')")
        if store.capabilities(short_lived).filters:
            assert left_over(store, of, one, short_lived) == [(b"u1", {b"one:a": b"1"})]
        assert scanned(store, one, short_lived) == [(b"u1", {b"one:a": b"1"})]
