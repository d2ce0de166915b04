"""What stands between a principal and what grants give: restrictions that count, and roles of `never` lines."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import NamedTuple

from cfacl.model.action import ACTIONS
from cfacl.model.grants import Never, Restriction, Role
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant
from cfacl.policy.reach import Reach
from cfacl.policy.remedy.amendment import Amended, before
from cfacl.policy.remedy.spread import Spread
from cfacl.policy.remedy.step import Make, Request, Step, holds

__all__ = ["Barriers", "Path"]


class Path(NamedTuple):
    """How something that stands against a request comes to the principal.

    Attributes:
        number: of the assignment, as the policy has them.
        roles: from the one that is held to the one that matters.
        restriction: its number; ``None`` for a role of a `never` line.
        now: whether the assignment is valid.
    """

    number: int
    roles: tuple[str, ...]
    restriction: int | None
    now: bool


class Barriers:
    """What stands against a request under a policy that was loaded, and each way to be rid of it."""

    def __init__(self, policy: Policy, request: Request, spread: Spread) -> None:
        self._policy = policy
        self._request = request
        self._spread = spread
        self._rank = {level: number for number, level in enumerate(policy.catalog.levels)}
        self._reach = Reach(policy)
        self._forbidden = frozenset[str]().union(*(each.roles or () for each in policy.never if self._forbids(each)))
        self._hitting: dict[str, list[int]] = {}

    def path(self, way: Amended, step: Step) -> Path | None:
        """Return one way by which something that stands against the request comes to the principal."""
        policy, name = way.policy, self._request.principal
        for number, held in enumerate(policy.principals[name].assignments):
            now = holds(held.window, self._request.now)
            if not now and (step.granted or not self._forbidden):
                continue
            seen = set[str]()
            stack: list[tuple[str, ...]] = [(held.role,)]
            while stack:
                roles = stack.pop()
                role = policy.roles[roles[-1]]
                if role.name in seen:
                    continue
                seen.add(role.name)
                if role.name in self._forbidden and (way.number(name, number), role.name) not in step.alone:
                    return Path(number, roles, None, now)
                if now and (hitting := self._hits(role)):
                    return Path(number, roles, hitting[-1], now)  # the last: numbers of those before stay as they are
                stack += [(*roles, parent) for parent in sorted(role.inherits, reverse=True)]
        return None

    def _hits(self, role: Role) -> list[int]:
        """Return the numbers of a role's restrictions that take away something of what is asked."""
        same = self._policy.roles.get(role.name) is role
        if same and role.name in self._hitting:
            return self._hitting[role.name]
        request = self._request
        families = self._policy.catalog.tables[request.table].families
        found = [
            number
            for number, each in enumerate(role.restrictions)
            if holds(each.window, request.now)
            and any(
                self._reach.hit(each, families[name], request.table, request.action, request.purpose)
                for name in request.families
            )
        ]
        if same:
            self._hitting[role.name] = found
        return found

    def freed(self, way: Amended, path: Path, step: Step) -> Iterator[tuple[int, Step]]:
        """Yield what follows where something that stands against the request no longer comes that way, and its cost."""
        if path.restriction is not None:
            for reach, make in self._unrestricted(way, path.roles[-1], path.restriction):
                yield 1, step._replace(reach=reach, make=make)
        if step.granted:  # what an edit gave is not taken away by another
            return
        name, held = self._request.principal, way.policy.principals[self._request.principal].assignments[path.number]
        brought = self._spread.taken(held.role)
        if not path.now:
            left = (way.number(name, path.number), path.roles[-1])
            yield 0, step._replace(reach=0, make=lambda: way, alone=step.alone | {left})
        yield 1, step._replace(reach=brought, make=partial(way.withdrawn, name, path.number))
        if path.now and (ended := before(held.window, self._request.now)):
            yield 1, step._replace(reach=brought, make=partial(way.ended, name, path.number, ended))
        for heir, parent in zip(path.roles, path.roles[1:], strict=False):
            reach = len(self._spread.concerned(heir)) * self._spread.taken(parent)
            yield 1, step._replace(reach=reach, make=partial(way.disinherited, heir, parent))

    def _unrestricted(self, way: Amended, role: str, number: int) -> Iterator[tuple[int, Make]]:
        """Yield policies in which a restriction does not take away what is asked; what stays in part comes first."""
        old = way.policy.roles[role].restrictions[number]
        holders, whole = len(self._spread.concerned(role)), self._spread.restriction(old)
        for key, names in self._left(old):
            if names:
                part = whole // (len(names) + 1)
                yield holders * part, partial(way.narrowed, role, number, key, names)
        yield holders * whole, partial(way.dropped, role, number)
        if ended := before(old.window, self._request.now):
            yield holders * whole, partial(way.lapsed, role, number, ended)

    def _left(self, restriction: Restriction) -> Iterator[tuple[str, frozenset[str]]]:
        """Yield the names that a key of a restriction is left with, so that it does not take away what is asked for."""
        request, catalog = self._request, self._policy.catalog
        yield "purposes", meant(restriction.purposes, catalog.purposes) - {request.purpose}
        yield "actions", frozenset(restriction.actions or ACTIONS) - {request.action}
        named = restriction.families or frozenset()
        if restriction.table is not None and restriction.families is None:
            top = restriction.at_or_below or catalog.levels[-1]
            families = catalog.tables[restriction.table].families.values()
            named = frozenset(each.name for each in families if self._rank[each.level] <= self._rank[top])
        yield "families", named - frozenset(request.families)

    def _forbids(self, never: Never) -> bool:
        """Whether a line forbids something of what is asked to those who hold a role of it."""
        request, principal = self._request, self._policy.principals[self._request.principal]
        families = self._policy.catalog.tables[request.table].families
        return (
            (never.kinds is None or principal.kind in never.kinds)
            and (never.principals is None or principal.name in never.principals)
            and request.purpose in meant(never.purposes, self._policy.catalog.purposes)
            and (never.tables is None or request.table in never.tables)
            and (never.actions is None or request.action in never.actions)
            and any(
                (never.families is None or name in never.families)
                and (never.levels is None or families[name].level in never.levels)
                for name in request.families
            )
        )
