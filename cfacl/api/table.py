"""A table as one session may use it; the methods and habits of happybase's `Table`."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import Any, Literal, TypedDict, overload

from cfacl.api.access import Access
from cfacl.api.arguments import cell_value, choice, column_names, flag, keys, positive, row_key, span, time_before
from cfacl.api.batch import Batch
from cfacl.api.parts import scan_parts
from cfacl.api.row import Row, make_row
from cfacl.api.uncut import confirm_instant, is_ordered, scan_uncut
from cfacl.engine.ask import Pinned, not_bytes
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import READ, WRITE
from cfacl.model.counter import counted, counter
from cfacl.model.request import Cells

Stamped = tuple[bytes, int]


class _More(TypedDict):
    batch_size: int
    limit: int | None
    before: int | None
    timestamps: bool


class Table(Pinned):
    """One table, as the session that made it may use it.

    Row keys, column names (``b"family:qualifier"``, or ``b"family"`` for all of it) and values are
    bytes; timestamps are milliseconds since 1970.  Reads that name no columns are narrow: they return
    the granted part and say what was ``withheld``.  Everything else is strict: all or `AccessDenied`.
    ``strict`` chooses the other way.

    Every method raises, before the store is asked:

    * `AccessDenied` where the policy says no, or where nothing is granted;
    * `RequestError` for what makes no sense: unknown names, invalid keys, a closed session.

    and `StoreError` where the store fails, which is never told as a denial or as a missing row.
    """

    __slots__ = ("_access",)

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def name(self) -> str:
        """The table's name."""
        return self._access.table

    def __repr__(self) -> str:
        return f"<Table {self.name}>"

    @overload
    def row(
        self,
        row: bytes,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: Literal[False] = False,
        *,
        strict: bool | None = None,
    ) -> Row[bytes]: ...
    @overload
    def row(
        self,
        row: bytes,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        *,
        include_timestamp: Literal[True],
        strict: bool | None = None,
    ) -> Row[Stamped]: ...
    def row(
        self,
        row: bytes,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
        *,
        strict: bool | None = None,
    ) -> Row[Any]:
        """Return a row; empty where there is none, or none of what is granted.

        Args:
            columns: the columns or families wanted; ``None`` for what is granted.
            timestamp: only cells older than this, the newest of those.
            include_timestamp: return (value, timestamp) for each cell.
        """
        names = None if columns is None else column_names(columns)
        before = None if timestamp is None else time_before(timestamp)
        found, withheld = self._access.get("row", (row_key(row),), names, strict, before, include_timestamp)
        made: Row[Any] = Row(found[0][1]) if found else Row()
        made.withheld = withheld
        return made

    @overload
    def rows(
        self,
        rows: Iterable[bytes],
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: Literal[False] = False,
        *,
        strict: bool | None = None,
    ) -> list[tuple[bytes, Row[bytes]]]: ...
    @overload
    def rows(
        self,
        rows: Iterable[bytes],
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        *,
        include_timestamp: Literal[True],
        strict: bool | None = None,
    ) -> list[tuple[bytes, Row[Stamped]]]: ...
    def rows(
        self,
        rows: Iterable[bytes],
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
        *,
        strict: bool | None = None,
    ) -> list[tuple[bytes, Row[Any]]]:
        """Return (key, row) for each key that has a granted cell, in the order asked.  Arguments as `row`."""
        found, withheld = self._access.get(
            "rows", keys(rows), column_names(columns), strict, time_before(timestamp), include_timestamp
        )
        return [(key, make_row(cells, withheld)) for key, cells in found]

    @overload
    def cells(
        self,
        row: bytes,
        column: bytes,
        versions: int | None = None,
        timestamp: int | None = None,
        include_timestamp: Literal[False] = False,
    ) -> list[bytes]: ...
    @overload
    def cells(
        self,
        row: bytes,
        column: bytes,
        versions: int | None = None,
        timestamp: int | None = None,
        *,
        include_timestamp: Literal[True],
    ) -> list[Stamped]: ...
    def cells(
        self,
        row: bytes,
        column: bytes,
        versions: int | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
    ) -> list[Any]:
        """Return the kept versions of one cell, newest first; at most ``versions``, older than ``timestamp``."""
        stamped = flag("include_timestamp", include_timestamp)
        whole_column(self._access.snapshot(), self.name, column)
        found = self._access.versions(row_key(row), column, positive("versions", versions), time_before(timestamp))
        return found if stamped else [value for value, _ in found]

    @overload
    def scan(
        self,
        row_start: bytes | None = None,
        row_stop: bytes | None = None,
        *,
        row_prefix: bytes | None = None,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: Literal[False] = False,
        batch_size: int = 1000,
        limit: int | None = None,
        reverse: bool = False,
        scan_batching: int | None = None,
        snapshot: bool = False,
        strict: bool | None = None,
    ) -> Generator[tuple[bytes, Row[bytes]], None, None]: ...
    @overload
    def scan(
        self,
        row_start: bytes | None = None,
        row_stop: bytes | None = None,
        *,
        row_prefix: bytes | None = None,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: Literal[True],
        batch_size: int = 1000,
        limit: int | None = None,
        reverse: bool = False,
        scan_batching: int | None = None,
        snapshot: bool = False,
        strict: bool | None = None,
    ) -> Generator[tuple[bytes, Row[Stamped]], None, None]: ...
    def scan(
        self,
        row_start: bytes | None = None,
        row_stop: bytes | None = None,
        *,
        row_prefix: bytes | None = None,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
        batch_size: int = 1000,
        limit: int | None = None,
        reverse: bool = False,
        scan_batching: int | None = None,
        snapshot: bool = False,
        strict: bool | None = None,
    ) -> Generator[tuple[bytes, Row[Any]], None, None]:
        """Return (key, row) in key order, if the store has one, as a generator; call its ``close()`` when leaving it early.

        It is decided now, not at the first row, and again before each chunk of at most 1,000 rows: what is
        granted may only shrink on the way.  Rows without a granted cell are neither returned nor counted.

        Args:
            row_start: the first key, included; in ``reverse`` the highest.
            row_stop: the end, left out.
            row_prefix: what keys start with; instead of the two.
            batch_size: how many rows are fetched at a time, at least 1.
            limit: how many rows are returned at most.
            scan_batching: at most so many cells in each row returned: one that has more comes in several, one after
                the other under the same key, its columns going on in their order.  ``limit`` and ``batch_size`` count
                these.  So a row of any width passes in little memory.
            snapshot: all of it as the store is now, whatever is written meanwhile; what expires is left out.  It ends
                with an error where anything that it reads is granted no more.  Until it ends the store keeps what was
                removed meanwhile, so close one that is left early.
            columns, timestamp, include_timestamp: as `row`.
        """
        bounds = span(row_start, row_stop, row_prefix, reverse=flag("reverse", reverse))
        stamped = flag("include_timestamp", include_timestamp)
        most = positive("limit", limit)
        size = positive("batch_size", batch_size)
        if size is None:
            raise RequestError("`batch_size` is an int of at least 1")
        before = time_before(timestamp)
        cells = positive("scan_batching", scan_batching)
        instant = flag("snapshot", snapshot)
        plan = self._access.decide_one("scan", (READ, self.name, column_names(columns), choice("strict", strict)))
        more: _More = {"batch_size": size, "limit": most, "before": before, "timestamps": stamped}
        ordered = is_ordered(self._access, plan)
        if instant:
            confirm_instant(self._access, plan)
            return _rows(scan_uncut(self._access, plan, bounds, cells=cells, ordered=ordered, snapshot=True, **more))
        if not ordered:
            return _rows(scan_uncut(self._access, plan, bounds, cells=cells, ordered=False, **more))
        if cells is not None:
            return _rows(scan_parts(self._access, plan, bounds, cells=cells, **more))
        return _rows(self._access.scan(plan, bounds, **more))

    def put(
        self, row: bytes, data: Mapping[bytes, bytes], timestamp: int | None = None, *, durable: bool | None = None
    ) -> None:
        """Write values by column name, at ``timestamp`` (at most 5 s ahead of the clock) or now.

        Args:
            durable: whether it is on the disk when this returns; ``None`` for what the database was opened with.
        """
        access = self._access
        lasting = access.durable if durable is None else access.durability(durable)
        access.apply("put", (access.put(row, data, timestamp),), lasting)

    def delete(
        self,
        row: bytes,
        columns: Iterable[bytes] | None = None,
        timestamp: int | None = None,
        *,
        durable: bool | None = None,
    ) -> None:
        """Delete columns or families of a row; the whole row (``None``) needs `delete` on every family.

        Args:
            timestamp: only versions not after it.
            durable: as `put`.
        """
        access = self._access
        access.apply("delete", (access.delete(row, columns, timestamp),), access.durability(durable))

    def batch(
        self,
        timestamp: int | None = None,
        batch_size: int | None = None,
        transaction: bool = False,
        *,
        durable: bool | None = None,
    ) -> Batch:
        """Return a batch of changes, for use as a context manager.  See `Batch`; ``durable`` as `put`."""
        access = self._access
        size = positive("batch_size", batch_size)
        lasting = access.durability(durable)
        whole = flag("transaction", transaction)
        return Batch(access, access.stamp(timestamp), size, transaction=whole, durable=lasting)

    def counter_get(self, row: bytes, column: bytes) -> int:
        """Return a counter, 0 where there is none; it needs `read`."""
        values = self.cells(row, column, 1)
        return counted(values[0] if values else None)

    def counter_set(self, row: bytes, column: bytes, value: int = 0, *, durable: bool | None = None) -> None:
        """Set a counter to a signed 64-bit integer; it needs `write`.  ``durable`` as `put`."""
        packed = counter(value)
        if type(column) is not bytes:
            raise not_bytes(column)
        self.put(row, {column: packed}, durable=durable)

    def counter_inc(self, row: bytes, column: bytes, value: int = 1, *, durable: bool | None = None) -> int:
        """Add to a counter, atomically, and return it; it needs `read` and `write`.  ``durable`` as `put`.

        Raises:
            InvalidValue: the cell is no counter, or the sum is beyond 64 bits; nothing is written.
        """
        key = row_key(row)
        counter(value)
        access = self._access
        lasting = access.durability(durable)
        read: Want = (READ, self.name, (column,), True)
        write: Want = (WRITE, self.name, (column,), True)
        while True:
            family, _, qualifier = whole_column(access.snapshot(), self.name, column)
            plans = access.decide("counter_inc", (read, write))
            if access.stand(plans):  # the columns of a plan were taken apart by its own catalog
                return access.increment(key, plans[write].projection.stored[family], qualifier, value, lasting)

    def counter_dec(self, row: bytes, column: bytes, value: int = 1, *, durable: bool | None = None) -> int:
        """Subtract from a counter; otherwise as `counter_inc`."""
        counter(value)
        return self.counter_inc(row, column, -value, durable=durable)

    def compare_and_set(
        self,
        row: bytes,
        column: bytes,
        expected: bytes | None,
        data: Mapping[bytes, bytes],
        *,
        durable: bool | None = None,
    ) -> bool:
        """Put ``data`` if ``column`` holds ``expected`` (``None``: nothing), atomically; return whether it did.

        It needs `read` on the family of ``column`` and `write` on those of ``data``.  ``durable`` as `put`.
        """
        if expected is not None:
            cell_value(expected)
        access = self._access
        lasting = access.durability(durable)
        change = access.put(row, data, None)
        read: Want = (READ, self.name, (column,), True)
        while True:
            snapshot = access.snapshot()
            change.renew(snapshot)
            family, _, qualifier = whole_column(snapshot, self.name, column)
            plans = access.decide("compare_and_set", (read, change.want))
            if plans[read].profile.snapshot is snapshot and access.stand(plans):
                condition = (plans[read].projection.stored[family], qualifier, expected)
                mutation = change.mutation(plans[change.want].projection.stored)
                return access.compare_and_set(change.key, condition, mutation, lasting)


def _rows(
    chunks: Generator[tuple[list[tuple[bytes, Cells]], frozenset[str]], None, None],
) -> Generator[tuple[bytes, Row[Any]], None, None]:
    """Yield the rows of chunks one by one."""
    try:
        for chunk, withheld in chunks:
            for key, cells in chunk:
                row: Row[Any] = Row(cells)
                row.withheld = withheld
                yield key, row
    finally:
        chunks.close()


def whole_column(snapshot: Snapshot, table: str, name: bytes) -> tuple[bytes, int, bytes]:
    """Take a column name apart that must have a qualifier; raises as `parse_column`."""
    family, bit, qualifier = snapshot.column(table, name)
    if qualifier is None:
        raise RequestError('a family is named where one column is meant; write `b"family:qualifier"`')
    return family, bit, qualifier
