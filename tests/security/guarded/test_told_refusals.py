"""Every public name of what a service holds, under every reason to refuse it: whoever is denied, the hook was told."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl
from cfacl.api.administered import Administered
from cfacl.compat import happybase
from cfacl.testing.stores import DATA

#: What Python itself calls, and what every object has.
PLUMBING: Final = {
    "__annotations__",
    "__dict__",
    "__firstlineno__",
    "__module__",
    "__mypyc_attrs__",  # the names of a compiled class's own fields
    "__slots__",
    "__static_attributes__",
    "__weakref__",
    *dir(object),
}

# ------------------------------------------------------------------------------------------------------------- reasons

NOT_GRANTED: Final = "not_granted"
REMOVED: Final = "removed_principal"
FAILED: Final = "failed"


def ann(world: Any) -> dict[str, Any]:
    found: dict[str, Any] = world.document["principals"]["ann"]
    return found


def edited(edit: Callable[[Any], object]) -> Callable[[Any], None]:
    def put_in_force(world: Any) -> None:
        edit(world)
        world.replace()

    return put_in_force


def remove(world: Any, *, again: bool = False) -> None:
    kept = world.document["principals"].pop("ann")
    world.replace()
    if again:
        world.document["principals"]["ann"] = kept
        world.replace()


def break_clock(world: Any) -> None:
    def broken() -> int:
        raise OSError

    world.clock = broken


def restrict(world: Any) -> None:
    actions = ["read", "write", "delete", "admin"]
    restriction = {"table": "t", "families": [*"abcd"], "actions": actions, "why": "test"}
    world.document["roles"]["reader"]["restrictions"] = [restriction]


#: Why what was allowed is refused from now on: what brings it about, and the reason that the denial has.
REASONS: Final[dict[str, tuple[str, Callable[[Any], Any]]]] = {
    "the grant is gone": (NOT_GRANTED, edited(lambda world: world.grants("reader").clear())),
    "the grant ended": (NOT_GRANTED, lambda world: world.wait(60)),
    "the assignment is gone": (NOT_GRANTED, edited(lambda world: ann(world).update(roles=["none"]))),
    "restricted": (NOT_GRANTED, edited(restrict)),
    "the level is beyond the clearance": (
        NOT_GRANTED,
        edited(lambda world: world.document["roles"]["reader"].update(clearance="internal")),
    ),
    "the purpose is not the families'": (
        NOT_GRANTED,
        edited(lambda world: [each.update(purposes=["play"]) for each in world.families.values()]),
    ),
    "the principal is gone": (REMOVED, remove),
    "the principal is another of that name": (REMOVED, lambda world: remove(world, again=True)),
    "the clock is broken": (FAILED, break_clock),
}

# --------------------------------------------------------------------------------------------------------------- names

#: Refused for every reason; by what decides and tells no data; by what looks up a name; never.
DATA_OF: Final = {NOT_GRANTED, REMOVED, FAILED}
DECIDED: Final = {REMOVED, FAILED}
KNOWN: Final = {REMOVED}
NEVER: Final[set[str]] = set()

Made = Callable[[Any], Any]
Row = tuple[set[str], Made, Callable[[Any], Any]]


def session(use: Callable[[cfacl.Session], Any]) -> tuple[Made, Callable[[Any], Any]]:
    return lambda world: world.session(), use


def table(use: Callable[[cfacl.Table], Any]) -> tuple[Made, Callable[[Any], Any]]:
    return lambda world: world.table(), use


def batch(use: Callable[[cfacl.Batch], Any], **keys: Any) -> tuple[Made, Callable[[Any], Any]]:
    """Use a batch that holds something since before it is refused."""

    def make(world: Any) -> cfacl.Batch:
        made: cfacl.Batch = world.table().batch(**keys)
        made.put(b"r1", {b"a:q": b"x"})
        return made

    return make, use


def administered(use: Callable[[Administered], Any]) -> tuple[Made, Callable[[Any], Any]]:
    return lambda world: Administered(world.db, world.session()), use


def connection(use: Callable[[happybase.Connection], Any]) -> tuple[Made, Callable[[Any], Any]]:
    return lambda world: happybase.Connection(cfacl=world.db, principal="ann", purpose="work"), use


def drop_in(use: Callable[[happybase.Table], Any]) -> tuple[Made, Callable[[Any], Any]]:
    def make(world: Any) -> happybase.Table:
        made = happybase.Connection(cfacl=world.db, principal="ann", purpose="work").table("t")
        made.row(b"r1")  # so that it holds the native one
        return made

    return make, use


def drop_in_batch(use: Callable[[happybase.Batch], Any], **keys: Any) -> tuple[Made, Callable[[Any], Any]]:
    def make(world: Any) -> happybase.Batch:
        made = drop_in(lambda t: t)[0](world).batch(**keys)
        made.put(b"r1", {b"a:q": b"x"})
        return made  # type: ignore[no-any-return]  # what a lambda makes is not annotated

    return make, use


def begun(**keys: Any) -> tuple[Made, Callable[[Any], Any]]:
    """Go on with a scan that handed out a row."""

    def make(world: Any) -> Any:
        scan = world.table().scan(batch_size=1, **keys)
        next(scan)
        return scan

    return make, list


#: Every public name, when it is refused, and how it is used; after a comma another way to use it.
ROWS: Final[dict[str, Row]] = {
    "Session.allows": (DECIDED, *session(lambda s: s.allows("read", "t", "a"))),
    "Session.close": (NEVER, *session(lambda s: s.close())),
    "Session.explain": (DECIDED, *session(lambda s: s.explain("read", "t", "a"))),
    "Session.families": (DECIDED, *session(lambda s: s.families("read", "t"))),
    "Session.principal": (NEVER, *session(lambda s: s.principal)),
    "Session.purpose": (NEVER, *session(lambda s: s.purpose)),
    "Session.require": (DATA_OF, *session(lambda s: s.require("read", "t", "a"))),
    "Session.table": (KNOWN, *session(lambda s: s.table("t"))),
    "Session.__enter__": (NEVER, *session(lambda s: s.__enter__())),
    "Session.__exit__": (NEVER, *session(lambda s: s.__exit__(None, None, None))),
    "Table.name": (NEVER, *table(lambda t: t.name)),
    "Table.batch": (NEVER, *table(lambda t: t.batch())),
    "Table.batch, a timestamp": (DECIDED, *table(lambda t: t.batch(timestamp=1))),
    "Table.cells": (DATA_OF, *table(lambda t: t.cells(b"r1", b"a:q"))),
    "Table.compare_and_set": (DATA_OF, *table(lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"}))),
    "Table.compare_and_delete": (DATA_OF, *table(lambda t: t.compare_and_delete(b"r1", b"a:q", b"a", [b"b"]))),
    "Table.counter_dec": (DATA_OF, *table(lambda t: t.counter_dec(b"r1", b"a:n"))),
    "Table.counter_get": (DATA_OF, *table(lambda t: t.counter_get(b"r1", b"a:n"))),
    "Table.counter_inc": (DATA_OF, *table(lambda t: t.counter_inc(b"r1", b"a:n"))),
    "Table.counter_set": (DATA_OF, *table(lambda t: t.counter_set(b"r1", b"a:n", 2))),
    "Table.delete": (DATA_OF, *table(lambda t: t.delete(b"r1", [b"a"]))),
    "Table.delete, a timestamp": (DATA_OF, *table(lambda t: t.delete(b"r1", [b"a"], timestamp=1))),
    "Table.delete_where": (DATA_OF, *table(lambda t: t.delete_where("PrefixFilter('r')", [b"a"]))),
    "Table.put": (DATA_OF, *table(lambda t: t.put(b"r1", {b"a:q": b"x"}))),
    "Table.put, a timestamp": (DATA_OF, *table(lambda t: t.put(b"r1", {b"a:q": b"x"}, timestamp=1))),
    "Table.row": (DATA_OF, *table(lambda t: t.row(b"r1"))),
    "Table.row, columns": (DATA_OF, *table(lambda t: t.row(b"r1", columns=[b"a:q"]))),
    "Table.rows": (DATA_OF, *table(lambda t: t.rows([b"r1"]))),
    "Table.rows, of nothing": (DATA_OF, *table(lambda t: t.rows([]))),
    "Table.scan": (DATA_OF, *table(lambda t: t.scan())),
    "Table.scan, a filter": (DATA_OF, *table(lambda t: t.scan(filter="ValueFilter(=, 'binary:a')"))),
    "Table.scan, begun": (DATA_OF, *begun()),
    "Table.scan, begun, columns": (DATA_OF, *begun(columns=[b"a:q"])),
    "Table.scan, begun, a filter": (DATA_OF, *begun(filter="ColumnValueFilter('a', 'q', =, 'binary:a')")),
    "Table.scan, begun, in parts": (DATA_OF, *begun(scan_batching=1)),
    "Table.scan, begun, of an instant": (DATA_OF, *begun(snapshot=True)),
    "Batch.put": (KNOWN, *batch(lambda b: b.put(b"r1", {b"a:q": b"x"}))),
    "Batch.put, the last": (DATA_OF, *batch(lambda b: b.put(b"r1", {b"a:q": b"x"}), batch_size=2)),
    "Batch.delete": (KNOWN, *batch(lambda b: b.delete(b"r1"))),
    "Batch.delete, a timestamp": (DECIDED, *batch(lambda b: b.delete(b"r1"), timestamp=1)),
    "Batch.send": (DATA_OF, *batch(lambda b: b.send())),
    "Batch.send, a transaction": (DATA_OF, *batch(lambda b: b.send(), transaction=True)),
    "Batch.__enter__": (NEVER, *batch(lambda b: b.__enter__())),
    "Batch.__exit__": (DATA_OF, *batch(lambda b: b.__exit__(None, None, None))),
    "Administered.catalog": (KNOWN, *administered(lambda a: a.catalog)),
    "Administered.names": (KNOWN, *administered(lambda a: a.names())),
    "Administered.families": (KNOWN, *administered(lambda a: a.families("t"))),
    "Administered.is_enabled": (KNOWN, *administered(lambda a: a.is_enabled("t"))),
    "Administered.create": (DATA_OF, *administered(lambda a: a.create("t"))),
    "Administered.drop": (DATA_OF, *administered(lambda a: a.drop("t", disable=True))),
    "Administered.enable": (DATA_OF, *administered(lambda a: a.enable("t"))),
    "Administered.disable": (DATA_OF, *administered(lambda a: a.disable("t"))),
    "Administered.compact": (DATA_OF, *administered(lambda a: a.compact("t", major=True))),
    "Administered.regions": (DATA_OF, *administered(lambda a: a.regions("t"))),
    "Connection.client": (NEVER, *connection(lambda c: hasattr(c, "client"))),
    "Connection.open": (NEVER, *connection(lambda c: c.open())),
    "Connection.close": (NEVER, *connection(lambda c: c.close())),
    "Connection.table": (NEVER, *connection(lambda c: c.table("t"))),
    "Connection.tables": (KNOWN, *connection(lambda c: c.tables())),
    "Connection.create_table": (DATA_OF, *connection(lambda c: c.create_table("t", {"a": {}}))),
    "Connection.delete_table": (DATA_OF, *connection(lambda c: c.delete_table("t", disable=True))),
    "Connection.enable_table": (DATA_OF, *connection(lambda c: c.enable_table("t"))),
    "Connection.disable_table": (DATA_OF, *connection(lambda c: c.disable_table("t"))),
    "Connection.is_table_enabled": (KNOWN, *connection(lambda c: c.is_table_enabled("t"))),
    "Connection.compact_table": (DATA_OF, *connection(lambda c: c.compact_table("t"))),
    "happybase.Table.families": (KNOWN, *drop_in(lambda t: t.families())),
    "happybase.Table.regions": (DATA_OF, *drop_in(lambda t: t.regions())),
    "happybase.Table.row": (DATA_OF, *drop_in(lambda t: t.row(b"r1"))),
    "happybase.Table.rows": (DATA_OF, *drop_in(lambda t: t.rows([b"r1"]))),
    "happybase.Table.cells": (DATA_OF, *drop_in(lambda t: t.cells(b"r1", b"a:q"))),
    "happybase.Table.scan": (DATA_OF, *drop_in(lambda t: list(t.scan()))),
    "happybase.Table.put": (DATA_OF, *drop_in(lambda t: t.put(b"r1", {b"a:q": b"x"}))),
    "happybase.Table.delete": (DATA_OF, *drop_in(lambda t: t.delete(b"r1"))),
    "happybase.Table.batch": (NEVER, *drop_in(lambda t: t.batch())),
    "happybase.Table.counter_get": (DATA_OF, *drop_in(lambda t: t.counter_get(b"r1", b"a:n"))),
    "happybase.Table.counter_set": (DATA_OF, *drop_in(lambda t: t.counter_set(b"r1", b"a:n", 2))),
    "happybase.Table.counter_inc": (DATA_OF, *drop_in(lambda t: t.counter_inc(b"r1", b"a:n"))),
    "happybase.Table.counter_dec": (DATA_OF, *drop_in(lambda t: t.counter_dec(b"r1", b"a:n"))),
    "happybase.Table.check_and_put": (
        DATA_OF,
        *drop_in(lambda t: t.check_and_put(b"r1", b"a:q", b"a", {b"b:q": b"x"})),
    ),
    "happybase.Table.check_and_delete": (DATA_OF, *drop_in(lambda t: t.check_and_delete(b"r1", b"a:q", b"a", [b"b"]))),
    "happybase.Batch.put": (NEVER, *drop_in_batch(lambda b: b.put(b"r1", {b"a:q": b"x"}))),
    "happybase.Batch.put, the last": (DATA_OF, *drop_in_batch(lambda b: b.put(b"r1", {b"b:q": b"x"}), batch_size=2)),
    "happybase.Batch.delete": (NEVER, *drop_in_batch(lambda b: b.delete(b"r1"))),
    "happybase.Batch.send": (DATA_OF, *drop_in_batch(lambda b: b.send())),
    "happybase.Batch.__enter__": (NEVER, *drop_in_batch(lambda b: b.__enter__())),
    "happybase.Batch.__exit__": (DATA_OF, *drop_in_batch(lambda b: b.__exit__(None, None, None))),
}
HELD: Final = {
    "Session": cfacl.Session,
    "Table": cfacl.Table,
    "Batch": cfacl.Batch,
    "Administered": Administered,
    "Connection": happybase.Connection,
    "happybase.Table": happybase.Table,
    "happybase.Batch": happybase.Batch,
}


def names(held: dict[str, type]) -> set[str]:
    """What classes offer: public names, and special methods beyond those that every object has."""
    return {
        f"{name}.{each}"
        for name, kind in held.items()
        for each in dir(kind)
        if not (each.startswith("_") and not each.endswith("__")) and each not in PLUMBING
    }


@pytest.mark.failure("store-acl-11")
def test_every_public_name_has_a_row() -> None:
    assert names(HELD) == {name.partition(",")[0] for name in ROWS}


def test_a_name_that_is_new_is_noticed() -> None:
    class Table(cfacl.Table):
        def peek(self) -> None: ...

    assert names({"Table": Table}) - ROWS.keys() == {"Table.peek"}


def filled(world: Any) -> None:
    """Let ann do everything, until a minute from now."""
    world.grants("reader").clear()
    world.grant("reader", *"abcd", actions=["read", "write", "delete", "admin"], until=world.at(60))
    world.fill(b"r1", b"r2", b"r3")


@pytest.mark.rule("12g")
@pytest.mark.parametrize("reason", REASONS)
@pytest.mark.parametrize("name", ROWS)
def test_whoever_is_denied_the_hook_was_told_by_the_same_id(memory_world: Any, name: str, reason: str) -> None:
    filled(memory_world)
    refused_by, make, use = ROWS[name]
    word, bring_about = REASONS[reason]
    made = make(memory_world)
    bring_about(memory_world)
    memory_world.told.clear()
    memory_world.store.take()
    denied: cfacl.AccessDenied | None = None
    try:
        use(made)
    except cfacl.AccessDenied as error:
        denied = error
    refusals = [each for each in memory_world.told if not each.allowed]
    if word not in refused_by:
        assert denied is None
        assert refusals == []
        return
    assert denied is not None
    (told,) = refusals
    assert told is memory_world.told[-1]
    assert (told.decision, told.reason, told.principal, told.purpose) == (denied.decision, word, "ann", "work")
    assert told.table in ("t", None)
    assert told.families == denied.families
    assert [call.method for call in memory_world.store.take() if call.method in DATA and ", begun" not in name] == []


#: What is looked at again after the hook was told that it is allowed.
UNDER_WAY: Final = [
    "Table.cells",
    "Table.compare_and_set",
    "Table.compare_and_delete",
    "Table.counter_dec",
    "Table.counter_get",
    "Table.counter_inc",
    "Table.counter_set",
    "Table.delete",
    "Table.delete, a timestamp",
    "Table.delete_where",
    "Table.put",
    "Table.put, a timestamp",
    "Table.row",
    "Table.row, columns",
    "Table.rows",
    "Batch.put, the last",
    "Batch.send",
    "Batch.__exit__",
    "Administered.create",
    "Administered.drop",
    "Administered.enable",
    "Administered.disable",
    "Administered.regions",
]


@pytest.mark.rule("12f", "12g")
@pytest.mark.parametrize("reason", ["the principal is gone", "the grant is gone"])
@pytest.mark.parametrize("name", UNDER_WAY)
def test_so_it_is_of_what_is_refused_while_it_is_under_way(memory_world: Any, name: str, reason: str) -> None:
    filled(memory_world)
    _, make, use = ROWS[name]
    made = make(memory_world)
    left = [REASONS[reason][1]]

    def tell(event: cfacl.Event) -> None:
        memory_world.told.append(event)
        if event.allowed and left:
            left.pop()(memory_world)

    memory_world.told.clear()
    memory_world.tell = tell
    with pytest.raises(cfacl.AccessDenied) as denied:
        use(made)
    assert [each.decision for each in memory_world.told if not each.allowed] == [denied.value.decision]
    assert memory_world.told[-1].reason == REASONS[reason][0]
    memory_world.tell = memory_world.told.append
    assert memory_world.session("root").table("t").row(b"r1") == {
        f"{each}:q".encode(): each.encode() for each in "abcd"
    }


@pytest.mark.rule("12g")
@pytest.mark.parametrize("principal", ["nobody", "x\ny"])
def test_a_session_for_nobody_is_told_too(memory_world: Any, principal: str) -> None:
    memory_world.fill(b"r1")
    for ask in (
        lambda: memory_world.db.session(principal, "work"),
        lambda: happybase.Connection(cfacl=memory_world.db, principal=principal, purpose="work"),
        lambda: happybase.configure(memory_world.db, principal=principal, purpose="work"),
    ):
        memory_world.told.clear()
        with pytest.raises(cfacl.AccessDenied) as denied:
            ask()
        (told,) = memory_world.told
        assert (told.request, told.allowed, told.principal, told.purpose) == ("session", False, principal, "work")
        assert (told.table, told.access, told.reason) == (None, {}, "unknown_principal")
        assert told.decision == denied.value.decision


def test_a_check_that_is_not_granted_says_of_what(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    with pytest.raises(cfacl.AccessDenied) as denied:
        memory_world.session().require("read", "t", "a", "c", "d")
    (told,) = memory_world.told
    assert (told.request, told.table, told.access) == ("require", "t", {"read": {"c", "d"}})
    assert told.decision == denied.value.decision


@pytest.mark.rule("12f")
def test_a_check_that_is_granted_tells_nothing_and_no_more_does_a_false_one(memory_world: Any) -> None:
    memory_world.fill(b"r1")
    session = memory_world.session()
    for _ in range(2):
        session.require("read", "t", "a")
        assert session.allows("read", "t", "a")
        assert not session.allows("read", "t", "c")
        assert not session.explain("read", "t", "c").allowed
    assert memory_world.told == []


@pytest.mark.rule("12h")
@pytest.mark.parametrize("ask", ["families", "table"])
def test_a_name_that_nobody_looked_at_is_not_told(memory_world: Any, ask: str) -> None:
    """Somebody who was removed says a table by any name; an event holds those of the policy alone."""
    session = memory_world.session()
    remove(memory_world)
    memory_world.told.clear()
    with pytest.raises(cfacl.AccessDenied):
        session.families("read", "canary") if ask == "families" else session.table("canary")
    (told,) = memory_world.told
    assert "canary" not in repr(told)


@pytest.mark.rule("12g")
def test_what_the_hook_raises_takes_the_place_of_a_denial_that_it_could_not_record(memory_world: Any) -> None:
    class Full(Exception):
        pass

    def refuse(event: cfacl.Event) -> None:
        raise Full

    memory_world.fill(b"r1")
    session = memory_world.session()
    memory_world.tell = refuse
    with pytest.raises(Full) as raised:
        session.require("read", "t", "c")
    assert isinstance(raised.value.__context__, cfacl.AccessDenied)


@pytest.mark.rule("12f")
@pytest.mark.parametrize("name", UNDER_WAY)
def test_what_the_hook_raises_stops_what_is_allowed_before_the_store_is_asked(memory_world: Any, name: str) -> None:
    class Full(Exception):
        pass

    def refuse(event: cfacl.Event) -> None:
        memory_world.told.append(event)
        raise Full

    filled(memory_world)
    _, make, use = ROWS[name]
    made = make(memory_world)
    memory_world.told.clear()
    memory_world.tell = refuse
    memory_world.store.take()
    with pytest.raises(Full):
        use(made)
    assert [each.allowed for each in memory_world.told] == [True]
    assert [call.method for call in memory_world.store.take() if call.method in DATA] == []


def test_no_lock_is_held_while_the_hook_is_told(memory_world: Any) -> None:
    """Whoever asks something of the database from another thread meanwhile is answered."""
    memory_world.fill(b"r1")
    session, other = memory_world.session(), memory_world.session("bob")
    answered: list[bool] = []

    def ask(event: cfacl.Event) -> None:
        thread = threading.Thread(target=lambda: answered.append(other.allows("read", "t", "a", "b")), daemon=True)
        thread.start()
        thread.join(10)

    memory_world.tell = ask
    memory_world.db.replace_policy(memory_world.db.policy)  # so that nothing is cached, and it takes the lock
    for use in (
        lambda: session.require("read", "t", "c"),
        lambda: memory_world.db.session("nobody", "work"),
        lambda: Administered(memory_world.db, session).compact("t", major=True),
    ):
        with contextlib.suppress(cfacl.AccessDenied):
            use()
    assert answered == [True] * 3


def test_what_the_store_refuses_by_itself_is_no_denial(memory_world: Any) -> None:
    """Not even where it raises one: it was allowed, which the hook was told, and the store failed."""
    memory_world.fill(b"r1")
    table = memory_world.table()
    memory_world.faulty.fail("get", cfacl.AccessDenied("the store says no", principal="ann"))
    with pytest.raises(cfacl.StoreError):
        table.row(b"r1")
    assert [each.allowed for each in memory_world.told] == [True]
