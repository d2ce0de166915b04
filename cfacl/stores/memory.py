"""The reference store: everything in dicts, one lock, simple enough to be obviously right.

Any visible difference of another store from this one, beyond its capabilities, is a bug.
Nothing outlives the process: each open is a fresh, empty store.
"""

from __future__ import annotations

import heapq
import sys
import threading
from bisect import bisect_left, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import ClassVar

from attrs import frozen

from cfacl.errors import Closed, InvalidValue, RequestError, SchemaMissing, Unsupported, quoted
from cfacl.model.counter import counted, counter
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cell, Cells, Delete, Mutation, Put, Span
from cfacl.stores.base import CAPABLE, Capabilities, Copied, Store, Swept, SystemTable, confirm_scan
from cfacl.stores.posture import Sign

__all__ = ["Kept", "MemoryStore", "Version", "open_store"]

#: A value with its timestamp; a cell is a list of them, newest first, no two of one timestamp.
Version = tuple[bytes, int]


class Kept:
    """What is kept of one family: its rows, each a dict of cells by qualifier, and the order of their keys.

    ``highest`` is the highest timestamp that was ever accepted, in milliseconds.
    """

    def __init__(self) -> None:
        self.rows: dict[bytes, dict[bytes, list[Version]]] = {}
        self.order: list[bytes] = []
        self.highest = 0

    def put(self, key: bytes, qualifier: bytes, version: Version, keep: int) -> None:
        if key not in self.rows:
            self.rows[key] = {}
            insort(self.order, key)
        cell = self.rows[key].setdefault(qualifier, [])
        cell[:] = [each for each in cell if each[1] != version[1]] + [version]
        cell.sort(key=lambda each: each[1], reverse=True)
        del cell[keep:]

    def delete(self, key: bytes, qualifiers: Sequence[bytes] | None, until: int | None) -> None:
        row = self.rows.get(key, {})
        for qualifier in list(row) if qualifiers is None else qualifiers:
            row[qualifier] = [each for each in row.get(qualifier, ()) if until is not None and each[1] > until]
            if not row[qualifier]:
                del row[qualifier]
        if key in self.rows and not row:
            del self.rows[key]
            del self.order[bisect_left(self.order, key)]

    def copy(self) -> Kept:
        copied = Kept()
        copied.rows = {key: {name: list(cell) for name, cell in row.items()} for key, row in self.rows.items()}
        copied.order = list(self.order)
        return copied

    def count(self) -> int:
        return sum(len(cell) for row in self.rows.values() for cell in row.values())

    def keys(self, span: Span) -> Iterator[bytes]:
        start = 0 if span.lower is None else bisect_left(self.order, span.lower)
        stop = len(self.order) if span.upper is None else bisect_left(self.order, span.upper)
        return iter(self.order[start:stop][:: -1 if span.reverse else 1])


@frozen
class _Wanted:
    """Which versions a read sees: those not expired ``now``, with a timestamp ``before``; both milliseconds."""

    now: int
    before: int | None

    def of(self, family: StoredFamily, cell: Sequence[Version]) -> list[Version]:
        return [
            (value, timestamp)
            for value, timestamp in cell[: family.versions]
            if (self.before is None or timestamp < self.before)
            and (family.time_to_live is None or timestamp + family.time_to_live > self.now)
        ]


class _SystemTable(SystemTable):
    def __init__(self, store: MemoryStore) -> None:
        self._store = store
        self._records: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        with self._store.entered():
            return self._records.get(key)

    def items(self, prefix: str) -> dict[str, bytes]:
        with self._store.entered():
            return {key: self._records[key] for key in sorted(self._records) if key.startswith(prefix)}

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        return self.compare_and_set_all({key: (expected, value)})

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        with self._store.entered():
            if any(self._records.get(key) != expected for key, (expected, _) in changes.items()):
                return False
            for key, (_, value) in changes.items():
                if value is None:
                    self._records.pop(key, None)
                else:
                    self._records[key] = value
            return True


class MemoryStore(Store):
    """A store in this process's memory; see `Store` for shapes, units and errors."""

    scheme: ClassVar[str] = "memory"

    def __init__(self, *, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.RLock()
        self._closed: str | None = None
        self._families: dict[tuple[str, str, int], Kept] = {}
        self.system = _SystemTable(self)

    @contextmanager
    def entered(self) -> Iterator[dict[tuple[str, str, int], Kept]]:
        """Hold the store still during a call, and give what it keeps, by table, family and identity.

        Raises:
            Closed: the store was closed, or belongs to the parent process.
        """
        with self._lock:
            if self._closed is not None:
                raise Closed(self._closed)
            yield self._families

    def _now(self) -> int:
        return self._clock() // 1_000_000

    def _find(self, table: str, family: StoredFamily) -> Kept:
        try:
            return self._families[table, family.name, family.identity]
        except KeyError:
            raise SchemaMissing(
                f"the store lacks family {quoted(family.name)} of table {quoted(table)}; `create_tables()` makes it"
            ) from None

    def _held(self, table: str, projection: Projection) -> list[tuple[Slice, Kept]]:
        return [(each, self._find(table, each.family)) for each in projection.slices]

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return CAPABLE

    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        with self.entered():
            if any(each.identity < 1 for each in families):
                raise RequestError("the identity of a stored family is at least 1")
            for each in families:
                self._families.setdefault((table, each.name, each.identity), Kept())

    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        with self.entered():
            for each in families:
                self._families.pop((table, each.name, each.identity), None)

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        with self.entered():
            return {
                table: frozenset((name, identity) for other, name, identity in self._families if other == table)
                for table in sorted({table for table, _, _ in self._families})
            }

    def _cell(self, table: str, key: bytes, family: StoredFamily, qualifier: bytes) -> list[Version]:
        return self._find(table, family).rows.get(key, {}).get(qualifier, [])

    def _row(self, key: bytes, held: Sequence[tuple[Slice, Kept]], wanted: _Wanted, timestamps: bool) -> Cells:
        cells: dict[bytes, Cell] = {}
        for each, family in held:
            row = family.rows.get(key, {})
            for qualifier in sorted(row):
                if each.qualifiers is None or qualifier in each.qualifiers:
                    found = wanted.of(each.family, row[qualifier])
                    if found:
                        cells[each.family.prefix + qualifier] = found[0] if timestamps else found[0][0]
        return cells

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        with self.entered():
            held = self._held(table, projection)
            wanted = _Wanted(self._now(), before)
            rows = [(key, self._row(key, held, wanted, timestamps)) for key in keys]
            return [(key, cells) for key, cells in rows if cells]

    def versions(
        self,
        table: str,
        key: bytes,
        family: StoredFamily,
        qualifier: bytes,
        *,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[tuple[bytes, int]]:
        if limit is not None and limit < 0:
            raise RequestError("a limit is not negative")
        with self.entered():
            return _Wanted(self._now(), before).of(family, self._cell(table, key, family, qualifier))[:limit]

    def scan(
        self,
        table: str,
        projection: Projection,
        span: Span,
        *,
        batch_size: int,
        limit: int | None = None,
        before: int | None = None,
        timestamps: bool = False,
        cells: int | None = None,
        snapshot: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        confirm_scan(batch_size, limit, cells)
        with self.entered():
            now = self._held(table, projection)
            frozen = [(each, family.copy()) for each, family in now] if snapshot else None

        def found(span: Span, behind: tuple[bytes, bytes] | None) -> Iterator[tuple[bytes, Cells]]:
            live = self._held(table, projection)
            held = live if frozen is None else frozen
            streams = [family.keys(span) for _, family in held]
            wanted = _Wanted(self._now(), before)
            last = None
            for key in heapq.merge(*streams, reverse=span.reverse):
                if key != last:
                    last = key
                    row = list(self._row(key, held, wanted, timestamps).items())
                    if behind is not None and behind[0] == key:
                        row = [cell for cell in row if _order(cell[0]) > _order(behind[1])]
                    step = cells or max(len(row), 1)
                    yield from ((key, dict(row[at : at + step])) for at in range(0, len(row), step))

        def batches(span: Span, left: int | None) -> Iterator[list[tuple[bytes, Cells]]]:
            behind: tuple[bytes, bytes] | None = None
            while left is None or left > 0:
                size = batch_size if left is None else min(batch_size, left)
                with self.entered():
                    rows = list(islice(found(span, behind), min(size, sys.maxsize)))
                if rows:
                    yield rows
                if len(rows) < size:
                    return
                last, row = rows[-1]
                if cells is None:
                    span = span._replace(upper=last) if span.reverse else span._replace(lower=last + b"\0")
                else:
                    behind = last, list(row)[-1]
                    span = span._replace(upper=last + b"\0") if span.reverse else span._replace(lower=last)
                left = None if left is None else left - size

        return batches(span, limit)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        with self.entered():
            now = self._now()
            for mutation in mutations:
                for change in mutation.changes:
                    self._find(table, change.family)
                    if change.timestamp is not None and not 0 <= change.timestamp < 1 << 63:
                        raise InvalidValue("a timestamp is milliseconds since 1970, from 0 to 2**63 - 1")
            for mutation in mutations:
                for change in mutation.changes:
                    family = self._find(table, change.family)
                    if isinstance(change, Delete):
                        family.delete(mutation.key, change.qualifiers, change.timestamp)
                    elif change.values:
                        stamp = max(now, family.highest) if change.timestamp is None else change.timestamp
                        family.highest = max(family.highest, stamp)
                        for qualifier, value in change.values.items():
                            family.put(mutation.key, qualifier, (value, stamp), change.family.versions)

    def _newest(self, table: str, key: bytes, family: StoredFamily, qualifier: bytes) -> bytes | None:
        found = _Wanted(self._now(), None).of(family, self._cell(table, key, family, qualifier))
        return found[0][0] if found else None

    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        with self.entered():
            for each in (*(family for family, _, _ in conditions), *(change.family for change in mutation.changes)):
                self._find(table, each)
            for family, qualifier, expected in conditions:
                if self._newest(table, key, family, qualifier) != expected:
                    return False
            self.apply(table, [mutation])
            return True

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        with self.entered():
            total = amount + counted(self._newest(table, key, family, qualifier))
            self.apply(table, [Mutation(key, (Put(family, {qualifier: counter(total)}),))])
            return total

    def flush(self) -> None:
        with self.entered():
            pass

    def posture(self) -> Iterator[Sign]:
        yield Sign("fact", "store", "in the memory of this process, and gone with it")

    def statistics(self) -> dict[str, int | str]:
        with self.entered():
            values = sum(each.count() for each in self._families.values())
            return {"values": values, "families_stored": len(self._families)}

    def reopen(self) -> None:
        with self.entered():
            pass

    def back_up(self, target: Path) -> Iterator[Copied]:
        raise Unsupported("a store in memory has no files to back up; use `rocksdb://` for what is to be kept")

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        if family.time_to_live is None:
            return
        with self.entered():
            held = self._find(family.table, family)
            deadline = self._now() - family.time_to_live
            before = held.count()
            for key in list(held.order):
                held.delete(key, None, deadline)
            swept = Swept(family.table, family.name, before, before - held.count())
        yield swept

    def close(self) -> None:
        with self._lock:
            if self._closed is None:
                self._closed = "the store is closed; open it again"
            self._families.clear()

    def abandon(self) -> None:
        self._lock = threading.RLock()  # a thread of the parent may hold the other one for ever
        self._closed = "the store was opened by the parent of this process; open it after the fork"


def _order(column: bytes) -> tuple[bytes, bytes]:
    """Return what columns are sorted by: the family, then the qualifier."""
    family, _, qualifier = column.partition(b":")
    return family, qualifier


def open_store(
    url: str,
    *,
    clock: Callable[[], int],
    read_only: bool = False,
    staleness: float = 0.0,  # noqa: ARG001  # openers take it
) -> MemoryStore:
    """Open a fresh, empty store; ``clock`` returns nanoseconds since 1970.

    Raises:
        RequestError: the URL is more than ``memory://``, or it was to be ``read_only``.
    """
    if read_only:
        raise RequestError(
            "a memory store begins empty and is in no other process, so that one to read only has nothing in it;"
            " leave out `read_only`"
        )
    if url != "memory://":
        raise RequestError(f"the memory store keeps nothing under a name; {quoted(url)} must be `memory://`")
    return MemoryStore(clock=clock)
