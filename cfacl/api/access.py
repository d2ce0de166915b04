"""The one way from a session to its store: decide, tell, call once, confirm, check.

Everything that reaches data goes through `Access.read`, `Access.scan` or `Access.write`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from cfacl.api.changes import Change, group
from cfacl.audit.event import Event, Hook
from cfacl.engine.ask import Pinned
from cfacl.engine.caller import Caller
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Plan, Snapshot
from cfacl.errors import AccessDenied, StoreContractError, quoted
from cfacl.model.action import ACTIONS, READ
from cfacl.model.projection import Projection
from cfacl.model.request import Cells, Span
from cfacl.stores.base import Store

T = TypeVar("T")

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

    @property
    def clock(self) -> Callable[[], int]:
        """The clock of the database, in nanoseconds."""
        return self.caller.clock

    def decide(self, request: str, want: Want) -> Plan:
        """Return the plan for a request, and tell the hook of it; raises as `Caller.plan`."""
        if self.hook is None:
            return self.caller.plan(*want)
        try:
            plan = self.caller.plan(*want)
        except AccessDenied as denial:
            self._tell(request, want, False, denial.families, frozenset(), denial.epoch)
            raise
        families = frozenset(each.family.name for each in plan.granted.slices)
        self._tell(request, want, True, families, plan.denied, plan.profile.snapshot.epoch)
        return plan

    def _tell(
        self, request: str, want: Want, allowed: bool, families: frozenset[str], withheld: frozenset[str], epoch: int
    ) -> None:
        caller = self.caller
        assert self.hook is not None
        self.hook(
            Event(
                request=request,
                allowed=allowed,
                principal=caller.principal,
                purpose=caller.purpose,
                table=self.table,
                action=ACTIONS[want[0]],
                families=families,
                withheld=withheld,
                epoch=epoch,
            )
        )

    def read(
        self,
        request: str,
        columns: tuple[bytes, ...] | None,
        strict: bool | None,
        fetch: Callable[[Projection], T],
    ) -> tuple[Plan, T]:
        """Return the store's answer under a plan that stood after it was given.

        Where the policy changed meanwhile the answer is dropped and the read begins again.
        """
        plan = self.decide(request, (READ, self.table, columns, strict))
        while True:
            answer = fetch(plan.granted)
            confirmed = self.caller.confirm(plan)
            if confirmed is plan:
                return plan, answer
            plan = confirmed

    def scan(
        self,
        plan: Plan,
        span: Span,
        *,
        batch_size: int,
        limit: int | None,
        before: int | None,
        timestamps: bool,
    ) -> Iterator[tuple[Plan, bytes, Cells]]:
        """Yield rows with the plan that each was read under.

        The plan is confirmed before each chunk and at the end.  One that no longer stands drops the chunk, and
        the scan goes on behind the last row with what is granted now of what it began with, or raises.
        """
        size = min(batch_size, CHUNK)
        while True:
            chunks = self.store.scan(
                self.table, plan.granted, span, batch_size=size, limit=limit, before=before, timestamps=timestamps
            )
            try:
                for chunk in chunks:
                    confirmed = self.caller.confirm(plan)
                    if confirmed is not plan:
                        break
                    self._check_chunk(chunk, plan.granted, span, size if limit is None else min(size, limit))
                    for key, cells in chunk:
                        yield plan, key, cells
                    last = chunk[-1][0]
                    span = Span(span.lower, last, True) if span.reverse else Span(last + b"\0", span.upper)
                    if limit is not None:
                        limit -= len(chunk)
                else:
                    confirmed = self.caller.confirm(plan)
                    if confirmed is plan:
                        return
            finally:
                close = getattr(chunks, "close", None)
                if close is not None:
                    close()
            if limit == 0:
                return
            plan = self.caller.shrink(plan, confirmed)

    def check_rows(self, found: list[tuple[bytes, Cells]], keys: tuple[bytes, ...], projection: Projection) -> None:
        """Refuse an answer that holds a row, a family or a column that was not asked for."""
        if len(found) > len(keys):
            raise self.breach()
        for key, cells in found:
            if key not in keys or not cells or not projection.admits(cells):
                raise self.breach()

    def _check_chunk(self, chunk: list[tuple[bytes, Cells]], projection: Projection, span: Span, most: int) -> None:
        """Refuse a chunk that is empty, too long, out of order, or holds what was not asked for."""
        if not 0 < len(chunk) <= most:
            raise self.breach()
        previous: bytes | None = None
        for key, cells in chunk:
            if key not in span or not cells or not projection.admits(cells):
                raise self.breach()
            if previous is not None and (key >= previous if span.reverse else key <= previous):
                raise self.breach()
            previous = key

    def apply(self, request: str, changes: Sequence[Change]) -> None:
        """Decide changes once per distinct (action, families), then send them as one call."""

        def build(snapshot: Snapshot) -> tuple[list[Want], Callable[[list[Plan]], None]]:
            groups = [group(snapshot, self.table, change) for change in changes]
            wants: list[Want] = [(each.change.action, self.table, each.columns, True) for each in groups]
            distinct = list(dict.fromkeys(wants))

            def send(plans: list[Plan]) -> None:
                stored = {want: plan.granted.stored for want, plan in zip(distinct, plans, strict=True)}
                mutations = [each.mutation(stored[want]) for each, want in zip(groups, wants, strict=True)]
                self.store.apply(self.table, mutations)

            return distinct, send

        self.write(request, build)

    def write(self, request: str, build: Callable[[Snapshot], tuple[list[Want], Callable[[list[Plan]], T]]]) -> T:
        """Decide everything that a change needs, then send it.

        Args:
            build: takes the change apart by the names of a snapshot: what must be granted, and how to send
                it once that is.  It is called again where the policy changed before it was sent.
        """
        while True:
            snapshot = self.caller.snapshot
            wants, send = build(snapshot)
            plans = [self.decide(request, want) for want in wants]
            if all(plan.profile.snapshot is snapshot and self.caller.confirm(plan) is plan for plan in plans):
                return send(plans)

    def breach(self) -> StoreContractError:
        """Return the error for an answer that was not asked for."""
        return StoreContractError(
            f"the store answered for table {quoted(self.table)} what was not asked for; the answer was dropped,"
            " report it to the store's author"
        )
