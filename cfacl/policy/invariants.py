"""`never` and `expect`: what a policy says of itself, held against its effective access over all time."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Final

from cfacl.engine.bits import BEGIN, END, PolicyBits, TableBits
from cfacl.engine.explain import FamilyExplanation, reasons
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.errors import Fault, one_line
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access, Expect, Never, Principal, moment, nanoseconds
from cfacl.policy.breaches import Line, Times
from cfacl.policy.policy import Policy
from cfacl.policy.timeline import timeline

#: How many grants a message names.
_LISTED: Final = 3
#: How the message ends that a `never` line is broken.
ADVICE: Final = "; narrow what gives it, or add a restriction"


def broken(
    policy: Policy, bits: PolicyBits, among: Collection[str] | None = None, tables: Collection[str] | None = None
) -> list[Fault]:
    """Return a fault for every `never` line that some access matches, and for every `expect` line that fails.

    Args:
        among, tables: the only principals, and the only tables, to look at; ``None``: all.
    """
    snapshot = Snapshot(bits, {}, 0)
    principals = [each for name, each in policy.principals.items() if among is None or name in among]
    faults = _never(policy, snapshot, principals, tables) if policy.never else []
    for i, expect in enumerate(policy.expect):
        if among is not None and expect.principal not in among:
            continue
        faults += [Fault(f"expect[{i}]", message) for message in _failures(snapshot, expect, tables)]
    return faults


def _never(
    policy: Policy, snapshot: Snapshot, principals: Iterable[Principal], tables: Collection[str] | None
) -> list[Fault]:
    """Return a fault for every `never` line that some access matches; principals with equal roles are one case."""
    cases: dict[tuple[Held, ...], list[Principal]] = {}
    for principal in principals:
        cases.setdefault(snapshot.holds(principal.name), []).append(principal)
    times = Times(snapshot)
    lines = [Line(each, times, tables) for each in policy.never]
    found: list[dict[str, tuple[Held, ...]]] = [{} for _ in lines]
    for held, alike in cases.items():
        for line, breaking in zip(lines, found, strict=True):
            fitting = [each.name for each in alike if line.fits(each)]
            if fitting and line.is_broken(held):
                breaking.update(dict.fromkeys(fitting, held))
    return [
        Fault(f"never[{i}]", _told(snapshot, policy.never[i], line, breaking))
        for i, (line, breaking) in enumerate(zip(lines, found, strict=True))
        if breaking
    ]


def _told(snapshot: Snapshot, never: Never, line: Line, breaking: dict[str, tuple[Held, ...]]) -> str:
    """Say how a line is broken: by the first principal in the order of names, and by how many more."""
    name = min(breaking)
    held = breaking[name]
    breach = line.breach(held)
    by = _by(_reasons(snapshot.profile(held, breach.purpose), breach.access, breach.start))
    why = f" ({one_line(never.why)})" if never.why.strip() else ""
    others = len(breaking) - 1
    more = f", and {others:,} more break this line" if others else ""
    return (
        f"`{name}` may `{breach.access}` for `{breach.purpose}`{_when(breach.start, breach.until)}{by}, which must be"
        f" impossible{why}{more}{ADVICE}"
    )


def _failures(snapshot: Snapshot, expect: Expect, only: Collection[str] | None = None) -> Iterator[str]:
    """Yield what an `expect` line says and the policy does not."""
    held = snapshot.holds(expect.principal)
    profile = snapshot.profile(held, expect.purpose)
    tables = {each.table for each in expect.allowed | expect.refused}
    if expect.exact:
        tables |= snapshot.granted_tables(held)
    at = None if expect.at is None else nanoseconds(expect.at)
    for name in sorted(tables if only is None else tables.intersection(only)):
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
