"""Scans: each bucket of each family is a stream of its rows, and all streams are merged.  Parts of rows are merged one by one.

Of the layout `ordered` they are merged by row key.  Of the layout `row` each family is one stream, in the order of the ring,
by which they are merged: a row's place in it is the same in all families.
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain, groupby, islice, repeat
from operator import itemgetter
from typing import Any, Final, NamedTuple

from cfacl.errors import StoreError, Unsupported, quoted
from cfacl.model.request import Cells, Span
from cfacl.stores.cassandra.pages import Pages
from cfacl.stores.cassandra.reading import PLAIN, Named, Part, Reading
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.runs import Found, Stream, merged
from cfacl.stores.cassandra.values import bound, integer

__all__ = ["Choose", "confirm_span", "is_empty", "stream"]

#: Takes a family's part of a row, as (qualifier, value, time), and yields what is wanted of it.
Choose = Callable[[Part, Iterable[Any]], Iterator[Named]]

#: At most so many first pages are on their way at once.
_WINDOW: Final = 128
#: What the pages of all streams come to, in bytes; twice, since each has one ahead.
_SIZE: Final = 32 << 20
#: The fewest cells of the first page of a stream, where few rows are wanted; and the most, as long as nobody knows how large
#: they are: a node has the first pages of all streams in memory at once.
_FEWEST: Final = 8
_UNSEEN: Final = 32
#: The cells of a row, as long as nobody has seen one.
_WIDTH: Final = 2
#: After so many buckets it is looked how large they are.
_MEASURED: Final = (1, 8)

_BEHIND: Final = "SELECT row, {columns} FROM {{table}} WHERE {{bucket}} = ? AND row >= ? AND row < ?"
_OPEN: Final = "SELECT row, {columns} FROM {{table}} WHERE {{bucket}} = ? AND row >= ?"
_BACKWARDS: Final = " ORDER BY row DESC"


class _Ahead(NamedTuple):
    """How many rows of a family are wanted at most, and what its pages come to, in bytes."""

    rows: int
    size: int


def is_empty(span: Span) -> bool:
    """Whether no key lies in a span."""
    return span.upper is not None and span.upper <= (span.lower or b"")


def confirm_span(reading: Reading, span: Span) -> None:
    """Raise `Unsupported` where the layout has no order that the span could be of, `StoreError` where families have two."""
    if len({bool(each.table.buckets) for each in reading.parts}) > 1:
        raise StoreError(
            f"families of table {quoted(reading.parts[0].family.table)} were made in two layouts, by two policies, and can't be"
            " scanned together; scan each, or make those anew that `drift()` tells as `altered`"
        )
    for each in reading.parts:
        if not each.table.buckets and (span.lower or span.upper is not None or span.reverse):
            raise Unsupported(
                f"table {quoted(each.family.table)} has the layout `row`, whose scans have no order, and so no bounds, no prefix"
                " and no reverse; scan all of it, or give it the layout `ordered`"
            )


def stream(
    ring: Ring, reading: Reading, span: Span, rows: int, cells: int | None, choose: Choose, *, stamped: bool
) -> Iterator[Iterable[tuple[bytes, Cells]]]:
    """Yield rows in their order, some at a time, or parts of at most so many cells.

    Args:
        rows: how many are wanted at most.
        choose: what is wanted of a row.
        stamped: whether that goes by times.
    """
    found: Iterator[Iterable[Found]]
    ahead = _Ahead(rows, _SIZE // len(reading.parts))
    if cells is None:
        asked = [_streams(ring, each, span, ahead, choose, stamped=stamped) for each in reading.parts]
        streams = list(chain.from_iterable(asked))
        found = merged(streams, reverse=span.reverse)
    else:
        parts = [_parts(ring, each, span, ahead, cells, choose, stamped=stamped) for each in reading.parts]
        found = iter([_one_by_one(parts, reverse=span.reverse)])
    if reading.parts[0].table.buckets:
        return found
    return (((place[1], cells) for place, cells in some) for some in found)


def _streams(ring: Ring, part: Part, span: Span, ahead: _Ahead, choose: Choose, *, stamped: bool) -> Iterator[Stream]:
    columns = part.columns(stamped=stamped)
    prefix = part.family.prefix
    place = _place(part)
    before = 1 if part.table.buckets else 2

    def plain(found: Sequence[Any]) -> dict[bytes, Cells]:
        # A loop, and no call for each row: this is most of all scans.
        rows: dict[bytes, Cells] = {}
        last: bytes | None = None
        cells: Cells = {}
        for key, qualifier, value in found:
            if key != last:
                rows[key] = cells = {}
                last = key
            if value is not None:
                cells[prefix + qualifier] = value
        return rows

    def chosen(found: Sequence[Any]) -> dict[Any, Cells]:
        rows: dict[Any, Cells] = {}
        for at, some in groupby(found, key=place):
            # Backwards the columns come so as well, and the versions of each.
            tuples = (each[before:] for each in (reversed(list(some)) if span.reverse else some))
            rows[at] = dict(choose(part, _named(part, tuples)))
        return rows

    simple = columns == PLAIN and part.qualifiers is None and before == 1 and not span.reverse
    for each in _opened(ring, part, span, ahead, columns):
        yield Stream(each, place, plain if simple else chosen, reverse=span.reverse)


def _parts(
    ring: Ring, part: Part, span: Span, ahead: _Ahead, cells: int, choose: Choose, *, stamped: bool
) -> Iterator[Found]:
    """Yield parts of the rows of a family."""
    columns = part.columns(stamped=stamped)
    if span.reverse:
        streams = [
            _backwards(ring, part, bucket, span, ahead.size, cells, choose, columns)
            for bucket in range(part.table.buckets)
        ]
    else:
        streams = [_pieces(part, each, cells, choose) for each in _opened(ring, part, span, ahead, columns)]
    # No row is in two of them, so that no cells are ever compared.
    return heapq.merge(*streams, reverse=span.reverse) if len(streams) > 1 else streams[0]


def _one_by_one(families: list[Iterator[Found]], *, reverse: bool) -> Iterator[Found]:
    """Yield parts of rows of several families; of the same row those of the first family come first, in both directions."""
    places = [zip(repeat(-number if reverse else number), each) for number, each in enumerate(families)]
    return (found for _, found in heapq.merge(*places, key=_order, reverse=reverse))


def _order(found: tuple[int, Found]) -> tuple[Any, int]:
    return found[1][0], found[0]


def _place(part: Part) -> Callable[[Any], Any]:
    """Return what says where the row of a tuple stands."""
    return itemgetter(0) if part.table.buckets else itemgetter(0, 1)


def _opened(ring: Ring, part: Part, span: Span, ahead: _Ahead, columns: str) -> list[Pages]:
    """Ask for all streams of a family."""
    table = part.table
    streams = max(1, table.buckets)
    ask = partial(
        Pages,
        ring,
        table,
        # A row is whole where another begins.
        most=max(_FEWEST, _rows(ahead.rows, streams) * (table.width or _WIDTH) + 1),
        unseen=_UNSEEN,
        suffices=table.width > 0,
        size=ahead.size // streams,
    )
    if not table.buckets:
        question = table.statement(f"SELECT token(row), row, {columns} FROM {{table}}")
        return [ask(question, (), value=3)]
    text = (_OPEN if span.upper is None else _BEHIND).format(columns=columns) + _BACKWARDS * span.reverse
    bounds = [span.lower or b""] if span.upper is None else [span.lower or b"", span.upper]
    question = table.statement(text)
    opened: list[Pages] = []
    for bucket in range(table.buckets):
        if bucket >= _WINDOW:
            opened[bucket - _WINDOW].wait()
        if not table.cell and bucket in _MEASURED:  # as long as nobody knows how large cells are, few are asked for
            for each in opened:
                each.measure()
        opened.append(ask(question, (integer(bucket), *bounds), value=2))
    return opened


def _rows(wanted: int, streams: int) -> int:
    """Return how many rows hardly a stream has more than, of so many that are wanted of all."""
    mean = wanted / streams
    return math.ceil(mean + math.sqrt(mean)) + 1


def _pieces(part: Part, pages: Pages, cells: int, choose: Choose) -> Iterator[Found]:
    before = 1 if part.table.buckets else 2
    for place, found in groupby(chain.from_iterable(pages), key=_place(part)):
        named = choose(part, _named(part, (each[before:] for each in found)))
        while some := dict(islice(named, cells)):
            yield place, some


def _backwards(
    ring: Ring, part: Part, bucket: int, span: Span, size: int, cells: int, choose: Choose, columns: str
) -> Iterator[Found]:
    """Yield parts of rows from the highest on, each row read forward, for its columns go on in their order."""
    upper = span.upper
    lower = span.lower or b""
    while True:
        text = (_OPEN if upper is None else _BEHIND).format(columns="row") + _BACKWARDS + " LIMIT 1"
        bounds = [lower] if upper is None else [lower, upper]
        found = ring.ask(bound(part.table.statement(text), (integer(bucket), *bounds)))
        if not found:
            return
        upper = key = found[0][0]
        question = part.table.statement(f"SELECT {columns} FROM {{table}} WHERE {{where}}")
        pages = Pages(ring, part.table, question, part.table.key(key), size=size)
        named = choose(part, _named(part, chain.from_iterable(pages)))
        while some := dict(islice(named, cells)):
            yield key, some


def _named(part: Part, found: Iterable[Any]) -> Iterator[Any]:
    """Return what was asked for; the table is one family's, so that what is left out is of a family that is granted."""
    if part.qualifiers is None:
        return iter(found)
    wanted = frozenset(part.qualifiers)
    return (each for each in found if each[0] in wanted)
