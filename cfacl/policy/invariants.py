"""`never` and `expect`: what a policy says of itself, held against its effective access over all time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from cfacl.engine.bits import BEGIN, END, PolicyBits, TableBits
from cfacl.engine.explain import FamilyExplanation, reasons
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.errors import Fault, one_line
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access, Expect, Never, Principal, moment, nanoseconds
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant
from cfacl.policy.timeline import timeline

#: How many grants a message names.
_LISTED: Final = 3


class _Breach(NamedTuple):
    """An access that a `never` line forbids, and an instant of ``[start, until)`` at which it is given."""

    access: Access
    purpose: str
    start: int
    until: int


def broken(policy: Policy, bits: PolicyBits) -> list[Fault]:
    """Return a fault for every `never` line that some access matches, and for every `expect` line that fails."""
    snapshot = Snapshot(bits, {}, 0)
    faults = _never(policy, snapshot) if policy.never else []
    for i, expect in enumerate(policy.expect):
        faults += [Fault(f"expect[{i}]", message) for message in _failures(snapshot, expect)]
    return faults


def _never(policy: Policy, snapshot: Snapshot) -> list[Fault]:
    """Return a fault for every `never` line that some access matches; principals with equal roles are one case."""
    cases: dict[tuple[Held, ...], list[Principal]] = {}
    for principal in policy.principals.values():
        cases.setdefault(snapshot.holds(principal.name), []).append(principal)
    found: dict[int, dict[str, tuple[tuple[Held, ...], _Breach]]] = {}
    for held, principals in cases.items():
        times = _Times(snapshot, held)
        for i, never in enumerate(policy.never):
            fitting = [each.name for each in principals if _meant(never, each)]
            breach = _breach(times, never) if fitting else None
            if breach is not None:
                found.setdefault(i, {}).update(dict.fromkeys(fitting, (held, breach)))
    return [
        Fault(f"never[{i}]", _told(snapshot, policy.never[i], principals)) for i, principals in sorted(found.items())
    ]


def _told(snapshot: Snapshot, never: Never, principals: dict[str, tuple[tuple[Held, ...], _Breach]]) -> str:
    """Say how a line is broken: by the first principal in the order of names, and by how many more."""
    name = min(principals)
    held, breach = principals[name]
    by = _by(_reasons(snapshot.profile(held, breach.purpose), breach.access, breach.start))
    why = f" ({one_line(never.why)})" if never.why.strip() else ""
    others = len(principals) - 1
    more = f", and {others:,} more break this line" if others else ""
    return (
        f"`{name}` may `{breach.access}` for `{breach.purpose}`{_when(breach.start, breach.until)}{by}, which must be"
        f" impossible{why}{more}; narrow what gives it, or add a restriction"
    )


class _Times:
    """What holders of some roles may do over all time, each table and purpose worked out once."""

    def __init__(self, snapshot: Snapshot, held: tuple[Held, ...]) -> None:
        self.snapshot = snapshot
        self.held = held
        self.tables = sorted(snapshot.granted_tables(held))
        self._known: dict[tuple[str, str], list[Segment]] = {}

    def line(self, table: TableBits, purpose: str) -> list[Segment]:
        key = (table.name, purpose)
        if key not in self._known:
            self._known[key] = timeline(self.snapshot.profile(self.held, purpose), table)
        return self._known[key]


def _breach(times: _Times, never: Never) -> _Breach | None:
    """Return the first access that a line forbids and the policy gives: by table, purpose, time and action."""
    snapshot = times.snapshot
    windows = _Windows((each.start, each.until) for each in times.held if _reaches(snapshot, each.role, never.roles))
    purposes = sorted(meant(never.purposes, snapshot.bits.purposes))
    for name in times.tables if windows else ():
        table = snapshot.bits.tables[name]
        mask = _families(table, never)
        if mask == 0 or not (never.tables is None or name in never.tables):
            continue
        for purpose in purposes:
            for segment in times.line(table, purpose):
                for action, given in zip(ACTIONS, segment.granted, strict=True):
                    if not given & mask or not (never.actions is None or action in never.actions):
                        continue
                    if (both := windows.meet(segment)) is not None:
                        family = min(table.names(given & mask))
                        return _Breach(Access(action, name, family), purpose, *both)
    return None


class _Windows:
    """Stretches of time, sorted and joined where they touch."""

    def __init__(self, windows: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, until in sorted(windows):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], until)
            else:
                self._starts.append(start)
                self._ends.append(until)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def meet(self, segment: Segment) -> tuple[int, int] | None:
        """Return the first stretch that lies in one of these and in a segment."""
        i = bisect_right(self._ends, segment.start)  # the first that ends after its start
        if i == len(self._ends) or self._starts[i] >= segment.until:
            return None
        return max(self._starts[i], segment.start), min(self._ends[i], segment.until)


def _meant(never: Never, principal: Principal) -> bool:
    return (never.kinds is None or principal.kind in never.kinds) and (
        never.principals is None or principal.name in never.principals
    )


def _reaches(snapshot: Snapshot, role: str, roles: frozenset[str] | None) -> bool:
    return roles is None or any(each.role.name in roles for each in snapshot.reach(role))


def _families(table: TableBits, never: Never) -> int:
    return table.mask(
        each.name
        for each in table.families
        if (never.families is None or each.name in never.families)
        and (never.levels is None or each.level in never.levels)
    )


def _failures(snapshot: Snapshot, expect: Expect) -> Iterator[str]:
    """Yield what an `expect` line says and the policy does not."""
    held = snapshot.holds(expect.principal)
    profile = snapshot.profile(held, expect.purpose)
    tables = {each.table for each in expect.allowed | expect.refused}
    if expect.exact:
        tables |= snapshot.granted_tables(held)
    at = None if expect.at is None else nanoseconds(expect.at)
    for name in sorted(tables):
        table = snapshot.bits.tables[name]
        for segment in timeline(profile, table):
            if at is not None and not segment.start <= at < segment.until:
                continue
            now = segment.start if at is None else at
            when = _when(segment.start, segment.until)
            given = set(_accesses(table, segment))
            for access in sorted({each for each in expect.allowed if each.table == name} - given, key=str):
                lack = _lack(_reasons(profile, access, now))
                yield f"`{expect.principal}` may not `{access}` for `{expect.purpose}`{when}, and should; {lack}"
            wrong = given - expect.allowed if expect.exact else given & expect.refused
            for access in sorted(wrong | (given & expect.refused), key=str):
                by = _by(_reasons(profile, access, now))
                yield f"`{expect.principal}` may `{access}` for `{expect.purpose}`{when}{by}, and should not"


def _accesses(table: TableBits, segment: Segment) -> Iterator[Access]:
    for action, granted in zip(ACTIONS, segment.granted, strict=True):
        for family in table.names(granted):
            yield Access(action, table.name, family)


def _reasons(profile: Profile, access: Access, now: int) -> FamilyExplanation:
    table = profile.snapshot.bits.tables[access.table]
    family = next(each for each in table.families if each.name == access.family)
    return reasons(profile, table, family, ACTIONS.index(access.action), now)


def _by(found: FamilyExplanation) -> str:
    """Say by which grants something is allowed."""
    paths = list(dict.fromkeys(f"`{each.path}`" for each in found.grants))  # a role may be held twice
    more = f" and {len(paths) - _LISTED:,} more" if len(paths) > _LISTED else ""
    return f", by {', '.join(paths[:_LISTED])}{more}"


def _lack(found: FamilyExplanation) -> str:
    """Say what stands between a principal and what it should be allowed."""
    if found.restrictions:
        return f"`{found.restrictions[0].path}` takes it away"
    if found.near_misses:
        return f"`{found.near_misses[0].path}` does not count: {found.near_misses[0].missing}"
    return "no role that it holds has a grant of that"


def _when(start: int, until: int) -> str:
    since = "" if start == BEGIN else f" from {moment(start).isoformat()}"
    return since + ("" if until == END else f" until {moment(until).isoformat()}")
