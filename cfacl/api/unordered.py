"""A scan of a store that has no order: it can't be opened again behind a row, and so is not cut down on the way."""

from __future__ import annotations

from cfacl.api.access import CHUNK, Access
from cfacl.api.instant import Chunks, confirmed
from cfacl.api.parts import PARTS
from cfacl.engine.snapshot import Plan
from cfacl.model.request import Span

__all__ = ["is_ordered", "scan_unordered"]


def is_ordered(access: Access, plan: Plan) -> bool:
    """Whether rows of all families of a plan come in the order of their keys."""
    return all(access.capabilities(each.family).ordered_scan for each in plan.projection.slices)


def scan_unordered(
    access: Access,
    plan: Plan,
    span: Span,
    *,
    cells: int | None,
    batch_size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
) -> Chunks:
    """Open the store's scan, and return chunks of it, and what was withheld from each; otherwise as `Access.scan`.

    A plan of which anything is gone ends it.
    """
    size = min(batch_size, CHUNK) if cells is None else max(min(batch_size, CHUNK, PARTS // cells), 1)
    chunks = access.passed_on(access.opened(plan.projection, span, size, limit, before, timestamps, cells))
    return confirmed(access, plan, span, chunks, size, limit, before, timestamps, cells, ordered=False)
