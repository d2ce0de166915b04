"""A row as a read returns it."""

from __future__ import annotations

from typing import Any, TypeVar

from cfacl.errors import quoted

V = TypeVar("V")


class Row(dict[bytes, V]):
    """A dict of cells by column name, ``{b"prof:country": b"SG"}``, that says what the decision left out.

    Attributes:
        withheld: families of the table that were not granted, a ``frozenset[str]``; it depends on the
            policy, the principal, the purpose and the request, never on what the row holds.

    Made by reads; one that is made otherwise has nothing withheld.  Equality is the dict's.  `copy` and pickling keep
    ``withheld``; ``dict(row)`` and ``row | more`` are dicts without it.
    """

    __slots__ = ("withheld",)

    withheld: frozenset[str]

    def __getattr__(self, name: str) -> frozenset[str]:
        if name == "withheld":  # which reads always set
            return frozenset()
        raise AttributeError(f"a row has no {quoted(name)}; its cells are its items", name=name, obj=self)

    def copy(self) -> Row[V]:
        """Return a shallow copy, ``withheld`` included."""
        return make_row(self, self.withheld)

    __copy__ = copy

    def __reduce__(self) -> tuple[Any, ...]:
        return make_row, (dict(self), self.withheld)

    def __repr__(self) -> str:
        return f"Row({super().__repr__()}, withheld={sorted(self.withheld)})"


def make_row(cells: dict[bytes, V], withheld: frozenset[str]) -> Row[V]:
    """Return a row of these cells.  Without an ``__init__`` of its own a row is filled at the speed of a dict."""
    row = Row(cells)
    row.withheld = withheld
    return row
