"""Filters that let some cells of a row pass."""

from __future__ import annotations

from bisect import bisect_right

from cfacl.filters import clauses
from cfacl.filters.arguments import INT
from cfacl.filters.comparisons import Passes, passes
from cfacl.filters.steps.base import COLUMN, HINT, ROW, TAKEN, Code, Seen, Step

__all__ = [
    "ColumnCountGet",
    "ColumnPagination",
    "ColumnPrefix",
    "ColumnRange",
    "ColumnValue",
    "DependentColumn",
    "Family",
    "FirstKeyOnly",
    "KeyOnly",
    "MultipleColumnPrefix",
    "Qualifier",
    "Timestamps",
    "Value",
]


class KeyOnly(Step):
    def __init__(self, of: clauses.KeyOnlyFilter) -> None:
        self._length = of.length

    def changed(self, cell: Seen) -> Seen:
        return cell._replace(value=len(cell.value).to_bytes(4, "big") if self._length else b"")


class FirstKeyOnly(Step):
    def __init__(self, of: clauses.FirstKeyOnlyFilter) -> None:
        self._found = False

    def reset(self) -> None:
        self._found = False

    def judge(self, cell: Seen) -> Code:
        if self._found:
            return ROW
        self._found = True
        return TAKEN


class ColumnPrefix(Step):
    hinting = True

    def __init__(self, of: clauses.ColumnPrefixFilter) -> None:
        self._prefix = of.prefix

    def judge(self, cell: Seen) -> Code:
        if cell.qualifier.startswith(self._prefix):
            return TAKEN
        return HINT if cell.qualifier < self._prefix else ROW

    def hint(self, cell: Seen) -> tuple[bytes, bytes]:
        return cell.family, self._prefix


class MultipleColumnPrefix(Step):
    hinting = True

    def __init__(self, of: clauses.MultipleColumnPrefixFilter) -> None:
        self._prefixes = sorted(set(of.prefixes))
        self._next = b""

    def judge(self, cell: Seen) -> Code:
        at = bisect_right(self._prefixes, cell.qualifier)
        if at and cell.qualifier.startswith(self._prefixes[at - 1]):
            return TAKEN
        if at == len(self._prefixes):
            return ROW
        self._next = self._prefixes[at]
        return HINT

    def hint(self, cell: Seen) -> tuple[bytes, bytes]:
        return cell.family, self._next


class ColumnCountGet(Step):
    def __init__(self, of: clauses.ColumnCountGetFilter) -> None:
        self._limit = of.limit
        self._count = 0

    def reset(self) -> None:
        self._count = 0

    def done(self) -> bool:
        return self._count > self._limit

    def judge(self, cell: Seen) -> Code:
        self._count += 1
        return COLUMN if self.done() else TAKEN | COLUMN


class ColumnPagination(Step):
    def __init__(self, of: clauses.ColumnPaginationFilter) -> None:
        self._first, self._last = of.offset, of.offset + of.limit
        if self._last > INT:  # as in java, where it begins again below none
            self._last = -1
        self._count = 0

    def reset(self) -> None:
        self._count = 0

    def judge(self, cell: Seen) -> Code:
        if self._count >= self._last:
            return ROW
        self._count += 1
        return COLUMN if self._count <= self._first else TAKEN | COLUMN


class Timestamps(Step):
    def __init__(self, of: clauses.TimestampsFilter) -> None:
        self._timestamps = frozenset(of.timestamps)
        self._first = min(of.timestamps)

    def judge(self, cell: Seen) -> Code:
        if cell.timestamp in self._timestamps:
            return TAKEN
        return COLUMN if cell.timestamp < self._first else 0


class Family(Step):
    def __init__(self, of: clauses.FamilyFilter) -> None:
        self._passes = passes(of.operator, of.comparator)

    def judge(self, cell: Seen) -> Code:
        return TAKEN if self._passes(cell.family) else ROW


class Qualifier(Step):
    def __init__(self, of: clauses.QualifierFilter) -> None:
        self._passes = passes(of.operator, of.comparator)

    def judge(self, cell: Seen) -> Code:
        return TAKEN if self._passes(cell.qualifier) else 0


class Value(Step):
    def __init__(self, of: clauses.ValueFilter) -> None:
        self._passes = passes(of.operator, of.comparator)

    def judge(self, cell: Seen) -> Code:
        return TAKEN if self._passes(cell.value) else 0


class DependentColumn(Step):
    late = True

    def __init__(self, of: clauses.DependentColumnFilter) -> None:
        self._column = of.family, of.qualifier
        self._drop = of.drop
        self._passes: Passes | None = None
        if of.operator is not None and of.comparator is not None:
            self._passes = passes(of.operator, of.comparator)
        self._timestamps: set[int] = set()

    def reset(self) -> None:
        self._timestamps.clear()

    def judge(self, cell: Seen) -> Code:
        if (cell.family, cell.qualifier) != self._column:
            return TAKEN
        if self._passes is not None and not self._passes(cell.value):
            return 0
        self._timestamps.add(cell.timestamp)
        return 0 if self._drop else TAKEN

    def cut(self, cells: list[Seen]) -> list[Seen]:
        return [each for each in cells if each.timestamp in self._timestamps]


class ColumnValue(Step):
    def __init__(self, of: clauses.ColumnValueFilter) -> None:
        self._column = of.family, of.qualifier
        self._passes = passes(of.operator, of.comparator)
        self._found = False

    def reset(self) -> None:
        self._found = False

    def judge(self, cell: Seen) -> Code:
        if (cell.family, cell.qualifier) != self._column:
            return ROW if self._found else COLUMN
        self._found = True
        return TAKEN if self._passes(cell.value) else 0


class ColumnRange(Step):
    hinting = True

    def __init__(self, of: clauses.ColumnRangeFilter) -> None:
        self._lower, self._with_lower = of.lower, of.with_lower
        self._upper, self._with_upper = of.upper, of.with_upper

    def judge(self, cell: Seen) -> Code:
        qualifier = cell.qualifier
        if qualifier < self._lower:
            return HINT
        if self._lower and qualifier == self._lower and not self._with_lower:
            return COLUMN
        if not self._upper or qualifier < self._upper or (self._with_upper and qualifier == self._upper):
            return TAKEN
        return ROW

    def hint(self, cell: Seen) -> tuple[bytes, bytes]:
        return cell.family, self._lower
