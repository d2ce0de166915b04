"""What RocksDB knows of itself, for `db.stats()`."""

from __future__ import annotations

from typing import Final

from cfacl.stores.rocksdb.descriptors import descriptors
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.settings import Settings

__all__ = ["statistics"]

#: Properties that each column family has, summed.
_SUMMED: Final = {
    "cells_estimated": "estimate-num-keys",
    "disk_bytes": "total-sst-files-size",
    "disk_bytes_live": "live-sst-files-size",
    "memtable_bytes": "cur-size-all-mem-tables",
    "filter_and_index_bytes": "estimate-table-readers-mem",
    "compaction_pending_bytes": "estimate-pending-compaction-bytes",
}
#: Properties of the whole database.
_WHOLE: Final = {
    "compactions_running": "num-running-compactions",
    "flushes_running": "num-running-flushes",
    "background_errors": "background-errors",
    "writes_stopped": "is-write-stopped",
}


def statistics(database: Database, settings: Settings) -> dict[str, int | str]:
    """Return what is known now; see docs/operations.md for what each means.  About 0.1 ms for each family."""
    columns = [database.system.read]
    families = list(database)
    for held in families:
        columns.append(held.cells.read)
        if held.older is not None:
            columns.append(held.older.read)
    found: dict[str, int | str] = {
        name: sum(each.property_int_value(f"rocksdb.{text}") or 0 for each in columns) for name, text in _SUMMED.items()
    }
    for name, text in _WHOLE.items():
        found[name] = database.system.read.property_int_value(f"rocksdb.{text}") or 0
    opened, limit = descriptors()
    return {
        **found,
        "families_stored": len(families),
        "block_cache_bytes": database.cache.get_usage(),
        "block_cache_limit": settings.block_cache,
        "memtable_limit": settings.memtables,
        "files_held_open_limit": database.open_files,
        "descriptors_open": "unknown" if opened is None else opened,
        "descriptors_limit": limit,
    }
