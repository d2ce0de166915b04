"""What Cassandra does that no suite for all stores knows of: batches, times, layouts, and what is told where it can't."""

from __future__ import annotations

import gc
import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from attrs import evolve
from cassandra.connection import ConnectionShutdown
from cassandra.policies import RetryPolicy

from cfacl.errors import (
    Closed,
    InvalidKey,
    InvalidValue,
    PartlyWritten,
    RequestError,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreUnavailable,
    Unsupported,
)
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import MAX_KEY, Delete, Mutation, Put, Span
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.errors import Otherwise
from cfacl.stores.cassandra.names import RECORDS
from cfacl.stores.cassandra.store import CassandraStore, open_store
from cfacl.stores.cassandra.tables import FamilyTable
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

TABLE = "account"


class Ground:
    """A keyspace with a table of two families, and ways to it."""

    def __init__(self, server: RunningCassandra, keyspace: str, operator: Any) -> None:
        self.server, self.keyspace, self.operator = server, keyspace, operator
        self.one, self.two = (StoredFamily(TABLE, name, number, "public") for number, name in ((1, "one"), (2, "two")))
        self.many = StoredFamily(TABLE, "many", 3, "public", versions=3)
        self._opened: list[CassandraStore] = []
        self.store = self.open()
        self.store.create_table(TABLE, [self.one, self.two, self.many])

    @property
    def url(self) -> str:
        return f"cassandra://{self.server.host}:{self.server.port}/{self.keyspace}"

    def open(self, query: str = "", settings: StoreSettings | None = None) -> CassandraStore:
        store = CassandraStore(parse(self.url + query), clock=time.time_ns)
        store.settle(settings or StoreSettings(cassandra_layouts={TABLE: CassandraLayout("ordered", 4)}))
        self._opened.append(store)
        return store

    def put(self, key: bytes, *changes: Put | Delete) -> None:
        self.store.apply(TABLE, [Mutation(key, changes)])

    def row(self, key: bytes, *families: StoredFamily, store: CassandraStore | None = None) -> dict[bytes, Any] | None:
        asked = Projection([Slice(each) for each in families])
        found = (store or self.store).get(TABLE, [key], asked)
        return found[0][1] if found else None

    def cql(self, text: str) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.operator.execute(text.replace("KEYSPACE.", f"{self.keyspace}.")).all()
        return found

    def close(self) -> None:
        for each in self._opened:
            each.close()


@pytest.fixture
def ground(cassandra: RunningCassandra, keyspaces: Callable[[], str], cassandra_operator: Any) -> Iterator[Ground]:
    made = Ground(cassandra, keyspaces(), cassandra_operator)
    yield made
    made.close()


# --- batches


def test_a_logged_batch_is_all_there_in_the_end_and_a_reader_may_see_its_families_apart(ground: Ground) -> None:
    """Why `isolated_row` is denied: what a reader sees is each family whole, and not always of one write."""
    capable = ground.store.capabilities(ground.one)
    assert (capable.atomic_row, capable.isolated_row) == (True, False)
    stop = threading.Event()

    def write() -> int:
        number = 0
        while not stop.is_set():
            number += 1
            value = b"%d" % number
            changes = [Put(each, {b"a": value, b"b": value}) for each in (ground.one, ground.two)]
            ground.put(b"u", *changes)
        return number

    apart = 0
    with ThreadPoolExecutor(1) as pool:
        writer = pool.submit(write)
        try:
            for _ in range(400):
                found = ground.row(b"u", ground.one, ground.two) or {}
                for name in (b"one", b"two"):  # one family is one partition, whose changes are seen together
                    assert found.get(name + b":a") == found.get(name + b":b")
                apart += found.get(b"one:a") != found.get(b"two:a")
        finally:
            stop.set()
    last = b"%d" % writer.result()
    found = ground.row(b"u", ground.one, ground.two) or {}
    assert set(found.values()) == {last}
    assert 0 < apart < 400


def test_changes_of_one_call_keep_their_order_whatever_they_are(ground: Ground) -> None:
    for number in range(50):
        ground.put(
            b"u",
            Put(ground.one, {b"a": b"9"}),
            Delete(ground.one),
            Put(ground.one, {b"a": b"%d" % number}),
            Delete(ground.two, (b"a",)),
            Put(ground.two, {b"a": b"8"}),
            Delete(ground.two),
        )
        assert ground.row(b"u", ground.one, ground.two) == {b"one:a": b"%d" % number}


def test_a_row_over_the_limit_of_a_batch_is_refused_and_never_cut(ground: Ground) -> None:
    """The families of a row have one partition key, so that they are one mutation, and that has a limit of its own."""
    large = b"x" * (3 << 20)
    with pytest.raises(InvalidValue, match=r"^this is larger than the node takes; send less at once"):
        ground.put(b"u", Put(ground.one, {b"a": large}), Put(ground.two, {b"a": large}))
    assert ground.row(b"u", ground.one, ground.two) is None
    half = large[: 3 << 19]
    ground.put(b"u", Put(ground.one, {b"a": half}), Put(ground.two, {b"a": half}))


@pytest.mark.parametrize("whole", [False, True], ids=["by row", "whole"])
def test_what_changes_nothing_is_not_sent(ground: Ground, monkeypatch: pytest.MonkeyPatch, whole: bool) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1"}))
    sent: list[Any] = []
    monkeypatch.setattr(ground.store._ring._session, "execute_async", lambda *given, **_: sent.append(given))
    nothing = [Put(ground.one, {}), Put(ground.one, {}, 5), Delete(ground.two, ()), Put(ground.many, {})]
    for each in nothing:
        ground.store.apply(TABLE, [Mutation(b"u", (each,)), Mutation(b"v", (each,))], whole=whole)
    assert sent == []


def test_more_than_a_batch_can_have_is_refused_before_anything_is_sent(ground: Ground) -> None:
    wide = {b"%d" % number: b"" for number in range(66_000)}
    rows = [Mutation(b"u%03d" % number, (Put(ground.one, {b"a": b"1"}),)) for number in range(300)]
    many = Mutation(b"v", (Put(ground.many, dict.fromkeys(list(wide)[:33_000], b"")),))
    for each in (Mutation(b"w", (Put(ground.one, wide),)), many):
        with pytest.raises(RequestError, match=r"^the changes of a row on cassandra: at most 65,535 statements"):
            ground.store.apply(TABLE, [*rows, each])
    with pytest.raises(RequestError, match=r"^a transaction on cassandra: at most 65,535 statements"):
        changes = [Mutation(key, (Put(ground.one, {b"a": b"1"}),)) for key in wide]
        ground.store.apply(TABLE, changes, whole=True)
    assert ground.store.get(TABLE, [each.key for each in rows], Projection([Slice(ground.one)])) == []


def test_a_transaction_is_one_batch_or_none(ground: Ground) -> None:
    rows = [Mutation(b"u%d" % n, (Put(ground.one, {b"a": b"x" * 3_000}),)) for n in range(40)]
    with pytest.raises(RequestError, match="batch_size_fail_threshold"):
        ground.store.apply(TABLE, rows, whole=True)
    assert ground.cql("SELECT * FROM KEYSPACE.account__one__1") == []
    ground.store.apply(TABLE, rows)
    assert len(ground.cql("SELECT row FROM KEYSPACE.account__one__1")) == 40
    ground.store.apply(TABLE, [each._replace(changes=(Delete(ground.one),)) for each in rows], whole=True)
    assert ground.cql("SELECT row FROM KEYSPACE.account__one__1") == []


def test_a_batch_that_fails_in_part_says_which_rows(ground: Ground) -> None:
    large = Put(ground.one, {b"a": b"x" * (5 << 20)})
    rows = [Mutation(b"u%03d" % n, (Put(ground.one, {b"a": b"1"}),)) for n in range(100)]
    rows.append(Mutation(b"wide", (large,)))
    with pytest.raises(PartlyWritten, match="this is larger than the node takes") as error:
        ground.store.apply(TABLE, rows)
    told = error.value
    assert told.unknown == set()
    assert b"wide" in told.unwritten
    there = {key for (key,) in ground.cql("SELECT row FROM KEYSPACE.account__one__1")}
    assert there == told.written
    assert told.written | told.unknown | told.unwritten == {each.key for each in rows}


# --- times


def test_a_plain_put_is_stamped_by_the_cluster_whatever_time_it_is_here(ground: Ground) -> None:
    for ahead in (-3600, 3600):
        other = CassandraStore(parse(ground.url), clock=lambda: time.time_ns() + ahead * 10**9)
        try:
            other.apply(TABLE, [Mutation(b"u", (Put(ground.one, {b"a": b"1"}),))])
        finally:
            other.close()
        ((stamp,),) = ground.cql("SELECT writetime(v) FROM KEYSPACE.account__one__1")
        assert abs(stamp / 1_000_000 - time.time()) < 30


def test_a_clock_that_is_ahead_is_told_before_it_hides_what_is_there(ground: Ground) -> None:
    brief = StoredFamily(TABLE, "brief", 9, "public", time_to_live=60_000)
    ground.store.create_table(TABLE, [brief])
    ground.put(b"u", Put(brief, {b"a": b"1"}))
    ahead = CassandraStore(parse(ground.url), clock=lambda: time.time_ns() + 100 * 10**9)
    with pytest.raises(StoreError, match=r"^this clock is (99|100) seconds ahead of the cluster's"):
        ground.row(b"u", brief, store=ahead)
    ahead.close()
    assert ground.row(b"u", brief) == {b"brief:a": b"1"}


def test_what_is_compared_and_set_is_not_hidden_by_what_was_there(ground: Ground) -> None:
    """What a transaction writes bears its coordinator's milliseconds; puts and deletes before it bear microseconds."""
    for number in range(60):
        cell = b"%d" % number
        if number % 3:
            ground.put(b"u", Put(ground.one, {cell: b"old"}))
        if number % 3 == 2:
            ground.put(b"u", Delete(ground.one))
        expected = b"old" if number % 3 == 1 else None
        change = Mutation(b"u", (Put(ground.one, {cell: b"new"}),))
        assert ground.store.compare_and_set(TABLE, b"u", [(ground.one, cell, expected)], change)
        assert (ground.row(b"u", ground.one) or {})[b"one:" + cell] == b"new"
        ground.put(b"u", Put(ground.one, {cell: b"last"}))
        assert (ground.row(b"u", ground.one) or {})[b"one:" + cell] == b"last"


def test_what_is_counted_and_set_keeps_as_many_versions_as_what_is_put(ground: Ground) -> None:
    for number in range(8):
        assert ground.store.increment(TABLE, b"u", ground.many, b"n", 1) == number + 1
        expected = None if not number else b"%d" % (number - 1)
        change = Mutation(b"u", (Put(ground.many, {b"a": b"%d" % number}),))
        assert ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"a", expected)], change)
    for name in (b"n", b"a"):
        assert len(ground.store.versions(TABLE, b"u", ground.many, name)) == 3
    ((cells,),) = ground.cql("SELECT count(w) FROM KEYSPACE.account__many__3")
    assert cells == 6


def test_a_condition_sees_a_cell_behind_any_number_of_others(ground: Ground) -> None:
    others = {b"%04d" % number: b"" for number in range(2_000)}
    for value in (b"1", b"2", b"3"):
        ground.put(b"u", Put(ground.many, {**others, b"x": value}))
    change = Mutation(b"u", (Put(ground.many, others),))
    assert ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"x", b"3")], change)
    assert not ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"x", b"2")], change)


def test_a_cell_from_the_future_is_waited_for_or_told(ground: Ground) -> None:
    now = time.time_ns() // 1_000_000
    ground.put(b"u", Put(ground.one, {b"a": b"1"}, now + 500))
    assert ground.store.compare_and_set(
        TABLE, b"u", [(ground.one, b"a", b"1")], Mutation(b"u", (Put(ground.one, {b"a": b"2"}),))
    )
    assert ground.row(b"u", ground.one) == {b"one:a": b"2"}
    ground.put(b"u", Put(ground.one, {b"n": bytes(8)}, now + 60_000))
    with pytest.raises(
        StoreUnavailable, match=r"^a cell, or what was changed last, bears a time \d\d seconds ahead of the cluster's"
    ):
        ground.store.increment(TABLE, b"u", ground.one, b"n", 1)


def test_a_clock_that_is_ahead_takes_no_counter_and_no_lock_for_over(ground: Ground) -> None:
    family = StoredFamily(TABLE, "short", 9, "public", time_to_live=1_800_000)
    ground.store.create_table(TABLE, [family])
    ground.store.increment(TABLE, b"u", family, b"n", 100)
    ahead = CassandraStore(parse(ground.url), clock=lambda: time.time_ns() + 3_600 * 10**9)
    ground._opened.append(ahead)
    change = Mutation(b"u", (Put(family, {b"n": b"mine"}),))
    for call in (
        lambda: ahead.increment(TABLE, b"u", family, b"n", 1),
        lambda: ahead.compare_and_set(TABLE, b"u", [(family, b"n", None)], change),
    ):
        with pytest.raises(StoreError, match=r"^this clock is 3[56]\d\d seconds ahead of the cluster's"):
            call()
    assert ground.store.increment(TABLE, b"u", family, b"n", 1) == 101


def test_a_guard_shows_a_condition_what_was_put_meanwhile(ground: Ground) -> None:
    """Versioned cells are keys by their time, so that a new one would not be seen by comparing the old."""
    read = ground.store._conditions._read

    def meanwhile(*arguments: Any) -> Any:
        found = read(*arguments)
        ground.put(b"u", Put(ground.many, {b"a": b"put"}))
        time.sleep(0.005)
        return found

    ground.put(b"u", Put(ground.many, {b"a": b"1"}))
    change = Mutation(b"u", (Put(ground.many, {b"a": b"2"}),))
    ground.store._conditions._read = meanwhile  # type: ignore[method-assign]  # to come between the two
    assert not ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"a", b"1")], change)
    ground.store._conditions._read = read  # type: ignore[method-assign]  # as above
    assert ground.row(b"u", ground.many) == {b"many:a": b"put"}
    assert ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"a", b"put")], change)
    assert ground.row(b"u", ground.many) == {b"many:a": b"2"}


def between(ground: Ground, act: Callable[[], object]) -> None:
    """Have something done once, between what a condition reads and what it decides."""
    read = ground.store._conditions._read

    def meanwhile(*arguments: Any) -> Any:
        ground.store._conditions._read = read  # type: ignore[method-assign]  # to come between the two
        found = read(*arguments)
        act()
        time.sleep(0.005)
        return found

    ground.store._conditions._read = meanwhile  # type: ignore[method-assign]  # as above


@pytest.mark.parametrize("name", ["one", "many"])
def test_a_counter_sees_what_a_condition_on_another_cell_put_meanwhile(ground: Ground, name: str) -> None:
    family, other = getattr(ground, name), ground.open()
    ground.put(b"u", Put(family, {b"q": b"x"}))
    ground.store.increment(TABLE, b"u", family, b"n", 5)
    put = Mutation(b"u", (Put(family, {b"n": (100).to_bytes(8, "big")}),))
    between(ground, lambda: other.compare_and_set(TABLE, b"u", [(family, b"q", b"x")], put))
    assert ground.store.increment(TABLE, b"u", family, b"n", 1) == 101


@pytest.mark.parametrize("name", ["one", "many"])
def test_a_put_under_a_condition_is_not_hidden_by_a_counter_that_was_decided_before(ground: Ground, name: str) -> None:
    """The counter's stamp is the later one, and the decision the earlier."""
    family, other = getattr(ground, name), ground.open()
    ground.put(b"u", Put(family, {b"q": b"x"}))
    ground.store.increment(TABLE, b"u", family, b"n", 5)
    ring = ground.store._ring
    decide = ring.decide

    def late(*arguments: Any) -> bool:
        ring.decide = decide  # type: ignore[method-assign]  # to come before it
        time.sleep(0.005)
        assert other.increment(TABLE, b"u", family, b"n", 1) == 6
        time.sleep(0.005)
        return decide(*arguments)

    ring.decide = late  # type: ignore[method-assign]  # as above
    put = Mutation(b"u", (Put(family, {b"n": (100).to_bytes(8, "big")}),))
    assert ground.store.compare_and_set(TABLE, b"u", [(family, b"q", b"x")], put)
    assert ground.row(b"u", family) == {family.prefix + b"n": (100).to_bytes(8, "big"), family.prefix + b"q": b"x"}


@pytest.mark.parametrize("name", ["one", "many"])
def test_a_condition_that_holds_all_along_is_not_told_as_one_that_does_not(ground: Ground, name: str) -> None:
    family, other = getattr(ground, name), ground.open()
    ground.put(b"u", Put(family, {b"q": b"x"}))

    def under(column: bytes) -> Mutation:
        return Mutation(b"u", (Put(family, {column: b"1"}),))

    held = [(family, b"q", b"x")]
    between(ground, lambda: other.compare_and_set(TABLE, b"u", held, under(b"b")))
    assert ground.store.compare_and_set(TABLE, b"u", held, under(b"a"))
    between(ground, lambda: other.apply(TABLE, [Mutation(b"u", (Delete(family, (b"q",), 5),))]))
    assert ground.store.compare_and_set(TABLE, b"u", held, under(b"c"))
    assert ground.row(b"u", family) == {
        family.prefix + name: value
        for name, value in zip([b"a", b"b", b"c", b"q"], [b"1", b"1", b"1", b"x"], strict=True)
    }


@pytest.mark.parametrize("qualifiers", [(b"a",), None])
def test_a_guard_is_not_as_before_when_older_versions_were_deleted(ground: Ground, qualifiers: Any) -> None:
    ground.put(b"u", Put(ground.many, {b"a": b"1"}, 5_000))
    ground.put(b"u", Delete(ground.many, qualifiers, 3_000))

    def meanwhile() -> None:
        ground.put(b"u", Put(ground.many, {b"a": b"2"}, 6_000))
        ground.put(b"u", Delete(ground.many, qualifiers, 3_000))

    between(ground, meanwhile)
    change = Mutation(b"u", (Put(ground.many, {b"a": b"3"}),))
    assert not ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"a", b"1")], change)
    assert ground.row(b"u", ground.many) == {b"many:a": b"2"}


def test_of_a_cell_whose_versions_are_gone_a_guard_is_left_that_nobody_sees(ground: Ground) -> None:
    ground.put(b"u", Put(ground.many, {b"a": b"1"}, 5_000))
    ground.put(b"u", Delete(ground.many, (b"a", b"b"), 7_000))
    ground.put(b"v", Put(ground.many, {b"a": b"1"}))
    assert ground.row(b"u", ground.many) is None
    assert ground.store.versions(TABLE, b"u", ground.many, b"a") == []
    asked = Projection([Slice(ground.many)])
    found = [key for batch in ground.store.scan(TABLE, asked, Span(), batch_size=1, limit=1) for key, _ in batch]
    assert found == [b"v"]
    change = Mutation(b"u", (Put(ground.many, {b"a": b"2"}),))
    assert ground.store.compare_and_set(TABLE, b"u", [(ground.many, b"a", None)], change)
    assert ground.row(b"u", ground.many) == {b"many:a": b"2"}


def test_the_coordinator_that_read_a_cell_decides_on_it(ground: Ground) -> None:
    """The time that a transaction bears is its clock's, which must have passed what was read."""
    ring = ground.store._ring
    asked: list[Any] = []
    decide = ring.decide
    ring.decide = lambda statement, host=None: asked.append(host) or decide(statement, host)  # type: ignore[method-assign]  # to look on
    for family in (ground.one, ground.many):
        ground.store.increment(TABLE, b"u", family, b"n", 1)
    assert [each.endpoint.address for each in asked] == [ground.server.host] * 2


def test_a_condition_is_stamped_behind_what_this_process_deleted_last(ground: Ground) -> None:
    """A deletion cannot be seen, and would hide what is written with an earlier time."""
    ground.store._stamps.last = ground.store._stamps.there() + 400_000
    ground.put(b"u", Put(ground.one, {b"a": b"0"}))
    ground.put(b"u", Delete(ground.one, (b"a",)))
    change = Mutation(b"u", (Put(ground.one, {b"a": b"1"}),))
    assert ground.store.compare_and_set(TABLE, b"u", [(ground.one, b"a", None)], change)
    assert ground.row(b"u", ground.one) == {b"one:a": b"1"}


def test_a_family_that_was_made_for_one_version_keeps_one(ground: Ground) -> None:
    more = StoredFamily(TABLE, "one", 1, "public", versions=3)
    ground.put(b"u", Put(more, {b"a": b"1"}, 5), Put(more, {b"a": b"2"}, 6))
    assert ground.store.versions(TABLE, b"u", more, b"a") == [(b"2", 6)]
    assert ground.store.capabilities(more).versions is False
    assert ground.store.capabilities(ground.many).versions is True
    assert ground.store.altered([more]) == [more]


def test_what_may_be_sent_again_is_told_to_the_driver(ground: Ground) -> None:
    table = ground.store._schema.confirm(TABLE, [ground.one])[0]
    assert table.put.is_idempotent is True
    assert table.statement("UPDATE {table} SET v = ? WHERE {where} AND q = ? IF v = ?").is_idempotent is False


def test_more_may_be_under_way_than_a_socket_takes(ground: Ground) -> None:
    """The driver would refuse it, and send nothing, while what it sent before waits in the socket's buffer."""
    families = (ground.one, ground.two)
    changes = [Put(each, {b"%d" % number: bytes(64_000)}) for each in families for number in range(4)]
    ground.store.apply(TABLE, [Mutation(b"%d" % row, tuple(changes)) for row in range(128)])
    asked = Projection([Slice(ground.one, (b"0",))])
    assert len(ground.store.get(TABLE, [b"%d" % row for row in range(128)], asked)) == 128


def test_what_may_not_wait_is_refused_and_costs_no_number_for_questions(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1"}))
    (pool,) = ground.store._ring._session._pools.values()
    connection = pool._connection
    free = len(connection.request_ids)
    monkeypatch.setattr("cfacl.stores.cassandra.connection._WAITING", 0)
    for _ in range(20):
        with pytest.raises(StoreUnavailable, match="all connections to the node are busy"):
            ground.put(b"u", Put(ground.one, {b"a": b"2"}))
    assert (connection.in_flight, len(connection.request_ids)) == (0, free)
    monkeypatch.undo()
    assert ground.row(b"u", ground.one) == {b"one:a": b"1"}


def test_families_of_one_table_in_two_layouts_are_told_where_they_would_be_scanned_together(ground: Ground) -> None:
    """Two processes with two policies made them at once, so that neither saw the other's."""
    ground.store.drop_table(TABLE, [ground.two])
    ground.store._schema._make(ground.two, CassandraLayout("row"))
    ground.put(b"u", Put(ground.one, {b"a": b"1"}), Put(ground.two, {b"a": b"2"}))
    assert ground.row(b"u", ground.one, ground.two) == {b"one:a": b"1", b"two:a": b"2"}
    for each in (ground.one, ground.two):
        found = list(ground.store.scan(TABLE, Projection([Slice(each)]), Span(), batch_size=1))
        assert [key for batch in found for key, _ in batch] == [b"u"]
    with pytest.raises(StoreError, match=r"^families of table `account` were made in two layouts, by two policies"):
        ground.store.scan(TABLE, Projection([Slice(ground.one), Slice(ground.two)]), Span(), batch_size=1)


def test_conditions_of_one_family_may_be_several(ground: Ground) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1", b"b": b""}))
    change = Mutation(b"u", (Put(ground.one, {b"c": b"3"}),))
    held = [(ground.one, b"a", b"1"), (ground.one, b"b", b""), (ground.one, b"z", None)]
    for wrong in ((b"a", b"2"), (b"b", None), (b"z", b"")):
        assert not ground.store.compare_and_set(TABLE, b"u", [*held, (ground.one, *wrong)], change)
    assert ground.row(b"u", ground.one) == {b"one:a": b"1", b"one:b": b""}
    assert ground.store.compare_and_set(TABLE, b"u", held, change)
    assert ground.row(b"u", ground.one) == {b"one:a": b"1", b"one:b": b"", b"one:c": b"3"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda g: Put(g.two, {b"a": b"1"}), "cassandra compares and puts cells of one family"),
        (lambda g: Put(g.one, {b"a": b"1"}, 5), "cassandra stamps what is written under a condition"),
        (lambda g: Delete(g.one, (b"a",)), "cassandra deletes nothing under a condition here"),
    ],
)
def test_a_condition_that_cassandra_has_not_is_refused(
    ground: Ground, change: Callable[[Ground], Any], told: str
) -> None:
    with pytest.raises(Unsupported, match=f"^{told}"):
        ground.store.compare_and_set(TABLE, b"u", [(ground.one, b"a", None)], Mutation(b"u", (change(ground),)))
    assert ground.row(b"u", ground.one, ground.two) is None


# --- layouts


def test_a_table_by_row_has_no_bounds_no_prefix_and_no_reverse(ground: Ground) -> None:
    store = ground.open(settings=StoreSettings(cassandra_layouts={"events": CassandraLayout("row")}))
    family = StoredFamily("events", "e", 7, "public")
    store.create_table("events", [family])
    assert store.capabilities(family).ordered_scan is False
    assert store.capabilities(ground.one).ordered_scan is True
    asked = Projection([Slice(family)])
    for span in (Span(b"a"), Span(None, b"b"), Span(reverse=True)):
        with pytest.raises(Unsupported, match=r"^table `events` has the layout `row`, whose scans have no order"):
            store.scan("events", asked, span, batch_size=1)
    store.apply("events", [Mutation(b"%d" % n, (Put(family, {b"a": b"1"}),)) for n in range(30)])
    found = [key for batch in store.scan("events", asked, Span(), batch_size=7) for key, _ in batch]
    assert sorted(found) == sorted(b"%d" % n for n in range(30))


def test_rows_are_found_however_the_policy_says_their_table_is_laid_out_now(ground: Ground) -> None:
    """A table keeps the layout that it was made with; `drift` tells the difference."""
    ground.put(b"u", Put(ground.one, {b"a": b"1"}))
    for layout in (CassandraLayout("ordered", 16), CassandraLayout("row")):
        other = ground.open(settings=StoreSettings(cassandra_layouts={TABLE: layout}))
        assert ground.row(b"u", ground.one, store=other) == {b"one:a": b"1"}
        assert other.altered([ground.one, ground.two, ground.many]) == [ground.one, ground.two, ground.many]
    assert ground.store.altered([ground.one, ground.two, ground.many]) == []
    more = StoredFamily(TABLE, "one", 1, "public", versions=2)
    less = StoredFamily(TABLE, "two", 2, "public", time_to_live=1_000)
    assert ground.store.altered([more, less]) == [more, less]


def test_a_family_that_comes_later_is_laid_out_as_its_table(ground: Ground) -> None:
    later = StoredFamily(TABLE, "later", 9, "public")
    store = ground.open(settings=StoreSettings(cassandra_layouts={TABLE: CassandraLayout("row")}))
    store.create_families([later])
    store.apply(TABLE, [Mutation(b"u", (Put(ground.one, {b"a": b"1"}), Put(later, {b"a": b"2"})))])
    wanted = Projection([Slice(ground.one), Slice(later)])
    (found,) = store.scan(TABLE, wanted, Span(b"u", b"v"), batch_size=10)
    assert found == [(b"u", {b"one:a": b"1", b"later:a": b"2"})]


def test_what_is_decided_is_sent_once(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second node would say no, where the first has done it and was lost before it could tell."""
    ring = ground.store._ring
    sent = []

    def execute_async(statement, *given, **more):
        sent.append(statement)
        return real(statement, *given, **more)

    real = ring._session.execute_async
    monkeypatch.setattr(ring._session, "execute_async", execute_async)
    assert ground.store.system.compare_and_set("once", None, b"1")
    decided = sent[-1].retry_policy
    lost = decided.on_request_error(sent[-1], "SERIAL", ConnectionShutdown("gone"), 0)
    assert lost[0] == RetryPolicy.RETHROW


# --- the schema, and what others do to it


def test_what_cfacl_never_made_is_listed_and_read_by_nobody(ground: Ground) -> None:
    ground.cql("CREATE TABLE KEYSPACE.theirs (k int PRIMARY KEY, v blob)")
    assert ground.store.tables()["theirs"] == {("", 0)}
    ground.cql("DROP TABLE KEYSPACE.theirs")


def test_what_is_told_in_several_pages_is_told_whole(ground: Ground) -> None:
    """Or of many grants some would not be judged, and of many tables some would be missing."""
    ground.store._ring._session.default_fetch_size = 1
    asked = "SELECT keyspace_name FROM system_schema.keyspaces"
    assert len(ground.store._ring.ask(ground.store._ring.prepare(asked))) > 3
    assert ground.store.tables() == {TABLE: {("one", 1), ("two", 2), ("many", 3)}}


def test_a_family_whose_table_was_dropped_behind_our_back_is_missing(ground: Ground) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1"}), Put(ground.two, {b"a": b"1"}))
    ground.cql("DROP TABLE KEYSPACE.account__two__2")
    lacks = r"^the store lacks family `two` of table `account`; `create_tables\(\)` makes it$"
    with pytest.raises(SchemaMissing, match=lacks):
        ground.row(b"u", ground.one, ground.two)
    with pytest.raises(SchemaMissing, match=lacks):
        ground.put(b"u", Put(ground.two, {b"a": b"2"}))
    assert ground.row(b"u", ground.one) == {b"one:a": b"1"}
    ground.store.create_table(TABLE, [ground.two])
    assert ground.row(b"u", ground.two) is None


def test_a_column_that_somebody_adds_is_not_read_and_one_that_is_gone_is_told(ground: Ground) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1"}))
    assert ground.row(b"u", ground.one) == {b"one:a": b"1"}
    ground.cql("ALTER TABLE KEYSPACE.account__one__1 ADD extra blob")
    ground.cql("UPDATE KEYSPACE.account__one__1 SET extra = 0x01 WHERE b4 = 0 AND row = 0x01 AND q = 0x01")
    assert ground.row(b"u", ground.one) == {b"one:a": b"1"}
    ground.cql("ALTER TABLE KEYSPACE.account__one__1 DROP v")
    with pytest.raises(StoreContractError, match="one of cfacl's tables is not as it was made"):
        ground.row(b"u", ground.one, store=ground.open())


@pytest.mark.parametrize("before", [CassandraLayout("ordered", 4), CassandraLayout("row")])
@pytest.mark.parametrize("after", [CassandraLayout("ordered", 16), CassandraLayout("row")])
@pytest.mark.parametrize("name", ["one", "many"])
def test_rows_of_a_table_that_was_made_anew_are_not_looked_for_where_they_were(
    ground: Ground, before: CassandraLayout, after: CassandraLayout, name: str
) -> None:
    """By another process, while this one had nothing to ask."""
    family = getattr(ground, name)
    table = f"account__{name}__{family.identity}"
    keys = [b"%d" % number for number in range(20)]
    asked = Projection([Slice(family)])
    put = [Mutation(key, (Put(family, {b"a": b"1"}),)) for key in keys]
    calls: tuple[Callable[[CassandraStore], object], ...] = (
        lambda store: store.get(TABLE, keys, asked),
        lambda store: list(store.scan(TABLE, asked, Span(), batch_size=100)),
        lambda store: store.versions(TABLE, b"1", family, b"a"),
        lambda store: store.compare_and_set(TABLE, b"1", [(family, b"a", b"1")], put[1]),
        lambda store: store.apply(TABLE, put),
        lambda store: store.apply(TABLE, [Mutation(key, (Delete(family, (b"b",)),)) for key in keys]),
    )

    def made(layout: CassandraLayout) -> CassandraStore:
        ground.cql(f"DROP TABLE IF EXISTS KEYSPACE.{table}")
        store = ground.open(settings=StoreSettings(cassandra_layouts={TABLE: layout}))
        store.create_table(TABLE, [family])
        store.apply(TABLE, put)
        return store

    ground.store.drop_table(TABLE, [ground.one, ground.two, ground.many])
    for call in calls:
        idle = made(before)
        call(idle)
        other = made(after)
        if before != after:
            with pytest.raises((StoreUnavailable, PartlyWritten), match="made anew with another layout; try again"):
                call(idle)
        call(idle)
        assert len(idle.get(TABLE, keys, asked)) == len(keys)
        assert len(other.get(TABLE, keys, asked)) == len(keys)


def test_a_value_of_a_table_that_was_made_anew_for_several_is_not_an_older_one(ground: Ground) -> None:
    more = StoredFamily(TABLE, "one", 1, "public", versions=3)
    idle = ground.open()
    idle.apply(TABLE, [Mutation(b"u", (Put(ground.one, {b"a": b"0"}),))])
    assert ground.row(b"u", ground.one, store=idle) == {b"one:a": b"0"}
    ground.cql("DROP TABLE KEYSPACE.account__one__1")
    other = ground.open()
    other.create_table(TABLE, [more])
    for number in range(3):
        other.apply(TABLE, [Mutation(b"u", (Put(more, {b"a": b"%d" % number}),))])
        time.sleep(0.002)
    for call in (
        lambda: ground.row(b"u", ground.one, store=idle),
        lambda: idle.apply(TABLE, [Mutation(b"v", (Put(ground.one, {b"a": b"0"}),))]),
    ):
        idle.reopen()
        idle._schema._known = {
            name: FamilyTable(idle._ring, "account__one__1", evolve(each.described, versioned=False))
            for name, each in idle._schema._there().items()
        }
        with pytest.raises(StoreUnavailable, match="made anew with another layout; try again"):
            call()
        call()
    assert ground.row(b"u", more, store=idle) == {b"one:a": b"2"}


def test_every_thread_that_met_a_table_which_was_made_anew_may_try_again(ground: Ground) -> None:
    ground.row(b"u", ground.one)
    schema = ground.store._schema
    tables = schema.confirm(TABLE, [ground.one])
    ground.cql("DROP TABLE KEYSPACE.account__one__1")
    ground.open(settings=StoreSettings(cassandra_layouts={TABLE: CassandraLayout("row")}))._schema._make(
        ground.one, CassandraLayout("row")
    )
    for _ in range(3):
        told = schema.told(TABLE, [ground.one], tables)
        with pytest.raises(StoreUnavailable, match="made anew with another layout; try again"), told:
            raise Otherwise("as it was not") from ValueError("what the driver says")


def test_a_comment_that_was_changed_hides_the_family_or_is_told(ground: Ground) -> None:
    ground.cql("ALTER TABLE KEYSPACE.account__one__1 WITH comment = 'mine'")
    ground.store.reopen()
    with pytest.raises(SchemaMissing):
        ground.row(b"u", ground.one)
    ((_, comment),) = ground.cql(
        f"SELECT table_name, comment FROM system_schema.tables WHERE keyspace_name = '{ground.keyspace}'"
        " AND table_name = 'account__two__2'"
    )
    broken = json.loads(comment)
    broken["buckets"] += 1  # so that rows would be looked for where they are not
    ground.cql(f"ALTER TABLE KEYSPACE.account__two__2 WITH comment = '{json.dumps(broken)}'")
    with pytest.raises(StoreContractError, match="comment of one of cfacl's tables was changed"):
        ground.row(b"u", ground.two, store=ground.open())


def test_a_table_of_somebody_elses_under_a_familys_name_is_never_taken(ground: Ground) -> None:
    ground.cql("CREATE TABLE KEYSPACE.account__new__8 (b int, row blob, q blob, v blob, PRIMARY KEY ((b), row, q))")
    with pytest.raises(StoreContractError, match=r"^table `account__new__8` is there, and is none of family `new`"):
        ground.store.create_table(TABLE, [StoredFamily(TABLE, "new", 8, "public")])


def test_a_keyspace_that_is_not_there_is_told_with_what_makes_it(ground: Ground) -> None:
    with pytest.raises(SchemaMissing, match=r"^there is no keyspace `nowhere`; make it, in cqlsh `CREATE KEYSPACE"):
        open_store(ground.url.replace(ground.keyspace, "nowhere"), clock=time.time_ns)
    ground.store.system.compare_and_set("k", None, b"1")
    ground.cql(f"DROP KEYSPACE {ground.keyspace}")
    for call in (
        lambda: ground.row(b"u", ground.one),
        lambda: ground.put(b"u", Put(ground.one, {b"a": b"1"})),
        lambda: ground.store.system.get("k"),
        lambda: ground.store.system.compare_and_set("k", None, b"1"),
    ):
        with pytest.raises(SchemaMissing):
            call()


def test_a_records_table_that_was_dropped_is_made_again_and_holds_nothing(ground: Ground) -> None:
    assert ground.store.system.compare_and_set("k", None, b"1")
    ground.cql(f"DROP TABLE KEYSPACE.{RECORDS}")
    assert ground.store.system.get("k") is None
    assert ground.store.system.items("") == {}
    assert ground.store.system.compare_and_set("k", None, b"2")
    assert ground.store.system.get("k") == b"2"


# --- where it is, and what is wrong with that


def test_a_data_centre_that_is_none_is_told_with_those_that_are(ground: Ground) -> None:
    with pytest.raises(RequestError, match=r"^no node is in data centre `mars`; known are `eu`$"):
        open_store(f"{ground.url}?dc=mars", clock=time.time_ns)
    open_store(f"{ground.url}?dc=eu", clock=time.time_ns).close()


def test_hosts_of_two_data_centres_are_not_chosen_from_by_lot(cassandra_ring: RunningCassandra) -> None:
    hosts = f"{cassandra_ring.addresses['one']},{cassandra_ring.addresses['three']}:{cassandra_ring.port}"
    with pytest.raises(RequestError, match=r"^the hosts are of data centres `eu`, `us`; say whose nodes to ask, by"):
        CassandraStore(parse(f"cassandra://{hosts}/home"), clock=time.time_ns)
    CassandraStore(parse(f"cassandra://{hosts}/home?dc=us"), clock=time.time_ns).close()
    near = f"{cassandra_ring.addresses['one']},{cassandra_ring.addresses['two']}:{cassandra_ring.port}"
    CassandraStore(parse(f"cassandra://{near}/home"), clock=time.time_ns).close()


def test_a_cluster_that_is_not_there_is_unavailable(ground: Ground) -> None:
    with pytest.raises(StoreUnavailable, match=r"^no node at `127\.0\.0\.1:1` can be reached"):
        open_store("cassandra://127.0.0.1:1/home?timeout=2", clock=time.time_ns)


def test_a_policy_says_how_many_replicas_answer(ground: Ground) -> None:
    store = ground.open(settings=StoreSettings(cassandra_consistency="THREE"))
    with pytest.raises(StoreUnavailable, match=r"^too few replicas are up for this consistency; try again$"):
        ground.row(b"u", ground.one, store=store)
    with pytest.raises(StoreUnavailable, match="too few replicas"):
        store.apply(TABLE, [Mutation(b"u", (Put(ground.one, {b"a": b"1"}),))])
    store.settle(StoreSettings())
    assert ground.row(b"u", ground.one, store=store) is None


@pytest.mark.parametrize("key", [b"", b"k" * (MAX_KEY + 1)])
def test_a_key_that_no_store_takes_is_refused(ground: Ground, key: bytes) -> None:
    for call in (
        lambda: ground.row(key, ground.one),
        lambda: ground.put(key, Put(ground.one, {b"a": b"1"})),
        lambda: ground.store.increment(TABLE, key, ground.one, b"n", 1),
        lambda: ground.store.versions(TABLE, key, ground.one, b"n"),
    ):
        with pytest.raises(InvalidKey):
            call()


def test_what_is_too_large_is_refused_with_what_to_raise(ground: Ground) -> None:
    for size in (3 << 20, 5 << 20, 20 << 20):
        try:
            ground.put(b"u", Put(ground.one, {b"a": b"x" * size}))
        except InvalidValue as error:
            assert "commitlog_segment_size" in str(error)  # noqa: PT017  # one of them is taken
            assert ground.row(b"v", ground.one) is None
        else:
            assert size == 3 << 20


@pytest.mark.parametrize("timestamp", [-1, 1 << 62, (1 << 63) // 1000])
def test_a_time_that_cassandra_has_not_is_refused(ground: Ground, timestamp: int) -> None:
    for change in (Put(ground.one, {b"a": b"1"}, timestamp), Delete(ground.many, None, timestamp)):
        with pytest.raises(InvalidValue, match="timestamp is milliseconds since 1970"):
            ground.put(b"u", Put(ground.two, {b"a": b"1"}), change)
    assert ground.row(b"u", ground.one, ground.two, ground.many) is None


def test_no_warning_of_the_servers_names_a_key(ground: Ground, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        rows = [Mutation(b"sekret%d" % n, (Put(ground.one, {b"a": b"x" * 1_000}),)) for n in range(20)]
        ground.store.apply(TABLE, rows, whole=True)
    said = [each.getMessage() for each in caplog.records]
    assert any(each.startswith("Server warning: left out") for each in said)
    assert not any("sekret" in each or "account__" in each or b"sekret".hex() in each for each in said)


def test_a_forked_child_lets_go_and_its_parent_goes_on(ground: Ground) -> None:
    ground.put(b"u", Put(ground.one, {b"a": b"1"}))
    told, tells = os.pipe()
    child = os.fork()
    if not child:
        try:
            ground.row(b"u", ground.one)
        except Closed as error:
            os.write(tells, str(error).encode())
        else:
            os.write(tells, b"it answered")
        try:
            own = open_store(ground.url, clock=time.time_ns)
            os.write(tells, b"; " + repr(ground.row(b"u", ground.one, store=own)).encode())
            own.close()
        finally:
            os._exit(0)
    os.close(tells)
    with os.fdopen(told, "rb") as answers:
        assert answers.read() == (
            b"the store was opened by the parent of this process; open it after the fork; {b'one:a': b'1'}"
        )
    os.waitpid(child, 0)
    for _ in range(20):
        assert ground.row(b"u", ground.one) == {b"one:a": b"1"}


def test_of_no_row_that_is_there_it_is_said_when_the_store_is_closed_that_it_was_not_written(ground: Ground) -> None:
    rows = [Mutation(b"%05d" % number, (Put(ground.one, {b"a": b"x" * 300}),)) for number in range(20_000)]
    keys = {each.key for each in rows}
    asked = Projection([Slice(ground.one)])
    told: list[PartlyWritten] = []
    for pause in (0.0, 0.05, 0.2, 0.5):
        store = ground.open()
        with ThreadPoolExecutor(1) as pool:
            writing = pool.submit(store.apply, TABLE, rows)
            while not (writing.done() or any(ground.store.scan(TABLE, asked, Span(), batch_size=1))):
                pass  # until it is in its midst
            time.sleep(pause)
            store.close()
            error = writing.exception()
        there = {key for batch in ground.store.scan(TABLE, asked, Span(), batch_size=1_000) for key, _ in batch}
        if isinstance(error, PartlyWritten):
            told.append(error)
            assert not error.unwritten & there
            assert error.written <= there
            assert not error.unknown  # whatever was sent was answered first
        else:
            assert error is None
            assert there == keys
        ground.store.drop_table(TABLE, [ground.one])
        ground.store.create_table(TABLE, [ground.one])
    assert told  # one of them came in its midst


def test_what_is_under_way_is_answered_when_the_store_is_opened_again(ground: Ground) -> None:
    stop = threading.Event()

    def use(name: bytes) -> int:
        made = 0
        while not stop.is_set():
            try:
                ground.put(name, Put(ground.one, {b"a": b"%d" % made}))
            except StoreUnavailable:  # it had just begun, and nothing of it was sent
                continue
            made += 1
        return made

    with ThreadPoolExecutor(6) as pool:
        users = {name: pool.submit(use, name) for name in (b"u%d" % number for number in range(6))}
        try:
            for _ in range(5):
                time.sleep(0.3)
                ground.store.reopen()
        finally:
            stop.set()
    for name, each in users.items():
        assert ground.row(name, ground.one) == {b"one:a": b"%d" % (each.result() - 1)}


def test_a_statement_that_two_prepare_at_once_stays_known_to_the_driver(ground: Ground) -> None:
    """It knows one of the two, while that one lives; batches for a node that forgot the statement need it to."""
    ring = ground.store._ring
    prepare = ring._session.prepare
    first, both = threading.Event(), threading.Event()

    def slow(text: str) -> Any:
        if not first.is_set():
            found = prepare(text)
            first.set()
            assert both.wait(30)
            return found
        found = prepare(text)
        both.set()
        return found

    ring._session.prepare = slow
    text = f"SELECT q FROM {ground.keyspace}.account__one__1 WHERE b4 = ? AND row = ?"
    with ThreadPoolExecutor(2) as pool:
        one = pool.submit(ring.prepare, text)
        assert first.wait(30)
        other = pool.submit(ring.prepare, text)
        assert other.result().query_id == one.result().query_id
    number = one.result().query_id
    del one, other, pool
    gc.collect()
    assert number in ring._cluster._prepared_statements


def test_what_is_longer_than_a_segment_waits_for_no_acknowledgement(ground: Ground) -> None:
    pools = ground.store._ring._session.get_pools()
    options = [each._connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) for each in pools]
    assert options
    assert all(options)


def test_it_tells_of_its_nodes(ground: Ground) -> None:
    assert ground.store.statistics() == {"nodes": 1, "nodes_up": 1, "sessions_opened": 1}
    ground.store.reopen()
    assert ground.store.statistics()["sessions_opened"] == 2
