"""The one way from a session to its store: decide, tell, call once, confirm, check.

Whatever reaches data goes through here.  A plan is what was decided; it is confirmed after the
store answered a read, and as the last thing before a write is sent.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from cfacl.api.answers import are_stamped, are_versions
from cfacl.api.arguments import choice, flag, time_of_change
from cfacl.api.changes import Change, DeleteChange, PutChange
from cfacl.api.failures import store_failure
from cfacl.audit.event import Hook
from cfacl.engine.pinned import Pinned
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Plan, Snapshot
from cfacl.errors import AccessDenied, CfaclError, SchemaMissing, StoreContractError, Unsupported, quoted
from cfacl.model.action import ACTIONS, DELETE, READ, WRITE
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Cells, Mutation
from cfacl.stores.base import READ_ONLY, Capabilities, Store

if TYPE_CHECKING:
    from cfacl.api.session import Session


class Access(Pinned):
    """One caller's way to one table."""

    __slots__ = ("_alone", "_whole", "caller", "durable", "hook", "store", "table")

    def __init__(self, caller: Session, store: Store, table: str, hook: Hook | None, *, durable: bool) -> None:
        self.caller = caller
        self.store = store
        self.table = table
        self.hook = hook
        self.durable = durable
        #: the last plan of a read that named no columns, and that of a single put, where nobody is told
        self._whole: Plan | None = None
        self._alone: Plan | None = None

    def snapshot(self, request: str, action: int) -> Snapshot:
        """Return the snapshot that decides now on a request that is about to be taken apart; a denial is told."""
        try:
            return self.caller._snapshot()
        except AccessDenied as denial:
            raise self._refused(request, action, denial)

    def durability(self, durable: object) -> bool:
        """Return a caller's choice, or for ``None`` the database's."""
        return self.durable if (said := choice("durable", durable)) is None else said

    def stamp(self, request: str, timestamp: object, action: int | None = None) -> int | None:
        """Return a caller's timestamp of a change, or of those to come, checked against the clock; a denial is told."""
        try:
            return time_of_change(timestamp, self.caller._now)
        except AccessDenied as denial:
            raise self._refused(request, action, denial)

    def decide(self, request: str, wants: Iterable[Want]) -> dict[Want, Plan]:
        """Return the plan for each thing that a request wants, and tell the hook once of all; raises as `Caller.plan`."""
        plans: dict[Want, Plan] = {}
        missing: list[Want] = []
        for want in wants:
            if not plans or want not in plans:
                try:
                    plans[want] = self._planned(request, want, self.caller._plan)
                except SchemaMissing:
                    missing.append(want)
        for want in missing:  # once nothing is denied, for then the store is not asked, not even to look
            plans[want] = self._planned(request, want, self._plan)
        if self.hook is not None:
            self._tell(request, plans.values())
        return plans

    def decide_one(self, request: str, want: Want) -> Plan:
        """Return the plan for what a request wants; otherwise as `decide`."""
        if self.hook is None:
            try:
                return self.caller._plan(want)
            except SchemaMissing:  # which the long way below looks into
                pass
        return self.decide(request, (want,))[want]

    def _planned(self, request: str, want: Want, plan: Callable[[Want], Plan]) -> Plan:
        """Return what a request is planned to touch; a denial is told."""
        try:
            return plan(want)
        except AccessDenied as denial:
            raise self._refused(request, want[0], denial)

    def _plan(self, want: Want) -> Plan:
        """Return a plan; where something is missing, once the store has looked whether another process made it."""
        try:
            return self.caller._plan(want)
        except SchemaMissing:
            try:
                self.store.refresh()
            except Exception as error:
                raise self.failure(error)
            return self.caller._plan(want)

    def denied(self, request: str, want: Want, families: frozenset[str]) -> AccessDenied:
        """Return the denial of families of what a request wants, and tell the hook of it."""
        return self._refused(request, want[0], self.caller._denial(ACTIONS[want[0]], self.table, families))

    def _refused(self, request: str, action: int | None, denial: AccessDenied) -> AccessDenied:
        return self.caller._refused(denial, request, self.table, None if action is None else ACTIONS[action])

    def _tell(self, request: str, plans: Collection[Plan]) -> None:
        """Tell the hook what was granted."""
        by_action: dict[str, frozenset[str]] = {}
        for plan in plans:
            action = ACTIONS[plan.want[0]]
            by_action[action] = by_action.get(action, frozenset()) | _families(plan)
        withheld = frozenset().union(*[plan.withheld for plan in plans])
        epoch = max([plan.profile.snapshot.epoch for plan in plans])
        self.caller._tell(request, self.table, by_action, epoch, withheld=withheld)

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
        if strict is not None or timestamps is not False:
            choice("strict", strict)
            flag("include_timestamp", timestamps)
        plan = self._whole
        if columns is not None or strict is not None or plan is None or not self.caller._stands(plan):
            plan = self.decide_one(request, (READ, self.table, columns, strict))
            if columns is None and strict is None and self.hook is None:
                self._whole = plan
        while True:
            projection = plan.projection
            found: list[tuple[bytes, Cells]] = []
            if keys:
                try:
                    found = self.store.get(self.table, keys, projection, before=before, timestamps=timestamps)
                except SchemaMissing:
                    if self.caller._stands(plan):
                        raise
                except Exception as error:
                    raise self.failure(error)
            if self.caller._stands(plan):
                break
            plan = self.decide_one(request, plan.want)
        try:
            left, known = iter(keys), projection.known
            for key, cells in found:  # as `admits_all` goes, since a call, or a loop more, would be felt
                if key not in left or type(key) is not bytes or type(cells) is not dict or not cells:
                    raise self.breach()
                if not known(cells) and not projection.admits(cells):
                    raise self.breach()
            if type(found) is not list or (timestamps and not are_stamped(found, before)):
                raise self.breach()
        except (AttributeError, TypeError, ValueError) as error:
            raise self.breach() from error
        return found, plan.withheld

    def versions(
        self, request: str, key: bytes, column: bytes, limit: int | None, before: int | None
    ) -> list[tuple[bytes, int]]:
        """Return (value, timestamp) of the versions of one whole column's cell; otherwise as `get`."""
        plan = self.decide_one(request, (READ, self.table, (column,), True))
        while True:
            (only,) = plan.projection.slices
            (qualifier,) = only.qualifiers or ()
            found: list[tuple[bytes, int]] = []
            try:
                found = self.store.versions(self.table, key, only.family, qualifier, limit=limit, before=before)
            except SchemaMissing:
                if self.caller._stands(plan):
                    raise
            except Exception as error:
                raise self.failure(error)
            if self.caller._stands(plan):
                break
            plan = self.decide_one(request, plan.want)
        if not are_versions(found, limit, before):
            raise self.breach()
        return found

    def renewed(self, plan: Plan, *, whole: bool = False) -> Plan:
        """Return the plan of a scan under way as it is granted now; it may only shrink, and raises as `Caller._shrink`."""
        try:
            now = self.caller._shrink(plan, self._plan(self.caller._remaining(plan)), whole=whole)
        except AccessDenied as denial:
            raise self._refused("scan", plan.want[0], denial)
        if self.hook is not None:
            self._tell("scan", [now])
        return now

    def put(self, request: str, row: object, data: object, timestamp: object) -> PutChange:
        """Return a put, copied and taken apart."""
        stamp = None if timestamp is None else self.stamp(request, timestamp, WRITE)
        try:
            snapshot = self.caller._snapshot()
        except AccessDenied as denial:
            raise self._refused(request, WRITE, denial)
        return PutChange(snapshot, self.table, row, data, stamp)

    def delete(self, request: str, row: object, columns: object, timestamp: object) -> DeleteChange:
        """Return a deletion, copied and taken apart."""
        snapshot = self.snapshot(request, DELETE)
        return DeleteChange(snapshot, self.table, row, columns, self.stamp(request, timestamp, DELETE))

    def apply(self, request: str, changes: Sequence[Change], durable: bool, **more: bool) -> None:
        """Decide changes, at least one, once per distinct action and families; then send them as one call.

        ``more``: as `Store.apply` has it.
        """
        snapshot = changes[0].snapshot
        while True:
            wants = []
            for change in changes:
                if change.snapshot is not snapshot:
                    change.renew(snapshot)
                wants.append(change.want)
            plans = self.decide(request, wants)
            for plan in plans.values():
                if plan.profile.snapshot is not snapshot:
                    break  # what was taken apart by one catalog must not be put together by another
            else:
                mutations = [change.mutation(plans[change.want].projection.stored) for change in changes]
                if self.stand(plans):
                    self._changeable()
                    try:
                        return self.store.apply(self.table, mutations, durable=durable, **more)
                    except Exception as error:
                        raise self.failure(error)
            snapshot = self.snapshot(request, changes[0].want[0])

    def apply_one(self, request: str, change: Change, durable: bool) -> None:
        """Decide one change, then send it: `apply` without what several need, which a put of one cell would feel.

        Where the last plan is for the same, that it stands as the last thing before the change is sent is the decision.
        """
        plan = self._alone
        if plan is None or plan.want != change.want:
            plan = self.decide_one(request, change.want)
        while True:
            if plan.profile.snapshot is change.snapshot:
                mutation = change.mutation(plan.projection.stored)
                if self.caller._stands(plan):
                    if self.hook is None:
                        self._alone = plan
                    if self.store.read_only:
                        raise Unsupported(READ_ONLY)
                    try:
                        return self.store.apply(self.table, (mutation,), durable=durable)
                    except Exception as error:
                        raise self.failure(error)
            change.renew(self.snapshot(request, change.want[0]))
            plan = self.decide_one(request, change.want)

    def increment(self, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, durable: bool) -> int:
        """Have the store add to a counter; granted already."""
        self._changeable()
        try:
            value = self.store.increment(self.table, key, family, qualifier, amount, durable=durable)
        except Exception as error:
            raise self.failure(error)
        if type(value) is not int:
            raise self.breach()
        return value

    def compare_and_set(
        self, key: bytes, condition: tuple[StoredFamily, bytes, bytes | None], mutation: Mutation, durable: bool
    ) -> bool:
        """Have the store compare and set; granted already."""
        self._changeable()
        try:
            done = self.store.compare_and_set(self.table, key, (condition,), mutation, durable=durable)
        except Exception as error:
            raise self.failure(error)
        if type(done) is not bool:
            raise self.breach()
        return done

    def stand(self, plans: Mapping[Want, Plan]) -> bool:
        """Whether all plans are surely what would be decided now."""
        for plan in plans.values():
            if not self.caller._stands(plan):
                return False
        return True

    def capabilities(self, family: StoredFamily) -> Capabilities:
        """Return what the store can do with a family."""
        try:
            return self.store.capabilities(family)
        except Exception as error:
            raise self.failure(error)

    def _changeable(self) -> None:
        if self.store.read_only:
            raise Unsupported(READ_ONLY)

    def failure(self, error: Exception) -> CfaclError:
        """Return what a store raised as a failure of ours; see `store_failure`."""
        return store_failure(error, f"on table {quoted(self.table)}")

    def breach(self) -> StoreContractError:
        """Return the error for an answer that was not asked for."""
        return StoreContractError(
            f"the store answered for table {quoted(self.table)} what was not asked for; the answer was dropped,"
            " report it to the store's author"
        )


def _families(plan: Plan) -> frozenset[str]:
    return frozenset([each.family.name for each in plan.projection.slices])
