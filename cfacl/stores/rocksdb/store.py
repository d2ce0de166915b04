"""The embedded store."""

from __future__ import annotations

import sys
import threading
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path
from typing import ClassVar, Final

from cfacl.errors import CfaclError, Closed, RequestError
from cfacl.model.counter import counted, counter
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cells, Mutation, Put, Span
from cfacl.stores.base import CAPABLE, Capabilities, Copied, Store, Swept, confirm_scan
from cfacl.stores.posture import Sign
from cfacl.stores.rocksdb.administration import RocksAdministration
from cfacl.stores.rocksdb.backup import back_up
from cfacl.stores.rocksdb.creation import Alone
from cfacl.stores.rocksdb.descriptors import confirm_descriptors
from cfacl.stores.rocksdb.drafts import write
from cfacl.stores.rocksdb.errors import let_go, mapped
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.fork import keep_for_good, process
from cfacl.stores.rocksdb.gate import Gate, inside
from cfacl.stores.rocksdb.keys import after, head
from cfacl.stores.rocksdb.origin import confirm_whole
from cfacl.stores.rocksdb.parts import Place, parts
from cfacl.stores.rocksdb.posture import posture
from cfacl.stores.rocksdb.rows import Range, Source, merged, newest
from cfacl.stores.rocksdb.scanning import Instant, Opened, as_of, in_batches, range_of
from cfacl.stores.rocksdb.settings import Settings
from cfacl.stores.rocksdb.statistics import statistics
from cfacl.stores.rocksdb.sweeping import KINDS, step
from cfacl.stores.rocksdb.system import RocksSystemTable
from cfacl.stores.rocksdb.verification import column_families

__all__ = ["RocksStore"]

#: So many new families, and it is faster to open the database anew with them than to make them one by one.
_AT_ONCE: Final = 32
#: So many cells that are named are read one by one; for more, an iterator is as good.
_LOOKED_UP: Final = 64
_CLOSED: Final = "the store is closed; open it again"
_NOT_OPEN: Final = "the store is not open just now; open it again with `reopen()`"


class RocksStore(Store):
    """A store in one directory, for one process at a time; see `Store` for shapes, units and errors.

    What was written survives the death of the process at once, and that of the machine when it was written ``durable``,
    from the next durable write on, or after `flush` or `close`.  Records of the system table are on disk when acknowledged.
    """

    scheme: ClassVar[str] = "rocksdb"
    #: What keeps others from opening it for writing too, let go when it is closed; whoever reads keeps nobody out.
    _alone: Alone | None = None
    _ended = False

    def __init__(
        self, path: Path, names: list[str], settings: Settings, *, clock: Callable[[], int], alone: Alone
    ) -> None:
        self.gate = Gate()
        self._closing = threading.RLock()  # one that a signal's handler may take inside a call that has it
        self._clock = clock
        self._path = path
        self._settings = settings
        self._alone = alone
        self._instants: weakref.WeakSet[Instant] = weakref.WeakSet()
        self._database = Database(path, names, settings)
        self.system: RocksSystemTable = RocksSystemTable(self._database, self.gate)
        process.opened(self)

    def capabilities(self, family: StoredFamily) -> Capabilities:
        return CAPABLE

    @inside
    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        with self._database.lock:
            if any(each.identity < 1 for each in families):
                raise RequestError("the identity of a stored family is at least 1")
            for each in families:
                self._database.create(table, each)

    def create_families(self, families: Sequence[StoredFamily]) -> None:
        with self._closing:
            with self.gate:
                new = self._database.lacking(families)
            if len(new) < _AT_ONCE or any(each.identity < 1 for each in families):
                return super().create_families(families)
            # One after the other, each costs more than the one before: RocksDB writes the options of all of them anew.
            # All at once they are made while it opens, and whoever calls meanwhile waits.
            after = len(column_families(self._path)) + len(new)
            confirm_descriptors(self._path, after, self._settings, is_open=True, new=len(new))
            try:
                self.gate.hold()
                self._wait()
                self._database.close()
                self._open(new)
            except BaseException as error:
                if self._database.closed and not self.gate.closed:
                    self.gate.shut(_NOT_OPEN, for_good=False)
                elif not self.gate.closed:
                    self.gate.open()  # it was only waited
                if isinstance(error, CfaclError) or not isinstance(error, Exception):
                    raise
                raise mapped(error) from error

    @inside
    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        with self._database.lock:
            for each in families:
                self._database.drop(table, each)

    @inside
    def tables(self) -> dict[str, frozenset[tuple[str, int]]]:
        names = [held.name for held in self._database]
        return {
            table: frozenset((name.family, name.identity) for name in names if name.table == table)
            for table in sorted({name.table for name in names})
        }

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        with self.gate:
            return self._get(table, keys, projection, before, timestamps)

    @inside
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
        source = Source(Slice(family), self._database.find(table, family), self._now(), before)
        start = head(key)
        upper = after(start)
        self._database.at_one_instant([source], lambda each: each.open(upper, history=True))
        return list(islice(source.versions(start, qualifier), None if limit is None else min(limit, sys.maxsize)))

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
        self._check(table, projection)

        def opened(keys: Range, behind: Place | None = None) -> Opened:
            sources = self._sources(table, projection, before, timestamps)
            if cells is None:
                self._database.at_one_instant(sources, lambda each: each.open_range(keys))
                return Opened(sources, sources[0].rows() if len(sources) == 1 else merged(sources, keys.reverse))
            self._database.at_one_instant(sources, lambda each: each.open(keys.upper))
            return Opened(sources, parts(sources, keys, cells, behind))

        if not snapshot:
            return in_batches(self.gate, opened, span, batch_size, limit, whole=cells is None)
        with self.gate:
            instant = self._instant(opened, span)
        return as_of(self.gate, instant, self._now, batch_size, limit)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        with self.gate:
            self._apply(table, mutations, durable)

    @inside
    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        with self._database.lock:
            for each in (*(family for family, _, _ in conditions), *(change.family for change in mutation.changes)):
                self._database.find(table, each)
            for family, qualifier, expected in conditions:
                if self._newest(table, key, family, qualifier) != expected:
                    return False
            write(self._database, table, [mutation], self._now())
        if durable:
            self._database.persist()
        return True

    @inside
    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        with self._database.lock:
            total = amount + counted(self._newest(table, key, family, qualifier))
            write(self._database, table, [Mutation(key, (Put(family, {qualifier: counter(total)}),))], self._now())
        if durable:
            self._database.persist()
        return total

    def back_up(self, target: Path) -> Iterator[Copied]:
        with closing(back_up(self._database, self._path, target.absolute())) as steps:
            while True:
                with self.gate:
                    step = next(steps, None)
                if step is None:
                    return
                yield step

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        if family.time_to_live is None:
            return
        for kind in KINDS:
            start: bytes | None = b""
            while start is not None:
                with self.gate:
                    swept, start = step(self._database, family, kind, start, self._now() - family.time_to_live)
                yield swept

    def administration(self) -> RocksAdministration:
        return RocksAdministration(self.gate, lambda: self._database)

    def posture(self) -> Iterator[Sign]:
        return posture(self._path, self.statistics(), read_only=self.read_only)

    @inside
    def statistics(self) -> dict[str, int | str]:
        counts = {"calls_failed": self.gate.failed, "snapshot_scans_open": len(self._instants)}
        return {**statistics(self._database, self._settings), **counts}

    @inside
    def flush(self) -> None:
        self._database.mark()

    def close(self) -> None:
        with self._closing:
            if self._ended:
                return
            if not self.gate.closed:
                self.gate.shut(_CLOSED)
            self._wait()  # where that is interrupted, closing once more goes on
            try:
                self._database.close()
            except Exception as error:
                raise mapped(error) from error
            finally:
                self._ended = self._database.closed
                if self._ended and self._alone is not None:
                    self._alone.let_go()

    def reopen(self) -> None:
        with self._closing:
            if self.gate.closed:
                raise Closed(self.gate.shut_because)
            self.gate.shut(_NOT_OPEN, for_good=False)
            self._wait()
            with suppress(Exception):  # what made this necessary may be in its way, and is in nobody's any more
                self._database.close()
            self._open()

    def _wait(self) -> None:
        """Return once nobody is inside, and nothing is left open of the database."""
        self.gate.wait()
        for each in list(self._instants):
            each.end()

    def _open(self, new: Sequence[str] = ()) -> None:
        """Open the database again, with ``new`` column families beside those that it has, and let everybody in."""
        try:
            self._database = self._opened(new)
        except CfaclError as error:
            let_go(error)
            raise
        except Exception as error:
            raise mapped(error) from error
        self.system.database = self._database
        if self._ended:  # a signal's handler closed it meanwhile
            self._database.close()
            raise Closed(_CLOSED)
        self.gate.open()

    def _opened(self, new: Sequence[str]) -> Database:
        names = column_families(self._path)
        confirm_whole(self._path, names)
        if new:
            # Each that is made holds the directory open, by a descriptor of its own, until the store is opened again.
            Database(self._path, [*names, *new], self._settings).close()
        return Database(self._path, [*names, *new], self._settings)

    def abandon(self) -> None:
        self._closing = threading.RLock()  # a thread of the parent may hold the other one for ever
        self._ended = True
        if self.gate.shut_because is None or self.gate.held is not None:
            self.gate.shut("the store was opened by the parent of this process; open it after the fork")
        keep_for_good(self._database)
        keep_for_good(list(self._instants))

    def _now(self) -> int:
        return self._clock() // 1_000_000

    @inside
    def _check(self, table: str, projection: Projection) -> None:
        for each in projection.slices:
            self._database.find(table, each.family)

    def _sources(self, table: str, projection: Projection, before: int | None, timestamps: bool) -> list[Source]:
        find, now = self._database.find, self._now()
        return [Source(each, find(table, each.family), now, before, timestamps) for each in projection.slices]

    def _get(
        self, table: str, keys: Sequence[bytes], projection: Projection, before: int | None, timestamps: bool
    ) -> list[tuple[bytes, Cells]]:
        if len(keys) == 1 and before is None and len(projection.slices) == 1:
            only = projection.slices[0]
            if only.qualifiers is not None and len(only.qualifiers) == 1:
                return self._column(table, keys[0], only.family, only.qualifiers[0], timestamps)
        sources = self._sources(table, projection, before, timestamps)
        rows: list[tuple[bytes, Cells]] = []
        if before is None and (found := self._looked_up(sources, keys)) is not None:
            return found
        if keys:
            upper = after(head(max(keys)))
            self._database.at_one_instant(sources, lambda each: each.open(upper), alone=before is None)
            for key in keys:
                start = head(key)
                cells: Cells = {}
                for each in sources:
                    each.row(start, cells)
                if cells:
                    rows.append((key, cells))
        return rows

    def _column(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, timestamps: bool
    ) -> list[tuple[bytes, Cells]]:
        """Return a row of which one column was named: one read, and so one instant."""
        held, life = self._database.find(table, family), family.time_to_live
        found = newest(held, head(key), qualifier, -1 if life is None else self._now() - life)
        return [] if found is None else [(key, {family.prefix + qualifier: found if timestamps else found[0]})]

    def _looked_up(self, sources: list[Source], keys: Sequence[bytes]) -> list[tuple[bytes, Cells]] | None:
        """Return rows of which few columns were named, or ``None`` if those cannot be read one by one at one instant."""
        cells = 0
        for each in sources:
            if (columns := each.columns) is None:
                return None
            cells += columns * len(keys)
        if cells > _LOOKED_UP:
            return None
        driver = self._database.driver
        sequence = driver.latest_sequence_number()
        rows: list[tuple[bytes, Cells]] = []
        for key in keys:
            start = head(key)
            found: Cells = {}
            for each in sources:
                each.look_up(start, found)
            if found:
                rows.append((key, found))
        # One read is always of one instant; several are if nothing was written meanwhile.
        return rows if cells == 1 or driver.latest_sequence_number() == sequence else None

    def _apply(self, table: str, mutations: Sequence[Mutation], durable: bool) -> None:
        with self._database.lock:
            write(self._database, table, mutations, self._now())
        if durable:
            self._database.persist()

    def _instant(self, opened: Callable[[Range], Opened], span: Span) -> Instant:
        instant = Instant(opened(range_of(span)))
        self._instants.add(instant)
        return instant

    def _newest(self, table: str, key: bytes, family: StoredFamily, qualifier: bytes) -> bytes | None:
        """Return the value of a cell, if it has one that has not expired; the lock is held."""
        held, life = self._database.find(table, family), family.time_to_live
        found = newest(held, head(key), qualifier, -1 if life is None else self._now() - life)
        return None if found is None else found[0]
