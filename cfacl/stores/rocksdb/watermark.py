"""How far the newest log and the manifest reach for good: noted once in a while, and missed whenever they end before.

RocksDB takes a file that ends early for one that a crash cut short, and nothing in it says how long it should be.  So a
file beside it does.  A mark is never ahead of the disk, whatever dies and when: it stands where whole records end,
looked for before a flush that has succeeded since.  It may stay behind, and then asks for less; so does one that is
lost, or cannot be read.
"""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Final
from zlib import crc32

from cfacl.stores.rocksdb.records import NAMED, current_named, log_number, reach

__all__ = ["MARKS", "Watermark", "marks"]

#: The file: a checksum, and a line for each file whose end is known, padded so that writing it anew needs no room.
MARKS: Final = "CFACL_WATERMARK"
_SIZE: Final = 4096
#: So many logs at most are noted, the newest ones.
_LOGS: Final = 64
_LOG: Final = re.compile(r"[0-9]+\.log", re.ASCII)


class Watermark:
    """Keeps the marks of the store at ``path`` for the one who writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        #: How far each file reached when it was looked at last, so that no record is looked at twice.
        self._ends: dict[str, int] = {}

    def look(self) -> bytes:
        """Return the marks, as they may be noted once a flush that begins later has succeeded."""
        with suppress(OSError):
            logs = sorted(filter(_LOG.fullmatch, (each.name for each in self._path.iterdir())), key=log_number)
            named = current_named(self._path)
            manifest = [named.decode().strip()] if NAMED.fullmatch(named) else []
            self._ends = {name: self._reach(name) for name in (*manifest, *logs[-_LOGS:])}
        lines = "".join([f"{name} {end}\n" for name, end in self._ends.items()]).encode()
        return b"%08x\n%s" % (crc32(lines), lines)

    def note(self, looked: bytes) -> None:
        """Have the marks where they were found; what was looked at is on the disk now."""
        with suppress(OSError):
            file = os.open(self._path / MARKS, os.O_WRONLY | os.O_CREAT, 0o600)
            try:
                os.pwrite(file, looked.ljust(_SIZE, b"\0"), 0)
            finally:
                os.close(file)

    def _reach(self, name: str) -> int:
        known = self._ends.get(name, 0)
        with (self._path / name).open("rb", buffering=0) as file:
            end = reach(file.fileno(), known)
            if end != known and not name.endswith(".log"):
                os.fdatasync(file.fileno())  # no flush of the log does it, and RocksDB may just be at it
        return end


def marks(path: Path) -> dict[str, int]:
    """Return how far files of the store at ``path`` have to reach, by name; nothing where nothing is known."""
    try:
        checksum, _, rest = (path / MARKS).read_bytes().rstrip(b"\0").partition(b"\n")
        if checksum != b"%08x" % crc32(rest):
            return {}
        return {name: int(end) for name, _, end in (line.partition(" ") for line in rest.decode().splitlines())}
    except (OSError, ValueError):
        return {}
