"""Who has which connection: here without a server, so that each way to lose one is tried by itself."""

from __future__ import annotations

import gc
import threading
from collections.abc import Callable

import pytest

from cfacl.errors import Closed
from cfacl.stores.hbase.definitions import AlreadyExists, IllegalArgument, ServerError
from cfacl.stores.hbase.pool import Pool


class Client:
    """A connection that notes what is done to it."""

    def __init__(self) -> None:
        self.fresh = True
        self.ended: list[str] = []

    def is_fresh(self) -> bool:
        return self.fresh

    def close(self) -> None:
        self.ended.append("closed")

    def let_go(self) -> None:
        self.ended.append("let go")


def ends(call: Callable[[], None]) -> bool:
    """Whether a call that might wait for ever ends."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(60)
    return not thread.is_alive()


@pytest.fixture
def pool() -> Pool:
    return Pool(Client)  # type: ignore[arg-type]  # all that a pool asks of one


def used(pool: Pool, during: Callable[[], object] = lambda: None) -> Client:
    """Use a connection, and do something meanwhile; return it."""

    def call(client: Client) -> Client:
        during()
        return client

    return pool.use(call)  # type: ignore[arg-type]  # as above


def test_a_connection_is_one_callers_and_then_the_nexts(pool: Pool) -> None:
    inner: list[Client] = []
    first = used(pool, lambda: inner.append(used(pool)))
    assert inner[0] is not first
    assert used(pool) in (first, *inner)
    assert (pool.opened, pool.discarded) == (2, 0)


def failing(pool: Pool, error: BaseException) -> Client:
    """Use a connection on which something goes wrong; return it."""
    clients: list[Client] = []

    def fail(client: Client) -> None:
        clients.append(client)
        raise error

    with pytest.raises(type(error)):
        pool.use(fail)  # type: ignore[arg-type]  # as above
    return clients[0]


@pytest.mark.parametrize("answer", [ServerError(b"busy"), IllegalArgument(b"large"), AlreadyExists(b"t")])
def test_behind_an_answer_of_the_servers_it_is_used_again(pool: Pool, answer: Exception) -> None:
    first = failing(pool, answer)
    assert used(pool) is first
    assert (pool.opened, pool.discarded) == (1, 0)


@pytest.mark.parametrize("error", [TimeoutError, ConnectionError, EOFError, ValueError, KeyboardInterrupt, SystemExit])
def test_behind_anything_else_it_is_not(pool: Pool, error: type[BaseException]) -> None:
    first = failing(pool, error())
    assert first.ended == ["closed"]
    assert used(pool) is not first
    assert (pool.opened, pool.discarded) == (2, 1)


def test_one_on_which_something_waits_is_not_used(pool: Pool) -> None:
    first = used(pool)
    first.fresh = False
    assert used(pool) is not first
    assert first.ended == ["closed"]


def test_only_some_are_kept(pool: Pool) -> None:
    clients = [pool.take() for _ in range(20)]
    for each in clients:
        pool.give(each)
    assert [each.ended for each in clients] == [[]] * 16 + [["closed"]] * 4


def test_a_refresh_ends_what_is_idle_and_leaves_what_is_used(pool: Pool) -> None:
    idle: list[Client] = []

    def refresh() -> None:
        idle.append(used(pool))
        pool.refresh()
        assert idle[0].ended == ["closed"]

    kept = used(pool, refresh)
    assert kept.ended == []
    assert used(pool) is kept


def test_closing_ends_what_is_idle_at_once_and_the_rest_as_it_comes_back(pool: Pool) -> None:
    def close() -> None:
        idle = used(pool)
        pool.close()
        assert idle.ended == ["closed"]

    assert used(pool, close).ended == ["closed"]
    for call in (pool.take, pool.refresh, pool.confirm_open):
        with pytest.raises(Closed, match=r"^the store is closed; open it again$"):
            call()
    pool.close()


def test_a_child_lets_go_and_shuts_nothing_down(pool: Pool) -> None:
    def abandon() -> None:
        idle = used(pool)
        pool.abandon()
        assert idle.ended == ["let go"]

    assert used(pool, abandon).ended == ["let go"]
    with pytest.raises(Closed, match=r"^the store was opened by the parent of this process; open it after the fork$"):
        pool.take()
    pool.close()
    with pytest.raises(Closed, match="open it after the fork"):
        pool.take()


def test_a_child_does_not_wait_for_a_thread_that_it_has_not(pool: Pool) -> None:
    held, through = threading.Event(), threading.Event()

    def hold() -> None:
        with pool._lock:
            held.set()
            through.wait()

    holding = threading.Thread(target=hold)
    holding.start()
    held.wait()
    try:
        assert ends(pool.abandon)
    finally:
        through.set()
        holding.join()


def test_what_is_collected_while_the_pool_is_at_work_comes_back_all_the_same() -> None:
    """A scan that nobody holds any more gives its connection back wherever Python happens to collect it."""

    pool = Pool(Client)  # type: ignore[arg-type]  # as above

    def scan():
        client = pool.take()
        try:
            yield client
        finally:
            pool.give(client)

    clients = []

    def collect_inside() -> None:
        scanning = scan()
        clients.append(next(scanning))
        cycle = [scanning]
        cycle.append(cycle)
        del scanning, cycle
        with pool._lock:
            gc.collect()

    assert ends(collect_inside)
    assert [pool.take()] == clients
