"""Policies that are as few edits as may be away from one that refuses a request, and allow it.

What is missing is found part by part.

* A family that does not list the purpose has to: one edit, and there is no way around it.
* A restriction that counts has to go, to end, or to become narrower; or it has to come to the principal no more, by an
  assignment that is taken out or ended, or by a role that inherits no more from another: one edit for each, and some of
  them do for several restrictions.
* So does a role of a `never` line that forbids to those who hold it what is asked: it comes to the principal no more.
* A grant that counts takes one edit where some grant, clearance, window or role that is there comes that near; otherwise it
  takes two, a role of its own and its assignment, by which nobody gains anything else.

Some changes are never proposed, though they would do.  What a policy says of itself (`never`, `expect`) is the measure, so no
line of it is changed.  What data is (a family's level, the ladder of levels) and what somebody is (a principal's kind) are
facts.  What another principal holds is not touched; a role inherits from no further one, as the grant that is missing does
with less; and nothing is added for no other reason than to make up for what an edit takes from somebody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from cfacl.engine.ask import Ask
from cfacl.engine.explain import FamilyExplanation, reasons
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Role
from cfacl.policy.compile import altered, translated
from cfacl.policy.policy import Policy
from cfacl.policy.remedy.amendment import Amended
from cfacl.policy.remedy.barriers import Barriers
from cfacl.policy.remedy.gaps import Gaps
from cfacl.policy.remedy.spread import Spread
from cfacl.policy.remedy.step import Request, Step

__all__ = ["Level", "Ways"]

#: How many ways of as many edits are looked at, those that reach least first; and as many that are not done.
_TRIED: Final = 64
#: How many edits more than the fewest are looked at.
_MORE: Final = 2


class Level(NamedTuple):
    """Ways of as many edits.

    Attributes:
        ways: those that reach least first.
        left: how many were not made, each of which may lead to more.
    """

    edits: int
    ways: list[Amended]
    left: int


class Ways:
    """The ways to allow a request by a policy that was loaded.

    Attributes:
        bits: the policy, compiled.
        spread: how far edits of it reach.

    Raises:
        AccessDenied: the policy has no such principal, and none is made of somebody unknown.
    """

    def __init__(self, policy: Policy, request: Request) -> None:
        self.policy = policy
        self.request = request
        self.bits = translated(policy)
        self._profile(Snapshot(self.bits, {}, 0))
        self.spread = Spread(policy)
        self._barriers = Barriers(policy, request, self.spread)
        self._gaps = Gaps(policy, request, self.spread)

    def levels(self) -> Iterator[Level]:
        """Yield them, those of the fewest edits first; each would allow the request, if the decision says so too."""
        start = Amended(self.policy)
        for name in self.request.families:
            if self.request.purpose not in self.policy.catalog.tables[self.request.table].families[name].purposes:
                start = start.usable(self.request.table, name, self.request.purpose)
        waiting = {len(start.edits): [Step(0, lambda: start)]}
        first: int | None = None
        while waiting and (first is None or min(waiting) <= first + _MORE):
            edits = min(waiting)
            level = self._level(edits, waiting)
            first = edits if first is None and level.ways else first
            yield level

    def _level(self, edits: int, waiting: dict[int, list[Step]]) -> Level:
        """Take those of as many edits, and put what follows from them with those that wait."""
        found = sorted(waiting.pop(edits), key=lambda each: each.reach)
        undone, done = ([each for each in found if each.granted is granted] for granted in (False, True))
        stack = [*undone[:_TRIED], *done[:_TRIED]][::-1]
        left = len(found) - len(stack)
        seen = set[object]()
        ways: list[tuple[int, Amended]] = []
        while stack:
            step = stack.pop()
            way = step.make()
            if (this := (frozenset(way.edits), *step[2:])) in seen:
                continue
            seen.add(this)
            path = self._barriers.path(way, step)
            if path is None and step.granted:
                ways.append((step.reach, way))
                continue
            nexts = self._granted(way) if path is None else self._barriers.freed(way, path, step)
            for cost, each in nexts:
                following = each._replace(reach=each.reach + step.reach)
                if cost:
                    waiting.setdefault(edits + cost, []).append(following)
                else:
                    stack.append(following)
        return Level(edits, [way for _, way in sorted(ways, key=lambda each: each[0])], left)

    def _granted(self, start: Amended) -> Iterator[tuple[int, Step]]:
        """Yield policies in which grants count for all of it, whatever restrictions take away, and their cost in edits."""
        request = self.request
        profile = self._profile(self.after(start))
        lacking = frozenset(name for name in request.families if not self._reasons(profile, name).grants)
        if not lacking:
            yield 0, Step(0, lambda: start, granted=True)
            return
        families = self.policy.catalog.tables[request.table].families
        level = max((families[name].level for name in lacking), key=self.policy.catalog.levels.index)
        for reach, make in self._gaps.near(start, lacking, level):
            yield 1, Step(reach, make, granted=True)
        name = f"{request.table}-{request.action}"
        while name in self.policy.roles:
            name += "-"
        role = Role(name, level, grants=(self._gaps.grant(lacking),))
        yield 2, Step(0, lambda: start.founded(role).assigned(request.principal, name), granted=True)

    def after(self, amended: Amended) -> Snapshot:
        """Return a snapshot of an amended policy, over no store."""
        return Snapshot(altered(self.bits, self.policy, amended.policy), {}, 0)

    def allowed(self, amended: Amended) -> bool:
        """Whether an amended policy allows the request, by the decision itself."""
        request, profile = self.request, self._profile(self.after(amended))
        return not profile.check(Ask(None, request.action, request.table, request.families), request.now)

    def _profile(self, snapshot: Snapshot) -> Profile:
        return snapshot.profile(snapshot.holds(self.request.principal), self.request.purpose)

    def _reasons(self, profile: Profile, family: str) -> FamilyExplanation:
        table = profile.snapshot.bits.tables[self.request.table]
        named = next(each for each in table.families if each.name == family)
        return reasons(profile, table, named, ACTIONS.index(self.request.action), self.request.now)
