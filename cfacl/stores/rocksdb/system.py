"""The system table: a few records in a column family of their own."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Final

from rocksdict import ReadOptions, WriteBatch

from cfacl.stores.base import SystemTable
from cfacl.stores.rocksdb.gate import Gate, inside

if TYPE_CHECKING:
    from cfacl.stores.rocksdb.families import Database

__all__ = ["RocksSystemTable"]

#: What its keys start with; the store keeps records of its own beside them.
_PREFIX: Final = b"r"


def _key(key: str) -> bytes:
    return _PREFIX + key.encode("utf-8", "surrogatepass")


class RocksSystemTable(SystemTable):
    """See `SystemTable`."""

    def __init__(self, database: Database, gate: Gate) -> None:
        self.gate = gate
        self.database = database

    @inside
    def get(self, key: str) -> bytes | None:
        found: bytes | None = self.database.system.read.get(_key(key))
        return found

    @inside
    def items(self, prefix: str) -> dict[str, bytes]:
        start = _key(prefix)
        found: dict[str, bytes] = {}
        at = self.database.system.read.iter(ReadOptions())
        at.seek(start)
        while (key := at.key()) is not None and key.startswith(start):
            found[key[len(_PREFIX) :].decode("utf-8", "surrogatepass")] = at.value()
            at.next()
        at.status()
        return found

    @inside
    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        with self.database.lock:
            column = self.database.system.read
            if column.get(_key(key)) != expected:
                return False
            if value is None:
                column.delete(_key(key))
            else:
                column.put(_key(key), value)
        self.database.flush()
        return True

    @inside
    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        with self.database.lock:
            column, batch = self.database.system, WriteBatch(raw_mode=True)
            for key, (expected, value) in changes.items():
                if column.read.get(_key(key)) != expected:
                    return False
                if value is None:
                    batch.delete(_key(key), column.write)
                else:
                    batch.put(_key(key), value, column.write)
            self.database.driver.write(batch)
        self.database.flush()
        return True
