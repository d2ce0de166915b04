"""`never` and `expect`: what a policy says of itself, held against its effective access over all time."""

from __future__ import annotations

from collections.abc import Iterator

from cfacl.engine.bits import BEGIN, END, PolicyBits, TableBits
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.errors import Fault
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access, Expect, Never, Principal, moment, nanoseconds
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant


def broken(policy: Policy, bits: PolicyBits) -> list[Fault]:
    """Return a fault for every `never` line that some access matches, and for every `expect` line that fails."""
    snapshot = Snapshot(bits, {}, 0)
    faults = []
    for i, never in enumerate(policy.never):
        match = next(_matches(policy, snapshot, never), None)
        if match is not None:
            faults.append(Fault(f"never[{i}]", match))
    for i, expect in enumerate(policy.expect):
        faults += [Fault(f"expect[{i}]", message) for message in _failures(snapshot, expect)]
    return faults


def _matches(policy: Policy, snapshot: Snapshot, never: Never) -> Iterator[str]:
    """Yield the accesses that a `never` line forbids and the policy gives."""
    seen: set[tuple[Held, ...]] = set()
    for principal in policy.principals.values():
        if not _meant(never, principal):
            continue
        held = snapshot.holds(principal.name)
        if held in seen:
            continue
        seen.add(held)
        windows = [(each.start, each.until) for each in held if _reaches(snapshot, each.role, never.roles)]
        if not windows:
            continue
        for table in sorted(snapshot.granted_tables(held)):
            mask = _families(snapshot.bits.tables[table], never)
            if mask == 0 or not (never.tables is None or table in never.tables):
                continue
            for purpose in sorted(meant(never.purposes, snapshot.bits.purposes)):
                segments = snapshot.profile(held, purpose).timeline(snapshot.bits.tables[table])
                for start, until, granted in segments:
                    if not any(start < end and begin < until for begin, end in windows):
                        continue
                    for action, given in zip(ACTIONS, granted, strict=True):
                        if given & mask and (never.actions is None or action in never.actions):
                            family = min(snapshot.bits.tables[table].names(given & mask))
                            yield (
                                f"`{principal.name}` may `{action} {table}:{family}` for `{purpose}`{_when(start, until)},"
                                " which must be impossible"
                            )


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
    for name in sorted(tables):
        table = snapshot.bits.tables[name]
        for segment in profile.timeline(table):
            if expect.at is not None and not segment.start <= nanoseconds(expect.at) < segment.until:
                continue
            when = _when(segment.start, segment.until)
            given = set(_accesses(table, segment))
            for access in sorted({each for each in expect.allowed if each.table == name} - given, key=str):
                yield f"`{expect.principal}` may not `{access}` for `{expect.purpose}`{when}, and should"
            wrong = given - expect.allowed if expect.exact else given & expect.refused
            for access in sorted(wrong | (given & expect.refused), key=str):
                yield f"`{expect.principal}` may `{access}` for `{expect.purpose}`{when}, and should not"


def _accesses(table: TableBits, segment: Segment) -> Iterator[Access]:
    for action, granted in zip(ACTIONS, segment.granted, strict=True):
        for family in table.names(granted):
            yield Access(action, table.name, family)


def _when(start: int, until: int) -> str:
    since = "" if start == BEGIN else f" from {moment(start).isoformat()}"
    return since + ("" if until == END else f" until {moment(until).isoformat()}")
