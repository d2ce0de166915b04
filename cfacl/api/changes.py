"""Changes to rows: copied when they are given, taken apart by the names of the catalog that decides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cfacl.api.arguments import cell_value, column_names, row_key, time_of_change
from cfacl.engine.ask import find_table
from cfacl.engine.selection import Want, select
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import DELETE, WRITE
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put

#: The families of a table, under their names as column names begin; filled in once they are granted.
Stored = Mapping[bytes, StoredFamily]
#: What a change does in each family: values by qualifier, or the qualifiers to delete (`None`: all).
Parts = dict[bytes, Any]


class PutChange:
    """A put, copied.

    Raises:
        InvalidKey, InvalidValue: from the checks in `arguments`.
        RequestError: ``data`` is no dict, or empty.
    """

    __slots__ = ("cells", "key", "timestamp")

    def __init__(self, row: object, data: object, timestamp: object, clock: Callable[[], int]) -> None:
        self.key = row_key(row)
        if not isinstance(data, Mapping):
            raise RequestError(f"data is a dict of values by column name, not {type(data).__name__}")
        if not data:
            raise RequestError("nothing to put; name at least one column")
        self.cells = tuple([(name, cell_value(value)) for name, value in data.items()])
        self.timestamp = None if timestamp is None else time_of_change(timestamp, clock)

    def group(self, snapshot: Snapshot, table: str) -> tuple[Want, Parts]:
        """Return what must be granted, and the values by family and qualifier.

        Raises:
            UnknownTable, UnknownFamily, UnknownColumn, InvalidValue: from `parse_column`.
            RequestError: a family is named without a qualifier.
        """
        known = snapshot.columns.get(table, {})
        families: dict[bytes, dict[bytes, bytes]] = {}
        for name, value in self.cells:
            family, _, qualifier = known.get(name) or snapshot.column(table, name)
            if qualifier is None:
                raise RequestError('a put names whole columns; write `b"family:qualifier"`')
            if family in families:
                families[family][qualifier] = value
            else:
                families[family] = {qualifier: value}
        return (WRITE, table, tuple(families), True), families

    def mutation(self, parts: Parts, stored: Stored) -> Mutation:
        """Return what the store is to do."""
        return Mutation(
            self.key, tuple([Put(stored[name], values, self.timestamp) for name, values in parts.items()])
        )


class DeleteChange:
    """A deletion of columns, families or (``None``) a whole row, copied.  Raises as `PutChange`."""

    __slots__ = ("columns", "key", "timestamp")

    def __init__(
        self, row: object, columns: Iterable[bytes] | None, timestamp: object, clock: Callable[[], int]
    ) -> None:
        self.key = row_key(row)
        self.columns = column_names(columns)
        if self.columns is not None and not self.columns:
            raise RequestError("`columns` is empty; leave it out to delete the row")
        self.timestamp = time_of_change(timestamp, clock)

    def group(self, snapshot: Snapshot, table: str) -> tuple[Want, Parts]:
        """Return what must be granted, and the qualifiers by family (``None``: all of it).  Raises as `PutChange`."""
        families = select(find_table(snapshot.bits, table), self.columns).qualifiers
        return (DELETE, table, None if self.columns is None else tuple(families), True), families

    def mutation(self, parts: Parts, stored: Stored) -> Mutation:
        """Return what the store is to do."""
        return Mutation(
            self.key,
            tuple(
                [
                    Delete(stored[name], None if qualifiers is None else tuple(sorted(qualifiers)), self.timestamp)
                    for name, qualifiers in parts.items()
                ]
            ),
        )


Change = PutChange | DeleteChange
