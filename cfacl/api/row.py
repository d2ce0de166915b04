"""A row as a read returns it."""

from __future__ import annotations

from typing import Any, TypeVar

V = TypeVar("V")


class Row(dict[bytes, V]):
    """A dict of cells by column name, ``{b"prof:country": b"SG"}``, that says what the decision left out.

    Attributes:
        withheld: families of the table that were not granted, a ``frozenset[str]``; it depends on the
            policy, the principal, the purpose and the request, never on what the row holds.

    Equality is the dict's.  `copy` and pickling keep ``withheld``; ``dict(row)`` drops it.
    """

    __slots__ = ("withheld",)

    withheld: frozenset[str]

    def __init__(self, cells: dict[bytes, V], withheld: frozenset[str] = frozenset()) -> None:
        super().__init__(cells)
        self.withheld = withheld

    def copy(self) -> Row[V]:
        """Return a shallow copy, ``withheld`` included."""
        return Row(self, self.withheld)

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        return Row, (dict(self), self.withheld)

    def __repr__(self) -> str:
        return f"Row({super().__repr__()}, withheld={sorted(self.withheld)})"
