"""Our clock beside HBase's: what is over is told by ours, and so is what is sent again; the servers stamp all else."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from time import monotonic
from typing import Final

from cfacl.errors import StoreError
from cfacl.stores.hbase.system import Records

__all__ = ["Clocks"]

#: By how many milliseconds the two may differ.
_APART: Final = 1_000
#: After how many seconds they are compared again, for either may be set, or drift; each time a cell is written.
_EVERY: Final = 60.0


class Clocks:
    """Tells clocks that differ before they matter; one for all that use a store, from any number of threads."""

    def __init__(self, clock: Callable[[], int], records: Records) -> None:
        self._clock = clock
        self._records = records
        #: when ours was last seen not to be ahead, and not to be apart, as `monotonic` counts
        self._followed = self._agreed = -inf

    def now(self) -> int:
        """Return the milliseconds since 1970 by our clock."""
        return self._clock() // 1_000_000

    def forget(self) -> None:
        """Compare anew before the next call."""
        self._followed = self._agreed = -inf

    def confirm_not_ahead(self) -> None:
        """Raise `StoreError` where what is there would be missed; by a clock that is behind nothing is.

        HBase leaves out what is over by its own.
        """
        if monotonic() - self._followed < _EVERY:
            return
        ahead, _ = self._apart()
        if ahead > _APART:
            raise StoreError(
                f"this clock is {ahead // 1000} seconds ahead of hbase's, so that what is there would be missed; let both"
                " follow one, or read no family that has a `time_to_live`"
            )
        self._followed = monotonic()

    def confirm_agree(self) -> None:
        """Raise `StoreError` where the server's clock is another, for the writes of two would win and lose by chance."""
        if monotonic() - self._agreed < _EVERY:
            return
        apart = max(self._apart())
        if apart > _APART:
            raise StoreError(
                f"this clock and hbase's are {apart // 1000} seconds apart; let both follow one, or leave out `retry_writes`"
            )
        self._followed = self._agreed = monotonic()

    def _apart(self) -> tuple[int, int]:
        """Return by how much our clock is ahead of the server's, and behind it, at least; milliseconds."""
        before, there, after = self.now(), self._records.now(), self.now()
        return before - there, there - after
