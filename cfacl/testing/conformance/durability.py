"""What was acknowledged is there for whoever opens the store next, whatever became of the process that wrote it."""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final

import pytest

from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.base import Store
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.data import TABLE, delete, put
from cfacl.testing.conformance.suite import S, Suite, fresh_folder, needs

#: Changes of the row ``u1`` with the cells ``a`` and ``b``, each durable or not.
_CHANGES: Final[dict[str, Callable[[Store, StoredFamily, bool], object]]] = {
    "put": lambda store, each, durable: store.apply(
        TABLE, [Mutation(key, (Put(each, {b"a": b"new"}),)) for key in (b"u1", b"u2")], durable=durable
    ),
    "delete": lambda store, each, durable: store.apply(
        TABLE, [Mutation(b"u1", (Delete(each, (b"a",)),))], durable=durable
    ),
    "compare_and_set": lambda store, each, durable: store.compare_and_set(
        TABLE, b"u1", [(each, b"a", b"1")], Mutation(b"u1", (Put(each, {b"a": b"new"}),)), durable=durable
    ),
    "increment": lambda store, each, durable: store.increment(TABLE, b"u1", each, b"n", 5, durable=durable),
}


class Durability(Suite[S]):
    """A copy of the folder of an open store, opened: what a process that died just now would have left there.

    Where a copy of the folder is no store, exclude these with that for a reason.
    """

    @pytest.fixture(params=list(_CHANGES))
    def change(self, request: pytest.FixtureRequest, store: S, one: StoredFamily) -> Callable[[bool], object]:
        """Give a change to be made, durable or not, of a row that is there."""
        put(store, b"u1", one, {b"a": b"1", b"b": b"2"})
        return lambda durable: _CHANGES[request.param](store, one, durable)

    @contextlib.contextmanager
    def copied(self, folder: Path, clock: Clock) -> Iterator[S]:
        """Open a copy of a folder as it is now."""
        with fresh_folder() as aside:
            copy = Path(shutil.copytree(folder, aside / "copy"))
            with contextlib.closing(self.open(copy, clock)) as opened:
                yield opened

    def is_all_there(self, store: S, folder: Path, clock: Clock, *families: StoredFamily) -> None:
        """Hold a copy against the store."""
        with self.copied(folder, clock) as copy:
            if self.persistent:
                assert copy.tables() == store.tables()
                assert [self.raw_cells(copy, each) for each in families] == [
                    self.raw_cells(store, each) for each in families
                ]
                assert copy.system.items("") == store.system.items("")
            else:
                assert copy.tables() == {}
                assert copy.system.items("") == {}

    def test_what_is_durable_outlives_the_process(
        self, store: S, one: StoredFamily, folder: Path, clock: Clock, change: Callable[[bool], object]
    ) -> None:
        change(True)
        self.is_all_there(store, folder, clock, one)

    def test_what_was_flushed_outlives_the_process(
        self, store: S, one: StoredFamily, folder: Path, clock: Clock, change: Callable[[bool], object]
    ) -> None:
        change(False)
        store.flush()
        self.is_all_there(store, folder, clock, one)

    def test_what_need_not_be_on_the_disk_outlives_the_process(
        self, store: S, one: StoredFamily, folder: Path, clock: Clock, change: Callable[[bool], object]
    ) -> None:
        change(False)
        self.is_all_there(store, folder, clock, one)

    def test_records_outlive_the_process(self, store: S, folder: Path, clock: Clock) -> None:
        for changes in ({"k": (None, b"1")}, {"k": (b"1", b"2"), "l": (None, b"1")}, {"k": (b"2", None)}):
            assert store.system.compare_and_set_all(changes)
            self.is_all_there(store, folder, clock)
        assert store.system.compare_and_set("l", b"1", b"2")
        self.is_all_there(store, folder, clock)

    def test_families_that_came_and_went_outlive_the_process(
        self, store: S, one: StoredFamily, two: StoredFamily, folder: Path, clock: Clock
    ) -> None:
        for each in (one, two):
            put(store, b"u1", each, {b"a": b"1"})
        store.create_table("other", [self.family("new", table="other")])
        self.is_all_there(store, folder, clock, one, two)
        store.drop_table(TABLE, [one])
        self.is_all_there(store, folder, clock, two)

    @needs("latest_wins", "timestamps")
    def test_the_highest_timestamp_outlives_the_process(
        self, store: S, one: StoredFamily, folder: Path, clock: Clock
    ) -> None:
        future = clock.milliseconds + 5000
        put(store, b"u1", one, {b"a": b"future"}, timestamp=future)
        delete(store, b"u1", one)
        with self.copied(folder, clock) as copy:
            copy.create_table(TABLE, [one])
            put(copy, b"u1", one, {b"a": b"plain"})
            found = copy.versions(TABLE, b"u1", one, b"a")
            # What is on the disk may run ahead of the highest, so that it need not be written anew with each put.
            assert [value for value, stamp in found if stamp >= future or not self.persistent] == [b"plain"]
