"""What a store decides by what it holds: counters, and changes under a condition."""

from __future__ import annotations

from collections.abc import Mapping

from cfacl.api.access import Access
from cfacl.api.arguments import cell_value, row_key
from cfacl.engine.ask import Pinned
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Snapshot
from cfacl.errors import RequestError
from cfacl.model.action import READ, WRITE
from cfacl.model.counter import counter

__all__ = ["Decided", "whole_column"]


class Decided(Pinned):
    """One table, and what is read and changed of it at once."""

    __slots__ = ("_access",)

    def __init__(self, access: Access) -> None:
        self._access = access

    @property
    def name(self) -> str:
        """The table's name."""
        return self._access.table

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


def whole_column(snapshot: Snapshot, table: str, name: bytes) -> tuple[bytes, int, bytes]:
    """Take a column name apart that must have a qualifier; raises as `parse_column`."""
    family, bit, qualifier = snapshot.column(table, name)
    if qualifier is None:
        raise RequestError('a family is named where one column is meant; write `b"family:qualifier"`')
    return family, bit, qualifier
