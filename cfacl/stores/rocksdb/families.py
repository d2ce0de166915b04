"""The open database and its column families, and the lock that keeps writers from dropped ones.

Writing through the handle of a dropped column family poisons the whole database until it is
opened again.  So handles are found, used for writing and dropped under one lock.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import monotonic
from typing import Final, NamedTuple, TypeVar

from attrs import define, field
from rocksdict import ColumnFamily, Rdict, WriteBatch

from cfacl.errors import SchemaMissing, quoted
from cfacl.model.projection import StoredFamily
from cfacl.stores.rocksdb.descriptors import confirm_descriptors
from cfacl.stores.rocksdb.flush import SharedFlush
from cfacl.stores.rocksdb.keys import SYSTEM, FamilyName, stamp
from cfacl.stores.rocksdb.origin import FORMAT, FORMAT_KEY, another_version, known_key, known_names
from cfacl.stores.rocksdb.settings import Settings, setup
from cfacl.stores.rocksdb.stalls import Stalls
from cfacl.stores.rocksdb.watermark import Watermark

__all__ = ["GENERATION_KEY", "Database", "Generation", "Handle", "Held"]

#: Seconds between two marks.  Each looks at files, and lets other threads go first where these never rest.
_APART: Final = 1.0
#: How often a read tries to find the store still before it makes writers wait.
_TRIES: Final = 16

T = TypeVar("T")

#: What the store keeps for itself in the system column family beside what `origin` has there.
_CEILING_PREFIX: Final = b"c"
GENERATION_KEY: Final = b"g"


class Handle(NamedTuple):
    """A column family, as reads and as batches want it."""

    read: Rdict
    write: ColumnFamily


@define(eq=False)
class Held:
    """A family that the store holds.

    Attributes:
        cells: the newest version of each cell.
        older: the versions before it; ``None`` while no more than one was ever kept.
        highest: the highest timestamp that was accepted, in milliseconds.
        ceiling: what is on disk for it: never lower, so that a plain write wins after a crash too.
        dropped: whether a read that opens from now on could find only a part.
        columns: full column names by qualifier, for the first that were read; so a name that comes again is the same
            object, which knows its hash.
    """

    name: FamilyName
    cells: Handle
    older: Handle | None
    highest: int
    ceiling: int
    dropped: bool = False
    columns: dict[bytes, bytes] = field(factory=dict)

    @property
    def ceiling_key(self) -> bytes:
        return _CEILING_PREFIX + str(self.name).encode()


class Generation(NamedTuple):
    """How often what a reader in another process has to know changed: column families, and records about them.

    It is written behind the making or dropping of a column family, for a reader that sees it looks for what was
    changed, and together with a record.
    """

    columns: int
    records: int

    @classmethod
    def parse(cls, written: bytes | None) -> Generation:
        """Return what was written; ``None`` is a store from before there were readers."""
        columns, _, records = (written or b"0 0").partition(b" ")
        return cls(int(columns), int(records))

    def __bytes__(self) -> bytes:
        return b"%d %d" % self


class Database:
    """An open RocksDB with its column families.

    ``lock`` is held by whoever writes, creates or drops; reads need it not.
    """

    def __init__(self, path: Path, names: list[str], settings: Settings) -> None:
        self.lock = threading.RLock()
        self._shared = SharedFlush()
        self._stalls = Stalls()
        columns = {*names, SYSTEM, "default"}
        self.open_files = confirm_descriptors(path, len(columns), settings)
        self._options, self.cache = setup(settings, self.open_files)
        self.driver = Rdict(str(path), self._options, dict.fromkeys(columns, self._options))
        self._watermark = Watermark(path)
        self._marking = threading.RLock()
        self._marked = 0.0
        self.system = self._handle(SYSTEM)
        self._held: dict[tuple[str, str, int], Held] = {}
        found = self.system.read.get(FORMAT_KEY)
        if found is None:
            self._set({FORMAT_KEY: FORMAT})
        elif found != FORMAT:
            raise another_version(path)
        parsed = {name: FamilyName.parse(name) for name in names}
        orphans = [
            parts
            for parts in parsed.values()
            if parts is not None and parts.kind == "older" and str(parts._replace(kind="cells")) not in parsed
        ]
        for name, parts in parsed.items():
            if parts is not None and parts.kind == "cells":
                ceiling = self.system.read.get(_CEILING_PREFIX + name.encode())
                highest = 0 if ceiling is None else int.from_bytes(ceiling, "big")
                older = str(parts._replace(kind="older"))
                self._held[parts.table, parts.family, parts.identity] = Held(
                    parts, self._handle(name), self._handle(older) if older in parsed else None, highest, highest
                )
        self._generation = Generation.parse(self.system.read.get(GENERATION_KEY))
        # Whoever wrote before may have died behind a change and in front of telling of it.
        known = known_names(self.system.read)
        self._tell_of_columns([name for name in columns if name not in known])
        for each in orphans:
            self._drop_older(each)
        self.mark()

    def _handle(self, name: str) -> Handle:
        return Handle(self.driver.get_column_family(name), self.driver.get_column_family_handle(name))

    def _create(self, name: FamilyName) -> Handle:
        read = self.driver.create_column_family(str(name), self._options)
        self._tell_of_columns([str(name)])
        return Handle(read, self.driver.get_column_family_handle(str(name)))

    def _tell_of_columns(self, new: Sequence[str] = ()) -> None:
        """Note column families that are ``new``, and have readers in other processes open the store again.

        The lock is held.
        """
        self._generation = self._generation._replace(columns=self._generation.columns + 1)
        self._set({**{known_key(name): b"" for name in new}, GENERATION_KEY: bytes(self._generation)})

    def set_records(self, records: Mapping[bytes, bytes | None]) -> None:
        """Write or remove (``None``) records of the system table, and tell readers, at once; the lock is held."""
        self._generation = self._generation._replace(records=self._generation.records + 1)
        self._set({**records, GENERATION_KEY: bytes(self._generation)})

    def _set(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Write or remove (``None``) what the store keeps for itself."""

        def made() -> WriteBatch:
            batch = WriteBatch(raw_mode=True)
            for key, value in entries.items():
                if value is None:
                    batch.delete(key, self.system.write)
                else:
                    batch.put(key, value, self.system.write)
            return batch

        self.write(made)

    def write(self, make: Callable[[], WriteBatch]) -> None:
        """Write a batch, made anew for each try; the lock is held."""
        self._stalls.write(self.driver, make)

    def records(self) -> Rdict:
        """Return where the records of the system table are read."""
        return self.system.read

    def __iter__(self) -> Iterator[Held]:
        return iter(list(self._held.values()))

    def find(self, table: str, family: StoredFamily) -> Held:
        """Return a family.

        Raises:
            SchemaMissing: the store lacks it.
        """
        held = self._held.get((table, family.name, family.identity))
        if held is None:
            raise SchemaMissing(
                f"the store lacks family {quoted(family.name)} of table {quoted(table)}; `create_tables()` makes it"
            )
        return held

    def lacking(self, families: Sequence[StoredFamily]) -> list[str]:
        """Return the names of the column families that are to be made for some families."""
        new = [each for each in families if (each.table, each.name, each.identity) not in self._held]
        return [str(FamilyName("cells", each.identity, each.table, each.name)) for each in new]

    def create(self, table: str, family: StoredFamily) -> None:
        """Make room for a family that does not exist; the lock is held."""
        key = table, family.name, family.identity
        if key not in self._held:
            name = FamilyName("cells", family.identity, table, family.name)
            self._held[key] = Held(name, self._create(name), None, 0, 0)

    def keep_older(self, held: Held) -> Handle:
        """Return where a family's older versions are kept, made on first use; the lock is held."""
        if held.older is None:
            held.older = self._create(held.name._replace(kind="older"))
        return held.older

    def drop(self, table: str, family: StoredFamily) -> None:
        """Remove a family that exists, with its cells; the lock is held."""
        key = table, family.name, family.identity
        held = self._held.get(key)
        if held is None:
            return
        held.dropped = True
        try:
            self._forget(held.name)
            self.driver.drop_column_family(str(held.name))
        except BaseException:
            held.dropped = False
            raise
        del self._held[key]
        self._tell_of_columns()
        if held.older is not None:
            self._drop_older(held.name._replace(kind="older"))
        self._set({held.ceiling_key: None})

    def _drop_older(self, name: FamilyName) -> None:
        """Drop older versions, once the newest ones are gone: without them they are nobody's, after a crash too."""
        self._forget(name)
        self.driver.drop_column_family(str(name))

    def _forget(self, name: FamilyName) -> None:
        """Have it on the disk that a column family may be missing from now on."""
        self._set({known_key(str(name)): None})
        self._flush_log()

    def at_one_instant(self, sources: Sequence[T], open_one: Callable[[T], None], *, alone: bool = False) -> None:
        """Open all sources again and again, until nothing was written between the first and the last.

        The binding has no snapshot across column families; two equal sequence numbers do as well.  With ``alone``
        each source is one iterator, so that a single one needs none of it.
        """
        if alone and len(sources) == 1:
            return open_one(sources[0])
        for _ in range(_TRIES):
            sequence = self.driver.latest_sequence_number()
            for each in sources:
                open_one(each)
            if self.driver.latest_sequence_number() == sequence:
                return None
        with self.lock:
            for each in sources:
                open_one(each)
        return None

    def flush(self) -> None:
        """Return when all that was written before is on the disk; the lock must not be held."""
        self._shared(self._flush_log)

    def _flush_log(self) -> None:
        # Not `WriteOptions.sync`: that one holds the GIL while the disk works.
        self.driver.flush_wal(True)

    def persist(self) -> None:
        """Return as `flush` does; once in a while note then how far the files reach."""
        if monotonic() - self._marked > _APART:
            self.mark()
        else:
            self.flush()

    def mark(self) -> None:
        """Return as `flush` does, and have it noted how far the files reach."""
        self._marked = monotonic()
        with self._marking:
            looked = self._watermark.look()
            self.flush()
            self._watermark.note(looked)

    def close(self) -> None:
        """Write what is pending and let go of everything, even when that fails; once it is closed, nothing."""
        if self.closed:
            return
        try:
            self._set({each.ceiling_key: stamp(each.highest) for each in self if each.ceiling != each.highest})
            self.mark()
        finally:
            self._held.clear()
            del self.driver, self.system  # with the last reference the driver closes, if no local has another
        self._watermark.note(self._watermark.look())

    @property
    def closed(self) -> bool:
        """Whether it was let go of."""
        return "driver" not in vars(self)
