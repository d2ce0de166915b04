"""The time that changes bear: the cluster's, and never the same twice.

A change that bears its own time can be sent again, and changes of one call keep their order however they are sent.  It is
the cluster's and not this machine's, since the later of two writers wins whatever order they came in: one whose clock is
behind would lose without a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, monotonic_ns
from typing import Final

from cfacl.errors import StoreError

__all__ = ["Stamps"]

#: After how many seconds the cluster is asked again what time it is.
_EVERY: Final = 60.0
#: How often it is asked at most, and the nanoseconds within which an answer says enough.
_TRIES: Final = 5
_QUICK: Final = 2_000_000
#: The cluster counts in milliseconds, of these microseconds.
_STEP: Final = 1_000
#: By how many milliseconds the clock that tells what is over may be ahead.
_AHEAD: Final = 1_000


class Stamps:
    """Microseconds since 1970; safe from any number of threads."""

    def __init__(self, clock: Callable[[], int], ask: Callable[[], int]) -> None:
        """Say by which clock families outlive their time, and how the cluster is asked for its own, in microseconds."""
        self._clock = clock
        self._ask = ask
        self._lock = threading.Lock()
        #: what `monotonic_ns` is behind the cluster, in microseconds, and when that was seen
        self._offset = 0
        self._seen = float("-inf")
        self.last = 0

    def next(self) -> int:
        """Return a time that is later than all before."""
        self.compare()
        now = self.there()
        with self._lock:
            self.last = max(now, self.last + 1)
            return self.last

    def there(self) -> int:
        """Return what time it is there."""
        return self._offset + monotonic_ns() // 1000

    def passed(self) -> None:
        """Have all that come be later than what the cluster itself stamped until now."""
        with self._lock:
            self.last = max(self.there() + _STEP, self.last)

    def now(self) -> int:
        """Return the milliseconds since 1970 by the clock that was given."""
        return self._clock() // 1_000_000

    def forget(self) -> None:
        """Compare anew before the next call."""
        self._seen = float("-inf")

    def confirm_not_ahead(self) -> None:
        """Raise `StoreError` where the given clock is ahead, so that what is there would be missed as over."""
        self.compare()
        ahead = self.now() - self.there() // 1000
        if ahead > _AHEAD:
            raise StoreError(
                f"this clock is {ahead // 1000} seconds ahead of the cluster's, so that what is there would be missed; let"
                " both follow one, or read no family that has a `time_to_live`"
            )

    def compare(self) -> None:
        """Ask the cluster what time it is, if that was long ago."""
        if monotonic() - self._seen < _EVERY:
            return
        asked = []
        for _ in range(_TRIES):
            before = monotonic_ns()
            there = self._ask()
            asked.append((monotonic_ns() - before, there - before // 1000))
            if asked[-1][0] < _QUICK:
                break
        # It was asked somewhere between the two, and the earlier one makes what is stamped the later.
        self._offset = min(asked)[1]
        self._seen = monotonic()
