"""What the binding was seen to do with data, provoked on itself; and which of its calls the store therefore never makes.

What the store does about each of these stands beside it, or in `test_rocksdb.py` (torn reads, quiet ends, bounds,
dropped handles, recovery, forks), `test_rocksdb_secondary.py`, `test_rocksdb_damage.py` and `test_rocksdb_settings.py`.
"""

from __future__ import annotations

import ast
import contextlib
import os
import random
import re
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest
import rocksdict
from rocksdict import (
    AccessType,
    BottommostLevelCompaction,
    Checkpoint,
    CompactOptions,
    Options,
    Rdict,
    WriteOptions,
)

import cfacl.stores.rocksdb
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.stores.registry import open_store

ROOM = Path(cfacl.stores.rocksdb.__file__).parent

#: What is never called, and why.
NEVER = {
    "snapshot": "it is of one column family, and what goes through it goes through what is live",
    "with_ttl": "it is for the whole database, and returns what has expired",
    "set_iterate_lower_bound": "it sets the upper one",
    "set_prefix_extractor": "seeks end early",
    "sync": "it holds the GIL while the disk works",
    "disable_wal": "it writes to no log",
    "point_in_time": "it drops what follows damage in the log",
    "skip_any_corrupted_record": "it drops damage in the log",
    "absolute_consistency": "it refuses what every crash leaves",
    "set_recycle_log_file_num": "where logs are recycled, damage looks like the end of one",
    "set_unordered_write": "reads see writes in part",
    "set_paranoid_checks": "without them, damage is passed over",
    "repair": "it drops what it cannot read",
    "set_dumps": "values are bytes",
    "set_loads": "values are bytes",
}


def trees():
    for file in ROOM.glob("*.py"):
        yield file.name, ast.parse(file.read_text("utf-8"))


def names(tree):
    """What is looked up of anything, and what is imported."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            yield node.attr
        elif isinstance(node, ast.alias):
            yield node.name


def of_the_binding():
    """The names of its classes, and of what those have."""
    kinds = {name: kind for name, kind in vars(rocksdict).items() if isinstance(kind, type)}
    return {*kinds, *(name for kind in kinds.values() for name in dir(kind))}


def options():
    made = Options(raw_mode=True)
    made.create_if_missing(True)
    made.create_missing_column_families(True)
    return made


@pytest.fixture
def path(folder):
    return folder / "store"


@pytest.fixture
def driver(path):
    made = options()
    opened = Rdict(str(path), made, {"a": made, "b": made})
    yield opened
    opened.close()


class TestCalls:
    def test_what_harms_is_never_called(self):
        called = {(file, name) for file, tree in trees() for name in names(tree) if name in NEVER}
        assert not called, {name: NEVER[name] for _, name in called}

    def test_all_of_that_is_something_that_the_binding_has(self):
        assert {*NEVER} <= of_the_binding()

    def test_whatever_has_a_mode_is_given_the_one_without_pickle(self):
        calls = [
            (file, node.func.id, {each.arg: ast.unparse(each.value) for each in node.keywords}.get("raw_mode"))
            for file, tree in trees()
            for node in ast.walk(tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in ("Options", "WriteBatch")
        ]
        assert len(calls) > 5
        assert {mode for _, _, mode in calls} == {"True"}, calls

    def test_what_it_lacks_it_still_lacks(self):
        """With one of these, much here could be simpler."""
        lacking = re.compile(
            "merge_operator|set_compaction_filter|transaction|track_and_verify|comparator", re.IGNORECASE
        )
        assert not [name for name in of_the_binding() if lacking.search(name)]


class TestSnapshots:
    def test_what_goes_through_one_goes_through_what_is_live(self, driver):
        driver[b"k"] = b"old"
        snapshot = driver.snapshot()
        driver[b"k"] = b"new"
        at = snapshot.iter()
        at.seek(b"k")
        assert snapshot[b"k"] == b"old"
        assert [*snapshot.items()] == [(b"k", b"new")]
        assert at.value() == b"new"

    def test_one_of_a_column_family_is_of_no_other(self, driver):
        a, b = driver.get_column_family("a"), driver.get_column_family("b")
        snapshot = a.snapshot()
        b[b"k"] = b"1"
        with pytest.raises(Exception, match="key not found"):
            snapshot[b"k"]

    def test_a_read_only_instance_never_sees_what_is_written_later(self, path, driver):
        driver[b"k"] = b"old"
        made = options()
        reader = Rdict(str(path), made, dict.fromkeys(["a", "b"], made), AccessType.read_only(False))
        driver[b"k"] = b"new"
        assert reader[b"k"] == b"old"
        with pytest.raises(Exception, match="secondary"):
            reader.try_catch_up_with_primary()


class TestInterpreterLock:
    """With threads changed by nothing but a call that lets go of the lock, another one moves during it, or not."""

    @pytest.fixture
    def moves(self):
        interval, stop, count = sys.getswitchinterval(), threading.Event(), [0]

        def move():
            while not stop.is_set():
                count[0] += 1
                time.sleep(0)  # lets go of the lock

        def moved(call):
            before = count[0]
            call()
            return count[0] > before

        mover = threading.Thread(target=move)
        mover.start()
        sys.setswitchinterval(1000)
        yield moved
        sys.setswitchinterval(interval)
        stop.set()
        mover.join()

    def test_a_synchronous_write_holds_it_while_the_disk_works(self, driver, moves):
        synchronous = WriteOptions()
        synchronous.sync = True
        assert not any(moves(lambda: driver.put(b"k", b"v", synchronous)) for _ in range(500))

    def test_flushing_the_log_lets_go_of_it(self, driver, moves):
        def flushed():
            driver[b"k"] = b"v"
            return moves(lambda: driver.flush_wal(True))

        assert any(flushed() for _ in range(10_000))

    STOPPED = """
        import os, signal, sys, threading, time
        from rocksdict import Options, Rdict
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        driver = Rdict(sys.argv[1], options)
        driver.set_options({"level0_file_num_compaction_trigger": "9", "level0_stop_writes_trigger": "2"})
        for key in (b"1", b"2"):
            driver[key] = b"v"
            driver.flush()
        def beat():
            while True:
                print("beat", flush=True)
                time.sleep(0.01)
        threading.Thread(target=beat, daemon=True).start()
        time.sleep(0.1)
        print("writing", flush=True)
        driver[b"3"] = b"v"
    """

    @pytest.mark.slow
    def test_a_write_that_rocksdb_stops_holds_it_until_that_goes_on(self, path):
        """As where a disk is full, and files can't be brought together."""
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(self.STOPPED), str(path)]
        with pytest.raises(subprocess.TimeoutExpired) as ended:
            subprocess.run(command, capture_output=True, timeout=3, check=False)
        before, _, after = ended.value.stdout.partition(b"writing")
        assert before.count(b"beat") > 0
        assert after.count(b"beat") <= 1


class TestTimeToLive:
    def test_the_bindings_own_returns_what_has_expired(self, path):
        """It ends a value with the time of its writing, for all of the database, and looks at it when it compacts."""
        plain = Rdict(str(path), options())
        plain[b"k"] = b"v" + (1_400_000_000).to_bytes(4, "little")
        plain.close()
        living = Rdict(str(path), options(), access_type=AccessType.with_ttl(1))
        assert living[b"k"] == b"v"
        assert [*living.items()] == [(b"k", b"v")]
        living.close()


class TestPickling:
    def test_the_other_mode_runs_what_is_on_the_disk(self, path, folder):
        class Bomb:
            def __reduce__(self):
                return os.mkdir, (str(folder / "made by reading"),)

        pickling = Rdict(str(path))
        pickling["k"] = Bomb()
        assert not (folder / "made by reading").exists()
        pickling.get("k")
        assert (folder / "made by reading").exists()
        pickling.close()


class TestForks:
    """A child has the database, and none of the threads that work for it."""

    SCRIPT = """
        import os, signal, sys
        from rocksdict import Options, Rdict
        options = Options(raw_mode=True)
        options.create_if_missing(True)
        driver = Rdict(sys.argv[1], options)
        driver[b"parent"] = b"v"
        child = os.fork()
        if not child:
            signal.alarm(1)
            driver[b"child"] = b"v"
            print("acknowledged", flush=True)
            driver.flush()
            os._exit(0)
        ended = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        print(ended == -signal.SIGALRM, driver.get(b"child"))
    """

    def test_what_a_child_puts_is_lost_and_a_flush_never_ends(self, path):
        """If a thread of the parent held a lock just then, the put never ends either."""
        command = [sys.executable, "-W", "ignore", "-c", textwrap.dedent(self.SCRIPT), str(path)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
        assert done.stdout in ("acknowledged\nTrue None\n", "True None\n"), done.stderr
        reader = Rdict(str(path), options())
        assert [key for key, _ in reader.items()] == [b"parent"]
        reader.close()


class TestColumnFamilies:
    def test_each_that_is_made_has_the_options_of_all_written_anew(self, path, driver):
        """So a thousand that are made one by one take as long as half a million at once."""
        sizes = {}
        for number in range(10):
            driver.create_column_family(f"c{number}", options())
            newest = max(path.glob("OPTIONS-*"), key=lambda each: int(each.name.partition("-")[2]))
            sizes[newest.name] = newest.stat().st_size
        assert len(sizes) == 10
        assert [*sizes.values()] == sorted({*sizes.values()})

    def test_none_can_be_named_with_nul(self, driver):
        with pytest.raises(Exception, match="nul byte found"):
            driver.create_column_family("a\0b", options())


def compact(column):
    """Compact all of a column family, the last level included."""
    how = CompactOptions()
    how.set_bottommost_level_compaction(BottommostLevelCompaction.force())
    column.compact_range(None, None, how)


class TestErasing:
    """What SECURITY.md says: a value that is gone for everybody who asks the store is in its files for a while."""

    SECRET = random.Random(1).randbytes(200)  # nothing that could be compressed
    ONE = StoredFamily("t", "one", 1, "public", time_to_live=1000)

    @pytest.fixture
    def store(self, path, clock):
        opened = open_store(path, clock=clock)
        opened.create_table("t", [self.ONE])
        self.put(opened, b"a", b"v")
        self.put(opened, b"m", self.SECRET)
        self.column(opened).flush()
        yield opened
        opened.close()

    def put(self, store, key, value):
        store.apply("t", [Mutation(key, (Put(self.ONE, {b"q": value}),))])

    def column(self, store):
        return store._database.find("t", self.ONE).cells.read

    def rewrite(self, store):
        self.column(store).flush()
        compact(self.column(store))

    def scan(self, store, **more):
        return store.scan("t", Projection([Slice(self.ONE)]), Span(), batch_size=1, **more)

    def lies_in(self, folder):
        """The kinds of the files that it can be read from."""
        found = set()
        for file in folder.iterdir():
            with contextlib.suppress(OSError):  # a directory, or gone just now
                found |= {file.suffix} if self.SECRET in file.read_bytes() else set()
        return found

    def comes_to_lie_in(self, folder, kinds):
        """Whether it does once RocksDB removed what it needs no more, which it does on a thread of its own."""
        end = time.monotonic() + 60
        while self.lies_in(folder) != kinds and time.monotonic() < end:
            pass
        return self.lies_in(folder) == kinds

    @pytest.mark.parametrize("how", ["deleted", "overwritten", "swept"])
    def test_it_lies_in_the_log_and_in_files_until_those_are_rewritten(self, store, path, clock, how):
        if how == "deleted":
            store.apply("t", [Mutation(b"m", (Delete(self.ONE),))])
        elif how == "overwritten":
            self.put(store, b"m", b"another")
        else:
            clock.turn(2000)
            assert [each.removed for each in store.sweep(self.ONE)] == [2, 0]
        assert self.SECRET not in {value for rows in self.scan(store) for _, row in rows for value in row.values()}
        assert self.lies_in(path) == {".log", ".sst"}
        self.column(store).flush()
        store._database.system.read.flush()  # the last that needed the log
        assert self.comes_to_lie_in(path, {".sst"})
        self.rewrite(store)
        assert self.comes_to_lie_in(path, set())

    def test_compacting_leaves_it_in_the_last_level_unless_that_is_rewritten_too(self, path, driver):
        """Where a snapshot was held, which the store never does, it stays there after that is let go."""
        driver[b"k"] = self.SECRET
        snapshot = driver.snapshot()
        del driver[b"k"]
        driver.flush()
        del snapshot
        driver.compact_range(None, None)
        live = {path / each["name"].removeprefix("/") for each in driver.live_files()}
        assert [self.SECRET in file.read_bytes() for file in live] == [True]
        compact(driver)
        assert self.comes_to_lie_in(path, set())

    def test_a_scan_of_one_instant_keeps_it(self, store, path):
        scan = self.scan(store, snapshot=True)
        next(scan)
        store.apply("t", [Mutation(b"m", (Delete(self.ONE),))])
        store._database.system.read.flush()
        self.rewrite(store)
        assert self.comes_to_lie_in(path, {".sst"})
        scan.close()
        del scan
        self.rewrite(store)
        assert self.comes_to_lie_in(path, set())

    def test_a_backup_and_a_checkpoint_keep_it(self, store, path, folder):
        for _ in store.back_up(folder / "backup"):
            pass
        Checkpoint(store._database.driver).create_checkpoint(str(folder / "checkpoint"))
        store.apply("t", [Mutation(b"m", (Delete(self.ONE),))])
        self.rewrite(store)
        assert self.comes_to_lie_in(path, set())
        for kept in (folder / "backup" / "data", folder / "checkpoint"):
            assert self.lies_in(kept) == {".sst"}
