"""How changes are sent: in runs of puts or of deletes, for in one call HBase does all puts first.

A run of puts of one row is seen together, and so is a run of deletes.  A row with both is two calls or more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

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
        rows: changes by row key, of HBase's.
        timestamp: of all of them, or now.
        deletes: whether they are deletes.
    """

    first: int
    last: int
    rows: dict[bytes, list[Any]]
    timestamp: int | None
    deletes: bool

    def send(self, client: Client, table: bytes) -> None:
        """Send them."""
        batch = [BatchMutation(key, changes) for key, changes in self.rows.items()]
        if self.timestamp is None:
            client.mutateRows(table, batch, {})
        else:
            client.mutateRowsTs(table, batch, self.timestamp, {})


def _runs(mutations: Sequence[Mutation]) -> Iterator[_Run]:
    """Yield what is to be sent, one after the other."""
    run: _Run | None = None
    size = 0
    said: dict[tuple[bytes, bytes], Any] = {}
    for position, mutation in enumerate(mutations):
        for change in mutation.changes:
            deletes = isinstance(change, Delete)
            full = run is not None and mutation.key not in run.rows and (len(run.rows) >= _ROWS or size >= _BYTES)
            if run is None or full or run.deletes != deletes or run.timestamp != change.timestamp:
                if run is not None and run.rows:
                    yield run
                run, size = _Run(position, position, {}, change.timestamp, deletes), 0
                said = {}
            run = run._replace(last=position)
            for column, value in _columns(change):
                sent = said.get((mutation.key, column))
                if sent is None:
                    sent = said[mutation.key, column] = Change(isDelete=deletes, column=column, value=value)
                    run.rows.setdefault(mutation.key, []).append(sent)
                sent.value = value  # said twice, the last one counts
                size += len(value)
    if run is not None and run.rows:
        yield run


def _columns(change: Put | Delete) -> Iterator[tuple[bytes, bytes]]:
    name = family_name(change.family)
    if isinstance(change, Put):
        for qualifier, value in change.values.items():
            yield name + b":" + qualifier, value
    elif change.qualifiers is None:
        yield name, b""
    else:
        for qualifier in change.qualifiers:
            yield name + b":" + qualifier, b""
