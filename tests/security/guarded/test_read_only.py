"""Where a store is open for reading only, changes are decided as ever, and none reaches it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl

#: What a store is never asked for then.
CHANGES: Final = {
    "apply",
    "compare_and_set",
    "increment",
    "create_table",
    "create_families",
    "drop_table",
    "sweep",
    "flush",
    "back_up",
    "system.compare_and_set",
    "system.compare_and_set_all",
}
DATA: Final[dict[str, Callable[[cfacl.Table], object]]] = {
    "put": lambda t: t.put(b"r1", {b"a:q": b"x"}),
    "delete": lambda t: t.delete(b"r1", [b"a"]),
    "delete, the row": lambda t: t.delete(b"r1"),
    "batch": lambda t: batch(t, transaction=False),
    "batch, transaction": lambda t: batch(t, transaction=True),
    "counter_set": lambda t: t.counter_set(b"r1", b"a:n", 1),
    "counter_inc": lambda t: t.counter_inc(b"r1", b"a:n"),
    "counter_dec": lambda t: t.counter_dec(b"r1", b"a:n"),
    "compare_and_set": lambda t: t.compare_and_set(b"r1", b"a:q", b"a", {b"b:q": b"x"}),
}
OPERATOR: Final[dict[str, Callable[[cfacl.Database], object]]] = {
    "back_up": lambda db: db.back_up("/nowhere"),
    "create_tables": lambda db: db.create_tables(),
    "create_tables, adopt": lambda db: db.create_tables(adopt=["t:a"]),
    "drop_table": lambda db: db.drop_table("t"),
    "flush": lambda db: db.flush(),
    "sweep": lambda db: db.sweep(),
    "sweep_every": lambda db: db.sweep_every(1),
}


def batch(table: cfacl.Table, *, transaction: bool) -> None:
    made = table.batch(transaction=transaction)
    made.put(b"r1", {b"a:q": b"x"})
    made.send()


@pytest.fixture
def reading(world: Any) -> Any:
    """A world whose store another process is to write."""
    world.fill(b"r1")
    world.store.read_only = True
    world.store.take()
    return world


def asked(world: Any) -> set[str]:
    return {call.method for call in world.store.take()}


@pytest.mark.rule("Reading beside a writer")
@pytest.mark.parametrize("name", DATA)
def test_what_is_granted_is_unsupported(reading: Any, name: str) -> None:
    with pytest.raises(cfacl.Unsupported, match="open for reading only; make the change in the process that has"):
        DATA[name](reading.session("root").table("t"))
    assert asked(reading) == set()


@pytest.mark.rule("7c", "Reading beside a writer")
@pytest.mark.parametrize("name", DATA)
def test_what_is_not_granted_is_denied(reading: Any, name: str) -> None:
    with pytest.raises(cfacl.AccessDenied):
        DATA[name](reading.session("nil").table("t"))
    assert asked(reading) == set()


@pytest.mark.rule("Reading beside a writer")
@pytest.mark.parametrize("name", OPERATOR)
def test_the_operators_changes_are_unsupported(reading: Any, name: str) -> None:
    with pytest.raises(cfacl.Unsupported):
        OPERATOR[name](reading.db)
    assert asked(reading) == set()


def test_reads_are_as_ever(reading: Any) -> None:
    t = reading.table("ann")
    assert t.row(b"r1") == {b"a:q": b"a", b"b:q": b"b"}
    assert [key for key, _ in t.scan()] == [b"r1"]
    with pytest.raises(cfacl.AccessDenied):
        t.row(b"r1", columns=[b"c"])
    assert asked(reading) <= {"capabilities", "get", "scan", "scan.next"}


@pytest.mark.rule("Reading beside a writer")
def test_a_policy_is_replaced_and_nothing_recorded(reading: Any) -> None:
    t = reading.table("ann")
    del reading.families["b"]
    for grant in reading.grants("reader"):
        grant["families"] = ["a"]
    reading.replace()
    assert t.row(b"r1") == {b"a:q": b"a"}
    assert not asked(reading) & CHANGES


@pytest.mark.rule("7c")
def test_a_table_that_is_missing_is_looked_for_once_and_a_denial_looks_for_nothing(
    world: Any, monkeypatch: Any
) -> None:
    looked = []
    world.db.drop_table("t")
    monkeypatch.setattr(world.store, "refresh", lambda: looked.append(True) or False)
    world.store.take()
    with pytest.raises(cfacl.SchemaMissing):
        world.table("ann").row(b"r1")
    assert looked == [True]
    with pytest.raises(cfacl.AccessDenied):
        world.table("nil").row(b"r1")
    world.grants("reader")[0]["actions"] = ["read"]
    world.replace()
    world.store.take()
    with pytest.raises(cfacl.AccessDenied):  # the second of what it needs is denied, and the first is missing
        world.table("ann").counter_inc(b"r1", b"a:q")
    assert looked == [True]
    assert asked(world) == set()


def test_what_is_revoked_while_it_is_looked_for_is_denied_and_told(world: Any, monkeypatch: Any) -> None:
    world.db.drop_table("t")
    monkeypatch.setattr(world.store, "refresh", world.revoking())
    t = world.table("ann")
    with pytest.raises(cfacl.AccessDenied):
        t.row(b"r1")
    assert [(event.request, event.allowed, event.families) for event in world.told] == [("row", False, {*"abcd"})]


@pytest.mark.rule("7b")
def test_looking_that_fails_is_a_failure_of_the_store(world: Any, monkeypatch: Any) -> None:
    def fail() -> bool:
        raise OSError("u17")

    world.db.drop_table("t")
    monkeypatch.setattr(world.store, "refresh", fail)
    with pytest.raises(cfacl.StoreError) as failed:
        world.table("ann").row(b"r1")
    assert "u17" not in str(failed.value)


@pytest.mark.rule("9c")
@pytest.mark.parametrize("name", ["row", "cells", "scan"])
def test_a_family_that_went_under_a_plan_is_decided_anew(world: Any, monkeypatch: Any, name: str) -> None:
    """The plan no longer stands when the store says that the family is not there: what is granted now is read."""
    world.fill(b"r1")
    t = world.table("ann")
    reads: dict[str, Callable[[], object]] = {
        "row": lambda: t.row(b"r1"),
        "cells": lambda: t.cells(b"r1", b"a:q"),
        "scan": lambda: list(t.scan()),
    }
    method = {"row": "get", "cells": "versions", "scan": "scan"}[name]
    asked_first = getattr(world.store, method)

    def gone(*given: Any, **named: Any) -> Any:
        monkeypatch.setattr(world.store, method, asked_first)
        for grant in world.grants("reader"):
            grant["families"] = ["a"]
        world.replace()
        raise cfacl.SchemaMissing("gone")

    monkeypatch.setattr(world.store, method, gone)
    expected = {"row": {b"a:q": b"a"}, "cells": [b"a"], "scan": [(b"r1", {b"a:q": b"a"})]}
    assert reads[name]() == expected[name]
    for way in ("get", "versions", "scan"):
        monkeypatch.setattr(
            world.store, way, lambda *given, **named: (_ for _ in ()).throw(cfacl.SchemaMissing("gone"))
        )
    with pytest.raises(cfacl.SchemaMissing, match="gone"):
        reads[name]()
