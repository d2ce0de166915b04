"""Timestamps for changes that may be sent again: one of the caller's own makes the second the same as the first."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["Stamps"]


class Stamps:
    """The clock's milliseconds, which never go back here; safe from any number of threads.

    A put must be later than a delete that ended before it began, or that one's marker would hide it.
    """

    def __init__(self, clock: Callable[[], int]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._last = 0
        self._deleted = -1

    def put(self) -> int:
        """Return one for puts."""
        return self._next(self._deleted + 1)

    def delete(self) -> int:
        """Return one for deletes; `deleted` is to be told when they are through."""
        return self._next(0)

    def deleted(self, timestamp: int) -> None:
        """Note that deletes with this one are through."""
        with self._lock:
            self._deleted = max(self._deleted, timestamp)

    def _next(self, least: int) -> int:
        with self._lock:
            self._last = max(self._clock() // 1_000_000, self._last, least)
            return self._last
