"""Filters and rows at random, small enough that most filters let something pass and leave something out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Final

from attrs import frozen

from cfacl.filters import (
    And,
    ColumnCountGetFilter,
    ColumnPaginationFilter,
    ColumnPrefixFilter,
    ColumnRangeFilter,
    ColumnValueFilter,
    Comparator,
    DependentColumnFilter,
    FamilyFilter,
    Filter,
    FirstKeyOnlyFilter,
    InclusiveStopFilter,
    KeyOnlyFilter,
    MultipleColumnPrefixFilter,
    Or,
    PageFilter,
    PrefixFilter,
    QualifierFilter,
    RowFilter,
    SingleColumnValueExcludeFilter,
    SingleColumnValueFilter,
    Skip,
    TimestampsFilter,
    ValueFilter,
    While,
)

__all__ = ["FAMILIES", "KEYS", "PIECES", "QUALIFIERS", "TIMES", "Filters", "Row", "drawn_rows"]

KEYS: Final = (b"a", b"ab", b"abc", b"b", b"b\x00", b"ba", b"c", b"ca", b"\xff")
QUALIFIERS: Final = (b"", b"a", b"ab", b"abc", b"b", b"ba", b"c")
PIECES: Final = (b"", b"a", b"ab", b"b", b"A", b"\xff", b"a'b)")
FAMILIES: Final = (b"f", b"g")
TIMES: Final = (1, 2, 3, 4)
_OPERATORS: Final = ("<", "<=", "=", "!=", ">=", ">")
#: How many of ten filters are made of others, where they may be.
_DEEPER: Final = 6
_PATTERNS: Final = (b"a", b"^a", b"b$", b"^$", b"a.?b", b"[ab]+$", b"(?i)A", b"a|c", b".")

#: A row: its key, and (value, timestamp) by family and qualifier.
Row = tuple[bytes, dict[tuple[bytes, bytes], tuple[bytes, int]]]


def drawn_rows(random: Random) -> list[Row]:
    """Return rows in the order of their keys, each with a cell at least."""
    rows: list[Row] = []
    for key in sorted(random.sample(KEYS, random.randint(1, len(KEYS)))):
        columns = [(family, qualifier) for family in FAMILIES for qualifier in QUALIFIERS]
        chosen = sorted(random.sample(columns, random.randint(1, 9)))
        rows.append((key, {each: (random.choice(PIECES), random.choice(TIMES)) for each in chosen}))
    return rows


@frozen
class Filters:
    """Draws filters over some keys, families, qualifiers, values and timestamps."""

    random: Random
    keys: Sequence[bytes] = KEYS
    families: Sequence[bytes] = FAMILIES
    qualifiers: Sequence[bytes] = QUALIFIERS
    values: Sequence[bytes] = PIECES
    times: Sequence[int] = TIMES

    def drawn(self, depth: int = 3) -> Filter:
        """Return a filter, at most so deep."""
        random = self.random
        if depth > 1 and self.number(9) < _DEEPER:
            kind: Any = random.choice((And, And, Or, Or, Skip, While))
            if kind in (Skip, While):
                return kind(self.drawn(depth - 1))  # type: ignore[no-any-return]  # of whichever kind
            return kind(tuple(self.drawn(depth - 1) for _ in range(random.randint(2, 3))))  # type: ignore[no-any-return]  # as above
        return random.choice(_LEAVES)(self)

    def compared(self, pieces: Sequence[bytes]) -> tuple[str, Comparator]:
        """Return an operator and a comparator with one of some pieces."""
        random = self.random
        kind = random.choice(("binary", "binary", "binaryprefix", "regexstring", "substring"))
        if kind == "regexstring":
            return random.choice(("=", "!=")), Comparator(kind, random.choice(_PATTERNS))
        if kind == "substring":
            return random.choice(("=", "!=")), Comparator(kind, random.choice((b"", b"a", b"B", b"ab")))
        return random.choice(_OPERATORS), Comparator(kind, random.choice(pieces))

    def column(self) -> tuple[bytes, bytes]:
        """Return a family and a qualifier."""
        return self.random.choice(self.families), self.random.choice(self.qualifiers)

    def flag(self) -> bool:
        """Return one or the other."""
        return self.random.getrandbits(1) == 1

    def some(self, several: Sequence[Any]) -> tuple[Any, ...]:
        """Return one to three of several."""
        return tuple(self.random.sample(several, min(len(several), self.random.randint(1, 3))))

    def number(self, most: int) -> int:
        """Return a number from 0 on."""
        return self.random.randint(0, most)


_LEAVES: Final[tuple[Callable[[Filters], Filter], ...]] = (
    lambda of: KeyOnlyFilter(of.flag()),
    lambda _: FirstKeyOnlyFilter(),
    lambda of: PrefixFilter(of.random.choice(of.keys)),
    lambda of: ColumnPrefixFilter(of.random.choice(of.qualifiers)),
    lambda of: MultipleColumnPrefixFilter(of.some(of.qualifiers)),
    lambda of: ColumnCountGetFilter(of.number(4)),
    lambda of: PageFilter(of.number(4)),
    lambda of: ColumnPaginationFilter(of.number(3), of.number(3)),
    lambda of: InclusiveStopFilter(of.random.choice(of.keys)),
    lambda of: TimestampsFilter(of.some(of.times)),
    lambda of: RowFilter(*of.compared(of.keys)),
    lambda of: FamilyFilter(*of.compared(of.families)),
    lambda of: QualifierFilter(*of.compared(of.qualifiers)),
    lambda of: ValueFilter(*of.compared(of.values)),
    lambda of: DependentColumnFilter(*of.column(), of.flag()),
    lambda of: DependentColumnFilter(*of.column(), of.flag(), *of.compared(of.values)),
    lambda of: SingleColumnValueFilter(*of.column(), *of.compared(of.values), of.flag(), of.flag()),
    lambda of: SingleColumnValueExcludeFilter(*of.column(), *of.compared(of.values), of.flag(), of.flag()),
    lambda of: ColumnValueFilter(*of.column(), *of.compared(of.values)),
    lambda of: ColumnRangeFilter(
        of.random.choice(of.qualifiers), of.flag(), of.random.choice(of.qualifiers), of.flag()
    ),
)
