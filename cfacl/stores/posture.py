"""What a store tells of how it stands: what is well, what deserves attention, and what cannot be seen from here."""

from __future__ import annotations

from typing import Literal, NamedTuple

__all__ = ["Sign", "Verdict"]

#: ``fact`` is neither well nor ill; ``unseen`` could not be looked at, whatever it may be.
Verdict = Literal["attention", "well", "fact", "unseen"]


class Sign(NamedTuple):
    """One thing that was looked at; what deserves attention says what to do."""

    verdict: Verdict
    about: str
    told: str
