"""A scan that hands out wide rows in parts, so that no more than a chunk of one is in memory."""

from __future__ import annotations

from functools import partial

from cfacl.api.access import Access
from cfacl.api.answers import Place, are_stamped, end_of_parts, order
from cfacl.api.scanning import CHUNK, NO_MORE, Chunks, asked_later, opened
from cfacl.engine.snapshot import Plan
from cfacl.errors import SchemaMissing
from cfacl.model.request import Cells, Span

#: At most so many cells are handed out on one decision, where rows come in parts.
PARTS = 10_000


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
) -> Chunks:
    """Yield chunks of parts of at most so many ``cells``, and what was withheld from each; otherwise as `Access.scan`.

    Where the plan no longer stands the scan goes on behind the last part, in the middle of a row too.
    """
    size = max(min(batch_size, CHUNK, PARTS // cells), 1)
    done: Place | None = None
    while True:
        # A row that it goes on in is read from its start again, and how many parts that makes is not known.
        most = limit if done is None else None
        ask = partial(opened, access, plan.projection, span, size, most, before, timestamps, cells)
        chunks = asked_later(access, ask)
        last: Place | None = None
        try:
            while access.caller._stands(plan):
                chunk = next(chunks, NO_MORE)
                if not access.caller._stands(plan):
                    break
                if chunk is NO_MORE:
                    return
                last = end_of_parts(
                    chunk, plan.projection, span, size if most is None else min(size, most), cells, last
                )
                if last is None or (timestamps and not are_stamped(chunk, before)):
                    raise access.breach()
                fresh = _behind(chunk, done)[:limit]
                if fresh:
                    yield fresh, plan.withheld
                    key, row = fresh[-1]
                    done = key, order(next(reversed(row)))
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


def _behind(chunk: list[tuple[bytes, Cells]], done: Place | None) -> list[tuple[bytes, Cells]]:
    """Return what of a chunk was not handed out."""
    if done is None or chunk[0][0] != done[0]:
        return chunk
    left = [
        (key, row if key != done[0] else {column: cell for column, cell in row.items() if order(column) > done[1]})
        for key, row in chunk
    ]
    return [each for each in left if each[1]]
