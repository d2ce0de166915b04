"""The embedded store in a process that reads it beside the one that writes it."""

from __future__ import annotations

import itertools
import mmap
import os
import shutil
import struct
import tempfile
import textwrap
import threading
from pathlib import Path

import pytest

from cfacl.errors import Closed, SchemaMissing, StoreCorrupted, StoreError, StoreUnavailable, Unsupported
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import replica
from cfacl.stores.rocksdb.rows import Source
from cfacl.stores.rocksdb.verification import verify
from cfacl.stores.rocksdb.view import View

TABLE = "t"
ONE, TWO, THREE, FOUR = (
    StoredFamily(TABLE, name, number, "public", versions=3 if name == "four" else 1)
    for number, name in enumerate(("one", "two", "three", "four"), 1)
)
ALL = (ONE, TWO, THREE, FOUR)

#: What the writing process knows.
WRITER = """
import os, random, struct, time
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Mutation, Put
from cfacl.stores.registry import open_store
ALL = [StoredFamily("t", name, number, "public", versions=3 if name == "four" else 1)
       for number, name in enumerate(("one", "two", "three", "four"), 1)]
ONE, TWO, THREE, FOUR = ALL
clock = lambda: 1_800_000_000_000_000_000
def put(key, value, families=ALL, durable=False):
    changes = tuple(Put(each, {b"q": value}) for each in families)
    store.apply("t", [Mutation(key, changes)], durable=durable)
def column(family):
    return store._database.find("t", family).cells.read
"""


@pytest.fixture
def path(folder):
    return folder / "store"


@pytest.fixture
def temporary(folder, monkeypatch):
    """Where readers keep what is theirs."""
    made = folder / "temporary"
    made.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(made))
    return made


@pytest.fixture
def writer(another, path):
    """Another process that has a store of four families open for writing."""
    made = another()
    made.do(WRITER + f"store = open_store({str(path)!r}, clock=clock)\nstore.create_table('t', ALL)")
    return made


@pytest.fixture
def reader(path, clock):
    opened = []

    def open_reader(staleness=0.0):
        opened.append(open_store(path, clock=clock, read_only=True, staleness=staleness))
        return opened[-1]

    yield open_reader
    for each in opened:
        each.close()


def projection(*families):
    return Projection(Slice(each) for each in families)


def row(store, key=b"r", *families):
    return dict(store.get(TABLE, [key], projection(*(families or ALL)))).get(key)


def whole(value):
    return {b"%b:q" % each: value for each in (b"four", b"one", b"three", b"two")}


class TestCatchingUp:
    @pytest.mark.rule("Reading beside a writer")
    @pytest.mark.parametrize("durable", [True, False])
    def test_what_was_acknowledged_is_there_durable_or_not(self, writer, reader, durable):
        store = reader()
        for number in range(50):
            writer.do(f"put(b'r', b'{number}', durable={durable})")
            assert row(store) == whole(b"%d" % number)

    def test_every_way_of_reading_catches_up(self, writer, reader):
        store = reader()
        ways = [
            lambda: row(store)[b"one:q"],
            lambda: row(store, b"r", ONE)[b"one:q"],
            lambda: next(store.scan(TABLE, projection(ONE), Span(), batch_size=5))[0][1][b"one:q"],
            lambda: store.versions(TABLE, b"r", ONE, b"q")[0][0],
            lambda: store.versions(TABLE, b"r", FOUR, b"q")[0][0],
        ]
        for number, way in enumerate(ways):
            writer.do(f"put(b'r', b'{number}')")
            assert way() == b"%d" % number
        writer.do("store.system.compare_and_set('k', None, b'1')")
        assert store.system.get("k") == b"1"
        writer.do("store.system.compare_and_set('k', b'1', b'2')")
        assert store.system.items("") == {"k": b"2"}
        writer.do("store.create_table('t', [StoredFamily('t', 'five', 5, 'public')])")
        assert ("five", 5) in store.tables()[TABLE]

    def test_a_scan_of_one_instant_stays_there_whatever_is_caught_up_with(self, writer, reader):
        store = reader()
        writer.do("for n in range(100): put(b'%02d' % n, b'0')")
        scan = store.scan(TABLE, projection(ONE, TWO, FOUR), Span(), batch_size=10, snapshot=True)
        found = []
        for number in range(10):
            writer.do(f"for n in range(100): put(b'%02d' % n, b'1{number}')")
            writer.do("column(ONE).flush(); column(FOUR).flush()")
            if number == 5:
                writer.do("store.create_table('t', [StoredFamily('t', 'five', 5, 'public')])")
            assert row(store, b"00") == whole(b"1%d" % number)
            found += next(scan)
        assert len(found) == 100
        assert {value for _, cells in found for value in cells.values()} == {b"0"}
        assert list(scan) == []

    @pytest.mark.rule("Reading beside a writer")
    def test_a_read_may_lag_as_long_as_was_said_and_no_longer(self, writer, reader, monkeypatch):
        now = 1000.0
        monkeypatch.setattr(replica, "monotonic", lambda: now)
        writer.do("put(b'r', b'0')")
        store = reader(staleness=5.0)
        for number in range(1, 4):
            writer.do(f"put(b'r', b'{number}')")
            now += 4.9
            assert row(store) == whole(b"%d" % (number - 1))
            now += 0.2
            assert row(store) == whole(b"%d" % number)

    def test_a_family_that_is_not_there_is_looked_for_whatever_may_lag(self, writer, reader):
        store = reader(staleness=1e9)
        writer.do("store.create_table('t', [StoredFamily('t', 'five', 5, 'public')])")
        assert row(store, b"r", StoredFamily(TABLE, "five", 5, "public")) is None
        with pytest.raises(SchemaMissing):
            row(store, b"r", StoredFamily(TABLE, "six", 6, "public"))

    def test_files_that_the_writer_makes_and_removes_change_nothing(self, writer, reader):
        store = reader()
        for number in range(12):
            writer.do(f"[put(b'r%d' % n, b'{number}') for n in range(100)]\nput(b'r', b'{number}')")
            if number % 3:
                writer.do("column(ONE).flush()")
            if number % 2:
                writer.do("[(column(each).flush(), column(each).compact_range(None, None)) for each in ALL]")
            assert row(store) == whole(b"%d" % number)
            rows = [
                cells
                for batch in store.scan(TABLE, projection(*ALL), Span(upper=b"r:"), batch_size=7)
                for _, cells in batch
            ]
            assert rows == [whole(b"%d" % number)] * 101

    def test_a_scan_under_way_goes_on_when_files_go(self, writer, reader):
        writer.do("[put(b'r%d' % n, b'1') for n in range(10)]")
        batches = reader().scan(TABLE, projection(*ALL), Span(), batch_size=2)
        found = next(batches)
        for _ in range(4):
            writer.do(
                "[(column(each).flush(), column(each).compact_range(None, None)) for each in ALL]\nput(b'r0', b'2')"
            )
            found += next(batches)
        assert found == [(b"r%d" % n, whole(b"1")) for n in range(10)]

    @pytest.mark.parametrize("end", ["kill", "close"])
    def test_a_writer_that_ends_and_one_that_comes_change_nothing(self, writer, reader, another, path, end):
        store = reader()
        writer.do("put(b'r', b'1')")
        if end == "kill":
            writer.kill()
        else:
            writer.do("store.close()")
        assert row(store) == whole(b"1")
        assert row(reader()) == whole(b"1")
        other = another()
        other.do(WRITER + f"store = open_store({str(path)!r}, clock=clock)\nput(b'r', b'2')")
        assert row(store) == whole(b"2")

    @pytest.mark.rule("Reading beside a writer")
    def test_catching_up_that_fails_is_an_error_until_it_does_not(self, writer, reader, path):
        store = reader()
        writer.do("put(b'r', b'1')")
        hidden = path.rename(path.with_name("hidden"))
        for _ in range(2):
            with pytest.raises(StoreError):
                row(store)
        hidden.rename(path)
        assert row(store) == whole(b"1")

    def test_one_catch_up_that_fails_is_made_good_by_opening_it_again(self, writer, reader, monkeypatch):
        store = reader()
        writer.do("put(b'r', b'1')")
        failing = store._database.driver

        class Failing:
            def try_catch_up_with_primary(self):
                raise OSError("Corruption: MANIFEST record referencing unknown column family")

            def __getattr__(self, name):
                return getattr(failing, name)

        store._database.driver = Failing()
        assert row(store) == whole(b"1")

    def test_where_the_writer_began_another_log_meanwhile_it_is_opened_again(self, writer, reader, monkeypatch):
        store = reader()
        writer.do("put(b'r', b'1')")
        catch_up, opened = replica.Replica._catch_up, replica.Replica._open
        done = []

        def caught_up(self):
            catch_up(self)
            done.append("caught up")
            writer.do("[column(each).flush() for each in ALL]")

        monkeypatch.setattr(replica.Replica, "_catch_up", caught_up)
        monkeypatch.setattr(replica.Replica, "_open", lambda self: done.append("opened") or opened(self))
        assert row(store) == whole(b"1")
        assert done == ["caught up", "opened"]

    def test_files_that_never_rest_are_said_so(self, writer, reader, monkeypatch):
        store = reader()
        turns, times = itertools.count(), itertools.count(replica.monotonic())
        monkeypatch.setattr(replica, "monotonic", lambda: next(times))
        files = replica.Replica._files
        monkeypatch.setattr(replica.Replica, "_files", lambda self: {str(next(turns)): None, **files(self)})
        with pytest.raises(StoreUnavailable, match="change faster than they can be followed; try again"):
            row(store)


class TestTornReads:
    def test_no_thread_catches_up_between_two_openings(self, writer, reader, monkeypatch):
        store = reader()
        opened = Source.open
        numbers = itertools.count()
        others = []

        def interrupted(self, upper, **more):
            opened(self, upper, **more)
            other = threading.Thread(target=lambda: store._database.look())
            writer.do(f"put(b'r', b'{next(numbers)}')")
            others.append(other)
            other.start()
            other.join(0.01)

        writer.do("put(b'r', b'before')")
        monkeypatch.setattr(Source, "open", interrupted)
        assert len(set(row(store).values())) == 1
        for other in others:
            other.join()

    @pytest.mark.rule("Reading beside a writer")
    @pytest.mark.slow
    @pytest.mark.no_cover
    @pytest.mark.parametrize("busy", ["writing", "flushing", "restarting"])
    def test_of_twenty_thousand_reads_none_is_torn_or_stale_or_lacks_a_row(self, writer, reader, folder, busy):
        """The writer says in shared memory what it acknowledged; each read must have that, or later."""
        acknowledged = folder / "acknowledged"
        acknowledged.write_bytes(bytes(16))
        writer.begin(
            textwrap.dedent(
                f"""
                import mmap
                shared = mmap.mmap(os.open({str(acknowledged)!r}, os.O_RDWR), 16)
                chance, busy, number = random.Random(1), {busy!r}, 0
                while not shared[8]:
                    number += 1
                    values = {{b"q": b"%d" % number, b"long": bytes(50_000 if busy == "writing" and number % 50 == 0 else chance.choice([1, 10, 100]))}}
                    changes = tuple(Put(each, values) for each in ALL)
                    store.apply("t", [Mutation(b"r%d" % n, changes) for n in range(3)], durable=False)
                    struct.pack_into("<q", shared, 0, number)
                    asked, shared[9] = shared[9], 0
                    if asked:
                        for each in chance.choice([ALL, ALL[:1]]):
                            column(each).flush()
                        column(ONE).compact_range(None, None)
                        store.create_table("t", [StoredFamily("t", "more", 100 + number, "public")])
                    if asked and busy == "restarting":
                        store.close()
                        store = open_store({str(folder / "store")!r}, clock=clock)
                """
            )
        )
        shared = mmap.mmap(os.open(acknowledged, os.O_RDWR), 16)
        done = lambda: struct.unpack_from("<q", shared)[0]  # noqa: E731  # it is said where it is used
        faults, unfollowed = [], []
        try:
            while not done():
                assert writer.process.poll() is None
            store = reader()
            keys = [b"r0", b"r1", b"r2"]

            def read(times):
                for turn in range(times):
                    if busy != "writing" and turn % 1000 == 0:
                        shared[9] = 1
                    before = done()
                    try:
                        if turn % 10:
                            found = store.get(TABLE, keys, projection(*ALL))
                        else:
                            found = next(store.scan(TABLE, projection(*ALL), Span(), batch_size=3))
                    except StoreUnavailable:  # it says that it could not follow, which a busy machine makes it
                        unfollowed.append(turn)
                        continue
                    values = {value for _, cells in found for name, value in cells.items() if name.endswith(b":q")}
                    if [key for key, _ in found] != keys or {len(cells) for _, cells in found} != {8}:
                        faults.append("rows or cells are missing")
                    elif len(values) != 1:
                        faults.append("torn")
                    elif int(values.pop()) < before:
                        faults.append("stale")

            threads = [threading.Thread(target=read, args=(10_000,)) for _ in range(2)]
            for each in threads:
                each.start()
            for each in threads:
                each.join()
        finally:
            shared[8] = 1
        writer.end()
        assert not faults
        assert len(unfollowed) < 20
        assert done() > 100


class TestSchema:
    def test_a_family_that_is_dropped_and_made_again_has_none_of_the_old_cells(self, writer, reader):
        store = reader()
        writer.do("put(b'r', b'1')")
        assert row(store, b"r", ONE) == {b"one:q": b"1"}
        for _ in range(3):
            writer.do("store.drop_table('t', [ONE])")
            with pytest.raises(SchemaMissing):
                row(store, b"r", ONE)
            writer.do("store.create_table('t', [ONE])\nput(b's', b'2')")
            assert row(store, b"r", ONE) is None
            assert row(store, b"s", ONE) == {b"one:q": b"2"}
            assert row(store, b"r", TWO) == {b"two:q": b"1"}
            writer.do("put(b'r', b'1')\ncolumn(ONE).flush()\ncolumn(TWO).flush()")
            assert row(store, b"r", ONE, TWO) == {b"one:q": b"1", b"two:q": b"1"}

    def test_older_versions_that_are_kept_for_the_first_time_are_seen(self, writer, reader):
        store = reader()
        for number in range(3):
            writer.do(
                f"put(b'r', b'{number}')"
                if not number
                else f"store.apply('t', [Mutation(b'r', (Put(FOUR, {{b'q': b'{number}'}}, 1_800_000_000_000 + {number}),))])"
            )
            assert [value for value, _ in store.versions(TABLE, b"r", FOUR, b"q")] == [
                b"%d" % n for n in range(number, -1, -1)
            ]

    def test_the_watcher_is_told_before_the_call_that_noticed_returns_and_under_no_lock(self, writer, reader):
        store = reader()
        told = []

        def watcher():
            assert not store._database.lock._is_owned()
            assert not store.gate.calls
            told.append(store.system.get("k"))

        store.watch(watcher)
        assert not store.refresh()
        writer.do("store.system.compare_and_set('k', None, b'1')")
        assert row(store) is None
        assert told == [b"1"]
        writer.do("store.system.compare_and_set('k', b'1', b'2')")
        assert store.refresh()
        assert not store.refresh()
        writer.do("store.create_table('t', [StoredFamily('t', 'five', 5, 'public')])")
        batches = store.scan(TABLE, projection(ONE), Span(), batch_size=1)
        assert told == [b"1", b"2"]
        assert list(batches) == []
        writer.do("store.drop_table('t', [ONE])")
        with pytest.raises(SchemaMissing):
            row(store)
        assert told == [b"1", b"2", b"2", b"2"]

    def test_a_watcher_that_fails_is_told_again(self, writer, reader):
        store = reader()
        fails = [StoreError("not now"), None]

        def watcher():
            error = fails.pop(0)
            if error is not None:
                raise error

        store.watch(watcher)
        writer.do("store.system.compare_and_set('k', None, b'1')")
        with pytest.raises(StoreError, match="not now"):
            row(store)
        assert row(store) is None
        assert not fails

    def test_a_writer_tells_of_its_coming_for_one_before_may_have_died_before_it_told(
        self, writer, reader, path, another
    ):
        store = reader()
        seen = store._database.generation
        writer.kill()
        another().do(WRITER + f"store = open_store({str(path)!r}, clock=clock)")
        row(store)
        assert store._database.generation.columns > seen.columns

    def test_a_reader_hears_of_a_column_family_after_it_is_there_or_gone(self, path, clock, monkeypatch):
        """Told before, it would open the store again too early, and not once more."""
        from cfacl.stores.rocksdb.families import Database

        store = open_store(path, clock=clock)
        names = []
        telling = Database._tell_of_columns

        def watched(self, new=()):
            names.append({each for each in self.driver.list_cf(str(path)) if each not in ("default", "system")})
            telling(self, new)

        monkeypatch.setattr(Database, "_tell_of_columns", watched)
        store.create_table(TABLE, [FOUR])
        for stamp in (1, 2):
            store.apply(TABLE, [Mutation(b"r", (Put(FOUR, {b"q": b"v"}, stamp),))])
        store.drop_table(TABLE, [FOUR])
        store.close()
        assert names == [{"cells:4:t:four"}, {"cells:4:t:four", "older:4:t:four"}, {"older:4:t:four"}]


class TestLostFamilies:
    """A manifest that lost its end knows of fewer families; so does one that was read just before they were made."""

    def test_they_are_missed_when_it_opens_and_when_it_catches_up(self, writer, reader, path, clock):
        writer.do("put(b'r', b'1')")
        store = reader()
        assert row(store) == whole(b"1")
        writer.kill()
        (manifest,) = path.glob("MANIFEST-*")
        raw = manifest.read_bytes()
        manifest.write_bytes(raw[: raw.index(b"cells:4:t:four") - 12])
        for read in (lambda: row(store), lambda: row(store, b"r", ONE), store.tables, reader):
            with pytest.raises(StoreCorrupted, match="its manifest lacks families, `cells:4:t:four` for one; restore"):
                read()
        manifest.write_bytes(raw)
        assert row(store) == whole(b"1")

    @pytest.mark.parametrize("how", ["reader", "verify"])
    def test_one_that_came_and_went_while_it_opened_was_not_lost(self, writer, reader, path, monkeypatch, how):
        opening = "secondary" if how == "reader" else "read_only"
        opened = getattr(View, opening)
        families = iter(range(100, 103))

        def busy(view, options, names):
            number = next(families, None)
            if "system" not in names or len(names) == 2 or number is None:
                return opened(view, options, names)
            writer.do(f"more = StoredFamily('t', 'more', {number}, 'public')\nstore.create_table('t', [more])")
            found = opened(view, options, names)
            writer.do("store.drop_table('t', [more])")
            return found

        monkeypatch.setattr(View, opening, busy)
        if how == "reader":
            assert row(reader()) is None
        else:
            assert len(list(verify(path))) == 4
        assert next(families, None) is None


class TestRestartingWriter:
    """Whoever opens the store for writing begins another manifest; a reader may have read the name of the one before."""

    @pytest.fixture
    def switching(self, path, monkeypatch):
        """Have `CURRENT` name another manifest, which is there already, once a reader has linked the one before."""
        renewed = View._renew

        def switch(*names):
            coming, times = iter(names), itertools.count(1)

            def renew(view):
                renewed(view)
                if next(times) % 2 == 0 and (name := next(coming, None)) is not None:
                    (path / "new").write_text(f"{name}\n")
                    (path / "new").replace(path / "CURRENT")

            monkeypatch.setattr(View, "_renew", renew)

        return switch

    @pytest.mark.parametrize("names", [["MANIFEST-000098"], ["MANIFEST-000098", "MANIFEST-000099"]])
    @pytest.mark.parametrize("how", ["new", "lasting", "verify"])
    def test_another_manifest_is_no_damage(self, writer, reader, path, switching, how, names):
        writer.do("put(b'r', b'1')\ncolumn(ONE).flush()")
        store = reader() if how == "lasting" else None
        writer.kill()
        (manifest,) = path.glob("MANIFEST-*")
        for name in names:
            shutil.copy(manifest, path / name)
        switching(*names)
        if how == "verify":
            assert [each.values for each in verify(path)] == [1, 1, 1, 1]
        else:
            assert row(store or reader()) == whole(b"1")
        assert (path / "CURRENT").read_text() == f"{names[-1]}\n" or how == "verify"

    def test_what_comes_twice_of_the_same_files_is_damage(self, writer, reader, path, monkeypatch):
        writer.do("put(b'r', b'1')\n[column(each).flush() for each in ALL]")
        writer.kill()
        for file in path.glob("*.sst"):
            file.unlink()
        opened, times = replica.Replica._open, []

        def counted(opening):
            times.append(None)
            opened(opening)

        monkeypatch.setattr(replica.Replica, "_open", counted)
        with pytest.raises(StoreCorrupted, match="the data on disk is damaged; restore"):
            reader()
        assert len(times) == 2


class TestReading:
    @pytest.mark.rule("Reading beside a writer")
    def test_nothing_can_be_changed(self, writer, reader):
        store = reader()
        mutation = Mutation(b"r", (Put(ONE, {b"q": b"v"}), Delete(TWO)))
        changes = [
            lambda: store.create_table(TABLE, [ONE]),
            lambda: store.drop_table(TABLE, [ONE]),
            lambda: store.apply(TABLE, [mutation]),
            lambda: store.compare_and_set(TABLE, b"r", [], mutation),
            lambda: store.increment(TABLE, b"r", ONE, b"q", 1),
            lambda: store.flush(),
            lambda: store.sweep(ONE),
            lambda: store.back_up(Path("/nowhere")),
            lambda: store.system.compare_and_set("k", None, b"v"),
        ]
        for change in changes:
            with pytest.raises(Unsupported, match="open for reading only; make the change in the process that has"):
                change()

    def test_its_directory_is_its_own_and_goes_with_it(self, writer, reader, temporary, path):
        store = reader()
        (made,) = temporary.iterdir()
        assert made.stat().st_mode & 0o777 == 0o700
        writer.do("put(b'r', b'1')\ncolumn(ONE).flush()")
        row(store)
        assert len(list(temporary.iterdir())) == 1
        store.close()
        assert list(temporary.iterdir()) == []

    def test_its_directory_is_never_in_the_store(self, writer, reader, path, monkeypatch):
        names = sorted(path.iterdir())
        monkeypatch.setattr(tempfile, "tempdir", str(path))
        with pytest.raises(ValueError, match=r"lies in the store .*; set `TMPDIR` to another one"):
            reader()
        assert sorted(path.iterdir()) == names

    def test_without_a_directory_for_temporary_files_there_is_no_reader(self, writer, reader, monkeypatch):
        monkeypatch.setattr(tempfile, "tempdir", "/nowhere/at/all")
        with pytest.raises(StoreUnavailable, match="set `TMPDIR` to where one can"):
            reader()

    def test_many_read_and_the_writer_goes_on(self, writer, reader):
        stores = [reader() for _ in range(5)]
        for number in range(5):
            writer.do(f"put(b'r', b'{number}')")
            assert [row(each) for each in stores] == [whole(b"%d" % number)] * 5

    def test_it_is_closed_and_opened_again_as_others_are(self, writer, reader):
        store = reader()
        writer.do("put(b'r', b'1')")
        batches = store.scan(TABLE, projection(ONE), Span(), batch_size=1)
        store.reopen()
        assert row(store) == whole(b"1")
        assert store.system.get("k") is None
        store.close()
        store.close()
        for use in (lambda: row(store), lambda: next(batches), store.reopen, store.refresh):
            with pytest.raises(Closed):
                use()

    def test_in_a_forked_child_it_is_closed_and_its_directory_stays(self, writer, another, path, temporary):
        child = another()
        child.do(
            WRITER
            + textwrap.dedent(
                f"""
                import tempfile, sys
                tempfile.tempdir = {str(temporary)!r}
                store = open_store({str(path)!r}, clock=clock, read_only=True)
                pid = os.fork()
                if not pid:
                    try:
                        store.tables()
                    except Exception as error:
                        status = 7 if "after the fork" in str(error) else 8
                    store.close()
                    sys.stdin = None
                    import atexit; atexit._run_exitfuncs()
                    os._exit(status)
                answer = [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), len(os.listdir(tempfile.tempdir))]
                store.tables()
                """
            )
        )
        assert child.do("pass") is None

    def test_a_torn_tail_of_the_log_is_what_a_crash_leaves(self, writer, path, folder, clock):
        writer.do("[put(b'r%d' % n, b'v') for n in range(100)]")
        copy = folder / "copy"
        shutil.copytree(path, copy)
        log = max(copy.glob("*.log"), key=lambda each: each.stat().st_size)
        log.write_bytes(log.read_bytes()[:-10])
        store = open_store(copy, clock=clock, read_only=True)
        found = [key for batch in store.scan(TABLE, projection(*ALL), Span(), batch_size=1000) for key, _ in batch]
        assert len(found) == 99
        store.close()

    @pytest.mark.parametrize("what", ["log", "values", "missing"])
    def test_damage_is_never_fewer_rows(self, writer, path, folder, clock, what):
        writer.do("[put(b'r%03d' % n, b'v' * 100) for n in range(500)]")
        if what != "log":
            writer.do("[column(each).flush() for each in ALL]")
        copy = folder / "copy"
        shutil.copytree(path, copy)
        largest = max(copy.glob("*.log" if what == "log" else "*.sst"), key=lambda each: each.stat().st_size)
        if what == "missing":
            largest.unlink()
        else:
            data = bytearray(largest.read_bytes())
            data[len(data) // 3] ^= 0xFF
            largest.write_bytes(data)
        with pytest.raises(StoreCorrupted):
            store = open_store(copy, clock=clock, read_only=True)
            list(store.scan(TABLE, projection(*ALL), Span(), batch_size=1000))
