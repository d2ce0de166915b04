"""The hot path: a check that was decided before.  An optional wheel has this module compiled, from this source.

The one AND of requested and denied bits is made when an ask first meets a view.  A hit is its
answer, and asks two things: is the snapshot still the one that it came from; where the answer can
expire, is it still before the next edge of any window of the policy.  Of any, so that whoever comes
past an edge first takes the long way, which notes the time: a clock that goes back then finds
nothing of before.  A hit takes no lock, allocates nothing and logs nothing.  Whatever else
happens, an exception included, goes the long way, which either decides afresh or raises; there is
no third way out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final, overload

from mypy_extensions import i64, mypyc_attr

from cfacl.engine.pinned import Pinned

if TYPE_CHECKING:
    from cfacl.engine.ask import Ask
    from cfacl.model.action import Action

#: The last instant that an `i64` can name, in nanoseconds since 1970, in 2262; what ends later is decided afresh from
#: then on, and what ended before the first one, in 1677, every time.
LAST: Final = 0x7FFF_FFFF_FFFF_FFFF


class Hit:
    """What a check needs to know.

    Args:
        snapshot: what it was decided by; it is good only while that is the current one.
        allowed: whether all that was asked is granted.
        ends: whether that can change with time.
        until: where it ends, when the next edge of any window comes, in nanoseconds since 1970.
    """

    __slots__ = ("allowed", "ends", "snapshot", "until")

    def __init__(self, snapshot: object, allowed: bool, ends: bool, until: i64) -> None:  # one caller
        self.snapshot = snapshot
        self.allowed = allowed
        self.ends = ends
        self.until = until


@mypyc_attr(allow_interpreted_subclasses=True)
class Current(Pinned):
    """What hits are held against.

    Args:
        clock: returns the time in nanoseconds since 1970, an int.
    """

    __slots__ = ("asks", "clock", "snapshot")

    def __init__(self, clock: Callable[[], int]) -> None:
        self.snapshot: object = None
        self.clock = clock
        #: prepared requests by (action, table, *families)
        self.asks: dict[tuple[object, ...], object] = {}

    def note(self, now: int) -> int:
        """Take notice of a time at which an edge may have been passed."""
        raise NotImplementedError


@mypyc_attr(allow_interpreted_subclasses=True)
class Checker(Pinned):
    """Who checks: by a hit, or the long way."""

    __slots__ = ("_clock", "_guard", "_hits")

    def __init__(self, guard: Current) -> None:
        self._guard = guard
        self._clock: Callable[[], i64] = guard.clock
        self._hits: dict[object, Hit] = {}

    @overload
    def allows(self, ask: Ask, /) -> bool: ...
    @overload
    def allows(self, action: Action, table: str, /, *families: str) -> bool: ...
    def allows(self, ask: object, /, *names: object) -> bool:
        """Whether every family asked for is granted; ``False`` only where the policy says no.

        Args:
            ask: from `Database.prepare`; or an action, then a table and at least one family.

        Raises:
            AccessDenied: the principal was removed, or the decision itself failed (``reason``).
            RequestError: an unknown name, no family, another database's ask, a closed session.
        """
        try:
            hit = self._hits[self._guard.asks[(ask, *names)] if names else ask]
            if hit.snapshot is self._guard.snapshot:
                if not hit.ends:
                    return hit.allowed
                clock = self._clock
                now = clock()
                if now < hit.until:
                    return hit.allowed
                self._guard.note(now)
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        return self._decide_allows(ask, names)

    @overload
    def require(self, ask: Ask, /) -> None: ...
    @overload
    def require(self, action: Action, table: str, /, *families: str) -> None: ...
    def require(self, ask: object, /, *names: object) -> None:
        """Return if every family asked for is granted, else raise `AccessDenied`.  Otherwise as `allows`."""
        try:
            hit = self._hits[self._guard.asks[(ask, *names)] if names else ask]
            if hit.allowed and hit.snapshot is self._guard.snapshot:
                if not hit.ends:
                    return
                clock = self._clock
                now = clock()
                if now < hit.until:
                    return
                self._guard.note(now)
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        self._decide_require(ask, names)

    def _decide_allows(self, ask: object, names: tuple[object, ...]) -> bool:
        raise NotImplementedError

    def _decide_require(self, ask: object, names: tuple[object, ...]) -> None:
        raise NotImplementedError
