"""Deleting rows by a filter."""

from __future__ import annotations

from typing import NamedTuple

from cfacl.api.access import Access
from cfacl.api.filtered import scan_filtered
from cfacl.engine.selection import Want
from cfacl.filters.reach import columns as named_columns
from cfacl.filters.reach import names_all
from cfacl.filters.tree import Filter
from cfacl.model.action import DELETE, READ
from cfacl.model.request import Span

__all__ = ["Deleted", "delete_where"]


class Deleted(NamedTuple):
    """What a call of `Table.delete_where` came to.

    Attributes:
        rows: how many rows it deleted, or (``dry_run``) would have.
        last: the key of the last of them; ``None`` for none.
        done: whether it saw the last row; otherwise ``limit`` ended it.
    """

    rows: int
    last: bytes | None
    done: bool


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
    named = named_columns(of)
    # Whoever saw less than a scan would, could delete what that does not show.
    read: Want = (READ, access.table, named, True) if named and names_all(of) else (READ, access.table, None, None)
    access.decide("delete_where", [(DELETE, access.table, columns, True)])
    chunks = scan_filtered(
        access, read, of, span, size=size, limit=limit, before=None, timestamps=False, cells=None, instant=False
    )
    rows, last = 0, None
    for chunk, _ in chunks:
        if not dry_run:
            access.apply("delete_where", [access.delete(key, columns, None) for key, _ in chunk], durable)
        rows += len(chunk)
        last = chunk[-1][0]
    return Deleted(rows, last, limit is None or rows < limit)
