"""What a filter asks for before it has seen a row: the columns that it names, the rows that it could let pass, and how many."""

from __future__ import annotations

from cfacl.filters.clauses import (
    ColumnCountGetFilter,
    ColumnValueFilter,
    DependentColumnFilter,
    FamilyFilter,
    InclusiveStopFilter,
    PageFilter,
    PrefixFilter,
    RowFilter,
    SingleColumnValueExcludeFilter,
    SingleColumnValueFilter,
    TimestampsFilter,
)
from cfacl.filters.tree import And, Filter, Or, While
from cfacl.model.request import Span, prefix_span

__all__ = ["columns", "most_rows", "names_all", "narrowed", "needs_order", "needs_times"]

_OF_COLUMN = (ColumnValueFilter, DependentColumnFilter, SingleColumnValueExcludeFilter, SingleColumnValueFilter)


def columns(of: Filter) -> tuple[bytes, ...]:
    """Return the columns and families that a filter names, sorted; it reads them, whatever it does with what it reads."""
    found = set()
    for each in of.walk():
        if isinstance(each, _OF_COLUMN):
            found.add(each.family + b":" + each.qualifier)
        elif isinstance(each, FamilyFilter) and each.comparator.kind == "binary" and each.operator in ("=", "!="):
            found.add(each.comparator.value)
    return tuple(sorted(found))


def names_all(of: Filter) -> bool:
    """Whether it goes by keys and by the columns that it names alone, so that other cells make no row pass or fail."""
    kinds = (
        And,
        ColumnValueFilter,
        InclusiveStopFilter,
        Or,
        PageFilter,
        PrefixFilter,
        RowFilter,
        SingleColumnValueFilter,
    )
    return all(isinstance(each, kinds) for each in of.walk())


def needs_times(of: Filter) -> bool:
    """Whether it looks at timestamps."""
    return any(isinstance(each, (DependentColumnFilter, TimestampsFilter)) for each in of.walk())


def needs_order(of: Filter) -> Filter | None:
    """Return what of it goes by the order of rows, if anything does."""
    kinds = (ColumnCountGetFilter, InclusiveStopFilter, PrefixFilter, While)
    return next((each for each in of.walk() if isinstance(each, kinds)), None)


def most_rows(of: Filter) -> int | None:
    """Return how many rows it has to see at most, where each that it sees passes; ``None`` where that is not known."""
    parts = of.filters if isinstance(of, And) else (of,)
    pages = [each.size for each in parts if isinstance(each, PageFilter)]
    if not pages or not all(isinstance(each, (InclusiveStopFilter, PageFilter, PrefixFilter)) for each in parts):
        return None
    return min(pages)


def narrowed(of: Filter, span: Span) -> Span:
    """Return what of a span a filter could let pass."""
    if any(isinstance(each, While) for each in of.walk()):
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
    if isinstance(of, RowFilter) and of.comparator.kind == "binary":
        return _compared(of.operator, of.comparator.value)
    if isinstance(of, RowFilter) and of.comparator.kind == "binaryprefix" and of.operator == "=":
        return prefix_span(of.comparator.value)
    return Span()


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
