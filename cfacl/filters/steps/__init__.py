"""What each filter does with the rows and cells of a scan, one after the other; as HBase's server does it.

HBase asks a filter of each row by its key, then of each cell, then of the row again; a filter remembers what it needs in
between.  What these classes do is what the classes of the same name do in HBase 2.6 (``org.apache.hadoop.hbase.filter``),
odd corners included: they are what its users have.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from cfacl.errors import FilterError, quoted
from cfacl.filters import clauses, tree
from cfacl.filters.steps import cells, joined, rows
from cfacl.filters.steps.base import COLUMN, HINT, ROW, TAKEN, Seen, Step

__all__ = ["COLUMN", "HINT", "ROW", "TAKEN", "Seen", "Step", "step"]

_ALONE: Final[dict[type[tree.Filter], Callable[..., Step]]] = {
    clauses.KeyOnlyFilter: cells.KeyOnly,
    clauses.FirstKeyOnlyFilter: cells.FirstKeyOnly,
    clauses.ColumnPrefixFilter: cells.ColumnPrefix,
    clauses.MultipleColumnPrefixFilter: cells.MultipleColumnPrefix,
    clauses.ColumnCountGetFilter: cells.ColumnCountGet,
    clauses.PageFilter: rows.Page,
    clauses.ColumnPaginationFilter: cells.ColumnPagination,
    clauses.TimestampsFilter: cells.Timestamps,
    clauses.RowFilter: rows.Row,
    clauses.FamilyFilter: cells.Family,
    clauses.QualifierFilter: cells.Qualifier,
    clauses.ValueFilter: cells.Value,
    clauses.DependentColumnFilter: cells.DependentColumn,
    clauses.SingleColumnValueFilter: rows.SingleColumnValue,
    clauses.SingleColumnValueExcludeFilter: rows.SingleColumnValueExclude,
    clauses.ColumnValueFilter: cells.ColumnValue,
    clauses.ColumnRangeFilter: cells.ColumnRange,
}
_DIRECTED: Final[dict[type[tree.Filter], Callable[..., Step]]] = {
    clauses.PrefixFilter: rows.Prefix,
    clauses.InclusiveStopFilter: rows.InclusiveStop,
}


def step(of: tree.Filter, *, reverse: bool) -> Step:
    """Return what a filter does in one scan, whose rows come in order, or in ``reverse``."""
    kind = type(of)
    if isinstance(of, (tree.And, tree.Or)):
        parts = [step(each, reverse=reverse) for each in of.filters]
        return joined.And(parts) if isinstance(of, tree.And) else joined.Or(parts)
    if isinstance(of, (tree.Skip, tree.While)):
        inner = step(of.filter, reverse=reverse)
        return joined.Skip(inner) if isinstance(of, tree.Skip) else joined.While(inner)
    if kind in _DIRECTED:
        return _DIRECTED[kind](of, reverse=reverse)
    if kind not in _ALONE:
        raise FilterError(f"nobody knows what {quoted(kind.__name__)} lets pass; use a class of `cfacl.filters`")
    return _ALONE[kind](of)
