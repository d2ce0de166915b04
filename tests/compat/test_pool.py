"""The pool: affinity of threads, blocks in blocks, and connections that come back fresh."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from thriftpy2.thrift import TException

import cfacl
from cfacl.compat.happybase import Connection, ConnectionPool, NoConnectionsAvailable
from cfacl.errors import StoreUnavailable


@pytest.fixture
def pool(small: cfacl.Database) -> ConnectionPool:
    return ConnectionPool(2, cfacl=small, principal="root", purpose="work", table_prefix="shop")


def test_it_lends_what_it_made(pool: ConnectionPool) -> None:
    with pool.connection() as connection:
        assert isinstance(connection, Connection)
        assert connection.transport.is_open()
        assert connection.tables() == [b"t"]


def test_the_first_connection_is_opened_at_once_and_the_others_when_they_are_lent(
    small: cfacl.Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened: list[Connection] = []
    monkeypatch.setattr(Connection, "open", lambda connection: opened.append(connection))
    ConnectionPool(3, cfacl=small)
    assert len(opened) == 1


@pytest.mark.parametrize(
    ("size", "kind"), [("abc", TypeError), (1.0, TypeError), (None, TypeError), (0, ValueError), (-1, ValueError)]
)
def test_its_size_is_an_int_above_0(small: cfacl.Database, size: Any, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        ConnectionPool(size, cfacl=small)
    with pytest.raises(kind):
        ConnectionPool(size=size)


def test_mistakes_are_told_when_it_is_made() -> None:
    with pytest.raises(ValueError, match="compat"):
        ConnectionPool(1, compat="0.1")
    with pytest.raises(TypeError):
        ConnectionPool(1, nonsense=True)


def test_a_block_in_a_block_has_the_same_connection(pool: ConnectionPool) -> None:
    with pool.connection() as outer:
        with pool.connection() as inner, pool.connection(timeout=0.001) as third:
            assert inner is outer is third
        assert outer.tables() == [b"t"]
        with ThreadPoolExecutor(1) as other:
            assert other.submit(lambda: enter(pool)).result() is not outer


def enter(pool: ConnectionPool) -> Connection:
    with pool.connection() as connection:
        return connection


def test_where_none_comes_back_in_time_it_is_told(small: cfacl.Database) -> None:
    pool = ConnectionPool(1, cfacl=small)

    def starve() -> None:
        with pytest.raises(NoConnectionsAvailable), pool.connection(timeout=0.01):
            raise AssertionError("it got one")

    with pool.connection():
        thread = ThreadPoolExecutor(1)
        thread.submit(starve).result()
        waiting = thread.submit(lambda: enter(pool))
    assert waiting.result() is not None
    assert issubclass(NoConnectionsAvailable, RuntimeError)
    thread.shutdown()


@pytest.mark.parametrize("error", [TException("lost"), OSError("lost"), StoreUnavailable("lost; try again")], ids=repr)
def test_after_a_failure_a_connection_comes_back_fresh(small: cfacl.Database, error: Exception) -> None:
    pool = ConnectionPool(1, cfacl=small, principal="root", purpose="work")
    with pytest.raises(type(error)), pool.connection() as connection:
        before = connection.transport
        connection.transport.close()
        raise error
    with pool.connection() as again:
        assert again is connection
        assert again.transport is not before
        assert again.transport.is_open()
        assert again.tables() == [b"shop_t", b"t"]


def test_after_a_failure_in_an_inner_block_the_outer_goes_on(pool: ConnectionPool) -> None:
    with pool.connection() as outer:
        with pytest.raises(TException), pool.connection() as inner:
            inner.transport.close()
            raise TException("lost")
        assert outer.tables() == [b"t"]


def test_a_mistake_or_a_denial_is_no_failure_of_the_connection(small: cfacl.Database) -> None:
    pool = ConnectionPool(1, cfacl=small, principal="ann", purpose="work")
    with pytest.raises(cfacl.AccessDenied), pool.connection() as connection:
        before = connection.transport
        connection.table("t").row(b"r", [b"cf2"])
    with pool.connection() as again:
        assert again.transport is before


def test_one_that_was_closed_is_opened_for_the_next(pool: ConnectionPool) -> None:
    for _ in range(3):
        with pool.connection() as connection:
            assert connection.tables() == [b"t"]
            connection.close()


def test_no_two_threads_have_the_same_at_once(pool: ConnectionPool) -> None:
    held: set[int] = set()
    lock = threading.Lock()
    wrong: list[int] = []

    def borrow() -> None:
        for _ in range(200):
            with pool.connection() as connection:
                with lock:
                    if id(connection) in held:
                        wrong.append(id(connection))
                    held.add(id(connection))
                connection.tables()
                with lock:
                    held.remove(id(connection))

    threads = [threading.Thread(target=borrow) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []
    assert held == set()
