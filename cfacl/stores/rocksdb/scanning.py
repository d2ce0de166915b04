"""Scans in batches: each as of an instant of its own, or all of them as of one."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from typing import NamedTuple

from cfacl.errors import StoreUnavailable
from cfacl.model.request import Cells, Span
from cfacl.stores.rocksdb.gate import Gate
from cfacl.stores.rocksdb.keys import after, escaped, head
from cfacl.stores.rocksdb.parts import Place
from cfacl.stores.rocksdb.rows import Range, Source

__all__ = ["Instant", "Opened", "as_of", "in_batches", "range_of"]

Row = tuple[bytes, Cells]


class Opened(NamedTuple):
    """Sources that were opened at one instant, and the rows, or parts of them, that come from there."""

    sources: Sequence[Source]
    rows: Iterator[Row]


def in_batches(
    gate: Gate,
    opened: Callable[[Range, Place | None], Opened],
    span: Span,
    batch_size: int,
    left: int | None,
    *,
    whole: bool,
) -> Iterator[list[Row]]:
    """Yield batches of at most ``left`` rows, or parts of them, in all; each is opened anew, inside the gate.

    Args:
        opened: opens a range behind a place.
        whole: whether rows come whole.
    """
    keys, behind = range_of(span), None
    while size := _size(batch_size, left):
        with gate:
            rows = _first(opened, keys, behind, size)
        if rows:
            yield rows
        if len(rows) < size:
            return
        last, row = rows[-1]
        here = head(last)
        begin, end = (after(here), here) if whole else (here, after(here))
        keys = keys._replace(upper=end) if keys.reverse else keys._replace(lower=begin)
        behind = None if whole else Place(here, next(reversed(row)))
        left = None if left is None else left - size


class Instant:
    """What a scan of one instant has open.  The database can't be closed until it is over."""

    def __init__(self, opened: Opened) -> None:
        self._opened: Opened | None = opened

    def take(self, size: int, now: int) -> list[Row]:
        """Return the next rows, less what has expired ``now``.

        Raises:
            SchemaMissing: a family has been dropped.
            StoreUnavailable: it is over.
        """
        if self._opened is None:
            raise StoreUnavailable("the store was opened again during a scan of one instant; scan anew")
        for each in self._opened.sources:
            each.renew(now)
        return list(islice(self._opened.rows, size))

    def end(self) -> None:
        """Let go of the database; nobody is in `take`."""
        self._opened = None


def as_of(
    gate: Gate, instant: Instant, now: Callable[[], int], batch_size: int, left: int | None
) -> Iterator[list[Row]]:
    """Yield batches of at most ``left`` rows, or parts, in all, as they were at an instant."""
    while size := _size(batch_size, left):
        with gate:
            rows = instant.take(size, now())
        if rows:
            yield rows
        if len(rows) < size:
            return
        left = None if left is None else left - size


def _size(batch_size: int, left: int | None) -> int:
    return min(batch_size, sys.maxsize, sys.maxsize if left is None else left)


def _first(opened: Callable[[Range, Place | None], Opened], keys: Range, behind: Place | None, size: int) -> list[Row]:
    return list(islice(opened(keys, behind).rows, size))


def range_of(span: Span) -> Range:
    """Return a span as its keys are written."""
    lower, upper, reverse = span
    return Range(None if lower is None else escaped(lower), None if upper is None else escaped(upper), reverse)
