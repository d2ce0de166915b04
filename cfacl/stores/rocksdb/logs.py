"""Looks at the logs, and at the manifest, which is written alike, before RocksDB does.

Two damages it does not notice:

* where the kind of a record has become one of those that stand in recycled logs, it takes all that follows for the
  remains of an older log, and drops it without a word, or reads on for ever.  This store recycles no logs, so such a
  kind is damage;
* where the length of a record has become one that reaches beyond the end of the file, it takes it for one that a crash
  cut short, and drops it and all that follows.  It is damage in the middle of a file, and at its end too if a whole
  record follows, or another log: what is acknowledged there was on the disk after what comes before it.  So it is if
  all of its content is there, which has a checksum, as its length has not.
"""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from pathlib import Path
from struct import Struct
from typing import Final

from cfacl.errors import StoreCorrupted, quoted, quoted_path

__all__ = ["confirm_logs"]

#: Logs are blocks, and blocks are records; a record is a checksum, the length of its content, its kind, its content.
_BLOCK: Final = 32_768
_HEADER: Final = 7
_HEAD: Final = Struct("<IHB").unpack_from
#: The kinds that are written: a whole record, or the first, a middle, or the last part of one.
_WRITTEN: Final = frozenset({1, 2, 3, 4})
#: The kinds of recycled logs, by the RocksDB that this is pinned to: 5 to 8, and 11.
_RECYCLED: Final = frozenset({5, 6, 7, 8, 11})


def confirm_logs(path: Path) -> None:
    """Read the heads of all records in the logs and the manifest of the store at ``path``; the rest RocksDB checks itself.

    Raises:
        StoreCorrupted: a record is of a kind, or of a length, that this store never writes.
    """
    logs = sorted(path.glob("*.log"))
    for file in (*logs, *path.glob("MANIFEST-*")):
        if not _whole(file, may_be_cut=file not in logs[:-1]):
            what = "log" if file in logs else "manifest"
            raise StoreCorrupted(
                f"{quoted_path(path)}: the {what} {quoted(file.name)} is damaged; restore the store from a backup"
            )


def _whole(log: Path, *, may_be_cut: bool) -> bool:
    with suppress(FileNotFoundError), log.open("rb") as file:  # a writer that has it open removes what it needs no more
        full = True
        while full and (block := file.read(_BLOCK)):
            full = len(block) == _BLOCK  # behind another one there is nothing, or what was written since
            end = _end(block)
            if end is None:
                return False
            if end != len(block) and (full or not may_be_cut or _goes_on(block, end)):
                return False
    return True


def _end(block: bytes) -> int | None:
    """Return where a record begins that the block does not hold whole, or its length; ``None`` for a kind that is damage."""
    at, last = 0, len(block) - _HEADER
    while at <= last:
        _, length, kind = _HEAD(block, at)
        if kind in _RECYCLED:
            return None
        if not kind and not length:  # made ready, and not written
            return len(block)
        if at + _HEADER + length > len(block):
            return at
        at += _HEADER + length
    return at if len(block) < _BLOCK else len(block)


def _goes_on(block: bytes, start: int) -> bool:
    """Whether the record whose head is at ``start`` ends with the block, or a whole one lies somewhere behind."""
    for at in range(start, len(block) - _HEADER + 1):
        checksum, length, kind = _HEAD(block, at)
        end = len(block) if at == start else at + _HEADER + length
        if kind in _WRITTEN and end <= len(block) and _checksum(block[at + _HEADER - 1 : end]) == checksum:
            return True
    return False


def _checksum(content: bytes) -> int:
    """Return the CRC-32C of a record's kind and content, disguised as RocksDB does."""
    crc, table = 0xFFFFFFFF, _table()
    for byte in content:
        crc = table[(crc ^ byte) & 0xFF] ^ (crc >> 8)
    crc ^= 0xFFFFFFFF
    return (((crc >> 15) | (crc << 17)) + 0xA282EAD8) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    table = []
    for number in range(256):
        crc = number
        for _ in range(8):
            crc = (crc >> 1) ^ (0x82F63B78 if crc & 1 else 0)
        table.append(crc)
    return tuple(table)
