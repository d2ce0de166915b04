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
from time import time_ns
from typing import Final
from zlib import crc32

from cfacl.stores.rocksdb.records import NAMED, current_named, log_number, reach

__all__ = ["MARKS", "Watermark", "marks"]

#: The file: a checksum, and a line for each file whose end is known, padded so that writing it anew needs no room.
MARKS: Final = "CFACL_WATERMARK"
_SIZE: Final = 4096
#: So many logs at most are noted, the newest ones.
_LOGS: Final = 64
#: Nanoseconds within which two changes of a directory may bear the same time; and where times are in whole seconds.
_TICK: Final = 20_000_000
_SECOND: Final = 1_000_000_000
_LOG: Final = re.compile(r"[0-9]+\.log", re.ASCII)


class Watermark:
    """Keeps the marks of the store at ``path`` for the one who writes it.

    Where the directory did not change since, only the newest log is looked at: whatever the manifest says has no
    consequence before a file came or went behind it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._folder = self._log = self._mark = -1
        #: How far each file reaches.
        self._ends: dict[str, int] = {}
        self._newest = ""
        self._listed: int | None = None
        self._folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)

    def look(self) -> bytes:
        """Return the marks, as they may be noted once a flush that begins later has succeeded."""
        with suppress(OSError):
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116  # of a descriptor
            if changed != self._listed:
                self._list()
                tick = _TICK if changed % _SECOND else 2 * _SECOND
                self._listed = changed if abs(time_ns() - changed) > tick else None
            self._ends[self._newest] = reach(self._log, self._ends.get(self._newest, 0))
        lines = "".join([f"{name} {end}\n" for name, end in self._ends.items()]).encode()
        return b"%08x\n%s" % (crc32(lines), lines)

    def note(self, looked: bytes) -> None:
        """Have the marks where they were found; what was looked at is on the disk now."""
        with suppress(OSError):
            if self._mark < 0:
                self._mark = os.open(self._path / MARKS, os.O_WRONLY | os.O_CREAT, 0o600)
            os.pwrite(self._mark, looked.ljust(_SIZE, b"\0"), 0)

    def close(self) -> None:
        """Let go of the files; closed twice, nothing happens."""
        held = (self._folder, self._log, self._mark)
        self._folder = self._log = self._mark = -1
        for file in held:
            if file >= 0:
                os.close(file)

    def __del__(self) -> None:
        self.close()

    def _list(self) -> None:
        """See which files there are now, how far the manifest reaches, and which log is the newest."""
        names = os.listdir(self._folder)  # noqa: PTH208  # of a descriptor
        logs = sorted(filter(_LOG.fullmatch, names), key=log_number)[-_LOGS:]
        named = current_named(self._path)
        manifest = named.decode().strip() if NAMED.fullmatch(named) else ""
        # What a log that is the newest no more holds beyond its mark was written before.
        ends = {name: self._reach(name) for name in (*logs[:-1], manifest)}
        newest = logs[-1] if logs else ""
        if newest != self._newest:
            before, self._log = self._log, self._open(newest)
            self._newest = newest
            if before >= 0:
                os.close(before)
        self._ends = {**ends, newest: self._ends.get(newest, 0)}

    def _reach(self, name: str) -> int:
        known = self._ends.get(name, 0)
        file = self._open(name)
        try:
            end = reach(file, known)
            if end != known and not name.endswith(".log"):
                os.fdatasync(file)  # no flush of the log does it, and RocksDB may just be at it
            return end
        finally:
            os.close(file)

    def _open(self, name: str) -> int:
        return os.open(name, os.O_RDONLY, dir_fd=self._folder)


def marks(path: Path) -> dict[str, int]:
    """Return how far files of the store at ``path`` have to reach, by name; nothing where nothing is known."""
    try:
        checksum, _, rest = (path / MARKS).read_bytes().rstrip(b"\0").partition(b"\n")
        if checksum != b"%08x" % crc32(rest):
            return {}
        return {name: int(end) for name, _, end in (line.partition(" ") for line in rest.decode().splitlines())}
    except (OSError, ValueError):
        return {}
