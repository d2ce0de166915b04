"""The system table: a few records in a column family of their own."""

from __future__ import annotations

from collections.abc import Mapping
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
        self.database = database

    @inside
    def get(self, key: str) -> bytes | None:
        found: bytes | None = self.database.records().get(_key(key))
        return found

    @inside
    def items(self, prefix: str) -> dict[str, bytes]:
        start = _key(prefix)
        found: dict[str, bytes] = {}
        at = self.database.records().iter(ReadOptions())
        at.seek(start)
        while (key := at.key()) is not None and key.startswith(start):
            found[key[len(_PREFIX) :].decode("utf-8", "surrogatepass")] = at.value()
            at.next()
        at.status()
        return found

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        # Not `inside` twice: whoever is inside and waits at a gate that is held would wait for itself.
        return self.compare_and_set_all({key: (expected, value)})

    @inside
    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        with self.database.lock:
            records = self.database.records()
            if any(records.get(_key(key)) != expected for key, (expected, _) in changes.items()):
                return False
            self.database.set_records({_key(key): value for key, (_, value) in changes.items()})
        self.database.persist()
        return True
