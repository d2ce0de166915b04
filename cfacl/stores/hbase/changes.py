"""How changes are sent: in runs of puts or of deletes, for in one call HBase does all puts first.

A run of puts of one row is seen together, and so is a run of deletes.  A row with both is two calls or more.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from functools import partial
from typing import Final

from attrs import define

from cfacl.errors import CfaclError, PartlyWritten, Unsupported
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.hbase.client import Client
from cfacl.stores.hbase.definitions import BatchMutation, IllegalArgument, PutCell
from cfacl.stores.hbase.definitions import Mutation as DeleteCells
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import family_name
from cfacl.stores.hbase.stamps import Stamps

__all__ = ["send"]

#: At most so many rows, and bytes of keys, columns and values, in one call.
_ROWS: Final = 1_000
_BYTES: Final = 8 << 20
#: HBase's gateway takes frames of 2 MB unless it is told otherwise.
_FRAMED_BYTES: Final = 1 << 20
#: After a plain delete, in seconds: what is put within its millisecond would be hidden by it.
_MILLISECOND: Final = 0.001


def send(
    gateway: Gateway,
    table: bytes,
    mutations: Sequence[Mutation],
    stamps: Stamps | None = None,
    *,
    whole: bool = False,
) -> None:
    """Send changes in their order.

    Args:
        stamps: of changes that have no timestamp; all are then sent once more where the connection broke.
        whole: all of them, or none.

    Raises:
        Unsupported: they are to be ``whole``, and HBase does not make them so.
        PartlyWritten: some may be written and others not.
        CfaclError: none was written, or it is not known of the only row that there is.
    """
    done: set[bytes] = set()
    runs = _runs(mutations, _FRAMED_BYTES if gateway.address.transport == "framed" else _BYTES)
    if whole:
        runs = iter(all_of_them := list(runs))
        if len(all_of_them) > 1 or any(len(each.rows) > 1 for each in all_of_them):
            raise Unsupported(
                "hbase makes the changes of several rows, and puts and deletes, one after the other; leave out `transaction`"
            )
    for run in runs:
        plain = run.timestamp is None
        if plain and stamps is not None:
            run.timestamp = stamps.delete() if run.deletes else stamps.put()
        try:
            gateway.tell(partial(run.send, table=table), again=stamps is not None)
        except CfaclError as error:
            left = run.rows.keys() | {each.key for each in mutations[run.last :]}
            partly = _partly(run, done, left, error)
            if partly is None:
                raise
            raise partly from error.__cause__ or error
        done |= run.rows.keys()
        if run.deletes and plain:
            time.sleep(_MILLISECOND)
            if stamps is not None and run.timestamp is not None:
                stamps.deleted(run.timestamp)


def _partly(run: _Run, done: set[bytes], left: set[bytes], error: CfaclError) -> PartlyWritten | None:
    """Return what is known where a run failed: some rows are ``done``, of some is ``left``; none where the error says it."""
    # The gateway refuses arguments before it sends any of them to HBase.
    refused = run.tries == 0 or (run.tries == 1 and isinstance(error.__cause__, IllegalArgument))
    if not done and (refused or len(left) == 1):
        return None
    unknown = done & left if refused else done & left | run.rows.keys()
    written, unwritten = done - unknown, left - unknown
    return PartlyWritten(
        f"{error}; rows written: {len(written)}, not written: {len(unwritten)}, not known: {len(unknown)}",
        written=written,
        unknown=unknown,
        unwritten=unwritten,
    )


@define
class _Run:
    """What one call sends.

    Attributes:
        last: the last of the mutations that it is part of, by position.
        rows: values by column by row key; of deletions they are empty, and a column may be a whole family.
        timestamp: of all of them, or now.
        deletes: whether they are deletes.
        tries: how often they were sent.
    """

    last: int
    rows: dict[bytes, dict[bytes, bytes]]
    timestamp: int | None
    deletes: bool
    tries: int = 0

    def send(self, client: Client, *, table: bytes) -> None:
        """Send them."""
        self.tries += 1
        if self.deletes:
            batch = [
                BatchMutation(key, [DeleteCells(True, each) for each in columns]) for key, columns in self.rows.items()
            ]
        else:
            batch = [BatchMutation(key, list(map(PutCell._make, each.items()))) for key, each in self.rows.items()]
        if self.timestamp is None:
            client.mutateRows(table, batch, {})
        else:
            client.mutateRowsTs(table, batch, self.timestamp, {})


def _runs(mutations: Sequence[Mutation], most: int) -> Iterator[_Run]:
    """Yield what is to be sent, one after the other; but for a row that is longer alone, at most so many bytes each."""
    size = position = 0
    rows: dict[bytes, dict[bytes, bytes]] = {}
    kind: tuple[bool, int | None] = False, None
    for position, mutation in enumerate(mutations):
        key = mutation.key
        for change in mutation.changes:
            deletes = isinstance(change, Delete)
            known = rows.get(key)
            if rows and (
                kind != (deletes, change.timestamp) or (known is None and (len(rows) >= _ROWS or size >= most))
            ):
                yield _Run(position, rows, kind[1], kind[0])
                rows, size, known = {}, 0, None
            if not rows:
                kind = deletes, change.timestamp
            columns = _columns(change)
            if known is not None:
                known.update(columns)  # said twice, the last one counts
            elif columns:
                rows[key] = columns
            size += len(key) + sum(map(len, columns)) + sum(map(len, columns.values()))
    if rows:
        yield _Run(position, rows, kind[1], kind[0])


def _columns(change: Put | Delete) -> dict[bytes, bytes]:
    name = family_name(change.family)
    if isinstance(change, Put):
        prefix = name + b":"
        return {prefix + qualifier: value for qualifier, value in change.values.items()}
    if change.qualifiers is None:
        return {name: b""}
    return {name + b":" + qualifier: b"" for qualifier in change.qualifiers}
