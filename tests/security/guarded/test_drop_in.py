"""The drop-in for happybase reaches data by the native face alone: the same denials, and the same calls of the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl
from cfacl.compat.happybase import Connection

Use = Callable[[Connection], Any]


def table(use: Callable[[Any], Any]) -> Use:
    return lambda connection: use(connection.table("t"))


def batch(use: Callable[[Any], Any], **keys: Any) -> Use:
    def used(connection: Connection) -> Any:
        with connection.table("t").batch(**keys) as made:
            use(made)

    return used


#: Every way to rows, with what it costs the store for somebody who may do everything.
WAYS: Final[dict[str, tuple[list[str], Use]]] = {
    "row": (["get"], table(lambda t: t.row(b"r1"))),
    "row, columns": (["get"], table(lambda t: t.row("r1", ["a:q"], include_timestamp=True))),
    "row, no columns": (["get"], table(lambda t: t.row(b"r1", []))),
    "rows": (["get"], table(lambda t: t.rows([b"r1", "r2"]))),
    "rows, none": ([], table(lambda t: t.rows([]))),
    "cells": (["versions"], table(lambda t: t.cells(b"r1", b"a:q", 2, include_timestamp=True))),
    "scan": (["scan"], table(lambda t: list(t.scan()))),
    "scan, prefix": (["scan"], table(lambda t: list(t.scan(row_prefix="r", reverse=True, batch_size=1)))),
    "scan, columns": (["scan"], table(lambda t: list(t.scan(columns=[b"b"], limit=1)))),
    "scan, no columns": (["scan"], table(lambda t: list(t.scan(columns=[])))),
    "scan, sorted": (["scan"], table(lambda t: list(t.scan(sorted_columns=True)))),
    "scan, filter": (["scan"], table(lambda t: list(t.scan(filter="ColumnValueFilter('a', 'q', =, 'binary:a')")))),
    "scan, not begun": ([], table(lambda t: t.scan())),
    "put": (["apply"], table(lambda t: t.put(b"r1", {b"a:q": b"x"}))),
    "put, without its log": (["apply"], table(lambda t: t.put(b"r1", {"a:q": "x"}, wal=False))),
    "delete": (["apply"], table(lambda t: t.delete(b"r1", [b"a"]))),
    "delete, the row": (["apply"], table(lambda t: t.delete(b"r1"))),
    "batch, put": (["apply"], batch(lambda b: b.put(b"r1", {b"a:q": b"x"}))),
    "batch, delete": (["apply"], batch(lambda b: b.delete(b"r1"))),
    "batch, flushed": (["apply"], batch(lambda b: b.put(b"r1", {b"a:q": b"x"}), batch_size=1)),
    "batch, transaction": (["apply"], batch(lambda b: b.put(b"r1", {b"a:q": b"x"}), transaction=True)),
    "counter_get": (["versions"], table(lambda t: t.counter_get(b"r1", b"a:n"))),
    "counter_set": (["apply"], table(lambda t: t.counter_set(b"r1", b"a:n", 2))),
    "counter_inc": (["increment"], table(lambda t: t.counter_inc(b"r1", b"a:n", 2))),
    "counter_dec": (["increment"], table(lambda t: t.counter_dec(b"r1", b"a:n", 2))),
    "check_and_put": (["compare_and_set"], table(lambda t: t.check_and_put(b"r1", b"a:q", b"a", {b"a:p": b"x"}))),
}
EMBEDDED: Final[dict[str, tuple[list[str], Use]]] = {
    "check_and_delete": (["compare_and_set"], table(lambda t: t.check_and_delete(b"r1", b"a:q", b"a", [b"b:q"]))),
    "check_and_delete, the row": (["compare_and_set"], table(lambda t: t.check_and_delete(b"r1", b"a:q", b"a"))),
}


@pytest.mark.on_servers
@pytest.mark.rule("1a", "7c")
@pytest.mark.failure("store-acl-11")
@pytest.mark.parametrize("name", [*WAYS, *EMBEDDED])
def test_without_a_grant_nothing_reaches_the_store(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    for principal, purpose in (("nil", "work"), ("root", "play")):
        with pytest.raises(cfacl.AccessDenied) as denied:
            (WAYS | EMBEDDED)[name][1](Connection(cfacl=world.db, principal=principal, purpose=purpose))
        assert denied.value.reason == "not_granted"
    assert world.store.take() == []


@pytest.mark.on_servers
@pytest.mark.parametrize("name", WAYS)
def test_each_request_is_one_call_of_the_store(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    calls, use = WAYS[name]
    use(Connection(cfacl=world.db, principal="root", purpose="work"))
    assert [call.method for call in world.data() if call.method != "scan.next"] == calls


@pytest.mark.parametrize("name", EMBEDDED)
def test_so_are_conditional_deletions_where_there_are_any(world: Any, name: str) -> None:
    world.fill(b"r1", b"r2")
    calls, use = EMBEDDED[name]
    assert use(Connection(cfacl=world.db, principal="root", purpose="work")) is True
    assert [call.method for call in world.data()] == calls


@pytest.mark.on_servers
@pytest.mark.rule("4f")
@pytest.mark.parametrize("value", [b"c", b"other", None], ids=repr)
def test_a_condition_tells_nothing_of_what_may_not_be_read(world: Any, value: bytes | None) -> None:
    """Ann reads and writes `a`; the cell that she compares is one of `c`."""
    world.fill(b"r1")
    asked = Connection(cfacl=world.db, principal="ann", purpose="work").table("t")
    for call in (
        lambda: asked.check_and_put(b"r1", b"c:q", value, {b"a:q": b"x"}),
        lambda: asked.check_and_delete(b"r1", b"c:q", value, [b"a:q"]),
    ):
        with pytest.raises(cfacl.AccessDenied) as denied:
            call()
        assert denied.value.families == {"c"}
    assert world.store.take() == []


@pytest.mark.on_servers
def test_what_is_read_is_what_is_granted(world: Any) -> None:
    world.fill(b"r1", b"r2")
    asked = Connection(cfacl=world.db, principal="ann", purpose="work").table("t")
    native = world.session("ann").table("t")
    assert asked.row(b"r1") == native.row(b"r1")
    assert asked.row(b"r1").withheld == native.row(b"r1").withheld
    assert dict(asked.rows([b"r1", b"r2"], [])) == dict(native.rows([b"r1", b"r2"]))
    assert dict(asked.scan(columns=[])) == dict(native.scan())
    assert asked.row(b"r1") != {}
    assert {family for call in world.data() for family in call.families} <= set(
        world.session("ann").families("read", "t")
    )
