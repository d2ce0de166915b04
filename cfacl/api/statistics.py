"""What `Database.stats` counts."""

from __future__ import annotations

from cfacl.api.sweeper import Sweeper
from cfacl.engine.guard import Guard
from cfacl.policy.policy import Policy


def statistics(policy: Policy, guard: Guard, scheme: str, sweeper: Sweeper | None) -> dict[str, int | str]:
    """Return counts of a policy, of what a guard decided by it, and of what a sweeper did."""
    return {
        "policy": policy.name,
        "epoch": guard.epoch,
        "store": scheme,
        "tables": len(policy.catalog.tables),
        "families": sum(len(each.families) for each in policy.catalog.tables.values()),
        "roles": len(policy.roles),
        "principals": len(policy.principals),
        **guard.figures(),
        "sweeps": 0 if sweeper is None else sweeper.sweeps,
        "sweeps_failed": 0 if sweeper is None else sweeper.failures,
        "values_swept": 0 if sweeper is None else sweeper.removed,
    }
