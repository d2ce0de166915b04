"""What is on the disk when a write is acknowledged, and who waits for whose flush."""

from __future__ import annotations

import random
import shutil
import subprocess
import sys
import textwrap
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from cfacl.errors import StoreCorrupted, StoreError, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb.watermark import MARKS

PLAIN = StoredFamily("t", "plain", 1, "public")
KEPT = StoredFamily("t", "kept", 2, "public", versions=3)
BOTH = Projection([Slice(PLAIN), Slice(KEPT)])


@pytest.fixture
def store(rocksdb_url, clock):
    opened = open_store(rocksdb_url, clock=clock)
    opened.create_table("t", [PLAIN, KEPT])
    yield opened
    opened.close()


def put(store, key=b"r", value=b"v", **more):
    store.apply("t", [Mutation(key, (Put(PLAIN, {b"q": value}), Put(KEPT, {b"q": value})))], **more)


class Watched:
    """The driver, but for its flushes, which are noted and can be made to wait or fail."""

    def __init__(self, store):
        self.database = store._database
        self.driver = self.database.driver
        self.flushes = []
        self.before = lambda: None
        self.database.driver = self

    def flush_wal(self, sync):
        self.before()
        self.flushes.append((sync, self.database.lock._is_owned(), self.driver.latest_sequence_number()))
        self.driver.flush_wal(sync)

    def __getattr__(self, name):
        return getattr(self.driver, name)


@pytest.fixture
def watched(store):
    made = Watched(store)
    yield made
    store._database.driver = made.driver


@pytest.mark.parametrize(
    "write",
    [
        put,
        lambda store, **more: store.increment("t", b"r", PLAIN, b"n", 1, **more),
        lambda store, **more: store.compare_and_set(
            "t", b"r", [(PLAIN, b"x", None)], Mutation(b"r", (Put(PLAIN, {b"q": b"v"}),)), **more
        ),
    ],
    ids=["apply", "increment", "compare_and_set"],
)
def test_a_durable_write_is_flushed_after_it_was_written_and_without_the_lock(store, watched, write):
    before = watched.driver.latest_sequence_number()
    write(store, durable=False)
    assert watched.flushes == []
    write(store)
    write(store, durable=True)
    assert [(sync, locked) for sync, locked, _ in watched.flushes] == [(True, False)] * 2
    assert before < watched.flushes[0][2] < watched.flushes[1][2] == watched.driver.latest_sequence_number()
    store.flush()
    assert len(watched.flushes) == 3


def test_what_was_not_set_needs_no_flush(store, watched):
    put(store, durable=False)
    change = Mutation(b"r", (Put(PLAIN, {b"q": b"w"}),))
    assert store.compare_and_set("t", b"r", [(PLAIN, b"q", b"other")], change) is False
    assert watched.flushes == []


def test_those_who_wait_share_a_flush(store, watched):
    started = threading.Barrier(17)
    watched.before = lambda: time.sleep(0.02)

    def write(number):
        started.wait()
        for turn in range(5):
            put(store, b"r%d-%d" % (number, turn))

    with ThreadPoolExecutor(16) as pool:
        waiting = [pool.submit(write, number) for number in range(16)]
        started.wait()
        for each in waiting:
            each.result()
    assert 5 <= len(watched.flushes) < 40  # of 80 writes
    assert all(not locked for _, locked, _ in watched.flushes)
    assert watched.flushes[-1][2] == watched.driver.latest_sequence_number()


def test_nobody_is_told_that_it_is_on_the_disk_when_the_flush_failed(store, watched):
    entered, go_on = threading.Event(), threading.Event()

    def fail():
        entered.set()
        go_on.wait(10)
        raise Exception("IO error: No space left on device: While fsync")  # noqa: TRY002  # as the driver does

    watched.before = fail
    with ThreadPoolExecutor(4) as pool:
        waiting = [pool.submit(put, store, b"r0")]
        assert entered.wait(10)
        waiting += [pool.submit(put, store, b"r%d" % number) for number in range(1, 4)]
        go_on.set()
        for each in waiting:
            with pytest.raises(StoreUnavailable, match="no space left"):
                each.result()
    watched.before = lambda: None
    put(store, b"r4")
    assert len(watched.flushes) == 1


# --- damage


@pytest.fixture
def kept(store, clock, folder):
    """A copy of a store with files and logs, and what must be read from it."""
    for number in range(400):
        put(store, b"r%05d" % (number % 300), b"%d" % number * 7, durable=False)
        if number == 250:
            for held in store._database:
                held.cells.read.flush()
        clock.turn(1)
    store.flush()
    copy = folder / "kept"
    shutil.copytree(folder / "store", copy)
    return copy, everything(store)


def everything(store):
    rows = [row for some in store.scan("t", BOTH, Span(), batch_size=1000) for row in some]
    keys = [key for key, _ in rows]
    assert store.get("t", keys, BOTH) == rows
    return rows, [store.versions("t", key, KEPT, b"q") for key in keys]


def read(copy, clock):
    opened = open_store(copy, clock=clock)
    try:
        return everything(opened)
    finally:
        opened.close()


KINDS = ["sst", "log", "MANIFEST", "CURRENT", "OPTIONS", "IDENTITY"]


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_bit_is_an_error_or_changes_nothing(kept, folder, clock, kind):
    copy, expected = kept
    chance = random.Random(kind)
    refused = 0
    for _ in range(40):
        again = folder / "again"
        shutil.copytree(copy, again)
        files = [each for each in again.iterdir() if kind in each.name and each.stat().st_size]
        damaged = chance.choice(sorted(files))
        raw = bytearray(damaged.read_bytes())
        at = chance.randrange(len(raw))
        raw[at] ^= 1 << chance.randrange(8)
        damaged.write_bytes(raw)
        try:
            assert read(again, clock) == expected, (damaged.name, at)
        except StoreError:
            refused += 1
        shutil.rmtree(again)
    assert (refused > 0) == (kind not in ("OPTIONS", "IDENTITY"))


@pytest.mark.slow
@pytest.mark.parametrize("bit", range(8))
def test_no_kind_of_record_is_taken_for_another(kept, folder, clock, bit):
    """With bit 2, RocksDB drops all that follows without a word, or reads on for ever."""
    copy, _ = kept
    log = max(copy.glob("*.log"), key=lambda each: each.name)
    whole = log.read_bytes()
    heads = []
    at = 0
    while at + 7 <= len(whole):
        if 32_768 - at % 32_768 < 7:
            at += 32_768 - at % 32_768
        heads.append(at)
        at += 7 + int.from_bytes(whole[at + 4 : at + 6], "little")
    assert len(heads) > 100
    for head in (*heads[:3], *heads[50:53], *heads[-3:]):
        again = folder / "again"
        shutil.copytree(copy, again)
        raw = bytearray(whole)
        raw[head + 6] ^= 1 << bit
        (again / log.name).write_bytes(raw)
        with pytest.raises(StoreCorrupted):
            read(again, clock)
        shutil.rmtree(again)


@pytest.mark.slow
def test_a_log_that_is_cut_off_anywhere_gives_what_was_written_until_then(kept, folder, clock):
    """Where no marks say what was acknowledged."""
    copy, (rows, _) = kept
    (copy / MARKS).unlink()
    log = max(copy.glob("*.log"), key=lambda each: each.name)
    size = log.stat().st_size
    seen = set()
    for cut in [*range(1, 150, 7), *range(150, size, size // 20)]:
        again = folder / "again"
        shutil.copytree(copy, again)
        with (again / log.name).open("r+b") as file:
            file.truncate(size - cut)
        found, _ = read(again, clock)
        for _, cells in found:
            assert cells[b"plain:q"] == cells[b"kept:q"], "half a row"
        assert [key for key, _ in found] == [key for key, _ in rows][: len(found)]
        seen.add(len(found))
        shutil.rmtree(again)
    assert len(seen) > 5


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sst", "MANIFEST", "CURRENT"])
def test_a_file_that_is_gone_or_empty_is_an_error(kept, folder, clock, kind):
    copy, _ = kept
    for change in ("gone", "empty"):
        for name in sorted(each.name for each in copy.iterdir() if kind in each.name):
            again = folder / "again"
            shutil.copytree(copy, again)
            if change == "gone":
                (again / name).unlink()
            else:
                (again / name).write_bytes(b"")
            with pytest.raises(StoreError):
                read(again, clock)
            shutil.rmtree(again)


def test_closing_flushes_what_was_not_durable(folder, clock):
    """And what the store itself has yet to write then."""
    store = open_store(folder / "closing", clock=clock)
    store.create_table("t", [PLAIN, KEPT])
    put(store, durable=False)
    watched = Watched(store)
    written = watched.driver.latest_sequence_number()
    store.close()
    ((sync, _, flushed),) = watched.flushes
    assert sync
    assert flushed == watched.driver.latest_sequence_number() > written


INTERRUPTED = textwrap.dedent(
    """
    import faulthandler, random, signal, sys, time
    from cfacl.model.projection import StoredFamily
    from cfacl.model.request import Mutation, Put
    from cfacl.stores.registry import open_store

    class Interrupt(KeyboardInterrupt):
        pass

    def interrupt(*_):
        raise Interrupt

    faulthandler.dump_traceback_later(40, exit=True)
    signal.signal(signal.SIGALRM, interrupt)
    family = StoredFamily("t", "plain", 1, "public")
    store = open_store(sys.argv[1], clock=time.time_ns)
    store.create_table("t", [family])
    interrupts = 0
    began = time.monotonic()
    while interrupts < 4000 and time.monotonic() - began < 20:
        try:
            signal.setitimer(signal.ITIMER_REAL, random.uniform(1e-5, 3e-4))
            while True:
                store.apply("t", [Mutation(b"r", (Put(family, {b"q": b"v"}),))])
        except Interrupt:
            interrupts += 1
    signal.signal(signal.SIGALRM, signal.SIG_IGN)
    store.apply("t", [Mutation(b"last", (Put(family, {b"q": b"v"}),))])
    store.close()
    print(interrupts > 500, "closed")
    """
)


@pytest.mark.slow
def test_an_interrupt_leaves_nobody_waiting_for_a_flush(folder):
    """Ctrl-C, or any signal whose handler raises, comes between any two steps of a flush."""
    done = subprocess.run(
        [sys.executable, "-c", INTERRUPTED, f"rocksdb://{folder}/store"], capture_output=True, text=True, check=False
    )
    assert (done.stdout, done.stderr) == ("True closed\n", "")
