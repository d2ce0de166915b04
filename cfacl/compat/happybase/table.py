"""happybase's `Table`, over the native one: its arguments, their order and checks, and what it makes of text."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Collection, Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from cfacl.api.row import Row
from cfacl.api.session import Session
from cfacl.api.table import Table as Native
from cfacl.compat.happybase.batch import Batch
from cfacl.compat.happybase.failures import telling, telling_later
from cfacl.compat.happybase.families import described
from cfacl.compat.happybase.util import ensure_bytes
from cfacl.compat.happybase.wire import (
    at_least_one,
    columns_of,
    data_of,
    decoded,
    durable_of,
    encoded,
    names_of,
    stamped,
    time_of,
    whole,
)
from cfacl.engine.pinned import Pinned
from cfacl.filters.tree import Filter

if TYPE_CHECKING:
    from cfacl.compat.happybase.connection import Connection

__all__ = ["SortedRow", "Table"]


class SortedRow(OrderedDict[bytes, Any]):
    """A row whose columns come in their order.

    Attributes:
        withheld: as that of `cfacl.Row`.
    """

    withheld: frozenset[str] = frozenset()

    def copy(self) -> SortedRow:
        """Return a shallow copy, ``withheld`` included."""
        made = SortedRow(self)
        made.withheld = self.withheld
        return made

    __copy__ = copy

    def __repr__(self) -> str:
        return f"SortedRow({dict(self)}, withheld={sorted(self.withheld)})"


class Table(Pinned):
    """A table of a connection, for whoever is said to ask at the time of each call.

    Row keys, columns and values are bytes, or text, which becomes UTF-8; rows that are returned are `cfacl.Row`.  A read that
    names no columns, or an empty list of them, returns what is granted; everything else is strict.  ``b"family:"`` is the
    column with the empty qualifier, as HBase has it.

    Every method raises what those of `cfacl.Table` do, after happybase's own checks; see `Connection`.

    Attributes:
        name: its whole name, as bytes.
        connection: the connection that made it.
    """

    def __init__(self, name: str | bytes, connection: Connection) -> None:
        self.name = ensure_bytes(name)
        self.connection = connection
        self._last: tuple[Session | None, Native | None] = (None, None)

    def __repr__(self) -> str:
        return f"<{type(self).__module__}.{type(self).__name__} name={self.name!r}>"

    def _asked(self) -> Native:
        """Return the native table of whoever asks now."""
        session = self.connection._session()
        before, native = self._last
        if before is not session or native is None:
            native = session.table(self._known_name())
            self._last = session, native
        return native

    def _known_name(self) -> str:
        return decoded(self.name)

    @telling
    def families(self) -> dict[bytes, dict[str, Any]]:
        """Return what the policy says of each family: ``max_versions`` and ``time_to_live`` in seconds.

        Raises:
            SchemaMissing: the store has no such table.
        """
        families = self.connection._administered().families(self._known_name())
        return {name.encode(): described(each) for name, each in families.items()}

    def _number_of_families(self) -> int:
        """Return how many families the deletion of a row names; the store is not asked."""
        return len(self.connection._administered().catalog.tables[self._known_name()].families)

    @telling
    def regions(self) -> list[dict[str, Any]]:
        """Return the pieces of the table; it needs `admin` on all families, for where one ends is a row key."""
        return [each._asdict() for each in self.connection._administered().regions(self._known_name())]

    @telling
    def row(
        self,
        row: str | bytes,
        columns: Iterable[Any] | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
    ) -> Row[Any]:
        """Return a row; empty where there is none, or none of what is granted.

        Args:
            columns: a tuple or list of columns and families.
            timestamp: only cells older than this, in milliseconds since 1970; the newest of those.
            include_timestamp: return (value, timestamp) for each cell.

        Raises:
            TypeError: ``columns`` is something else, or ``timestamp`` is no integer.
        """
        names, before = columns_of(columns), time_of(timestamp)
        return self._asked().row(encoded(row), names, before, include_timestamp=stamped(include_timestamp))

    @telling
    def rows(
        self,
        rows: Collection[str | bytes],
        columns: Iterable[Any] | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
    ) -> list[tuple[bytes, Row[Any]]] | dict[bytes, Any]:
        """Return (key, row) for each key that has a granted cell; for no keys an empty dict.  Otherwise as `row`."""
        names = columns_of(columns)
        if not rows:
            self._asked().rows([], names)
            return {}
        before = time_of(timestamp)
        keys: Any = rows if isinstance(rows, (str, bytes)) else [encoded(each) for each in rows]
        return self._asked().rows(keys, names, before, include_timestamp=stamped(include_timestamp))

    @telling
    def cells(
        self,
        row: str | bytes,
        column: str | bytes,
        versions: int | None = None,
        timestamp: int | None = None,
        include_timestamp: bool = False,
    ) -> list[Any]:
        """Return the kept versions of one cell, newest first; at most ``versions``, older than ``timestamp``.

        Raises:
            TypeError: ``versions`` or ``timestamp`` is no integer.
            ValueError: ``versions`` is below 1.
        """
        if versions is not None:
            if not isinstance(versions, int):
                raise TypeError(f"`versions` is an int or None, not {type(versions).__name__}")
            if versions < 1:
                raise ValueError("`versions` is at least 1, or None")
        before = time_of(timestamp)
        return self._asked().cells(
            encoded(row), encoded(column), whole(versions), before, include_timestamp=stamped(include_timestamp)
        )

    @telling
    def scan(
        self,
        row_start: str | bytes | None = None,
        row_stop: str | bytes | None = None,
        row_prefix: str | bytes | None = None,
        columns: Iterable[Any] | None = None,
        filter: str | bytes | Filter | None = None,  # noqa: A002  # happybase's name of it
        timestamp: int | None = None,
        include_timestamp: bool = False,
        batch_size: int = 1000,
        scan_batching: int | None = None,
        limit: int | None = None,
        sorted_columns: bool = False,
        reverse: bool = False,
    ) -> Generator[tuple[bytes, Any], None, None]:
        """Return (key, row) in key order, as a generator, for whoever asks now; see `cfacl.Table.scan`.

        Args:
            row_start, row_stop: the first key, and the end, which is left out; in ``reverse`` the first is the higher.
            row_prefix: what keys start with; instead of the two.
            filter: in HBase's language.
            batch_size: how many rows are fetched at a time.
            scan_batching: at most so many cells in each row.
            limit: how many rows are returned at most.
            sorted_columns: return each row as a `SortedRow`.
            columns, timestamp, include_timestamp: as `row`.

        Raises:
            ValueError: a number is below 1.
            TypeError: one is no integer, or a prefix and a start or stop are given.
            NotImplementedError: the connection's ``compat`` lacks it.
        """
        size = at_least_one("batch_size", batch_size)
        most = None if limit is None else at_least_one("limit", limit)
        cells = None if scan_batching is None else at_least_one("scan_batching", scan_batching)
        compat = self.connection.compat
        for name, asked, since in (("sorted_columns", sorted_columns, "0.96"), ("reverse", reverse, "0.98")):
            if asked and compat < since:
                raise NotImplementedError(f"`{name}` is for HBase {since} and later, and `compat` is {compat}")
        if row_prefix is not None and (row_start is not None or row_stop is not None):
            raise TypeError("`row_prefix` can't be used with `row_start` or `row_stop`")
        if filter is not None and compat == "0.90":
            raise NotImplementedError("`filter` is for HBase 0.92 and later, and `compat` is 0.90")
        found = self._asked().scan(
            encoded(row_start),
            encoded(row_stop),
            row_prefix=encoded(row_prefix),
            columns=None if columns in ([], ()) else names_of(columns),
            filter=filter,
            timestamp=whole(timestamp),
            include_timestamp=stamped(include_timestamp),
            batch_size=size,
            limit=most,
            reverse=bool(reverse),
            scan_batching=cells,
        )
        return telling_later(_while_open(self.connection, found, sorted_columns=sorted_columns))

    @telling
    def put(self, row: str | bytes, data: Mapping[Any, Any], timestamp: int | None = None, wal: bool = True) -> None:
        """Write values by column name, at ``timestamp`` (at most 5 s ahead of the clock) or now; of no columns, nothing.

        Args:
            wal: whether it is on the disk when this returns, where the database says so; ``durable=False`` otherwise.

        Raises:
            TypeError: ``timestamp`` is no integer.
        """
        stamp, values = time_of(timestamp), data_of(data)
        native = self._asked()
        if values != {}:
            native.put(encoded(row), values, stamp, durable=durable_of(wal))

    @telling
    def delete(
        self,
        row: str | bytes,
        columns: Iterable[Any] | None = None,
        timestamp: int | None = None,
        wal: bool = True,
    ) -> None:
        """Delete columns or families of a row, or (``None``) the whole row; of no columns, nothing.

        Args:
            timestamp: only versions not after it.
            wal: as `put`.

        Raises:
            TypeError: ``timestamp`` is no integer.
        """
        stamp, names = time_of(timestamp), names_of(columns)
        native = self._asked()
        if names != []:
            native.delete(encoded(row), names, stamp, durable=durable_of(wal))

    def batch(
        self, timestamp: int | None = None, batch_size: int | None = None, transaction: bool = False, wal: bool = True
    ) -> Batch:
        """Return a batch of changes for whoever asks now, for use as a context manager; see `Batch`."""
        return Batch(self, timestamp, batch_size, transaction, wal)

    @telling
    def counter_get(self, row: str | bytes, column: str | bytes) -> int:
        """Return a counter, 0 where there is none; it needs `read`, and writes nothing."""
        return self._asked().counter_get(encoded(row), encoded(column))

    @telling
    def counter_set(self, row: str | bytes, column: str | bytes, value: int = 0) -> None:
        """Set a counter to a signed 64-bit integer; it needs `write`."""
        self._asked().counter_set(encoded(row), encoded(column), whole(value))

    @telling
    def counter_inc(self, row: str | bytes, column: str | bytes, value: int = 1) -> int:
        """Add to a counter, atomically, and return it; it needs `read` and `write`."""
        return self._asked().counter_inc(encoded(row), encoded(column), whole(value))

    @telling
    def counter_dec(self, row: str | bytes, column: str | bytes, value: int = 1) -> int:
        """Subtract from a counter; otherwise as `counter_inc`."""
        return self._asked().counter_dec(encoded(row), encoded(column), whole(value))

    @telling
    def check_and_put(
        self,
        row: str | bytes,
        column: str | bytes,
        value: str | bytes | None,
        data: Mapping[Any, Any],
        wal: bool = True,
    ) -> bool:
        """Put ``data`` if a cell holds ``value`` (``None``: nothing), atomically; return whether it did.

        It needs `read` on the cell's family and `write` on those of ``data``.  happybase has nothing of the kind.
        """
        return self._asked().compare_and_set(
            encoded(row), encoded(column), encoded(value), data_of(data), durable=durable_of(wal)
        )

    @telling
    def check_and_delete(
        self,
        row: str | bytes,
        column: str | bytes,
        value: str | bytes | None,
        columns: Iterable[Any] | None = None,
        wal: bool = True,
    ) -> bool:
        """Delete columns, or (``None``) the row, if a cell holds ``value``, atomically; otherwise as `check_and_put`.

        It needs `delete` on what goes.
        """
        names = names_of(columns)
        return self._asked().compare_and_delete(
            encoded(row), encoded(column), encoded(value), names, durable=durable_of(wal)
        )


def _while_open(
    connection: Connection, found: Generator[tuple[bytes, Row[Any]], None, None], *, sorted_columns: bool
) -> Generator[tuple[bytes, Any], None, None]:
    """Yield what a scan does, as happybase has it, as long as its connection is open."""
    try:
        for key, row in found:
            connection._confirm_open()
            if sorted_columns:
                made = SortedRow(row)
                made.withheld = row.withheld
                yield key, made
            else:
                yield key, row
    finally:
        found.close()
