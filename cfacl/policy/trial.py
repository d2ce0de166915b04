"""A policy tried by its own `never` and `expect` lines, one by one, and which grants these lines test.

A grant is *exercised* when an `allowed` access of a line that holds is allowed by it, alone or beside others, at the line's
instant or, where it names none, at any.  It is *tested* when it is so alone: taken out, the line would fail.  So the
grants that are not tested are those of which each can be taken out with all lines still holding.
"""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterator

from attrs import frozen

from cfacl.engine.bits import BEGIN, END
from cfacl.engine.explain import reasons
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access, Expect, nanoseconds
from cfacl.policy.compile import translated
from cfacl.policy.faults import path
from cfacl.policy.invariants import broken
from cfacl.policy.policy import Policy

__all__ = ["Trial", "TriedGrant", "TriedLine", "trial"]


@frozen
class TriedLine:
    """A line: where it stands, and in how many ways it does not hold."""

    path: str
    failures: tuple[str, ...]

    @property
    def holds(self) -> bool:
        """Whether the policy does as it says."""
        return not self.failures


@frozen
class TriedGrant:
    """A grant, and what the `expect` lines that hold ask of it."""

    path: str
    exercised: bool
    tested: bool


@frozen
class Trial:
    """What became of each line, in the document's order, and of each grant, in the order of roles' names."""

    lines: tuple[TriedLine, ...]
    grants: tuple[TriedGrant, ...]

    @property
    def holds(self) -> bool:
        """Whether all lines hold."""
        return all(each.holds for each in self.lines)

    @property
    def coverage(self) -> float:
        """How many of a hundred grants are tested; a hundred where there are none."""
        return 100 * sum(each.tested for each in self.grants) / len(self.grants) if self.grants else 100.0


def trial(policy: Policy) -> Trial:
    """Try a policy that is consistent but for its `never` and `expect` lines, as the reader gives it."""
    bits = translated(policy)
    failures: defaultdict[str, list[str]] = defaultdict(list)
    for fault in broken(policy, bits):
        failures[fault.path].append(fault.message)
    numbered = [f"never[{i}]" for i in range(len(policy.never))] + [f"expect[{i}]" for i in range(len(policy.expect))]
    lines = tuple(TriedLine(each, tuple(failures.get(each, ()))) for each in numbered)
    snapshot = Snapshot(bits, {}, 0)
    exercised, tested = set[str](), set[str]()
    for line, expect in zip(lines[len(policy.never) :], policy.expect, strict=True):
        for by in _allowing(snapshot, expect) if line.holds else ():
            exercised |= by
            if len(by) == 1:
                tested |= by
    paths = [
        path(("roles", name, "grants", number), shown=sys.maxsize)
        for name, role in sorted(policy.roles.items())
        for number in range(len(role.grants))
    ]
    grants = tuple(TriedGrant(each, each in exercised, each in tested) for each in paths)
    return Trial(lines, grants)


def _allowing(snapshot: Snapshot, expect: Expect) -> Iterator[set[str]]:
    """Yield the paths of the grants by which each `allowed` access is allowed, at each instant at which they may differ."""
    profile = snapshot.profile(snapshot.holds(expect.principal), expect.purpose)
    for access in expect.allowed:
        table = snapshot.bits.tables[access.table]
        family = next(each for each in table.families if each.name == access.family)
        instants = _instants(profile, access) if expect.at is None else {nanoseconds(expect.at)}
        for now in instants:
            yield {each.path for each in reasons(profile, table, family, ACTIONS.index(access.action), now).grants}


def _instants(profile: Profile, access: Access) -> set[int]:
    """Return the first instant, and all at which a rule on the table, or an assignment, starts or ends."""
    table = profile.snapshot.bits.tables[access.table]
    edges = {BEGIN}
    for held, bounds in profile.holdings(table):
        edges |= {held.start, held.until}
        for bound in bounds:
            edges |= {bound.rule.start, bound.rule.until}
    return edges - {END}
