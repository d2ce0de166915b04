"""Connections that can't mix answers, against a real server: each hazard first on plain happybase, and then here.

Right is the row that was asked for, whole.  Anything else has to be an error.
"""

from __future__ import annotations

import itertools
import pickle
import select
import subprocess
import sys
import textwrap
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from thriftpy2.transport import TTransportException

from cfacl.errors import StoreContractError, StoreError, StoreTimeout
from cfacl.model.request import Span
from cfacl.stores.hbase.definitions import Hbase
from cfacl.testing.servers import Fault, Proxy, at_random, nth
from cfacl.testing.servers.messages import CALL, Message

pytestmark = pytest.mark.slow

GET: Final = "getRowWithColumns"


def plain_row(ground, row) -> dict[bytes, bytes]:
    return {ground.column(name): value for name, value in row[1].items()}


# ------------------------------------------------------------------------------------------------ a late answer


def test_happybase_hands_out_the_row_before_after_a_time_out(ground, rows, proxy: Proxy) -> None:
    table = ground.plain(proxy.port, ground.SHORT)
    proxy.plan = nth(1, Fault(late=True))
    with pytest.raises(TimeoutError):
        table.row(rows[0][0], [b"one+1", b"two+1"])
    for before, asked in itertools.pairwise(rows[:5]):
        assert table.row(asked[0], [b"one+1", b"two+1"]) == plain_row(ground, before)


def test_after_a_time_out_each_row_is_the_one_that_was_asked_for(ground, rows, proxy: Proxy, hasty) -> None:
    proxy.plan = nth(1, Fault(late=True), GET)
    with pytest.raises(StoreTimeout, match=r"^the gateway did not answer in time"):
        ground.read(hasty, rows[1][0])
    assert ground.opened(hasty) == (1, 1)
    for row in rows[2:7]:
        assert ground.read(hasty, row[0]) == [row]
    assert ground.opened(hasty) == (2, 1)


def test_an_answer_that_waits_on_a_connection_that_nobody_uses_is_never_read(ground, rows, proxy: Proxy, warm) -> None:
    client = warm._gateway.pool.take()
    protocol = client._protocol
    client._wire.begin()
    protocol.write_message_begin(GET, CALL, 1)
    Hbase.getRowWithColumns_args(ground.name, rows[1][0], [b"one+1"], {}).write(protocol)
    protocol.write_message_end()
    protocol.trans.flush()
    assert select.select([client._wire._socket], [], [], ground.PATIENCE)[0]
    warm._gateway.pool.give(client)
    asked = len(proxy.requests(GET))
    assert ground.read(warm, rows[2][0]) == [rows[2]]
    assert ground.opened(warm) == (2, 1)
    assert len(proxy.requests(GET)) == asked + 1, "nothing was asked on it either"


# -------------------------------------------------------------------------- a connection that is opened again


def broken(proxy: Proxy, call) -> None:
    """Cut a connection, and call until the driver can no longer send."""
    proxy.cut()
    for number in range(100):
        try:
            call(number)
        except BrokenPipeError:
            return
        except (TTransportException, ConnectionError):
            continue
    pytest.fail("it goes on")


def test_happybase_replays_what_was_not_sent_when_it_is_opened_again(ground, rows, proxy: Proxy) -> None:
    table = ground.plain(proxy.port)
    assert table.row(rows[0][0]) == plain_row(ground, rows[0])
    broken(proxy, lambda number: table.row(rows[1][0]))
    table.connection.close()
    table.connection.open()
    for before, asked in itertools.pairwise(rows[1:5]):
        assert table.row(asked[0]) == plain_row(ground, before)


def test_happybase_makes_a_change_that_failed_when_it_is_opened_again(ground, rows, proxy: Proxy) -> None:
    table = ground.plain(proxy.port)
    assert table.row(b"ghost") == {}
    broken(proxy, lambda number: table.put(b"ghost", {b"one+1:a": b"%d" % number}))
    assert ground.plain().row(b"ghost") == {}
    table.connection.close()
    table.connection.open()
    table.put(b"another", {b"one+1:a": b"1"})
    assert ground.plain().row(b"ghost") != {}


@pytest.mark.parametrize("then", ["close", "reset", "half"])
def test_what_was_not_sent_is_never_sent_later(ground, rows, proxy: Proxy, warm, then: str) -> None:
    proxy.plan = nth(1, Fault(request=20, then=then), "mutateRows")
    with pytest.raises(StoreTimeout, match=r"it may have been applied, or still be, so look before it is sent again$"):
        ground.put(warm, b"ghost")
    assert ground.opened(warm) == (1, 1)
    warm.reopen()
    for row in rows[:5]:
        assert ground.read(warm, row[0]) == [row]
    assert ground.plain().row(b"ghost") == {}
    assert len(proxy.requests("mutateRows")) == 1


def test_connections_that_were_all_cut_are_replaced_without_a_word(ground, rows, proxy: Proxy, warm) -> None:
    pool = warm._gateway.pool
    for each in [pool.take() for _ in range(8)]:
        pool.give(each)
    proxy.cut()
    for row in rows[:9]:
        assert ground.read(warm, row[0]) == [row]
        proxy.cut()


def test_where_all_idle_ones_break_a_read_is_tried_on_a_new_one(ground, rows, proxy: Proxy, warm) -> None:
    """As behind a firewall that forgot them: they look alive until they are used."""
    pool = warm._gateway.pool
    for each in [pool.take() for _ in range(8)]:
        each.getTableNames()
        pool.give(each)
    proxy.plan = lambda request: Fault(answer=0) if request.number > 1 else None
    assert ground.read(warm, rows[1][0]) == [rows[1]]


# --------------------------------------------------------------------------------------------- many threads


def read_by_threads(read, rows, *, threads: int, each: int, over=()) -> Counter[str]:
    """Read rows in as many threads, and count what came: `right`, `wrong`, or an exception's name.

    A thread reads on ``over`` some exceptions, and ends with any other.
    """
    start = threading.Barrier(threads, timeout=60)

    def run(number: int) -> Counter[str]:
        found: Counter[str] = Counter()
        start.wait()
        for row in itertools.islice(itertools.cycle(rows[number:] + rows[:number]), each):
            try:
                found["right" if read(row[0]) == row else "wrong"] += 1
            except Exception as error:  # noqa: BLE001  # it is counted
                found[type(error).__name__] += 1
                if not isinstance(error, over):
                    break
        return found

    with ThreadPoolExecutor(threads) as pool:
        return sum(pool.map(run, range(0, threads * 7, 7)), Counter())


#: Reads rows in four threads by one connection of happybase, and prints how many were wrong.
SHARED: Final = textwrap.dedent(
    """
    import faulthandler, pickle, sys, threading
    import happybase

    host, port, name, rows, seconds = pickle.load(sys.stdin.buffer)
    faulthandler.dump_traceback_later(60, exit=True)
    table = happybase.Connection(host, port, timeout=1000 * seconds).table(name)
    start, wrong = threading.Barrier(4, timeout=30), []

    def run(number):
        start.wait()
        for key, row in (rows[number:] + rows[:number])[:200]:
            try:
                if table.row(key) != row:
                    wrong.append(key)
            except Exception:
                return

    threads = [threading.Thread(target=run, args=(7 * number,)) for number in range(4)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    print(len(wrong))
    """
)


def test_happybase_mixes_the_rows_of_threads_that_share_a_connection(ground, rows) -> None:
    """In a process of its own, for what is mixed may also be a length, and the driver's C then ends the process."""
    plain = [(row[0], plain_row(ground, row)) for row in rows]
    asked = pickle.dumps((ground.server.host, ground.server.port(), ground.name, plain, ground.SHORT))
    said = []
    for _ in range(20):  # it may break at once; then a new one is tried
        done = subprocess.run([sys.executable, "-c", SHARED], input=asked, capture_output=True, check=False)
        said.append((done.returncode, done.stdout, done.stderr[-200:]))
        if done.returncode == 0 and int(done.stdout):
            return
    pytest.fail(f"only {said}")


@pytest.mark.usefixtures("pressed")
def test_the_rows_of_threads_that_share_a_store_are_their_own(ground, rows) -> None:
    store = ground.store(timeout=ground.PATIENCE)
    found = read_by_threads(lambda key: ground.read(store, key)[0], rows, threads=16, each=250)
    assert found == {"right": 4_000}
    made, discarded = ground.opened(store)
    assert made <= 16
    assert discarded == 0


# ------------------------------------------------------------------------------------------ ten thousand reads

SERIOUS: Final = ("close", "reset", "half")


def test_of_ten_thousand_reads_over_a_broken_line_none_is_wrong(ground, rows, proxy: Proxy) -> None:
    """Of 10,000 rows asked for, by eight threads, some in one call with others, each is right or an error."""
    faults = [
        lambda chance: Fault(answer=chance.randrange(200), then=chance.choice(SERIOUS)),
        lambda chance: Fault(answer=chance.randrange(200), then=chance.choice(SERIOUS)),
        lambda chance: Fault(request=chance.randrange(120), then=chance.choice(SERIOUS)),
        lambda chance: Fault(request=chance.randrange(120), then=chance.choice(SERIOUS)),
        lambda chance: Fault(delay=chance.random() / 100),
        lambda chance: Fault(piece=1 + chance.randrange(50), delay=chance.random() / 1_000),
    ]
    rare = at_random(
        2, 0.005, [lambda _: Fault(late=True), lambda chance: Fault(answer=chance.randrange(99), then="hang")]
    )
    often = at_random(1, 0.4, faults)
    store = ground.store(proxy.port, timeout=1)
    ground.comes(lambda: ground.read(store, rows[0][0]))
    proxy.plan = lambda request: rare(request) or often(request)

    def read(key: bytes):
        number = int(key[1:])
        others = [rows[(number + step) % ground.ROWS] for step in range(1, 1 + number % 3)]
        found = ground.read(store, key, *(each[0] for each in others))
        assert found[1:] == others
        return found[0]

    found = read_by_threads(read, rows, threads=8, each=1_250, over=StoreError)
    assert found.total() == 10_000
    assert found.keys() <= {"right", "StoreTimeout", "StoreUnavailable"}
    assert found["right"] > 7_000
    assert found["StoreUnavailable"] > 300
    assert found["StoreTimeout"] > 20
    proxy.plan = lambda request: None
    for row in rows:
        assert ground.comes(lambda row=row: ground.read(store, row[0])) == [row]


# -------------------------------------------------------------------------------------------- other answers


@pytest.mark.parametrize("altered", [{"number": 0}, {"name": "getRow"}, {"kind": 1}])
def test_an_answer_to_something_else_is_dropped(ground, rows, proxy: Proxy, warm, altered) -> None:
    def alter(answer: Message) -> Message:
        return answer._replace(**altered)

    proxy.plan = nth(1, Fault(altered=alter), GET)
    assert ground.read(warm, rows[1][0]) == [rows[1]]
    assert ground.opened(warm) == (2, 1)
    proxy.plan = lambda request: Fault(altered=alter)
    with pytest.raises(StoreContractError, match=r"^the gateway answered another question; the answer was dropped"):
        ground.read(warm, rows[1][0])
    with pytest.raises(StoreContractError, match=r"^the gateway answered another question"):
        next(warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10))


def test_the_row_of_another_question_is_dropped_by_its_number_and_where_that_is_right_by_its_key(
    ground, rows, proxy: Proxy, warm
) -> None:
    earlier = proxy.exchanges[-1].answer
    proxy.plan = nth(1, Fault(altered=lambda answer: earlier), GET)
    assert ground.read(warm, rows[1][0]) == [rows[1]]
    assert ground.opened(warm) == (2, 1)
    proxy.plan = nth(1, Fault(altered=lambda answer: earlier._replace(number=answer.number)), GET)
    with pytest.raises(
        StoreContractError, match=r"^the store answered a row that was not asked for; the answer was dr"
    ):
        ground.read(warm, rows[1][0])
