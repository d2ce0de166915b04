"""Every public name of session, table and batch, used by somebody without any grant; and what each costs the store."""

from __future__ import annotations

import contextlib
import tempfile
from collections.abc import Callable, Iterable
from typing import Any, Final

import pytest

import cfacl
from cfacl.stores.base import Store, SystemTable
from cfacl.stores.memory import MemoryStore
from cfacl.stores.rocksdb import RocksStore
from cfacl.testing.stores import DATA, CountingStore

DENIED: Final = "denied"
HARMLESS: Final = "harmless"

#: What Python itself calls, and what every object has.
PLUMBING: Final = {
    "__annotations__",
    "__dict__",
    "__firstlineno__",
    "__module__",
    "__mypyc_attrs__",
    "__slots__",
    "__static_attributes__",
    "__weakref__",
    *dir(object),
}

Use = Callable[[cfacl.Session], Any]


def table(use: Callable[[cfacl.Table], Any]) -> Use:
    return lambda session: use(session.table("t"))


def batch(use: Callable[[cfacl.Batch], Any], **keys: Any) -> Use:
    """Use a batch that holds something."""

    def used(session: cfacl.Session) -> Any:
        made = session.table("t").batch(**keys)
        made.put(b"r1", {b"a:q": b"x"})
        return use(made)

    return used


#: Every public name: how it is used, and what comes of it for somebody without any grant.
SURFACE: Final[dict[str, tuple[str, Use]]] = {
    "Session.allows": (HARMLESS, lambda session: session.allows("read", "t", "a")),
    "Session.close": (HARMLESS, lambda session: session.close()),
    "Session.explain": (HARMLESS, lambda session: session.explain("read", "t", "a", "b")),
    "Session.families": (HARMLESS, lambda session: session.families("read", "t")),
    "Session.principal": (HARMLESS, lambda session: session.principal),
    "Session.purpose": (HARMLESS, lambda session: session.purpose),
    "Session.require": (DENIED, lambda session: session.require("read", "t", "a")),
    "Session.table": (HARMLESS, lambda session: session.table("t")),
    "Session.__enter__": (HARMLESS, lambda session: session.__enter__()),
    "Session.__exit__": (HARMLESS, lambda session: session.__exit__(None, None, None)),
    "Table.name": (HARMLESS, table(lambda t: t.name)),
    "Table.batch": (HARMLESS, table(lambda t: t.batch(transaction=True))),
    "Table.cells": (DENIED, table(lambda t: t.cells(b"r1", b"a:q", versions=2, include_timestamp=True))),
    "Table.compare_and_set": (DENIED, table(lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"}))),
    "Table.compare_and_delete": (DENIED, table(lambda t: t.compare_and_delete(b"r1", b"a:q", b"a", [b"b"]))),
    "Table.counter_dec": (DENIED, table(lambda t: t.counter_dec(b"r1", b"a:n", 2))),
    "Table.counter_get": (DENIED, table(lambda t: t.counter_get(b"r1", b"a:n"))),
    "Table.counter_inc": (DENIED, table(lambda t: t.counter_inc(b"r1", b"a:n", 2))),
    "Table.counter_set": (DENIED, table(lambda t: t.counter_set(b"r1", b"a:n", 2))),
    "Table.delete": (DENIED, table(lambda t: t.delete(b"r1", [b"a"]))),
    "Table.delete_where": (DENIED, table(lambda t: t.delete_where("PrefixFilter('r')", [b"a"]))),
    "Table.put": (DENIED, table(lambda t: t.put(b"r1", {b"a:q": b"x"}))),
    "Table.row": (DENIED, table(lambda t: t.row(b"r1"))),
    "Table.rows": (DENIED, table(lambda t: t.rows([b"r1", b"r2"]))),
    "Table.scan": (DENIED, table(lambda t: list(t.scan()))),
    "Batch.put": (DENIED, batch(lambda b: b.put(b"r1", {b"a:q": b"x"}), batch_size=2)),
    "Batch.delete": (DENIED, batch(lambda b: b.delete(b"r1"), batch_size=2)),
    "Batch.send": (DENIED, batch(lambda b: b.send())),
    "Batch.__enter__": (HARMLESS, batch(lambda b: b.__enter__())),
    "Batch.__exit__": (DENIED, batch(lambda b: b.__exit__(None, None, None))),
}
#: Other ways to use the same names.
MORE: Final[dict[str, Use]] = {
    "row, columns": table(lambda t: t.row(b"r1", columns=[b"a:q"])),
    "row, a family": table(lambda t: t.row(b"r1", columns=[b"a"], timestamp=1, include_timestamp=True)),
    "row, strict": table(lambda t: t.row(b"r1", strict=True)),
    "row, columns, narrow": table(lambda t: t.row(b"r1", columns=[b"a", b"c"], strict=False)),
    "rows, of nothing": table(lambda t: t.rows([])),
    "rows, columns": table(lambda t: t.rows([b"r1"], columns=[b"a:q", b"b:q"])),
    "scan, columns": table(lambda t: list(t.scan(columns=[b"b"], limit=1))),
    "scan, strict": table(lambda t: list(t.scan(strict=True))),
    "scan, prefix, reverse": table(lambda t: list(t.scan(row_prefix=b"r", reverse=True, batch_size=1))),
    "scan, not begun": table(lambda t: t.scan()),
    "scan, filter": table(lambda t: list(t.scan(filter="ColumnValueFilter('a', 'q', =, 'binary:a')"))),
    "delete_where, dry": table(lambda t: t.delete_where("PrefixFilter('r')", [b"a"], dry_run=True)),
    "compare_and_delete, the row": table(lambda t: t.compare_and_delete(b"r1", b"a:q", None)),
    "put, a timestamp": table(lambda t: t.put(b"r1", {b"a:q": b"x"}, timestamp=1)),
    "delete, the row": table(lambda t: t.delete(b"r1")),
    "batch, transaction": batch(lambda b: b.send(), transaction=True),
}


def names(*classes: type) -> set[str]:
    """What classes offer: public names, and special methods beyond those that every object has."""
    return {
        f"{each.__name__}.{name}"
        for each in classes
        for name in dir(each)
        if not (name.startswith("_") and not name.endswith("__")) and name not in PLUMBING
    }


@pytest.mark.failure("store-acl-11")
def test_every_public_name_is_tried_here() -> None:
    assert names(cfacl.Session, cfacl.Table, cfacl.Batch) == SURFACE.keys()


def test_a_name_that_is_new_is_noticed() -> None:
    class Table(cfacl.Table):
        def peek(self) -> None: ...

        def __getitem__(self, key: bytes) -> None: ...

    assert names(Table) - names(cfacl.Table) == {"Table.peek", "Table.__getitem__"}


@pytest.mark.on_servers
@pytest.mark.rule("1a", "7c")
@pytest.mark.failure("store-acl-11")
@pytest.mark.parametrize("name", SURFACE)
def test_without_a_grant_nothing_reaches_the_store(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    outcome, use = SURFACE[name]
    if outcome == DENIED:
        with pytest.raises(cfacl.AccessDenied) as denied:
            use(world.session("nil"))
        assert denied.value.reason == "not_granted"
    else:
        use(world.session("nil"))
    assert world.store.take() == []


@pytest.mark.rule("3b", "4d", "7c")
@pytest.mark.failure("store-acl-11")
@pytest.mark.parametrize("name", MORE)
def test_without_a_grant_no_other_way_reaches_the_store_either(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    with pytest.raises(cfacl.AccessDenied):
        MORE[name](world.session("nil"))
    assert world.store.take() == []


@pytest.mark.rule("1a", "2a")
@pytest.mark.parametrize("purpose", ["work", "play"])
def test_a_purpose_without_a_grant_is_as_good_as_no_grant(world: Any, purpose: str) -> None:
    world.fill(b"r1", b"r2")
    session = world.session("ann", purpose)
    for outcome, use in [*SURFACE.values(), *[(DENIED, use) for use in MORE.values()]]:
        if outcome == DENIED and purpose == "play":
            with pytest.raises(cfacl.AccessDenied):
                use(session)
    assert world.store.take() == []


#: What each way costs somebody who may do everything: the calls that the store gets.
BUDGET: Final[dict[str, list[str]]] = {
    "Table.cells": ["versions"],
    "Table.compare_and_set": ["compare_and_set"],
    "Table.compare_and_delete": ["compare_and_set"],
    "compare_and_delete, the row": ["compare_and_set"],
    "Table.counter_dec": ["increment"],
    "Table.counter_get": ["versions"],
    "Table.counter_inc": ["increment"],
    "Table.counter_set": ["apply"],
    "Table.delete": ["apply"],
    "Table.delete_where": ["scan", "apply"],
    "Table.put": ["apply"],
    "Table.row": ["get"],
    "Table.rows": ["get"],
    "Table.scan": ["scan"],
    "Batch.put": ["apply"],
    "Batch.delete": ["apply"],
    "Batch.send": ["apply"],
    "Batch.__exit__": ["apply"],
    "row, columns": ["get"],
    "row, a family": ["get"],
    "row, strict": ["get"],
    "row, columns, narrow": ["get"],
    "rows, of nothing": [],
    "rows, columns": ["get"],
    "scan, columns": ["scan"],
    "scan, strict": ["scan"],
    "scan, prefix, reverse": ["scan"],
    "scan, not begun": [],
    "scan, filter": ["scan"],
    "delete_where, dry": ["scan"],
    "put, a timestamp": ["apply"],
    "delete, the row": ["apply"],
    "batch, transaction": ["apply"],
}
USES: Final = {name: use for name, (_, use) in SURFACE.items()} | MORE


def test_every_way_to_data_has_a_budget() -> None:
    assert {name for name, (outcome, _) in SURFACE.items() if outcome == DENIED} - {"Session.require"} <= BUDGET.keys()
    assert BUDGET.keys() <= USES.keys()
    assert MORE.keys() <= BUDGET.keys()


@pytest.mark.rule("3b")
@pytest.mark.parametrize("name", BUDGET)
def test_a_request_is_one_call(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    USES[name](world.session("root"))
    assert world.calls() == BUDGET[name]
    assert world.store.take() == []


@pytest.mark.parametrize("rows", [1, 10, 2_500])
def test_many_rows_are_one_call(world: Any, rows: int) -> None:
    keys = [b"%05d" % n for n in range(rows)]
    world.fill(*keys)
    t = world.table("ann")
    assert len(t.rows(keys)) == rows
    assert world.calls() == ["get"]
    assert len(list(t.scan())) == rows
    assert world.calls() == ["scan"]
    with t.batch() as b:
        for key in keys:
            b.put(key, {b"a:q": b"x", b"b:q": b"y"})
    assert world.calls() == ["apply"]
    told = [(event.request, event.families) for event in world.told]
    assert told == [("rows", {"a", "b"}), ("scan", {"a", "b"}), ("batch", {"a", "b"})]


@pytest.mark.rule("5a", "7c")
def test_a_denied_batch_of_many_is_no_call(world: Any) -> None:
    t = world.table("ann")
    b = t.batch()
    for n in range(100):
        b.put(b"%05d" % n, {b"a:q": b"x"})
    b.put(b"last", {b"c:q": b"x"})
    with pytest.raises(cfacl.AccessDenied) as denied:
        b.send()
    assert denied.value.families == {"c"}
    assert world.store.take() == []


@pytest.mark.on_servers
def test_the_families_that_are_denied_are_in_no_call(world: Any) -> None:
    world.fill(b"r1", b"r2")
    for use in [
        lambda t: t.row(b"r1"),
        lambda t: t.rows([b"r1", b"r2"]),
        lambda t: list(t.scan()),
        lambda t: t.row(b"r1", columns=[b"a", b"b", b"c"], strict=False),
    ]:
        use(world.table("ann"))
        assert {call.families for call in world.data()} == {("a", "b")}


def test_a_hook_that_refuses_stops_the_request_before_the_store(world: Any) -> None:
    class Refused(Exception):
        pass

    def refuse(event: cfacl.Event) -> None:
        raise Refused

    world.fill(b"r1", b"r2")
    world.tell = refuse
    for name, calls in BUDGET.items():
        if calls:
            with pytest.raises(Refused):
                USES[name](world.db.session("root", "work"))
    assert world.store.take() == []


# ------------------------------------------------------------------------------------------------ operators and stores


def backed_up(db: cfacl.Database) -> None:
    with tempfile.TemporaryDirectory() as folder, contextlib.suppress(cfacl.Unsupported):
        db.back_up(folder)


#: The operator's methods: what they return holds no row data.
OPERATOR: Final[dict[str, Callable[[cfacl.Database], Any]]] = {
    "back_up": backed_up,
    "create_tables": lambda db: db.create_tables(),
    "drift": lambda db: db.drift(),
    "tables": lambda db: db.tables(),
    "is_table_enabled": lambda db: db.is_table_enabled("t"),
    "enable_table": lambda db: db.enable_table("t"),
    "disable_table": lambda db: db.disable_table("t"),
    "compact_table": lambda db: db.compact_table("t", major=True),
    "flush": lambda db: db.flush(),
    "reopen": lambda db: db.reopen(),
    "policy": lambda db: db.policy,
    "prepare": lambda db: db.prepare("read", "t", "a"),
    "replace_policy": lambda db: db.replace_policy(db.policy),
    "session": lambda db: db.session("root", "work"),
    "stats": lambda db: db.stats(),
    "sweep": lambda db: db.sweep(),
    "sweep_every": lambda db: db.sweep_every(None),
    "what": lambda db: db.what("root"),
    "who": lambda db: db.who("read", "t", "a"),
    "drop_table": lambda db: db.drop_table("t"),
    "close": lambda db: db.close(),
}


@pytest.mark.failure("store-acl-11")
def test_the_operators_methods_are_these() -> None:
    offered = {name for name in dir(cfacl.Database) if not name.startswith("_")}
    assert offered == OPERATOR.keys()


@pytest.mark.failure("store-acl-11")
@pytest.mark.parametrize("name", OPERATOR)
def test_the_operators_methods_read_no_data(world: Any, name: str) -> None:
    world.fill(b"r1")
    db = world.db
    returned = OPERATOR[name](db)
    assert [call.method for call in world.store.take() if call.method in DATA] == []
    assert not isinstance(returned, bytes | dict) or name == "stats"
    assert "r1" not in str(returned)


#: What a store and its system table offer beside the seam; none of it returns cells.
BESIDE: Final[dict[type, set[str]]] = {MemoryStore: {"entered"}, RocksStore: {"gate"}}


@pytest.mark.failure("store-acl-11")
def test_a_store_offers_the_seam_and_nothing_else(world: Any) -> None:
    assert world.db.drift() == []
    made = world.faulty.inner
    assert {name for name in dir(made) if not name.startswith("_")} == seam(Store) | BESIDE[type(made)]
    assert {name for name in dir(made.system) if not name.startswith("_")} - {"gate", "database"} == seam(SystemTable)


def seam(kind: type) -> set[str]:
    return {name for name in {*dir(kind), *kind.__annotations__} if not name.startswith("_")}


def test_the_stores_that_count_fill_the_whole_seam() -> None:
    assert seam(Store) <= {*dir(CountingStore), "inner", "calls", "system"}
    ours = {name for name, method in vars(CountingStore.__base__).items() if callable(method)}
    assert set(Store.__abstractmethods__) <= ours


def test_what_counts_is_what_the_seam_has() -> None:
    from cfacl.testing.stores import CALLS

    of_system: Iterable[str] = (f"system.{name}" for name in seam(SystemTable))
    assert set(CALLS) == {*Store.__abstractmethods__, *of_system, "create_families", "scan_passing", "scan.next"}
