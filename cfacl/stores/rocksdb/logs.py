"""Looks at the logs before RocksDB does.

One damage it does not notice: where the kind of a record has become one of those that stand in recycled logs, it takes
all that follows for the remains of an older log, and drops it without a word, or reads on for ever.  This store
recycles no logs, so such a kind is damage.
"""

from __future__ import annotations

from pathlib import Path
from struct import Struct
from typing import Final

from cfacl.errors import StoreCorrupted, quoted, quoted_path

__all__ = ["confirm_logs"]

#: Logs are blocks, and blocks are records; a record is a checksum, the length of its content, its kind, its content.
_BLOCK: Final = 32_768
_HEADER: Final = 7
_LENGTH_AND_KIND: Final = Struct("<4xHB").unpack_from
#: The kinds of recycled logs, by the RocksDB that this is pinned to: 5 to 8, and 11.
_RECYCLED: Final = frozenset({5, 6, 7, 8, 11})


def confirm_logs(path: Path) -> None:
    """Read the heads of all records in the logs of the store at ``path``; the rest RocksDB checks itself.

    Raises:
        StoreCorrupted: a record is of a kind that this store never writes.
    """
    for log in path.glob("*.log"):
        with log.open("rb") as file:
            while block := file.read(_BLOCK):
                if not _sound(block):
                    raise StoreCorrupted(
                        f"{quoted_path(path)}: the log {quoted(log.name)} is damaged; restore the store from a backup"
                    )


def _sound(block: bytes) -> bool:
    at, end = 0, len(block) - _HEADER
    while at <= end:
        length, kind = _LENGTH_AND_KIND(block, at)
        if kind in _RECYCLED:
            return False
        if not kind and not length:  # made ready, and not written
            break
        at += _HEADER + length
    return True
