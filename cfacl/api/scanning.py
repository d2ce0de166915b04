"""Scans, a chunk at a time: each is decided anew before it is asked for, and before it is handed out."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from cfacl.api.access import Access
from cfacl.api.answers import are_rows, are_stamped
from cfacl.engine.snapshot import Plan
from cfacl.errors import SchemaMissing, quoted
from cfacl.model.projection import Projection
from cfacl.model.request import Cells, Span

if TYPE_CHECKING:
    from cfacl.filters.tree import Filter

__all__ = ["CHUNK", "NO_MORE", "Chunks", "asked_later", "declared_otherwise", "leaves_out", "opened", "scan_rows"]

#: At most so many rows are handed out on one decision.
CHUNK: Final = 1_000
#: The end of a store's chunks, and none of them, whatever it yields.
NO_MORE: list[tuple[bytes, Cells]] = []

#: Chunks of rows, and the families that were withheld from each.
Chunks = Generator[tuple[list[tuple[bytes, Cells]], frozenset[str]], None, None]
_Stored = Iterator[list[tuple[bytes, Cells]]]


def scan_rows(
    access: Access,
    plan: Plan,
    span: Span,
    *,
    batch_size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
    passing: Filter | None = None,
    kept: Iterable[str] = (),
) -> Chunks:
    """Yield chunks of rows, and what was withheld from each.

    The plan is confirmed before the store is asked for a chunk, and before the chunk is handed out.  Where it no
    longer stands the chunk is dropped, and the scan goes on behind the last row with what is granted now of what
    it began with, or raises.

    Args:
        passing: a filter by which the store may leave out what it does not let pass; without a limit, and as of now.
        kept: families of which nothing may be gone.
    """
    size = min(batch_size, CHUNK)
    stands = access.caller._stands
    while True:
        if passing is not None and not leaves_out(access, plan):
            passing = None  # a family has been declared otherwise
        if passing is None:
            ask = partial(opened, access, plan.projection, span, size, limit, before, timestamps, None)
        else:
            of = (access.table, plan.projection, span, passing)
            ask = partial(access.store.scan_passing, *of, batch_size=size, timestamps=timestamps)
        chunks = asked_later(access, ask)
        try:
            while stands(plan):
                chunk = next(chunks, NO_MORE)
                if not stands(plan):
                    break
                if chunk is NO_MORE:
                    return
                if not are_rows(chunk, plan.projection, span, size if limit is None else min(size, limit)):
                    raise access.breach()
                if timestamps and not are_stamped(chunk, before):
                    raise access.breach()
                yield chunk, plan.withheld
                last = chunk[-1][0]
                span = Span(span.lower, last, True) if span.reverse else Span(last + b"\0", span.upper)
                if limit is not None:
                    limit -= len(chunk)
                    if limit == 0:
                        return
        except SchemaMissing:
            if stands(plan):
                raise
        finally:
            chunks.close()
        plan = _renewed(access, plan, kept)


def _renewed(access: Access, plan: Plan, kept: Iterable[str]) -> Plan:
    """Return a plan as it is now, of which of ``kept`` nothing is gone: what is given back meanwhile would not be missed."""
    now = access.renewed(plan)
    before, after = _cells(plan), _cells(now)
    lost = frozenset(before).intersection(kept) - after.keys()
    if lost:
        raise access.denied("scan", plan.want, lost)
    if any(after[each] != before[each] for each in before.keys() & set(kept)):
        raise declared_otherwise(access)
    return now


def leaves_out(access: Access, plan: Plan) -> bool:
    """Whether the store may be asked to leave out, by a filter, what it lets not pass."""
    return all(access.capabilities(each.family).filters for each in plan.projection.slices)


def _cells(plan: Plan) -> dict[str, object]:
    """Return which cells a plan reads, by family."""
    return {
        each.family.name: (each.family.identity, each.family.time_to_live, each.qualifiers)
        for each in plan.projection.slices
    }


def declared_otherwise(access: Access) -> SchemaMissing:
    """Return the error of a scan that can't be cut down on its way."""
    return SchemaMissing(
        f"families of table {quoted(access.table)} were declared otherwise during a scan that can't go on so; scan anew"
    )


def opened(
    access: Access,
    projection: Projection,
    span: Span,
    size: int,
    limit: int | None,
    before: int | None,
    timestamps: bool,
    cells: int | None,
    **more: bool,
) -> _Stored:
    """Ask the store for a scan; ``more`` as `Store.scan` has it."""
    asked: dict[str, Any] = more if cells is None else {**more, "cells": cells}
    try:
        return access.store.scan(
            access.table,
            projection,
            span,
            batch_size=size,
            limit=limit,
            before=before,
            timestamps=timestamps,
            **asked,
        )
    except Exception as error:
        raise access.failure(error)


def asked_later(access: Access, ask: Callable[[], _Stored]) -> Generator[list[tuple[bytes, Cells]], None, None]:
    """Ask once the first chunk is wanted, and yield what the store yields.

    Whatever it raises is a failure of the store, and never a quiet end.
    """
    try:
        chunks = ask()
        try:
            yield from chunks
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
    except Exception as error:
        raise access.failure(error)
