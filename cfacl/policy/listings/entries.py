"""From entries, who may do what to which family for which purpose, to a policy.

What other systems list, line by line.  It says nothing of levels, so all families are of one; who has equal entries shares a
role, so that the policy says each set once.  Families are granted by name, so that nobody gains by a family that is new, or
by a level that is another.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from cfacl.errors import RequestError, quoted
from cfacl.model.action import Action
from cfacl.model.catalog import DEFAULT_LEVELS, Catalog, Family, Table
from cfacl.model.grants import Assignment, Grant, Principal, Role
from cfacl.model.names import is_subject
from cfacl.policy.policy import Policy

__all__ = ["LEVEL", "PURPOSE", "Entry", "policy_from_entries"]

#: What every family is, until somebody classifies it: the highest, as whoever guesses lower tells too many.
LEVEL: Final = DEFAULT_LEVELS[-1]
#: What all of it is for, where nothing says so.
PURPOSE: Final = "work"


class Entry(NamedTuple):
    """One thing that a principal may do, always."""

    principal: str
    table: str
    family: str
    action: Action
    purpose: str


def policy_from_entries(
    entries: Iterable[Entry],
    *,
    name: str = "imported",
    level: str = LEVEL,
    columns: Mapping[tuple[str, str], frozenset[bytes]] | None = None,
) -> Policy:
    """Return the policy in which everybody may do exactly what the entries say; order never matters.

    Without entries it has nobody in it.  Principals are employees.  A family may be used for the purposes of its entries.  Roles are called `set-1`, `set-2` and
    so on.  The names in entries are taken as they are: `Policy.loads(policy.dumps())` judges them.

    Args:
        columns: the columns that families declare, by table and family; others have any.

    Raises:
        RequestError: ``name`` can name no policy.
    """
    if not is_subject(name):
        raise RequestError(f"{quoted(name)} cannot name a policy; take printable characters")
    held: dict[str, set[Entry]] = {}
    purposes: dict[str, dict[str, set[str]]] = {}
    for each in entries:
        held.setdefault(each.principal, set()).add(each._replace(principal=""))
        purposes.setdefault(each.table, {}).setdefault(each.family, set()).add(each.purpose)
    tables = {
        table: Table(
            table,
            {
                family: Family(family, level, frozenset(named), (columns or {}).get((table, family)))
                for family, named in sorted(families.items())
            },
        )
        for table, families in sorted(purposes.items())
    }
    sets = sorted({frozenset(each) for each in held.values()}, key=sorted)
    names = {each: f"set-{number}" for number, each in enumerate(sets, 1)}
    return Policy(
        name=name,
        catalog=Catalog(
            purposes=frozenset[str]().union(*(each for table in purposes.values() for each in table.values())),
            tables=tables,
        ),
        roles={role: Role(role, clearance=level, grants=_grants(each)) for each, role in names.items()},
        principals={
            principal: Principal(principal, "employee", (Assignment(names[frozenset(each)]),))
            for principal, each in sorted(held.items())
        },
    )


def _grants(entries: Iterable[Entry]) -> tuple[Grant, ...]:
    """Return grants that give entries and nothing more: families share one where actions and purposes are the same."""
    actions: dict[tuple[str, str, str], set[Action]] = {}
    for each in entries:
        actions.setdefault((each.table, each.family, each.purpose), set()).add(each.action)
    purposes: dict[tuple[str, str, frozenset[Action]], set[str]] = {}
    for (table, family, purpose), done in actions.items():
        purposes.setdefault((table, family, frozenset(done)), set()).add(purpose)
    families: dict[tuple[str, frozenset[Action], frozenset[str]], set[str]] = {}
    for (table, family, done_for), stated in purposes.items():
        families.setdefault((table, done_for, frozenset(stated)), set()).add(family)
    order = sorted(families, key=lambda each: (each[0], sorted(families[each]), sorted(each[1]), sorted(each[2])))
    return tuple(
        Grant(table, frozenset(families[table, done, stated]), None, done, stated, why="imported")
        for table, done, stated in order
    )
