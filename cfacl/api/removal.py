"""Deleting rows by a filter."""

from __future__ import annotations

from cfacl.api.access import Access
from cfacl.api.deleted import Deleted
from cfacl.api.filtered import scan_filtered
from cfacl.api.uncut import is_ordered
from cfacl.engine.selection import Want
from cfacl.errors import CfaclError, RequestError, Unsupported, quoted
from cfacl.filters.reach import columns as named_columns
from cfacl.filters.reach import goes_by_rows_before, names_all
from cfacl.filters.tree import Filter
from cfacl.model.action import DELETE, READ
from cfacl.model.request import Span

__all__ = ["delete_where"]


def delete_where(
    access: Access,
    of: Filter,
    columns: tuple[bytes, ...] | None,
    span: Span,
    *,
    size: int,
    limit: int | None,
    dry_run: bool,
    durable: bool,
) -> Deleted:
    """Delete rows, or columns of them, that pass a filter; decided before the first is read."""
    part = goes_by_rows_before(of)
    if part is not None:
        raise RequestError(
            f"{quoted(type(part).__name__)} lets others pass once rows before them are deleted; use `limit`, bounds, and"
            " filters of a row by itself"
        )
    named = named_columns(of)
    # By what she names, and by keys, who sees less deletes less; by anything else she could delete what is to stay.
    read: Want = (READ, access.table, named or None, bool(named)) if names_all(of) else (READ, access.table, None, True)
    plans = access.decide("delete_where", [(DELETE, access.table, columns, True), read])
    if limit is not None and columns is not None and not is_ordered(access, plans[read]):
        raise Unsupported(
            f"rows of table {quoted(access.table)} come in no order, in which columns of some could be deleted and then of"
            " others; leave out `limit`"
        )
    chunks = scan_filtered(
        access, read, of, span, size=size, limit=limit, before=None, timestamps=False, cells=None, instant=False
    )
    rows, last = 0, None
    try:
        for chunk, _ in chunks:
            if not dry_run:
                access.apply(
                    "delete_where", [access.delete("delete_where", key, columns, None) for key, _ in chunk], durable
                )
            rows += len(chunk)
            last = chunk[-1][0]
    except CfaclError as error:
        if rows and not dry_run:
            error.add_note(f"{rows} rows were deleted before")
        raise
    return Deleted(rows, last, limit is None or rows < limit)
