"""One principal, under one purpose, held against the guard: where every decision is made that no hit answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cfacl.engine.ask import Ask, action_index, find_table, name_of
from cfacl.engine.bits import END
from cfacl.engine.explain import Explanation, explain
from cfacl.engine.guard import Guard
from cfacl.engine.hit import Checker
from cfacl.engine.selection import Want, is_strict
from cfacl.engine.snapshot import Denial, Plan, Profile, Snapshot
from cfacl.errors import AccessDenied, CfaclError, Closed, RequestError, SchemaMissing, quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.projection import Projection, Slice

T = TypeVar("T")


class Caller(Checker):
    """Who asks, and why.  Cheap to make, safe from any number of threads.

    Roles are never frozen in it: it follows the current policy, and a principal that a policy
    removed stays refused, also when a later policy has that name again.
    """

    __slots__ = ("_born", "_open", "_principal", "_profile", "_purpose")

    _guard: Guard

    def __init__(self, guard: Guard, principal: str, purpose: str) -> None:
        super().__init__(guard)
        self._principal = name_of("principal", principal)
        self._purpose = name_of("purpose", purpose)
        self._open = True
        self._profile: Profile | None = None
        try:  # as whoever was here before, where no edge was passed since
            profile = guard.snapshot.callers[purpose][principal]  # type: ignore[union-attr]  # None raises
            until = profile.snapshot.until
            if until == END or self._clock() < until:
                self._born = profile.snapshot.epoch
                self._profile = profile
                self._hits = profile.hits
                return
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        with guard.lock:
            self._born = guard.epoch
            self._decide(lambda profile, _: profile)

    @property
    def principal(self) -> str:
        """Who asks, by name."""
        return self._principal

    @property
    def purpose(self) -> str:
        """What for."""
        return self._purpose

    def families(self, action: Action, table: str) -> frozenset[str]:
        """Return the families of ``table`` on which ``action`` is granted now.  Raises as `allows`."""

        def granted(profile: Profile, now: int) -> frozenset[str]:
            index = action_index(action)
            bits = find_table(profile.snapshot.bits, table)
            return bits.names(bits.every & ~profile.view(bits, now).denied[index])

        try:
            return self._decide(granted)
        except AccessDenied as denial:  # before the names were looked at, which so are not told
            self._refused(denial, "families")
            raise

    def explain(self, action: Action | Ask, /, *names: str) -> Explanation:
        """Return every grant and restriction that counts, and on a denial what is missing.

        Computed anew from the rules and held against the mask that `allows` uses.  Arguments and errors as `allows`.
        """
        ask = self._ask(action, names)
        try:
            return self._decide(lambda profile, now: explain(self._principal, profile, ask, now))
        except AccessDenied as denial:
            self._refused(denial, "explain", ask.table, ask.action)
            raise

    # What follows is for the way to the store alone, so that a session shows none of it.

    def _refused(
        self,
        denial: AccessDenied,
        request: str,  # noqa: ARG002  # for who overrides it
        table: str | None = None,  # noqa: ARG002  # as above
        action: str | None = None,  # noqa: ARG002  # as above
    ) -> AccessDenied:
        """Return a denial that whoever called is about to be given; a session tells its hook of it first."""
        return denial

    def _confirm(self, ask: Ask) -> None:
        """Return if every family asked for is granted, else raise `AccessDenied`, which nobody was told of."""

        def denied_families(profile: Profile, now: int) -> frozenset[str]:
            denied = profile.check(ask, now)
            return find_table(profile.snapshot.bits, ask.table).names(denied)

        families = self._decide(denied_families)
        if families:
            raise self._denial(ask.action, ask.table, families)

    def _plan(self, want: Want) -> Plan:
        """Decide a request for columns: return what it may touch.

        Raises:
            AccessDenied: something is not granted (strict), or nothing is (narrow).
            RequestError: an unknown name, an empty ``columns``, a closed session.
            SchemaMissing: the store lacks a granted family.
        """
        try:
            plan = self._profile.plans[want]  # type: ignore[union-attr]  # None raises, and goes the long way
            if plan.profile.snapshot is self._guard.snapshot:
                until = plan.until
                if until is None:
                    return plan
                now = self._clock()
                if now < until:
                    return plan
                self._guard.note(now)
        except Exception:  # noqa: BLE001, S110  # the long way below decides, or says what is wrong
            pass
        decided = self._decide(lambda profile, now: profile.plan(want, now))
        if isinstance(decided, Denial):
            raise self._denial(ACTIONS[want[0]], want[1], decided.families)
        return decided

    def _stands(self, plan: Plan) -> bool:
        """Whether a plan of this caller is surely what would be decided now."""
        profile = plan.profile
        if profile is self._profile and profile.snapshot is self._guard.snapshot:
            until = plan.until
            if until is None:
                return True
            try:
                now = self._clock()
                if now < until:
                    return True
                self._guard.note(now)
            except Exception:  # noqa: BLE001  # a broken clock is sure of nothing
                return False
        return False

    def _remaining(self, plan: Plan) -> Want:
        """Return what a read under way still wants: where it named no columns, the families that it began with."""
        index, name, columns, strict = plan.want
        if columns is None:
            known = find_table(self._snapshot().bits, name).bit
            columns = tuple([each for each in plan.projection.stored if each.decode("ascii") in known])
            if not columns:
                raise self._denial(
                    ACTIONS[index], name, frozenset([each.decode("ascii") for each in plan.projection.stored])
                )
            strict = False
        return index, name, columns, strict

    def _shrink(self, plan: Plan, now: Plan, *, whole: bool) -> Plan:
        """Return ``plan`` cut down to what is granted ``now`` of what `_remaining` said; under way it may only shrink.

        Args:
            whole: no family of it may be gone.

        Raises:
            AccessDenied: nothing is left, or something is gone and ``plan`` was strict, or to be kept ``whole``.
            SchemaMissing: a family was dropped meanwhile, and made again, or declares no column any more that was read.
        """
        before = {each.family.name: each for each in plan.projection.slices}
        slices = [both for each in now.projection.slices if (both := _common(before.get(each.family.name), each))]
        kept = {each.family.name for each in slices}
        lost = frozenset(before) - kept
        index, name, columns, _ = plan.want
        if not slices or (lost and (whole or is_strict(plan.want))):
            raise self._denial(ACTIONS[index], name, lost)
        if columns is None:
            withheld = frozenset(find_table(now.profile.snapshot.bits, name).bit) - kept
        else:
            withheld = (frozenset([each.family.name for each in now.projection.slices]) | now.withheld | lost) - kept
        return Plan(now.profile, plan.want, Projection(slices), withheld, now.until)

    def _snapshot(self) -> Snapshot:
        """Return the snapshot that decides now; raises as `allows`."""
        profile = self._profile
        if profile is not None and profile.snapshot is self._guard.snapshot:
            return profile.snapshot
        return self._decide(lambda profile, _: profile.snapshot)

    def _now(self) -> int:
        """Return the time of a decision, in nanoseconds; raises as `allows`."""
        return self._decide(lambda _, now: now)

    def close(self) -> None:
        """Refuse everything from now on; scans under way end with `Closed`."""
        with self._guard.lock:
            self._open = False
            self._profile = None
            self._hits = {}

    def _enter(self) -> Profile:
        """Return what the current policy says of this caller; the guard's lock is held."""
        if not self._open:
            raise Closed("the session is closed; open another one")
        snapshot = self._guard.current()
        profile = self._profile
        if profile is None or profile.snapshot is not snapshot:
            if self._guard.removed_since(self._principal, self._born):
                raise AccessDenied(
                    f"{quoted(self._principal)} was removed from the policy while this session was open",
                    principal=self._principal,
                    purpose=self._purpose,
                    epoch=snapshot.epoch,
                    reason="removed_principal",
                )
            profile = snapshot.caller(self._principal, self._purpose)
            self._profile = profile
            self._hits = profile.hits
        return profile

    def _decide(self, step: Callable[[Profile, int], T]) -> T:
        """Take the long way: one ``step`` on the current profile, at a time that never goes back."""
        try:
            with self._guard.lock:
                now = self._guard.now()
                return step(self._enter(), now)
        except AccessDenied as denial:
            self._guard.count(denial.reason)
            raise
        except CfaclError:
            raise
        except Exception as error:
            self._guard.count("failed")
            raise AccessDenied(
                f"the decision for {quoted(self._principal)} failed with {type(error).__name__}, so it is no",
                principal=self._principal,
                purpose=self._purpose,
                epoch=self._guard.epoch,
                reason="failed",
            ) from error

    def _decide_allows(self, ask: object, names: tuple[object, ...]) -> bool:
        asked = self._ask(ask, names)
        try:
            return not self._decide(lambda profile, now: profile.check(asked, now))
        except AccessDenied as denial:
            self._refused(denial, "allows", asked.table, asked.action)
            raise

    def _decide_require(self, ask: object, names: tuple[object, ...]) -> None:
        asked = self._ask(ask, names)
        try:
            self._confirm(asked)
        except AccessDenied as denial:
            self._refused(denial, "require", asked.table, asked.action)
            raise

    def _ask(self, ask: object, names: tuple[object, ...]) -> Ask:
        if not isinstance(ask, Ask):
            if not names:
                raise RequestError("no table is named; say an action, a table and at least one family")
            return self._guard.prepare(ask, names[0], names[1:])
        if names:
            raise RequestError("a prepared ask takes no further names")
        if type(ask) is not Ask:  # what is remembered by it would be found by whatever it says that it equals
            raise RequestError("an ask of a class of one's own is none; take what `Database.prepare` returns")
        if ask.owner is not self._guard.token:
            raise RequestError("the ask was prepared by another database; prepare it with this one")
        return ask

    def _denial(self, action: Action, table: str, families: frozenset[str]) -> AccessDenied:
        self._guard.count("not_granted")
        listed = ", ".join(quoted(f"{table}:{family}") for family in sorted(families))
        return AccessDenied(
            f"{quoted(self._principal)} may not {quoted(action)} {listed} for {quoted(self._purpose)};"
            " `explain` says what is missing",
            principal=self._principal,
            purpose=self._purpose,
            table=table,
            action=action,
            families=families,
            epoch=self._guard.epoch,
        )


def _common(before: Slice | None, now: Slice) -> Slice | None:
    """Return what two slices of a family share, or ``None`` where it was not wanted before."""
    if before is None:
        return None
    if before.family.identity != now.family.identity:
        raise SchemaMissing(
            f"family {quoted(now.family.name)} of table {quoted(now.family.table)} was dropped meanwhile; scan anew"
        )
    if before.qualifiers is None:
        return now
    if now.qualifiers is None:
        return Slice(now.family, before.qualifiers)
    shared = tuple([each for each in now.qualifiers if each in before.qualifiers])
    if not shared:  # which is no denial: the family is granted
        raise SchemaMissing(
            f"family {quoted(now.family.name)} of table {quoted(now.family.table)} declares other columns meanwhile;"
            " scan anew"
        )
    return Slice(now.family, shared)
