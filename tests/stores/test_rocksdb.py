"""What only the embedded store has: a directory, a process, and a driver with edges.  One test for each edge."""

from __future__ import annotations

import contextlib
import errno
import importlib.metadata
import itertools
import os
import pickle
import random
import shutil
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
import rocksdict
from rocksdict import DBRecoveryMode, Options, Rdict, ReadOptions, WriteBatch

from cfacl.errors import (
    Closed,
    InvalidValue,
    RequestError,
    SchemaMissing,
    StoreCorrupted,
    StoreError,
    StoreLocked,
    StoreUnavailable,
)
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import MAX_VALUE, Delete, Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import RocksStore, keys
from cfacl.stores.rocksdb.errors import TEXTS, EndedEarly, mapped
from cfacl.stores.rocksdb.keys import FamilyName
from cfacl.stores.rocksdb.rows import Source, newest
from cfacl.stores.rocksdb.stalls import Stalls

TABLE = "account"
EVERYTHING = Span()
ONE = StoredFamily(TABLE, "one", 1, "public")
TWO = StoredFamily(TABLE, "two", 2, "public")
FOUR = [ONE, TWO, StoredFamily(TABLE, "three", 3, "public"), StoredFamily(TABLE, "four", 4, "public")]
KEPT = StoredFamily(TABLE, "kept", 5, "public", versions=3)


@pytest.fixture
def path(folder):
    return folder / "store"


@pytest.fixture
def reopen(path, clock):
    """Close the store that is open, if there is one, and open it again."""
    opened = []

    def again():
        close()
        opened.append(open_store(path, clock=clock))
        return opened[-1]

    def close():
        while opened:
            opened.pop().close()

    again.close = close
    yield again
    close()


@pytest.fixture
def store(reopen):
    made = reopen()
    made.create_table(TABLE, [*FOUR, KEPT])
    return made


def projection(*families):
    return Projection(Slice(each) for each in families)


def put(store, key, family, values, timestamp=None):
    store.apply(TABLE, [Mutation(key, (Put(family, values, timestamp),))])


def row(store, key, *families, **more):
    return dict(store.get(TABLE, [key], projection(*families), **more)).get(key)


def scanned(store, *families, span=EVERYTHING, batch_size=100, **more):
    return list(
        itertools.chain.from_iterable(store.scan(TABLE, projection(*families), span, batch_size=batch_size, **more))
    )


def raw(path, names=None):
    """Open the database with the bare driver."""
    options = Options(raw_mode=True)
    return Rdict(str(path), options, dict.fromkeys(names or Rdict.list_cf(str(path), options), options))


def run(script, *arguments, **more):
    """Run a script in another process; return what it printed, and how it ended."""
    command = [sys.executable, "-c", textwrap.dedent(PRELUDE) + textwrap.dedent(script), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **more)


PRELUDE = """
    import os, signal, sys, threading, time
    from cfacl.errors import CfaclError
    from cfacl.model.projection import Projection, Slice, StoredFamily
    from cfacl.model.request import Mutation, Put, Span
    from cfacl.stores.registry import open_store
    TABLE = "account"
    ONE = StoredFamily(TABLE, "one", 1, "public")
    def put(store, key, values, timestamp=None):
        store.apply(TABLE, [Mutation(key, (Put(ONE, values, timestamp),))])
    def opened(path):
        store = open_store("rocksdb://" + path, clock=lambda: 1_800_000_000_000_000_000)
        store.create_table(TABLE, [ONE])
        return store
"""


class TestReopening:
    def test_everything_is_there_again(self, store, reopen):
        future = 1_800_000_005_000
        put(store, b"u1", ONE, {b"a": b"1"})
        put(store, b"u1", KEPT, {b"a": b"1"}, 1)
        put(store, b"u1", KEPT, {b"a": b"2"}, future)
        store.system.compare_and_set("k", None, b"v")
        tables = store.tables()
        store = reopen()
        assert store.tables() == tables
        assert row(store, b"u1", ONE, KEPT) == {b"kept:a": b"2", b"one:a": b"1"}
        assert store.versions(TABLE, b"u1", KEPT, b"a") == [(b"2", future), (b"1", 1)]
        assert store.system.get("k") == b"v"

    def test_a_plain_put_still_wins_over_a_value_from_the_future(self, store, reopen, clock):
        future = clock.milliseconds + 5000
        for each in (ONE, KEPT):
            put(store, b"u1", each, {b"a": b"future"}, future)
        store = reopen()
        for each in (ONE, KEPT):
            put(store, b"u1", each, {b"a": b"plain"})
            assert row(store, b"u1", each, timestamps=True) == {each.prefix + b"a": (b"plain", future)}

    def test_a_plain_put_still_wins_after_the_clock_went_back(self, store, reopen, clock):
        put(store, b"u1", KEPT, {b"a": b"1"})
        stamp = clock.milliseconds
        clock.turn_back(60_000)
        store = reopen()
        put(store, b"u1", KEPT, {b"a": b"2"})
        assert store.versions(TABLE, b"u1", KEPT, b"a") == [(b"2", stamp)]

    def test_it_wins_by_a_second_at_most_however_often_the_process_dies(self, store, path, folder, clock):
        highest = clock.milliseconds + 5000
        put(store, b"u1", ONE, {b"a": b"future"}, highest)
        for number in range(4):
            copy = shutil.copytree(path, folder / f"crashed{number}")
            store.close()
            store, path = open_store(copy, clock=clock), copy
            put(store, b"u1", ONE, {b"a": b"%d" % number})
            ((value, stamp),) = row(store, b"u1", ONE, timestamps=True).values()
            assert value == b"%d" % number
            assert highest <= stamp <= highest + 1000
        store.close()

    def test_what_makes_that_so_is_seldom_written(self, store, clock):
        driver = store._database.driver
        put(store, b"u1", ONE, {b"a": b"1"})
        for turned in (0, 1, 999):
            clock.turn(turned)
            before = driver.latest_sequence_number()
            put(store, b"u1", ONE, {b"a": b"1"})
            assert driver.latest_sequence_number() == before + 1

    def test_what_was_dropped_stays_away(self, store, reopen, clock):
        put(store, b"u1", KEPT, {b"a": b"1"}, 1)
        put(store, b"u1", KEPT, {b"a": b"2"}, clock.milliseconds + 5000)
        store.drop_table(TABLE, [KEPT])
        store = reopen()
        assert KEPT.name not in {name for name, _ in store.tables()[TABLE]}
        store.create_table(TABLE, [KEPT])
        store = reopen()
        put(store, b"u1", KEPT, {b"a": b"3"})
        assert store.versions(TABLE, b"u1", KEPT, b"a") == [(b"3", clock.milliseconds)]

    def test_a_second_close_does_nothing_and_the_directory_is_free_after_the_first(self, store, path, clock):
        store.close()
        other = open_store(path, clock=clock)
        store.close()
        put(other, b"u1", ONE, {b"a": b"1"})
        other.close()

    def test_closing_waits_for_the_calls_under_way(self, store, monkeypatch):
        inside, closing = threading.Event(), threading.Event()
        opened = Source.open

        def slow(self, upper, **more):
            inside.set()
            assert closing.wait(60)
            opened(self, upper, **more)

        monkeypatch.setattr(Source, "open", slow)
        found = []
        reader = threading.Thread(target=lambda: found.append(row(store, b"u1", ONE)))
        put(store, b"u1", ONE, {b"a": b"1"})
        reader.start()
        assert inside.wait(60)
        closer = threading.Thread(target=store.close)
        closer.start()
        while store.gate.shut_because is None:
            pass
        with pytest.raises(Closed):
            store.tables()
        assert closer.is_alive()
        closing.set()
        reader.join()
        closer.join()
        assert found == [{b"one:a": b"1"}]

    def test_an_error_that_is_kept_does_not_hold_the_directory(self, store, reopen, path):
        fill(store)
        damage(store, path)
        store = reopen()
        with pytest.raises(StoreCorrupted) as kept:
            scanned(store, ONE)
        assert kept.value.__traceback__ is not None
        put(reopen(), b"u1", ONE, {b"a": b"1"})

    def test_a_refusal_that_is_kept_does_not_hold_the_directory_either(self, store, reopen):
        with pytest.raises(InvalidValue) as kept:
            put(store, b"u1", ONE, {b"a": b"1"}, -1)
        assert kept.value.__traceback__ is not None
        put(reopen(), b"u1", ONE, {b"a": b"1"})

    def test_a_scan_that_is_never_finished_does_not_hold_the_directory(self, store, reopen):
        fill(store)
        batches = store.scan(TABLE, projection(ONE, TWO), Span(), batch_size=1)
        next(batches)
        put(reopen(), b"u1", ONE, {b"a": b"1"})
        with pytest.raises(Closed):
            next(batches)


def fill(store, rows=3000):
    store.apply(
        TABLE,
        [Mutation(b"r%05d" % n, (Put(ONE, {b"q%d" % q: os.urandom(20) for q in range(5)}),)) for n in range(rows)],
    )


def damage(store, path, *, where=0.5, column=None):
    """Bring what is in the log into an SST file, close the store, and spoil a block of the file."""
    (column or store._database.find(TABLE, ONE).cells).read.flush()
    store.close()
    largest = max(path.glob("*.sst"), key=lambda each: each.stat().st_size)
    data = bytearray(largest.read_bytes())
    at = int(len(data) * where)
    data[at : at + 20] = bytes(each ^ 0xFF for each in data[at : at + 20])
    largest.write_bytes(data)


@pytest.mark.slow
class TestTornReads:
    """Snapshots of the binding are per column family, so a row over several families needs another way."""

    @pytest.fixture(autouse=True)
    def begun(self, store, pressed):
        self.write(store, 0)

    @staticmethod
    def write(store, n):
        changes = tuple(Put(each, {b"a": b"%d" % n, b"b": b"%d" % n}) for each in FOUR)
        store.apply(TABLE, [Mutation(b"u1", changes), Mutation(b"u2", changes)])

    @staticmethod
    def naively(store):
        handles = [store._database.find(TABLE, each).cells.read for each in FOUR]
        return [value[keys.STAMP :] for each in handles for _, value in each.items()]

    @staticmethod
    def by_get(store):
        return [value for _, cells in store.get(TABLE, [b"u1", b"u2"], projection(*FOUR)) for value in cells.values()]

    @staticmethod
    def by_row(store):
        return list(row(store, b"u2", *FOUR).values())

    @staticmethod
    def by_columns(store):
        named = Projection(Slice(each, (b"a", b"b")) for each in FOUR)
        return [value for _, cells in store.get(TABLE, [b"u1", b"u2"], named) for value in cells.values()]

    @staticmethod
    def by_scan(store):
        return [value for _, cells in scanned(store, *FOUR) for value in cells.values()]

    @staticmethod
    def by_scan_before(store):
        found = scanned(store, *FOUR, before=1 << 62, span=Span(reverse=True))
        return [value for _, cells in found for value in cells.values()]

    def torn(self, store, read, times):
        """Return whether one of so many reads saw two writes at once, while a thread writes."""
        stop = threading.Event()

        def write():
            for n in itertools.count(1):
                if stop.is_set():
                    return
                self.write(store, n)

        writer = threading.Thread(target=write)
        writer.start()
        try:
            return any(len(set(read(store))) != 1 for _ in range(times))
        finally:
            stop.set()
            writer.join()

    def test_one_family_after_the_other_tears(self, store):
        assert self.torn(store, self.naively, 1_000_000)

    @pytest.mark.parametrize("how", ["by_get", "by_row", "by_columns", "by_scan", "by_scan_before"])
    def test_nothing_that_the_store_reads_tears(self, store, how):
        assert not self.torn(store, getattr(self, how), 1500)

    @pytest.mark.slow
    @pytest.mark.no_cover
    @pytest.mark.parametrize("how", ["by_get", "by_row", "by_columns", "by_scan", "by_scan_before"])
    def test_nothing_tears_in_a_hundred_thousand_tries(self, store, how):
        assert not self.torn(store, getattr(self, how), 20_000)

    @pytest.mark.parametrize("cells", [16, 64, 65])
    @pytest.mark.parametrize("writes", [1, 2])
    def test_a_write_between_two_columns_is_noticed(self, store, cells, writes, monkeypatch):
        looked = Source.look_up
        left = iter(range(1, writes + 1))

        def interrupted(self, head, found):
            looked(self, head, found)
            with contextlib.suppress(StopIteration):
                TestTornReads.write(store, next(left))

        monkeypatch.setattr(Source, "look_up", interrupted)
        named = Projection(Slice(each, (b"a", b"b", *(b"%02d" % n for n in range(cells // 8 - 2)))) for each in FOUR)
        found = store.get(TABLE, [b"u1", b"u2"], named)
        assert len({value for _, row in found for value in row.values()}) == 1
        assert [len(row) for _, row in found] == [8, 8]

    @pytest.mark.parametrize("how", ["by_get", "by_row", "by_scan", "by_scan_before"])
    @pytest.mark.parametrize("writes", [1, 2, 7, 1000])
    def test_a_write_between_two_openings_is_noticed(self, store, how, writes, monkeypatch):
        opened = Source.open
        left = iter(range(1, writes + 1))

        def interrupted(self, upper, **more):
            opened(self, upper, **more)
            if not store._database.lock._is_owned():
                with contextlib.suppress(StopIteration):
                    TestTornReads.write(store, next(left))

        monkeypatch.setattr(Source, "open", interrupted)
        assert len(set(getattr(self, how)(store))) == 1

    def test_versions_of_a_cell_are_read_at_one_instant(self, store, monkeypatch):
        opened = Source.open
        for stamp in (1, 2, 3):
            put(store, b"u1", KEPT, {b"a": b"%d" % stamp}, stamp)
        at = store._database.find(TABLE, KEPT)
        older = at.older
        stamps = itertools.count(4)

        class Interrupting:
            def __getattr__(self, name):
                if not store._database.lock._is_owned() and (stamp := next(stamps)) < 6:
                    at.older = older
                    put(store, b"u1", KEPT, {b"a": b"%d" % stamp}, stamp)
                    at.older = self
                return getattr(older, name)

        def interrupted(self, upper, **more):
            at.older = Interrupting()
            opened(self, upper, **more)
            at.older = older

        monkeypatch.setattr(Source, "open", interrupted)
        assert store.versions(TABLE, b"u1", KEPT, b"a") == [(b"5", 5), (b"4", 4), (b"3", 3)]


class TestQuietEnds:
    """``items()`` of the binding ends at a damaged block as it does at the end."""

    @pytest.fixture
    def damaged(self, store, reopen, path):
        fill(store)
        damage(store, path)
        return reopen()

    def test_the_binding_still_does_that(self, damaged):
        assert 0 < sum(1 for _ in damaged._database.find(TABLE, ONE).cells.read.items()) < 15_000

    @pytest.mark.parametrize("families", [(ONE,), (ONE, TWO)])
    @pytest.mark.parametrize("reverse", [False, True])
    @pytest.mark.parametrize("batch_size", [1, 7, 10_000])
    def test_a_scan_never_ends_early(self, damaged, families, reverse, batch_size):
        whole = [b"r%05d" % n for n in range(3000)][:: -1 if reverse else 1]
        found = []
        with pytest.raises(StoreCorrupted, match="restore") as caught:
            for batch in damaged.scan(TABLE, projection(*families), Span(reverse=reverse), batch_size=batch_size):
                assert all(len(cells) == 5 for _, cells in batch)
                found += [key for key, _ in batch]
        assert found == whole[: len(found)]
        assert "Corruption" in str(caught.value.__cause__)

    def test_no_row_is_left_out_or_cut_short(self, damaged):
        answers = []
        for n in range(3000):
            try:
                answers.append(len(row(damaged, b"r%05d" % n, ONE)))
            except StoreCorrupted:
                answers.append(None)
        assert set(answers) == {5, None}
        # Not the first one: its cells may be whole, and only what follows them be damaged.
        key = b"r%05d" % (answers.index(None) + 1)
        qualifiers = tuple(b"q%d" % n for n in range(5))
        mutation = Mutation(key, (Put(TWO, {b"a": b"1"}),))
        for call in (
            lambda: row(damaged, key, ONE),
            lambda: damaged.get(TABLE, [b"r%05d" % n for n in range(3000)], projection(ONE)),
            lambda: damaged.get(TABLE, [key], Projection([Slice(ONE, qualifiers)])),
            lambda: [damaged.versions(TABLE, key, ONE, each) for each in qualifiers],
            lambda: [damaged.compare_and_set(TABLE, key, [(ONE, each, None)], mutation) for each in qualifiers],
            lambda: damaged.apply(TABLE, [Mutation(key, (Delete(ONE),))]),
            lambda: put(damaged, key, ONE, dict.fromkeys(qualifiers, b"1"), 1),
            lambda: scanned(damaged, ONE, span=Span(lower=key, upper=key + b"\0")),
            lambda: scanned(damaged, ONE, span=Span(lower=key, upper=key + b"\0", reverse=True)),
        ):
            with pytest.raises(StoreCorrupted):
                call()

    def test_no_older_version_is_left_out(self, store, reopen, path):
        cells = [b"r%05d" % n for n in range(1000)]
        for stamp in (1, 2, 3):
            changes = [Mutation(key, (Put(KEPT, {b"a": os.urandom(40)}, stamp),)) for key in cells]
            store.apply(TABLE, changes)
        damage(store, path, column=store._database.find(TABLE, KEPT).older)
        store = reopen()
        assert len(scanned(store, KEPT)) == 1000
        answers = set()
        for key in cells:
            try:
                answers.add(len(store.versions(TABLE, key, KEPT, b"a")))
            except StoreCorrupted:
                answers.add(None)
        assert answers == {3, None}
        for reverse in (False, True):
            with pytest.raises(StoreCorrupted):
                scanned(store, KEPT, before=3, span=Span(reverse=reverse))

    @pytest.mark.parametrize("where", [0.0, 0.001])
    def test_damage_at_the_start_is_no_empty_table(self, store, reopen, path, where):
        fill(store)
        damage(store, path, where=where)
        store = reopen()
        for reverse in (False, True):
            with pytest.raises(StoreCorrupted):
                scanned(store, ONE, span=Span(reverse=reverse))

    def test_an_end_that_cannot_be_explained_is_an_error_too(self, store, monkeypatch):
        fill(store, 10)
        opened = Source.open_range

        def cut(self, keys):
            opened(self, keys)
            self._items = itertools.islice(self._items, 7)

        monkeypatch.setattr(Source, "open_range", cut)
        for reverse in (False, True):
            with pytest.raises(StoreCorrupted) as caught:
                scanned(store, ONE, span=Span(reverse=reverse))
            assert isinstance(caught.value.__cause__, EndedEarly)

    def test_damage_in_the_system_table_is_no_missing_record(self, store, reopen, path):
        for n in range(100):
            store.system.compare_and_set(f"k{n:05}", None, os.urandom(1000))
        store._database.system.read.flush()
        store.close()
        for each in path.glob("*.sst"):
            data = bytearray(each.read_bytes())
            data[len(data) // 2] ^= 0xFF
            each.write_bytes(data)
        store = reopen()
        with pytest.raises(StoreCorrupted):
            store.system.items("")
        with pytest.raises(StoreCorrupted):
            [store.system.get(f"k{n:05}") for n in range(100)]


class TestBounds:
    def test_the_bindings_lower_bound_is_still_an_upper_one(self, store):
        put(store, b"a", ONE, {b"q": b"1"})
        put(store, b"b", ONE, {b"q": b"1"})
        options = ReadOptions()
        bound = b"b"
        options.set_iterate_lower_bound(bound)
        found = list(store._database.find(TABLE, ONE).cells.read.keys(read_opt=options))
        assert [each.partition(keys.END)[0] for each in found] == [b"a"]

    def test_a_bound_lives_as_long_as_what_it_bounds(self, store):
        """The binding keeps a pointer into the bytes: once they are freed, the end is anywhere."""
        source = Source(Slice(ONE), store._database.find(TABLE, ONE), 0)
        bound = bytes(bytearray(b"some bound that nobody else has"))
        references = sys.getrefcount(bound)
        source.open(bound)
        assert sys.getrefcount(bound) > references

    def test_bounds_hold_while_memory_is_used_again(self, store):
        fill(store, 200)
        for n in range(0, 200, 7):
            batches = store.scan(TABLE, projection(ONE, TWO), Span(upper=b"r%05d" % n), batch_size=1000)
            assert sum(map(len, batches)) == n
            assert row(store, b"r%05d" % n, ONE, TWO).keys() == {b"one:q%d" % q for q in range(5)}


class TestDroppedHandles:
    def test_the_binding_is_still_poisoned_by_a_write_through_one(self, path):
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.create_missing_column_families(True)
        database = Rdict(str(path), options, {"a": options, "b": options})
        dropped, kept = database.get_column_family_handle("a"), database.get_column_family("b")
        database.drop_column_family("a")
        batch = WriteBatch(raw_mode=True)
        batch.put(b"k", b"v", dropped)
        with pytest.raises(Exception, match="column family"):
            database.write(batch)
        with pytest.raises(Exception, match="column family"):
            kept[b"k"] = b"v"

    @pytest.mark.parametrize("family", [ONE, KEPT])
    def test_a_write_to_a_dropped_family_harms_nothing(self, store, family):
        put(store, b"u1", family, {b"a": b"1"}, 1)
        put(store, b"u1", family, {b"a": b"2"}, 2)
        store.drop_table(TABLE, [family])
        for change in (
            Put(family, {b"a": b"1"}),
            Put(family, {b"a": b"1"}, 5),
            Delete(family),
            Delete(family, (b"a",)),
        ):
            with pytest.raises(SchemaMissing):
                store.apply(TABLE, [Mutation(b"u1", (Put(TWO, {b"a": b"1"}), change))])
        put(store, b"u1", TWO, {b"a": b"2"})
        assert row(store, b"u1", TWO) == {b"two:a": b"2"}

    @pytest.mark.parametrize("call", ["get", "versions", "scan"])
    def test_a_read_that_opens_when_the_family_is_dropped_says_so(self, store, call, monkeypatch):
        put(store, b"u1", KEPT, {b"a": b"1"}, 1)
        put(store, b"u1", KEPT, {b"a": b"2"}, 2)
        opened = Source.open

        def late(self, upper, **more):
            store.drop_table(TABLE, [KEPT])
            opened(self, upper, **more)

        batches = store.scan(TABLE, projection(KEPT), Span(), batch_size=1)
        monkeypatch.setattr(Source, "open", late)
        calls = {
            "get": lambda: row(store, b"u1", KEPT, before=2),
            "versions": lambda: store.versions(TABLE, b"u1", KEPT, b"a"),
            "scan": lambda: next(batches),
        }
        with pytest.raises(SchemaMissing):
            calls[call]()

    @pytest.mark.parametrize("call", ["get", "scan"])
    def test_a_read_that_has_opened_ends_with_the_rows_as_they_were(self, store, call, monkeypatch):
        fill(store, 50)
        name = "rows" if call == "scan" else "row"
        reading = getattr(Source, name)
        dropped = []

        def late(self, *arguments):
            if not dropped:
                dropped.append(True)
                store.drop_table(TABLE, [ONE])
                store.create_table(TABLE, [ONE])
                put(store, b"new", ONE, {b"a": b"1"})
            return reading(self, *arguments)

        monkeypatch.setattr(Source, name, late)
        wanted = [b"r%05d" % n for n in range(50)]
        found = scanned(store, ONE) if call == "scan" else store.get(TABLE, wanted, projection(ONE))
        assert [(key, len(cells)) for key, cells in found] == [(key, 5) for key in wanted]
        assert scanned(store, ONE) == [(b"new", {b"one:a": b"1"})]

    @pytest.mark.parametrize("call", ["apply", "compare_and_set", "increment"])
    def test_no_family_can_be_dropped_between_being_found_and_being_written(self, store, call, monkeypatch):
        written = Stalls.write
        owned = []

        def watched(self, driver, make):
            def made():
                owned.append(store._database.lock._is_owned())  # where it is found
                return make()

            written(self, driver, made)
            owned.append(store._database.lock._is_owned())

        monkeypatch.setattr(Stalls, "write", watched)
        mutation = Mutation(b"u1", (Put(ONE, {b"a": bytes(8)}),))
        calls = {
            "apply": lambda: store.apply(TABLE, [mutation]),
            "compare_and_set": lambda: store.compare_and_set(TABLE, b"u1", [], mutation),
            "increment": lambda: store.increment(TABLE, b"u1", ONE, b"a", 1),
        }
        calls[call]()
        assert owned == [True, True]

    def test_a_column_of_a_family_that_was_dropped_once_it_was_found_is_not_said_to_be_missing(self, store):
        held = store._database.find(TABLE, ONE)
        source = Source(Slice(ONE, (b"a", b"b")), held, 0)
        store.drop_table(TABLE, [ONE])
        with pytest.raises(SchemaMissing, match="dropped meanwhile"):
            newest(held, keys.head(b"u1"), b"a", -1)
        with pytest.raises(SchemaMissing, match="dropped meanwhile"):
            source.look_up(keys.head(b"u1"), {})

    def test_a_drop_that_fails_leaves_the_family_usable(self, store):
        put(store, b"u1", ONE, {b"a": b"1"})
        database = store._database
        driver = database.driver

        class Failing:
            def drop_column_family(self, name):
                raise OSError("IO error: No space left on device: " + name)

            def __getattr__(self, name):
                return getattr(driver, name)

        database.driver = Failing()
        with pytest.raises(StoreUnavailable, match="no space left"):
            store.drop_table(TABLE, [ONE])
        database.driver = driver
        assert row(store, b"u1", ONE) == {b"one:a": b"1"}
        store.drop_table(TABLE, [ONE])
        with pytest.raises(SchemaMissing):
            row(store, b"u1", ONE)


class TestPicklingMode:
    def test_nothing_is_pickled_and_nothing_unpickled(self, store, reopen, path):
        class Bomb:
            def __reduce__(self):
                return (pytest.fail, ("unpickled",))

        payload = b"\x06" + pickle.dumps(Bomb())
        put(store, b"u1", ONE, {b"a": payload})
        put(store, b"u1", KEPT, {b"a": payload}, 1)
        put(store, b"u1", KEPT, {b"a": b"new"})
        store.system.compare_and_set("k", None, payload)
        store = reopen()
        assert row(store, b"u1", ONE) == {b"one:a": payload}
        assert store.versions(TABLE, b"u1", KEPT, b"a")[1] == (payload, 1)
        assert store.system.get("k") == payload
        assert store.system.items("") == {"k": payload}
        reopen.close()
        written = raw(path).get_column_family(str(FamilyName("cells", 1, TABLE, "one")))
        assert list(written.items()) == [(b"u1\0\0a", (1_800_000_000_000).to_bytes(8, "big") + payload)]


class TestRecovery:
    @pytest.fixture
    def crashed(self, store, path, folder):
        """What a crash leaves: a thousand writes, all of them in the log only, and none flushed."""
        for n in range(1000):
            store.apply(TABLE, [Mutation(b"r%05d" % n, (Put(ONE, {b"a": b"x" * 50}),))], durable=False)
        copy = folder / "crashed"
        shutil.copytree(path, copy)
        return copy

    @staticmethod
    def log(folder):
        return max(folder.glob("*.log"), key=lambda each: each.stat().st_size)

    def test_what_was_acknowledged_is_there(self, crashed, clock):
        store = open_store(crashed, clock=clock)
        assert len(scanned(store, ONE)) == 1000
        store.close()

    def test_damage_in_the_middle_of_the_log_is_refused_and_costs_no_row(self, crashed, clock):
        log = self.log(crashed)
        data = bytearray(log.read_bytes())
        data[len(data) // 2] ^= 0xFF
        log.write_bytes(data)
        for _ in range(2):
            with pytest.raises(StoreCorrupted, match="restore"):
                open_store(crashed, clock=clock)
        assert log.read_bytes() == data

    def test_the_bindings_default_would_lose_rows_there(self, crashed):
        log = self.log(crashed)
        data = bytearray(log.read_bytes())
        data[len(data) // 2] ^= 0xFF
        log.write_bytes(data)
        options = Options(raw_mode=True)
        options.set_wal_recovery_mode(DBRecoveryMode.point_in_time())
        names = Rdict.list_cf(str(crashed), options)
        lenient = Rdict(str(crashed), options, dict.fromkeys(names, options))
        found = lenient.get_column_family(str(FamilyName("cells", 1, TABLE, "one")))
        assert 0 < len(list(found.keys())) < 1000

    def test_a_torn_tail_is_what_a_crash_leaves_and_is_taken(self, crashed, clock):
        log = self.log(crashed)
        log.write_bytes(log.read_bytes()[:-30])
        store = open_store(crashed, clock=clock)
        assert [key for key, _ in scanned(store, ONE)] == [b"r%05d" % n for n in range(999)]
        put(store, b"r99999", ONE, {b"a": b"1"})
        store.close()

    def test_a_process_that_is_killed_loses_nothing_that_was_acknowledged(self, path, reopen, clock):
        done = run(
            """
            store = opened(sys.argv[1])
            for n in range(500):
                put(store, b"r%05d" % n, {b"a": b"1"}, 1_800_000_005_000)
            store.system.compare_and_set("k", None, b"v")
            print("acknowledged", flush=True)
            os.kill(os.getpid(), signal.SIGKILL)
            """,
            path,
        )
        assert done.stdout == "acknowledged\n"
        store = reopen()
        assert len(scanned(store, ONE)) == 500
        assert store.system.get("k") == b"v"
        put(store, b"r00000", ONE, {b"a": b"plain"})
        ((value, stamp),) = row(store, b"r00000", ONE, timestamps=True).values()
        assert value == b"plain"
        assert 1_800_000_005_000 <= stamp <= 1_800_000_006_000

    def test_that_a_family_may_be_missing_is_on_disk_before_it_is_dropped(self, store):
        """Or, after the machine died, what was dropped would be missed as what a damaged manifest lost."""
        for timestamp in (5, 6):
            put(store, b"r", KEPT, {b"q": b"1"}, timestamp)
        driver, done = store._database.driver, []

        class Recording:
            def __getattr__(self, name):
                if name in ("write", "flush_wal", "drop_column_family"):
                    done.append(name)
                return getattr(driver, name)

        store._database.driver = Recording()
        store.drop_table(TABLE, [KEPT])
        store._database.driver = driver
        first = ["write", "flush_wal", "drop_column_family"]
        assert done[:3] == first
        assert done[4:7] == first  # of its older versions, behind telling of the first

    def test_a_record_of_the_system_table_is_on_disk_before_it_is_acknowledged(self, store):
        driver, flushed = store._database.driver, []

        class Recording:
            def flush_wal(self, sync):
                flushed.append((sync, store._database.lock._is_owned(), store.system.get("k")))
                driver.flush_wal(sync)

            def __getattr__(self, name):
                return getattr(driver, name)

        store._database.driver = Recording()
        store.system.compare_and_set("k", None, b"1")
        store.system.compare_and_set("k", b"1", None)
        store._database.driver = driver
        assert flushed == [(True, False, b"1"), (True, False, None)]


class TestForks:
    SCRIPT = """
        store = opened(sys.argv[1])
        how = sys.argv[2]
        for n in range(100):
            put(store, b"r%05d" % n, {b"a": b"1"})
        scan = store.scan(TABLE, Projection([Slice(ONE)]), Span(), batch_size=10)
        next(scan)
        still = store.scan(TABLE, Projection([Slice(ONE)]), Span(), batch_size=10, snapshot=True)
        next(still)
        stop = threading.Event()
        def write():
            while not stop.is_set():
                put(store, b"busy", {b"a": b"1"})
        writer = threading.Thread(target=write)
        if how == "busy":
            writer.start()
        if how == "closing":
            store._closing.acquire()
        child = os.fork()
        if child == 0:
            signal.alarm(60)
            calls = [
                lambda: put(store, b"child", {b"a": b"1"}),
                lambda: store.get(TABLE, [b"r00000"], Projection([Slice(ONE)])),
                lambda: next(scan),
                lambda: next(still),
                lambda: store.system.compare_and_set("k", None, b"child"),
            ]
            for call in calls:
                try:
                    call()
                except CfaclError as error:
                    print(type(error).__name__, error, flush=True)
            store.close()
            del store, scan, still, calls, call
            import gc; gc.collect()
            sys.exit(7)
        status = os.waitpid(child, 0)[1]
        print("child", os.waitstatus_to_exitcode(status))
        stop.set()
        if how == "busy":
            writer.join()
        if how == "closing":
            store._closing.release()
        put(store, b"parent", {b"a": b"1"})
        assert sum(map(len, still)) == 90
        store.close()
        store = opened(sys.argv[1])
        keys = [key for batch in store.scan(TABLE, Projection([Slice(ONE)]), Span(), batch_size=50) for key, _ in batch]
        print(len([key for key in keys if key.startswith(b"r")]), b"parent" in keys, b"child" in keys)
    """

    @pytest.mark.rule("12e")
    @pytest.mark.parametrize("how", ["idle", "busy", "closing"])
    def test_a_child_neither_writes_nor_hangs_nor_harms(self, path, how):
        done = run(self.SCRIPT, path, how)
        line = "Closed the store was opened by the parent of this process; open it after the fork"
        assert done.stdout.splitlines() == [line] * 5 + ["child 7", "100 True False"], done.stderr
        assert done.returncode == 0

    @pytest.mark.parametrize("what", ["another", "the same"])
    def test_a_child_of_a_process_that_opened_a_store_opens_none(self, path, what):
        """Its background threads would be missing: a flush, and with it `close`, would wait for ever."""
        done = run(
            """
            store = opened(sys.argv[1])
            put(store, b"u1", {b"a": b"1"})
            store._database.find(TABLE, ONE).cells.read.flush()
            store.close()
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                try:
                    opened(sys.argv[1] if sys.argv[2] == "the same" else sys.argv[1] + "-2")
                except CfaclError as error:
                    print(type(error).__name__, error)
                sys.exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            path,
            what,
        )
        message = "this process was forked from one that had opened a store; open only after the fork, or spawn it"
        assert done.stdout == f"StoreUnavailable {message}\n7\n", done.stderr
        assert not Path(f"{path}-2").exists()

    def test_a_child_of_one_that_opened_none_opens_its_own(self, path):
        done = run(
            """
            child = os.fork()
            if child == 0:
                signal.alarm(60)
                store = opened(sys.argv[1])
                put(store, b"u1", {b"a": b"1"})
                store._database.find(TABLE, ONE).cells.read.flush()
                store.close()
                sys.exit(7)
            print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
            """,
            path,
        )
        assert done.stdout == "7\n", done.stderr


class TestSecondWriter:
    ATTEMPT = """
        try:
            opened(sys.argv[1])
        except CfaclError as error:
            print(type(error).__name__, error)
    """

    def test_another_process_is_told_who_has_it(self, store, path):
        done = run(self.ATTEMPT, path)
        assert done.stdout.startswith(f"StoreLocked `{path}`: another process has this store open")
        if f":{(path / 'LOCK').stat().st_ino} " in Path("/proc/locks").read_text():
            assert f"(process {os.getpid()})" in done.stdout
        put(store, b"u1", ONE, {b"a": b"1"})

    def test_the_same_process_is_told_and_the_lock_is_kept(self, store, path, clock):
        with pytest.raises(StoreLocked, match="this process has this store open already"):
            open_store(path, clock=clock)
        put(store, b"u1", ONE, {b"a": b"1"})
        assert run(self.ATTEMPT, path).stdout.startswith("StoreLocked ")

    def test_the_other_is_named_only_where_it_is_known(self, path, monkeypatch):
        from cfacl.stores.rocksdb import directory

        lock = path.parent / "LOCK"
        assert directory._holder(lock) is None
        lock.touch()
        assert directory._holder(lock) is None
        status = lock.stat()
        place = f"{os.major(status.st_dev):02x}:{os.minor(status.st_dev):02x}:{status.st_ino}"
        for pid, told in (("4711", 4711), ("0", None), ("-1", None), ("?", None)):
            lines = f"1: POSIX  ADVISORY  WRITE 1 00:01:2 0 EOF\n2: POSIX  ADVISORY  WRITE {pid} {place} 0 EOF\n"
            monkeypatch.setattr(Path, "read_text", lambda self, text=lines: text)
            assert directory._holder(lock) == told


def marks(folder):
    """Return what any write to a folder, or to a file in it, changes."""
    status = {each: each.stat() for each in (folder, *folder.iterdir())}
    return {each: (found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns) for each, found in status.items()}


class TestDirectory:
    def test_only_the_last_directory_is_created_for_the_owner_alone(self, folder, clock):
        with pytest.raises(StoreUnavailable, match="create it first") as caught:
            open_store(folder / "a" / "b", clock=clock)
        assert f"`{folder / 'a'}`" in str(caught.value)
        assert list(folder.iterdir()) == []
        open_store(folder / "a", clock=clock).close()
        assert (folder / "a").stat().st_mode & 0o777 == 0o700

    @pytest.mark.parametrize("name", ["with space", "100%", "a?b#c", "%2e", "\u00fc", "`"])
    def test_the_path_of_a_url_is_percent_decoded(self, folder, clock, name):
        open_store(f"rocksdb://{quote(str(folder / name))}", clock=clock).close()
        assert [each.name for each in folder.iterdir()] == [name]
        open_store(folder / name, clock=clock).close()
        assert [each.name for each in folder.iterdir()] == [name]

    @pytest.mark.parametrize(
        "url",
        [
            "rocksdb://",
            "rocksdb://host/srv",
            "rocksdb:///srv#x",
            "rocksdb:///a%00b",
            "rocksdb:///%ff",
        ],
    )
    def test_a_url_that_names_no_absolute_path_is_refused(self, url, clock):
        with pytest.raises(RequestError, match="absolute path"):
            open_store(url, clock=clock)

    def test_a_directory_that_holds_something_else_is_left_alone(self, folder, clock):
        (folder / "letter.txt").write_text("dear")
        before = marks(folder)
        with pytest.raises(StoreError, match="not a cfacl store"):
            open_store(folder, clock=clock)
        assert marks(folder) == before

    @pytest.mark.parametrize(
        "names", [(), ("users",), ("system", "users"), ("cells:1:t:f",), ("system", "cells:0:t:f")]
    )
    def test_a_database_of_somebody_else_is_left_alone(self, path, clock, names):
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        options.create_missing_column_families(True)
        database = Rdict(str(path), options, dict.fromkeys(names, options))
        database[b"k"] = b"v"
        database.close()
        before = marks(path)
        with pytest.raises(StoreError, match="not a cfacl store"):
            open_store(path, clock=clock)
        assert marks(path) == before

    def test_a_store_of_another_version_is_refused(self, store, path, clock):
        store._database.system.read[b"f"] = b"2"
        store.close()
        kept = []
        for _ in range(2):
            with pytest.raises(StoreError, match="another version of cfacl") as caught:
                open_store(path, clock=clock)
            kept.append(caught.value)

    def test_a_creation_that_a_crash_cut_short_is_taken_up_again(self, path, clock):
        path.mkdir()
        (path / "CFACL_CREATING").touch()
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        Rdict(str(path), options).close()
        store = open_store(path, clock=clock)
        store.create_table(TABLE, [ONE])
        put(store, b"u1", ONE, {b"a": b"1"})
        store.close()
        assert not (path / "CFACL_CREATING").exists()
        store = open_store(path, clock=clock)
        assert row(store, b"u1", ONE) == {b"one:a": b"1"}
        store.close()

    def test_a_file_is_no_directory(self, folder, clock):
        (folder / "file").touch()
        for each in (folder / "file", folder / "file" / "store"):
            with pytest.raises(StoreUnavailable, match=r"not a directory|create it first"):
                open_store(each, clock=clock)

    def test_a_path_alone_means_this_store(self, path, clock):
        store = open_store(path, clock=clock)
        assert isinstance(store, RocksStore)
        store.close()

    def test_the_drivers_default_column_family_and_foreign_names_hold_no_data(self, store, path, reopen):
        fill(store, 10)
        put(store, b"u1", KEPT, {b"a": b"1"}, 1)
        put(store, b"u1", KEPT, {b"a": b"2"}, 2)
        store.system.compare_and_set("k", None, b"v")
        reopen.close()
        assert list(raw(path).items()) == []
        names = set(Rdict.list_cf(str(path), Options(raw_mode=True))) - {"default", "system"}
        assert all(str(FamilyName.parse(each)) == each for each in names)
        assert [each for each in names if each.startswith("older:")] == ["older:5:account:kept"]


class TestErrors:
    def test_each_text_means_what_the_table_says(self):
        for text, kind, message in TEXTS:
            error = mapped(Exception(f"{text}x" if text.endswith(": ") else f"IO error: x: {text}: /srv/x"))
            assert (type(error), str(error)) == (kind, message)

    def test_each_text_that_no_test_here_provokes_is_one_that_the_driver_or_the_system_says(self):
        library = next(Path(rocksdict.__file__).parent.glob("rocksdict.*.so")).read_bytes()
        numbers = (errno.EMFILE, errno.EACCES, errno.EROFS, errno.ENOENT, errno.EISDIR, errno.EDQUOT, errno.ENOSPC)
        system = [os.strerror(each) for each in numbers]
        for text, _, _ in TEXTS:
            assert text == "While lock file" or text.encode() in library or text in system, text

    def test_what_nobody_knows_is_a_store_error_with_its_cause(self, store, monkeypatch):
        surprise = Exception("Merge in progress: u17")

        def failing(self, upper, **more):
            raise surprise

        monkeypatch.setattr(Source, "open", failing)
        with pytest.raises(StoreError) as caught:
            row(store, b"u1", ONE)
        assert type(caught.value) is StoreError
        assert caught.value.__cause__ is surprise
        assert "u17" not in str(caught.value)

    def test_the_drivers_own_closed_error_is_ours(self, path):
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        database = Rdict(str(path), options)
        database.close()
        with pytest.raises(rocksdict.DbClosedError) as caught:
            database.get(b"k")
        assert isinstance(mapped(caught.value), Closed)

    def test_a_file_that_is_gone_is_damage(self, store, path, clock):
        fill(store)
        store._database.find(TABLE, ONE).cells.read.flush()
        store.close()
        max(path.glob("*.sst"), key=lambda each: each.stat().st_size).unlink()
        with pytest.raises(StoreCorrupted, match="restore"):
            open_store(path, clock=clock)

    def test_too_many_open_files_says_what_to_raise(self, path):
        done = run(
            """
            import resource
            from cfacl.stores.rocksdb import families
            families.confirm_descriptors = lambda *given: 100
            few = len(os.listdir("/proc/self/fd")) + 3
            resource.setrlimit(resource.RLIMIT_NOFILE, (few, few))
            try:
                opened(sys.argv[1])
            except CfaclError as error:
                print(type(error).__name__, error)
            """,
            path,
        )
        assert done.stdout.startswith("StoreUnavailable ")
        assert "too many open files; raise the limit" in done.stdout

    def test_a_disk_that_takes_no_more_is_said_and_lets_go(self, path, clock):
        done = run(
            """
            import resource
            store = opened(sys.argv[1])
            put(store, b"a", {b"a": b"1"})
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
            try:
                for n in range(1000):
                    put(store, b"r%05d" % n, {b"a": b"x" * 1000})
            except CfaclError as error:
                print(n > 10, type(error).__name__, error)
            try:
                store.close()
            except CfaclError as error:
                print("close", type(error).__name__)
            try:
                put(store, b"b", {b"a": b"1"})
            except CfaclError as error:
                print(type(error).__name__)
            """,
            path,
        )
        lines = done.stdout.splitlines()
        assert lines[0].startswith("True StoreUnavailable rocksdb could not read or write"), done.stderr
        assert lines[1:] in (["close StoreUnavailable", "Closed"], ["Closed"])
        store = open_store(path, clock=clock)
        assert row(store, b"a", ONE) == {b"one:a": b"1"}
        store.close()

    def test_the_edges_were_tried_with_this_version_of_the_driver(self):
        """With another one, run every test of this file, look for new error texts, and only then change this line."""
        assert importlib.metadata.version("rocksdict") == "0.3.29"


class TestSizes:
    @pytest.mark.slow
    @pytest.mark.parametrize("size", [0, 1, 64 << 20, MAX_VALUE])
    def test_a_value_of_any_size_is_kept_and_comes_back_out_of_a_file(self, tmp_path, clock, size):
        store = open_store(tmp_path / "store", clock=clock)
        store.create_table(TABLE, [ONE])
        value = random.Random(size).randbytes(size)
        put(store, b"u1", ONE, {b"a": value})
        assert row(store, b"u1", ONE) == {b"one:a": value}
        store._database.find(TABLE, ONE).cells.read.flush()
        store.reopen()
        assert scanned(store, ONE) == [(b"u1", {b"one:a": value})]
        store.close()


class TestNames:
    @pytest.mark.parametrize(
        "name",
        ["", "default", "cells", "cells:1:t", "cells:1:t:f:x", "cells:x:t:f", "cells:01:t:f", "cells:0:t:f", "other:1:t:f",
         "cells:-1:t:f", "cells:\u0661:t:f", "cells:1:a/b:f", "cells:1:%ff:f", "cells:1:%2F:%2f", "cells:1:%2F:f "],
    )  # fmt: skip
    def test_a_name_that_nobody_here_would_write_is_nobodys(self, name):
        assert FamilyName.parse(name) is None

    def test_a_name_comes_back(self):
        for table in ("", "t", "a:b", "a%3Ab", "\0", "\ud800", "\u00fc"):
            for kind in ("cells", "older"):
                made = FamilyName(kind, 7, table, "f")
                assert FamilyName.parse(str(made)) == made
