"""How much is asked for at once of a scan that leaves rows out: what it passes by meanwhile, nobody knows before."""

from __future__ import annotations

from typing import Final

__all__ = ["Pace"]

#: The least, so that one that is read again at the edge is not all; and the most.
_LEAST: Final = 2
_FIRST: Final = 16
_MOST: Final = 1_000
_STEP: Final = 8
#: Parts of the time that an answer may take: one that takes less was asked for too little, one that takes more, for too much.
_SHORT: Final = 1 / 32
_LONG: Final = 1 / 4


class Pace:
    """A number of results, more after a quick answer and fewer after a slow one.

    Attributes:
        most: how many are asked for at once.
    """

    def __init__(self, patience: float) -> None:
        self._patience = patience
        self.most = _FIRST

    def learn(self, asked: int, seconds: float) -> bool:
        """Take into account how long an answer of so many took; return whether it changes anything."""
        if asked != self.most:  # something else said how many
            return False
        before = self.most
        if seconds < self._patience * _SHORT:
            self.most = min(_MOST, self.most * _STEP)
        elif seconds > self._patience * _LONG:
            self.most = max(_LEAST, self.most // _STEP)
        return self.most != before
