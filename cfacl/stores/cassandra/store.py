"""Families as tables of Cassandra behind the seam."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any, ClassVar, Final

from cfacl.errors import RequestError, Unsupported
from cfacl.model.counter import counter
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cells, Mutation, Span
from cfacl.model.settings import StoreSettings
from cfacl.stores.base import Admit, Capabilities, Copied, Store, Swept, confirm_scan
from cfacl.stores.batches import batches
from cfacl.stores.cassandra.address import Address, parse
from cfacl.stores.cassandra.changes import confirm_keys, confirm_timestamps, send
from cfacl.stores.cassandra.conditions import NOW, Conditions, microseconds
from cfacl.stores.cassandra.native import CassandraRights
from cfacl.stores.cassandra.posture import posture
from cfacl.stores.cassandra.reading import Named, Part, Reading
from cfacl.stores.cassandra.ring import ITSELF, Ring
from cfacl.stores.cassandra.scanning import confirm_span, is_empty, stream
from cfacl.stores.cassandra.schema import Schema
from cfacl.stores.cassandra.stamps import Stamps
from cfacl.stores.cassandra.system import Records
from cfacl.stores.posture import Sign
from cfacl.stores.wanted import Wanted

__all__ = ["CassandraStore", "open_store"]

#: How many projections are remembered with how they are asked for, before all are forgotten.
_READINGS: Final = 1024
_ORDERED: Final = Capabilities(
    atomic_batch=False,
    isolated_row=False,
    replaces_ties=False,
    latest_wins=False,
    given_clock=False,
    no_markers=False,
    live_scans=False,
    snapshot_reads=False,
    snapshot_scans=False,
    compare_and_set=False,
    conditions_and_puts=False,
)
#: Sees all.
_ALWAYS: Final = Wanted(0)
#: At most so many rows are taken together at once, whatever is asked for at once.
_ROWS: Final = 10_000
#: More rows than a scan has.
_MOST: Final = 1 << 62


class CassandraStore(Store):
    """A store in a keyspace; see `Store` for shapes, units and errors.

    Plain writes bear the cluster's time, in microseconds, and so does each change of a call: what was said last counts.  What
    outlives its family is left out of answers by the clock that the store was given, and removed by Cassandra an hour later.
    """

    scheme: ClassVar[str] = "cassandra"

    def __init__(self, address: Address, *, clock: Callable[[], int]) -> None:
        self.plaintext = address.plaintext
        self._ring = Ring(address)
        self._schema = Schema(self._ring)
        self._stamps = Stamps(clock, self._there)
        self._conditions = Conditions(self._ring, self._stamps)
        self._readings: dict[Projection, Reading] = {}
        self.system = Records(self._ring)

    def settle(self, settings: StoreSettings) -> None:
        self._schema.settings = settings
        self._ring.use_level(settings.cassandra_consistency)

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return self._schema.capable(family, _ORDERED)

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
        stamped = timestamps or before is not None
        wanted = self._wanted(reading.ages, before)
        with self._schema.told(table, reading.families, reading.tables):
            if len(keys) == 1:
                cells = reading.row(self._ring, keys[0], wanted(), stamped=stamped, timestamps=timestamps)
                return [(keys[0], cells)] if cells else []
            asked = list(dict.fromkeys(keys))
            rows = dict(reading.rows(self._ring, asked, wanted, stamped=stamped, timestamps=timestamps))
        found = [(key, rows[key]) for key in keys if rows[key]]
        return found if len(asked) == len(keys) else [(key, dict(cells)) for key, cells in found]

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
        (held,) = self._schema.confirm(table, [family])
        part = Part(held, Slice(family, (qualifier,)))
        wanted = self._wanted(part.ages, before)
        with self._schema.told(table, [family], [held]):
            return list(part.versions(self._ring, key, wanted()))[:limit]

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
            raise Unsupported("cassandra has no scan of one instant; leave out `snapshot`")
        reading = self._reading(table, projection)
        confirm_span(reading, span)
        wanted = self._wanted(reading.ages, before)

        def choose(part: Part, found: Iterable[Any]) -> Iterator[Named]:
            return part.cells(found, wanted(), timestamps=timestamps)

        def begin() -> Generator[Iterable[tuple[bytes, Cells]], None, None]:
            if is_empty(span):
                return
            rows = _MOST if limit is None else limit
            stamped = timestamps or before is not None
            yield from stream(self._ring, reading, span, rows, cells, choose, stamped=stamped)

        found = begin()
        rows = chain.from_iterable(found)

        def read(number: int) -> list[tuple[bytes, Cells]]:
            self._schema.confirm(table, reading.families)
            with self._schema.told(table, reading.families, reading.tables):
                return list(islice(rows, min(number, _ROWS)))

        return batches(read, found.close, batch_size, limit, cells)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        confirm_keys([each.key for each in mutations])
        confirm_timestamps(mutations)
        families = list({change.family: None for each in mutations for change in each.changes})
        tables = dict(zip(families, self._schema.confirm(table, families), strict=True))
        with self._schema.told(table, families, tables.values()):
            send(self._ring, tables, mutations, self._stamps, whole=whole)

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
        families = [*(each for each, _, _ in conditions), *(each.family for each in mutation.changes)]
        tables = self._schema.confirm(table, families)
        if len(set(tables)) != 1 or not conditions or not mutation.changes:
            raise Unsupported(
                "cassandra compares and puts cells of one family; make it so, or lock the row by a cell of each family"
            )
        with self._schema.told(table, families, tables):
            return self._conditions.compare_and_set(tables[0], key, conditions, mutation)

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        counter(amount)
        confirm_keys([key])
        (held,) = self._schema.confirm(table, [family])
        with self._schema.told(table, [family], [held]):
            return self._conditions.increment(held, key, family, qualifier, amount)

    def altered(self, families: Sequence[StoredFamily]) -> list[StoredFamily]:
        return self._schema.altered(families)

    def native_rights(self) -> CassandraRights:
        return CassandraRights(self._ring)

    def posture(self) -> Iterator[Sign]:
        return posture(self._ring)

    def look(self) -> None:
        """See that the keyspace is there, so that one that is not is told at once."""
        self._ring.confirm_keyspace()

    def flush(self) -> None:
        """Do nothing but look: what Cassandra acknowledged is in its commit log."""
        self._ring.confirm_open()

    def statistics(self) -> dict[str, int | str]:
        return self._ring.statistics()

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        """Yield nothing: Cassandra removes what is over when it compacts."""
        self._ring.confirm_open()
        yield from ()

    def back_up(self, target: Path) -> Iterator[Copied]:
        raise Unsupported("cassandra keeps its files itself; use `nodetool snapshot`")

    def reopen(self) -> None:
        end = self._ring.reopen()
        self._schema.forget()
        self._stamps.forget()
        end()

    def close(self) -> None:
        self._ring.close()

    def abandon(self) -> None:
        self._ring.abandon()

    def _there(self) -> int:
        ((now,),) = self._ring.ask(self._ring.prepare(NOW, ITSELF))
        return microseconds(now)

    def _reading(self, table: str, projection: Projection) -> Reading:
        """Return how a projection is asked for; all its families were there when something was last forgotten."""
        reading = self._readings.get(projection)
        if reading is None or reading.since is not self._schema.since:
            since = self._schema.since
            tables = self._schema.confirm(table, [each.family for each in projection.slices])
            if len(self._readings) >= _READINGS:
                self._readings.clear()
            reading = self._readings[projection] = Reading(tables, projection, since)
        self._ring.confirm_open()
        return reading

    def _wanted(self, ages: bool, before: int | None) -> Callable[[], Wanted]:
        """Return what says which versions are seen, by the clock as it is when it is asked."""
        if not ages:
            always = _ALWAYS if before is None else Wanted(0, before)
            return lambda: always
        self._stamps.confirm_not_ahead()
        return lambda: Wanted(self._stamps.now(), before)


def open_store(url: str, *, clock: Callable[[], int], admit: Admit | None = None) -> CassandraStore:
    """Open the store at a URL; ``clock`` returns nanoseconds since 1970.

    Raises:
        RequestError: the URL makes no sense, or names no data centre of the cluster.
        StoreError: no node can be reached, or there is no such keyspace.
    """
    address = parse(url)
    if admit is not None:  # before the driver says who we are, to whoever listens there
        admit(CassandraStore.scheme, address.plaintext)
    store = CassandraStore(address, clock=clock)
    try:
        store.look()
    except BaseException:
        store.close()
        raise
    return store
