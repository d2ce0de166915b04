"""A table as one session may use it; the methods and habits of happybase's `Table`."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any, Literal, TypedDict, overload

from cfacl.api.arguments import choice, column_names, flag, keys, positive, row_key, span, time_before
from cfacl.api.batch import Batch
from cfacl.api.decided import Decided
from cfacl.api.deleted import Deleted
from cfacl.api.parts import scan_parts
from cfacl.api.row import Row, make_row
from cfacl.api.scanning import scan_rows
from cfacl.api.uncut import confirm_instant, is_ordered, scan_uncut
from cfacl.engine.selection import Want
from cfacl.errors import RequestError
from cfacl.model.action import READ
from cfacl.model.request import MAX_KEY, Cells

if TYPE_CHECKING:
    from cfacl.filters.tree import Filter

Stamped = tuple[bytes, int]


class _More(TypedDict):
    batch_size: int
    limit: int | None
    before: int | None
    timestamps: bool


class Table(Decided):
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

    __slots__ = ()

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
        key = row if type(row) is bytes and 0 < len(row) <= MAX_KEY else row_key(row)  # a call that would be felt
        found, withheld = self._access.get("row", (key,), names, strict, before, include_timestamp)
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
        found = self._versions("cells", row, column, positive("versions", versions), time_before(timestamp))
        return found if stamped else [value for value, _ in found]

    @overload
    def scan(
        self,
        row_start: bytes | None = None,
        row_stop: bytes | None = None,
        *,
        row_prefix: bytes | None = None,
        columns: Iterable[bytes] | None = None,
        filter: str | bytes | Filter | None = None,
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
        filter: str | bytes | Filter | None = None,
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
        filter: str | bytes | Filter | None = None,  # noqa: A002  # happybase's name of it
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
            filter: what has to pass, in HBase's language, or as `cfacl.filters` makes it.  It sees what would be returned
                without it, the newest value of each column; columns and families that it names have to be granted,
                also where ``strict`` is False.
            batch_size: how many rows are fetched at a time, at least 1.
            limit: how many rows are returned at most.
            scan_batching: at most so many cells in each row returned: one that has more comes in several, one after
                the other under the same key, its columns going on in their order.  ``limit`` and ``batch_size`` count
                these.  So a row of any width passes in little memory; with a ``filter``, which has to see it whole, one
                row at a time does.
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
        want: Want = (READ, self.name, column_names(columns), choice("strict", strict))
        if filter is not None:
            from cfacl.api.filtered import given_filter, scan_filtered  # a sixth of `import cfacl`

            return _rows(
                scan_filtered(
                    self._access,
                    want,
                    given_filter(filter),
                    bounds,
                    size=size,
                    limit=most,
                    before=before,
                    timestamps=stamped,
                    cells=cells,
                    instant=instant,
                )
            )
        plan = self._access.decide_one("scan", want)
        more: _More = {"batch_size": size, "limit": most, "before": before, "timestamps": stamped}
        ordered = is_ordered(self._access, plan)
        if instant:
            confirm_instant(self._access, plan)
            return _rows(scan_uncut(self._access, plan, bounds, cells=cells, ordered=ordered, snapshot=True, **more))
        if not ordered:
            return _rows(scan_uncut(self._access, plan, bounds, cells=cells, ordered=False, **more))
        if cells is not None:
            return _rows(scan_parts(self._access, plan, bounds, cells=cells, **more))
        return _rows(scan_rows(self._access, plan, bounds, **more))

    def put(
        self, row: bytes, data: Mapping[bytes, bytes], timestamp: int | None = None, *, durable: bool | None = None
    ) -> None:
        """Write values by column name, at ``timestamp`` (at most 5 s ahead of the clock) or now.

        Args:
            durable: whether it is on the disk when this returns; ``None`` for what the database was opened with.
        """
        access = self._access
        lasting = access.durable if durable is None else access.durability(durable)
        access.apply_one("put", access.put("put", row, data, timestamp), lasting)

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
        change = access.delete("delete", row, columns, timestamp)
        access.apply_one("delete", change, access.durability(durable))

    def delete_where(
        self,
        filter: str | bytes | Filter,  # noqa: A002  # as `scan`
        columns: Iterable[bytes] | None = None,
        *,
        row_start: bytes | None = None,
        row_stop: bytes | None = None,
        row_prefix: bytes | None = None,
        batch_size: int = 1000,
        limit: int | None = None,
        dry_run: bool = False,
        durable: bool | None = None,
    ) -> Deleted:
        r"""Delete rows that pass a filter, or columns or families of these; return how many.

        It needs `delete` on what goes, as `delete` does, and `read` on the columns that the filter names; rows that have
        none of these are not seen, and stay.  By keys alone it sees rows of which something is granted.  A filter that is
        about more needs `read` on every family.  A row that changes between being read and being deleted is deleted as
        it is then.

        Where it fails in its midst, what it deleted is gone, and a note of the error says how many rows: call it again.
        With ``limit``, go on from ``row_start=last + b"\0"``.

        Raises:
            RequestError: the filter goes by the rows before, as `PageFilter`, so that it would let others pass then.
            Unsupported: ``columns`` of a ``limit`` of rows that come in no order.

        Args:
            columns: what is deleted of a row; ``None`` for all.
            row_start, row_stop, row_prefix: as `scan`.
            batch_size: how many rows are read, and deleted, at a time.
            limit: at most so many rows.
            dry_run: delete nothing, and return what would have been.
            durable: as `put`.
        """
        bounds = span(row_start, row_stop, row_prefix, reverse=False)
        size = positive("batch_size", batch_size)
        if size is None:
            raise RequestError("`batch_size` is an int of at least 1")
        from cfacl.api.filtered import given_filter
        from cfacl.api.removal import delete_where

        return delete_where(
            self._access,
            given_filter(filter),
            column_names(columns),
            bounds,
            size=size,
            limit=positive("limit", limit),
            dry_run=flag("dry_run", dry_run),
            durable=self._access.durability(durable),
        )

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
        return Batch(access, access.stamp("batch", timestamp), size, transaction=whole, durable=lasting)


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
