"""An open store from both sides: behind a policy, and as it is.

One table has one family, the other eight, and a principal for each share of the eight, who is granted the first ones.
"""

from __future__ import annotations

from time import time_ns
from types import TracebackType
from typing import Final, Self

import cfacl
from benchmarks.stores import Unguarded
from benchmarks.workloads import PURPOSE, family_names, grant, policy, table
from cfacl.api.database import Database
from cfacl.policy.compile import compile_policy
from cfacl.policy.policy import Policy
from cfacl.stores.base import Store

#: Everybody is at the same table, so that what lies there, and where, is no difference between them.
RECORDS: Final = "records"
PROJECTED: Final = "projected"
FAMILIES: Final = 8
GRANTED: Final = (1, 4, FAMILIES)


def both_sides() -> Policy:
    """Return the policy of the tables."""
    single, wide = table(RECORDS, 1), table(PROJECTED, FAMILIES)
    everything = [grant(each, sorted(each.families)) for each in (single, wide)]
    some = {f"of{number}": [grant(wide, family_names(number))] for number in GRANTED}
    return policy([single, wide], {"service": everything, **some})


class Both:
    """See above; no write waits for a disk, on either side."""

    def __init__(self, store: Store) -> None:
        self.store = store
        made = both_sides()
        self.db = Database(store, made, compile_policy(made), None, time_ns, durable=False)
        self.db.create_tables()

    def guarded(self, name: str, principal: str = "service") -> cfacl.Table:
        return self.db.session(principal, purpose=PURPOSE).table(name)

    def unguarded(self, name: str) -> Unguarded:
        return Unguarded(self.store, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.db.close()
