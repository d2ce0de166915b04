"""Reads rows out of one family.

The upper bound of an iteration is a pointer into the bytes object that was given: the binding
neither copies nor keeps it, so whoever iterates must.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, cast

from rocksdict import RdictIter, ReadOptions

from cfacl.errors import SchemaMissing, quoted
from cfacl.model.projection import Slice
from cfacl.model.request import Cells
from cfacl.stores.rocksdb.errors import EndedEarly
from cfacl.stores.rocksdb.families import Held
from cfacl.stores.rocksdb.keys import END, STAMP, after, escaped, head, inverted_of, unescaped

__all__ = ["Range", "Source", "Version", "merged", "newest"]

Version = tuple[bytes, int]

#: How many column names of a family are remembered, and how long their qualifiers may be.
_COLUMNS: Final = 4096
_COLUMN: Final = 64


class Range(NamedTuple):
    """The keys ``lower <= key < upper``, as they are written; ``None`` for no bound."""

    lower: bytes | None = None
    upper: bytes | None = None
    reverse: bool = False


def newest(held: Held, head: bytes, qualifier: bytes, deadline: int) -> Version | None:
    """Return the newest version of one cell, if it is stamped after ``deadline``: one read, and so one instant.

    Raises:
        SchemaMissing: the family has been dropped.
    """
    packed = cast("bytes | None", held.cells.read.get(head + qualifier))
    if held.dropped:
        _confirm_held(held)
    if packed is None:
        return None
    timestamp = int.from_bytes(packed[:STAMP], "big")
    return (packed[STAMP:], timestamp) if timestamp > deadline else None


def _confirm_held(held: Held) -> None:
    if held.dropped:
        name = held.name
        raise SchemaMissing(f"family {quoted(name.family)} of table {quoted(name.table)} was dropped meanwhile")


class Source:
    """One slice of a projection, opened at one instant; for one call, on one thread."""

    def __init__(self, each: Slice, held: Held, now: int, before: int | None = None, timestamps: bool = False) -> None:
        """Of each cell the newest version is read that has not expired ``now``, with a timestamp ``before``."""
        family = each.family
        self._held = held
        self.prefix = family.prefix
        self._known = held.columns
        self._named = each.qualifiers
        self._keep = family.versions
        self._before = before
        self._timestamps = timestamps
        self._life = family.time_to_live
        self._bare = before is None and not timestamps
        self._plain = self._bare and family.time_to_live is None
        self._age(now)

    def open(self, upper: bytes | None, *, history: bool = False) -> None:
        """Open for `row` and `versions`, for keys below ``upper``; with ``history``, for more than one version.

        Raises:
            SchemaMissing: the family has been dropped.
        """
        self._upper = upper  # kept alive for the iterators
        self._options = ReadOptions()
        if upper is not None:
            self._options.set_iterate_upper_bound(upper)
        # Kept alive as well: an iterator of a family that is dropped crashes once its handle is gone.
        self._cells, older = self._held.cells.read, self._held.older
        self._versions = None if older is None or not (history or self._before is not None) else older.read
        self._newest: RdictIter = self._cells.iter(self._options)
        self._older: RdictIter | None = None if self._versions is None else self._versions.iter(self._options)
        _confirm_held(self._held)

    def open_range(self, keys: Range) -> None:
        """Open for `rows`; raises as `open` does."""
        self.open(keys.upper)
        self._range = keys
        start = keys.upper if keys.reverse else keys.lower
        items = self._cells.items(keys.reverse, start, self._options)
        self._items = cast("Iterator[tuple[bytes, bytes]]", items)

    def renew(self, now: int) -> None:
        """Leave out what has expired ``now`` of what is read from here on; raises as `open` does."""
        self._age(now)
        _confirm_held(self._held)

    def _age(self, now: int) -> None:
        # Cells stamped then, or before, have expired; what is kept of the others is no less than the edge, by its bytes.
        self.deadline = -1 if self._life is None else now - self._life
        self._edge = max(self.deadline + 1, 0).to_bytes(STAMP, "big")

    @property
    def columns(self) -> int | None:
        """How many columns were named; ``None`` for all."""
        return None if self._named is None else len(self._named)

    def look_up(self, head: bytes, cells: Cells) -> None:
        """Add the named cells of one row, each by a read of its own: most that are missing are told by a filter.

        Nothing is to be opened before; versions other than the newest are not seen.

        Raises:
            SchemaMissing: the family has been dropped.
        """
        get = self._held.cells.read.get
        for qualifier in self._named or ():
            packed = cast("bytes | None", get(head + qualifier))
            if packed is not None:
                self._add(cells, head, qualifier, packed)
        _confirm_held(self._held)

    def row(self, head: bytes, cells: Cells) -> None:
        """Add the cells of one row, by its `head`, sorted by qualifier."""
        at, known, size, plain, bare = self._newest, self._known, len(head), self._plain, self._bare
        if self._named is not None:
            for qualifier in self._named:
                at.seek(head + qualifier)
                key = at.key()
                if key == head + qualifier:
                    self._add(cells, head, qualifier, at.value())
                elif key is None:
                    at.status()
            return
        last = self._upper == after(head)  # then the bound ends the row
        at.seek(head)
        while (key := at.key()) is not None:
            if not last and not key.startswith(head):
                return
            if plain:
                qualifier = key[size:]
                cells[known.get(qualifier) or self._learn(qualifier)] = at.value()[STAMP:]
            elif bare:
                packed = at.value()
                if packed >= self._edge:
                    qualifier = key[size:]
                    cells[known.get(qualifier) or self._learn(qualifier)] = packed[STAMP:]
            else:
                self._add(cells, head, key[size:], at.value())
            at.next()
        at.status()

    def first(self, keys: Range) -> bytes | None:
        """Return the first row of a range, as it is written; ``None`` if there is none.  Opened for its upper bound."""
        at, (lower, upper, reverse) = self._newest, keys
        if not reverse:
            at.seek(lower or b"")
        elif upper is None:
            at.seek_to_last()
        else:
            at.seek_for_prev(upper)
            if at.key() == upper:
                at.prev()
        key = at.key()
        if key is None:
            at.status()
            return None
        row = key.partition(END)[0]
        return None if reverse and lower is not None and row < lower else row

    def stream(self, head: bytes, skip: bytes | None, cells: Cells) -> Iterator[bytes]:
        """Add the cells of one row behind the qualifier ``skip`` one by one, and yield the qualifier of each.

        Whoever takes them may empty ``cells`` on the way.
        """
        at, size = self._newest, len(head)
        for key in self._keys_of(head, skip):
            found: Cells = {}
            self._add(found, head, key[size:], at.value())
            if found:
                cells.update(found)
                yield key[size:]

    def _keys_of(self, head: bytes, skip: bytes | None) -> Iterator[bytes]:
        """Put the iterator on each wanted cell of one row, and yield its key."""
        at = self._newest
        if self._named is None:
            at.seek(head if skip is None else head + skip + b"\0")  # nothing sorts in between
            while (key := at.key()) is not None and key.startswith(head):
                yield key
                at.next()
            if key is None:
                at.status()
            return
        for qualifier in self._named:
            if skip is None or qualifier > skip:
                at.seek(head + qualifier)
                key = at.key()
                if key == head + qualifier:
                    yield key
                elif key is None:
                    at.status()

    def rows(self) -> Iterator[tuple[bytes, Cells]]:
        """Yield (key, cells) of the rows of the range that have cells, in the order of the range."""
        stop, _, reverse = self._range
        known, bare, plain = self._known, self._bare, self._plain and self._named is None
        named = None if self._named is None else frozenset(self._named)
        key = b""
        current: bytes | None = None
        cells: Cells = {}
        for key, packed in self._items:
            row, _, qualifier = key.partition(END)
            if row != current:
                if current is not None and cells:
                    yield unescaped(current), _ascending(cells) if reverse else cells
                    cells = {}
                current = row
                if reverse and stop is not None and row < stop:
                    return
            if plain:
                cells[known.get(qualifier) or self._learn(qualifier)] = packed[STAMP:]
            elif named is not None and qualifier not in named:
                continue
            elif not bare:
                self._add(cells, row + END, qualifier, packed)
            elif packed >= self._edge:
                cells[known.get(qualifier) or self._learn(qualifier)] = packed[STAMP:]
        self._confirm_end(key)
        if current is not None and cells:
            yield unescaped(current), _ascending(cells) if reverse else cells

    def versions(self, head: bytes, qualifier: bytes) -> Iterator[Version]:
        """Yield the versions of a cell that are wanted, newest first."""
        at = self._newest
        at.seek(head + qualifier)
        key = at.key()
        if key == head + qualifier:
            packed = at.value()
            timestamp = int.from_bytes(packed[:STAMP], "big")
            if timestamp > self.deadline:
                if self._before is None or timestamp < self._before:
                    yield packed[STAMP:], timestamp
                yield from self._versions_before(head, qualifier)
        elif key is None:
            at.status()

    def _versions_before(self, head: bytes, qualifier: bytes) -> Iterator[Version]:
        """Yield the versions of a cell that are wanted, but for its newest of all."""
        at, before = self._older, self._before
        if at is None:
            return
        start = head + escaped(qualifier) + END
        at.seek(start)
        for _ in range(self._keep - 1):
            key = at.key()
            if key is None:
                at.status()
                return
            timestamp = inverted_of(key)
            if not key.startswith(start) or timestamp <= self.deadline:
                return
            if before is None or timestamp < before:
                yield at.value(), timestamp
            at.next()

    def _add(self, cells: Cells, head: bytes, qualifier: bytes, packed: bytes) -> None:
        """Add a cell, given the newest of its versions, if one of them is wanted."""
        timestamp = int.from_bytes(packed[:STAMP], "big")
        if timestamp <= self.deadline:
            return
        found: Version | None = packed[STAMP:], timestamp
        if self._before is not None and timestamp >= self._before:
            found = next(self._versions_before(head, qualifier), None)
        if found is not None:
            cells[self._known.get(qualifier) or self._learn(qualifier)] = found if self._timestamps else found[0]

    def _learn(self, qualifier: bytes) -> bytes:
        """Return a full column name, and remember it if it is one of the first."""
        column = self.prefix + qualifier
        if len(self._known) < _COLUMNS and len(qualifier) <= _COLUMN:
            self._known[qualifier] = column
        return column

    def _confirm_end(self, last: bytes) -> None:
        """Make sure that nothing follows ``last`` (empty: that there is nothing at all), for ``items()`` ends at a damaged block as at the end.

        Raises:
            Exception: from the driver: what follows cannot be read.
            EndedEarly: it can be read now, and could not before.
        """
        at = self._newest
        lower, upper, reverse = self._range
        if last:
            at.seek(last)
            if at.valid():
                at.prev() if reverse else at.next()
        elif not reverse:
            at.seek(lower or b"")
        elif upper is not None:
            at.seek_for_prev(upper)
        else:
            at.seek_to_last()
        if at.valid():
            raise EndedEarly
        at.status()


def _ascending(cells: Cells) -> Cells:
    return dict(reversed(cells.items()))


def merged(sources: Sequence[Source], reverse: bool) -> Iterator[tuple[bytes, Cells]]:
    """Yield (key, cells) of the rows of several sources, the cells in the order of the sources."""
    streams = [each.rows() for each in sources]
    fronts = [next(each, None) for each in streams]
    read = [each.deadline for each in sources]
    first = max if reverse else min
    while keys := [front[0] for front in fronts if front is not None]:
        key = first(keys)
        row: Cells = {}
        taken: list[int] = []
        for place, front in enumerate(fronts):
            if front is not None and front[0] == key:
                if read[place] == sources[place].deadline:
                    row.update(front[1])
                else:  # it was read long ago
                    sources[place].row(head(key), row)
                taken.append(place)
        if row:
            yield key, row
        for place in taken:
            fronts[place] = next(streams[place], None)
            read[place] = sources[place].deadline
