"""Who asks: said by one source, or by several that agree; captured when something is asked for, and not later."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from contextvars import copy_context
from typing import Any

import pytest

import cfacl
from cfacl.api.administered import Administered
from cfacl.compat.happybase import Connection, ConnectionPool, acting_as, configure
from cfacl.compat.happybase.identity import Asker


@pytest.fixture(autouse=True)
def unconfigured() -> Iterator[None]:
    """Leave nothing said for the process."""
    yield
    configure(None)


@pytest.fixture
def filled(house: Any) -> cfacl.Database:
    """Five rows of four families, of which ann reads `a`; and a table that is not there yet."""
    house.family("a", table="spare")
    house.grant("all", "a", table="spare", actions=["admin"])
    house.db.drop_table("spare")
    house.fill(*[b"r%d" % number for number in range(5)])
    db: cfacl.Database = house.db
    return db


WHOLE = {b"a:q": b"a", b"b:q": b"b", b"c:q": b"c", b"d:q": b"d"}
PART = {b"a:q": b"a"}

#: Every way to ask for something through a connection.
CALLS: dict[str, Any] = {
    "row": lambda c: c.table("t").row(b"r1"),
    "rows": lambda c: c.table("t").rows([b"r1"]),
    "rows, none": lambda c: c.table("t").rows([]),
    "cells": lambda c: c.table("t").cells(b"r1", b"a:q"),
    "scan": lambda c: c.table("t").scan(),
    "put": lambda c: c.table("t").put(b"r1", {b"a:q": b"x"}),
    "put, nothing": lambda c: c.table("t").put(b"r1", {}),
    "delete": lambda c: c.table("t").delete(b"r1"),
    "delete, nothing": lambda c: c.table("t").delete(b"r1", []),
    "batch": lambda c: c.table("t").batch(),
    "counter_get": lambda c: c.table("t").counter_get(b"r1", b"a:n"),
    "counter_set": lambda c: c.table("t").counter_set(b"r1", b"a:n"),
    "counter_inc": lambda c: c.table("t").counter_inc(b"r1", b"a:n"),
    "counter_dec": lambda c: c.table("t").counter_dec(b"r1", b"a:n"),
    "check_and_put": lambda c: c.table("t").check_and_put(b"r1", b"a:q", None, {b"a:q": b"x"}),
    "check_and_delete": lambda c: c.table("t").check_and_delete(b"r1", b"a:q", b"1"),
    "families": lambda c: c.table("t").families(),
    "regions": lambda c: c.table("t").regions(),
    "tables": lambda c: c.tables(),
    "create_table": lambda c: c.create_table("spare", {"a": {}}),
    "delete_table": lambda c: c.delete_table("t", disable=True),
    "enable_table": lambda c: c.enable_table("t"),
    "disable_table": lambda c: c.disable_table("t"),
    "is_table_enabled": lambda c: c.is_table_enabled("t"),
    "compact_table": lambda c: c.compact_table("t"),
}


@pytest.mark.rule("Through happybase's face")
@pytest.mark.parametrize("name", CALLS)
def test_where_nobody_is_said_to_ask_nothing_is_allowed(filled: cfacl.Database, name: str) -> None:
    with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
        CALLS[name](Connection(cfacl=filled))
    configure(filled)
    with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
        CALLS[name](Connection())
    assert dict(filled.session("root", "work").table("t").scan())[b"r1"] == WHOLE


@pytest.mark.rule("Through happybase's face")
@pytest.mark.parametrize("name", CALLS)
def test_two_who_differ_are_an_error_whatever_is_asked(filled: cfacl.Database, name: str) -> None:
    connection = Connection(cfacl=filled, principal="root", purpose="work")
    with acting_as("ann", "work"), pytest.raises(cfacl.RequestError, match="not clear who asks"):
        CALLS[name](connection)
    configure(filled, principal="ann", purpose="work")
    with pytest.raises(cfacl.RequestError, match="not clear who asks"):
        CALLS[name](connection)
    with acting_as("root", "work"), pytest.raises(cfacl.RequestError, match="not clear who asks"):
        CALLS[name](Connection())
    assert dict(filled.session("root", "work").table("t").scan())[b"r1"] == WHOLE


@pytest.mark.parametrize("name", CALLS)
def test_without_a_database_nothing_is_allowed(name: str) -> None:
    with acting_as("root", "work"), pytest.raises(cfacl.RequestError, match="has no database"):
        CALLS[name](Connection())


def test_another_purpose_is_another(filled: cfacl.Database) -> None:
    with acting_as("root", "play"), pytest.raises(cfacl.RequestError, match="not clear who asks"):
        Connection(cfacl=filled, principal="root", purpose="work").table("t").row(b"r1")


def test_each_source_says_it_alone_and_all_where_they_agree(filled: cfacl.Database) -> None:
    assert Connection(cfacl=filled, principal="ann", purpose="work").table("t").row(b"r1") == PART
    with acting_as("ann", "work"):
        assert Connection(cfacl=filled).table("t").row(b"r1") == PART
    configure(filled, principal="ann", purpose="work")
    assert Connection().table("t").row(b"r1") == PART
    with acting_as("ann", "work"):
        assert Connection(cfacl=filled, principal="ann", purpose="work").table("t").row(b"r1") == PART


def test_a_connection_says_who_and_the_process_which_database(filled: cfacl.Database) -> None:
    connection = Connection(principal="ann", purpose="work")
    with pytest.raises(cfacl.RequestError, match="has no database"):
        connection.table("t").row(b"r1")
    configure(filled)
    assert connection.table("t").row(b"r1") == PART


def test_two_databases_are_an_error(filled: cfacl.Database) -> None:
    with cfacl.connect("memory://", policy=filled.policy) as another:
        configure(another, principal="root", purpose="work")
        with pytest.raises(cfacl.RequestError, match="one database and `configure` another"):
            Connection(cfacl=filled, principal="root", purpose="work").table("t").row(b"r1")


@pytest.mark.parametrize(
    ("arguments", "kind"),
    [
        ({"principal": "root"}, cfacl.RequestError),
        ({"purpose": "work"}, cfacl.RequestError),
        ({"principal": "root", "purpose": 5}, cfacl.RequestError),
        ({"principal": "nobody", "purpose": "work"}, cfacl.AccessDenied),
        ({"principal": "root", "purpose": "nothing"}, cfacl.UnknownPurpose),
    ],
    ids=["no purpose", "no principal", "no name", "unknown principal", "unknown purpose"],
)
def test_a_mistake_is_told_at_once(filled: cfacl.Database, arguments: dict[str, Any], kind: type[Exception]) -> None:
    with pytest.raises(kind):
        Connection(cfacl=filled, **arguments)
    with pytest.raises(kind):
        configure(filled, **arguments)
    with pytest.raises(kind):
        ConnectionPool(1, cfacl=filled, **arguments)
    with pytest.raises(cfacl.RequestError, match="has no database"):
        Connection().tables()


@pytest.mark.parametrize("given", [(None, "work"), ("root", None), (b"root", "work"), (5, "work")], ids=repr)
def test_names_are_looked_at_before_a_block_begins(given: Any) -> None:
    with pytest.raises(cfacl.RequestError), acting_as(*given):
        raise AssertionError("the block began")


def test_only_what_connect_returned_is_a_database(filled: cfacl.Database) -> None:
    for given in ("memory://", object(), filled.session("root", "work")):
        with pytest.raises(cfacl.RequestError, match="`cfacl` is what"):
            Connection(cfacl=given)  # type: ignore[arg-type]  # which is what is looked at
        with pytest.raises(cfacl.RequestError, match="`cfacl` is what"):
            configure(given)  # type: ignore[arg-type]  # as above
    with pytest.raises(cfacl.RequestError, match="without a database"):
        configure(None, principal="root", purpose="work")


def test_an_unknown_principal_of_a_block_is_denied(filled: cfacl.Database) -> None:
    with acting_as("nobody", "work"), pytest.raises(cfacl.AccessDenied):
        Connection(cfacl=filled).table("t").row(b"r1")
    with acting_as("root", "nothing"), pytest.raises(cfacl.UnknownPurpose):
        Connection(cfacl=filled).table("t").row(b"r1")


def test_a_block_ends_for_whatever_reason(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with pytest.raises(ZeroDivisionError), acting_as("ann", "work"):
        raise ZeroDivisionError
    with pytest.raises(cfacl.RequestError):
        table.row(b"r1")
    with acting_as("root", "work"):
        with acting_as("ann", "work"):
            assert table.row(b"r1") == PART
        assert table.row(b"r1") == WHOLE


def test_a_thread_knows_nothing_of_the_block_that_began_it(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with acting_as("root", "work"), ThreadPoolExecutor(1) as pool:
        with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
            pool.submit(table.row, b"r1").result()
        assert table.row(b"r1") == WHOLE


def test_threads_ask_each_for_its_own_through_one_table(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    wrong: list[Any] = []
    begin = threading.Barrier(4)

    def ask(principal: str, expected: dict[bytes, bytes]) -> None:
        begin.wait()
        for _ in range(300):
            with acting_as(principal, "work"):
                found = table.row(b"r1")
                if found != expected:
                    wrong.append((principal, found))

    threads = [
        threading.Thread(target=ask, args=each)
        for each in (("ann", PART), ("root", WHOLE), ("bob", PART), ("root", WHOLE))
    ]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_tasks_ask_each_for_its_own(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")

    async def ask(principal: str) -> Any:
        with acting_as(principal, "work"):
            await asyncio.sleep(0)
            first = table.row(b"r1")
            await asyncio.sleep(0)
            return first, await asyncio.to_thread(table.row, b"r1")

    async def both() -> list[Any]:
        return await asyncio.gather(*[ask(each) for each in ("ann", "root") * 10])

    assert asyncio.run(both()) == [(PART, PART), (WHOLE, WHOLE)] * 10


@pytest.mark.rule("Through happybase's face")
def test_a_scan_is_for_whoever_called_it_wherever_it_is_read(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with acting_as("ann", "work"):
        scan = table.scan(batch_size=1)
    with acting_as("root", "work"):
        assert next(scan) == (b"r0", PART)
    assert next(scan) == (b"r1", PART)
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(list, scan).result() == [(b"r%d" % number, PART) for number in (2, 3, 4)]


def test_a_scan_is_denied_when_it_is_called(filled: cfacl.Database) -> None:
    with acting_as("ann", "play"):
        table = Connection(cfacl=filled).table("t")
        with pytest.raises(cfacl.AccessDenied):
            table.scan()


def streamed(table: Any, principal: str) -> Iterator[Any]:
    with acting_as(principal, "work"):
        yield from table.scan()


@pytest.mark.rule("Through happybase's face")
def test_a_block_in_a_generator_is_refused(filled: cfacl.Database) -> None:
    """It would be for whoever goes on with the generator, between two rows; and for ever, where two of them interleave."""
    table = Connection(cfacl=filled).table("t")
    for _ in range(2):
        with pytest.raises(cfacl.RequestError, match="in a generator"):
            next(streamed(table, "root"))
        with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
            table.row(b"r1")
    with acting_as("ann", "work"):
        with pytest.raises(cfacl.RequestError, match="in a generator"):
            list(streamed(table, "root"))
        assert table.row(b"r1") == PART


def test_a_block_in_an_asynchronous_generator_is_refused(filled: cfacl.Database) -> None:
    async def rows() -> Any:
        with acting_as("root", "work"):
            for each in Connection(cfacl=filled).table("t").scan():
                yield each

    async def read() -> None:
        async for _ in rows():
            break

    with pytest.raises(cfacl.RequestError, match="in a generator"):
        asyncio.run(read())


@contextmanager
def request_of(principal: str) -> Iterator[None]:
    with acting_as(principal, "work"):
        yield


def test_a_context_manager_may_have_it_and_a_generator_not_within_one(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with request_of("ann"), ExitStack() as stack:
        assert table.row(b"r1") == PART
        stack.enter_context(request_of("root"))
        assert table.row(b"r1") == WHOLE

    def rows() -> Iterator[Any]:
        with request_of("root"):
            yield from table.scan()

    with pytest.raises(cfacl.RequestError, match="in a generator"):
        next(rows())
    with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
        table.row(b"r1")


def test_an_asynchronous_context_manager_may_have_it(filled: cfacl.Database) -> None:
    @asynccontextmanager
    async def request(principal: str) -> AsyncIterator[None]:
        with acting_as(principal, "work"):
            yield

    async def read() -> Any:
        async with request("ann"):
            await asyncio.sleep(0)
            return Connection(cfacl=filled).table("t").row(b"r1")

    assert asyncio.run(read()) == PART


def test_it_decorates_what_is_called_wherever_that_is(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")

    @acting_as("ann", "work")
    def ask() -> Any:
        return table.row(b"r1")

    def several() -> Iterator[Any]:
        yield ask()
        yield ask()

    assert list(several()) == [PART, PART]
    with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
        table.row(b"r1")


@pytest.fixture
def within(filled: cfacl.Database) -> Iterator[Any]:
    with acting_as("ann", "work"):
        yield Connection(cfacl=filled).table("t")


def test_a_fixture_may_have_it(within: Any) -> None:
    assert within.row(b"r1") == PART


@pytest.mark.rule("Through happybase's face")
def test_what_a_block_began_and_goes_on_asks_for_nobody(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with acting_as("root", "work"):
        with acting_as("ann", "work"):
            kept = copy_context()
            assert kept.run(table.row, b"r1") == PART
        with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
            kept.run(table.row, b"r1")  # not for root, whose block goes on
        assert table.row(b"r1") == WHOLE


def test_a_block_that_ends_in_another_context_is_over_in_both(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    block = acting_as("root", "work")
    kept = copy_context()
    kept.run(block.__enter__)
    assert kept.run(table.row, b"r1") == WHOLE
    kept.copy().run(block.__exit__, None, None, None)
    for each in (kept.run, lambda call, key: call(key)):
        with pytest.raises(cfacl.RequestError, match="nobody is said to ask"):
            each(table.row, b"r1")


def test_a_session_of_one_database_does_nothing_to_the_tables_of_another(filled: cfacl.Database) -> None:
    with cfacl.connect("memory://", policy=filled.policy) as another:
        another.create_tables()
        with pytest.raises(cfacl.RequestError, match="another database's"):
            Administered(another, filled.session("root", "work"))


def test_who_asks_and_which_database_are_told_at_once(filled: cfacl.Database, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever says another database meanwhile has what was granted in the one done to the other."""
    with cfacl.connect("memory://", policy=filled.policy) as another:
        another.create_tables()
        configure(filled, principal="root", purpose="work")
        told = Asker.both
        monkeypatch.setattr(Asker, "both", lambda asker: (told(asker), configure(another))[0])
        Connection().delete_table("t", disable=True)
        assert filled.tables() == []
        assert "t" in another.tables()


@pytest.mark.rule("Through happybase's face")
def test_a_batch_is_for_whoever_made_it_wherever_it_is_sent(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled).table("t")
    with acting_as("ann", "work"):
        batch = table.batch(batch_size=10)
    batch.delete(b"r2")
    with acting_as("root", "work"):
        batch.put(b"r1", {b"b:q": b"x"})
        batch.delete(b"r2")
        with pytest.raises(cfacl.AccessDenied) as denied:
            batch.send()
    assert denied.value.principal == "ann"
    assert filled.session("root", "work").table("t").row(b"r1") == WHOLE


def test_a_pool_lends_to_whoever_asks_then(filled: cfacl.Database) -> None:
    pool = ConnectionPool(1, cfacl=filled)
    for principal, expected in (("ann", PART), ("root", WHOLE), ("ann", PART)):
        with acting_as(principal, "work"), pool.connection() as connection:
            assert connection.table("t").row(b"r1") == expected
    with pool.connection() as connection, pytest.raises(cfacl.RequestError):
        connection.table("t").row(b"r1")


def test_a_later_configure_takes_the_place_of_an_earlier(filled: cfacl.Database) -> None:
    table = Connection().table("t")
    configure(filled, principal="root", purpose="work")
    assert table.row(b"r1") == WHOLE
    configure(filled, principal="ann", purpose="work")
    assert table.row(b"r1") == PART
    configure(None)
    with pytest.raises(cfacl.RequestError, match="has no database"):
        table.row(b"r1")


def test_a_revoked_grant_is_gone_for_a_connection_that_is_open(filled: cfacl.Database, house: Any) -> None:
    table = Connection(cfacl=filled, principal="ann", purpose="work").table("t")
    assert table.row(b"r1") == PART
    house.document["principals"]["ann"]["roles"] = []
    house.replace()
    with pytest.raises(cfacl.AccessDenied):
        table.row(b"r1")
    house.document["principals"]["ann"]["roles"] = ["reader"]
    house.replace()
    assert table.row(b"r1") == PART


def test_a_removed_principal_stays_refused_to_a_connection_and_not_to_the_next_block(
    filled: cfacl.Database, house: Any
) -> None:
    named = Connection(cfacl=filled, principal="ann", purpose="work").table("t")
    unnamed = Connection(cfacl=filled).table("t")
    with acting_as("ann", "work"):
        assert named.row(b"r1") == unnamed.row(b"r1") == PART
        ann = house.document["principals"].pop("ann")
        house.replace()
        house.document["principals"]["ann"] = ann
        house.replace()
        for each in (named, unnamed):
            with pytest.raises(cfacl.AccessDenied) as denied:
                each.row(b"r1")
            assert denied.value.reason == "removed_principal"
    with acting_as("ann", "work"):
        assert unnamed.row(b"r1") == PART
        with pytest.raises(cfacl.AccessDenied):
            named.row(b"r1")


def test_a_forked_child_gets_nothing_through_its_parents_connection(filled: cfacl.Database) -> None:
    table = Connection(cfacl=filled, principal="root", purpose="work").table("t")
    assert table.row(b"r1") == WHOLE
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            table.row(b"r1")
            os.write(writer, b"read")
        except cfacl.Closed:
            os.write(writer, b"closed")
        finally:
            os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as told:
        assert told.read() == b"closed"
    os.waitpid(child, 0)
