"""What roles bring to whoever holds them, and what the list of gains and losses already shows of that."""

from __future__ import annotations

from collections.abc import Iterable

from cfacl.policy.difference.changes import Change
from cfacl.policy.difference.remark import Effect
from cfacl.policy.policy import Policy


class Holding:
    """What the roles of a policy bring, those that they inherit from included."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._known: dict[frozenset[str], frozenset[str]] = {}

    def reached(self, roles: Iterable[str]) -> frozenset[str]:
        """Return some roles with all from which they inherit."""
        held = frozenset(roles)
        if held not in self._known:
            found, stack = set(held), [*held]
            while stack:
                fresh = self._policy.roles[stack.pop()].inherits - found
                found |= fresh
                stack += fresh
            self._known[held] = frozenset(found)
        return self._known[held]

    def of(self, principal: str) -> frozenset[str]:
        """Return the roles that a principal ever reaches."""
        found = self._policy.principals.get(principal)
        return self.reached(each.role for each in found.assignments) if found else frozenset()

    def gives(self, roles: Iterable[str]) -> bool:
        """Whether one of them has a grant."""
        return any(self._policy.roles[each].grants for each in self.reached(roles))

    def takes(self, roles: Iterable[str]) -> bool:
        """Whether one of them has a restriction."""
        return any(self._policy.roles[each].restrictions for each in self.reached(roles))


class Shown:
    """What the list of gains and losses shows, and is not told again: the lines by which somebody gains, or loses.

    What a line gives beyond that, to nobody yet, is shown by whatever change has somebody gain it.
    """

    def __init__(self, changes: Iterable[Change], holdings: Iterable[Holding]) -> None:
        tables: dict[tuple[str, Effect], set[str]] = {}
        self._columns: set[tuple[str, str, Effect]] = set()
        for each in changes:
            effect: Effect = "weakens" if each.gains else "strengthens"
            tables.setdefault((each.principal, effect), set()).add(each.table)
            if each.columns is not None or each.but:
                self._columns.add((each.table, each.family, effect))
        self._principals = tables.keys()
        self._roles: dict[tuple[str, Effect], set[str]] = {}
        for holding in holdings:
            for (principal, side), found in tables.items():
                for role in holding.of(principal):
                    self._roles.setdefault((role, side), set()).update(found)

    def principal(self, name: str, effect: Effect) -> bool:
        """Whether the principal is seen to gain, where that weakens, or to lose."""
        return (name, effect) in self._principals

    def columns(self, table: str, family: str, effect: Effect) -> bool:
        """Whether somebody is seen to gain columns of a family, where that weakens, or to lose some."""
        return (table, family, effect) in self._columns

    def role(self, name: str, effect: Effect, table: str | None = None) -> bool:
        """Whether a holder of the role is; on a table, or on any."""
        found = self._roles.get((name, effect), set())
        return bool(found) if table is None else table in found
