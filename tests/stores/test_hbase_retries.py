"""``?retry_writes=true``: what may be sent again is the same write, and what cannot be is sent once."""

from __future__ import annotations

import time
from typing import Final

import pytest

from cfacl.errors import StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.projection import StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.stores.hbase.store import HBaseStore
from cfacl.testing.servers import Fault, Proxy, nth

pytestmark = pytest.mark.slow

#: Where the connection broke, before the server had the whole of the request or behind.
BROKEN: Final = {
    "no answer": Fault(answer=0),
    "half an answer": Fault(answer=20),
    "a reset": Fault(answer=0, then="reset"),
    "a half-closed line": Fault(answer=0, then="half"),
    "half a request": Fault(request=30),
    "another's answer": Fault(altered=lambda answer: answer._replace(number=answer.number + 1)),
}
CALL: Final = "mutateRowsTs"


@pytest.fixture
def store(ground, proxy: Proxy) -> HBaseStore:
    opened = ground.store(proxy.port, retry_writes="true")
    ground.read(opened, b"w00000")
    return opened


def versions(ground, key: bytes) -> list[tuple[bytes, int]]:
    """All that HBase keeps of a cell, by way of happybase."""
    return ground.plain().cells(key, b"one+1:a", versions=10, include_timestamp=True)


@pytest.mark.parametrize("lost", BROKEN)
def test_a_put_is_sent_once_more_and_is_the_same(ground, proxy: Proxy, store: HBaseStore, lost: str) -> None:
    """The family keeps several versions, so that a second one of another time would be seen."""
    many = StoredFamily("many", "one", 1, "public", versions=5)
    store.create_table("many", [many])
    proxy.plan = nth(1, BROKEN[lost], CALL)
    before = time.time_ns() // 1_000_000
    store.apply("many", [Mutation(b"k", (Put(many, {b"a": b"1"}),))])
    after = time.time_ns() // 1_000_000
    first, second = proxy.requests(CALL)
    assert first._replace(number=0) == second._replace(number=0)
    ((value, timestamp),) = store.versions("many", b"k", many, b"a")
    assert value == b"1"
    assert before <= timestamp <= after
    store.drop_table("many", [many])


@pytest.mark.parametrize("lost", BROKEN)
def test_a_delete_is_sent_once_more_and_takes_nothing_that_came_between(ground, proxy, store, lost: str) -> None:
    ground.put(store, b"k", b"1")
    between = ground.store()
    sent = []

    def plan(request):
        if request.name == CALL:
            sent.append(request)
            if len(sent) == 1:
                return BROKEN[lost]
            ground.put(between, b"k", b"2", (time.time_ns() // 1_000_000) + 1)  # somebody, before the second
        return None

    proxy.plan = plan
    store.apply(ground.TABLE, [Mutation(b"k", (Delete(ground.one),))])
    assert len(sent) == 2
    assert [value for value, _ in versions(ground, b"k")] == [b"2"]


def test_puts_and_deletes_of_one_row_are_in_their_order(ground, store: HBaseStore) -> None:
    put, delete = Put(ground.one, {b"a": b"1"}), Delete(ground.one)
    for _ in range(50):
        store.apply(ground.TABLE, [Mutation(b"k", (put, delete, put, delete))])
        assert ground.read(store, b"k") == []
        store.apply(ground.TABLE, [Mutation(b"k", (delete, put))])
        assert ground.read(store, b"k") == [(b"k", {b"one:a": b"1"})]


def test_what_bears_a_timestamp_is_sent_once_more_with_it(ground, proxy: Proxy, store: HBaseStore) -> None:
    proxy.plan = nth(1, Fault(answer=0), CALL)
    ground.put(store, b"k", b"1", timestamp=5)
    assert len(proxy.requests(CALL)) == 2
    assert versions(ground, b"k") == [(b"1", 5)]


def test_it_is_sent_twice_and_no_more(ground, proxy: Proxy, store: HBaseStore) -> None:
    proxy.plan = lambda request: Fault(answer=0) if request.name == CALL else None
    with pytest.raises(StoreTimeout, match=r"it may have been applied, or still be, so look before it is sent again$"):
        ground.put(store, b"k")
    assert len(proxy.requests(CALL)) == 2
    assert len(versions(ground, b"k")) == 1


def test_where_the_second_finds_nobody_the_first_may_have_been_applied(ground, proxy: Proxy, store: HBaseStore) -> None:
    def plan(request):
        if request.name == CALL:
            proxy.refuse()
            return Fault(answer=0)
        return None

    proxy.plan = plan
    with pytest.raises(StoreError, match=r"it may have been applied, or still be, so look before it is sent again$"):
        ground.put(store, b"k")
    assert len(versions(ground, b"k")) == 1


@pytest.mark.parametrize("fault", [Fault(late=True), Fault(answer=0, then="hang")], ids=["late", "hanging"])
def test_where_an_answer_is_late_it_is_sent_once(ground, proxy: Proxy, fault: Fault) -> None:
    """The server may be at it still, and a second one would wait as long."""
    store = ground.store(proxy.port, timeout=1, retry_writes="true")
    ground.comes(lambda: (store.look(), ground.read(store, b"k")))
    proxy.plan = nth(1, fault, CALL)
    with pytest.raises(StoreTimeout, match=r"^the gateway did not answer in time"):
        ground.put(store, b"k")
    assert len(proxy.requests(CALL)) == 1


@pytest.mark.parametrize("lost", BROKEN)
def test_counters_and_comparisons_are_sent_once(ground, proxy: Proxy, store: HBaseStore, lost: str) -> None:
    put = Mutation(b"k", (Put(ground.one, {b"a": b"1"}),))
    changes = {
        "atomicIncrement": lambda: store.increment(ground.TABLE, b"k", ground.one, b"n", 1),
        "checkAndPut": lambda: store.compare_and_set(ground.TABLE, b"k", [(ground.one, b"a", None)], put),
    }
    for name, change in changes.items():
        proxy.plan = nth(1, BROKEN[lost], name)
        with pytest.raises(StoreError, match="it may have been applied"):
            change()
        assert len(proxy.requests(name)) == 1


def test_without_the_setting_a_plain_put_is_the_servers_and_is_sent_once(ground, proxy: Proxy) -> None:
    store = ground.store(proxy.port)
    proxy.plan = nth(1, Fault(answer=0), "mutateRows")
    with pytest.raises(StoreTimeout):
        ground.put(store, b"k")
    assert len(proxy.requests("mutateRows")) == 1
    assert proxy.requests(CALL) == []
    proxy.cut()
    proxy.refuse()
    with pytest.raises(StoreUnavailable):
        ground.put(store, b"k")
