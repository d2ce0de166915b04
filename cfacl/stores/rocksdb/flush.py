"""One flush for all threads that wait for one."""

from __future__ import annotations

import threading
from collections.abc import Callable

__all__ = ["SharedFlush"]


class _Turn:
    """A flush that has not begun, or that some still wait for."""

    __slots__ = ("done", "lock")

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.done = False


class SharedFlush:
    """Runs one flush at a time, each for all that asked before it began.

    Of those that share a turn the first flushes and the others wait for its lock; where it fails, or is interrupted,
    the next of them tries, so that nobody is told of a flush that was none.  Locks are all that is waited for, and only
    ever held inside ``with``: an interrupt leaves nobody waiting.
    """

    def __init__(self) -> None:
        self._turn = _Turn()
        self._running = threading.RLock()

    def __call__(self, flush: Callable[[], None]) -> None:
        """Return once ``flush`` was run, here or by another thread, and succeeded; it began after this call did."""
        turn = self._turn
        with turn.lock:
            if turn.done:
                return
            with self._running:
                if self._turn is turn:
                    self._turn = _Turn()  # whoever comes from now on may have written behind what is flushed
                flush()
            turn.done = True
