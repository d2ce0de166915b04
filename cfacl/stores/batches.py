"""Rows as they come from a server, put together to batches, or parts, of the sizes that were asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator

from cfacl.model.request import Cells

__all__ = ["as_they_come", "batches"]


def batches(
    read: Callable[[int], list[tuple[bytes, Cells]]],
    close: Callable[[], None],
    batch_size: int,
    limit: int | None,
    cells: int | None,
) -> Iterator[list[tuple[bytes, Cells]]]:
    """Yield full batches, and a last one, of what ``read`` returns until that is nothing; empty rows are left out."""
    parts = _Parts(cells)
    left = limit
    try:
        while left is None or left > 0:
            size = batch_size if left is None else min(batch_size, left)
            while len(parts.whole) < size:
                found = read(size - len(parts.whole))
                if not found:
                    parts.end()
                    break
                parts.add(found)
            batch, parts.whole = parts.whole[:size], parts.whole[size:]
            if batch:
                yield batch
            if len(batch) < size:
                return
            left = None if left is None else left - size
    finally:
        close()


def as_they_come(
    read: Callable[[int], list[tuple[bytes, Cells]]], close: Callable[[], None], batch_size: int
) -> Iterator[list[tuple[bytes, Cells]]]:
    """Yield what ``read`` returns at once, however little, in batches of at most so many rows, until that is nothing."""
    try:
        while found := read(batch_size):
            rows = [each for each in found if each[1]]
            yield from (rows[first : first + batch_size] for first in range(0, len(rows), batch_size))
    finally:
        close()


class _Parts:
    """Rows, or parts of at most so many cells: put together anew, since what is left out makes the server's too short."""

    def __init__(self, cells: int | None) -> None:
        self.whole: list[tuple[bytes, Cells]] = []
        self._cells = cells
        self._key = b""
        self._pending: Cells = {}

    def add(self, found: Iterable[tuple[bytes, Cells]]) -> None:
        if self._cells is None:
            self.whole += [each for each in found if each[1]]
            return
        for key, cells in found:
            if key != self._key:
                self.end()
                self._key = key
            for column, cell in cells.items():
                self._pending[column] = cell
                if len(self._pending) == self._cells:
                    self.end()

    def end(self) -> None:
        if self._pending:
            self.whole.append((self._key, self._pending))
            self._pending = {}
