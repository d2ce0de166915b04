"""Whole rows of many streams, put together a run at a time: all those of which no stream has more to say.

Each page is made to rows as it comes, while the cluster is at the next.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from cfacl.model.request import Cells
from cfacl.stores.cassandra.pages import Pages

__all__ = ["Found", "Gather", "Stream", "merged"]

#: Where a row stands in its stream, by its key or by the ring; and its cells, or some of them, in their order.
Found = tuple[Any, Cells]
#: Makes tuples of a family, of whole rows, to rows by place, in their order; some may have no cells.
Gather = Callable[[Sequence[Any]], dict[Any, Cells]]


class Stream:
    """The rows of one stream, of whose last page the last row may lack cells as long as there are more."""

    __slots__ = ("_cells", "_gather", "_left", "_pages", "_place", "_places", "_reverse")

    def __init__(self, pages: Pages, place: Callable[[Any], Any], gather: Gather, *, reverse: bool) -> None:
        """Say by ``place`` where a tuple's row stands."""
        self._pages = pages
        self._place = place
        self._gather = gather
        self._reverse = reverse
        self._places: list[Any] = []
        self._cells: list[Cells] = []
        #: tuples of the last row
        self._left: list[Any] = []

    def has(self) -> bool:
        """Whether a whole row is there."""
        return bool(self._places)

    def lacks(self) -> bool:
        """Whether there is none yet."""
        return not self._places and self._pages.more()

    def ask(self) -> None:
        """Have its next page come."""
        self._pages.ask()

    def fill(self) -> None:
        """Take its next page; there is one, and no whole row."""
        page = self._pages.take()
        found = self._left + page if self._left else page
        whole = self._last_row(found) if self._pages.more() else len(found)
        rows = self._gather(found[:whole])
        self._pages.count(whole, len(rows))
        self._places, self._cells = list(rows), list(rows.values())
        self._left = found[whole:]

    @property
    def end(self) -> Any:
        """Where the last whole row stands."""
        return self._places[-1]

    def take(self, bound: Any) -> tuple[list[Any], list[Cells]]:
        """Return the rows up to a place, where they stand and their cells, and keep the rest."""
        low, high = 0, len(self._places)
        while low < high:
            middle = (low + high) // 2
            at = self._places[middle]
            if at >= bound if self._reverse else at <= bound:
                low = middle + 1
            else:
                high = middle
        taken = self._places[:low], self._cells[:low]
        self._places, self._cells = self._places[low:], self._cells[low:]
        return taken

    def _last_row(self, found: list[Any]) -> int:
        """Return where the last row begins."""
        if not found:
            return 0
        last = self._place(found[-1])
        begin = 0 if self._place(found[0]) == last else len(found) - 1
        while begin and self._place(found[begin - 1]) == last:
            begin -= 1
        return begin


def merged(streams: Sequence[Stream], *, reverse: bool) -> Iterator[Iterator[Found]]:
    """Yield the rows of all streams in their order; of a row the cells of the first stream come first."""
    while True:
        while lacking := [each for each in streams if each.lacks()]:
            for each in lacking:  # all at once, before one is waited for
                each.ask()
            for each in lacking:
                each.fill()
        streams = [each for each in streams if each.has()]
        if not streams:
            return
        ends = [each.end for each in streams]
        bound = max(ends) if reverse else min(ends)
        rows: dict[Any, Cells] = {}
        for each in streams:
            places, cells = each.take(bound)
            if rows.keys().isdisjoint(places):
                rows.update(zip(places, cells, strict=True))
            else:  # they are of another family
                for place, some in zip(places, cells, strict=True):
                    rows.setdefault(place, {}).update(some)
        order = sorted(rows, reverse=reverse)
        yield zip(order, map(rows.__getitem__, order), strict=True)
