"""Who holds the roles of a matrix, and what each may do by all of hers together, from the masks that decide.

Principals that hold the same roles in the same windows may do the same, so that is worked out once for them.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from cfacl.engine.snapshot import Snapshot
from cfacl.engine.view import Held
from cfacl.model.grants import nanoseconds
from cfacl.policy.compile import compile_policy
from cfacl.policy.difference.grounds import instant
from cfacl.policy.matrix import Matrix, Right, blocks
from cfacl.policy.policy import Policy


class Holding(NamedTuple):
    """A role that is held, by assignment or by inheritance.

    Attributes:
        roles: from the role that is assigned to the one that is held.
        since, until: the assignment's own window; ``None`` for an open end.
    """

    roles: tuple[str, ...]
    since: datetime | None
    until: datetime | None


class Holders(NamedTuple):
    """Principals, sorted, that hold the same roles at one instant, and what each of them may do.

    Attributes:
        holdings: each role that they hold then, by every assignment that counts then.
        parts: a table, families of it, sorted, and the rights on them; what is not in it they may not do.
    """

    principals: tuple[str, ...]
    holdings: tuple[Holding, ...]
    parts: tuple[tuple[str, tuple[str, ...], tuple[Right, ...]], ...]


def holders(policy: Policy, found: Matrix) -> tuple[Holders, ...]:
    """Return all principals of a policy, as they are at the instant of a matrix of it, for its families and purpose."""
    snapshot = Snapshot(compile_policy(policy), {}, 0)
    now = nanoseconds(found.at)
    within: dict[str, int] = {}
    for table, family in found.families:
        within[table] = within.get(table, 0) | snapshot.bits.tables[table].bit[family.name]
    alike: dict[tuple[Held, ...], list[str]] = {}
    for name in sorted(policy.principals):
        alike.setdefault(snapshot.holds(name), []).append(name)
    return tuple(
        Holders(
            tuple(names),
            tuple(
                Holding(reached.path, instant(each.start), instant(each.until))
                for each in held
                if each.start <= now < each.until
                for reached in snapshot.reach(each.role)
            ),
            tuple(blocks(snapshot, held, within, found.purpose, now)),
        )
        for held, names in alike.items()
    )
