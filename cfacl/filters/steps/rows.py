"""Filters that let rows pass, or none of a row."""

from __future__ import annotations

from cfacl.filters import clauses
from cfacl.filters.comparisons import passes
from cfacl.filters.steps.base import ROW, TAKEN, Code, Seen, Step

__all__ = ["InclusiveStop", "Page", "Prefix", "Row", "SingleColumnValue", "SingleColumnValueExclude"]


class Prefix(Step):
    def __init__(self, of: clauses.PrefixFilter, *, reverse: bool) -> None:
        self._prefix = of.prefix
        self._reverse = reverse
        self._passed = False
        self._out = True

    def reset(self) -> None:
        self._out = True

    def done(self) -> bool:
        return self._passed

    def skips(self, key: bytes) -> bool:
        if self._passed or len(key) < len(self._prefix):
            return True
        start = key[: len(self._prefix)]
        if start < self._prefix if self._reverse else start > self._prefix:
            self._passed = True
        self._out = start != self._prefix
        return self._out

    def judge(self, cell: Seen) -> Code:
        return ROW if self._out else TAKEN

    def drops(self) -> bool:
        return self._out


class Page(Step):
    late = True

    def __init__(self, of: clauses.PageFilter) -> None:
        self._size = of.size
        self._count = 0

    def done(self) -> bool:
        return self._count >= self._size

    def skips(self, key: bytes) -> bool:
        return False

    def drops(self) -> bool:
        self._count += 1
        return self._count > self._size


class InclusiveStop(Step):
    def __init__(self, of: clauses.InclusiveStopFilter, *, reverse: bool) -> None:
        self._row = of.row
        self._reverse = reverse
        self._done = False

    def done(self) -> bool:
        return self._done

    def skips(self, key: bytes) -> bool:
        self._done = self._done or (key < self._row if self._reverse else key > self._row)
        return self._done

    def judge(self, cell: Seen) -> Code:
        return ROW if self._done else TAKEN


class Row(Step):
    def __init__(self, of: clauses.RowFilter) -> None:
        self._passes = passes(of.operator, of.comparator)
        self._out = False

    def reset(self) -> None:
        self._out = False

    def skips(self, key: bytes) -> bool:
        self._out = not self._passes(key)
        return self._out

    def judge(self, cell: Seen) -> Code:
        return ROW if self._out else TAKEN

    def drops(self) -> bool:
        return self._out


class SingleColumnValue(Step):
    late = True

    def __init__(self, of: clauses.SingleColumnValueFilter | clauses.SingleColumnValueExcludeFilter) -> None:
        self._column = of.family, of.qualifier
        self._passes = passes(of.operator, of.comparator)
        self._if_missing = of.if_missing
        self._latest_only = of.latest_only
        self._found = self._matched = False

    def reset(self) -> None:
        self._found = self._matched = False

    def judge(self, cell: Seen) -> Code:
        if self._matched:
            return TAKEN
        if self._latest_only and self._found:
            return ROW
        if (cell.family, cell.qualifier) != self._column:
            return TAKEN
        self._found = True
        if not self._passes(cell.value):
            return ROW if self._latest_only else TAKEN
        self._matched = True
        return TAKEN

    def drops(self) -> bool:
        return not self._matched if self._found else self._if_missing


class SingleColumnValueExclude(SingleColumnValue):
    def cut(self, cells: list[Seen]) -> list[Seen]:
        return [each for each in cells if (each.family, each.qualifier) != self._column]
