"""What a store may answer; whatever else it says is dropped."""

from __future__ import annotations

from operator import gt, lt

from cfacl.model.projection import Projection
from cfacl.model.request import Cells, Span

Chunk = list[tuple[bytes, Cells]]
#: Where a part of a row ends: the row's key, and what its last column is sorted by.
Place = tuple[bytes, tuple[bytes, bytes]]


def order(column: bytes) -> tuple[bytes, bytes]:
    """Return what columns are sorted by: the family, then the qualifier."""
    family, _, qualifier = column.partition(b":")
    return family, qualifier


def are_rows(chunk: Chunk, projection: Projection, span: Span, most: int, *, ordered: bool = True) -> bool:
    """Whether a chunk is of 1 to ``most`` rows of a span, in order, and holds nothing that was not asked for.

    ``ordered``: where the store has no order, it is enough that no row comes twice.
    """
    try:
        keys = [key for key, _ in chunk]
        return (
            type(chunk) is list
            and 0 < len(keys) <= most
            and set(map(type, keys)) == {bytes}
            and (all(map(gt if span.reverse else lt, keys, keys[1:])) if ordered else len(set(keys)) == len(keys))
            and keys[0] in span
            and keys[-1] in span
            and projection.admits_all(chunk)
        )
    except (AttributeError, TypeError, ValueError):
        return False


def are_stamped(rows: Chunk, before: int | None) -> bool:
    """Whether all cells of rows, judged otherwise, are (value, timestamp), each older than ``before``.

    For what was asked for with timestamps: to look at plain values as well makes a read of ten some 4 % slower.
    """
    for _, cells in rows:
        for cell in cells.values():
            if not _is_stamped(cell, before):
                return False
    return True


def are_versions(found: object, limit: int | None, before: int | None) -> bool:
    """Whether an answer is a list of at most ``limit`` (value, timestamp), newest first and each older than ``before``."""
    if type(found) is not list or (limit is not None and len(found) > limit):
        return False
    for each in found:
        if not _is_stamped(each, before):
            return False
        before = each[1]  # and the next is older than this one
    return True


def _is_stamped(cell: object, before: int | None) -> bool:
    match cell:
        case (value, stamp) if type(cell) is tuple:
            return type(value) is bytes and type(stamp) is int and (before is None or stamp < before)
    return False


def end_of_parts(
    chunk: Chunk,
    projection: Projection,
    span: Span,
    most: int,
    cells: int,
    last: Place | None,
    *,
    ordered: bool = True,
) -> Place | None:
    """Return where a chunk of parts ends that goes on behind ``last``; ``None`` for one that is to be refused.

    That is one that is empty, too long, out of order, or holds what was not asked for.  ``ordered``: where the store has
    no order, only columns of one row have to be.
    """
    try:
        if type(chunk) is not list or not 0 < len(chunk) <= most or not projection.admits_all(chunk):
            return None
        for key, row in chunk:
            if type(key) is not bytes or key not in span or len(row) > cells:
                return None
            orders = [order(column) for column in row]
            if last is not None and last[0] == key:
                orders.insert(0, last[1])
            elif ordered and last is not None and (last[0] < key) is span.reverse:
                return None
            if not all(map(lt, orders, orders[1:])):
                return None
            last = key, orders[-1]
    except (AttributeError, TypeError, ValueError):
        return None
    return last
