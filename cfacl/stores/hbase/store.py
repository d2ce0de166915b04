"""Tables and families of HBase behind the seam."""

from __future__ import annotations

import copy
import weakref
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Final

from cfacl.errors import InvalidValue, RequestError, StoreContractError, Unsupported
from cfacl.filters.tree import Filter
from cfacl.model.counter import counter
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cells, Mutation, Put, Span
from cfacl.stores.base import Admit, Capabilities, Copied, Store, Swept, confirm_scan
from cfacl.stores.batches import as_they_come, batches
from cfacl.stores.hbase.address import Address, parse
from cfacl.stores.hbase.administration import HBaseAdministration
from cfacl.stores.hbase.admission import Admission
from cfacl.stores.hbase.capabilities import capable
from cfacl.stores.hbase.changes import send
from cfacl.stores.hbase.clocks import Clocks
from cfacl.stores.hbase.definitions import PutCell
from cfacl.stores.hbase.filters import there
from cfacl.stores.hbase.gateway import Gateway
from cfacl.stores.hbase.names import confirm_account, confirm_keys, family_name
from cfacl.stores.hbase.native import HBaseRights
from cfacl.stores.hbase.pool import Pool
from cfacl.stores.hbase.posture import posture
from cfacl.stores.hbase.rows import Reading
from cfacl.stores.hbase.scanning import Scanner
from cfacl.stores.hbase.schema import Schema
from cfacl.stores.hbase.stamps import Stamps
from cfacl.stores.hbase.system import Records
from cfacl.stores.posture import Sign
from cfacl.stores.wanted import Wanted

__all__ = ["HBaseStore", "open_store"]

#: How many projections are remembered with how they are asked for, before all are forgotten.
_READINGS: Final = 1024
#: For how many principals idle connections are kept.
_IDENTITIES: Final = 256
_MOST: Final = (1 << 31) - 1
_HALF: Final = 1 << 63


class HBaseStore(Store):
    """A store in an HBase; see `Store` for shapes, units and errors.

    Plain writes are stamped by the region server, whose clock is the same for whoever writes.  What outlives its family
    is left out of answers by the clock that the store was given, and removed by HBase.
    """

    scheme: ClassVar[str] = "hbase"

    def __init__(self, address: Address, *, clock: Callable[[], int]) -> None:
        self.plaintext = address.plaintext
        self._gateway = Gateway(address)
        #: this store as each principal, where the gateway acts as them
        self._acting: dict[str, HBaseStore] = {}
        #: the pools of all these, of those forgotten too while somebody has them
        self._made: weakref.WeakSet[Pool] = weakref.WeakSet()
        self._schema = Schema(self._gateway)
        self._stamps = Stamps(clock) if address.retry_writes else None
        self._readings: dict[Projection, Reading] = {}
        self.system = Records(self._gateway)
        self._clocks = Clocks(clock, self.system)
        #: where the gateway acts as a principal
        self._admission: Admission | None = None

    def acting_as(self, identity: str) -> HBaseStore:
        if not self._gateway.address.doas:
            return self
        acting = self._acting.get(identity)
        if acting is None:
            confirm_account(identity)
            self._gateway.pool.confirm_open()
            for name in list(self._acting)[: len(self._acting) - _IDENTITIES]:
                forgotten = self._acting.pop(name, None)  # by another thread, perhaps
                if forgotten is not None:
                    forgotten._gateway.pool.refresh()  # noqa: SLF001  # of its own kind
            acting = copy.copy(self)
            acting._gateway = Gateway(self._gateway.address, identity)  # noqa: SLF001  # as above
            acting._admission = Admission(acting._gateway)  # noqa: SLF001  # as above
            acting = self._acting.setdefault(identity, acting)
            self._made.add(acting._gateway.pool)  # noqa: SLF001  # as above
        return acting

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return capable(family)

    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        self._schema.create([each for each in families if each.table == table])

    def create_families(self, families: Sequence[StoredFamily]) -> None:
        self._schema.create(families)

    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        self._schema.drop(table, families)

    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        return self._schema.tables()

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        confirm_keys(keys)
        reading = self._reading(table, projection)
        with self._schema.told(table, reading.families):
            self._confirm_nothing_missed(reading)
            results = self._gateway.ask(partial(reading.asked, keys))
        wanted = Wanted(self._clocks.now() if reading.ages else 0, before)
        rows = {each.row: self._cells(reading, each.row, each.columns, wanted, timestamps) for each in results}
        if not rows.keys() <= set(keys):
            raise StoreContractError("the store answered a row that was not asked for; the answer was dropped")
        if len(rows) < len(results) or not all(each.columns for each in results):
            raise StoreContractError("the store answered a row twice, or one without cells; the answer was dropped")
        found = [(key, rows[key]) for key in keys if rows.get(key)]
        return found if len(found) == len(rows) else [(key, dict(cells)) for key, cells in found]

    def versions(
        self,
        table: str,
        key: bytes,
        family: StoredFamily,
        qualifier: bytes,
        *,
        limit: int | None = None,
        before: int | None = None,
    ) -> list[tuple[bytes, int]]:
        if limit is not None and limit < 0:
            raise RequestError("a limit is not negative")
        confirm_keys([key])
        self._schema.confirm(table, [family])
        if family.time_to_live is not None:
            self._clocks.confirm_not_ahead()
        wanted = Wanted(self._clocks.now(), before)
        with self._schema.told(table, [family]):
            found = self._older(self._gateway.table(table), key, family, family_name(family) + b":" + qualifier)
        return [(value, timestamp) for value, timestamp in found if wanted.of(family, timestamp)][:limit]

    def scan(
        self,
        table: str,
        projection: Projection,
        span: Span,
        *,
        batch_size: int,
        limit: int | None = None,
        before: int | None = None,
        timestamps: bool = False,
        cells: int | None = None,
        snapshot: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        confirm_scan(batch_size, limit, cells)
        if snapshot:
            raise Unsupported("hbase has no scan of one instant; leave out `snapshot`, or scan a clone of a snapshot")
        return self._scan(table, projection, span, None, batch_size, limit, before, timestamps, cells)

    def scan_passing(
        self,
        table: str,
        projection: Projection,
        span: Span,
        passing: Filter,
        *,
        batch_size: int,
        timestamps: bool = False,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        return self._scan(table, projection, span, passing, batch_size, None, None, timestamps, None)

    def _scan(
        self,
        table: str,
        projection: Projection,
        span: Span,
        passing: Filter | None,
        batch_size: int,
        limit: int | None,
        before: int | None,
        timestamps: bool,
        cells: int | None,
    ) -> Iterator[list[tuple[bytes, Cells]]]:
        reading = self._reading(table, projection)
        text = None if passing is None else there(passing, projection)
        patience = self._gateway.address.timeout
        scanner = Scanner(self._gateway.pool, reading.table, reading.columns, span, cells, text, patience)

        def read(number: int) -> list[tuple[bytes, Cells]]:
            self._schema.confirm(table, reading.families)
            with self._schema.told(table, reading.families):
                self._confirm_nothing_missed(reading)
                wanted = Wanted(self._clocks.now(), before)
                try:
                    found = scanner.read(number)
                except Exception as error:  # whatever the driver raises
                    raise self._gateway.failure(error) from error
            return [(key, self._cells(reading, key, columns, wanted, timestamps)) for key, columns in found]

        if passing is not None:
            return as_they_come(read, scanner.close, batch_size)
        return batches(read, scanner.close, batch_size, limit, cells)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        confirm_keys([each.key for each in mutations])
        families = set()
        for mutation in mutations:
            for change in mutation.changes:
                if change.timestamp is not None and not 0 <= change.timestamp < (1 << 63) - 1:
                    raise InvalidValue("a timestamp is milliseconds since 1970, from 0 to 2**63 - 2 on hbase")
                families.add(change.family)
        self._schema.confirm(table, families)
        if self._stamps is not None:
            self._clocks.confirm_agree()
        with self._schema.told(table, families):
            send(self._gateway, self._gateway.table(table), mutations, self._stamps, whole=whole)

    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        confirm_keys([key])
        self._schema.confirm(table, [*(each for each, _, _ in conditions), *(each.family for each in mutation.changes)])
        puts = [each for each in mutation.changes if isinstance(each, Put) and each.timestamp is None]
        if not len(conditions) == len(mutation.changes) == len(puts) == sum(len(each.values) for each in puts) == 1:
            raise Unsupported(
                "hbase compares one cell and puts one, stamped now; make it so, or lock the row by a cell"
            )
        (family, qualifier, expected), (put,) = conditions[0], puts
        if expected == b"":
            raise Unsupported(
                "hbase can't tell an empty value from none where it compares; put something into the cell"
            )
        name = self._gateway.table(table)
        ((column, value),) = put.values.items()
        change = PutCell(family_name(put.family) + b":" + column, value)
        condition = family_name(family) + b":" + qualifier
        with self._schema.told(table, [family, put.family]):
            applied: bool = self._gateway.tell(
                lambda client: client.checkAndPut(name, key, condition, expected, change, {})
            )
        return applied

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        counter(amount)
        confirm_keys([key])
        self._schema.confirm(table, [family])
        name = self._gateway.table(table)
        column = family_name(family) + b":" + qualifier
        with self._schema.told(table, [family]):
            total: int = self._gateway.tell(lambda client: client.atomicIncrement(name, key, column, amount))
            try:
                counter(total - amount)  # HBase goes on at the other end without a word
            except InvalidValue:
                back = amount if amount == -_HALF else -amount  # which has no other, and is half of all that there are
                self._gateway.tell(lambda client: client.atomicIncrement(name, key, column, back))
                raise
        return total

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        return self._schema.altered(families)

    def native_rights(self) -> HBaseRights:
        return HBaseRights(self._gateway)

    def administration(self) -> HBaseAdministration:
        return HBaseAdministration(self._gateway)

    def posture(self) -> Iterator[Sign]:
        return posture(self._gateway)

    def look(self) -> None:
        """Ask the gateway for something, and hbase behind it, so that one that is not there is told at once."""
        self._gateway.greet()
        self._schema.names()
        if self._stamps is not None:
            self._clocks.confirm_agree()

    def flush(self) -> None:
        """Do nothing but look: what HBase acknowledged is in its log."""
        self._gateway.pool.confirm_open()

    def statistics(self) -> dict[str, int | str]:
        pools = self._pools()
        return {
            "connections_opened": sum(each.opened for each in pools),
            "connections_discarded": sum(each.discarded for each in pools),
        }

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        """Yield nothing: HBase removes what is over when it compacts."""
        self._gateway.pool.confirm_open()
        yield from ()

    def back_up(self, target: Path) -> Iterator[Copied]:
        raise Unsupported("hbase keeps its files itself; `snapshot` its tables in `hbase shell`")

    def reopen(self) -> None:
        for each in self._pools():
            each.refresh()
        self._schema.forget()
        self._clocks.forget()

    def close(self) -> None:
        for each in self._pools():
            each.close()

    def abandon(self) -> None:
        for each in self._pools():
            each.abandon()

    def _pools(self) -> list[Pool]:
        return [self._gateway.pool, *self._made.copy()]

    def _older(self, table: bytes, key: bytes, family: StoredFamily, column: bytes) -> list[tuple[bytes, int]]:
        """Return the kept (value, timestamp) of a cell, newest first."""
        number = min(family.versions, _MOST)
        found = self._gateway.ask(lambda client: client.getVer(table, key, column, number, {}))
        return [(each.value, each.timestamp) for each in found]

    def _cells(self, reading: Reading, key: bytes, found: Any, wanted: Wanted, timestamps: bool) -> Cells:
        if wanted.before is None and not reading.ages:
            return reading.cells(found, timestamps)
        return reading.chosen(found, timestamps, wanted, partial(self._older, reading.table, key))

    def _reading(self, table: str, projection: Projection) -> Reading:
        """Return how a projection is asked for; all its families were there when something was last forgotten."""
        reading = self._readings.get(projection)
        if reading is None or reading.since is not self._schema.since:
            since = self._schema.since
            self._schema.confirm(table, projection.stored.values())
            if len(self._readings) >= _READINGS:
                self._readings.clear()
            reading = self._readings[projection] = Reading(self._gateway.table(table), projection, since)
        return reading

    def _confirm_nothing_missed(self, reading: Reading) -> None:
        """Raise `StoreError` where an answer would lack something that is there, and not say so."""
        if reading.ages:
            self._clocks.confirm_not_ahead()
        if self._admission is not None:
            self._admission.confirm(reading)


def open_store(url: str, *, clock: Callable[[], int], admit: Admit | None = None) -> HBaseStore:
    """Open the store behind a gateway: ``hbase://host:9090``; ``clock`` returns nanoseconds since 1970.

    Behind a ``/`` may stand what the names of its tables begin with: ``hbase://host/home_``, or a namespace,
    ``hbase://host/home:``.  ``?transport=framed`` where the gateway was started so; ``?timeout=10`` for seconds.

    A gateway over HTTP is ``hbase+http://``, or ``hbase+https://`` with TLS: ``?ca=`` says who signs its certificate,
    ``?cert=`` and ``?key=`` name our own; paths of PEM files.  With ``?doas=principal`` it acts as each principal, by
    the header `doAs`, for what they read and write; as its own user for the schema and our records.

    A change whose answer is lost is not sent again: it may have been applied, says the error.  With ``?retry_writes=true``
    plain puts and deletes of `apply` bear this clock's time instead of the server's, so that a second one is the same as
    the first, and are sent once more where the connection broke.  Then all who write need clocks that agree: of two plain
    writes the later one wins by these, a counter's or a compare-and-set's is stamped by the server, and either is hidden
    by a delete from a clock that is ahead.  A server's that is more than a second from ours is told, once a minute; reads
    of a family that has a ``time_to_live`` tell one that is behind ours.  Counters and compare-and-set are never sent again.

    Raises:
        RequestError: the URL does not make sense.
        StoreError: no gateway answers there, or the clocks do not agree.
    """
    address = parse(url)
    if admit is not None:
        admit(HBaseStore.scheme, address.plaintext)
    store = HBaseStore(address, clock=clock)
    try:
        store.look()
    except BaseException:
        store.close()
        raise
    return store
