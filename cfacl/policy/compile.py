"""A policy into bits: names resolved, levels and wildcards expanded, invariants checked."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from cfacl.engine.bits import BEGIN, END, PolicyBits, RoleBits, Rule, TableBits
from cfacl.engine.snapshot import span
from cfacl.errors import PolicyError
from cfacl.model.action import ACTIONS
from cfacl.model.grants import ALWAYS, Grant, Restriction, Role
from cfacl.policy import collector
from cfacl.policy.faults import path
from cfacl.policy.invariants import broken
from cfacl.policy.policy import Policy
from cfacl.policy.purposes import meant


def compile_policy(policy: Policy) -> PolicyBits:
    """Compile a policy whose names are all declared, as `Policy.loads` makes them.

    The answer depends on the policy alone, and on nothing in it by order.

    Raises:
        PolicyError: a `never` or `expect` line does not hold.
    """
    bits = translated(policy)
    faults = broken(policy, bits)
    if faults:
        raise PolicyError(faults)
    return bits


def translated(policy: Policy) -> PolicyBits:
    """Return a policy in bits, whether its `never` and `expect` lines hold or not."""
    catalog = policy.catalog
    purposes = {name: 1 << i for i, name in enumerate(sorted(catalog.purposes))}
    rank = {level: i for i, level in enumerate(catalog.levels)}
    with collector.paused():
        return PolicyBits(
            name=policy.name,
            levels=catalog.levels,
            purposes=purposes,
            tables={name: TableBits(table, catalog.levels) for name, table in catalog.tables.items()},
            roles={name: _role(role, rank, purposes) for name, role in policy.roles.items()},
            principals=dict(policy.principals),
            edges=_edges(policy),
        )


def altered(bits: PolicyBits, before: Policy, after: Policy) -> PolicyBits:
    """Return the bits of ``after``, sharing what is the same as in ``before``, a policy of the same levels and purposes.

    `never` and `expect` are not looked at, and there are no edges: it is for questions about any time, not for a guard.
    """
    rank = {level: i for i, level in enumerate(after.catalog.levels)}
    return PolicyBits(
        name=after.name,
        levels=bits.levels,
        purposes=bits.purposes,
        tables={
            name: bits.tables[name] if before.catalog.tables[name] is table else TableBits(table, bits.levels)
            for name, table in after.catalog.tables.items()
        },
        roles={
            name: bits.roles[name] if before.roles.get(name) is role else _role(role, rank, bits.purposes)
            for name, role in after.roles.items()
        },
        principals=after.principals,
    )


def _edges(policy: Policy) -> list[int]:
    """Return every instant at which a window opens or closes."""
    windows = {each.window for role in policy.roles.values() for each in role.grants}
    windows.update(each.window for role in policy.roles.values() for each in role.restrictions)
    for principal in policy.principals.values():  # there may be a million, and most have no window
        windows.update(each.window for each in principal.assignments if each.window is not ALWAYS)
    return sorted({edge for window in windows for edge in span(window)} - {BEGIN, END})


def _role(role: Role, rank: Mapping[str, int], purposes: Mapping[str, int]) -> RoleBits:
    rules: dict[str, list[Rule]] = {}
    everywhere: list[Rule] = []
    where = path(("roles", role.name), shown=sys.maxsize)  # evidence: never cut
    named: list[tuple[str, Grant | Restriction]] = [
        *((f"{where}.grants[{i}]", grant) for i, grant in enumerate(role.grants)),
        *((f"{where}.restrictions[{i}]", restriction) for i, restriction in enumerate(role.restrictions)),
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
            path=place,
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
