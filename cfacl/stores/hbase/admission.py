"""Whether HBase lets a user read all that is asked for together.

What it refuses alone it leaves out of an answer to a question for more, without a word; so each part is asked for alone.
"""

from __future__ import annotations

from math import inf
from time import monotonic
from typing import Final

from cfacl.errors import quoted
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.rows import Reading
from cfacl.stores.hbase.schema import NO_ROW
from cfacl.stores.native import Refused

__all__ = ["Admission"]

#: After how many seconds it is asked again, for rights are given and taken.
_EVERY: Final = 60.0
#: How many projections are remembered before all are forgotten.
_READINGS: Final = 1024


class Admission:
    """What one user was let read, for any number of threads."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        #: when a projection was last let through, as `monotonic` counts
        self._seen: dict[Reading, float] = {}

    def confirm(self, reading: Reading) -> None:
        """Raise `Refused` where HBase would leave a part of the answer out; where there is but one it refuses itself."""
        if len(reading.columns) == 1 or monotonic() - self._seen.get(reading, -inf) < _EVERY:
            return
        for column in reading.columns:
            self._ask(reading.table, column)
        if len(self._seen) >= _READINGS:
            self._seen.clear()
        self._seen[reading] = monotonic()

    def _ask(self, table: bytes, column: bytes) -> None:
        try:
            self._gateway.ask(lambda client: client.getRowWithColumns(table, NO_ROW, [column], {}))
        except Refused as refusal:
            family, _, _ = column.partition(b":")
            raise Refused(
                f"hbase refuses `R` on family {quoted(family.decode('ascii'))}, or a column of it, to {quoted(self._gateway.user)},"
                " and would leave it out of an answer without a word; `cfacl native plan` says what to grant",
                refusal.user,
            ) from refusal.__cause__
