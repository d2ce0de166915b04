"""The pages of one answer.

Each is a question of its own, at the place where the one before ended, so that pages can be made as large as their cells
allow: a page of cells is counted, and memory is taken by bytes.  The place is the driver's *paging state*, which is not
signed; it goes back to where it came from, and to nobody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final

from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.tables import FamilyTable

__all__ = ["Pages"]

#: The most cells of a page, and how many times as large as the one before it may be.
_MOST: Final = 5_000
_GROWTH: Final = 4
#: What a cell takes beside its value, in bytes.
_BESIDE: Final = 64


class Pages:
    """An iterator over pages, lists of tuples.  The first is asked for at once, and each other when the one before is taken.

    Args:
        table: what is asked; it keeps how large its cells are.
        size: what each page should come to, in bytes.
        most: the most cells of the first page.
        value: where the value stands in a tuple.
    """

    def __init__(
        self,
        ring: Ring,
        table: FamilyTable,
        statement: Any,
        values: Sequence[object],
        *,
        size: int,
        most: int = _MOST,
        value: int = 1,
    ) -> None:
        self._ring = ring
        self._table = table
        self._bound = statement.bind(values)
        self._cells = max(1, min(most, size // table.cell))
        self._size = size
        self._value = value
        self._future: Any = None
        self._ask(None)

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        while self._future is not None:
            yield self._take()

    def wait(self) -> None:
        """Return when the page that was asked for is there, or failed."""
        if self._future is not None:
            self._future._event.wait()  # noqa: SLF001  # its result would raise, which is for whoever takes the page

    def _take(self) -> list[tuple[Any, ...]]:
        future, self._future = self._future, None
        answer = self._ring.end(future)
        page: list[tuple[Any, ...]] = answer.current_rows
        state = answer.paging_state
        if state is not None:
            if page:
                at = self._value
                self._table.cell = sum([len(each[at] or b"") for each in page]) // len(page) + _BESIDE
                self._cells = max(1, min(self._cells * _GROWTH, self._size // self._table.cell, _MOST))
            self._ask(state)
        return page

    def _ask(self, state: bytes | None) -> None:
        self._bound.fetch_size = self._cells
        self._future = self._ring.begin(self._bound, paging_state=state)
