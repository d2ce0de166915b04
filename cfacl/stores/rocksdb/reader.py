"""The embedded store in a process that only reads it."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from cfacl.errors import Unsupported
from cfacl.model.projection import Projection, StoredFamily
from cfacl.model.request import Cells, Mutation, Span
from cfacl.stores.base import READ_ONLY, Copied, Swept
from cfacl.stores.rocksdb.families import Database, Generation
from cfacl.stores.rocksdb.fork import process
from cfacl.stores.rocksdb.gate import Gate
from cfacl.stores.rocksdb.replica import Replica
from cfacl.stores.rocksdb.rows import Source
from cfacl.stores.rocksdb.settings import Settings
from cfacl.stores.rocksdb.store import RocksStore
from cfacl.stores.rocksdb.system import RocksSystemTable

__all__ = ["RocksReader"]


class RocksReader(RocksStore):
    """A store that another process writes, or none just now; any number of these may be open.

    A read returns what the writer had acknowledged at most ``staleness`` seconds before it began, durable or not, or
    it raises.  See `Store` for shapes, units and errors.
    """

    read_only = True
    _database: Replica

    def __init__(self, path: Path, settings: Settings, *, staleness: float, clock: Callable[[], int]) -> None:
        self.gate = Gate()
        self._closing = threading.RLock()
        self._clock = clock
        self._path = path
        self._settings = settings
        self._instants = weakref.WeakSet()
        self._staleness = staleness
        self._watcher: Callable[[], None] | None = None
        self._database = Replica(path, settings, staleness)
        self._told = self._database.generation
        self.system = _Records(self._database, self.gate)
        process.opened(self)

    def _opened(self, new: Sequence[str]) -> Database:
        return Replica(self._path, self._settings, self._staleness)

    def watch(self, watcher: Callable[[], None]) -> None:
        self._watcher = watcher

    def refresh(self) -> bool:
        with self.gate:
            self._database.look()
        return self._tell()

    def _tell(self) -> bool:
        """Tell the watcher what was noticed, and return whether there was anything.

        Every thread that finds it untold tells it, and so none goes on before it is known.  Nobody is inside the gate
        or holds a lock here: the watcher waits for others that do.
        """
        noticed: Generation = self._database.generation
        if noticed == self._told:
            return False
        if self._watcher is not None:
            self._watcher()
            self._told = noticed
        return True

    def get(
        self,
        table: str,
        keys: Sequence[bytes],
        projection: Projection,
        *,
        before: int | None = None,
        timestamps: bool = False,
    ) -> list[tuple[bytes, Cells]]:
        try:
            return super().get(table, keys, projection, before=before, timestamps=timestamps)
        finally:
            self._tell()

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
        try:
            return super().versions(table, key, family, qualifier, limit=limit, before=before)
        finally:
            self._tell()

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
        try:
            batches = super().scan(
                table,
                projection,
                span,
                batch_size=batch_size,
                limit=limit,
                before=before,
                timestamps=timestamps,
                cells=cells,
                snapshot=snapshot,
            )
        finally:
            self._tell()

        def told() -> Iterator[list[tuple[bytes, Cells]]]:
            while True:
                try:
                    batch = next(batches, None)
                finally:
                    self._tell()
                if batch is None:
                    return
                yield batch

        return told()

    def _column(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, timestamps: bool
    ) -> list[tuple[bytes, Cells]]:
        with self._database.lock:
            self._database.keep_up()
            return super()._column(table, key, family, qualifier, timestamps)

    def _looked_up(self, sources: list[Source], keys: Sequence[bytes]) -> list[tuple[bytes, Cells]] | None:
        with self._database.lock:
            self._database.keep_up()
            return super()._looked_up(sources, keys)

    def create_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        raise Unsupported(READ_ONLY)

    def create_families(self, families: Sequence[StoredFamily]) -> None:
        raise Unsupported(READ_ONLY)

    def drop_table(self, table: str, families: Sequence[StoredFamily]) -> None:
        raise Unsupported(READ_ONLY)

    def apply(self, table: str, mutations: Sequence[Mutation], *, durable: bool = True, whole: bool = False) -> None:
        raise Unsupported(READ_ONLY)

    def compare_and_set(
        self,
        table: str,
        key: bytes,
        conditions: Sequence[tuple[StoredFamily, bytes, bytes | None]],
        mutation: Mutation,
        *,
        durable: bool = True,
    ) -> bool:
        raise Unsupported(READ_ONLY)

    def increment(
        self, table: str, key: bytes, family: StoredFamily, qualifier: bytes, amount: int, *, durable: bool = True
    ) -> int:
        raise Unsupported(READ_ONLY)

    def flush(self) -> None:
        raise Unsupported(READ_ONLY)

    def sweep(self, family: StoredFamily) -> Iterator[Swept]:
        raise Unsupported(READ_ONLY)

    def back_up(self, target: Path) -> Iterator[Copied]:
        raise Unsupported(READ_ONLY)


class _Records(RocksSystemTable):
    """The writer's system table; the watcher reads it, and so is not told of what is noticed here."""

    def compare_and_set(self, key: str, expected: bytes | None, value: bytes | None) -> bool:
        raise Unsupported(READ_ONLY)

    def compare_and_set_all(self, changes: Mapping[str, tuple[bytes | None, bytes | None]]) -> bool:
        raise Unsupported(READ_ONLY)
