"""Filters that let rows pass whole, or not at all, and each by itself: for these there is a shorter way than `evaluation`.

They are comparisons of a column's value and of keys, joined by `AND` and `OR`.  A test holds the two ways beside each other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from cfacl.filters.clauses import PrefixFilter, RowFilter, SingleColumnValueFilter
from cfacl.filters.comparisons import passes
from cfacl.filters.tree import And, Filter, Or

__all__ = ["Passes", "whole"]

#: Whether a row passes, by its key and its values by column.
Passes = Callable[[bytes, Mapping[bytes, Any]], bool]


def whole(of: Filter | None) -> Passes | None:
    """Return what says whether a row passes; ``None`` for a filter that asks more than that."""
    if of is None:
        return lambda *_: True
    if isinstance(of, SingleColumnValueFilter):
        return _of_column(of)
    if isinstance(of, RowFilter):
        compare = passes(of.operator, of.comparator)
        return lambda key, _: compare(key)
    if isinstance(of, PrefixFilter):
        prefix = of.prefix
        return lambda key, _: key.startswith(prefix)
    if isinstance(of, (And, Or)):
        parts = [whole(each) for each in of.filters]
        known = [each for each in parts if each is not None]
        if len(known) == len(parts):
            return _all(known) if isinstance(of, And) else _any(known)
    return None


def _of_column(of: SingleColumnValueFilter) -> Passes:
    column = of.family + b":" + of.qualifier
    compare = passes(of.operator, of.comparator)
    missing = not of.if_missing
    if (of.operator, of.comparator.kind) == ("=", "binary"):
        wanted = of.comparator.value
        otherwise = wanted if missing else None
        return lambda _, row: row.get(column, otherwise) == wanted

    def passed(_: bytes, row: Mapping[bytes, Any]) -> bool:
        value = row.get(column)
        return missing if value is None else compare(value)

    return passed


def _all(parts: list[Passes]) -> Passes:
    return lambda key, row: all(each(key, row) for each in parts)


def _any(parts: list[Passes]) -> Passes:
    return lambda key, row: any(each(key, row) for each in parts)
