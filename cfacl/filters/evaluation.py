"""A filter over the rows of a scan, one after the other; as HBase's server goes through them.

The server asks the filter of a row by its key, then of each value, family by family, then of the whole row.  Of a row that
does not pass by its key it asks of the values all the same, as it goes past them.  "To the next row" leaves what the row has in that family, and a filter that is done closes a family for the rest of the scan: both are
what a scanner for each family comes to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from cfacl.filters.reach import remembers
from cfacl.filters.steps import COLUMN, HINT, ROW, TAKEN, Seen, step
from cfacl.filters.tree import Filter

__all__ = ["Evaluation", "Found"]

#: A row's families in the order of their names, each with its values in the order of qualifiers, the newest first.
Found = Iterable[tuple[bytes, Iterable[Seen]]]


class Evaluation:
    """One filter in one scan; it remembers what it has seen.  Not to be shared by threads.

    Attributes:
        over: whether nothing passes any more, so that the scan can end.
    """

    def __init__(self, of: Filter, *, reverse: bool) -> None:
        self._step = step(of, reverse=reverse)
        #: whether it is asked of values that it goes past, and may remember; backwards whole rows are left out at once
        self._goes_past = not reverse and remembers(of) is not None
        self._closed: set[bytes] = set()
        self.over = self._step.done()

    def row(self, key: bytes, found: Found) -> list[Seen]:
        """Return what passes of a row, of each column the newest that does; nothing where the row does not."""
        filter_ = self._step
        if filter_.skips(key):
            if self._goes_past and not filter_.done():
                self._values(found)
                filter_.reset()
            self.over = filter_.done()
            filter_.reset()
            return []
        kept = self._values(found)
        if filter_.late:
            kept = filter_.cut(kept)
        if kept and filter_.drops():
            kept = []
        filter_.reset()
        if kept:
            self.over = filter_.done()
        return kept

    def _values(self, found: Found) -> list[Seen]:
        kept: list[Seen] = []
        for family, cells in found:
            if family not in self._closed:
                kept += self._of_family(cells)
                if self._step.done():  # the family's scanner meets its next row, and ends
                    self._closed.add(family)
        return kept

    def _of_family(self, cells: Iterable[Seen]) -> Iterator[Seen]:
        filter_ = self._step
        passed: bytes | None = None  # the column of which no older value counts
        ahead = b""  # the qualifier that the filter hinted at
        for cell in cells:
            if cell.qualifier == passed or cell.qualifier < ahead:
                continue
            if filter_.done():
                return
            code = filter_.judge(cell)
            if code == HINT:
                hint = filter_.hint(cell)
                if hint is not None:
                    ahead = hint[1]
                continue
            if code & TAKEN:
                yield filter_.changed(cell)
                passed = cell.qualifier
            if code & ROW:
                return
            if code & COLUMN:
                passed = cell.qualifier
