"""Scans: each bucket of each family is a stream of its rows, and all streams are merged.

Of the layout `ordered` they are merged by row key.  Of the layout `row` each family is one stream, in the order of the ring,
by which they are merged: a row's place in it is the same in all families.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Iterator
from itertools import chain, groupby, islice, repeat
from operator import itemgetter
from typing import Any, Final

from cfacl.errors import Unsupported, quoted
from cfacl.model.request import Cells, Span
from cfacl.stores.cassandra.pages import Pages
from cfacl.stores.cassandra.reading import PLAIN, Named, Part, Reading
from cfacl.stores.cassandra.ring import Ring

__all__ = ["Choose", "confirm_span", "is_empty", "stream"]

#: Takes a family's part of a row, as (qualifier, value, time), and yields what is wanted of it.
Choose = Callable[[Part, Iterable[Any]], Iterator[Named]]
#: Where a row stands in its stream, by its key or by the ring; and its cells, or some of them, in their order.
_Found = tuple[Any, Cells]

#: At most so many first pages are on their way at once.
_WINDOW: Final = 128
#: The bytes of values that the pages of a family come to, all its streams together; twice, since each has one ahead.
_SIZE: Final = 4 << 20
#: The fewest cells of the first page of a stream, where few rows are wanted.
_FEWEST: Final = 8

_BEHIND: Final = "SELECT row, {columns} FROM {{table}} WHERE b = ? AND row >= ? AND row < ?"
_OPEN: Final = "SELECT row, {columns} FROM {{table}} WHERE b = ? AND row >= ?"
_BACKWARDS: Final = " ORDER BY row DESC"


def is_empty(span: Span) -> bool:
    """Whether no key lies in a span."""
    return span.upper is not None and span.upper <= (span.lower or b"")


def confirm_span(reading: Reading, span: Span) -> None:
    """Raise `Unsupported` where the layout has no order that the span could be of."""
    for each in reading.parts:
        if not each.table.buckets and (span.lower or span.upper is not None or span.reverse):
            raise Unsupported(
                f"table {quoted(each.family.table)} has the layout `row`, whose scans have no order, and so no bounds, no prefix"
                " and no reverse; scan all of it, or give it the layout `ordered`"
            )


def stream(
    ring: Ring, reading: Reading, span: Span, rows: int, cells: int | None, choose: Choose, *, stamped: bool
) -> Iterator[tuple[bytes, Cells]]:
    """Yield rows in their order, or parts of at most so many cells.

    Args:
        rows: how many are wanted at most.
        choose: what is wanted of a row.
        stamped: whether that goes by times.
    """
    families = []
    for each in reading.parts:
        most = max(_FEWEST, 2 * rows // max(1, each.table.buckets))
        streams = _streams(ring, each, span, most, cells, choose, stamped=stamped)
        # No row is in two of them, so that no cells are ever compared.
        families.append(heapq.merge(*streams, reverse=span.reverse) if len(streams) > 1 else streams[0])
    merged = families[0] if len(families) == 1 else _joined(families, reverse=span.reverse, whole=cells is None)
    if reading.parts[0].table.buckets:
        return merged
    return ((order[1], some) for order, some in merged)


def _joined(families: list[Iterator[_Found]], *, reverse: bool, whole: bool) -> Iterator[_Found]:
    """Yield rows of several families; of the same row those of the first family come first, in both directions."""
    places = [zip(repeat(-place if reverse else place), each) for place, each in enumerate(families)]
    merged = heapq.merge(*places, key=_order, reverse=reverse)
    if not whole:
        return (found for _, found in merged)
    return (
        (order, dict(chain.from_iterable(cells.items() for _, (_, cells) in together)))
        for order, together in groupby(merged, key=lambda each: each[1][0])
    )


def _order(found: tuple[int, _Found]) -> tuple[Any, int]:
    return found[1][0], found[0]


def _streams(
    ring: Ring, part: Part, span: Span, most: int, cells: int | None, choose: Choose, *, stamped: bool
) -> list[Iterator[_Found]]:
    columns = part.columns(stamped=stamped)
    if not part.table.buckets:
        question = part.table.statement(f"SELECT token(row), row, {columns} FROM {{table}}")
        pages = Pages(ring, part.table, question, (), most=most, size=_SIZE, value=3)
        return [_of_ring(part, pages, cells, choose)]
    size = _SIZE // part.table.buckets
    if span.reverse and cells is not None:
        return [_one_by_one(ring, part, bucket, span, cells, choose, columns) for bucket in range(part.table.buckets)]
    text = (_OPEN if span.upper is None else _BEHIND).format(columns=columns) + _BACKWARDS * span.reverse
    question = part.table.statement(text)
    bounds = [span.lower or b""] if span.upper is None else [span.lower or b"", span.upper]
    opened: list[Pages] = []
    for bucket in range(part.table.buckets):
        if bucket >= _WINDOW:
            opened[bucket - _WINDOW].wait()
        opened.append(Pages(ring, part.table, question, (bucket, *bounds), most=most, size=size, value=2))
    if columns == PLAIN and part.qualifiers is None and cells is None and not span.reverse:
        return [_plain_rows(part, each) for each in opened]
    return [_of_bucket(part, each, cells, choose, reverse=span.reverse) for each in opened]


def _of_bucket(part: Part, pages: Pages, cells: int | None, choose: Choose, *, reverse: bool) -> Iterator[_Found]:
    for key, found in groupby(chain.from_iterable(pages), key=itemgetter(0)):
        row: Iterable[Any] = (each[1:] for each in found)
        if reverse:  # the columns come so as well, and the versions of each
            row = list(row)[::-1]
        named = choose(part, _named(part, row))
        while some := dict(islice(named, cells)):
            yield key, some


def _plain_rows(part: Part, pages: Pages) -> Iterator[_Found]:
    """Yield the rows of a bucket as they are, which is most of all scans: a loop, for where rows pass all else is felt."""
    prefix = part.family.prefix
    last: bytes | None = None
    cells: Cells = {}
    for page in pages:
        for key, qualifier, value in page:
            if key != last:
                if cells:
                    yield last, cells
                last, cells = key, {}
            if value is not None:
                cells[prefix + qualifier] = value
    if cells:
        yield last, cells


def _of_ring(part: Part, pages: Pages, cells: int | None, choose: Choose) -> Iterator[_Found]:
    for order, found in groupby(chain.from_iterable(pages), key=itemgetter(0, 1)):
        named = choose(part, _named(part, (each[2:] for each in found)))
        while some := dict(islice(named, cells)):
            yield order, some


def _one_by_one(
    ring: Ring, part: Part, bucket: int, span: Span, cells: int, choose: Choose, columns: str
) -> Iterator[_Found]:
    """Yield rows from the highest on, each read forward, for its columns go on in their order."""
    upper = span.upper
    lower = span.lower or b""
    while True:
        text = (_OPEN if upper is None else _BEHIND).format(columns="row") + _BACKWARDS + " LIMIT 1"
        bounds = [lower] if upper is None else [lower, upper]
        found = ring.ask(part.table.statement(text), (bucket, *bounds))
        if not found:
            return
        upper = key = found[0][0]
        question = part.table.statement(f"SELECT {columns} FROM {{table}} WHERE {{where}}")
        pages = Pages(ring, part.table, question, part.table.key(key), size=_SIZE)
        named = choose(part, _named(part, chain.from_iterable(pages)))
        while some := dict(islice(named, cells)):
            yield key, some


def _named(part: Part, found: Iterable[Any]) -> Iterator[Any]:
    """Return what was asked for; the table is one family's, so that what is left out is of a family that is granted."""
    if part.qualifiers is None:
        return iter(found)
    wanted = frozenset(part.qualifiers)
    return (each for each in found if each[0] in wanted)
