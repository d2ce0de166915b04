"""Who may, and what may she: the check asked backwards, from the same masks."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from cfacl.engine.ask import action_index, find_family, find_table
from cfacl.engine.bits import BEGIN, END, TableBits
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.model.action import ACTIONS, Action
from cfacl.model.grants import moment


class Holder(NamedTuple):
    """A principal that may, for a purpose; without a break ``[since, until)``, by the grants ``via``."""

    principal: str
    purpose: str
    since: datetime | None
    until: datetime | None
    via: tuple[str, ...]


class Permission(NamedTuple):
    """What a principal may do; without a break ``[since, until)``, by the grants ``via``."""

    table: str
    family: str
    action: Action
    purpose: str
    since: datetime | None
    until: datetime | None
    via: tuple[str, ...]


def who(snapshot: Snapshot, action: str, table: str, family: str, purpose: str | None, now: int) -> Iterator[Holder]:
    """Yield every principal that may at ``now``; for ``purpose``, or for any (``None``).

    Raises:
        UnknownAction, UnknownTable, UnknownFamily, UnknownPurpose
    """
    index = action_index(action)
    bits = find_table(snapshot.bits, table)
    bit = find_family(bits, family)
    purposes = sorted(snapshot.bits.purposes) if purpose is None else [purpose]
    known: dict[tuple[tuple[Held, ...], str], _Stretch | None] = {}
    for each in purposes:
        snapshot.profile((), each)
    for name in sorted(snapshot.bits.principals):
        held = snapshot.holds(name)
        for each in purposes:
            if (held, each) not in known:
                profile = snapshot.profile(held, each)
                known[held, each] = _stretch(profile, bits, profile.timeline(bits), index, bit, now)
            stretch = known[held, each]
            if stretch is not None:
                yield Holder(name, each, *stretch)


def what(snapshot: Snapshot, principal: str, now: int) -> Iterator[Permission]:
    """Yield everything that a principal may do at ``now``.

    Raises:
        AccessDenied: the policy knows no such principal.
    """
    held = snapshot.holds(principal)
    for table in sorted(snapshot.granted_tables(held)):
        bits = snapshot.bits.tables[table]
        for purpose in sorted(snapshot.bits.purposes):
            profile = snapshot.profile(held, purpose)
            segments = profile.timeline(bits)
            for family in bits.families:
                for index, action in enumerate(ACTIONS):
                    stretch = _stretch(profile, bits, segments, index, bits.bit[family.name], now)
                    if stretch is not None:
                        yield Permission(table, family.name, action, purpose, *stretch)


class _Stretch(NamedTuple):
    since: datetime | None
    until: datetime | None
    via: tuple[str, ...]


def _stretch(
    profile: Profile, table: TableBits, segments: list[Segment], index: int, bit: int, now: int
) -> _Stretch | None:
    """Return the unbroken stretch around ``now`` in which a bit is granted, or ``None`` where it is not."""
    at = next(i for i, segment in enumerate(segments) if segment.start <= now < segment.until)
    if not segments[at].granted[index] & bit:
        return None
    first = last = at
    while first and segments[first - 1].granted[index] & bit:
        first -= 1
    while last + 1 < len(segments) and segments[last + 1].granted[index] & bit:
        last += 1
    since, until = segments[first].start, segments[last].until
    via = {
        bound.rule.path
        for held, bounds in profile.holdings(table)
        if held.start <= now < held.until
        for bound in bounds
        if bound.rule.gives
        and index in bound.rule.actions
        and bound.mask & bit
        and bound.rule.purposes & profile.bit
        and bound.rule.start <= now < bound.rule.until
    }
    return _Stretch(
        None if since == BEGIN else moment(since), None if until == END else moment(until), tuple(sorted(via))
    )
