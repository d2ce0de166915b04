"""What a filter asks for before it has seen a row: the columns that it names, the rows that it could let pass, and how many."""

from __future__ import annotations

from itertools import chain

from cfacl.filters.clauses import (
    ColumnCountGetFilter,
    ColumnValueFilter,
    DependentColumnFilter,
    FamilyFilter,
    FirstKeyOnlyFilter,
    InclusiveStopFilter,
    KeyOnlyFilter,
    PageFilter,
    PrefixFilter,
    RowFilter,
    SingleColumnValueExcludeFilter,
    SingleColumnValueFilter,
    TimestampsFilter,
)
from cfacl.filters.tree import And, Filter, Or, While, parts_of
from cfacl.filters.whole import whole
from cfacl.model.request import Span, prefix_span

__all__ = [
    "columns",
    "goes_by_rows_before",
    "most_rows",
    "names_all",
    "narrowed",
    "needs_order",
    "needs_times",
    "remembers",
    "without_page",
]

#: They let something pass of each row that bounds of keys let pass.
_PASSING = (FirstKeyOnlyFilter, InclusiveStopFilter, KeyOnlyFilter, PrefixFilter)
_OF_COLUMN = (ColumnValueFilter, DependentColumnFilter, SingleColumnValueExcludeFilter, SingleColumnValueFilter)


def columns(of: Filter) -> tuple[bytes, ...]:
    """Return the columns and families that a filter names, sorted; it reads them, whatever it does with what it reads."""
    found = set()
    for each in of.walk():
        if isinstance(each, _OF_COLUMN):
            found.add(each.family + b":" + each.qualifier)
        elif isinstance(each, FamilyFilter) and each.names is not None:
            found.add(each.names)
    return tuple(sorted(found))


def names_all(of: Filter) -> bool:
    """Whether it goes by keys and by the columns that it names alone, so that other cells make no row pass or fail."""
    kinds = (
        And,
        ColumnValueFilter,
        InclusiveStopFilter,
        Or,
        PrefixFilter,
        RowFilter,
        SingleColumnValueFilter,
    )
    return all(isinstance(each, kinds) for each in of.walk())


def goes_by_rows_before(of: Filter) -> Filter | None:
    """Return what of it can let a row pass, or not, by the rows before, if anything does; bounds beside all else do not."""
    if whole(of) is not None:
        return None
    ending = [
        each
        for each in of.walk()
        if isinstance(each, (InclusiveStopFilter, PrefixFilter)) and each not in _joined_by_and(of)
    ]
    return next(
        chain((each for each in of.walk() if isinstance(each, (ColumnCountGetFilter, PageFilter, While))), ending), None
    )


def remembers(of: Filter) -> Filter | None:
    """Return what of it can end a scan by a cell, also of a row that does not pass by its key, if anything does."""
    return next((each for each in of.walk() if isinstance(each, (ColumnCountGetFilter, While))), None)


def _joined_by_and(of: Filter) -> list[Filter]:
    return [each for part in of.filters for each in _joined_by_and(part)] if isinstance(of, And) else [of]


def needs_times(of: Filter) -> bool:
    """Whether it looks at timestamps."""
    return any(isinstance(each, (DependentColumnFilter, TimestampsFilter)) for each in of.walk())


def needs_order(of: Filter) -> Filter | None:
    """Return what of it goes by the order of rows, if anything does."""
    kinds = (ColumnCountGetFilter, InclusiveStopFilter, PrefixFilter, While)
    return next((each for each in of.walk() if isinstance(each, kinds)), None)


def without_page(of: Filter) -> tuple[Filter | None, int | None]:
    """Return a filter without the pages behind all else, and how many rows that pass the rest they let pass; ``None`` for no such."""
    parts = parts_of(of)
    end = len(parts)
    while end and isinstance(parts[end - 1], PageFilter):
        end -= 1
    rest = None if end == 0 else parts[0] if end == 1 else And(parts[:end])
    return rest, min([each.size for each in parts[end:] if isinstance(each, PageFilter)], default=None)


def most_rows(of: Filter, done: Filter | None, limit: int | None) -> int | None:
    """Return how many rows it has to see at most, where each that it sees passes; ``None`` where that is not known.

    Args:
        done: the part of it that all of them have passed, beside what they were `narrowed` by.
        limit: how many are wanted at most.
    """
    passed = () if done is None else parts_of(done)
    pages = [limit] if limit is not None else []
    for each in parts_of(of):
        if isinstance(each, PageFilter):
            pages.append(each.size)
        elif not (each in passed or isinstance(each, _PASSING) or (isinstance(each, RowFilter) and _is_bound(each))):
            return None
    return min(pages, default=None)


def narrowed(of: Filter, span: Span) -> Span:
    """Return what of a span a filter could let pass."""
    if remembers(of) is not None:
        return span  # a row outside may be what ends it
    return _within(span, _bounds(of, reverse=span.reverse))


def _bounds(of: Filter, *, reverse: bool) -> Span:
    if isinstance(of, And):
        bounds = Span()
        for each in of.filters:
            bounds = _within(bounds, _bounds(each, reverse=reverse))
        return bounds
    if isinstance(of, Or):
        every = [_bounds(each, reverse=reverse) for each in of.filters]
        lowest = [each.lower for each in every if each.lower is not None]
        highest = [each.upper for each in every if each.upper is not None]
        return Span(
            min(lowest) if len(lowest) == len(every) else None, max(highest) if len(highest) == len(every) else None
        )
    if isinstance(of, PrefixFilter):
        return prefix_span(of.prefix)
    if isinstance(of, InclusiveStopFilter):
        return Span(of.row or None) if reverse else Span(None, of.row + b"\0")
    if not isinstance(of, RowFilter) or not _is_bound(of):
        return Span()
    if of.comparator.kind == "binaryprefix":
        return prefix_span(of.comparator.value)
    return _compared(of.operator, of.comparator.value)


def _is_bound(of: RowFilter) -> bool:
    """Whether the keys that pass lie side by side, and no other between them."""
    return (of.comparator.kind == "binary" and of.operator != "!=") or (
        of.comparator.kind == "binaryprefix" and of.operator == "="
    )


def _compared(operator: str, key: bytes) -> Span:
    behind = key + b"\0"
    match operator:
        case "=":
            return Span(key, behind)
        case "<":
            return Span(None, key)
        case "<=":
            return Span(None, behind)
        case ">":
            return Span(behind)
        case ">=":
            return Span(key)
    return Span()


def _within(one: Span, other: Span) -> Span:
    lower = max((each for each in (one.lower, other.lower) if each is not None), default=None)
    upper = min((each for each in (one.upper, other.upper) if each is not None), default=None)
    return Span(lower, upper, one.reverse)
