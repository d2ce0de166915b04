"""What whoever runs an embedded store does to a table: RocksDB puts together what it should by itself, and all if asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from cfacl.model.projection import StoredFamily
from cfacl.stores.administration import Administration
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.gate import Gate

__all__ = ["RocksAdministration"]


class RocksAdministration(Administration):
    """See `Administration`; it returns when it is done."""

    def __init__(self, gate: Gate, database: Callable[[], Database]) -> None:
        self._gate = gate
        self._database = database

    def compact(self, table: str, families: Sequence[StoredFamily], *, major: bool) -> None:
        if major:
            for each in families:
                with self._gate:
                    _compact(self._database(), table, each)


def _compact(database: Database, table: str, family: StoredFamily) -> None:
    held = database.find(table, family)
    for each in (held.cells, held.older):
        if each is not None:
            each.read.compact_range(None, None)
