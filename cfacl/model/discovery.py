"""What a store is seen to have, of which no policy says anything yet."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["Discovered"]


class Discovered(NamedTuple):
    """A column family that is there.

    Attributes:
        versions: how many values of a cell it keeps.
        time_to_live: for how many seconds; ``None`` for ever.
        qualifiers: those of its first rows.
    """

    table: str
    family: str
    versions: int
    time_to_live: int | None
    qualifiers: frozenset[bytes]
