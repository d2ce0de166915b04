"""The records that the database keeps: a table with one partition, all of whose changes are lightweight transactions.

They are decided by all data centres together, for one identity must not be given twice.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from cassandra.query import BatchStatement, BatchType

from cfacl.errors import SchemaMissing
from cfacl.stores.base import SystemTable
from cfacl.stores.cassandra.names import RECORDS
from cfacl.stores.cassandra.ring import ITSELF, Ring

__all__ = ["Records"]

T = TypeVar("T")

_ALL: Final = 0
_THERE: Final = "SELECT table_name FROM system_schema.tables WHERE keyspace_name = ? AND table_name = ?"


class Records(SystemTable):
    """See `SystemTable`; the table is made with the first record."""

    def __init__(self, ring: Ring) -> None:
        self._ring = ring
        self._made = False
        self._table = f'"{ring.address.keyspace}".{RECORDS}'

    def get(self, key: str) -> bytes | None:
        found = self._read("SELECT v FROM {table} WHERE p = ? AND k = ?", _bytes(key))
        return found[0][0] if found else None

    def items(self, prefix: str) -> dict[str, bytes]:
        start = _bytes(prefix)
        found = self._read("SELECT k, v FROM {table} WHERE p = ? AND k >= ?", start)
        below = (each for each in found if each[0].startswith(start))
        return {key.decode("utf-8", "surrogatepass"): value for key, value in below}

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        return self.compare_and_set_all({key: (expected, value)})

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        if not changes:
            return True

        def decide() -> bool:
            batch = BatchStatement(BatchType.UNLOGGED)
            for key, (expected, value) in changes.items():
                if value is None:
                    text = "DELETE FROM {table} WHERE p = ? AND k = ? IF v = ?"
                    batch.add(self._statement(text), (_ALL, _bytes(key), expected))
                else:
                    text = "UPDATE {table} SET v = ? WHERE p = ? AND k = ? IF v = ?"
                    batch.add(self._statement(text), (value, _ALL, _bytes(key), expected))
            return self._ring.decide(self._ring.for_records(batch, read=False))

        return self._made_for(decide)

    def _read(self, text: str, key: bytes) -> list[tuple[Any, ...]]:
        if not self._is_there():
            return []
        try:
            statement = self._statement(text)
            statement.fetch_size = None  # of one instant, and so of one page
            return self._ring.ask(self._ring.for_records(statement, read=True), (_ALL, key))
        except SchemaMissing:
            self._ring.confirm_keyspace()
            return []

    def _statement(self, text: str) -> Any:
        return self._ring.prepare(text.format(table=self._table))

    def _made_for(self, change: Callable[[], T]) -> T:
        """Make a change, and the table first where it is not there, or no longer."""
        if self._is_there():
            try:
                return change()
            except SchemaMissing:  # it was
                self._made = False
        self._ring.define(
            f"CREATE TABLE IF NOT EXISTS {self._table} (p int, k blob, v blob, PRIMARY KEY ((p), k))"
            " WITH comment = 'what cfacl knows of its families'"
        )
        return change()

    def _is_there(self) -> bool:
        """Whether there is the table; it is asked before it is tried, for the driver logs each statement that fails."""
        if not self._made:
            self._made = bool(
                self._ring.ask(self._ring.prepare(_THERE, ITSELF), (self._ring.address.keyspace, RECORDS))
            )
            if not self._made:
                self._ring.confirm_keyspace()
        return self._made


def _bytes(key: str) -> bytes:
    return key.encode("utf-8", "surrogatepass")
