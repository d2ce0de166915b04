"""Who breaks a `never` line, and by which access.

Whether somebody breaks it is asked about one role at a time: one that gives what the line speaks of, with whichever
other roles of theirs take away or are named by the line.  Ten thousand people with as many sets of roles have few such
pairs.  How somebody breaks it is looked for in all that they hold, which is done for the one whom the message names.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Collection, Iterable, Iterator
from typing import Final, NamedTuple

from cfacl.engine.bits import RoleBits, Rule
from cfacl.engine.snapshot import Snapshot, remember
from cfacl.engine.view import Held, Segment
from cfacl.model.action import ACTIONS
from cfacl.model.grants import Access, Never, Principal
from cfacl.policy.purposes import meant
from cfacl.policy.timeline import timeline

#: How many time lines are kept: some lines about all tables ask for the same ones, one after the other.
_TIMELINES: Final = 1 << 10


class Breach(NamedTuple):
    """An access that a `never` line forbids, and an instant of ``[start, until)`` at which it is given."""

    access: Access
    purpose: str
    start: int
    until: int


class Times:
    """What holders of some roles may do to a table over all time."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.snapshot = snapshot
        self._known: dict[tuple[tuple[Held, ...], str, str], list[Segment]] = {}

    def line(self, held: tuple[Held, ...], table: str, purpose: str) -> list[Segment]:
        """Return the time line of a table for a purpose."""
        key = (held, table, purpose)
        known = self._known.get(key)
        if known is not None:
            return known
        found = timeline(self.snapshot.profile(held, purpose), self.snapshot.bits.tables[table])
        return remember(self._known, key, found, _TIMELINES)


class Line:
    """A `never` line, held against one compiled policy.

    Args:
        tables: the only tables to look at; ``None``: all.
    """

    def __init__(self, never: Never, times: Times, tables: Collection[str] | None) -> None:
        bits = times.snapshot.bits
        self._never = never
        self._times = times
        self._snapshot = times.snapshot
        self._tables = tables
        self._purposes = sorted(meant(never.purposes, bits.purposes))
        self._purpose_bits = sum(bits.purposes[each] for each in self._purposes)
        self._actions = frozenset(i for i, each in enumerate(ACTIONS) if never.actions is None or each in never.actions)
        self._masks: dict[str, int] = {}
        self._own: dict[str, frozenset[str]] = {}  # by role: the tables in which grants of its own give it
        self._given: dict[str, list[str]] = {}  # by role: those in which it, or what it inherits, does
        self._bearing: dict[str, bool] = {}
        self._broken: dict[tuple[Held, tuple[Held, ...]], bool] = {}

    def fits(self, principal: Principal) -> bool:
        """Whether a principal is one of those that the line speaks of, whatever their roles."""
        never = self._never
        return (never.kinds is None or principal.kind in never.kinds) and (
            never.principals is None or principal.name in never.principals
        )

    def is_broken(self, held: tuple[Held, ...]) -> bool:
        """Whether holders of these roles may ever do what the line forbids."""
        giving = [each for each in held if self._gives(each.role)]
        if not giving:
            return False
        bearing = tuple([each for each in held if self._bears(each.role)])
        return any(self._is_broken(each, bearing) for each in giving)

    def _is_broken(self, giving: Held, bearing: tuple[Held, ...]) -> bool:
        key = (giving, bearing)
        known = self._broken.get(key)
        if known is None:
            both = bearing if giving in bearing else tuple(sorted((giving, *bearing)))
            known = self._broken[key] = any(self._breaches(both, self._gives(giving.role)))
        return known

    def breach(self, held: tuple[Held, ...]) -> Breach:
        """Return the first access that the line forbids and these roles, which break it, give.

        It is the first by table, purpose, time and action.
        """
        return next(self._breaches(held, sorted({name for each in held for name in self._gives(each.role)})))

    def _breaches(self, held: tuple[Held, ...], tables: Iterable[str]) -> Iterator[Breach]:
        windows = _Windows((each.start, each.until) for each in held if self._is_named(each.role))
        for name in tables if windows else ():
            mask = self._mask(name)
            for purpose in self._purposes:
                for segment in self._times.line(held, name, purpose):
                    for i, given in enumerate(segment.granted):
                        if given & mask and i in self._actions and (both := windows.meet(segment)) is not None:
                            family = min(self._snapshot.bits.tables[name].names(given & mask))
                            yield Breach(Access(ACTIONS[i], name, family), purpose, *both)

    def _is_named(self, role: str) -> bool:
        """Whether a role, or one that it inherits from, is among those that the line names, if it names any."""
        names = self._never.roles
        return names is None or any(each.role.name in names for each in self._snapshot.reach(role))

    def _gives(self, role: str) -> list[str]:
        """Return the tables in which a role may give what the line forbids, sorted; clearances are not looked at."""
        found = self._given.get(role)
        if found is None:
            found = sorted({name for each in self._snapshot.reach(role) for name in self._gives_itself(each.role)})
            self._given[role] = found
        return found

    def _gives_itself(self, role: RoleBits) -> frozenset[str]:
        found = self._own.get(role.name)
        if found is None:
            found = self._own[role.name] = frozenset(
                name
                for name, rules in role.rules.items()
                if self._mask(name) and any(each.gives and self._speaks(each, name) for each in rules)
            )
        return found

    def _bears(self, role: str) -> bool:
        """Whether a role may take away what the line forbids, or is one that it names."""
        found = self._bearing.get(role)
        if found is None:
            found = self._bearing[role] = (self._never.roles is not None and self._is_named(role)) or any(
                not rule.gives and (rule.table is None or self._speaks(rule, rule.table))
                for each in self._snapshot.reach(role)
                for rules in (each.role.everywhere, *each.role.rules.values())
                for rule in rules
            )
        return found

    def _speaks(self, rule: Rule, table: str) -> bool:
        """Whether a rule and the line speak of the same access to a table."""
        return (
            not self._actions.isdisjoint(rule.actions)
            and rule.purposes & self._purpose_bits != 0
            and rule.mask(self._snapshot.bits.tables[table]) & self._mask(table) != 0
        )

    def _mask(self, name: str) -> int:
        """Return the families of a table that the line speaks of."""
        mask = self._masks.get(name)
        if mask is None:
            mask = self._masks[name] = self._families(name)
        return mask

    def _families(self, name: str) -> int:
        never = self._never
        if self._tables is not None and name not in self._tables:
            return 0
        if never.tables is not None and name not in never.tables:
            return 0
        table = self._snapshot.bits.tables[name]
        return table.mask(
            each.name
            for each in table.families
            if (never.families is None or each.name in never.families)
            and (never.levels is None or each.level in never.levels)
        )


class _Windows:
    """Stretches of time, sorted and joined where they touch."""

    def __init__(self, windows: Iterable[tuple[int, int]]) -> None:
        self._starts: list[int] = []
        self._ends: list[int] = []
        for start, until in sorted(windows):
            if self._ends and start <= self._ends[-1]:
                self._ends[-1] = max(self._ends[-1], until)
            else:
                self._starts.append(start)
                self._ends.append(until)

    def __bool__(self) -> bool:
        return bool(self._starts)

    def meet(self, segment: Segment) -> tuple[int, int] | None:
        """Return the first stretch that lies in one of these and in a segment."""
        i = bisect_right(self._ends, segment.start)  # the first that ends after its start
        if i == len(self._ends) or self._starts[i] >= segment.until:
            return None
        return max(self._starts[i], segment.start), min(self._ends[i], segment.until)
