"""What roles, grants and restrictions come to in one policy, worked out from the model alone.

Lint asks this about whole policies.  It shares nothing with the compiler but what wildcards mean:
names are expanded one by one, and the time line is walked from edge to edge.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from cfacl.model.action import Action
from cfacl.model.catalog import Family
from cfacl.model.grants import Assignment, Grant, Restriction, Window, nanoseconds
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant


class Span(NamedTuple):
    """The instants ``[start, until)`` in nanoseconds since 1970, infinite where a window is open."""

    start: float
    until: float

    @classmethod
    def of(cls, window: Window) -> Span:
        """Return a window as a span."""
        return cls(
            -math.inf if window.start is None else nanoseconds(window.start),
            math.inf if window.until is None else nanoseconds(window.until),
        )

    def meets(self, other: Span) -> Span:
        """Return the instants of both; there are none if the end is not after the start."""
        return Span(max(self.start, other.start), min(self.until, other.until))

    def covers(self, other: Span) -> bool:
        """Whether every instant of ``other`` is one of these."""
        return self.start <= other.start and other.until <= self.until


def ever(given: Iterable[Span], taken: Iterable[Span]) -> bool:
    """Whether there is an instant in one of ``given`` and in none of ``taken``."""
    given, taken = list(given), list(taken)
    edges = {each.start for each in given} | {each.until for each in taken}
    return any(_in(edge, given) and not _in(edge, taken) for edge in edges)


def _in(instant: float, spans: list[Span]) -> bool:
    return any(each.start <= instant < each.until for each in spans)


class Reach:
    """Answers about one policy; whatever was worked out is kept for the next question."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self.rank = {level: number for number, level in enumerate(policy.catalog.levels)}
        self.assigned = {each.role for principal in policy.principals.values() for each in principal.assignments}
        self._expanded: dict[tuple[str, str | None], frozenset[str]] = {}
        self._within: dict[tuple[str, frozenset[str], int], frozenset[str]] = {}

    def families(self, grant: Grant) -> frozenset[str]:
        """Return the families that a grant names, or that are at or below its level, by name."""
        if grant.families is not None:
            return grant.families
        key = (grant.table, grant.at_or_below)
        found = self._expanded.get(key)
        if found is None:
            table = self._policy.catalog.tables[grant.table]
            found = frozenset(
                each.name
                for each in table.families.values()
                if grant.at_or_below is not None and self.rank[each.level] <= self.rank[grant.at_or_below]
            )
            self._expanded[key] = found
        return found

    def within(self, grant: Grant, width: int) -> frozenset[str]:
        """Return the families of a grant whose level is at or below the rank ``width``."""
        key = (grant.table, self.families(grant), width)
        found = self._within.get(key)
        if found is None:
            families = self._policy.catalog.tables[grant.table].families
            found = frozenset(each for each in key[1] if self.rank[families[each].level] <= width)
            self._within[key] = found
        return found

    def widest(self, starts: Iterable[str]) -> dict[str, int]:
        """Return what ``starts`` reach: for each role the lowest clearance, as a rank, on the widest path to it."""
        roles = self._policy.roles
        found: dict[str, int] = {}
        waiting: list[list[str]] = [[] for _ in self.rank]
        for start in starts:
            waiting[self.rank[roles[start].clearance]].append(start)
        for width in reversed(range(len(waiting))):
            stack = waiting[width]
            while stack:
                role = stack.pop()
                if role not in found:
                    found[role] = width
                    for parent in roles[role].inherits:
                        waiting[min(width, self.rank[roles[parent].clearance])].append(parent)
        return found

    def hit(self, restriction: Restriction, family: Family, table: str, action: Action, purpose: str) -> bool:
        """Whether a restriction takes an action on a family for a purpose away, while it holds."""
        return (
            (restriction.actions is None or action in restriction.actions)
            and (restriction.table is None or restriction.table == table)
            and (restriction.families is None or family.name in restriction.families)
            and (restriction.at_or_below is None or self.rank[family.level] <= self.rank[restriction.at_or_below])
            and purpose in meant(restriction.purposes, self._policy.catalog.purposes)
        )

    def reached(self, held: Iterable[Assignment]) -> Iterator[tuple[str, int, Span]]:
        """Yield the roles that assignments lead to: each with the widest clearance of its path, and when it is held."""
        for assignment in held:
            outer = Span.of(assignment.window)
            for role, width in self.widest([assignment.role]).items():
                yield role, width, outer

    def restricting(self, held: Iterable[Assignment]) -> Iterator[tuple[Restriction, Span]]:
        """Yield the restrictions that assignments lead to, each with when both hold."""
        for role, _, outer in self.reached(held):
            for restriction in self._policy.roles[role].restrictions:
                yield restriction, outer.meets(Span.of(restriction.window))
