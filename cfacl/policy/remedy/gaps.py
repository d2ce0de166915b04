"""What a grant that would count lacks by one edit."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import partial

from attrs import evolve

from cfacl.model.grants import Grant
from cfacl.policy.policy import Policy
from cfacl.policy.remedy.amendment import WHY, Amended, around
from cfacl.policy.remedy.spread import Spread
from cfacl.policy.remedy.step import Make, Request, holds

__all__ = ["Gaps"]


class Gaps:
    """Where one edit makes grants count for what a request lacks, under a policy that was loaded."""

    def __init__(self, policy: Policy, request: Request, spread: Spread) -> None:
        self._policy = policy
        self._request = request
        self._spread = spread
        self._rank = {level: number for number, level in enumerate(policy.catalog.levels)}
        self._known: dict[frozenset[str], set[str]] = {}

    def near(self, start: Amended, lacking: frozenset[str], level: str) -> Iterator[tuple[int, Make]]:
        """Yield policies that are one edit away from a grant for what is ``lacking``, whose highest level is given."""
        roles, request, spread = start.policy.roles, self._request, self._spread
        held = start.policy.principals[request.principal].assignments
        valid = {each.role for each in held if holds(each.window, request.now)}
        reached, barred = self._open(start.policy, valid, level)
        complete = self._complete(lacking, level)
        leading = self._leading(start.policy, complete, level)
        for name in sorted(reached):
            holders = len(spread.concerned(name))
            for number, grant in enumerate(roles[name].grants):
                if grant.table == request.table:
                    for reach, make in self._mended(start, name, number, grant, lacking, level):
                        yield holders * reach, make
        for name in sorted(barred):
            if name in complete or not leading.isdisjoint(roles[name].inherits):
                yield len(spread.concerned(name)) * spread.given(name), partial(start.cleared, name, level)
        for number, each in enumerate(held):
            if each.role in leading:
                make = partial(start.held, request.principal, number, around(each.window, request.now))
                yield spread.given(each.role), make
        for name in sorted(leading):
            yield spread.given(name), partial(start.assigned, request.principal, name)
        for name in sorted(reached):
            yield len(spread.concerned(name)), partial(start.granted, name, self.grant(lacking))

    def _mended(
        self, start: Amended, role: str, number: int, grant: Grant, lacking: frozenset[str], level: str
    ) -> Iterator[tuple[int, Make]]:
        """Yield the policy in which a grant has what it lacks, if that is one key."""
        request, size = self._request, self._spread.grant(grant)
        match self._amiss(grant, lacking, level):
            case ["actions"]:
                yield (
                    size // len(grant.actions),
                    partial(start.added, role, number, "actions", frozenset({request.action})),
                )
            case ["purposes"]:
                yield (
                    size // len(grant.purposes),
                    partial(start.added, role, number, "purposes", frozenset({request.purpose})),
                )
            case ["families"]:
                yield (
                    len(lacking) * len(grant.actions) * len(grant.purposes),
                    partial(start.added, role, number, "families", lacking),
                )
            case ["at_or_below"]:
                yield (
                    self._spread.grant(evolve(grant, at_or_below=level)) - size,
                    partial(start.lifted, role, number, level),
                )
            case ["window"]:
                yield size, partial(start.lasting, role, number, around(grant.window, request.now))

    def _amiss(self, grant: Grant, lacking: frozenset[str], level: str) -> list[str]:
        """Return the keys by which a grant of the table does not give what is lacking."""
        request = self._request
        fits = {
            "actions": request.action in grant.actions,
            "purposes": request.purpose in grant.purposes,
            "families": grant.families is None or grant.families >= lacking,
            "at_or_below": grant.at_or_below is None or self._rank[grant.at_or_below] >= self._rank[level],
            "window": holds(grant.window, request.now),
        }
        return [key for key, fit in fits.items() if not fit]

    def _complete(self, lacking: frozenset[str], level: str) -> set[str]:
        """Return the roles with a grant of what is lacking, to whoever has the clearance; of the policy before any edit."""
        if lacking not in self._known:
            self._known[lacking] = {
                name
                for name, role in self._policy.roles.items()
                if any(
                    each.table == self._request.table and not self._amiss(each, lacking, level) for each in role.grants
                )
            }
        return self._known[lacking]

    def grant(self, families: frozenset[str]) -> Grant:
        """Return a grant of what is asked, on some families."""
        request = self._request
        return Grant(request.table, families, None, frozenset({request.action}), frozenset({request.purpose}), WHY)

    def _open(self, policy: Policy, starts: Iterable[str], level: str) -> tuple[set[str], set[str]]:
        """Return the roles that are reached through clearances for a level alone, and those at which that ends."""
        reached, barred, stack = set[str](), set[str](), list(starts)
        while stack:
            role = policy.roles[stack.pop()]
            if not self._cleared(role.name, level):
                barred.add(role.name)
            elif role.name not in reached:
                reached.add(role.name)
                stack += role.inherits
        return reached, barred

    def _leading(self, policy: Policy, complete: Iterable[str], level: str) -> set[str]:
        """Return the roles from which one of ``complete`` is reached through clearances for a level."""
        found, stack = set[str](), list(complete)
        while stack:
            name = stack.pop()
            if name not in found and self._cleared(name, level):
                found.add(name)
                stack += [heir for heir in self._spread.heirs.get(name, ()) if name in policy.roles[heir].inherits]
        return found

    def _cleared(self, role: str, level: str) -> bool:
        return self._rank[self._policy.roles[role].clearance] >= self._rank[level]
