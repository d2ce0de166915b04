"""The one way from a session to its store: decide, tell, call once, confirm, check.

Whatever reaches data goes through here.  A plan is what was decided; it is confirmed after the
store answered a read, and as the last thing before a write is sent.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Sequence

from cfacl.api.changes import Change
from cfacl.audit.event import Event, Hook
from cfacl.engine.ask import Pinned
from cfacl.engine.caller import Caller
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Plan, Snapshot
from cfacl.errors import AccessDenied, RequestError, StoreContractError, quoted
from cfacl.model.action import ACTIONS, READ
from cfacl.model.projection import Projection
from cfacl.model.request import Cells, Span
from cfacl.stores.base import Store

#: At most so many rows are handed out on one decision.
CHUNK = 1_000


class Access(Pinned):
    """One caller's way to one table."""

    __slots__ = ("caller", "hook", "store", "table")

    def __init__(self, caller: Caller, store: Store, table: str, hook: Hook | None) -> None:
        self.caller = caller
        self.store = store
        self.table = table
        self.hook = hook

    def decide(self, request: str, want: Want) -> Plan:
        """Return the plan for a request, and tell the hook of it; raises as `Caller.plan`."""
        if self.hook is None:
            return self.caller.plan(want)
        try:
            plan = self.caller.plan(want)
        except AccessDenied as denial:
            self.hook(self._event(request, want, denial.families, frozenset(), denial.epoch, allowed=False))
            raise
        families = frozenset(each.family.name for each in plan.projection.slices)
        self.hook(self._event(request, want, families, plan.withheld, plan.profile.snapshot.epoch, allowed=True))
        return plan

    def _event(
        self,
        request: str,
        want: Want,
        families: frozenset[str],
        withheld: frozenset[str],
        epoch: int,
        *,
        allowed: bool,
    ) -> Event:
        return Event(
            request=request,
            allowed=allowed,
            principal=self.caller.principal,
            purpose=self.caller.purpose,
            table=self.table,
            action=ACTIONS[want[0]],
            families=families,
            withheld=withheld,
            epoch=epoch,
        )

    def decide_all(self, request: str, wants: Iterable[Want]) -> tuple[Snapshot, dict[Want, Plan]]:
        """Return the plans for several wants, each decided once, all by one snapshot."""
        while True:
            snapshot = self.caller.snapshot
            plans: dict[Want, Plan] = {}
            for want in wants:
                if want not in plans:
                    plans[want] = self.decide(request, want)
            if all(plan.profile.snapshot is snapshot for plan in plans.values()):
                return snapshot, plans

    def get(
        self,
        request: str,
        keys: tuple[bytes, ...],
        columns: tuple[bytes, ...] | None,
        strict: bool | None,
        before: int | None,
        timestamps: bool,
    ) -> tuple[list[tuple[bytes, Cells]], frozenset[str]]:
        """Return the rows that were found, and what was withheld, under a plan that stood after they were read.

        Where the policy changed meanwhile the answer is dropped and the read begins again.
        """
        plan = self.decide(request, (READ, self.table, columns, strict))
        while True:
            projection = plan.projection
            found = self.store.get(self.table, keys, projection, before=before, timestamps=timestamps) if keys else []
            confirmed = self.caller.confirm(plan)
            if confirmed is plan:
                break
            plan = confirmed
        if len(found) > len(keys):
            raise self.breach()
        for key, cells in found:
            if key not in keys or not cells or not projection.admits(cells):
                raise self.breach()
        return found, plan.withheld

    def versions(self, key: bytes, column: bytes, limit: int | None, before: int | None) -> list[tuple[bytes, int]]:
        """Return (value, timestamp) of the versions of one cell; otherwise as `get`."""
        plan = self.decide("cells", (READ, self.table, (column,), True))
        while True:
            (only,) = plan.projection.slices
            if only.qualifiers is None or len(only.qualifiers) != 1:
                raise RequestError('`cells` reads one whole column; write `b"family:qualifier"`')
            found = self.store.versions(self.table, key, only.family, only.qualifiers[0], limit=limit, before=before)
            confirmed = self.caller.confirm(plan)
            if confirmed is plan:
                break
            plan = confirmed
        if limit is not None and len(found) > limit:
            raise self.breach()
        return found

    def scan(
        self, plan: Plan, span: Span, *, batch_size: int, limit: int | None, before: int | None, timestamps: bool
    ) -> Generator[tuple[list[tuple[bytes, Cells]], frozenset[str]], None, None]:
        """Yield chunks of rows, and what was withheld from each.

        The plan is confirmed before each chunk and at the end.  Where it no longer stands the chunk is dropped, and
        the scan goes on behind the last row with what is granted now of what it began with, or raises.
        """
        size = min(batch_size, CHUNK)
        while True:
            chunks = self.store.scan(
                self.table, plan.projection, span, batch_size=size, limit=limit, before=before, timestamps=timestamps
            )
            confirmed = plan
            try:
                for chunk in chunks:
                    confirmed = self.caller.confirm(plan)
                    if confirmed is not plan:
                        break
                    self._check(chunk, plan.projection, span, size if limit is None else min(size, limit))
                    yield chunk, plan.withheld
                    last = chunk[-1][0]
                    span = Span(span.lower, last, True) if span.reverse else Span(last + b"\0", span.upper)
                    if limit is not None:
                        limit -= len(chunk)
                        if limit == 0:
                            return
                else:
                    confirmed = self.caller.confirm(plan)
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
            if confirmed is plan:
                return
            plan = self.caller.shrink(plan, confirmed)

    def _check(self, chunk: list[tuple[bytes, Cells]], projection: Projection, span: Span, most: int) -> None:
        """Refuse a chunk that is empty, too long, out of order, or holds what was not asked for."""
        keys = [key for key, _ in chunk]
        if not 0 < len(keys) <= most or {type(key) for key in keys} != {bytes}:
            raise self.breach()
        if keys != sorted(set(keys), reverse=span.reverse) or keys[0] not in span or keys[-1] not in span:
            raise self.breach()
        for _, cells in chunk:
            if not cells or not projection.admits(cells):
                raise self.breach()

    def apply(self, request: str, changes: Sequence[Change]) -> None:
        """Decide changes once per distinct action and families, then send them as one call."""
        while True:
            known = self.caller.snapshot
            parts = [change.group(known, self.table) for change in changes]
            snapshot, plans = self.decide_all(request, [want for want, _ in parts])
            if snapshot is known:
                mutations = [
                    change.mutation(part, plans[want].projection.stored)
                    for change, (want, part) in zip(changes, parts, strict=True)
                ]
                if self.stand(plans):
                    return self.store.apply(self.table, mutations)

    def stand(self, plans: dict[Want, Plan]) -> bool:
        """Whether all plans are still what would be decided; raises where one would now be denied."""
        return all(self.caller.confirm(plan) is plan for plan in plans.values())

    def breach(self) -> StoreContractError:
        """Return the error for an answer that was not asked for."""
        return StoreContractError(
            f"the store answered for table {quoted(self.table)} what was not asked for; the answer was dropped,"
            " report it to the store's author"
        )
