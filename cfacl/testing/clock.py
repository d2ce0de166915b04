"""A clock that tests turn."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from cfacl.api.arguments import instant

__all__ = ["START", "Clock"]

#: When every test begins, in milliseconds since 1970: an instant in 2027.
START: Final = 1_800_000_000_000


class Clock:
    """Returns nanoseconds since 1970 when it is called, and moves only when a test turns it.

    Attributes:
        milliseconds: since 1970, as the timestamps of cells are.
    """

    def __init__(self, milliseconds: int = START) -> None:
        self.milliseconds = milliseconds

    def __call__(self) -> int:
        """Return the time, late in its millisecond: whoever rounds up, and not down, is seen to do so."""
        return self.milliseconds * 1_000_000 + 999_999

    def turn(self, milliseconds: int) -> None:
        """Go on by so many milliseconds, or back where they are negative."""
        self.milliseconds += milliseconds

    def turn_to(self, at: datetime) -> None:
        """Go to the millisecond of an instant, such as the one at which a grant ends.

        Raises:
            RequestError: it has no offset.
        """
        self.milliseconds = instant(at) // 1_000_000
