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
from cfacl.stores.cassandra.values import Value, bound

__all__ = ["Pages"]

#: The most cells of a page, and how many times as large as the one before it may be.
_MOST: Final = 5_000
_GROWTH: Final = 4
#: The cells of a first page whose size nobody knows: a row that is read in one page is seen as of one instant.
_UNSEEN: Final = 1_000
#: What a cell takes beside its value in this process, in bytes: a tuple, and objects for the key, the name and the value.
_BESIDE: Final = 200


class Pages:
    """An iterator over pages, lists of tuples.  The first is asked for at once, and each other when the one before is taken.

    A first page that is to suffice has the next one asked for when somebody needs it.

    Args:
        table: what is asked; it keeps how large its cells are.
        size: what each page should come to, in bytes.
        most: the most cells of the first page.
        unseen: the most cells of the first page, as long as nobody knows how large they are.
        suffices: whether nobody is to need more than ``most``.
        value: where the value stands in a tuple; ``None`` where none is asked for, of which nothing is learned.
    """

    __slots__ = ("_ahead", "_bound", "_cells", "_future", "_ring", "_size", "_state", "_table", "_value")

    def __init__(
        self,
        ring: Ring,
        table: FamilyTable,
        statement: Any,
        values: Sequence[Value],
        *,
        size: int,
        most: int = _MOST,
        unseen: int = _UNSEEN,
        suffices: bool = False,
        value: int | None = 1,
    ) -> None:
        self._ring = ring
        self._table = table
        self._bound = bound(statement, values)
        self._cells = max(1, min(most, _MOST, size // table.cell if table.cell and value is not None else unseen))
        self._size = size
        self._value = value
        #: whether the next page is asked for before it is needed
        self._ahead = not suffices or self._cells < most
        #: where the next page begins
        self._state: bytes | None = None
        self._bound.fetch_size = self._cells
        self._future: Any = ring.begin(self._bound)

    def __iter__(self) -> Iterator[list[tuple[Any, ...]]]:
        while self.more():
            yield self.take()

    def more(self) -> bool:
        """Whether there is a page that was not taken; the last may be empty."""
        return self._future is not None or self._state is not None

    def ask(self) -> None:
        """Ask for the next page, where there is one and nobody has."""
        if self._state is not None:
            self._bound.fetch_size = self._cells
            self._future, self._state = self._ring.begin(self._bound, paging_state=self._state), None

    def wait(self) -> None:
        """Return when the page that was asked for is there, or failed."""
        if self._future is not None:
            self._ring.wait(self._future)

    def measure(self) -> None:
        """Wait for the page that was asked for, and learn how large cells are."""
        if self._future is not None:
            before = self._table.cell
            self._table.cell = max(before, self._learn(self._ring.end(self._future).current_rows))

    def take(self) -> list[tuple[Any, ...]]:
        """Return the next page; there is one."""
        self.ask()
        future, self._future = self._future, None
        answer = self._ring.end(future)
        page: list[tuple[Any, ...]] = answer.current_rows
        self._state = answer.paging_state
        if self._state is not None:
            if page:
                self._cells = max(1, min(self._cells * _GROWTH, self._size // self._learn(page), _MOST))
            if self._ahead:
                self.ask()
            self._ahead = True  # it did not suffice
        return page

    def count(self, cells: int, rows: int) -> None:
        """Have the table keep, for those who begin, how many cells a row has."""
        if rows:
            self._table.width = -(-cells // rows)

    def _learn(self, page: list[tuple[Any, ...]]) -> int:
        """Return what a cell takes, in bytes, and have the table keep it for those who begin."""
        at = self._value
        if at is None:
            return sum([len(each[0]) for each in page]) // len(page) + _BESIDE
        if page:
            self._table.cell = sum([len(each[at] or b"") for each in page]) // len(page) + _BESIDE
        return self._table.cell
