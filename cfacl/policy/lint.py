"""What is legal in a policy and likely a mistake.

========== ==========================================================================================
code       found when
========== ==========================================================================================
over_broad a grant is at or below the highest level of the ladder; or gives all four actions on all
           families of its table; or is for every purpose that is declared, where there are several
void       families of a grant lie above its role's own clearance, or above a clearance on every path
           by which somebody holds the role; or no family is at or below the level that it names
apart      families of a grant list none of its purposes
unheld     nobody holds a role, directly or by inheritance
unreadable nobody can ever read a family, for any purpose
unstated   nobody can ever do anything for a purpose
duplicate  a grant or restriction stands twice in a role, or is inherited with the same window (and, for
           a grant, loses nothing to clearances on the way); two roles are equal but for their names;
           a principal holds a role during a window that another of its windows on it covers; a list of
           the document names a thing twice
idle       a `never` line fits no principal, or no family, of the policy, whatever is granted and for
           whichever purposes (that a family's list keeps a purpose out may be what it guards); an
           `expect` line tests nothing; `require_tls` names a level that no family reaches
========== ==========================================================================================

"Ever" is over the whole time line: the clock is not looked at, so a grant that has ended still
counts.  Reasons (`why`) make no two things different.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from operator import attrgetter
from typing import Final, Literal

from attrs import fields, frozen

from cfacl.errors import quoted
from cfacl.model.action import ACTIONS, Action
from cfacl.model.grants import Assignment, Grant, Never, Principal, Restriction, Role
from cfacl.policy.faults import Place, path
from cfacl.policy.policy import Policy
from cfacl.policy.reach import Reach, Span, ever

Code = Literal["over_broad", "void", "apart", "unheld", "unreadable", "unstated", "duplicate", "idle"]

#: How many names a message lists.
_LISTED: Final = 8
#: All that a rule says but its reason.
_SAID: Final = {
    kind: attrgetter("__class__", *(each.name for each in fields(kind) if each.name != "why"))
    for kind in (Grant, Restriction)
}


@frozen
class Finding:
    """Something that is likely a mistake: where, of which kind, and what to do about it."""

    path: str
    code: Code
    message: str


def lint(policy: Policy) -> tuple[Finding, ...]:
    """Return all findings about a consistent policy, as `Policy.loads` gives them: from the catalog down, by name."""
    return tuple(_Lint(policy).all())


class _Lint:
    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._reach = Reach(policy)
        self._held = self._reach.widest(self._reach.assigned)
        self._unstruck: dict[tuple[str, int], Sequence[Grant]] = {}
        distinct: dict[object, int] = {}
        #: by role, of each of its rules: a number that rules share if they are the same but for their reasons
        self._said = {
            name: [distinct.setdefault(_SAID[type(each)](each), len(distinct)) for each in _rules(role)]
            for name, role in policy.roles.items()
        }

    def all(self) -> Iterator[Finding]:
        policy = self._policy
        yield from self._access()
        for place, name in policy.repeated:
            yield _finding(place, "duplicate", f"{quoted(name)} stands here twice; take one out")
        for name, role in sorted(policy.roles.items()):
            if name not in self._held:
                yield _finding(("roles", name), "unheld", "nobody holds this role; assign it, or take it out")
            for number, grant in enumerate(role.grants):
                place = ("roles", name, "grants", number)
                yield from self._broad(place, grant)
                yield from self._void(place, role, grant)
                yield from self._apart(place, grant)
            yield from self._repeated(role)
        yield from self._equal_roles()
        for name, principal in sorted(policy.principals.items()):
            yield from _assigned_twice(("principals", name, "roles"), principal)
        for number, line in enumerate(policy.never):
            if not self._matches(line):
                yield _finding(
                    ("never", number), "idle", "can match nothing in this policy; correct its keys, or take it out"
                )
        for number, test in enumerate(policy.expect):
            if not (test.allowed or test.refused or test.exact):
                yield _finding(("expect", number), "idle", "tests nothing; add `allowed`, `refused` or `exact = true`")
        yield from self._tls()

    def _tls(self) -> Iterator[Finding]:
        stores, rank = self._policy.stores, self._reach.rank
        tables = self._policy.catalog.tables.values()
        highest = max((rank[each.level] for table in tables for each in table.families.values()), default=-1)
        for kind, level in (("hbase", stores.hbase_require_tls), ("cassandra", stores.cassandra_require_tls)):
            if level is not None and highest < rank[level]:
                yield _finding(
                    ("stores", kind, "require_tls"),
                    "idle",
                    f"no family is at {quoted(level)} or above; name a lower level, or take it out",
                )

    def _access(self) -> Iterator[Finding]:
        """Find families that nobody can read and purposes that nobody can state."""
        catalog = self._policy.catalog
        unread = {name: set(table.families) for name, table in catalog.tables.items()}
        unstated = set(catalog.purposes)
        for held in dict.fromkeys(each.assignments for each in self._policy.principals.values()):
            if not unstated and not any(unread.values()):
                break
            self._strike(held, unread, unstated)
        for purpose in sorted(unstated):
            yield _finding(
                ("policy", "purposes"),
                "unstated",
                f"nobody can ever do anything for {quoted(purpose)}; grant something, or take it out",
            )
        for table, families in sorted(unread.items()):
            for family in sorted(families):
                yield _finding(
                    ("tables", table, "families", family),
                    "unreadable",
                    "nobody can ever read it; grant `read` if someone should",
                )

    def _strike(self, held: tuple[Assignment, ...], unread: dict[str, set[str]], unstated: set[str]) -> None:
        """Strike out what these assignments let someone read and state."""
        tables = self._policy.catalog.tables
        given: dict[tuple[str, str, Action, str], list[Span]] = {}
        for role, width, outer in self._reach.reached(held):
            for grant in self._left(role, width, unread, unstated):
                span = outer.meets(Span.of(grant.window))
                if span.start >= span.until:
                    continue
                for name in self._reach.within(grant, width):
                    for purpose in grant.purposes & tables[grant.table].families[name].purposes:
                        for action in grant.actions:
                            if purpose in unstated or (action == "read" and name in unread[grant.table]):
                                given.setdefault((grant.table, name, action, purpose), []).append(span)
        restrictions = list(self._reach.restricting(held)) if given else []
        for (table, name, action, purpose), spans in given.items():
            if purpose not in unstated and not (action == "read" and name in unread[table]):
                continue
            family = tables[table].families[name]
            taken = [span for each, span in restrictions if self._reach.hit(each, family, table, action, purpose)]
            if ever(spans, taken):
                unstated.discard(purpose)
                if action == "read":
                    unread[table].discard(name)

    def _left(self, role: str, width: int, unread: dict[str, set[str]], unstated: set[str]) -> list[Grant]:
        """Return the grants of a role that can strike out something more, if it comes with a clearance.

        What is struck out stays so: who asks again, for the next of ten thousand people, looks at what is left.
        """
        key = (role, width)
        left = self._unstruck.get(key, self._policy.roles[role].grants)
        self._unstruck[key] = found = [each for each in left if self._strikes(each, width, unread, unstated)]
        return found

    def _strikes(self, grant: Grant, width: int, unread: dict[str, set[str]], unstated: set[str]) -> bool:
        within = self._reach.within(grant, width)
        if "read" in grant.actions:
            within = within if not unstated.isdisjoint(grant.purposes) else within & unread[grant.table]
        elif unstated.isdisjoint(grant.purposes):
            return False
        families = self._policy.catalog.tables[grant.table].families
        return any(not grant.purposes.isdisjoint(families[each].purposes) for each in within)

    def _broad(self, place: Place, grant: Grant) -> Iterator[Finding]:
        catalog = self._policy.catalog
        if grant.at_or_below == catalog.levels[-1]:
            yield _finding(
                place,
                "over_broad",
                f"gives every family of {quoted(grant.table)}, future ones too; name the families, or a lower level",
            )
        if grant.actions >= set(ACTIONS) and self._reach.families(grant) >= catalog.tables[grant.table].families.keys():
            yield _finding(
                place,
                "over_broad",
                f"gives every action on all families of {quoted(grant.table)}; name fewer of either",
            )
        if len(catalog.purposes) > 1 and grant.purposes >= catalog.purposes:
            yield _finding(place, "over_broad", "is for every declared purpose; name those that it is needed for")

    def _void(self, place: Place, role: Role, grant: Grant) -> Iterator[Finding]:
        reach = self._reach
        named, own = reach.families(grant), reach.within(grant, reach.rank[role.clearance])
        if not named:
            yield _finding(
                place,
                "void",
                f"no family of {quoted(grant.table)} is at or below {quoted(grant.at_or_below)}; take it out",
            )
        if named - own:
            yield _finding(
                place,
                "void",
                f"gives nothing on {_listed(named - own)}: above the role's clearance {quoted(role.clearance)}; "
                "raise that, or take them out",
            )
        if role.name in self._held:
            beyond = own - reach.within(grant, self._held[role.name])
            if beyond:
                yield _finding(
                    place,
                    "void",
                    f"gives nothing on {_listed(beyond)}: all hold the role through one of lower clearance; "
                    "raise that, or take them out",
                )

    def _apart(self, place: Place, grant: Grant) -> Iterator[Finding]:
        families = self._policy.catalog.tables[grant.table].families
        apart = [each for each in self._reach.families(grant) if grant.purposes.isdisjoint(families[each].purposes)]
        if apart:
            yield _finding(
                place,
                "apart",
                f"gives nothing on {_listed(apart)}: not to be used for any purpose of the grant; "
                "add one on either side, or take them out",
            )

    def _repeated(self, role: Role) -> Iterator[Finding]:
        """Find rules of a role that stand in it before, or in a role that it inherits from."""
        own: dict[int, Place] = {}
        for number, said in enumerate(self._said[role.name]):
            place = _place(role, number)
            if said in own:
                yield _finding(place, "duplicate", f"says the same as `{path(own[said])}`; take one out")
            own.setdefault(said, place)
        reach = self._reach
        clearance = reach.rank[role.clearance]
        above = reach.widest([role.name]) if own and role.inherits else {}
        for name, width in sorted(above.items()):
            other = self._policy.roles[name]
            for number, said in enumerate(self._said[name]) if name != role.name else ():
                if said not in own:
                    continue
                rule = _rules(other)[number]
                if isinstance(rule, Grant) and reach.within(rule, width) != reach.within(rule, clearance):
                    continue
                here, there = own.pop(said), path(_place(other, number))
                yield _finding(here, "duplicate", f"is inherited already, from `{there}`; take it out here")

    def _equal_roles(self) -> Iterator[Finding]:
        first: dict[object, str] = {}
        for name, role in sorted(self._policy.roles.items()):
            key = (role.clearance, role.inherits, frozenset(self._said[name]))
            if key in first:
                yield _finding(
                    ("roles", name),
                    "duplicate",
                    f"is equal to role {quoted(first[key])} but for its name; keep one of the two",
                )
            first.setdefault(key, name)

    def _matches(self, line: Never) -> bool:
        """Whether some principal and some family fit a line, whatever is granted and for which purposes."""
        policy = self._policy
        holding = None if line.roles is None else self._leading_to(line.roles)
        return any(
            (line.kinds is None or each.kind in line.kinds)
            and (line.principals is None or each.name in line.principals)
            and (holding is None or any(held.role in holding for held in each.assignments))
            for each in policy.principals.values()
        ) and any(
            (line.tables is None or table.name in line.tables)
            and (line.families is None or family.name in line.families)
            and (line.levels is None or family.level in line.levels)
            for table in policy.catalog.tables.values()
            for family in table.families.values()
        )

    def _leading_to(self, roles: Iterable[str]) -> set[str]:
        """Return ``roles`` and all that inherit from one of them, over any number of steps."""
        heirs: dict[str, list[str]] = {}
        for role in self._policy.roles.values():
            for parent in role.inherits:
                heirs.setdefault(parent, []).append(role.name)
        found, stack = set(roles), list(roles)
        while stack:
            fresh = [each for each in heirs.get(stack.pop(), ()) if each not in found]
            found.update(fresh)
            stack += fresh
        return found


def _assigned_twice(place: Place, principal: Principal) -> Iterator[Finding]:
    by_role: dict[str, list[tuple[int, Span]]] = {}
    for number, each in enumerate(principal.assignments):
        by_role.setdefault(each.role, []).append((number, Span.of(each.window)))
    for role, held in by_role.items():
        for number, span in held:
            # of equal windows only the later ones are covered
            if any(other.covers(span) and (other != span or before < number) for before, other in held):
                yield _finding(
                    (*place, number), "duplicate", f"another window on {quoted(role)} covers this one; take it out"
                )


def _rules(role: Role) -> tuple[Grant | Restriction, ...]:
    return (*role.grants, *role.restrictions)


def _place(role: Role, number: int) -> Place:
    """Return where a rule stands, by its place among `_rules`."""
    above = number - len(role.grants)
    return ("roles", role.name, "grants", number) if above < 0 else ("roles", role.name, "restrictions", above)


def _finding(place: Place, code: Code, message: str) -> Finding:
    return Finding(path(place), code, message)


def _listed(families: Iterable[str]) -> str:
    names = sorted(families)
    listed = ", ".join(quoted(each) for each in names[:_LISTED])
    return listed if len(names) <= _LISTED else f"{listed} and {len(names) - _LISTED} more"
