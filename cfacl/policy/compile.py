"""A policy into bits: names resolved, levels and wildcards expanded, invariants checked."""

from __future__ import annotations

import sys

from cfacl.engine.bits import BEGIN, END, PolicyBits, RoleBits, Rule, TableBits
from cfacl.engine.snapshot import span
from cfacl.errors import PolicyError
from cfacl.model.action import ACTIONS
from cfacl.model.grants import ALWAYS, Grant, Restriction, Role
from cfacl.policy.faults import Place, path
from cfacl.policy.invariants import broken
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant


def compile_policy(policy: Policy) -> PolicyBits:
    """Compile a policy whose names are all declared, as `Policy.loads` makes them.

    The answer depends on the policy alone, and on nothing in it by order.

    Raises:
        PolicyError: a `never` or `expect` line does not hold.
    """
    catalog = policy.catalog
    purposes = {name: 1 << i for i, name in enumerate(sorted(catalog.purposes))}
    rank = {level: i for i, level in enumerate(catalog.levels)}
    bits = PolicyBits(
        name=policy.name,
        levels=catalog.levels,
        purposes=purposes,
        tables={name: TableBits(table, catalog.levels) for name, table in catalog.tables.items()},
        roles={name: _role(role, rank, purposes) for name, role in policy.roles.items()},
        principals=dict(policy.principals),
        edges=_edges(policy),
    )
    faults = broken(policy, bits)
    if faults:
        raise PolicyError(faults)
    return bits


def _edges(policy: Policy) -> list[int]:
    """Return every instant at which a window opens or closes."""
    windows = {each.window for role in policy.roles.values() for each in role.grants}
    windows.update(each.window for role in policy.roles.values() for each in role.restrictions)
    for principal in policy.principals.values():  # there may be a million, and most have no window
        windows.update(each.window for each in principal.assignments if each.window is not ALWAYS)
    return sorted({edge for window in windows for edge in span(window)} - {BEGIN, END})


def _role(role: Role, rank: dict[str, int], purposes: dict[str, int]) -> RoleBits:
    rules: dict[str, list[Rule]] = {}
    everywhere: list[Rule] = []
    named: list[tuple[Place, Grant | Restriction]] = [
        *((("grants", i), grant) for i, grant in enumerate(role.grants)),
        *((("restrictions", i), restriction) for i, restriction in enumerate(role.restrictions)),
    ]
    for place, each in named:
        start, until = span(each.window)
        rule = Rule(
            gives=isinstance(each, Grant),
            table=each.table,
            families=each.families,
            at_or_below=None if each.at_or_below is None else rank[each.at_or_below],
            actions=tuple(i for i, action in enumerate(ACTIONS) if each.actions is None or action in each.actions),
            purposes=sum(purposes[name] for name in meant(each.purposes, purposes)),
            start=start,
            until=until,
            path=path(("roles", role.name, *place), shown=sys.maxsize),  # evidence: never cut
            why=each.why,
        )
        (everywhere if each.table is None else rules.setdefault(each.table, [])).append(rule)
    return RoleBits(
        name=role.name,
        clearance=rank[role.clearance],
        inherits=tuple(sorted(role.inherits)),
        rules={table: tuple(each) for table, each in rules.items()},
        everywhere=tuple(everywhere),
    )
