"""Whether a change waits for the disk: said by the call, or else by `connect`; handed on with the one call."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest

import cfacl
from cfacl.policy.compile import compile_policy
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import CountingStore

POLICY: Final = """
policy = { name = "x", purposes = ["work"] }
tables.t.families.f = { level = "public", purposes = ["work"] }
[roles.r]
clearance = "public"
grants = [{ table = "t", families = ["f"], actions = ["read", "write", "delete"], purposes = ["work"], why = "works" }]
[principals]
p = { kind = "service", roles = ["r"] }
"""


def in_a_batch(table: cfacl.Table, **more: Any) -> None:
    with table.batch(**more) as batch:
        batch.put(b"r", {b"f:q": b"v"})


CHANGES: Final[dict[str, Callable[..., object]]] = {
    "put": lambda table, **more: table.put(b"r", {b"f:q": b"v"}, **more),
    "delete": lambda table, **more: table.delete(b"r", [b"f:q"], **more),
    "batch": in_a_batch,
    "counter_set": lambda table, **more: table.counter_set(b"r", b"f:n", 1, **more),
    "counter_inc": lambda table, **more: table.counter_inc(b"r", b"f:n", **more),
    "counter_dec": lambda table, **more: table.counter_dec(b"r", b"f:n", **more),
    "compare_and_set": lambda table, **more: table.compare_and_set(b"r", b"f:x", None, {b"f:q": b"v"}, **more),
}


def opened(*, durable: bool) -> tuple[CountingStore, cfacl.Database]:
    policy = cfacl.Policy.loads(POLICY)
    store = CountingStore(MemoryStore(clock=lambda: 10**18))
    db = cfacl.Database(store, policy, compile_policy(policy), None, lambda: 10**18, durable=durable)
    db.create_tables()
    store.take()
    return store, db


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("default", [True, False])
def test_the_call_decides_or_else_the_database(change: str, default: bool) -> None:
    store, db = opened(durable=default)
    table = db.session("p", purpose="work").table("t")
    for said, meant in {None: default, True: True, False: False}.items():
        CHANGES[change](table, durable=said)
        assert [call.durable for call in store.take()] == [meant]
    CHANGES[change](table)
    assert [call.durable for call in store.take()] == [default]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("said", [0, 1, "yes", b""])
def test_what_is_neither_true_nor_false_is_refused_and_nothing_sent(change: str, said: object) -> None:
    store, db = opened(durable=True)
    with pytest.raises(cfacl.RequestError, match=r"^`durable` is True, False, or None for what is usual, not "):
        CHANGES[change](db.session("p", purpose="work").table("t"), durable=said)
    assert store.take() == []


def test_a_database_is_durable_unless_it_is_told_otherwise() -> None:
    policy = cfacl.Policy.loads(POLICY)
    with cfacl.connect("memory://", policy=policy) as db:
        assert db._durable is True
    with cfacl.connect("memory://", policy=policy, durable=False) as db:
        assert db._durable is False
    with pytest.raises(cfacl.RequestError, match=r"^`durable` is True or False"):
        cfacl.connect("memory://", policy=policy, durable=None)  # type: ignore[arg-type]  # what a caller without types may do


def test_flushing_is_the_operators_and_one_call() -> None:
    store, db = opened(durable=False)
    db.flush()
    assert [call.method for call in store.take()] == ["flush"]
    db.close()
    with pytest.raises(cfacl.Closed):
        db.flush()
