"""Writing, where RocksDB would have it wait: its own waiting holds Python's lock, for as long as a disk is full.

It slows writes down, or stops them, where it can't bring memory into files, or files together, as fast as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic, sleep
from typing import Final

from rocksdict import Rdict, WriteBatch, WriteOptions

from cfacl.errors import StoreUnavailable

__all__ = ["Stalls"]

_AT_ONCE: Final = WriteOptions()
_AT_ONCE.no_slowdown = True
#: What it says where a write would have to wait.
_STALLED: Final = "Write stall"
#: Seconds between two tries.
_PAUSE: Final = 0.005
#: Seconds for which nothing is written before whoever writes is told, and from then on at once.
_PATIENCE: Final = 10.0


class Stalls:
    """Writes batches to one database, one at a time."""

    def __init__(self) -> None:
        #: since when writes have been stopped, and when they were last seen to be, with none that was made in between
        self._since = self._seen = -inf

    def write(self, driver: Rdict, make: Callable[[], WriteBatch]) -> None:
        """Write a batch, unless it is empty; it is made anew for each try, which spends it.

        Raises:
            StoreUnavailable: RocksDB has taken none for ten seconds.
        """
        stalled: Exception | None = None
        while len(batch := make()):
            if stalled is not None:
                self._wait(driver, batch.size_in_bytes(), stalled)
            try:
                driver.write(batch, _AT_ONCE)
            except Exception as error:
                if _STALLED not in str(error):
                    raise
                stalled = error.with_traceback(None)  # which would keep the driver
            else:
                self._seen = -inf
                return

    def _wait(self, driver: Rdict, size: int, stalled: Exception) -> None:
        if not driver.property_int_value("rocksdb.is-write-stopped"):
            # Each try counts as written, so that one that comes too soon only puts the next off.
            rate = driver.property_int_value("rocksdb.actual-delayed-write-rate")
            sleep(_PAUSE + (size / rate if rate else 0))
            return
        now = monotonic()
        if now - self._seen > _PATIENCE:
            self._since = now
        self._seen = now
        if now - self._since > _PATIENCE:
            raise StoreUnavailable(
                "rocksdb takes no writes, as where its disk is full or too slow; see `stats()`, free some space, and try again"
            ) from stalled
        sleep(_PAUSE)
