"""A clock that tests turn."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from cfacl.api.arguments import instant
from cfacl.errors import RequestError

__all__ = ["START", "Clock", "unsaid"]

#: When a test begins that does not say when, in milliseconds since 1970: 2027-01-15T08:00:00Z.
START: Final = 1_800_000_000_000
_BACK: Final = "a clock does not go back, for decisions never do; begin earlier, with `Clock(datetime(...))`"


class Clock:
    """Returns nanoseconds since 1970 when it is called, and moves only when a test turns it.

    Args:
        at: when it begins: a date-time with an offset, or milliseconds since 1970; left out, 2027-01-15T08:00:00Z.

    Attributes:
        milliseconds: since 1970, as the timestamps of cells are.

    Raises:
        RequestError: a date-time has no offset, or a number is none of milliseconds.
    """

    def __init__(self, at: int | datetime | None = None) -> None:
        self._said = at is not None
        if at is None:
            self.milliseconds = START
        elif type(at) is int:
            self.milliseconds = at
        else:
            self.milliseconds = instant(at) // 1_000_000

    def __call__(self) -> int:
        """Return the time, late in its millisecond: whoever rounds up, and not down, is seen to do so."""
        return self.milliseconds * 1_000_000 + 999_999

    def turn(self, by: float | timedelta) -> None:
        """Go on by so many milliseconds, or by a `timedelta`; what is no whole millisecond is rounded up to one.

        Raises:
            RequestError: it is below 0, or endless.
        """
        if isinstance(by, timedelta):
            by = -(-by // timedelta(milliseconds=1))
        if type(by) not in (int, float) or not math.isfinite(by):
            raise RequestError("a clock is turned by a number of milliseconds, or by a `timedelta`")
        if by < 0:
            raise RequestError(_BACK)
        self.milliseconds += math.ceil(by)

    def turn_to(self, at: datetime) -> None:
        """Go to the millisecond of an instant, such as the one at which a grant ends.

        Raises:
            RequestError: it has no offset, or is over.
        """
        milliseconds = instant(at) // 1_000_000
        if milliseconds < self.milliseconds:
            raise RequestError(_BACK)
        self.milliseconds = milliseconds

    def turn_back(self, milliseconds: int) -> None:
        """Go back by so many milliseconds, as the clock of a machine may: for what a *store* makes of that."""
        self.milliseconds -= milliseconds


def unsaid(clock: Callable[[], int]) -> bool:
    """Whether it is at `START` because nobody said another time."""
    return isinstance(clock, Clock) and not clock._said and clock.milliseconds == START  # noqa: SLF001  # its own module
