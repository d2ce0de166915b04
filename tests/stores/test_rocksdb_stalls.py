"""Where RocksDB has writes wait, whoever writes waits, and nobody else."""

from __future__ import annotations

import gc
import re
import threading
import time
from pathlib import Path

import pytest

from cfacl.errors import StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores import rocksdb
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import stalls

ONE = StoredFamily("t", "one", 1, "public")
KEPT = StoredFamily("t", "kept", 2, "public", versions=3)
PASSING = StoredFamily("t", "passing", 3, "public", time_to_live=1_000)
ALL = Projection([Slice(ONE), Slice(KEPT)])


def put(store, key=b"r", value=b"v", family=ONE):
    store.apply("t", [Mutation(key, (Put(family, {b"q": value}),))], durable=False)


class Level:
    """The first level of files, whose number has RocksDB slow writes down, or stop them."""

    def __init__(self, store) -> None:
        self._column = store._database.find("t", ONE).cells.read
        self._column.set_options({"level0_file_num_compaction_trigger": "1000"})
        for number in range(2):
            put(store, b"%d" % number)
            self._column.flush()

    def stop(self, *, slow: bool = False) -> None:
        self._column.set_options(
            {"level0_slowdown_writes_trigger": "2", "level0_stop_writes_trigger": "1000" if slow else "2"}
        )

    def go_on(self) -> None:
        self._column.set_options({"level0_slowdown_writes_trigger": "1000", "level0_stop_writes_trigger": "1000"})


@pytest.fixture
def store(rocksdb_url, clock):
    opened = open_store(rocksdb_url, clock=clock)
    opened.create_table("t", [ONE, KEPT, PASSING])
    yield opened
    opened.close()


@pytest.fixture
def level(store):
    made = Level(store)
    yield made
    if not store.gate.closed:
        made.go_on()


OLD = [b"v", b"u"]
#: Changes, and the versions of a cell behind each.
CHANGES = {
    "a put": (lambda store: put(store, value=b"new"), OLD),
    "a put of a version": (lambda store: put(store, value=b"new", family=KEPT), [b"new", *OLD]),
    "a deletion of a row": (lambda store: store.apply("t", [Mutation(b"r", (Delete(ONE), Delete(KEPT)))]), []),
    "a count": (lambda store: store.increment("t", b"r", ONE, b"n", 1), OLD),
    "a comparison": (
        lambda store: store.compare_and_set(
            "t", b"r", [(ONE, b"q", b"v")], Mutation(b"r", (Put(KEPT, {b"q": b"new"}),))
        ),
        [b"new", *OLD],
    ),
    "a record": (lambda store: store.system.compare_and_set("k", None, b"1"), OLD),
    "a table": (lambda store: store.create_table("u", [StoredFamily("u", "one", 4, "public")]), OLD),
    "dropping one": (lambda store: store.drop_table("t", [PASSING]), OLD),
    "a sweep": (lambda store: list(store.sweep(PASSING)), OLD),
}


@pytest.fixture
def filled(store, clock):
    for family in (ONE, KEPT, PASSING):
        for value in (b"u", b"v"):
            put(store, value=value, family=family)
            clock.turn(2_000)
    return store


@pytest.mark.parametrize(("change", "versions"), CHANGES.values(), ids=CHANGES.keys())
def test_a_change_waits_and_others_read_meanwhile_and_it_is_made_once(filled, level, change, versions):
    level.stop()
    made = threading.Thread(target=change, args=(filled,))
    begun = time.monotonic()
    made.start()
    reads = 0
    while time.monotonic() - begun < 0.15:
        assert filled.get("t", [b"0"], ALL)
        reads += 1
        time.sleep(0.001)
    assert made.is_alive()
    assert reads > 3
    level.go_on()
    made.join(10)
    assert not made.is_alive()
    assert [value for value, _ in filled.versions("t", b"r", KEPT, b"q")] == versions


def test_whoever_waits_too_long_is_told_and_the_next_at_once(store, level, monkeypatch):
    monkeypatch.setattr(stalls, "_PATIENCE", 0.3)
    level.stop()
    for patience in (0.25, 0.0):
        begun = time.monotonic()
        with pytest.raises(
            StoreUnavailable, match=r"^rocksdb takes no writes, as where its disk is full or too slow"
        ) as told:
            put(store, b"lost")
        assert begun + patience < time.monotonic()
        assert "Write stall" in str(told.value.__cause__)
    assert store.get("t", [b"lost", b"0"], ALL) == [(b"0", {b"one:q": b"v"})]
    assert store.statistics()["writes_stopped"] == 1
    level.go_on()
    put(store, b"found")
    level.stop()
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable):  # and has waited again
        put(store, b"lost")
    assert begun + 0.25 < time.monotonic()


def test_where_writes_are_slowed_down_large_ones_are_made_too(store, level):
    level.stop(slow=True)
    for size in (100, 5_000_000, 100):
        put(store, b"%d" % size, b"x" * size)
    assert [len(row[b"one:q"]) for _, row in store.get("t", [b"100", b"5000000"], ALL)] == [100, 5_000_000]


def test_an_interrupted_wait_leaves_nothing_and_nobody(store, level, monkeypatch):
    def interrupted(seconds):
        raise KeyboardInterrupt

    level.stop()
    with monkeypatch.context() as patched:
        patched.setattr(stalls, "sleep", interrupted)
        with pytest.raises(KeyboardInterrupt):
            put(store, b"lost")
    level.go_on()
    put(store, b"found")
    assert [key for key, _ in store.get("t", [b"lost", b"found"], ALL)] == [b"found"]


def test_what_waited_does_not_keep_the_database_open(store, level, rocksdb_url, clock):
    level.stop()
    threading.Timer(0.1, level.go_on).start()
    put(store, b"r")
    gc.disable()
    try:
        del level._column
        store.close()
        open_store(rocksdb_url, clock=clock).close()
    finally:
        gc.enable()


def test_no_write_goes_another_way():
    """RocksDB's own would wait, and everybody with it."""
    package = Path(rocksdb.__file__).parent
    found = {
        (file.name, line.strip())
        for file in package.glob("*.py")
        for line in file.read_text("utf-8").splitlines()
        if re.search(r"driver\.write\(|\.read\.(put|delete)|\.read\[.*\] =|\.read\.write\(", line)
    }
    assert found == {("stalls.py", "driver.write(batch, _AT_ONCE)")}
