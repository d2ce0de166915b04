"""The time that changes bear: the cluster's, and never the same twice.

A change that bears its own time can be sent again, and changes of one call keep their order however they are sent.  It is
the cluster's and not this machine's, since the later of two writers wins whatever order they came in: one whose clock is
behind would lose without a word.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from time import monotonic, monotonic_ns, time
from typing import Final

from cfacl.errors import StoreError

__all__ = ["Stamps"]

#: After how many seconds the cluster is asked again what time it is; and where that was not told within `_CLOSE` microseconds.
_EVERY: Final = 60.0
_SOON: Final = 1.0
#: What passes until then is so many times what asking took, at least.
_RARELY: Final = 4
_CLOSE: Final = 20_000
#: How often it is asked at most, and the microseconds within which an answer says enough.
_TRIES: Final = 5
_QUICK: Final = 2_000
#: After one that took longer it is not asked again: the others wait.
_SLOW: Final = 1_000_000
#: By how many microseconds two clocks may go apart in a second.
_DRIFT: Final = 100
#: The cluster counts in milliseconds, of these microseconds.
_STEP: Final = 1_000
#: By how many seconds this machine's two clocks go apart before it is taken for one that slept, or was set.
_SLEPT: Final = 0.1
#: By how many milliseconds the clock that tells what is over may be ahead.
_AHEAD: Final = 1_000


class Stamps:
    """Microseconds since 1970; safe from any number of threads."""

    def __init__(self, clock: Callable[[], int], ask: Callable[[], int]) -> None:
        """Say by which clock families outlive their time, and how the cluster is asked for its own, in microseconds."""
        self._clock = clock
        self._ask = ask
        self._lock = threading.Lock()
        self._asking = threading.Lock()
        #: how often asking came to an end, and how the last time failed
        self._ended = 0
        self._failure: StoreError | None = None
        #: what `monotonic_ns` is behind the cluster, in microseconds, at least and at most
        self._behind = (0, 0)
        #: when that was seen, and how long it holds, in seconds
        self._seen = self._until = float("-inf")
        #: what `time` was ahead of `monotonic` then: that one stands still while the machine sleeps
        self._apart = 0.0
        self.last = 0

    def next(self) -> int:
        """Return a time that is later than all before."""
        self.compare()
        return self.take()

    def take(self) -> int:
        """Return the same for one of several changes, after `compare`."""
        now = sum(self._behind) // 2 + monotonic_ns() // 1000  # as `there`, of which each change would be one call more
        with self._lock:
            self.last = max(now, self.last + 1)
            return self.last

    def there(self) -> int:
        """Return what time it is there, as far as is known."""
        return sum(self._behind) // 2 + monotonic_ns() // 1000

    def passed(self) -> None:
        """Have all that come be later than what the cluster itself stamped until now."""
        with self._lock:
            self.last = max(self._behind[1] + monotonic_ns() // 1000 + _STEP, self.last)

    def now(self) -> int:
        """Return the milliseconds since 1970 by the clock that was given."""
        return self._clock() // 1_000_000

    def forget(self) -> None:
        """Compare anew before the next call."""
        self._until = float("-inf")

    def confirm_not_ahead(self) -> None:
        """Raise `StoreError` where the given clock is ahead, so that what is there would be missed as over."""
        self.compare()
        ahead = self.now() - (self._behind[1] + monotonic_ns() // 1000) // 1000  # as far as it is certain
        if ahead > _AHEAD:
            raise StoreError(
                f"this clock is {ahead // 1000} seconds ahead of the cluster's, so that what is there would be missed; let"
                " both follow one, or read no family that has a `time_to_live`"
            )

    def compare(self) -> None:
        """Ask the cluster what time it is, if that was long ago.

        One thread does.  The others go on with what is known, or wait for it where that is little, or too old.
        """
        now = monotonic()
        there = time()
        if monotonic() < min(self._until, now + _SLEPT / 2) and abs(there - now - self._apart) <= _SLEPT / 2:
            return  # nearly always: each change comes by here, and what follows looks closer
        slept = _slept(self._apart)
        now = monotonic()
        if now < self._until and not slept:
            return
        ended = self._ended
        if not self._asking.acquire(blocking=slept or now > self._seen + 2 * _EVERY):
            return
        try:
            if ended == self._ended:
                self._compare(known=self._seen > 0 and not slept)
                self._failure = None  # not before: who waits, and asks nobody, would take it for an answer
                self._ended += 1
            elif self._failure is not None:
                # Of whoever asked while this waited: one after the other would wait as long.
                raise type(self._failure)(*self._failure.args) from self._failure
        except StoreError as error:
            if ended == self._ended:
                self._failure = error
                self._ended += 1
            raise
        finally:
            self._asking.release()

    def _compare(self, *, known: bool) -> None:
        """Ask; ``known``: what was seen before still says something."""
        began = monotonic()
        while True:
            apart = _apart()
            told, failure = self._told()
            if not _slept(apart):
                break
            known = False  # and what was told meanwhile is as old as that
            if failure is not None:
                raise failure
        if failure is not None and not (known or told):
            raise failure
        # An answer that waited in a queue says little, and the others bound it: what is stamped ahead hides what comes later.
        bounds = [*told, self._drifted()] if known else told
        least, most = (pick(each) for pick, each in zip((max, min), zip(*bounds, strict=True), strict=True))
        if least > most:  # one of the clocks was set, or two nodes have not the same
            least, most = min(told, key=_width)
        self._behind = (least, most)
        self._apart = apart
        self._seen = monotonic()
        soon = max(_SOON, _RARELY * (self._seen - began))
        self._until = self._seen + (_EVERY if told and most - least <= _CLOSE else min(soon, _EVERY))

    def _told(self) -> tuple[list[tuple[int, int]], StoreError | None]:
        """Return what answers say of the offset, and what ended them."""
        is_close = self._behind[1] - self._behind[0] <= _CLOSE
        told: list[tuple[int, int]] = []
        for _ in range(_TRIES if is_close else 1):
            before = monotonic_ns() // 1000
            try:
                there = self._ask()
            except StoreError as error:
                return told, error
            after = monotonic_ns() // 1000
            # It was asked somewhere between the two, and of a millisecond no more is told.
            told.append((there - after, there - before + _STEP))
            if not _QUICK <= after - before <= _SLOW:
                break
        return told, None

    def _drifted(self) -> tuple[int, int]:
        """Return what was seen of the offset, as it may be by now."""
        drift = int((monotonic() - self._seen) * _DRIFT)
        least, most = self._behind
        return least - drift, most + drift


def _width(bounds: tuple[int, int]) -> int:
    return bounds[1] - bounds[0]


def _apart() -> float:
    """Return what the wall clock is ahead of the monotonic one, which stands still while the machine sleeps; in seconds."""
    while True:
        before = monotonic()
        there = time()
        if monotonic() - before < _SLEPT / 2:  # else another thread came between
            return there - before


def _slept(apart: float) -> bool:
    """Whether the two went apart since they were so far apart."""
    return abs(_apart() - apart) > _SLEPT
