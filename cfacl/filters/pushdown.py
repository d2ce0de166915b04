"""What of a filter can be done where the rows are, so that they need not be sent to be left out here.

Whatever comes is still asked about, by the whole filter.  So the part may be less than it, and a store may do less than the
part; but nothing that it leaves out may change what passes of the rest, nor a count.  A test holds both beside each other.
"""

from __future__ import annotations

from itertools import takewhile
from typing import Any, Final

from attrs import evolve

from cfacl.filters.clauses import (
    ColumnPrefixFilter,
    ColumnRangeFilter,
    FirstKeyOnlyFilter,
    InclusiveStopFilter,
    KeyOnlyFilter,
    MultipleColumnPrefixFilter,
    PageFilter,
    PrefixFilter,
    QualifierFilter,
    RowFilter,
)
from cfacl.filters.tree import And, Filter, parts_of
from cfacl.filters.whole import whole

__all__ = ["pushed_down"]

#: They end a scan, or count what passes: here, where all rows meet.
_ENDING: Final = (InclusiveStopFilter, PageFilter)
#: They judge keys, or each cell by its name alone, so that doing them twice is doing them once.
_BY_NAME: Final = (
    ColumnPrefixFilter,
    ColumnRangeFilter,
    FirstKeyOnlyFilter,
    KeyOnlyFilter,
    MultipleColumnPrefixFilter,
    PrefixFilter,
    QualifierFilter,
    RowFilter,
)


def pushed_down(of: Filter, *, reverse: bool) -> Filter | None:
    """Return the part of a filter that may be done before the rest of it, anywhere; ``None`` where there is none."""
    parts = parts_of(of)
    if not reverse and all(isinstance(each, (*_BY_NAME, *_ENDING)) for each in parts):
        early = [each for each in parts if not isinstance(each, _ENDING)]
    else:  # a row that one of these does not let pass is seen by none behind it
        early = list(takewhile(lambda each: whole(each) is not None, parts))
        if not all(isinstance(each, (*_ENDING, KeyOnlyFilter)) for each in parts[len(early) :]):
            return None
    if not early or not all(_is_plain(each) for part in early for each in part.walk()):
        return None
    part = early[0] if len(early) == 1 else And(tuple(early))
    return _without_missing(part) if reverse else part


def _is_plain(of: Any) -> bool:
    """Whether every reader of it reads the same, which patterns are not; twice as once."""
    if isinstance(of, KeyOnlyFilter):
        return not of.length
    comparator = getattr(of, "comparator", None)
    return comparator is None or comparator.kind in ("binary", "binaryprefix")


def _without_missing(of: Any) -> Filter:
    """Return a filter that lets rows pass which lack a column: HBase has no other backwards."""
    if hasattr(of, "filters"):
        return evolve(of, filters=tuple(map(_without_missing, of.filters)))  # type: ignore[no-any-return]  # as it was
    return evolve(of, if_missing=False) if getattr(of, "if_missing", False) else of  # type: ignore[no-any-return]  # as above
