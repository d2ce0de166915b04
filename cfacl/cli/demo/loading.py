"""Fills a database with the made-up records, through the guard like everybody else.

Nobody in the smart-home policy may write everything: what users seal, say, no grant reaches.  So
that nothing is bypassed, the records are written under a policy of its own, whose only principal
may write and nothing else, and which is then replaced.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

import attrs

from cfacl.cli.demo.records import records
from cfacl.model.grants import Assignment, Grant, Principal, Role
from cfacl.policy.policy import Policy

if TYPE_CHECKING:
    from cfacl import Database

#: The principal, role and purpose of the loading policy.
LOADER: Final = "loader"


class Loaded(NamedTuple):
    """What was written: rows in all, and cells by (table, family)."""

    rows: int
    cells: Counter[tuple[str, str]]


def loading_policy(policy: Policy) -> Policy:
    """Return a policy over the same tables, of one service that may write to all of them, for one purpose."""
    purpose = frozenset({LOADER})
    tables = {
        name: attrs.evolve(
            table,
            families={
                family.name: attrs.evolve(family, purposes=family.purposes | purpose)
                for family in table.families.values()
            },
        )
        for name, table in policy.catalog.tables.items()
    }
    catalog = attrs.evolve(policy.catalog, purposes=policy.catalog.purposes | purpose, tables=tables)
    top = catalog.levels[-1]
    grants = tuple(
        Grant(table, None, top, frozenset({"write"}), purpose, "fills the store once, before anybody uses it")
        for table in tables
    )
    return Policy(
        name="loading",
        catalog=catalog,
        roles={LOADER: Role(LOADER, top, grants=grants)},
        principals={LOADER: Principal(LOADER, "service", (Assignment(LOADER),))},
    )


def load(db: Database, users: int, wrote: Callable[[], object]) -> Loaded:
    """Write the records of ``users`` users; the database must have the loading policy.

    Args:
        wrote: is called after each user's records.
    """
    rows, cells = 0, Counter[tuple[str, str]]()
    with db.session(LOADER, purpose=LOADER) as session, ExitStack() as open_batches:
        batches = {}
        for record in records(users):
            if record.table not in batches:
                batch = session.table(record.table).batch(batch_size=1000)
                batches[record.table] = open_batches.enter_context(batch)
            data = {}
            for family, values in record.families.items():
                cells[record.table, family] += len(values)
                for column, value in values.items():
                    data[f"{family}:{column}".encode()] = value if isinstance(value, bytes) else value.encode()
            batches[record.table].put(record.key, data)
            rows += 1
            if record.table == "account":
                wrote()
    return Loaded(rows, cells)
