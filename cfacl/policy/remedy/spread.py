"""How far an edit reaches: rough counts, by which ways are put in order before the nearest of them are compared.

They count names, not access: what a clearance, another grant or a restriction does to it is left to the comparison.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

from cfacl.model.action import ACTIONS
from cfacl.model.grants import Grant, Restriction
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant

__all__ = ["Spread"]


class Spread:
    """Answers about one policy; whatever was counted is kept for the next question.

    Attributes:
        heirs: by role, those that inherit from it, by one step.
    """

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._rank = {level: number for number, level in enumerate(policy.catalog.levels)}
        self._holders: dict[str, set[str]] = {}
        for principal in policy.principals.values():
            for each in principal.assignments:
                self._holders.setdefault(each.role, set()).add(principal.name)
        self.heirs: dict[str, list[str]] = {}
        for role in policy.roles.values():
            for parent in role.inherits:
                self.heirs.setdefault(parent, []).append(role.name)
        self._concerned: dict[str, frozenset[str]] = {}
        self._brought: dict[tuple[str, bool], int] = {}

    def concerned(self, role: str) -> frozenset[str]:
        """Return who holds a role, or one that inherits from it."""
        if role not in self._concerned:
            found = _all_from([role], lambda name: self.heirs.get(name, ()))
            self._concerned[role] = frozenset().union(*(self._holders.get(name, ()) for name in found))
        return self._concerned[role]

    def grant(self, grant: Grant) -> int:
        """Return how many accesses a grant names."""
        return self._families(grant) * len(grant.actions) * len(grant.purposes)

    def restriction(self, restriction: Restriction) -> int:
        """Return how many accesses a restriction takes away, were all of them granted."""
        actions = len(ACTIONS) if restriction.actions is None else len(restriction.actions)
        return self._families(restriction) * actions * len(meant(restriction.purposes, self._policy.catalog.purposes))

    def given(self, role: str) -> int:
        """Return how many accesses the grants name that a role brings to whoever holds it."""
        return self._sum(role, gives=True)

    def taken(self, role: str) -> int:
        """Return how many accesses the restrictions take away that a role brings to whoever holds it."""
        return self._sum(role, gives=False)

    def _sum(self, role: str, *, gives: bool) -> int:
        key = (role, gives)
        if key not in self._brought:
            roles = self._policy.roles
            reached = [roles[name] for name in _all_from([role], lambda name: roles[name].inherits)]
            self._brought[key] = (
                sum(self.grant(each) for one in reached for each in one.grants)
                if gives
                else sum(self.restriction(each) for one in reached for each in one.restrictions)
            )
        return self._brought[key]

    def _families(self, rule: Grant | Restriction) -> int:
        if rule.families is not None:
            return len(rule.families)
        tables = self._policy.catalog.tables
        named = tables.values() if rule.table is None else [tables[rule.table]]
        top = len(self._rank) if rule.at_or_below is None else self._rank[rule.at_or_below]
        return sum(self._rank[each.level] <= top for table in named for each in table.families.values())


def _all_from(starts: Iterable[str], steps: Callable[[str], Collection[str]]) -> set[str]:
    """Return all roles that are reached by some steps."""
    found, stack = set[str](), list(starts)
    while stack:
        name = stack.pop()
        if name not in found:
            found.add(name)
            stack += steps(name)
    return found
