"""Which versions of a cell are kept, where a family keeps more than one.

Cassandra keeps all that it is given.  So whoever puts one first looks which there are, and removes those beyond the family's
number with it.  Two who do so at once may leave one too many, which no read returns, and never remove one too many.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from cfacl.model.request import Delete, Put
from cfacl.stores.cassandra.pages import Pages
from cfacl.stores.cassandra.ring import Ring
from cfacl.stores.cassandra.tables import FamilyTable
from cfacl.stores.cassandra.values import blobs

__all__ = ["Kept", "read_kept"]

#: At most so many questions are on their way at once.
_WINDOW: Final = 64
#: What a page comes to, in bytes.
_SIZE: Final = 1 << 20


class Kept:
    """The timestamps of the cells of one row in one family, as they will be; newest first."""

    def __init__(self, cells: dict[bytes, list[int]]) -> None:
        self._cells = cells

    def put(self, qualifier: bytes, timestamp: int, number: int) -> tuple[bool, int | None]:
        """Add a version where ``number`` are kept; return whether it is one of them, and before which all go."""
        kept = self._cells.setdefault(qualifier, [])
        all_of_it = sorted({*kept, timestamp}, reverse=True)
        kept[:] = all_of_it[:number]
        return timestamp in kept, kept[-1] if len(all_of_it) > number else None

    def delete(self, qualifiers: Iterable[bytes] | None, until: int | None) -> list[bytes]:
        """Remove versions not after ``until``, or all; return the qualifiers that this is about."""
        gone = list(self._cells if qualifiers is None else qualifiers)
        for each in gone:
            self._cells[each] = [] if until is None else [t for t in self._cells.get(each, ()) if t > until]
        return gone


def read_kept(ring: Ring, rows: Sequence[tuple[FamilyTable, bytes, Sequence[Put | Delete]]]) -> list[Kept]:
    """Return what is there of rows, of each as much as its changes need to know."""
    asked: list[Pages | None] = []
    for number, each in enumerate(rows):
        if number >= _WINDOW and (earlier := asked[number - _WINDOW]) is not None:
            earlier.wait()
        asked.append(_ask(ring, *each))
    found = []
    for pages in asked:
        cells: dict[bytes, list[int]] = {}
        for page in pages or ():
            for qualifier, timestamp in page:
                if timestamp >= 0:  # else a guard
                    cells.setdefault(qualifier, []).append(timestamp)
        found.append(Kept(cells))
    return found


def _ask(ring: Ring, table: FamilyTable, key: bytes, changes: Sequence[Put | Delete]) -> Pages | None:
    if any(isinstance(each, Delete) and each.qualifiers is None and each.timestamp is not None for each in changes):
        statement = table.statement("SELECT q, t FROM {table} WHERE {where}")
        values = table.key(key)
    else:
        named = sorted({name for each in changes if isinstance(each, Put) for name in each.values})
        if not named:
            return None
        statement = table.statement("SELECT q, t FROM {table} WHERE {where} AND q IN ?")
        values = (*table.key(key), blobs(named))
    return Pages(ring, table, statement, values, size=_SIZE, value=None)
