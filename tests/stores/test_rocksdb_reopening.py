"""A store that failed is opened again in place; nothing that was acknowledged is lost."""

from __future__ import annotations

import gc
import shutil
import subprocess
import sys
import textwrap
import threading
import time

import pytest

from cfacl.errors import Closed, StoreCorrupted, StoreError, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import drafts, gate, watermark
from cfacl.stores.rocksdb.families import Database
from cfacl.stores.rocksdb.watermark import MARKS

ONE = StoredFamily("t", "one", 1, "public")
ALL = Projection([Slice(ONE)])
MANY = [StoredFamily("t", f"f{n}", 2 + n, "public") for n in range(40)]


def put(store, key, value=b"v"):
    store.apply("t", [Mutation(key, (Put(ONE, {b"q": value}),))])


@pytest.fixture
def store(rocksdb_url, clock):
    opened = open_store(rocksdb_url, clock=clock)
    opened.create_table("t", [ONE])
    put(opened, b"r")
    yield opened
    opened.close()


def test_everything_goes_on_where_it_was(store):
    put(store, b"s")
    store.system.compare_and_set("k", None, b"1")
    scan = store.scan("t", ALL, Span(), batch_size=1)
    assert next(scan) == [(b"r", {b"one:q": b"v"})]
    store.reopen()
    assert next(scan) == [(b"s", {b"one:q": b"v"})]
    assert store.get("t", [b"r"], ALL) == [(b"r", {b"one:q": b"v"})]
    assert store.system.get("k") == b"1"
    assert store.tables() == {"t": {("one", 1)}}
    put(store, b"r", b"w")
    assert store.get("t", [b"r"], ALL) == [(b"r", {b"one:q": b"w"})]


@pytest.mark.parametrize("how", ["reopen", "many families"])
@pytest.mark.parametrize("cells", [None, 1])
def test_a_scan_of_one_instant_ends_and_is_in_nobodys_way(store, how, cells):
    put(store, b"s")
    scan, other = (store.scan("t", ALL, Span(), batch_size=1, cells=cells, snapshot=True) for _ in range(2))
    next(scan)
    assert store.statistics()["snapshot_scans_open"] == 2
    if how == "reopen":
        store.reopen()
    else:
        store.create_families(MANY)
    for each in (scan, other):
        with pytest.raises(StoreUnavailable, match="opened again during a scan of one instant; scan anew"):
            next(each)
    put(store, b"t")
    anew = store.scan("t", ALL, Span(), batch_size=9, snapshot=True)
    del scan, other, each
    assert store.statistics()["snapshot_scans_open"] == 1
    assert [key for key, _ in next(anew)] == [b"r", b"s", b"t"]


def test_a_store_that_was_closed_stays_closed(store):
    store.close()
    with pytest.raises(Closed):
        store.reopen()


def test_calls_under_way_end_first_and_calls_meanwhile_are_told(store, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()

    def slow(*_):
        inside.set()
        assert go_on.wait(10)
        return list(store._database.driver.items())

    monkeypatch.setattr(store, "_get", slow)
    call, again = threading.Thread(target=store.get, args=("t", [b"r"], ALL)), threading.Thread(target=store.reopen)
    call.start()
    assert inside.wait(10)
    again.start()
    while store.gate.shut_because is None:
        pass
    with pytest.raises(StoreUnavailable, match="not open just now"):
        put(store, b"r")
    time.sleep(3 * gate._PATIENCE)  # however long it takes
    assert again.is_alive()
    go_on.set()
    call.join()
    again.join()
    put(store, b"r")


@pytest.mark.parametrize("how", ["reopen", "many families", "close"])
def test_a_call_that_an_interrupt_left_counted_holds_nobody_up(store, how):
    """It never ends, for it never began, or ended before; others that come meanwhile wait, or are told."""
    store.gate.calls.append(None)
    said = []

    def come():
        try:
            said.append(store.get("t", [b"r"], ALL))
        except (StoreUnavailable, Closed) as error:
            said.append(error)

    others = [threading.Thread(target=come) for _ in range(4)]
    act = {"reopen": store.reopen, "many families": lambda: store.create_families(MANY), "close": store.close}[how]
    call = threading.Thread(target=act)
    call.start()
    for each in others:
        each.start()
    for each in (call, *others):
        each.join(30)
        assert not each.is_alive()
    assert store.gate.calls == []
    assert len(said) == len(others)
    if how != "close":
        put(store, b"r")


def test_what_cannot_be_opened_yet_can_be_opened_later(store, folder):
    current = folder / "store" / "CURRENT"
    content = current.read_bytes()
    current.write_bytes(b"x")
    with pytest.raises(StoreError):
        store.reopen()
    with pytest.raises(StoreUnavailable, match="open it again with `reopen"):
        put(store, b"r")
    current.write_bytes(content)
    store.reopen()
    assert store.get("t", [b"r"], ALL) == [(b"r", {b"one:q": b"v"})]


@pytest.mark.parametrize("how", ["reopen", "many families"])
@pytest.mark.parametrize("what", ["log", "manifest"])
def test_damage_that_came_meanwhile_is_noticed_and_no_file_goes(store, folder, monkeypatch, what, how):
    """RocksDB removes the files of families that a manifest without its end does not know."""
    path = folder / "store"
    put(store, b"s")
    store._database.find("t", ONE).cells.read.flush()
    names = []

    def closed(database, closing=Database.close):
        """Close it, and leave it as if it could not have been; with damage."""
        kept = shutil.copytree(path, folder / "kept")
        closing(database)
        shutil.rmtree(path)
        kept.rename(path)
        (path / MARKS).unlink()
        (file,) = path.glob("MANIFEST-*")
        raw = file.read_bytes()
        damaged = raw[: raw.index(b"cells:1:t:one") - 12]
        if what == "log":
            file = max(path.glob("*.log"))
            damaged = bytes(6) + b"\5" + bytes(100)
        file.write_bytes(damaged)
        names.extend(sorted(path.glob("*.sst")))

    monkeypatch.setattr(Database, "close", closed)
    with pytest.raises(StoreCorrupted, match=r"the log `.*` is damaged|its manifest lacks families"):
        store.reopen() if how == "reopen" else store.create_families(MANY)
    assert names == sorted(path.glob("*.sst")) != []


#: Writes until the disk takes no more, which is one that is small, or a limit to the size of files.
FULL = textwrap.dedent(
    """
    import os, resource, sys, time
    from pathlib import Path
    import cfacl
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    db = cfacl.connect(sys.argv[1], policy=cfacl.Policy.loads(sys.argv[2]), durable=sys.argv[3] == "True")
    db.create_tables()
    table = db.session("p", purpose="work").table("t")
    hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
    other = Path(sys.argv[1]).with_name("other")

    def leave_little(turn):
        if sys.argv[4] == "limit":
            resource.setrlimit(resource.RLIMIT_FSIZE, (100_000 * (turn + 1), hard))
        else:
            disk = os.statvfs(other.parent)
            other.write_bytes(bytes(max(disk.f_bavail * disk.f_bsize - 300_000, 0)))

    def leave_much():
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        other.unlink(missing_ok=True)

    acknowledged = []
    for turn in range(3):
        leave_little(turn)
        try:
            for number in range(10_000):
                key = b"r%d-%05d" % (turn, number)
                table.put(key, {b"f:q": b"x" * 1000, b"g:q": b"x" * 1000})
                acknowledged.append(key)
        except cfacl.StoreUnavailable as error:
            print(error)
        else:
            sys.exit("it was never full")
        try:
            table.put(b"r", {b"f:q": b"x"})
        except cfacl.StoreUnavailable:
            pass
        else:
            sys.exit("it forgot that it was full")
        leave_much()
        try:
            table.put(b"r", {b"f:q": b"x"})
        except cfacl.StoreUnavailable:
            pass
        else:
            sys.exit("it came to itself")
        db.reopen()
        found = dict(table.scan())
        missing = [key for key in acknowledged if key not in found or len(found[key]) != 2]
        assert not missing, missing
        assert len(found) <= len(acknowledged) + turn + 1
    db.close()
    print("all", len(acknowledged))
    """
)
POLICY = """
policy = { name = "x", purposes = ["work"] }
[tables.t.families]
f = { level = "public", purposes = ["work"] }
g = { level = "public", purposes = ["work"] }
[roles.r]
clearance = "public"
grants = [{ table = "t", families = ["f", "g"], actions = ["read", "write"], purposes = ["work"], why = "works" }]
[principals]
p = { kind = "service", roles = ["r"] }
"""


@pytest.fixture(params=["limit", "disk"])
def small(request, folder, mounted):
    """A place that takes little: a disk of its own, where this machine lets us mount one, or whatever place there is."""
    place = folder / "disk"
    place.mkdir()
    disk = request.param == "disk" and mounted(place, "-t", "tmpfs", "-o", "size=16m", "none")
    return place, "disk" if disk else "limit"


@pytest.mark.slow
@pytest.mark.parametrize("durable", [True, False])
def test_a_full_disk_loses_nothing_that_was_acknowledged_and_is_got_over(small, durable):
    place, what = small
    arguments = [str(place / "store"), POLICY, str(durable), what]
    done = subprocess.run(
        [sys.executable, "-c", FULL, *arguments], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr[-2000:]
    lines = done.stdout.splitlines()
    assert len(lines) == 4
    said = "there is no space left; free some, then open the store again" if what == "disk" else "open the store again"
    assert all(said in each for each in lines[:3]), lines
    assert int(lines[3].removeprefix("all ")) > 50


# --- interrupts, and handlers of signals, which run between any two steps of the thread that they meet


def test_an_interrupt_while_many_families_wait_for_the_others_changes_nothing(store, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(store, "_wait", interrupting())
        with pytest.raises(KeyboardInterrupt):
            store.create_families(MANY)
    put(store, b"r")
    store.create_families(MANY)
    put(store, b"r")


def test_closing_once_more_goes_on_where_it_was_interrupted(store, rocksdb_url, clock, monkeypatch):
    store.apply("t", [Mutation(b"s", (Put(ONE, {b"q": b"v"}),))], durable=False)
    with monkeypatch.context() as patched:
        patched.setattr(store, "_wait", interrupting())
        with pytest.raises(KeyboardInterrupt):
            store.close()
    with pytest.raises(Closed):
        put(store, b"r")
    store.close()
    store.close()
    again = open_store(rocksdb_url, clock=clock)
    assert len(again.get("t", [b"r", b"s"], ALL)) == 2
    again.close()


@pytest.mark.parametrize("then", ["reopen", "close"])
def test_an_interrupted_reopening_is_done_again_or_closed(store, rocksdb_url, clock, monkeypatch, then):
    with monkeypatch.context() as patched:
        patched.setattr(store, "_wait", interrupting())
        with pytest.raises(KeyboardInterrupt):
            store.reopen()
    with pytest.raises(StoreUnavailable, match="open it again with `reopen"):
        put(store, b"r")
    if then == "reopen":
        store.reopen()
        put(store, b"r")
    store.close()
    open_store(rocksdb_url, clock=clock).close()


def interrupting():
    def wait():
        raise KeyboardInterrupt

    return wait


@pytest.mark.parametrize("ending", [None, SystemExit])
@pytest.mark.parametrize("step", ["head", "stamp"])
def test_a_handler_may_close_the_store_inside_a_call(store, rocksdb_url, clock, monkeypatch, step, ending):
    """What the call holds of the database goes with it, and the directory is free."""
    done = getattr(drafts, step)

    def closing(*given):
        store.close()
        if ending is not None:
            raise ending
        return done(*given)

    gc.collect()
    gc.disable()
    try:
        with monkeypatch.context() as patched:
            patched.setattr(drafts, step, closing)  # in the middle of a change
            with pytest.raises(ending or Closed):
                put(store, b"s")
        assert store.gate.calls == []
        again = open_store(rocksdb_url, clock=clock)
    finally:
        gc.enable()
    assert (b"r", {b"one:q": b"v"}) in again.get("t", [b"r", b"s"], ALL)
    again.close()


@pytest.mark.parametrize("how", ["reopen", "many families"])
@pytest.mark.parametrize("when", ["before", "behind"])
def test_a_handler_may_close_the_store_while_it_is_opened_again(store, rocksdb_url, clock, monkeypatch, how, when):
    opened = store._opened

    def closing(new):
        if when == "before":
            store.close()
        made = opened(new)
        if when == "behind":
            store.close()
        return made

    monkeypatch.setattr(store, "_opened", closing)
    with pytest.raises(Closed, match=r"^the store is closed; open it again$"):
        store.reopen() if how == "reopen" else store.create_families(MANY)
    with pytest.raises(Closed):
        put(store, b"s")
    monkeypatch.undo()
    again = open_store(rocksdb_url, clock=clock)
    put(again, b"s")
    again.close()


def test_a_handler_may_flush_inside_a_flush(store, monkeypatch):
    look, inside = watermark.Watermark.look, []

    def flushing(self):
        if not inside:
            inside.append(True)
            store.flush()
        return look(self)

    monkeypatch.setattr(watermark.Watermark, "look", flushing)
    call = threading.Thread(target=store.flush)
    call.start()
    call.join(10)
    assert not call.is_alive()
    assert inside


def test_how_many_calls_failed_is_said_until_it_is_opened_again(store, monkeypatch):
    class Failing:
        def __getattr__(self, name):
            raise Exception("IO error: While fsync: a disk: Input/output error")  # noqa: TRY002  # as the driver does

    assert store.statistics()["calls_failed"] == 0
    driver, store._database.driver = store._database.driver, Failing()
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="could not read or write"):
            put(store, b"s")
    store._database.driver = driver
    del driver
    assert store.statistics()["calls_failed"] == 3
    with pytest.raises(StoreError, match="lacks family"):
        store.get("t", [b"r"], Projection([Slice(MANY[0])]))
    assert store.statistics()["calls_failed"] == 3
    store.reopen()
    assert store.statistics()["calls_failed"] == 0
