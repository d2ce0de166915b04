"""A thousand families: made at once, in reasonable time, and again after a crash in the middle."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path

import pytest

import cfacl
from cfacl.errors import Closed, RequestError, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store
from cfacl.stores.rocksdb import descriptors
from cfacl.stores.rocksdb import families as opening

MANY = [StoredFamily("t", f"f{number:02}", number + 2, "public") for number in range(40)]
ONE = StoredFamily("t", "one", 1, "public")

POLICY = """
    [policy]
    name = "many"
    purposes = ["service"]
    [roles.all]
    clearance = "public"
    [principals.service]
    kind = "service"
    roles = ["all"]
"""
FAMILY = '[tables.t{}.families.f{:04}]\nlevel = "public"\npurposes = ["service"]\n'


def policy(tables, families):
    every = (FAMILY.format(table, family) for table in range(tables) for family in range(families))
    return cfacl.Policy.loads(textwrap.dedent(POLICY) + "".join(every))


def value(store, key, *families):
    return store.get("t", [key], Projection(Slice(each) for each in families))


@pytest.fixture
def one(store):
    store.create_table("t", [ONE])
    store.apply("t", [Mutation(b"r", (Put(ONE, {b"q": b"v"}),))])
    return store


@pytest.mark.parametrize("number", [1, 31, 32, 40])
def test_as_many_as_are_wanted_are_made_and_what_is_there_is_left(one, number):
    one.create_families([ONE, *MANY[:number], StoredFamily("u", "one", 99, "public")])
    assert one.tables() == {
        "t": {("one", 1), *((each.name, each.identity) for each in MANY[:number])},
        "u": {("one", 99)},
    }
    one.apply("t", [Mutation(b"r", tuple(Put(each, {b"q": b"w"}) for each in MANY[:number]))])
    ((_, cells),) = value(one, b"r", ONE, *MANY[:number])
    assert cells == {b"one:q": b"v", **{each.prefix + b"q": b"w" for each in MANY[:number]}}
    before = one.tables()
    one.create_families(MANY[:number])
    assert one.tables() == before


@pytest.mark.parametrize("key", ["a", "b"])
def test_several_records_are_changed_only_if_all_are_as_expected(store, key):
    assert store.system.compare_and_set("a", None, b"1")
    assert store.system.compare_and_set_all({"a": (b"1", b"2"), "b": (None, b"3"), "c": (None, b"4")})
    assert store.system.compare_and_set_all({"c": (b"4", None)})
    assert not store.system.compare_and_set_all({key: (b"1", b"9"), "c": (None, b"9")})
    assert store.system.items("") == {"a": b"2", "b": b"3"}
    assert store.system.compare_and_set_all({})


def test_an_identity_below_1_is_refused_and_nothing_is_made(one):
    with pytest.raises(RequestError, match="identity"):
        one.create_families([StoredFamily("t", "zero", 0, "public"), *MANY])
    assert one.tables() == {"t": {("one", 1)}}


@pytest.fixture
def rocks(rocksdb_url, clock):
    store = open_store(rocksdb_url, clock=clock)
    store.create_table("t", [ONE])
    store.apply("t", [Mutation(b"r", (Put(ONE, {b"q": b"v"}),))])
    yield store
    store.close()


def test_who_calls_meanwhile_waits(rocks, monkeypatch):
    inside, go_on = threading.Event(), threading.Event()
    really = opening.setup

    def slow(*given):
        inside.set()
        assert go_on.wait(60)
        return really(*given)

    monkeypatch.setattr(opening, "setup", slow)
    found = []
    system = rocks.system
    maker = threading.Thread(target=lambda: rocks.create_families(MANY))
    maker.start()
    assert inside.wait(60)
    callers = [
        threading.Thread(target=lambda: found.append(value(rocks, b"r", ONE))),
        threading.Thread(target=lambda: found.append(system.get("k"))),
    ]
    for each in callers:
        each.start()
    for each in callers:
        each.join(0.05)
    assert not found
    go_on.set()
    for each in (maker, *callers):
        each.join()
    assert len(found) == 2
    assert [(b"r", {b"one:q": b"v"})] in found
    assert None in found


def test_a_call_is_inside_once_since_it_would_wait_for_itself(rocks, monkeypatch):
    entered = []
    enter = type(rocks.gate).__enter__
    monkeypatch.setattr(type(rocks.gate), "__enter__", lambda gate: entered.append(len(gate.calls)) or enter(gate))
    rocks.system.compare_and_set("k", None, b"1")
    rocks.system.compare_and_set_all({"k": (b"1", b"2")})
    rocks.system.get("k")
    rocks.system.items("k")
    rocks.create_families([ONE, *MANY])
    rocks.apply("t", [Mutation(b"s", (Put(ONE, {b"n": bytes(8)}),))])
    rocks.increment("t", b"s", ONE, b"n", 1)
    rocks.compare_and_set("t", b"s", [(ONE, b"q", None)], Mutation(b"s", (Put(ONE, {b"q": b"w"}),)))
    for cells in (None, 1):
        list(rocks.scan("t", Projection([Slice(ONE)]), Span(), batch_size=1, cells=cells))
    value(rocks, b"r", ONE)
    rocks.statistics()
    rocks.tables()
    rocks.flush()
    rocks.drop_table("t", [ONE])
    assert set(entered) == {0}


def test_a_family_that_another_thread_makes_just_before_is_there_too(rocks, monkeypatch):
    hold = rocks.gate.hold

    def late():
        rocks.create_table("t", [MANY[0], StoredFamily("t", "late", 99, "public")])
        hold()

    monkeypatch.setattr(type(rocks.gate), "hold", lambda gate: late())
    rocks.create_families(MANY)
    assert rocks.tables()["t"] == {("one", 1), ("late", 99), *((each.name, each.identity) for each in MANY)}


@pytest.mark.parametrize("failing", ["setup", "close"])
def test_where_that_fails_who_waits_is_told_and_it_can_be_opened_again(rocks, failing, monkeypatch):
    with monkeypatch.context() as patched:
        closing = opening.Database.close

        def fail(*given):
            if failing == "close":
                closing(*given)  # as it does, whatever fails
            raise OSError("IO error: No space left on device: while appending")

        patched.setattr(*((opening, "setup", fail) if failing == "setup" else (opening.Database, "close", fail)))
        with pytest.raises(StoreUnavailable, match="no space left"):
            rocks.create_families(MANY)
        with pytest.raises(StoreUnavailable, match=r"`reopen\(\)`"):
            value(rocks, b"r", ONE)
    rocks.reopen()
    assert value(rocks, b"r", ONE) == [(b"r", {b"one:q": b"v"})]
    rocks.create_families(MANY)
    assert len(rocks.tables()["t"]) == 41


def test_a_limit_of_descriptors_that_is_too_low_is_told_before_anything_is_closed(rocks, monkeypatch):
    monkeypatch.setattr("cfacl.stores.rocksdb.descriptors._OTHERS", 1 << 30)
    with pytest.raises(StoreUnavailable, match="ulimit -n"):
        rocks.create_families(MANY)
    assert value(rocks, b"r", ONE) == [(b"r", {b"one:q": b"v"})]


def test_descriptors_that_are_needed_while_they_are_made_are_counted(rocksdb_url, clock, monkeypatch):
    store = open_store(f"{rocksdb_url}?open_files=32", clock=clock)
    store.create_table("t", [ONE])
    monkeypatch.setattr(descriptors, "descriptors", lambda: descriptors.Descriptors(10, 113))
    with pytest.raises(StoreUnavailable, match=r"needs 114 file descriptors, .* or make fewer families at once$"):
        store.create_families(MANY)
    assert value(store, b"r", ONE) == []
    store.create_families(MANY[:39])
    store.close()


def test_none_of_them_keeps_the_directory_open(rocks):
    def held():
        count = 0
        for each in Path("/dev/fd").iterdir():
            with contextlib.suppress(OSError):  # what listed them is closed
                count += each.samefile(rocks._path)
        return count

    before = held()
    rocks.create_families(MANY)
    after = held()
    assert after <= before
    rocks.create_table("t", [StoredFamily("t", "more", 99, "public")])
    assert held() == after + 1, "RocksDB does so no more, and nothing has to be opened again"


def test_a_store_that_is_closed_says_so(rocks):
    rocks.close()
    with pytest.raises(Closed):
        rocks.create_families(MANY)


def test_a_child_that_was_forked_meanwhile_does_not_wait_for_its_parent(rocks):
    rocks.gate.hold()
    child = os.fork()
    if not child:
        signal.alarm(60)  # whoever waits here waits for ever
        try:
            value(rocks, b"r", ONE)
        except Closed:
            os._exit(7)
        os._exit(1)
    rocks.gate.open()
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7


@pytest.mark.parametrize(("tables", "families"), [(1, 200), (20, 10)])
def test_a_policy_of_many_is_made_by_one_call(rocksdb_url, tables, families, monkeypatch):
    opened = []
    really = opening.setup
    monkeypatch.setattr(opening, "setup", lambda *given: opened.append(given) or really(*given))
    with cfacl.connect(rocksdb_url, policy=policy(tables, families)) as db:
        db.create_tables()
        assert db.drift() == []
        db.create_tables()
    assert len(opened) == 3  # to be created, with all families, and without the descriptors that these held
    with cfacl.connect(rocksdb_url, policy=policy(tables, families)) as db:
        assert db.drift() == []


@pytest.mark.slow
def test_a_thousand_hold_what_is_written_to_each(rocksdb_url, clock):
    """Where a process may have a thousand files, some of these are opened when they are read."""
    families = [StoredFamily("t", f"f{number:04}", number + 1, "public") for number in range(1_000)]
    rows = [
        Mutation(b"r%d" % row, tuple(Put(each, {b"q": b"%d" % each.identity}) for each in families)) for row in range(3)
    ]
    store = open_store(f"{rocksdb_url}?open_files=256", clock=clock)
    store.create_families(families)
    store.apply("t", rows)
    for _ in range(2):
        assert [key for key, _ in value(store, b"r1", *families)] == [b"r1"]
        ((_, cells),) = value(store, b"r2", *families)
        assert cells == {each.prefix + b"q": b"%d" % each.identity for each in families}
        for each in families:
            store._database.find("t", each).cells.read.flush()
        store.reopen()
    store.close()


KILLED = """
    import os, sys
    import cfacl
    db = cfacl.connect(sys.argv[1], policy=sys.argv[2])
    os.write(1, b"ready")
    db.create_tables()
    os._exit(0)
"""


def written(path):
    """How long the log of changes to the schema is; RocksDB begins a new one now and then."""
    sizes = []
    for each in path.glob("MANIFEST-*"):
        with contextlib.suppress(FileNotFoundError):
            sizes.append(each.stat().st_size)
    return max(sizes, default=0)


@pytest.mark.slow
def test_killed_at_any_moment_it_is_repaired_by_another_call(folder):
    document = folder / "policy.toml"
    document.write_text(policy(3, 60).dumps(), "utf-8")
    partly = 0
    for turn in range(10):
        path = folder / f"store{turn}"
        command = [sys.executable, "-c", textwrap.dedent(KILLED), path, document]
        with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
            assert process.stdout.read(5) == b"ready"
            until = written(path) + turn * 1500
            while process.poll() is None and written(path) <= until:
                pass
            process.kill()
        with cfacl.connect(path, policy=document) as db:
            partly += {each.what for each in db.drift()} == {"missing", "unknown"}
            db.create_tables()
            assert db.drift() == []
        with cfacl.connect(path, policy=document) as db:
            assert db.drift() == []
    assert partly
