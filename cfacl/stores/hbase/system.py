"""The records that the database keeps: a table of their own, one row for each.

Thrift can compare and put, and not compare and delete.  So a record that was removed stays, and says that it is none.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any, Final, TypeVar

from cfacl.errors import SchemaMissing, StoreContractError
from cfacl.stores.base import SystemTable
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import ColumnDescriptor, PutCell, TScan
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import RECORDS
from cfacl.stores.hbase.schema import make

__all__ = ["Records"]

T = TypeVar("T")

_FAMILY: Final = b"record"
_COLUMN: Final = b"record:value"
#: What a row's key begins with, for a record may have no name and a row must have a key.
_KEY: Final = b"r"
#: What a value begins with, or is: an empty one and none are the same where HBase compares.
_SOME: Final = b"="
_NONE: Final = b"-"
_PAGE: Final = 1_000
#: What rows begin with, no records', that are written to see what time it is there.
_CLOCK: Final = b"clock"


class Records(SystemTable):
    """See `SystemTable`; the table is made with the first record."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._table = (gateway.address.prefix + RECORDS).encode("ascii")

    def get(self, key: str) -> bytes | None:
        return _value(self._raw(key))

    def items(self, prefix: str) -> dict[str, bytes]:
        start = _row(prefix)
        try:
            found = self._gateway.ask(lambda client: self._scanned(client, start))
        except SchemaMissing:
            return {}
        values = {key.removeprefix(_KEY).decode("utf-8", "surrogatepass"): _value(raw) for key, raw in found}
        return {key: value for key, value in values.items() if value is not None}

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        raw = self._raw(key)
        if _value(raw) != expected:
            return False
        change = PutCell(_COLUMN, _NONE if value is None else _SOME + value)
        replaced: bool = self._made_for(
            lambda: self._gateway.tell(
                lambda client: client.checkAndPut(self._table, _row(key), _COLUMN, raw, change, {})
            )
        )
        return replaced

    def now(self) -> int:
        """Return by which millisecond the server stamps what is written now.

        In a row that was never there: in one that was, a stamp from a clock that was ahead would be read instead.
        """
        row = _CLOCK + secrets.token_hex(8).encode()
        change = PutCell(_COLUMN, _NONE)
        self._made_for(lambda: self._gateway.tell(lambda client: client.mutateRow(self._table, row, [change], {})))
        rows = self._gateway.ask(lambda client: client.getRowWithColumns(self._table, row, [_FAMILY], {}))
        if [each.row for each in rows] != [row]:
            raise StoreContractError("the store answered another record; the answer was dropped")
        stamp: int = rows[0].columns[_COLUMN].timestamp
        self._gateway.tell(lambda client: client.deleteAll(self._table, row, _FAMILY, {}))
        return stamp

    def _raw(self, key: str) -> bytes | None:
        try:
            rows = self._gateway.ask(lambda client: client.getRowWithColumns(self._table, _row(key), [_FAMILY], {}))
        except SchemaMissing:
            return None
        if not rows:
            return None
        if [each.row for each in rows] != [_row(key)] or set(rows[0].columns) != {_COLUMN}:
            raise StoreContractError("the store answered another record; the answer was dropped")
        value: bytes = rows[0].columns[_COLUMN].value
        return value

    def _scanned(self, client: Client, start: bytes) -> list[tuple[bytes, bytes]]:
        found: list[tuple[bytes, bytes]] = []
        scan = TScan(startRow=start, columns=[_FAMILY], caching=_PAGE)
        number = client.scannerOpenWithScan(self._table, scan, {})
        page: list[Any] = [None]
        while page and len(found) % _PAGE == 0:
            page = client.scannerGetList(number, _PAGE)
            found += [(each.row, each.columns[_COLUMN].value) for each in page if each.row.startswith(start)]
            if len(page) < _PAGE or not page[-1].row.startswith(start):
                break
        client.scannerClose(number)
        return found

    def _made_for(self, change: Callable[[], T]) -> T:
        """Make a change, and the table first where it is not there, or no longer."""
        try:
            return change()
        except SchemaMissing:
            make(self._gateway, self._table, [ColumnDescriptor(name=_FAMILY + b":", maxVersions=1)])
            return change()


def _row(key: str) -> bytes:
    return _KEY + key.encode("utf-8", "surrogatepass")


def _value(raw: bytes | None) -> bytes | None:
    return None if raw is None or raw == _NONE else raw.removeprefix(_SOME)
