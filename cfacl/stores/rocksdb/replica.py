"""The database as it is seen from a process that does not write it.

RocksDB calls it a secondary instance.  It has to be told to catch up, and what was seen of it then is this:

* it takes a file that is missing for one without rows, and says nothing;
* where the writer brought rows from the log into a file before they were read from the log, it no longer reads them
  there, and older values in its memory go before those of the file, without a word;
* it takes no notice of column families that come and go, or refuses for good to catch up;
* it may crash where one was dropped and made again by the same name;
* it holds the GIL meanwhile.

No name comes again, for it has the family's identity in it.  The writer begins a new log whenever it sets out to bring
rows into a file.  So the instance catches up only while the newest log and the manifest are the same, and is opened
anew otherwise; and what came of either is believed only if no file went meanwhile.
"""

from __future__ import annotations

import math
import os
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic
from typing import Final, TypeVar, cast

from rocksdict import ColumnFamily, Rdict

from cfacl.errors import StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.stores.rocksdb.descriptors import confirm_descriptors
from cfacl.stores.rocksdb.families import GENERATION_KEY, Database, Generation, Handle, Held
from cfacl.stores.rocksdb.keys import SYSTEM, FamilyName
from cfacl.stores.rocksdb.logs import confirm_logs
from cfacl.stores.rocksdb.origin import confirm_families, confirm_format, confirm_origin
from cfacl.stores.rocksdb.records import current_named, log_number
from cfacl.stores.rocksdb.settings import Settings, setup
from cfacl.stores.rocksdb.view import View, led

__all__ = ["Replica"]

#: For how many seconds the writer may get in between before it is said so.
_PATIENCE: Final = 10.0

T = TypeVar("T")

#: The files in which the store is; of logs and manifests also which file it is, and how long.
Files = Mapping[str, tuple[int, int] | None]


class Replica(Database):
    """What another process writes, never more than ``staleness`` seconds behind; opened again in place where needed.

    ``lock`` is held from catching up until all that is read together is open.  A `Held` stays the same object when the
    store is opened again.

    Attributes:
        generation: the writer's, as far as it was seen.

    Raises:
        StoreError: it cannot be opened.
    """

    def __init__(self, path: Path, settings: Settings, staleness: float) -> None:
        self.lock = threading.RLock()
        self.generation = Generation(0, 0)
        self._path = path
        self._settings = settings
        made, self.cache = setup(settings, -1)  # held open whatever the writer removes
        self._options = led(path, made)
        self.open_files = -1
        self._staleness = staleness
        self._view: View | None = None
        self._held: dict[tuple[str, str, int], Held] = {}
        self._seen: Files = {}
        self._lasting: dict[str, tuple[int, int]] = {}
        self._since = -math.inf
        self._outdated = False
        self.look()

    def find(self, table: str, family: StoredFamily) -> Held:
        held = self._held.get((table, family.name, family.identity))
        if held is None or held.dropped:
            self.look()
        return super().find(table, family)

    def __iter__(self) -> Iterator[Held]:
        with self.lock:
            self.keep_up()
            return super().__iter__()

    def records(self) -> Rdict:
        with self.lock:
            self.keep_up()
            return self.system.read

    def at_one_instant(self, sources: Sequence[T], open_one: Callable[[T], None], *, alone: bool = False) -> None:
        """Open all sources, caught up with the writer; no other thread catches up between two of them."""
        with self.lock:
            self.keep_up()
            for each in sources:
                open_one(each)

    def keep_up(self) -> None:
        """Catch up if what is seen may be older than it may be; the lock is held."""
        if monotonic() - self._since >= self._staleness:
            self.look()

    def look(self) -> None:
        """Catch up with all that the writer acknowledged before this is called.

        Raises:
            StoreError: it could not; nothing is read until it can.
        """
        with self.lock:
            began = monotonic()
            last: Exception | None = None
            failed: tuple[Files, bytes] | None = None
            while monotonic() - began < _PATIENCE:
                files = self._files()
                if files == self._seen:
                    self._since = began
                    return
                self._seen, self._since = {}, -math.inf
                lasting = _lasting(files)
                opening = lasting != self._lasting
                current = current_named(self._path) if opening else b""
                try:
                    self._open() if opening else self._catch_up()
                except Exception as error:
                    self._lasting = {}  # nothing but opening it again helps now, whatever the files are
                    last = error
                    # Believed once it came twice of the same files: the writer may have changed to another manifest
                    # in the middle, of which there was a file before.
                    if opening and self._files() == files and current_named(self._path) == current:
                        if failed == (files, current):
                            raise
                        failed = files, current
                    continue
                after = self._files()
                whole = files.keys() <= after.keys()
                # Where column families came meanwhile, what is open is whole, and lacks them: the next one opens again.
                self._lasting = lasting if whole and not self._outdated else {}
                if whole and (opening or lasting == _lasting(after)):
                    self._seen, self._since = files, began
                    return
            raise StoreUnavailable("the store's files change faster than they can be followed; try again") from last

    def _catch_up(self) -> None:
        self.driver.try_catch_up_with_primary()
        generation = Generation.parse(self.system.read.get(GENERATION_KEY))
        if generation.columns != self.generation.columns:
            raise _OutdatedError
        self.generation = generation

    def _open(self) -> None:
        view = View(self._path)
        try:
            names, driver = self._secondary(view)
        except BaseException:
            view.close()
            raise
        if self._view is not None:
            self._view.close()
        self._view, self.driver = view, driver
        self.system = _handle(driver, SYSTEM)
        self.generation = Generation.parse(self.system.read.get(GENERATION_KEY))
        self._hold(names)

    def _secondary(self, view: View) -> tuple[list[str], Rdict]:
        """Return the names of the column families, and an instance that has all of them."""
        confirm_logs(self._path)
        names = view.names(self._options)
        confirm_origin(self._path, view, self._options, names)
        view.confirm_files(names)
        confirm_descriptors(self._path, len(names), self._settings, is_open=self._view is not None)
        driver = view.secondary(self._options, names)
        system = driver.get_column_family(SYSTEM)
        confirm_format(self._path, system)
        # Whatever the generation tells of was there before it, and so is in the second list if not in the first.
        now = {*view.names(self._options)}
        self._outdated = now != {*names}
        confirm_families(self._path, system, now.union(names))
        return names, driver

    def _hold(self, names: list[str]) -> None:
        """Have each `Held` lead to what was opened last, those of families that are gone say so, and new ones be there."""
        parsed = {name: parts for name in names if (parts := FamilyName.parse(name)) is not None}
        present: dict[tuple[str, str, int], Held] = {}
        for name, parts in parsed.items():
            if parts.kind == "cells":
                key = parts.table, parts.family, parts.identity
                cells = _handle(self.driver, name)
                held = present[key] = self._held.get(key) or Held(parts, cells, None, 0, 0)
                older = str(parts._replace(kind="older"))
                held.cells, held.older = cells, _handle(self.driver, older) if older in parsed else None
        for key in self._held.keys() - present.keys():
            self._held[key].dropped = True
        self._held = present

    def _files(self) -> Files:
        found: dict[str, tuple[int, int] | None] = {}
        for name in os.listdir(self._path):  # noqa: PTH208  # this is done for every read, and a `Path` for each name is slow
            if name.endswith(".sst"):
                found[name] = None
            elif name.endswith(".log") or name.startswith("MANIFEST-"):
                with suppress(FileNotFoundError):
                    status = os.stat(os.path.join(self._path, name))  # noqa: PTH116, PTH118  # as above
                    found[name] = status.st_ino, status.st_size
        return found

    def close(self) -> None:
        if self.closed:
            return
        self._held.clear()
        del self.driver, self.system
        if self._view is not None:
            self._view.close()


class _OutdatedError(Exception):
    """Column families came or went; the store has to be opened again."""


def _handle(driver: Rdict, name: str) -> Handle:
    # The driver has no handle for writing here, and nobody writes by one.
    return Handle(driver.get_column_family(name), cast("ColumnFamily", None))


def _lasting(files: Files) -> dict[str, tuple[int, int]]:
    """Return what has to be the same for catching up to be enough: the manifest, and which file the newest log is.

    A manifest that grew tells of files and column families that came or went.
    """
    newest = max((name for name in files if name.endswith(".log")), key=log_number, default="")
    return {
        name: (file[0], 0) if name == newest else file
        for name, file in files.items()
        if file and (name == newest or not name.endswith(".log"))
    }
