"""A policy changed one key at a time, each change with what an author would write where."""

from __future__ import annotations

from collections.abc import Collection
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from attrs import evolve, frozen

from cfacl.model.grants import ALWAYS, Assignment, Grant, Role, Window, moment
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import WILDCARD
from cfacl.policy.remedy.edit import Edit, edge, edit, in_order, inline, listed, named, written

__all__ = ["WHY", "Amended", "around", "before"]

#: What stands in a new grant until its author gives the reason.
WHY: Final = "say why"
_DAY: Final = timedelta(days=1)


@frozen
class Amended:
    """A policy with edits made.

    Attributes:
        principals: who holds other roles by the edits, or at other times.
        roles: whose holders are all whom the edits may concern beside them.
        tables, purposes: what they may concern of these holders' access; ``None``: any.
        gone: by principal and number in the document, the assignments that are taken out.
        takes: whether something is taken from somebody: an assignment, or what a role inherits.
    """

    policy: Policy
    edits: tuple[Edit, ...] = ()
    roles: frozenset[str] = frozenset()
    principals: frozenset[str] = frozenset()
    tables: frozenset[str] | None = frozenset()
    purposes: frozenset[str] | None = frozenset()
    gone: frozenset[tuple[str, int]] = frozenset()
    takes: bool = False

    def usable(self, table: str, family: str, purpose: str) -> Amended:
        """Let a family be used for a purpose."""
        catalog = self.policy.catalog
        old = catalog.tables[table].families[family]
        new = evolve(old, purposes=old.purposes | {purpose})
        families = {**catalog.tables[table].families, family: new}
        tables = {**catalog.tables, table: evolve(catalog.tables[table], families=families)}
        return evolve(
            self,
            policy=evolve(self.policy, catalog=evolve(catalog, tables=tables)),
            edits=(*self.edits, edit("tables", table, "families", family, "purposes", write=f"add {named(purpose)}")),
            roles=self.roles | {name for name, role in self.policy.roles.items() if _speaks(role, table, purpose)},
            tables=_both(self.tables, {table}),
            purposes=_both(self.purposes, {purpose}),
        )

    def cleared(self, role: str, level: str) -> Amended:
        """Raise a role's clearance to a level."""
        new = evolve(self.policy.roles[role], clearance=level)
        return self._with_role(new, "clearance", write=f"write {named(level)}")

    def added(self, role: str, number: int, key: str, names: frozenset[str]) -> Amended:
        """Add names to a key of a grant."""
        old = self.policy.roles[role].grants[number]
        given = getattr(old, key)
        more = ", ".join(map(named, in_order(names - given)))
        new = _replaced(self.policy.roles[role].grants, number, evolve(old, **{key: given | names}))
        return self._with_role(evolve(self.policy.roles[role], grants=new), "grants", number, key, write=f"add {more}")

    def lifted(self, role: str, number: int, level: str) -> Amended:
        """Raise the level at or below which a grant gives families."""
        old = self.policy.roles[role].grants
        new = _replaced(old, number, evolve(old[number], at_or_below=level))
        return self._with_role(
            evolve(self.policy.roles[role], grants=new),
            "grants",
            number,
            "at_or_below",
            write=f"write {named(level)}",
            table=old[number].table,
        )

    def lasting(self, role: str, number: int, window: Window) -> Amended:
        """Let a grant hold during another window."""
        old = self.policy.roles[role].grants
        key, write = edge(old[number].window, window)
        new = _replaced(old, number, evolve(old[number], window=window))
        return self._with_role(
            evolve(self.policy.roles[role], grants=new), "grants", number, key, write=write, table=old[number].table
        )

    def granted(self, role: str, grant: Grant) -> Amended:
        """Add a grant to a role."""
        old = self.policy.roles[role]
        return self._with_role(
            evolve(old, grants=(*old.grants, grant)),
            "grants",
            write=f"add {inline(grant)}",
            table=grant.table,
            purposes=grant.purposes,
        )

    def founded(self, role: Role) -> Amended:
        """Add a role of one grant."""
        write = f"add clearance = {named(role.clearance)}, grants = [{inline(role.grants[0])}]"
        return self._with_role(role, write=write, table=role.grants[0].table, purposes=role.grants[0].purposes)

    def narrowed(self, role: str, number: int, key: str, names: frozenset[str]) -> Amended:
        """Let a key of a restriction hold these names only; families, in place of a level too."""
        old = self.policy.roles[role].restrictions
        said = getattr(old[number], key)
        instead = ", in place of `at_or_below`" if key == "families" and old[number].at_or_below is not None else ""
        values: dict[str, Any] = {key: names} | ({"at_or_below": None} if instead else {})
        # There are four actions, and never more; what else is not named may be declared later.
        if key != "actions" and (said is None or any(each.endswith(WILDCARD) for each in said)):
            instead += f"; later {key} are then not restricted"
        new = _replaced(old, number, evolve(old[number], **values))
        return self._with_role(
            evolve(self.policy.roles[role], restrictions=new),
            "restrictions", number, key,
            write=f"write {listed(names)}{instead}", table=old[number].table,
        )  # fmt: skip  # a place is one line

    def dropped(self, role: str, number: int) -> Amended:
        """Take a restriction out."""
        old = self.policy.roles[role].restrictions
        new = evolve(self.policy.roles[role], restrictions=(*old[:number], *old[number + 1 :]))
        return self._with_role(new, "restrictions", number, write="take it out", table=old[number].table)

    def lapsed(self, role: str, number: int, window: Window) -> Amended:
        """Let a restriction hold during another window."""
        old = self.policy.roles[role].restrictions
        key, write = edge(old[number].window, window)
        new = _replaced(old, number, evolve(old[number], window=window))
        return self._with_role(
            evolve(self.policy.roles[role], restrictions=new), "restrictions", number, key, write=write, table=old[number].table
        )  # fmt: skip  # a place is one line

    def disinherited(self, role: str, parent: str) -> Amended:
        """Let a role no longer inherit from another."""
        old = self.policy.roles[role]
        new = evolve(old, inherits=old.inherits - {parent})
        return evolve(self._with_role(new, "inherits", write=f"take out {named(parent)}"), takes=True)

    def held(self, principal: str, number: int, window: Window) -> Amended:
        """Let an assignment hold during another window."""
        old = self.policy.principals[principal].assignments
        new = evolve(old[number], window=window)
        key, write = edge(old[number].window, window)
        where: tuple[str | int, ...] = (self.number(principal, number), key)
        if old[number].window == ALWAYS:  # it may be written as a name alone
            where, write = where[:1], f"write {written(new)}"
        return self._with_assignments(principal, _replaced(old, number, new), *where, write=write)

    def ended(self, principal: str, number: int, window: Window) -> Amended:
        """Let an assignment end."""
        return evolve(self.held(principal, number, window), takes=True)

    def withdrawn(self, principal: str, number: int) -> Amended:
        """Take an assignment out."""
        old = self.policy.principals[principal].assignments
        where = self.number(principal, number)
        left = self._with_assignments(principal, (*old[:number], *old[number + 1 :]), where, write="take it out")
        return evolve(left, gone=self.gone | {(principal, where)}, takes=True)

    def assigned(self, principal: str, role: str) -> Amended:
        """Let a principal hold a role."""
        old = self.policy.principals[principal].assignments
        return self._with_assignments(principal, (*old, Assignment(role)), write=f"add {named(role)}")

    def number(self, principal: str, number: int) -> int:
        """Return which number an assignment has in the document."""
        for each in sorted(gone for name, gone in self.gone if name == principal):
            number += each <= number
        return number

    def _with_role(
        self,
        role: Role,
        *where: str | int,
        write: str,
        table: str | None = None,
        purposes: frozenset[str] | None = None,
    ) -> Amended:
        return evolve(
            self,
            tables=_both(self.tables, None if table is None else {table}),
            purposes=_both(self.purposes, purposes),
            policy=evolve(self.policy, roles={**self.policy.roles, role.name: role}),
            edits=(*self.edits, edit("roles", role.name, *where, write=write)),
            roles=self.roles | {role.name},
        )

    def _with_assignments(self, name: str, held: tuple[Assignment, ...], *where: str | int, write: str) -> Amended:
        new = evolve(self.policy.principals[name], assignments=held)
        return evolve(
            self,
            policy=evolve(self.policy, principals={**self.policy.principals, name: new}),
            edits=(*self.edits, edit("principals", name, "roles", *where, write=write)),
            principals=self.principals | {name},
        )


def around(window: Window, now: int) -> Window:
    """Return a window that is moved by as little as may be, in whole seconds and days, so that ``now`` lies in it.

    Args:
        now: nanoseconds since 1970, outside the window.
    """
    at = moment(now)
    if window.start is not None and at < window.start:
        return Window(at.replace(microsecond=0), window.until)
    try:
        return Window(window.start, datetime.combine(at.date() + _DAY, time(tzinfo=UTC)))
    except OverflowError:
        return Window(window.start, None)


def before(window: Window, now: int) -> Window | None:
    """Return a window that ends, in whole seconds, so that ``now`` lies in it no more; ``None`` if none is left of it."""
    until = moment(now).replace(microsecond=0)
    return None if window.start is not None and window.start >= until else Window(window.start, until)


def _both(these: frozenset[str] | None, those: Collection[str] | None) -> frozenset[str] | None:
    return None if these is None or those is None else these.union(those)


def _speaks(role: Role, table: str, purpose: str) -> bool:
    return any(each.table == table and purpose in each.purposes for each in role.grants)


def _replaced(parts: tuple[Any, ...], number: int, part: object) -> tuple[Any, ...]:
    return (*parts[:number], part, *parts[number + 1 :])
