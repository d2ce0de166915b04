"""What else differs in roles and principals: what nobody gains or loses by, and who could by the next change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, TypeVar

from cfacl.model.grants import Grant, Principal, Restriction
from cfacl.policy.difference.alignment import aligned
from cfacl.policy.difference.holding import Holding, Shown
from cfacl.policy.difference.remark import (
    Contrast,
    Effect,
    Remark,
    come_or_gone,
    contrasts,
    exchanged,
    members,
    remark,
    remarked,
    rise,
)
from cfacl.policy.faults import Place
from cfacl.policy.policy import Policy

__all__ = ["OnRoles"]

Rule = TypeVar("Rule", Grant, Restriction)


class OnRoles:
    """Remarks on the roles and principals of two policies.

    Args:
        holdings: what the roles of each bring.
        shown: what is left out, as the list of gains and losses has it.
    """

    def __init__(self, old: Policy, new: Policy, holdings: tuple[Holding, Holding], shown: Shown) -> None:
        self._old, self._new = old, new
        self._before, self._after = holdings
        self._shown = shown
        self._ladders = old.catalog.levels, new.catalog.levels
        self._differing = sorted(
            name for name in old.roles.keys() & new.roles.keys() if old.roles[name] != new.roles[name]
        )

    def clearances(self) -> Iterator[Remark]:
        """Remark on what roles may ever reach."""
        for name in self._differing:
            old, new = self._old.roles[name].clearance, self._new.roles[name].clearance
            yield from remarked(("roles", name), rise("clearance", old, new, self._ladders), guards=False)

    def rules(self, side: Literal["grants", "restrictions"]) -> Iterator[Remark]:
        """Remark on grants, or on restrictions, of roles that both policies have."""
        for name in self._differing:
            old, new = self._old.roles[name], self._new.roles[name]
            found = (
                self._on_rules(name, side, old.grants, new.grants, "table")
                if side == "grants"
                else self._on_rules(name, side, old.restrictions, new.restrictions)
            )
            for table, each in found:
                if not self._shown.role(name, each.effect, table):
                    yield each

    def _on_rules(
        self, role: str, side: str, old: tuple[Rule, ...], new: tuple[Rule, ...], *last: str
    ) -> Iterator[tuple[str | None, Remark]]:
        guards = side == "restrictions"
        for number, rule, was, is_gone in aligned(old, new, *last):
            place: Place = ("roles", role, side, number)
            if was is not None:
                for each in remarked(place, self._on_rule(was, rule), guards=guards):
                    yield rule.table, each
            else:
                effect: Effect = "weakens" if guards is is_gone else "strengthens"
                yield rule.table, come_or_gone(place, effect, rule, is_gone=is_gone)

    def _on_rule(self, old: Rule, new: Rule) -> Iterator[Contrast]:
        yield from contrasts(old, new, leave_out={"families", "at_or_below"})
        if old.families is not None and new.families is not None:
            yield from members("families", old.families, new.families)
        elif old.at_or_below is not None and new.at_or_below is not None:
            yield from rise("at_or_below", old.at_or_below, new.at_or_below, self._ladders)
        elif (old.families, old.at_or_below) != (new.families, new.at_or_below):
            was, now = _expanded(self._old, old), _expanded(self._new, new)
            wider = _openness(new) - _openness(old)
            key = "at_or_below" if new.at_or_below is not None else "families"
            message = exchanged(old.at_or_below or old.families, new.at_or_below or new.families)
            yield Contrast(key, wider > 0 or bool(now - was), wider < 0 or bool(was - now), message)

    def roles(self) -> Iterator[Remark]:
        """Remark on roles that come or go, and on what they inherit from."""
        old, new = self._old.roles, self._new.roles
        for name in sorted(new.keys() - old.keys()):
            yield from self._of_role(name, (), self._coming([name]), "is new")
        for name in sorted(old.keys() - new.keys()):
            yield from self._of_role(name, (), self._going([name]), "is gone")
        for name in self._differing:
            came, went = new[name].inherits - old[name].inherits, old[name].inherits - new[name].inherits
            for each in members("inherits", old[name].inherits, new[name].inherits):
                effect = self._coming(came) if each.more else self._going(went)
                yield from self._of_role(name, (each.key,), effect, each.message)

    def _of_role(self, name: str, place: Place, effect: Effect, message: str) -> Iterator[Remark]:
        if not self._shown.role(name, effect):
            yield remark(("roles", name, *place), effect, message)

    def principals(self) -> Iterator[Remark]:
        """Remark on principals that come or go, and on what they hold."""
        old, new = self._old.principals, self._new.principals
        for name in sorted(old.keys() | new.keys()):
            before, after = old.get(name), new.get(name)
            for each in self._on_principal(name, before, after) if before != after else ():
                if not self._shown.principal(name, each.effect):
                    yield each

    def _on_principal(self, name: str, old: Principal | None, new: Principal | None) -> Iterator[Remark]:
        place: Place = ("principals", name)
        if old is None:
            yield remark(place, self._coming(self._after.of(name)), "is new")
        elif new is None:
            yield remark(place, self._going(self._before.of(name)), "is gone")
        else:
            for number, held, was, is_gone in aligned(old.assignments, new.assignments, "role"):
                here = (*place, "roles", number)
                if was is not None:
                    for each in contrasts(was, held):
                        effect = (self._coming if each.more else self._going)([held.role])
                        yield remark((*here, each.key), effect, each.message)
                else:
                    effect = (self._going if is_gone else self._coming)([held.role])
                    yield come_or_gone(here, effect, held, is_gone=is_gone)

    def _coming(self, roles: Iterable[str]) -> Effect:
        """Return what it does that somebody comes to have roles: they may give, though they take as well."""
        found = [*roles]
        if self._after.gives(found):
            return "weakens"
        return "strengthens" if self._after.takes(found) else "changes"

    def _going(self, roles: Iterable[str]) -> Effect:
        """Return what it does that somebody no longer has roles: what they took may be given by others."""
        found = [*roles]
        if self._before.takes(found):
            return "weakens"
        return "strengthens" if self._before.gives(found) else "changes"


def _openness(rule: Grant | Restriction) -> int:
    """Return how many families a rule takes in that are yet to come: none, those up to a level, or all."""
    return 0 if rule.families is not None else 2 if rule.at_or_below is None else 1


def _expanded(policy: Policy, rule: Grant | Restriction) -> set[tuple[str, str]]:
    """Return the families that a rule means; restrictions may name families and no table."""
    levels = policy.catalog.levels
    highest = len(levels) if rule.at_or_below is None else levels.index(rule.at_or_below)
    return {
        (table.name, family.name)
        for table in policy.catalog.tables.values()
        if rule.table in (None, table.name)
        for family in table.families.values()
        if levels.index(family.level) <= highest and (rule.families is None or family.name in rule.families)
    }
