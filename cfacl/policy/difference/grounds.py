"""By which grants something is allowed: the evidence beside a matrix or a difference."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple

from cfacl.engine.bits import BEGIN, END, Bound, PolicyBits, TableBits
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.model.action import ACTIONS
from cfacl.model.grants import moment, nanoseconds
from cfacl.policy.compile import compile_policy
from cfacl.policy.difference.changes import Change
from cfacl.policy.policy import Policy


class Ground(NamedTuple):
    """A grant, as it comes to whoever holds a role.

    Attributes:
        path: where it stands in the policy, ``roles.support.grants[0]``.
        roles: from the role that is held to the one that declares it.
        why: the author's words, as they stand in the policy.
        purposes: those that it is for, sorted.
        since, until: its own window; ``None`` for an open end.
    """

    path: str
    roles: tuple[str, ...]
    why: str
    purposes: tuple[str, ...]
    since: datetime | None
    until: datetime | None


def ground(bits: PolicyBits, bound: Bound) -> Ground:
    """Return a grant that comes to the holder of a role, in words."""
    rule = bound.rule
    purposes = tuple(name for name, bit in sorted(bits.purposes.items()) if rule.purposes & bit)
    return Ground(rule.path, bound.path, rule.why, purposes, instant(rule.start), instant(rule.until))


def instant(edge: int) -> datetime | None:
    """Return an edge of a window in nanoseconds as a date-time, `BEGIN` and `END` as ``None``."""
    return None if edge in (BEGIN, END) else moment(edge)


class Grounds:
    """Says by which grants a policy gives what `cfacl.diff` found.

    Args:
        policy: one that was loaded.
    """

    def __init__(self, policy: Policy) -> None:
        self._snapshot = Snapshot(compile_policy(policy), {}, 0)

    def of(self, change: Change) -> tuple[Ground, ...]:
        """Return the grants that count at some instant of a change's time; sorted, each once."""
        snapshot = self._snapshot
        profile = snapshot.profile(snapshot.holds(change.principal), change.purpose)
        table = snapshot.bits.tables[change.table]
        start = BEGIN if change.since is None else nanoseconds(change.since)
        until = END if change.until is None else nanoseconds(change.until)
        found = _overlapping(profile, table, ACTIONS.index(change.action), start, until)
        bit = table.bit[change.family]
        return tuple(sorted({ground(snapshot.bits, bound) for bound in found if bound.mask & bit}, key=order))


def order(ground: Ground) -> tuple[str, tuple[str, ...]]:
    """Return what grounds are sorted by; no two of one answer have it in common."""
    return ground.path, ground.roles


def _overlapping(profile: Profile, table: TableBits, index: int, start: int, until: int) -> Iterator[Bound]:
    for held, bounds in profile.holdings(table):
        for bound in bounds:
            rule = bound.rule
            if (
                rule.gives
                and index in rule.actions
                and rule.purposes & profile.bit
                and max(start, held.start, rule.start) < min(until, held.until, rule.until)
            ):
                yield bound
