"""Scans with a filter: it sees what a scan without it would hand out, and nothing else.

So nothing that is hidden can be told from what it lets pass: not the rows, their order or number, nor how often the store
was asked.  Families that it names are read, and have to be granted.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby, islice
from typing import Any, Final

from cfacl.api.access import Access
from cfacl.api.scanning import Chunks, leaves_out, scan_rows
from cfacl.api.uncut import confirm_instant, is_ordered, scan_uncut
from cfacl.engine.selection import Want, is_strict
from cfacl.engine.snapshot import Plan
from cfacl.errors import RequestError, Unsupported, quoted
from cfacl.filters.evaluation import Evaluation
from cfacl.filters.pushdown import pushed_down
from cfacl.filters.reach import columns, most_rows, narrowed, needs_order, needs_times, without_page
from cfacl.filters.steps import Seen
from cfacl.filters.text import parse
from cfacl.filters.tree import Filter
from cfacl.filters.whole import whole
from cfacl.model.action import READ
from cfacl.model.request import Cells, Span

__all__ = ["given_filter", "scan_filtered"]

_END: Final[tuple[None, frozenset[str]]] = None, frozenset()


def given_filter(given: object) -> Filter:
    """Return a caller's filter as a tree; text is parsed.

    Raises:
        FilterError: it can't be read.
        RequestError: it is none.
    """
    if isinstance(given, Filter):
        return given
    if isinstance(given, (str, bytes)):
        return parse(given)
    raise RequestError(f"`filter` is text, or made by `cfacl.filters`, not {type(given).__name__}")


def scan_filtered(
    access: Access,
    want: Want,
    of: Filter,
    span: Span,
    *,
    size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
    cells: int | None,
    instant: bool,
) -> Chunks:
    """Decide on what is read and on what the filter names, and return chunks of what passes, otherwise as `Access.scan`.

    Args:
        size: how many rows are read at a time; no more than the filter can need.
        instant: as of one instant; see `confirm_instant`.
    """
    named = columns(of)
    wants: list[Want] = [want]
    if named:
        wants.append((READ, access.table, named, True))
    families = {each.partition(b":")[0] for each in named}
    plans = access.decide("scan", wants)
    plan = plans[want]
    stamped = timestamps or needs_times(of)
    ordered = is_ordered(access, plan)
    if instant:
        confirm_instant(access, plan)
    early = None
    if ordered:
        span = narrowed(of, span)
        if not instant and before is None and cells is None and leaves_out(access, plan):
            early = pushed_down(of, reverse=span.reverse)
        size = min(size, most_rows(of, early, limit) or size)
    else:
        _confirm_unordered(of, access.table)
    if cells is not None:
        size = 1  # rows are wide, and a filter has to see the whole of one
    if instant or not ordered:
        chunks = scan_uncut(
            access,
            plan,
            span,
            cells=None,
            batch_size=size,
            limit=None,
            before=before,
            timestamps=stamped,
            ordered=ordered,
            snapshot=instant,
        )
    else:
        strict = is_strict(want)
        chunks = scan_rows(
            access,
            plan,
            span,
            batch_size=size,
            limit=None,
            before=before,
            timestamps=stamped,
            passing=early,
            # What it names would count as missing, and so would anything for whoever wants all or nothing.
            kept=[each.family.name for each in plan.projection.slices if strict or each.family.prefix[:-1] in families],
        )
    also = [each for key, each in plans.items() if key is not want]
    return _filtered(
        access, chunks, of, also, reverse=span.reverse, stamped=stamped, timestamps=timestamps, limit=limit, cells=cells
    )


def _confirm_unordered(of: Filter, table: str) -> None:
    """Raise `Unsupported` for a filter that goes by the order of rows, where they come in none."""
    each = needs_order(of)
    if each is not None:
        raise Unsupported(
            f"rows of table {quoted(table)} come in no order, by which {quoted(type(each).__name__)} goes; compare keys by"
            " `RowFilter`"
        )


def _filtered(
    access: Access,
    chunks: Chunks,
    of: Filter,
    also: list[Plan],
    *,
    reverse: bool,
    stamped: bool,
    timestamps: bool,
    limit: int | None,
    cells: int | None,
) -> Chunks:
    """Yield what passes of chunks, in parts of at most so many ``cells``; ``limit`` counts rows, or parts.

    Args:
        also: the plan of what the filter names, which has to stand as well.
        stamped: whether the chunks have timestamps.
        timestamps: whether they are wanted.
    """
    passes = None
    if not stamped and cells is None:
        rest, page = without_page(of)
        passes = whole(rest)
        if passes is not None and page is not None:
            limit = page if limit is None else min(limit, page)
    evaluation = Evaluation(of, reverse=reverse)
    try:
        while not evaluation.over and limit != 0:
            chunk, withheld = next(chunks, _END)
            also = [each if access.caller._stands(each) else access.renewed(each, whole=True) for each in also]
            if chunk is None:  # and nothing was left out on the way for want of what is named
                return
            if passes is not None:
                passed = [each for each in chunk if passes(*each)][:limit]
            else:
                passed = list(islice(_passed(evaluation, chunk, cells, stamped=stamped, timestamps=timestamps), limit))
            if passed:
                yield passed, withheld
                limit = None if limit is None else limit - len(passed)
    finally:
        chunks.close()


def _passed(
    evaluation: Evaluation, chunk: list[tuple[bytes, Cells]], cells: int | None, *, stamped: bool, timestamps: bool
) -> Iterator[tuple[bytes, Cells]]:
    for key, row in chunk:
        if evaluation.over:
            return
        kept = evaluation.row(key, _families(row, stamped=stamped))
        left = iter(
            [(b"%b:%b" % each[:2], (each.value, each.timestamp) if timestamps else each.value) for each in kept]
        )
        while part := dict(islice(left, cells)):
            yield key, part


def _families(row: Cells, *, stamped: bool) -> Iterator[tuple[bytes, Iterator[Seen]]]:
    return groupby(_seen(row, stamped=stamped), key=_family)


def _seen(row: Cells, *, stamped: bool) -> Iterator[Seen]:
    for column, cell in row.items():
        family, _, qualifier = column.partition(b":")
        value, timestamp = cell if stamped else (cell, 0)
        yield Seen(family, qualifier, timestamp, value)  # type: ignore[arg-type]  # a cell is as it was asked for


def _family(cell: Any) -> bytes:
    found: bytes = cell.family
    return found
