"""How changes are sent: in runs of puts or of deletes, for in one call HBase does all puts first.

A run of puts of one row is seen together, and so is a run of deletes.  A row with both is two calls or more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final, NamedTuple

from cfacl.errors import CfaclError, PartlyWritten
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import BatchMutation
from cfacl.stores.hbase.definitions import Mutation as Change
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import family_name

__all__ = ["send"]

#: At most so many rows, and bytes of values, in one call.
_ROWS: Final = 1_000
_BYTES: Final = 8 << 20


#: After a plain delete, in seconds: what is put within its millisecond would be hidden by it.
_MILLISECOND: Final = 0.001


def send(gateway: Gateway, table: bytes, mutations: Sequence[Mutation]) -> None:
    """Send changes in their order.

    Raises:
        PartlyWritten: some may be written and others not.
        CfaclError: none was written, or it is not known of the only row that there is.
    """
    for run in _runs(mutations):
        try:
            gateway.tell(partial(run.send, table=table))
        except CfaclError as error:
            if len({each.key for each in mutations}) == 1:
                raise
            raise _partly(mutations, run, error) from error.__cause__
        if run.deletes and run.timestamp is None:
            time.sleep(_MILLISECOND)


def _partly(mutations: Sequence[Mutation], run: _Run, error: CfaclError) -> PartlyWritten:
    unknown = set(run.rows)
    unwritten = {each.key for each in mutations[run.last :]} - unknown
    written = {each.key for each in mutations[: run.first]} - unknown - unwritten
    return PartlyWritten(
        f"{error}; rows written: {len(written)}, not written: {len(unwritten)}, not known: {len(unknown)}",
        written=written,
        unknown=unknown,
        unwritten=unwritten,
    )


class _Run(NamedTuple):
    """What one call sends.

    Attributes:
        first, last: which of the mutations it is part of, by position; ``last`` included.
        rows: values by column by row key; of deletions they are empty, and a column may be a whole family.
        timestamp: of all of them, or now.
        deletes: whether they are deletes.
    """

    first: int
    last: int
    rows: dict[bytes, dict[bytes, bytes]]
    timestamp: int | None
    deletes: bool

    def send(self, client: Client, *, table: bytes) -> None:
        """Send them."""
        deletes = self.deletes
        batch = [
            BatchMutation(key, [Change(deletes, column, value) for column, value in columns.items()])
            for key, columns in self.rows.items()
        ]
        if self.timestamp is None:
            client.mutateRows(table, batch, {})
        else:
            client.mutateRowsTs(table, batch, self.timestamp, {})


def _runs(mutations: Sequence[Mutation]) -> Iterator[_Run]:
    """Yield what is to be sent, one after the other."""
    first = size = position = 0
    rows: dict[bytes, dict[bytes, bytes]] = {}
    kind: tuple[bool, int | None] = False, None
    for position, mutation in enumerate(mutations):
        key = mutation.key
        for change in mutation.changes:
            deletes = isinstance(change, Delete)
            if rows and (
                kind != (deletes, change.timestamp) or (key not in rows and (len(rows) >= _ROWS or size >= _BYTES))
            ):
                yield _Run(first, position, rows, kind[1], kind[0])
                rows, size = {}, 0
            if not rows:
                first, kind = position, (deletes, change.timestamp)
            columns = _columns(change)
            if columns:  # said twice, the last one counts
                rows.setdefault(key, {}).update(columns)
                size += sum(map(len, columns.values()))
    if rows:
        yield _Run(first, position, rows, kind[1], kind[0])


def _columns(change: Put | Delete) -> dict[bytes, bytes]:
    name = family_name(change.family)
    if isinstance(change, Put):
        prefix = name + b":"
        return {prefix + qualifier: value for qualifier, value in change.values.items()}
    if change.qualifiers is None:
        return {name: b""}
    return {name + b":" + qualifier: b"" for qualifier in change.qualifiers}
