"""Changes to cells that must be read first: explicit timestamps, several versions, whole rows.

Cells are loaded as they are touched, changed here in the caller's order, and written as they
came out.  All of it happens under the database's lock.
"""

from __future__ import annotations

from collections.abc import Iterator

from attrs import define, field
from rocksdict import Rdict, ReadOptions, WriteBatch

from cfacl.stores.rocksdb.families import Database, Held
from cfacl.stores.rocksdb.keys import END, STAMP, after, escaped, inverted, inverted_of, stamp, unescaped
from cfacl.stores.rocksdb.rows import Version

__all__ = ["Changes"]


def _below(column: Rdict, start: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield what is stored under the keys that begin with ``start``, which ends in `END`."""
    upper = after(start)  # kept alive for the iterator
    options = ReadOptions()
    options.set_iterate_upper_bound(upper)
    at = column.iter(options)
    at.seek(start)
    while (key := at.key()) is not None:
        yield key, at.value()
        at.next()
    at.status()


@define
class _Cell:
    """Versions, newest first: those on disk, and those that shall be."""

    stored: list[Version]
    versions: list[Version] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.versions = list(self.stored)

    def put(self, version: Version, keep: int) -> None:
        later = [each for each in self.versions if each[1] > version[1]]
        earlier = [each for each in self.versions if each[1] < version[1]]
        self.versions = [*later, version, *earlier][:keep]

    def delete(self, until: int | None) -> None:
        self.versions = [] if until is None else [each for each in self.versions if each[1] > until]


class Changes:
    """The cells of one family that one call changes."""

    def __init__(self, held: Held) -> None:
        self._held = held
        self._rows: dict[bytes, dict[bytes, _Cell]] = {}

    def put(self, head: bytes, qualifier: bytes, version: Version, keep: int) -> None:
        """Add a version, in place of one of the same timestamp; keep the newest ``keep``."""
        self._cell(head, qualifier).put(version, keep)

    def delete(self, head: bytes, qualifiers: tuple[bytes, ...] | None, until: int | None) -> None:
        """Remove the versions not after ``until`` (``None``: all) of the named cells, or of all of the row."""
        if qualifiers is None:
            cells = list(self._load_row(head).values())
        else:
            cells = [self._cell(head, qualifier) for qualifier in qualifiers]
        for cell in cells:
            cell.delete(until)

    @property
    def removed(self) -> int:
        """How many values there are fewer."""
        return sum(len(cell.stored) - len(cell.versions) for row in self._rows.values() for cell in row.values())

    def write(self, batch: WriteBatch, database: Database) -> None:
        """Add what came out to ``batch``."""
        newest = self._held.cells.write
        for head, row in self._rows.items():
            for qualifier, cell in row.items():
                if cell.versions[:1] != cell.stored[:1]:
                    if cell.versions:
                        value, timestamp = cell.versions[0]
                        batch.put(head + qualifier, stamp(timestamp) + value, newest)
                    else:
                        batch.delete(head + qualifier, newest)
                if cell.versions[1:] != cell.stored[1:]:
                    self._write_older(batch, database, head + escaped(qualifier) + END, cell)

    def _write_older(self, batch: WriteBatch, database: Database, start: bytes, cell: _Cell) -> None:
        older = database.keep_older(self._held).write
        stored = {timestamp: value for value, timestamp in cell.stored[1:]}
        wanted = {timestamp: value for value, timestamp in cell.versions[1:]}
        for timestamp in stored.keys() - wanted.keys():
            batch.delete(start + inverted(timestamp), older)
        for timestamp, value in wanted.items():
            if stored.get(timestamp) != value:
                batch.put(start + inverted(timestamp), value, older)

    def _cell(self, head: bytes, qualifier: bytes) -> _Cell:
        row = self._rows.setdefault(head, {})
        if qualifier not in row:
            versions: list[Version] = []
            packed = self._held.cells.read.get(head + qualifier)
            if packed is not None:
                versions.append((packed[STAMP:], int.from_bytes(packed[:STAMP], "big")))
            if self._held.older is not None:
                start = head + escaped(qualifier) + END
                versions += [(value, inverted_of(key)) for key, value in _below(self._held.older.read, start)]
            row[qualifier] = _Cell(versions)
        return row[qualifier]

    def _load_row(self, head: bytes) -> dict[bytes, _Cell]:
        stored: dict[bytes, list[Version]] = {}
        for key, packed in _below(self._held.cells.read, head):
            stored[key[len(head) :]] = [(packed[STAMP:], int.from_bytes(packed[:STAMP], "big"))]
        if self._held.older is not None:
            for key, value in _below(self._held.older.read, head):
                qualifier = unescaped(key[len(head) : -STAMP - len(END)])
                stored[qualifier].append((value, inverted_of(key)))
        row = self._rows.setdefault(head, {})
        for qualifier, versions in stored.items():
            row.setdefault(qualifier, _Cell(versions))
        return row
