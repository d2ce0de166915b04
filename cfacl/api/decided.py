"""What a store decides by what it holds: counters, and changes under a condition."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from cfacl.api.access import Access
from cfacl.api.arguments import cell_value, row_key
from cfacl.api.changes import Change
from cfacl.engine.ask import not_bytes
from cfacl.engine.pinned import Pinned
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import READ, WRITE
from cfacl.model.counter import counted, counter

__all__ = ["Decided"]


class Decided(Pinned):
    """One table, and what is read and changed of it at once."""

    __slots__ = ("_access",)

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def name(self) -> str:
        """The table's name."""
        return self._access.table

    def counter_get(self, row: bytes, column: bytes) -> int:
        """Return a counter, 0 where there is none; it needs `read`."""
        found = self._versions("counter_get", row, column, 1, None)
        return counted(found[0][0] if found else None)

    def counter_set(self, row: bytes, column: bytes, value: int = 0, *, durable: bool | None = None) -> None:
        """Set a counter to a signed 64-bit integer; it needs `write`.  ``durable`` as `put`."""
        packed = counter(value)
        if type(column) is not bytes:
            raise not_bytes(column)
        access = self._access
        lasting = access.durability(durable)
        access.apply_one("counter_set", access.put("counter_set", row, {column: packed}, None), lasting)

    def counter_inc(self, row: bytes, column: bytes, value: int = 1, *, durable: bool | None = None) -> int:
        """Add to a counter, atomically, and return it; it needs `read` and `write`.  ``durable`` as `put`.

        Raises:
            InvalidValue: the cell is no counter, or the sum is beyond 64 bits; nothing is written.
        """
        return self._add("counter_inc", row, column, value, durable)

    def counter_dec(self, row: bytes, column: bytes, value: int = 1, *, durable: bool | None = None) -> int:
        """Subtract from a counter; otherwise as `counter_inc`."""
        counter(value)
        return self._add("counter_dec", row, column, -value, durable)

    def _add(self, request: str, row: bytes, column: bytes, value: int, durable: bool | None) -> int:
        key = row_key(row)
        counter(value)
        access = self._access
        lasting = access.durability(durable)
        read: Want = (READ, self.name, (column,), True)
        write: Want = (WRITE, self.name, (column,), True)
        while True:
            family, _, qualifier = whole_column(access.snapshot(request, READ), self.name, column)
            plans = access.decide(request, (read, write))
            if access.stand(plans):  # the columns of a plan were taken apart by its own catalog
                return access.increment(key, plans[write].projection.stored[family], qualifier, value, lasting)

    def _versions(
        self, request: str, row: bytes, column: bytes, limit: int | None, before: int | None
    ) -> list[tuple[bytes, int]]:
        whole_column(self._access.snapshot(request, READ), self.name, column)
        return self._access.versions(request, row_key(row), column, limit, before)

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
        change = self._access.put("compare_and_set", row, data, None)
        return self._compare("compare_and_set", column, expected, change, durable)

    def compare_and_delete(
        self,
        row: bytes,
        column: bytes,
        expected: bytes | None,
        columns: Iterable[bytes] | None = None,
        *,
        durable: bool | None = None,
    ) -> bool:
        """Delete ``columns``, or the whole row, if ``column`` holds ``expected``, atomically; return whether it did.

        It needs `read` on the family of ``column`` and `delete` on what goes.  Otherwise as `compare_and_set`.
        """
        change = self._access.delete("compare_and_delete", row, columns, None)
        return self._compare("compare_and_delete", column, expected, change, durable)

    def _compare(
        self, request: str, column: bytes, expected: bytes | None, change: Change, durable: bool | None
    ) -> bool:
        if expected is not None:
            cell_value(expected)
        access = self._access
        lasting = access.durability(durable)
        read: Want = (READ, self.name, (column,), True)
        while True:
            snapshot = access.snapshot(request, READ)
            change.renew(snapshot)
            family, _, qualifier = whole_column(snapshot, self.name, column)
            plans = access.decide(request, (read, change.want))
            if plans[read].profile.snapshot is snapshot and access.stand(plans):
                condition = (plans[read].projection.stored[family], qualifier, expected)
                mutation = change.mutation(plans[change.want].projection.stored)
                return access.compare_and_set(change.key, condition, mutation, lasting)


def whole_column(snapshot: Snapshot, table: str, name: bytes) -> tuple[bytes, int, bytes]:
    """Take a column name apart that must have a qualifier; raises as `parse_column`."""
    family, bit, qualifier = snapshot.column(table, name)
    if qualifier is None:
        raise RequestError('a family is named where one column is meant; write `b"family:qualifier"`')
    return family, bit, qualifier
