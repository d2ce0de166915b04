"""A scan that hands out wide rows in parts, so that no more than a chunk of one is in memory."""

from __future__ import annotations

from collections.abc import Generator
from operator import lt
from typing import cast

from cfacl.api.access import CHUNK, Access
from cfacl.engine.snapshot import Plan
from cfacl.errors import SchemaMissing
from cfacl.model.projection import Projection
from cfacl.model.request import Cells, Span

#: At most so many cells are handed out on one decision, where rows come in parts.
PARTS = 10_000
#: Where a part ends: the row's key, and what its last column is sorted by.
Place = tuple[bytes, tuple[bytes, bytes]]

_NO_MORE: list[tuple[bytes, Cells]] = []


def scan_parts(
    access: Access,
    plan: Plan,
    span: Span,
    *,
    cells: int,
    batch_size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
) -> Generator[tuple[list[tuple[bytes, Cells]], frozenset[str]], None, None]:
    """Yield chunks of parts of at most so many ``cells``, and what was withheld from each; otherwise as `Access.scan`.

    Where the plan no longer stands the scan goes on behind the last part, in the middle of a row too.
    """
    size = max(min(batch_size, CHUNK, PARTS // cells), 1)
    done: Place | None = None
    while True:
        # A row that it goes on in is read from its start again, and how many parts that makes is not known.
        most = limit if done is None else None
        chunks = access._chunks(plan.projection, span, size, most, before, timestamps, cells)
        last: Place | None = None
        try:
            while access.caller._stands(plan):
                chunk = next(chunks, _NO_MORE)
                if not access.caller._stands(plan):
                    break
                if chunk is _NO_MORE:
                    return
                try:
                    last = confirmed(
                        chunk, plan.projection, span, size if most is None else min(size, most), cells, last
                    )
                except (AttributeError, TypeError, ValueError) as error:
                    raise access.breach() from error
                fresh = _behind(chunk, done)[:limit]
                if fresh:
                    yield fresh, plan.withheld
                    key, row = fresh[-1]
                    done = key, _order(next(reversed(row)))
                    span = span._replace(upper=key + b"\0") if span.reverse else span._replace(lower=key)
                    if limit is not None:
                        limit -= len(fresh)
                        if limit == 0:
                            return
        except SchemaMissing:
            if access.caller._stands(plan):
                raise
        finally:
            chunks.close()
        plan = access.renewed(plan)


def _order(column: bytes) -> tuple[bytes, bytes]:
    family, _, qualifier = column.partition(b":")
    return family, qualifier


def _behind(chunk: list[tuple[bytes, Cells]], done: Place | None) -> list[tuple[bytes, Cells]]:
    """Return what of a chunk was not handed out."""
    if done is None or chunk[0][0] != done[0]:
        return chunk
    left = [
        (key, row if key != done[0] else {column: cell for column, cell in row.items() if _order(column) > done[1]})
        for key, row in chunk
    ]
    return [each for each in left if each[1]]


def confirmed(
    chunk: list[tuple[bytes, Cells]], projection: Projection, span: Span, most: int, cells: int, last: Place | None
) -> Place:
    """Return where a chunk ends; refuse one that is empty, too long, out of order, or holds what was not asked for.

    Raises:
        ValueError, TypeError, AttributeError: it is to be refused.
    """
    if type(chunk) is not list or not 0 < len(chunk) <= most or not projection.admits_all(chunk):
        raise ValueError
    for key, row in chunk:
        if type(key) is not bytes or key not in span or len(row) > cells:
            raise ValueError
        orders = [_order(column) for column in row]
        if last is not None and last[0] == key:
            orders.insert(0, last[1])
        elif last is not None and (last[0] < key) is span.reverse:
            raise ValueError
        if not all(map(lt, orders, orders[1:])):
            raise ValueError
        last = key, orders[-1]
    return cast("Place", last)  # a chunk is not empty
