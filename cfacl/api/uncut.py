"""Scans that are opened once, and so can't be cut down on the way: all of one instant, or of a store that has no order."""

from __future__ import annotations

from collections.abc import Generator

from attrs import astuple

from cfacl.api.access import Access
from cfacl.api.answers import Place, are_rows, are_stamped, end_of_parts
from cfacl.api.parts import PARTS
from cfacl.api.scanning import CHUNK, NO_MORE, Chunks, asked_later, declared_otherwise, opened
from cfacl.engine.snapshot import Plan
from cfacl.errors import SchemaMissing, Unsupported, quoted
from cfacl.model.request import Cells, Span


def confirm_instant(access: Access, plan: Plan) -> None:
    """Raise `Unsupported` where the store has no scans of one instant."""
    for each in plan.projection.slices:
        if not access.capabilities(each.family).snapshot_scans:
            raise Unsupported(
                f"the store can't scan family {quoted(each.family.name)} of table {quoted(access.table)} as of one"
                " instant; scan without `snapshot`"
            )


def is_ordered(access: Access, plan: Plan) -> bool:
    """Whether rows of all families of a plan come in the order of their keys."""
    return all(access.capabilities(each.family).ordered_scan for each in plan.projection.slices)


def scan_uncut(
    access: Access,
    plan: Plan,
    span: Span,
    *,
    cells: int | None,
    batch_size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
    ordered: bool,
    **more: bool,
) -> Chunks:
    """Open the store's scan, and return chunks of it, and what was withheld from each; otherwise as `Access.scan`.

    A plan of which anything is gone ends it.

    Args:
        ordered: whether the store has an order, in which rows must then come.
        more: as `Store.scan` has it.
    """
    size = min(batch_size, CHUNK) if cells is None else max(min(batch_size, CHUNK, PARTS // cells), 1)
    scan = opened(access, plan.projection, span, size, limit, before, timestamps, cells, **more)
    chunks = asked_later(access, lambda: scan)
    return _confirmed(access, plan, span, chunks, size, limit, before, timestamps, cells, ordered=ordered)


def _confirmed(
    access: Access,
    plan: Plan,
    span: Span,
    chunks: Generator[list[tuple[bytes, Cells]], None, None],
    size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
    cells: int | None,
    *,
    ordered: bool,
) -> Chunks:
    """Yield chunks of a scan that is open, and what was withheld from each, for as long as nothing of its plan is gone."""
    last: Place | None = None
    try:
        while limit is None or limit > 0:
            plan = _kept(access, plan)
            try:
                chunk = next(chunks, NO_MORE)
            except SchemaMissing:
                _kept(access, plan)  # what was taken away is told before what was dropped
                raise
            plan = _kept(access, plan)
            if chunk is NO_MORE:
                return
            most = size if limit is None else min(size, limit)
            if cells is not None:
                last = end_of_parts(chunk, plan.projection, span, most, cells, last, ordered=ordered)
            if not (last if cells is not None else are_rows(chunk, plan.projection, span, most, ordered=ordered)):
                raise access.breach()
            if timestamps and not are_stamped(chunk, before):
                raise access.breach()
            yield chunk, plan.withheld
            if cells is None and ordered:
                key = chunk[-1][0]
                span = Span(span.lower, key, True) if span.reverse else Span(key + b"\0", span.upper)
            limit = None if limit is None else limit - len(chunk)
    finally:
        chunks.close()


def _kept(access: Access, plan: Plan) -> Plan:
    """Return the plan as it is now, with nothing of it gone."""
    if access.caller._stands(plan):
        return plan
    now = access.renewed(plan, whole=True)
    if _parts(now) != _parts(plan):
        raise declared_otherwise(access)
    return now


def _parts(plan: Plan) -> list[tuple[object, tuple[bytes, ...] | None]]:
    return [(astuple(each.family), each.qualifiers) for each in plan.projection.slices]
