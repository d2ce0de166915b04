"""The system table: a few records in a column family of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rocksdict import ReadOptions

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
        self._database = database

    @inside
    def get(self, key: str) -> bytes | None:
        found: bytes | None = self._database.records().get(_key(key))
        return found

    @inside
    def items(self, prefix: str) -> dict[str, bytes]:
        start = _key(prefix)
        found: dict[str, bytes] = {}
        at = self._database.records().iter(ReadOptions())
        at.seek(start)
        while (key := at.key()) is not None and key.startswith(start):
            found[key[len(_PREFIX) :].decode("utf-8", "surrogatepass")] = at.value()
            at.next()
        at.status()
        return found

    @inside
    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        with self._database.lock:
            if self._database.records().get(_key(key)) != expected:
                return False
            self._database.set_record(_key(key), value)
        self._database.flush()
        return True
