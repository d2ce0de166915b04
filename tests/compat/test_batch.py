"""Batches of the drop-in: what is sent when, and what stays."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

import cfacl
from cfacl.compat.happybase import Batch, Connection, Table
from cfacl.errors import StoreUnavailable
from cfacl.stores.memory import MemoryStore
from cfacl.testing.stores import CountingStore, FaultyStore


def test_changes_are_sent_in_their_order(table: Table, key: bytes) -> None:
    batch = table.batch()
    assert isinstance(batch, Batch)
    batch.put(key, {b"cf1:a": b"1", b"cf1:b": b"1"})
    batch.delete(key, [b"cf1:a"])
    batch.put(key + b"x", {"cf2:a": "2"})
    batch.put(key, {b"cf1:a": b"3"})
    assert table.row(key) == {}
    batch.send()
    assert dict(table.scan(row_prefix=key)) == {key: {b"cf1:a": b"3", b"cf1:b": b"1"}, key + b"x": {b"cf2:a": b"2"}}
    batch.send()  # of nothing
    assert table.cells(key, b"cf1:b") == [b"1"]


def test_a_block_sends_at_its_end(table: Table, key: bytes) -> None:
    with table.batch(timestamp=5_000) as batch:
        batch.put(key, {b"cf1:a": b"1"})
        assert table.row(key) == {}
    assert table.row(key, include_timestamp=True) == {b"cf1:a": (b"1", 5_000)}


def test_a_block_that_raised_still_sends_unless_it_is_a_transaction(table: Table, key: bytes) -> None:
    with pytest.raises(ZeroDivisionError), table.batch() as batch:
        batch.put(key, {b"cf1:a": b"1"})
        raise ZeroDivisionError
    assert table.row(key) == {b"cf1:a": b"1"}
    with pytest.raises(ZeroDivisionError), table.batch(transaction=True) as batch:
        batch.put(key, {b"cf1:a": b"2"})
        raise ZeroDivisionError
    assert table.row(key) == {b"cf1:a": b"1"}
    with table.batch(transaction=True) as batch:
        batch.put(key, {b"cf1:a": b"3"})
    assert table.row(key) == {b"cf1:a": b"3"}


def test_its_size_counts_columns(small: cfacl.Database) -> None:
    table = Connection(cfacl=small, principal="root", purpose="work").table("t")
    batch = table.batch(batch_size=4)
    batch.put(b"r1", {b"cf1:a": b"", b"cf1:b": b"", b"cf1:c": b""})
    assert table.row(b"r1") == {}
    batch.put(b"r2", {b"cf1:a": b""})
    assert len(list(table.scan())) == 2
    batch.delete(b"r1", [b"cf1:a", b"cf1:b"])
    batch.delete(b"r2", [b"cf1:a"])
    assert len(table.row(b"r1")) == 3
    batch.put(b"r3", {b"cf1:%d" % number: b"" for number in range(7)})
    assert (len(table.row(b"r1")), table.row(b"r2"), len(table.row(b"r3"))) == (1, {}, 7)
    batch.delete(b"r3")  # three families
    assert len(table.row(b"r3")) == 7
    batch.put(b"r4", {b"cf1:a": b""})
    assert table.row(b"r3") == {}


def test_what_is_left_is_sent_at_the_end(table: Table, key: bytes) -> None:
    with table.batch(batch_size=20) as batch:
        for number in range(95):
            batch.put(key + b"%03d" % number, {b"cf1:a": b"1"})
    assert len(list(table.scan(row_prefix=key))) == 95
    with table.batch(batch_size=20) as batch:
        for number in range(95):
            batch.delete(key + b"%03d" % number)
    assert list(table.scan(row_prefix=key)) == []


def test_nothing_named_is_nothing_changed(small: cfacl.Database) -> None:
    table = Connection(cfacl=small, principal="root", purpose="work").table("t")
    table.put(b"r", {b"cf1:a": b"1"})
    with table.batch(batch_size=1) as batch:
        batch.put(b"r", {})
        batch.delete(b"r", [])
        batch.delete(b"r", ())
    assert table.row(b"r") == {b"cf1:a": b"1"}


def test_what_was_not_sent_stays(around: Any) -> None:
    faulty = FaultyStore(MemoryStore(clock=lambda: 0))
    table = Connection(cfacl=around(faulty), principal="root", purpose="work").table("t")
    batch = table.batch()
    batch.put(b"r", {b"cf1:a": b"1"})
    faulty.fail("apply", StoreUnavailable("not now; try again"))
    with pytest.raises(cfacl.StoreUnavailable):
        batch.send()
    assert table.row(b"r") == {}
    batch.send()
    assert table.row(b"r") == {b"cf1:a": b"1"}


def test_what_is_added_while_it_is_sent_stays(around: Any) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Slow(CountingStore):
        def ask(self, call: Any, proceed: Any) -> Any:
            if call.method == "apply" and not begun.is_set():
                begun.set()
                assert go_on.wait(30)
            return super().ask(call, proceed)

    table = Connection(cfacl=around(Slow(MemoryStore(clock=lambda: 0))), principal="root", purpose="work").table("t")
    batch = table.batch()
    batch.put(b"1", {b"cf1:a": b"1"})
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(batch.send)
        assert begun.wait(30)
        batch.put(b"2", {b"cf1:a": b"1"})
        go_on.set()
        sending.result()
    assert [key for key, _ in table.scan()] == [b"1"]
    batch.send()
    assert [key for key, _ in table.scan()] == [b"1", b"2"]


def test_a_denied_change_denies_all(small: cfacl.Database) -> None:
    table = Connection(cfacl=small, principal="ann", purpose="work").table("t")
    with pytest.raises(cfacl.AccessDenied), table.batch() as batch:
        batch.put(b"r", {b"cf1:a": b"1"})
        batch.put(b"r", {b"cf2:a": b"1"})
    assert table.row(b"r") == {}


@pytest.mark.parametrize(
    ("batch", "changes", "durable"),
    [
        (True, [None], True),
        (None, [None], True),
        (False, [None], False),
        (True, [False], False),
        (False, [True], True),
        (True, [False, None], True),
    ],
    ids=["as ever", "as the database has it", "without", "one without", "one with", "mixed"],
)
def test_without_the_log_where_no_change_wants_it(
    around: Any, batch: Any, changes: list[bool | None], durable: bool
) -> None:
    counting = CountingStore(MemoryStore(clock=lambda: 0))
    table = Connection(cfacl=around(counting), principal="root", purpose="work").table("t")
    counting.take()
    with table.batch(wal=batch) as made:
        for each in changes:
            made.put(b"r", {b"cf1:a": b"1"}, wal=each)
    assert [call.durable for call in counting.take() if call.method == "apply"] == [durable]
