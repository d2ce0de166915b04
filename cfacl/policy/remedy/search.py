"""The smallest change of a policy that would allow what it refuses.

Each of the ways that `cfacl.policy.remedy.ways` knows, which says too what is never one, is asked by the real
decision, held against the `never` and `expect` lines of everybody whom it concerns, and compared as by `diff`.  The
smallest is the one of the fewest edits, and of these the one by which the fewest others gain, then the one by which the
fewest lose.  What takes too long to compare is left out, and counted.
"""

from __future__ import annotations

import sys
from itertools import chain
from typing import Final

from attrs import frozen

from cfacl.engine.snapshot import Snapshot
from cfacl.errors import Fault
from cfacl.policy.difference.changes import Change, changes
from cfacl.policy.invariants import ADVICE, broken
from cfacl.policy.policy import Policy
from cfacl.policy.remedy.amendment import Amended
from cfacl.policy.remedy.edit import Edit
from cfacl.policy.remedy.step import Request
from cfacl.policy.remedy.ways import Level, Ways

__all__ = ["Obstacle", "Remedy", "Request", "remedy"]

#: How much work it may be to compare a way, and all of them; one that takes more waits until there is no other, and so do
#: ways then that take something away.
_WORK: Final = 20_000
_SPENT: Final = 50_000
#: How much work may be done for those that wait.
_WAITED: Final = 100_000


@frozen
class Remedy:
    """A change that allows a request.

    Attributes:
        edits: what to write where; nothing, if the request is allowed as it is.
        policy: the policy with the edits made.
        others: what anybody gains or loses by it, but for what was asked.
        adds: roles of ``policy`` that the edits make.
        compared: how many changes were compared.
        left: how many were not, each of which may be smaller; none, if this is the smallest.
    """

    edits: tuple[Edit, ...]
    policy: Policy
    others: tuple[Change, ...]
    adds: tuple[str, ...]
    compared: int
    left: int


@frozen
class Obstacle:
    """No change that was compared keeps what the policy says of itself.

    Attributes:
        edits: the one that breaks the fewest lines.
        policy: the policy with the edits made, which does not load.
        others: what anybody gains or loses by it, but for what was asked.
        lines: the lines that it breaks.
        adds: roles of ``policy`` that the edits make.
        compared: how many changes were compared.
        left: how many were not.
    """

    edits: tuple[Edit, ...]
    policy: Policy
    others: tuple[Change, ...]
    lines: tuple[Fault, ...]
    adds: tuple[str, ...]
    compared: int
    left: int


def remedy(policy: Policy, request: Request) -> Remedy | Obstacle:
    """Return the smallest change of a policy that was loaded by which it allows a request.

    Raises:
        AccessDenied: the policy has no such principal, and none is made of somebody unknown.
    """
    return _Search(policy, request).smallest()


class _Search:
    def __init__(self, policy: Policy, request: Request) -> None:
        self.request = request
        self.ways = Ways(policy, request)
        self.before = Snapshot(self.ways.bits, {}, 0)
        self.best: tuple[Amended, list[Change]] | None = None
        self.score = (0, 0)
        self.against: tuple[Amended, list[Change], list[Fault]] = (Amended(policy), [], [])
        self.aside: list[tuple[int, Amended]] = []
        self.taking: list[Amended] = []
        self.cases: dict[frozenset[str], int] = {}
        self.left: dict[int, int] = {}
        self.compared = self.spent = 0

    def smallest(self) -> Remedy | Obstacle:
        for level in self.ways.levels():
            self._compare_all(level)
            if self.best is not None or self.spent > _SPENT:
                break
        if self.best is None:
            self._compare_waiting()
        return self._answer()

    def _answer(self) -> Remedy | Obstacle:
        if self.best is not None:
            tried, others = self.best
            # Nothing is smaller than a change of as many edits by which nobody else gains or loses.
            left = self._left(len(tried.edits) - (self.score == (0, 0)))
            return Remedy(tried.edits, tried.policy, tuple(others), self._added(tried), self.compared, left)
        tried, others, faults = self.against
        lines = tuple(each._replace(message=each.message.removesuffix(ADVICE)) for each in faults)
        left = self._left(sys.maxsize)
        return Obstacle(tried.edits, tried.policy, tuple(others), lines, self._added(tried), self.compared, left)

    def _added(self, tried: Amended) -> tuple[str, ...]:
        return tuple(sorted(tried.policy.roles.keys() - self.ways.policy.roles.keys()))

    def _compare_all(self, level: Level) -> None:
        """Compare ways of as many edits, until none can be smaller than the best, or it took too long."""
        left = level.left
        for tried in filter(self.ways.allowed, level.ways):
            work = self._work(tried)
            if self.spent > _SPENT:
                left += 1
            elif work > _WORK:
                self.aside.append((work, tried))
            elif tried.takes and self.aside:
                self.taking.append(tried)
            else:
                self.spent += work
                self._compare(tried)
            if self.best is not None and self.score == (0, 0):
                break
        self.left[level.edits] = left

    def _compare_waiting(self) -> None:
        """Compare what waits: what is not too much work, else what takes something away, else at last one of the others."""
        left, rest = _WAITED, []
        for work, tried in self.aside:
            if work <= left and self._may_be_smaller(tried):
                left -= work
                self._compare(tried)
            else:
                rest.append((work, tried))
        self.aside = rest
        while self.taking and self._may_be_smaller(self.taking[0]):
            self._compare(self.taking.pop(0))
        if self.best is None and self.aside:
            self._compare(self.aside.pop(0)[1])

    def _may_be_smaller(self, tried: Amended) -> bool:
        return self.best is None or (self.score != (0, 0) and len(tried.edits) == len(self.best[0].edits))

    def _left(self, edits: int) -> int:
        """Return how many ways of not more edits were not compared."""
        left = sum(number for each, number in self.left.items() if each <= edits)
        waiting = (*(each for _, each in self.aside), *self.taking)
        return left + sum(len(each.edits) <= edits for each in waiting)

    def _compare(self, tried: Amended) -> None:
        """Make a way the best one, if by it fewer gain than by the best so far and no line stands against it."""
        self.compared += 1
        after = self.ways.after(tried)
        others, gained = self._others(tried, after)
        this = (gained, len(others))
        if self.best is not None and this >= self.score:
            return
        # Where access and roles stay the same, what the policy says of itself stays true.
        changed = {self.request.principal, *(each.principal for each in others)} - tried.principals
        faults = broken(tried.policy, after.bits, tried.principals)
        if faults := faults or broken(tried.policy, after.bits, changed, tried.tables):
            if not self.against[2] or len(faults) < len(self.against[2]):
                self.against = tried, others, faults
        else:
            self.best, self.score = (tried, others), this

    def _concerned(self, amended: Amended) -> frozenset[str]:
        """Return everybody whose access an amended policy may change."""
        return amended.principals.union(*map(self.ways.spread.concerned, amended.roles))

    def _work(self, tried: Amended) -> int:
        """Return how many time lines tell what a way changes, by holder, table and purpose, and how many it concerns.

        Principals who hold the same roles are one holder.
        """
        catalog = self.ways.policy.catalog
        tables = catalog.tables if tried.tables is None else tried.tables
        purposes = catalog.purposes if tried.purposes is None else tried.purposes
        if tried.roles not in self.cases:
            concerned = frozenset().union(*map(self.ways.spread.concerned, tried.roles))
            self.cases[tried.roles] = len(set(map(self.before.holds, concerned)))
        cases = self.cases[tried.roles] + len(tried.principals)
        return cases * len(tables) * len(purposes) + len(self._concerned(tried))

    def _others(self, tried: Amended, after: Snapshot) -> tuple[list[Change], int]:
        """Return what changes but for what was asked, and how many accesses are gained: all, or more than by the best so far."""
        asked = self.request
        found: list[Change] = []
        gained = set[tuple[str, ...]]()
        rest = self._concerned(tried) - tried.principals
        for each in chain(
            changes(self.before, after, tried.principals),
            changes(self.before, after, rest, tried.tables, tried.purposes),
        ):
            if each.gains and (each.principal, each.table, each.action, each.purpose) == (
                asked.principal, asked.table, asked.action, asked.purpose,
            ) and each.family in asked.families:  # fmt: skip
                continue
            found.append(each)
            if each.gains:
                gained.add((each.principal, each.table, each.family, each.action, each.purpose))
            if self.best is not None and len(gained) > self.score[0]:
                break
        return sorted(found, key=lambda each: each.principal), len(gained)
