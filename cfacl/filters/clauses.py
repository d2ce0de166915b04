"""The filters that are no operators.  What each does is said here as HBase's reference guide says it, and done by `steps`."""

from __future__ import annotations

from typing import Final

from attrs import field, fields, frozen

from cfacl.filters.arguments import (
    INT,
    LONG,
    Comparator,
    confirm_all,
    confirm_bytes,
    confirm_comparator,
    confirm_family,
    confirm_flag,
    confirm_number,
    confirm_operator,
)
from cfacl.filters.tree import Filter

__all__ = [
    "CLASSES",
    "ColumnCountGetFilter",
    "ColumnPaginationFilter",
    "ColumnPrefixFilter",
    "ColumnRangeFilter",
    "ColumnValueFilter",
    "DependentColumnFilter",
    "FamilyFilter",
    "FirstKeyOnlyFilter",
    "InclusiveStopFilter",
    "KeyOnlyFilter",
    "MultipleColumnPrefixFilter",
    "PageFilter",
    "PrefixFilter",
    "QualifierFilter",
    "RowFilter",
    "SingleColumnValueExcludeFilter",
    "SingleColumnValueFilter",
    "TimestampsFilter",
    "ValueFilter",
]


@frozen
class KeyOnlyFilter(Filter):
    """Cells without their values; ``length``: with the length of each value instead, in 4 bytes, big-endian."""

    counts = (0, 1)
    length: bool = field(default=False, validator=confirm_flag)


@frozen
class FirstKeyOnlyFilter(Filter):
    """The first cell of each row."""

    counts = (0,)


@frozen
class PrefixFilter(Filter):
    """Rows whose key starts with ``prefix``; behind the last of them nothing is read."""

    counts = (1,)
    prefix: bytes = field(validator=confirm_bytes)


@frozen
class ColumnPrefixFilter(Filter):
    """Cells whose qualifier starts with ``prefix``."""

    counts = (1,)
    prefix: bytes = field(validator=confirm_bytes)


@frozen
class MultipleColumnPrefixFilter(Filter):
    """Cells whose qualifier starts with any of ``prefixes``."""

    prefixes: tuple[bytes, ...] = field(validator=confirm_all(confirm_bytes))


@frozen
class ColumnCountGetFilter(Filter):
    """The first ``limit`` columns of a row; in a scan nothing behind them either."""

    counts = (1,)
    limit: int = field(validator=confirm_number(INT))


@frozen
class PageFilter(Filter):
    """The first ``size`` rows."""

    counts = (1,)
    size: int = field(validator=confirm_number(LONG))


@frozen
class ColumnPaginationFilter(Filter):
    """Of each row ``limit`` columns, behind the first ``offset`` of them."""

    counts = (2,)
    limit: int = field(validator=confirm_number(INT))
    offset: int = field(validator=confirm_number(INT))


@frozen
class InclusiveStopFilter(Filter):
    """Rows up to the one whose key is ``row``, that one too."""

    counts = (1,)
    row: bytes = field(validator=confirm_bytes)


@frozen
class TimestampsFilter(Filter):
    """Cells of any of these ``timestamps``, in milliseconds."""

    timestamps: tuple[int, ...] = field(validator=confirm_all(confirm_number(LONG)))


@frozen
class _Compared(Filter):
    counts = (2,)
    operator: str = field(validator=confirm_operator)
    comparator: Comparator = field(validator=confirm_comparator)


@frozen
class RowFilter(_Compared):
    """Rows whose key compares so."""


@frozen
class FamilyFilter(_Compared):
    """Cells whose family's name compares so."""

    def __attrs_post_init__(self) -> None:
        if self.names is not None:
            confirm_family(self, fields(FamilyFilter).comparator, self.names)

    @property
    def names(self) -> bytes | None:
        """The one family that it is about, with it or without it; ``None`` where it could be about several."""
        named = self.comparator.kind == "binary" and self.operator in ("=", "!=")
        return self.comparator.value if named else None


@frozen
class QualifierFilter(_Compared):
    """Cells whose qualifier compares so."""


@frozen
class ValueFilter(_Compared):
    """Cells whose value compares so."""


@frozen
class DependentColumnFilter(Filter):
    """Cells that have the timestamp of a value of one column, in their row.

    Attributes:
        drop: leave that column out.
        operator, comparator: only its values that compare so count; left out: all do.
    """

    counts = (2, 3, 5)
    family: bytes = field(validator=confirm_family)
    qualifier: bytes = field(validator=confirm_bytes)
    drop: bool = field(default=False, validator=confirm_flag)
    operator: str | None = field(default=None)
    comparator: Comparator | None = field(default=None)

    def __attrs_post_init__(self) -> None:
        if (self.operator, self.comparator) != (None, None):
            confirm_operator(self, None, self.operator)
            confirm_comparator(self, fields(DependentColumnFilter).comparator, self.comparator)


@frozen
class _OfColumn(Filter):
    counts = (4, 6)
    family: bytes = field(validator=confirm_family)
    qualifier: bytes = field(validator=confirm_bytes)
    operator: str = field(validator=confirm_operator)
    comparator: Comparator = field(validator=confirm_comparator)
    if_missing: bool = field(default=False, validator=confirm_flag)
    latest_only: bool = field(default=True, validator=confirm_flag)


@frozen
class SingleColumnValueFilter(_OfColumn):
    """Rows of which the value of one column compares so.

    Attributes:
        if_missing: leave out rows that lack the column, which pass otherwise.
        latest_only: look at the newest value only; otherwise one of those that are kept is enough.
    """


@frozen
class SingleColumnValueExcludeFilter(_OfColumn):
    """As `SingleColumnValueFilter`, and without the column."""


@frozen
class ColumnValueFilter(Filter):
    """Of each row that one column, if its value compares so."""

    counts = (4,)
    family: bytes = field(validator=confirm_family)
    qualifier: bytes = field(validator=confirm_bytes)
    operator: str = field(validator=confirm_operator)
    comparator: Comparator = field(validator=confirm_comparator)


@frozen
class ColumnRangeFilter(Filter):
    """Cells whose qualifier lies between two; an empty one is no bound."""

    counts = (4,)
    lower: bytes = field(validator=confirm_bytes)
    with_lower: bool = field(validator=confirm_flag)
    upper: bytes = field(validator=confirm_bytes)
    with_upper: bool = field(validator=confirm_flag)


#: By the names that HBase's text has, and one that its guide has.
CLASSES: Final[dict[str, type[Filter]]] = {
    each.__name__: each
    for each in (
        KeyOnlyFilter,
        FirstKeyOnlyFilter,
        PrefixFilter,
        ColumnPrefixFilter,
        MultipleColumnPrefixFilter,
        ColumnCountGetFilter,
        PageFilter,
        ColumnPaginationFilter,
        InclusiveStopFilter,
        TimestampsFilter,
        RowFilter,
        FamilyFilter,
        QualifierFilter,
        ValueFilter,
        DependentColumnFilter,
        SingleColumnValueFilter,
        SingleColumnValueExcludeFilter,
        ColumnValueFilter,
        ColumnRangeFilter,
    )
}
