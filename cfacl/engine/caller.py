"""One principal, under one purpose, held against the guard: where every decision is made.

A hit asks three things: is the snapshot still the one that this mask came from; where the answer
can expire, is it still this side of it; is any requested bit denied.  It takes no lock, allocates
nothing and logs nothing.  Whatever else happens, an exception included, goes the long way, which
either decides afresh or raises; there is no third way out.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, overload

from cfacl.engine.ask import Ask, Pinned, action_index, find_table
from cfacl.engine.explain import Explanation, explain
from cfacl.engine.guard import Guard
from cfacl.engine.selection import Want
from cfacl.engine.snapshot import Denial, Plan, Profile, Snapshot
from cfacl.errors import AccessDenied, CfaclError, Closed, RequestError, quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.projection import Projection

T = TypeVar("T")


class Caller(Pinned):
    """Who asks, and why.  Cheap to make, safe from any number of threads.

    Roles are never frozen in it: it follows the current policy, and a principal that a policy
    removed stays refused, also when a later policy has that name again.
    """

    __slots__ = ("_born", "_clock", "_guard", "_open", "_profile", "principal", "purpose")

    def __init__(self, guard: Guard, principal: str, purpose: str) -> None:
        for name in (principal, purpose):
            if type(name) is not str:
                raise RequestError(f"principals and purposes are str, not {type(name).__name__}")
        self.principal = principal
        self.purpose = purpose
        self._guard = guard
        self._clock = guard.clock
        self._open = True
        self._profile: Profile | None = None
        with guard.lock:
            self._born = guard.epoch
            self._enter()

    @overload
    def allows(self, ask: Ask, /) -> bool: ...
    @overload
    def allows(self, action: Action, table: str, /, *families: str) -> bool: ...
    def allows(self, ask: Ask | str, /, *names: str) -> bool:
        """Whether every family asked for is granted; ``False`` only where the policy says no.

        Args:
            ask: from `Database.prepare`; or an action, then a table and at least one family.

        Raises:
            AccessDenied: the principal was removed, or the decision itself failed (``reason``).
            RequestError: an unknown name, no family, another database's ask, a closed session.
        """
        try:
            profile = self._profile
            mask, denied, computed, until = profile.hits[(ask, *names) if names else ask]  # type: ignore[union-attr]  # None raises, and goes the long way
            if profile.snapshot is self._guard.snapshot:  # type: ignore[union-attr]  # it had hits
                if until is None:
                    return not mask & denied
                clock = self._clock
                now = clock()
                if now < until and computed <= now:
                    return not mask & denied
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        return not self._check(ask, names)

    @overload
    def require(self, ask: Ask, /) -> None: ...
    @overload
    def require(self, action: Action, table: str, /, *families: str) -> None: ...
    def require(self, ask: Ask | str, /, *names: str) -> None:
        """Return if every family asked for is granted, else raise `AccessDenied`.  Otherwise as `allows`."""
        try:
            profile = self._profile
            mask, denied, computed, until = profile.hits[(ask, *names) if names else ask]  # type: ignore[union-attr]  # None raises, and goes the long way
            if profile.snapshot is self._guard.snapshot:  # type: ignore[union-attr]  # it had hits
                clock = self._clock
                if not mask & denied and (until is None or computed <= clock() < until):
                    return
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        ask = self._ask(ask, names)

        def denied_families(profile: Profile, now: int) -> frozenset[str]:
            mask, denied, _, _ = profile.check(ask, now, names)
            return find_table(profile.snapshot.bits, ask.table).names(mask & denied)

        families = self._decide(denied_families)
        if families:
            raise self._denial(ask.action, ask.table, families)

    def families(self, action: Action, table: str) -> frozenset[str]:
        """Return the families of ``table`` on which ``action`` is granted now.  Raises as `allows`."""

        def granted(profile: Profile, now: int) -> frozenset[str]:
            index = action_index(action)
            bits = find_table(profile.snapshot.bits, table)
            return bits.names(bits.every & ~profile.view(bits, now)[0].denied[index])

        return self._decide(granted)

    def explain(self, action: Action | Ask, /, *names: str) -> Explanation:
        """Return every grant and restriction that counts, and on a denial what is missing.

        Computed anew from the rules and held against the mask that `allows` uses.  Arguments and errors as `allows`.
        """
        ask = self._ask(action, names)
        return self._decide(lambda profile, now: explain(self.principal, profile, ask, now))

    def plan(self, want: Want) -> Plan:
        """Decide a request for columns: return what it may touch.

        Raises:
            AccessDenied: something is not granted (strict), or nothing is (narrow).
            RequestError: an unknown name, an empty ``columns``, a closed session.
            SchemaMissing: the store lacks a granted family.
        """
        try:
            profile = self._profile
            plan = profile.plans[want]  # type: ignore[union-attr]  # None raises, and goes the long way
            if self.stands(plan):
                return plan
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        decided = self._decide(lambda profile, now: profile.plan(want, now))
        if isinstance(decided, Denial):
            raise self._denial(ACTIONS[want[0]], want[1], decided.families)
        return decided

    def stands(self, plan: Plan) -> bool:
        """Whether a plan of this caller is what would be decided now; raises only what the clock raises."""
        profile = plan.profile
        if profile is self._profile and profile.snapshot is self._guard.snapshot:
            until = plan.until
            return until is None or plan.computed <= self._clock() < until
        return False

    def confirm(self, plan: Plan) -> Plan:
        """Return ``plan`` if it still stands, else what is decided now.  Raises as `plan`."""
        try:
            if self.stands(plan):
                return plan
        except Exception:  # noqa: BLE001, S110  # the long way decides, or says what is wrong
            pass
        return self.plan(plan.want)

    @property
    def snapshot(self) -> Snapshot:
        """The snapshot that decides now; raises as `allows`."""
        profile = self._profile
        if profile is not None and profile.snapshot is self._guard.snapshot:
            return profile.snapshot
        return self._decide(lambda profile, _: profile.snapshot)

    @property
    def clock(self) -> Callable[[], int]:
        """The guard's clock."""
        return self._clock

    def shrink(self, plan: Plan, now: Plan) -> Plan:
        """Return ``now`` cut down to the families of ``plan``: what is under way may only shrink.

        Raises:
            AccessDenied: nothing is left.
        """
        began = {each.family.name for each in plan.projection.slices}
        granted = {each.family.name for each in now.projection.slices}
        if not began & granted:
            raise self._denial(ACTIONS[plan.want[0]], plan.want[1], frozenset(began))
        slices = [each for each in now.projection.slices if each.family.name in began]
        withheld = now.withheld | (granted - began)
        return Plan(now.profile, now.want, Projection(slices), withheld, now.computed, now.until)

    def close(self) -> None:
        """Refuse everything from now on; scans under way end with `Closed`."""
        with self._guard.lock:
            self._open = False
            self._profile = None

    def _enter(self) -> Profile:
        """Return what the current policy says of this caller; the guard's lock is held."""
        if not self._open:
            raise Closed("the session is closed; open another one")
        snapshot = self._guard.current()
        profile = self._profile
        if profile is None or profile.snapshot is not snapshot:
            if self._guard.removed_since(self.principal, self._born):
                raise AccessDenied(
                    f"{quoted(self.principal)} was removed from the policy while this session was open",
                    principal=self.principal,
                    purpose=self.purpose,
                    epoch=snapshot.epoch,
                    reason="removed_principal",
                )
            profile = snapshot.profile(snapshot.holds(self.principal), self.purpose)
            self._profile = profile
        return profile

    def _decide(self, step: Callable[[Profile, int], T]) -> T:
        """Take the long way: one ``step`` on the current profile, at a time that never goes back."""
        try:
            with self._guard.lock:
                profile = self._enter()
                return step(profile, self._guard.now())
        except CfaclError:
            raise
        except Exception as error:
            raise AccessDenied(
                f"the decision for {quoted(self.principal)} failed with {type(error).__name__}, so it is no",
                principal=self.principal,
                purpose=self.purpose,
                epoch=self._guard.epoch,
                reason="failed",
            ) from error

    def _check(self, ask: Ask | str, names: tuple[str, ...]) -> int:
        """Return the denied bits of a request, by the long way."""
        ask = self._ask(ask, names)

        def denied(profile: Profile, now: int) -> int:
            mask, denied, _, _ = profile.check(ask, now, names)
            return mask & denied

        return self._decide(denied)

    def _ask(self, ask: Ask | str, names: tuple[str, ...]) -> Ask:
        if not isinstance(ask, Ask):
            if not names:
                raise RequestError("no table is named; say an action, a table and at least one family")
            return self._guard.prepare(ask, names[0], names[1:])
        if names:
            raise RequestError("a prepared ask takes no further names")
        if ask.owner is not self._guard:
            raise RequestError("the ask was prepared by another database; prepare it with this one")
        return ask

    def _denial(self, action: Action, table: str, families: frozenset[str]) -> AccessDenied:
        listed = ", ".join(quoted(f"{table}:{family}") for family in sorted(families))
        return AccessDenied(
            f"{quoted(self.principal)} may not {quoted(action)} {listed} for {quoted(self.purpose)};"
            " `explain` says what is missing",
            principal=self.principal,
            purpose=self.purpose,
            table=table,
            action=action,
            families=families,
            epoch=self._guard.epoch,
        )
