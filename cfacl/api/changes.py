"""Changes to rows: copied and taken apart when they are given, decided when they are sent."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from cfacl.api.arguments import cell_value, column_names, row_key, time_of_change
from cfacl.engine.ask import find_table
from cfacl.engine.selection import select
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import DELETE, WRITE
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put


class Change(NamedTuple):
    """One put (values by column name) or deletion (column names, ``None`` for the whole row) of one row."""

    action: int
    key: bytes
    columns: tuple[bytes, ...] | None
    values: tuple[bytes, ...]
    timestamp: int | None


def put(row: object, data: object, timestamp: object, clock: Callable[[], int]) -> Change:
    """Return a copy of a put; ``clock`` returns nanoseconds.

    Raises:
        InvalidKey, InvalidValue: from the checks in `arguments`.
        RequestError: ``data`` is no dict, or empty.
    """
    key = row_key(row)
    if not isinstance(data, Mapping):
        raise RequestError(f"data is a dict of values by column name, not {type(data).__name__}")
    if not data:
        raise RequestError("nothing to put; name at least one column")
    values = tuple([cell_value(value) for value in data.values()])
    return Change(WRITE, key, tuple(data), values, time_of_change(timestamp, clock))


def delete(row: object, columns: Iterable[bytes] | None, timestamp: object, clock: Callable[[], int]) -> Change:
    """Return a copy of a deletion.  Raises as `put`, and for an empty list of columns."""
    names = column_names(columns)
    if names is not None and not names:
        raise RequestError("`columns` is empty; leave it out to delete the row")
    return Change(DELETE, row_key(row), names, (), time_of_change(timestamp, clock))


class Group(NamedTuple):
    """A change taken apart by family: values by qualifier for a put, qualifiers (``None``: all) for a deletion."""

    change: Change
    families: dict[bytes, dict[bytes, bytes]] | dict[bytes, set[bytes] | None]

    @property
    def columns(self) -> tuple[bytes, ...] | None:
        """The families to be decided, as column names; ``None`` for all."""
        return None if self.change.columns is None else tuple(self.families)

    def mutation(self, stored: Mapping[bytes, StoredFamily]) -> Mutation:
        """Return what the store is to do, now that the families are granted."""
        _, key, columns, _, timestamp = self.change
        if columns is None:
            return Mutation(key, tuple([Delete(each, None, timestamp) for each in stored.values()]))
        changes: list[Put | Delete] = []
        for family, cells in self.families.items():
            if isinstance(cells, dict):
                changes.append(Put(stored[family], cells, timestamp))
            else:
                changes.append(Delete(stored[family], None if cells is None else tuple(sorted(cells)), timestamp))
        return Mutation(key, tuple(changes))


def group(snapshot: Snapshot, table: str, change: Change) -> Group:
    """Take a change apart by the names of one catalog.

    Raises:
        UnknownTable, UnknownFamily, UnknownColumn, InvalidValue: from `parse_column`.
        RequestError: a put names a family without a qualifier.
    """
    if change.action == DELETE:
        return Group(change, select(find_table(snapshot.bits, table), change.columns).qualifiers)
    known = snapshot.columns.get(table, {})
    cells: dict[bytes, dict[bytes, bytes]] = {}
    for name, value in zip(change.columns or (), change.values, strict=True):
        family, _, qualifier = known.get(name) or snapshot.column(table, name)
        if qualifier is None:
            raise RequestError("a put names whole columns; write `b\"family:qualifier\"`")
        if family in cells:
            cells[family][qualifier] = value
        else:
            cells[family] = {qualifier: value}
    return Group(change, cells)
