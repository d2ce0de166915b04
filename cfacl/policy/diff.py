"""What one policy gives that another does not: access, not lines."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from cfacl.engine.bits import BEGIN, END, PolicyBits
from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held, Segment
from cfacl.model.action import ACTIONS, Action
from cfacl.model.grants import moment
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy

Stretch = tuple[int, int]


class Change(NamedTuple):
    """An access that a principal gains, or else loses, during ``[since, until)``."""

    principal: str
    table: str
    family: str
    action: Action
    purpose: str
    gains: bool
    since: datetime | None
    until: datetime | None


def diff(old: Policy, new: Policy) -> list[Change]:
    """Return who gains and who loses what from ``old`` to ``new``, and when; sorted, over the whole time line.

    Raises:
        PolicyError: one of them was built by hand, and has faults or a `never` or `expect` line that fails.
    """
    from cfacl.policy.reader import check

    for each in (old, new):
        check(each)
    before, after = (Snapshot(compile_policy(each), {}, 0) for each in (old, new))
    known: dict[tuple[tuple[Held, ...], tuple[Held, ...]], list[Change]] = {}
    changes: list[Change] = []
    for name in sorted({*old.principals, *new.principals}):
        held = tuple(each.holds(name) if name in each.bits.principals else () for each in (before, after))
        pair = (held[0], held[1])
        if pair not in known:
            known[pair] = list(_changes(before, after, pair))
        changes += [change._replace(principal=name) for change in known[pair]]
    return changes


def _changes(before: Snapshot, after: Snapshot, held: tuple[tuple[Held, ...], tuple[Held, ...]]) -> Iterator[Change]:
    """Yield what changes for the holders of some roles, the principal's name left empty."""
    for table in sorted(before.granted_tables(held[0]) | after.granted_tables(held[1])):
        for purpose in sorted({*before.bits.purposes, *after.bits.purposes}):
            lost = _Access(before, held[0], table, purpose)
            won = _Access(after, held[1], table, purpose)
            if lost == won:
                continue
            for family in sorted(lost.families | won.families):
                for index, action in enumerate(ACTIONS):
                    had, has = lost.stretches(family, index), won.stretches(family, index)
                    for gains, stretches in ((True, _without(has, had)), (False, _without(had, has))):
                        for start, until in stretches:
                            since = None if start == BEGIN else moment(start)
                            end = None if until == END else moment(until)
                            yield Change("", table, family, action, purpose, gains, since, end)


class _Access:
    """What holders of some roles may do to one table for one purpose, over all time."""

    def __init__(self, snapshot: Snapshot, held: tuple[Held, ...], table: str, purpose: str) -> None:
        bits: PolicyBits = snapshot.bits
        self.bit: dict[str, int] = {}
        self.segments: list[Segment] = []
        if table in bits.tables and purpose in bits.purposes:
            self.bit = bits.tables[table].bit
            self.segments = snapshot.profile(held, purpose).timeline(bits.tables[table])

    @property
    def families(self) -> set[str]:
        return set(self.bit)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Access) and self.bit == other.bit and self.segments == other.segments

    __hash__ = None  # type: ignore[assignment]  # compared, never kept in a set

    def stretches(self, family: str, index: int) -> list[Stretch]:
        """Return when the action is granted on the family, neighbours joined."""
        bit = self.bit.get(family, 0)
        joined: list[Stretch] = []
        for start, until, granted in self.segments:
            if granted[index] & bit:
                if joined and joined[-1][1] == start:
                    joined[-1] = (joined[-1][0], until)
                else:
                    joined.append((start, until))
        return joined


def _without(stretches: list[Stretch], others: list[Stretch]) -> list[Stretch]:
    """Return the parts of ``stretches`` that lie in none of ``others``; both are sorted and disjoint."""
    left = stretches
    for begin, end in others:
        left = [
            piece
            for start, until in left
            for piece in ((start, min(until, begin)), (max(start, end), until))
            if piece[0] < piece[1]
        ]
    return left
