"""The policies and the data that everything is timed on; the same ones in every run."""

from __future__ import annotations

import os
import random
from datetime import UTC, datetime
from itertools import combinations, islice
from pathlib import Path
from typing import Final

import cfacl.cli.demo
from cfacl.model.catalog import Catalog, Family, Table
from cfacl.model.grants import ALWAYS, Assignment, Grant, Principal, Role, Window
from cfacl.policy.listings.pairs import policy_from_pairs, read_pairs
from cfacl.policy.policy import Policy

PURPOSE: Final = "support"
PRINCIPAL: Final = "maya"
#: A window that ends, but not while this runs.
ENDS: Final = Window(until=datetime(9000, 1, 1, tzinfo=UTC))

ROLES: Final = 20
#: How many of them a principal of `population` holds; there are far more ways to choose them than sets are wanted.
ROLES_HELD: Final = 3
ROLE_SETS: Final = 1_000

#: How many grants each principal of `grants` holds, in a role of its own, and over how many tables they are spread.
GRANTS_HELD: Final = 10
TABLES: Final = 1_000

VALUE_BYTES: Final = 20


def scenario() -> Path:
    """Return the policy of the demo: 18 tables, 30 families, roles that inherit, restrictions, windows."""
    return Path(cfacl.cli.demo.__file__).with_name("smart_home.toml")


def family_names(number: int) -> list[str]:
    """Return names that sort in their order: f00, f01 and so on."""
    return [f"f{i:02}" for i in range(number)]


def table(name: str, families: int) -> Table:
    purposes = frozenset([PURPOSE])
    return Table(name, {each: Family(each, "internal", purposes) for each in family_names(families)})


def grant(on: Table, families: list[str], window: Window = ALWAYS) -> Grant:
    actions = frozenset({"read", "write", "delete"})
    return Grant(on.name, frozenset(families), None, actions, frozenset([PURPOSE]), "measured", window)  # type: ignore[arg-type]  # the three are actions


def policy(tables: list[Table], grants: dict[str, list[Grant]]) -> Policy:
    """Return a policy in which each principal has a role of its own, with its grants."""
    return Policy(
        name="benchmark",
        catalog=Catalog(purposes=frozenset([PURPOSE]), tables={each.name: each for each in tables}),
        roles={name: Role(name, "internal", grants=tuple(each)) for name, each in grants.items()},
        principals={name: Principal(name, "employee", (Assignment(name),)) for name in grants},
    )


def one_table(families: int, granted: int, window: Window = ALWAYS) -> Policy:
    """Return a policy of one table, `account`, of whose families the first ones are granted."""
    account = table("account", families)
    return policy([account], {PRINCIPAL: [grant(account, family_names(granted), window)]})


def many_tables(number: int) -> Policy:
    """Return a policy of so many tables of 4 families, all granted to one principal by one grant a table."""
    tables = [table(f"table-{i:05}", 4) for i in range(number)]
    return policy(tables, {PRINCIPAL: [grant(each, family_names(4)) for each in tables]})


def grants(number: int) -> Policy:
    """Return a policy of so many grants, ten to a role, each role held by one principal, on at most 1,000 tables."""
    tables = [table(f"table-{i:05}", 4) for i in range(min(max(number, GRANTS_HELD), TABLES))]
    families = family_names(4)
    return policy(
        tables,
        {
            f"user-{i:07}": [
                grant(tables[(i * GRANTS_HELD + each) % len(tables)], families) for each in range(GRANTS_HELD)
            ]
            for i in range(max(number // GRANTS_HELD, 1))
        },
    )


def holding(number: int) -> Policy:
    """Return a policy of one principal with so many roles, each of which grants another family of one table."""
    account, names = table("account", number), family_names(number)
    return Policy(
        name="benchmark",
        catalog=Catalog(purposes=frozenset([PURPOSE]), tables={account.name: account}),
        roles={name: Role(name, "internal", grants=(grant(account, [name]),)) for name in names},
        principals={PRINCIPAL: Principal(PRINCIPAL, "employee", tuple(Assignment(name) for name in names))},
    )


def population(number: int) -> Policy:
    """Return a policy of so many principals over at most `ROLE_SETS` sets of three of twenty roles."""
    account = table("account", ROLES)
    roles = {f"role-{i:02}": [grant(account, [name])] for i, name in enumerate(family_names(ROLES))}
    held = [tuple(Assignment(name) for name in names) for names in islice(combinations(roles, ROLES_HELD), ROLE_SETS)]
    return Policy(
        name="benchmark",
        catalog=Catalog(purposes=frozenset([PURPOSE]), tables={account.name: account}),
        roles={name: Role(name, "internal", grants=tuple(grants)) for name, grants in roles.items()},
        principals={
            name: Principal(name, "employee", held[i % len(held)])
            for i, name in enumerate(f"user-{i:07}" for i in range(number))
        },
    )


def matrix() -> str | None:
    """Return the policy for `customer.txt`, a real access matrix of 10,021 users, as TOML.

    It is looked for in the folder that ``CFACL_ROLEMINING`` names; ``None`` where it is not.
    """
    file = Path(os.environ.get("CFACL_ROLEMINING", "")) / "customer.txt"
    if not file.is_file():
        return None
    with file.open(encoding="utf-8") as lines:
        return policy_from_pairs(read_pairs(lines), name="customer").dumps()


def keys(number: int) -> list[bytes]:
    """Return row keys, in their order."""
    return [b"user-%07d" % i for i in range(number)]


def cells(families: int, columns: int) -> dict[bytes, bytes]:
    """Return the cells of a row: so many columns in each of so many families."""
    rng = random.Random(7)
    return {
        b"%b:column-%02d" % (name.encode("ascii"), i): rng.randbytes(VALUE_BYTES)
        for name in family_names(families)
        for i in range(columns)
    }
