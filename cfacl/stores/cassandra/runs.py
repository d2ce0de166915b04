"""Whole rows of many streams, put together a run at a time: all those of which no stream has more to say.

What is ahead stays as the driver's tuples, in which Python's garbage collection has nothing to look for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cfacl.model.request import Cells
from cfacl.stores.cassandra.pages import Pages

__all__ = ["Found", "Gather", "Stream", "merged"]

#: Where a row stands in its stream, by its key or by the ring; and its cells, or some of them, in their order.
Found = tuple[Any, Cells]
#: Adds tuples of a family, whole rows of them, to the cells of rows by place.
Gather = Callable[[dict[Any, Cells], Sequence[Any]], None]


class Stream:
    """The tuples of one stream, of which the last row may lack some as long as there are more pages."""

    __slots__ = ("_found", "_pages", "_place", "_reverse", "_whole")

    def __init__(self, pages: Pages, place: Callable[[Any], Any], *, reverse: bool) -> None:
        """Say by ``place`` where a tuple's row stands."""
        self._pages = pages
        self._place = place
        self._reverse = reverse
        self._found: list[Any] = []
        #: how many tuples are of whole rows
        self._whole = 0

    def fill(self) -> bool:
        """Return whether there is a whole row, once that is known."""
        while not self._whole and self._pages.more():
            page = self._pages.take()
            self._found = self._found + page if self._found else page
            self._whole = self._last_row() if self._pages.more() else len(self._found)
        return bool(self._whole)

    @property
    def end(self) -> Any:
        """Where the last whole row stands."""
        return self._place(self._found[self._whole - 1])

    def take(self, bound: Any) -> list[Any]:
        """Return the tuples of whole rows up to a place, and keep the rest."""
        low, high = 0, self._whole
        while low < high:
            middle = (low + high) // 2
            at = self._place(self._found[middle])
            if at >= bound if self._reverse else at <= bound:
                low = middle + 1
            else:
                high = middle
        taken = self._found[:low]
        self._found = self._found[low:]
        self._whole -= low
        return taken

    def _last_row(self) -> int:
        """Return where the last row begins."""
        if not self._found:
            return 0
        last = self._place(self._found[-1])
        begin = 0 if self._place(self._found[0]) == last else len(self._found) - 1
        while begin and self._place(self._found[begin - 1]) == last:
            begin -= 1
        return begin


def merged(streams: Sequence[tuple[Gather, Stream]], *, reverse: bool) -> Iterator[Iterator[Found]]:
    """Yield the rows of all streams in their order; some have no cells.

    Args:
        streams: with what gathers their tuples; of a row the cells of the first come first.
    """
    while True:
        left = [(gather, each) for gather, each in streams if each.fill()]
        if not left:
            return
        ends = [each.end for _, each in left]
        bound = max(ends) if reverse else min(ends)
        rows: dict[Any, Cells] = {}
        for gather, each in left:
            gather(rows, each.take(bound))
        yield _ordered(rows, reverse=reverse)


def _ordered(rows: dict[Any, Cells], *, reverse: bool) -> Iterator[Found]:
    return ((place, rows[place]) for place in sorted(rows, reverse=reverse))
