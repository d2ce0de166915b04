"""Changes to rows: copied when they are given, and taken apart by the names of a catalog."""

from __future__ import annotations

from collections.abc import Mapping

from cfacl.api.arguments import cell_value, column_names, row_key
from cfacl.engine.ask import find_table
from cfacl.engine.selection import Want, select
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import DELETE, WRITE
from cfacl.model.projection import StoredFamily
from cfacl.model.request import MAX_KEY, MAX_VALUE, Delete, Mutation, Put

#: A table's families under their names as column names begin, once they are granted.
Stored = Mapping[bytes, StoredFamily]


class PutChange:
    """A put, copied.

    Attributes:
        snapshot: the one whose catalog took the column names apart; `renew` does it by another.
        want: what must be granted.

    Raises:
        InvalidKey, InvalidValue: from the checks in `arguments`.
        UnknownFamily, UnknownColumn: the catalog lacks a name.
        RequestError: ``data`` is no dict, or empty, or names a family without a qualifier.
    """

    __slots__ = ("_parts", "key", "snapshot", "timestamp", "want")

    def __init__(self, snapshot: Snapshot, table: str, row: object, data: object, timestamp: int | None) -> None:
        self.key = row if type(row) is bytes and 0 < len(row) <= MAX_KEY else row_key(row)
        if type(data) is not dict and not isinstance(data, Mapping):
            raise RequestError(f"data is a dict of values by column name, not {type(data).__name__}")
        known = snapshot.columns.get(table, {})
        parts: dict[bytes, dict[bytes, bytes]] = {}
        last: bytes | None = None
        values: dict[bytes, bytes] = {}
        for name, value in data.items():
            family, _, qualifier = (type(name) is bytes and known.get(name)) or snapshot.column(table, name)
            if qualifier is None:
                raise RequestError('a put names whole columns; write `b"family:qualifier"`')
            if type(value) is not bytes or len(value) > MAX_VALUE:
                cell_value(value)
            if family is not last:
                last, values = family, parts.setdefault(family, {})
            values[qualifier] = value
        if not parts:
            raise RequestError("nothing to put; name at least one column")
        self.snapshot = snapshot
        self.timestamp = timestamp
        self.want: Want = (WRITE, table, tuple(parts) if len(parts) == 1 else tuple(sorted(parts)), True)
        self._parts = parts

    def renew(self, snapshot: Snapshot) -> None:
        """Hold the column names against another catalog."""
        table = self.want[1]
        for family, values in self._parts.items():
            for qualifier in values:
                snapshot.column(table, b"%b:%b" % (family, qualifier))
        self.snapshot = snapshot

    def mutation(self, stored: Stored) -> Mutation:
        """Return what the store is to do."""
        timestamp = self.timestamp
        puts = []
        for family, values in self._parts.items():  # a loop, since a comprehension is one more call
            puts.append(Put(stored[family], values, timestamp))
        return Mutation(self.key, tuple(puts))


class DeleteChange:
    """A deletion of columns, families or (``None``) a whole row, copied.  Attributes and errors as `PutChange`."""

    __slots__ = ("_columns", "_parts", "key", "snapshot", "timestamp", "want")

    def __init__(self, snapshot: Snapshot, table: str, row: object, columns: object, timestamp: int | None) -> None:
        self.key = row_key(row)
        self.timestamp = timestamp
        self._columns = column_names(columns)
        if self._columns is not None and not self._columns:
            raise RequestError("`columns` is empty; leave it out to delete the row")
        self.want: Want = (DELETE, table, None, True)
        self.renew(snapshot)

    def renew(self, snapshot: Snapshot) -> None:
        """Take the columns apart by a catalog; a whole row is all the families that it has then."""
        table = self.want[1]
        self._parts = select(find_table(snapshot.bits, table), self._columns).qualifiers
        if self._columns is not None:
            self.want = (DELETE, table, tuple(sorted(self._parts)), True)
        self.snapshot = snapshot

    def mutation(self, stored: Stored) -> Mutation:
        """Return what the store is to do."""
        return Mutation(
            self.key,
            tuple(
                [
                    Delete(stored[family], None if qualifiers is None else tuple(sorted(qualifiers)), self.timestamp)
                    for family, qualifiers in self._parts.items()
                ]
            ),
        )


Change = PutChange | DeleteChange
