"""What a service holds leads to no raw store, leaves no process, and is refused when it is closed or forked."""

from __future__ import annotations

import copy
import io
import json
import pickle
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.api.access import Access
from cfacl.api.schema import Schema
from cfacl.engine.bits import PolicyBits
from cfacl.engine.guard import Guard
from cfacl.engine.snapshot import Profile, Snapshot
from cfacl.stores.base import Store, SystemTable
from cfacl.stores.registry import open_store

ROOT: Final = Path(__file__).parents[3]


def handles(world: Any) -> dict[str, Any]:
    session = world.session()
    table = session.table("t")
    batch = table.batch()
    batch.put(b"r1", {b"a:q": b"x"})
    return {
        "Ask": world.db.prepare("read", "t", "a"),
        "Batch": batch,
        "Database": world.db,
        "Session": session,
        "Table": table,
    }


HANDLES: Final = ("Ask", "Batch", "Database", "Session", "Table")


@pytest.mark.rule("12d")
@pytest.mark.parametrize("name", HANDLES)
def test_none_can_be_pickled_or_copied(memory_world: Any, name: str) -> None:
    handle = handles(memory_world)[name]
    ways: list[Callable[[], object]] = [lambda: copy.copy(handle), lambda: copy.deepcopy(handle)]
    ways += [lambda: copy.deepcopy([{"held": handle}]), lambda: handle.__reduce_ex__(4)]
    ways += [lambda: handle.__reduce__(), lambda: handle.__getstate__()]
    ways += [lambda n=n: pickle.dumps(handle, n) for n in range(pickle.HIGHEST_PROTOCOL + 1)]
    ways += [lambda: pickle._Pickler(io.BytesIO()).dump(handle), lambda: pickle.dumps([handle])]
    for way in ways:
        with pytest.raises(cfacl.RequestError) as refused:
            way()
        assert str(refused.value) == f"`{name}` can't be pickled or copied; make one where it is used"


def test_a_scan_cannot_be_pickled_or_copied(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    scan = memory_world.table().scan()
    for way in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="generator"):
            way(scan)


@pytest.mark.rule("12d")
def test_a_row_can(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    row = memory_world.table().row(b"r1")
    for other in (pickle.loads(pickle.dumps(row)), copy.copy(row), copy.deepcopy(row), row.copy()):
        assert type(other) is cfacl.Row
        assert other == row == {b"a:q": b"a", b"b:q": b"b"}
        assert other.withheld == row.withheld == {"c", "d"}
        assert other is not row


def test_none_has_attributes_that_can_be_set(memory_world: Any) -> None:
    """So that nobody becomes somebody else, nor changes an ask that others hold."""
    for name, handle in handles(memory_world).items():
        public = [each for each in dir(handle) if not each.startswith("_")]
        for each in [*public, "anything"]:
            with pytest.raises(AttributeError):
                setattr(handle, each, "root")
        assert public, name


#: What no service is to hold.
RAW: Final = (Access, Guard, PolicyBits, Profile, Schema, Snapshot, Store, SystemTable)


def reachable(start: object) -> Iterator[tuple[str, object]]:
    """Yield all that public attributes, and containers, lead to."""
    seen: set[int] = set()
    kept: list[object] = []
    waiting = [("", start)]
    while waiting:
        path, at = waiting.pop()
        if id(at) in seen or isinstance(at, str | bytes | int | float | type | None):
            continue
        seen.add(id(at))
        kept.append(at)
        yield path, at
        if isinstance(at, dict):
            waiting += [(f"{path}[{key!r}]", value) for key, value in at.items()]
        if isinstance(at, list | tuple | set | frozenset):
            waiting += [(f"{path}[]", value) for value in at]
        for name in dir(at):
            if not name.startswith("_"):
                waiting.append((f"{path}.{name}", getattr(at, name)))


@pytest.mark.rule("12c")
@pytest.mark.failure("store-acl-11")
def test_no_public_attribute_leads_to_a_raw_store(world: Any) -> None:
    world.fill(b"r1")
    held = handles(world)
    table = held["Table"]
    with pytest.raises(cfacl.AccessDenied) as denied:
        table.row(b"r1", columns=[b"c"])
    starts = [*held.values(), table.row(b"r1"), denied.value, held["Session"].explain("read", "t", "a", "c")]
    starts += [*world.told, *world.db.what("ann"), *world.db.who("read", "t", "a"), world.db.drift(), world.db.stats()]
    for start in starts:
        for path, found in reachable(start):
            assert not isinstance(found, RAW), f"{start!r}{path} is {found!r}"
            assert not type(found).__module__.startswith("rocksdict"), path


def test_the_search_finds_a_raw_store() -> None:
    class Leak:
        def __init__(self) -> None:
            self.deep = {"x": [open_store("memory://", clock=lambda: 0)]}

    assert any(isinstance(found, Store) for _, found in reachable(Leak()))


# -------------------------------------------------------------------------------------------------------------- closed

SESSION_CLOSED: Final = "the session is closed; open another one"
DATABASE_CLOSED: Final = "the database is closed; connect again"
#: What a scan under way hears, which asks the store first.
STORE_CLOSED: Final = "the store is closed; open it again"


def uses(held: dict[str, Any]) -> dict[str, Callable[[], object]]:
    """All that may be tried on what was closed."""
    session, table, batch, ask = held["Session"], held["Table"], held["Batch"], held["Ask"]
    return {
        "allows": lambda: session.allows("read", "t", "a"),
        "allows, prepared": lambda: session.allows(ask),
        "require": lambda: session.require(ask),
        "families": lambda: session.families("read", "t"),
        "explain": lambda: session.explain(ask),
        "table": lambda: session.table("t"),
        "row": lambda: table.row(b"r1"),
        "row, columns": lambda: table.row(b"r1", columns=[b"a"]),
        "rows": lambda: table.rows([]),
        "cells": lambda: table.cells(b"r1", b"a:q"),
        "scan": lambda: table.scan(),
        "put": lambda: table.put(b"r1", {b"a:q": b"x"}),
        "delete": lambda: table.delete(b"r1", [b"a"]),
        "counter_get": lambda: table.counter_get(b"r1", b"a:n"),
        "counter_set": lambda: table.counter_set(b"r1", b"a:n", 1),
        "counter_inc": lambda: table.counter_inc(b"r1", b"a:n"),
        "counter_dec": lambda: table.counter_dec(b"r1", b"a:n"),
        "compare_and_set": lambda: table.compare_and_set(b"r1", b"a:q", b"a", {b"a:q": b"x"}),
        "batch.put": lambda: batch.put(b"r1", {b"a:q": b"x"}),
        "batch.delete": lambda: batch.delete(b"r1", [b"b"]),
        "batch.send": lambda: batch.send(),
        "a scan under way": lambda: next(held["scan"]),
        "a scan not begun": lambda: next(held["fresh"]),
    }


def warm(world: Any) -> dict[str, Any]:
    """Handles that were used before."""
    world.fill(b"r1", b"r2")
    held = handles(world)
    held["scan"] = held["Table"].scan(batch_size=1)
    held["fresh"] = held["Table"].scan()
    next(held["scan"])
    for name, use in uses(held).items():
        if not name.startswith("a scan"):
            use()
    held["Batch"].put(b"r3", {b"a:q": b"x"})
    world.store.take()
    return held


@pytest.mark.rule("9b")
def test_a_closed_session_refuses_everything(world: Any) -> None:
    held = warm(world)
    with held["Session"] as entered:
        assert entered is held["Session"]
    for use in uses(held).values():
        with pytest.raises(cfacl.Closed) as refused:
            use()
        assert str(refused.value) == SESSION_CLOSED
        held["Session"].close()
    assert set(world.calls()) <= {"scan"}
    assert world.session().table("t").row(b"r1")


@pytest.mark.rule("9b")
def test_a_closed_database_refuses_everything(world: Any) -> None:
    held = warm(world)
    db = world.db
    with db as entered:
        assert entered is db
    operators: list[Callable[[], object]] = [
        lambda: db.session("ann", "work"),
        lambda: db.prepare("read", "t", "c"),
        lambda: db.replace_policy(db.policy),
        lambda: db.create_tables(),
        lambda: db.drop_table("t"),
        lambda: db.drift(),
        lambda: db.who("read", "t", "a"),
        lambda: db.what("ann"),
        lambda: db.stats(),
    ]
    for use in [*uses(held).values(), *operators]:
        with pytest.raises(cfacl.Closed) as refused:
            use()
        assert str(refused.value) in (DATABASE_CLOSED, STORE_CLOSED)
        db.close()
    assert "closed" not in repr(db)


def test_what_was_acknowledged_is_there_when_the_store_is_opened_again(worlds: Any) -> None:
    world = worlds("rocksdb")
    world.fill(b"r1")
    world.db.close()
    world._db = None
    assert world.db.drift() == []
    assert world.table().row(b"r1") == {b"a:q": b"a", b"b:q": b"b"}


def test_an_ask_of_another_database_is_refused(worlds: Any) -> None:
    one, other = worlds("memory"), worlds("memory")
    ask = other.db.prepare("read", "t", "a")
    assert other.session().allows(ask)
    session = one.session()
    assert session.allows(one.db.prepare("read", "t", "a"))
    for use in (session.allows, session.require, session.explain):
        with pytest.raises(cfacl.RequestError) as refused:
            use(ask)
        assert str(refused.value) == "the ask was prepared by another database; prepare it with this one"
        with pytest.raises(cfacl.RequestError) as refused:
            use(one.db.prepare("read", "t", "a"), "a")
        assert str(refused.value) == "a prepared ask takes no further names"


# ---------------------------------------------------------------------------------------------------------------- fork

FORK: Final = '''
    import json, os, signal, sys, threading, time
    import cfacl

    policy = cfacl.Policy.loads("""
    [policy]
    name = "fork"
    purposes = ["work"]
    [tables.t.families.a]
    level = "personal"
    purposes = ["work"]
    [roles.r]
    clearance = "personal"
    [[roles.r.grants]]
    table = "t"
    families = ["a"]
    actions = ["read", "write", "delete"]
    purposes = ["work"]
    why = "test"
    [principals.ann]
    kind = "employee"
    roles = ["r"]
    """)
    db = cfacl.connect(sys.argv[1], policy=policy)
    db.create_tables()
    session = db.session("ann", "work")
    table = session.table("t")
    ask = db.prepare("read", "t", "a")
    for n in range(4):
        table.put(b"r%d" % n, {b"a:q": b"v"})
    scan, fresh = table.scan(batch_size=1), table.scan()
    next(scan)
    batch = table.batch()
    batch.put(b"r9", {b"a:q": b"v"})
    assert session.allows(ask)
    uses = {
        "allows": lambda: session.allows(ask),
        "names": lambda: session.allows("read", "t", "a"),
        "table": lambda: session.table("t"),
        "row": lambda: table.row(b"r1"),
        "scan": lambda: next(scan),
        "fresh": lambda: next(fresh),
        "put": lambda: table.put(b"r1", {b"a:q": b"x"}),
        "send": batch.send,
        "session": lambda: db.session("ann", "work"),
        "prepare": lambda: db.prepare("write", "t", "a"),
        "create_tables": db.create_tables,
        "replace_policy": lambda: db.replace_policy(policy),
        "drop_table": lambda: db.drop_table("t"),
        "drift": db.drift,
        "who": lambda: db.who("read", "t", "a"),
        "what": lambda: db.what("ann"),
        "stats": db.stats,
    }

    # Another thread holds every lock while the process is forked; in the child nobody will ever let go of them.
    held, release = threading.Event(), threading.Event()
    def hold():
        with db._guard.lock, db._lock, getattr(db._store, "_lock", threading.Lock()):
            held.set()
            release.wait()
    holder = threading.Thread(target=hold)
    holder.start()
    held.wait()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        signal.alarm(60)
        told = {}
        for name, use in uses.items():
            try:
                use()
                told[name] = ["answered", ""]
            except BaseException as error:
                told[name] = [type(error).__name__, str(error)]
        for close in (session.close, db.close, db.close):
            close()
        with cfacl.connect("memory://", policy=policy) as other:
            other.create_tables()
            mine = other.session("ann", "work").table("t")
            mine.put(b"r1", {b"a:q": b"child"})
            told["connect"] = ["", mine.row(b"r1")[b"a:q"].decode()]
        os.write(writing, json.dumps(told).encode())
        os._exit(0)
    os.close(writing)
    told = b""
    while part := os.read(reading, 65536):
        told += part
    _, status = os.waitpid(child, 0)
    release.set()
    holder.join()
    batch.send()
    assert session.allows(ask) and table.row(b"r1") == {b"a:q": b"v"} and len(list(scan)) == 4
    table.put(b"r1", {b"a:q": b"parent"})
    assert table.row(b"r1") == {b"a:q": b"parent"} and db.drift() == []
    db.close()
    print(json.dumps([status, json.loads(told)]))
'''


@pytest.mark.rule("12e")
@pytest.mark.parametrize("store", ["memory", "rocksdb"])
def test_in_a_forked_child_everything_is_closed_and_says_so(folder: Path, store: str) -> None:
    location = "memory://" if store == "memory" else f"rocksdb://{folder}/forked"
    ran = subprocess.run(
        [sys.executable, "-W", "ignore::DeprecationWarning", "-c", textwrap.dedent(FORK), location],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        env={"PYTHONPATH": str(ROOT)},
        timeout=120,
    )
    assert ran.returncode == 0, ran.stderr
    status, told = json.loads(ran.stdout)
    assert status == 0
    assert told.pop("connect") == ["", "child"]
    assert len(told) == 17
    closed = [
        "Closed",
        "the database was opened before this process was forked; connect after the fork, and in no process before it",
    ]
    assert told == dict.fromkeys(told, closed)
    if store == "rocksdb":
        with cfacl.connect(location, policy=_policy()) as db:
            assert len(list(db.session("ann", "work").table("t").scan())) == 5


def _policy() -> cfacl.Policy:
    text = textwrap.dedent(FORK).partition('loads("""')[2].partition('"""')[0]
    return cfacl.Policy.loads(text)
