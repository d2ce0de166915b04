"""Removes what has outlived its family, step by step.

A step reads without the lock, and looks once more at what it found under it: a newer value may have come.
"""

from __future__ import annotations

from typing import Final, Literal

from rocksdict import RdictIter, ReadOptions, WriteBatch

from cfacl.model.projection import StoredFamily
from cfacl.stores.base import Swept
from cfacl.stores.rocksdb.changes import Changes
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.keys import END, STAMP, inverted_of, unescaped

__all__ = ["KINDS", "step"]

Kind = Literal["cells", "older"]

#: Where a family keeps values.
KINDS: Final[tuple[Kind, ...]] = ("cells", "older")
#: How many values a step looks at.
_STEP: Final = 10_000


def step(
    database: Database, family: StoredFamily, kind: Kind, start: bytes, deadline: int
) -> tuple[Swept, bytes | None]:
    """Look at values from ``start`` on, and remove those stamped at ``deadline`` (milliseconds) or before.

    Returns what it came to, and where to go on.

    Raises:
        SchemaMissing: the family has been dropped.
    """
    held = database.find(family.table, family)
    handle = held.cells if kind == "cells" else held.older
    if handle is None:
        return Swept(family.table, family.name, 0, 0), None
    expired: list[tuple[bytes, bytes]] = []
    looked = 0
    at: RdictIter = handle.read.iter(ReadOptions())
    at.seek(start)
    while (key := at.key()) is not None and looked < _STEP:
        looked += 1
        timestamp = int.from_bytes(at.value()[:STAMP], "big") if kind == "cells" else inverted_of(key)
        if timestamp <= deadline:
            expired.append(_cell(key, kind))
        at.next()
    at.status()
    removed = _remove(database, family, expired, deadline) if expired else 0
    # With a newest version go the older ones, which no later step finds.
    return Swept(family.table, family.name, looked + max(removed - len(expired), 0), removed), key


def _cell(key: bytes, kind: Kind) -> tuple[bytes, bytes]:
    """Return the row's head and the qualifier of a key."""
    row, _, rest = key.partition(END)
    return row + END, rest if kind == "cells" else unescaped(rest[: -STAMP - len(END)])


def _remove(database: Database, family: StoredFamily, cells: list[tuple[bytes, bytes]], deadline: int) -> int:
    with database.lock:
        changes = Changes(database.find(family.table, family))
        for head, qualifier in cells:
            changes.delete(head, (qualifier,), deadline)

        def made() -> WriteBatch:
            batch = WriteBatch(raw_mode=True)
            changes.write(batch, database)
            return batch

        database.write(made)
        return changes.removed
