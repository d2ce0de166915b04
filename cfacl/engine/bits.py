"""A policy in bits: what the compiler makes, and all that decisions are computed from.

Theory of operation
-------------------
Every table numbers its families; a *mask* is an int with one bit a family.  Bit numbers mean
nothing outside the compiled policy that gave them, so whatever outlives it keeps names.

A *rule* is a grant or a restriction of one role.  A role *reaches* itself and all roles that it
inherits from; of the paths to one of them only the widest matters, the one whose lowest clearance
is highest, since a grant counts when the family's level is at or below the clearance of every role
on at least one path.  Levels are ordered, so that a clearance is one more mask.

Only AND, OR and AND-NOT touch masks: arithmetic on them is how taking away an unset bit gives
another one.  Nothing here ever changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from cfacl.model.action import ACTIONS
from cfacl.model.catalog import Family, Table
from cfacl.model.grants import Principal

#: Before and after every instant that a date-time can name, in nanoseconds since 1970.
BEGIN: Final = -(1 << 80)
END: Final = 1 << 80

#: One mask an action, in the order of `ACTIONS`.
Masks = tuple[int, ...]
NOTHING: Final[Masks] = (0,) * len(ACTIONS)


class TableBits:
    """One table: bit ``i`` of its masks is ``families[i]``."""

    __slots__ = ("at_or_below", "bit", "every", "families", "for_purpose", "name")

    def __init__(self, table: Table, levels: Sequence[str]) -> None:
        self.name = table.name
        self.families: tuple[Family, ...] = tuple(table.families[name] for name in sorted(table.families))
        self.bit = {family.name: 1 << i for i, family in enumerate(self.families)}
        self.every = (1 << len(self.families)) - 1
        #: by rank of a level: the families at or below it
        ladder = []
        reached = 0
        for level in levels:
            reached |= self.mask(each.name for each in self.families if each.level == level)
            ladder.append(reached)
        self.at_or_below: Masks = tuple(ladder)
        #: by purpose: the families that list it
        self.for_purpose: dict[str, int] = {}
        for each in self.families:
            for purpose in each.purposes:
                self.for_purpose[purpose] = self.for_purpose.get(purpose, 0) | self.bit[each.name]

    def mask(self, names: Iterable[str]) -> int:
        """Return the mask of those ``names`` that are families of this table."""
        mask = 0
        for name in names:
            mask |= self.bit.get(name, 0)
        return mask

    def names(self, mask: int) -> frozenset[str]:
        """Return the families of a mask by name."""
        return frozenset([name for name, bit in self.bit.items() if mask & bit])


class Rule(NamedTuple):
    """A grant (``gives``) or a restriction, with its names resolved as far as no table is needed."""

    gives: bool
    table: str | None  # None: every table
    families: frozenset[str] | None  # None: every family
    at_or_below: int | None  # a rank, instead of families
    actions: tuple[int, ...]  # places in ACTIONS
    purposes: int  # bits of PolicyBits.purposes
    start: int  # nanoseconds; [start, until)
    until: int
    path: str  # where it stands in the policy: roles.support.grants[0]
    why: str

    def mask(self, table: TableBits) -> int:
        """Return the families of ``table`` that this rule speaks of."""
        if self.at_or_below is not None:
            return table.at_or_below[self.at_or_below]
        return table.every if self.families is None else table.mask(self.families)


class RoleBits(NamedTuple):
    """One role: its clearance as a rank, its parents, its rules by table and those for every table."""

    name: str
    clearance: int
    inherits: tuple[str, ...]
    rules: Mapping[str, tuple[Rule, ...]]
    everywhere: tuple[Rule, ...]


class Reached(NamedTuple):
    """A role that an assigned role reaches, the lowest clearance on the widest path, and that path."""

    role: RoleBits
    clearance: int
    path: tuple[str, ...]


class PolicyBits:
    """A compiled policy; the same for every store and every process.

    ``purposes`` gives each declared purpose its bit; ``principals`` stay as the model has them and
    are looked at when they first ask.  ``edges`` are all instants, sorted, at which any window of the
    policy opens or closes, in nanoseconds: between two of them nothing that is decided changes.
    """

    __slots__ = ("edges", "levels", "name", "principals", "purposes", "roles", "tables")

    def __init__(
        self,
        name: str,
        levels: Sequence[str],
        purposes: Mapping[str, int],
        tables: Mapping[str, TableBits],
        roles: Mapping[str, RoleBits],
        principals: Mapping[str, Principal],
        edges: Sequence[int] = (),
    ) -> None:
        self.name = name
        self.levels = tuple(levels)
        self.purposes = purposes
        self.tables = tables
        self.roles = roles
        self.principals = principals
        self.edges = tuple(edges)

    def reach(self, role: str) -> tuple[Reached, ...]:
        """Return all roles that ``role`` reaches, itself first, each by its widest path."""
        first = self.roles[role]
        if not first.inherits:
            return (Reached(first, first.clearance, (role,)),)
        best = {role: Reached(first, first.clearance, (role,))}
        waiting = [role]
        while waiting:
            at = best[waiting.pop()]
            for name in at.role.inherits:
                parent = self.roles[name]
                clearance = min(at.clearance, parent.clearance)
                if name not in best or clearance > best[name].clearance:
                    best[name] = Reached(parent, clearance, (*at.path, name))
                    waiting.append(name)
        return tuple(best.values())


class Bound(NamedTuple):
    """A rule as it comes to the holder of a role: what clearances leave of it in one table, and by which path."""

    rule: Rule
    mask: int
    path: tuple[str, ...]


def bind(reached: Iterable[Reached], table: TableBits) -> tuple[Bound, ...]:
    """Return the rules that bear on ``table``.  A restriction counts whatever anyone's clearance."""
    bound = []
    for role, clearance, path in reached:
        for rule in (*role.rules.get(table.name, ()), *role.everywhere):
            mask = rule.mask(table)
            if rule.gives:
                mask &= table.at_or_below[clearance]
            bound.append(Bound(rule, mask, path))
    return tuple(bound)
