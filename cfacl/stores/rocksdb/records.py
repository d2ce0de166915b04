"""How logs and manifests are named and written, and which of their records are whole.

Both are blocks, and blocks are records: a checksum, the length of the content, its kind, the content.

Four damages RocksDB does not notice:

* where the kind of a record has become one of those that stand in recycled logs, it takes all that follows for the
  remains of an older log, and drops it without a word, or reads on for ever.  This store recycles no logs, so such a
  kind is damage, as is any other that it never writes;
* where the head of a record has become one that no record has, and its length reaches beyond the end of the file, it
  takes it for one that a crash cut short, whatever its kind.  A crash leaves the beginning of what was written, or zeros;
  so a length beyond the block, or a first or middle part that does not end with it, is damage;
* where the length of a record has become one that reaches beyond the end of the file, it takes it for one that a crash
  cut short, and drops it and all that follows.  It is damage in the middle of a file, and at its end too if a whole
  record follows, or a log that holds something: what is acknowledged there was on the disk after what comes before it.  So it is if
  all of its content is there, which has a checksum, as its length has not;
* where the kind and the length of a record have become zero, it takes it for room that was made ready and not written,
  and drops the rest of its block.  It is damage unless there is nothing but zeros to the end of the file, and no log
  behind it holds anything: what came later would be there without it.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from functools import cache
from pathlib import Path
from struct import Struct
from typing import Final

__all__ = ["NAMED", "current_named", "log_number", "reach", "whole"]

#: What ``CURRENT`` holds.
NAMED: Final = re.compile(rb"MANIFEST-[0-9]{1,20}\n")
_BLOCK: Final = 32_768
_HEADER: Final = 7
_HEAD: Final = Struct("<IHB").unpack_from
#: The kinds that are written: a whole record, or the first, a middle, or the last part of one.
_WRITTEN: Final = frozenset({1, 2, 3, 4})
#: Those behind which the record goes on, in the next block.
_UNFINISHED: Final = frozenset({2, 3})
#: Bytes of what may be records behind one that is cut short, of which the checksums are computed: some tenths of a second.
_SEARCHED: Final = 1 << 21
#: A disk that loses its power has written sectors, of which the others may be zeros.
_SECTOR: Final = 512


def log_number(name: str) -> int:
    """Return what logs are ordered by: behind the millionth file their names have one digit more.

    What is called a log and has no number is before all that have one.
    """
    number = name.removesuffix(".log")
    return int(number) if number.isascii() and number.isdigit() else -1


def current_named(path: Path) -> bytes:
    """Return what names the manifest now, damaged or not; nothing if it cannot be read.

    Where it is the same before and after something failed, that was not because a writer changed to another manifest.
    """
    try:
        return (path / "CURRENT").read_bytes()
    except OSError:
        return b""


def reach(descriptor: int, start: int) -> int:
    """Return where the whole records of an open file end, all their parts included, ``start`` being where one does.

    What is behind may be taken back by who writes it, to write it again.

    Raises:
        OSError: it cannot be read.
    """
    end = start
    while True:
        room = _BLOCK - start % _BLOCK
        piece = os.pread(descriptor, room, start)
        at = 0
        while at + _HEADER <= len(piece):
            _, length, kind = _HEAD(piece, at)
            at += _HEADER + length
            if kind not in _WRITTEN or at > len(piece):
                return end
            if kind not in _UNFINISHED:
                end = start + at
        if len(piece) < room:
            return end
        start += room


def whole(log: Path, *, may_be_cut: bool, mark: int) -> bool:
    """Whether a file holds whole records alone, at least as far as ``mark``; behind it the last ``may_be_cut``."""
    with suppress(FileNotFoundError), log.open("rb") as file:
        start, full = 0, True
        while full and (block := file.read(_BLOCK)):
            full = len(block) == _BLOCK  # behind another one there is nothing, or what was written since
            end = _end(block)
            if end is None:
                return False
            rest = block[end:]
            start += end
            if len(rest) >= _HEADER and not rest[_HEADER - 1]:
                cut = may_be_cut and start >= mark
                return cut and _room(rest, end) and not any(map(any, iter(lambda: file.read(_BLOCK), b"")))
            if end != len(block) and (full or not may_be_cut or _goes_on(block, end)):
                return False
        return start >= mark
    return True


def _end(block: bytes) -> int | None:
    """Return where a record begins that the block does not hold whole, or that has no kind; or the block's length.

    ``None`` is for a head that is damage.
    """
    at, last = 0, len(block) - _HEADER
    while at <= last:
        _, length, kind = _HEAD(block, at)
        if kind not in _WRITTEN:
            return None if kind else at
        after = at + _HEADER + length
        if after > len(block):
            return None if after > _BLOCK or (kind in _UNFINISHED and after < _BLOCK) else at
        at = after
    return at if len(block) < _BLOCK else len(block)


def _room(rest: bytes, start: int) -> bool:
    """Whether the rest of a block is zeros, at most behind a piece of a head that ends where a sector does."""
    piece = len(rest.rstrip(b"\0"))
    return not piece or any((start + cut) % _SECTOR == 0 for cut in range(piece, _HEADER))


def _goes_on(block: bytes, start: int) -> bool:
    """Whether the record whose head is at ``start`` ends with the block, or a whole one lies somewhere behind.

    What could be one by its head is looked at as long as that takes no seconds.
    """
    left = _SEARCHED
    for at in range(start, len(block) - _HEADER + 1):
        checksum, length, kind = _HEAD(block, at)
        end = len(block) if at == start else at + _HEADER + length
        if kind in _WRITTEN and end <= len(block):
            if _checksum(block[at + _HEADER - 1 : end]) == checksum:
                return True
            left -= end - at
            if left < 0:
                return False
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
