"""Connections that can't mix answers, against a real server: each hazard first on plain happybase, and then here.

Right is the row that was asked for, whole.  Anything else has to be an error.
"""

from __future__ import annotations

import itertools
import select
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest
from thriftpy2.transport import TTransportException

from cfacl.errors import PartlyWritten, StoreContractError, StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.hbase.definitions import Hbase
from cfacl.stores.hbase.store import HBaseStore
from cfacl.testing.servers import Fault, Proxy, at_random, nth
from cfacl.testing.servers.messages import CALL, Message

pytestmark = pytest.mark.slow

ROWS: Final = 200
GET: Final = "getRowWithColumns"
#: Seconds after which an answer is given up where it is not to come.
SHORT: Final = 1
#: Seconds after which a test no longer waits.
PATIENCE: Final = 60


@pytest.fixture
def rows(ground):
    return ground.fill(ROWS)


@pytest.fixture
def warm(ground, rows, proxy: Proxy) -> HBaseStore:
    """A store behind the proxy that has one connection, and knows the families."""
    return warmed(ground, ground.store(proxy.port))


@pytest.fixture
def hasty(ground, rows, proxy: Proxy) -> HBaseStore:
    """One that gives up soon."""
    return warmed(ground, ground.store(proxy.port, timeout=SHORT))


def warmed(ground, store: HBaseStore) -> HBaseStore:
    assert ground.read(store, ground.row(0)[0]) == [ground.row(0)]
    assert opened(store) == (1, 0)
    return store


def opened(store: HBaseStore) -> tuple[int, int]:
    """How many connections were opened, and how many of these thrown away."""
    statistics = store.statistics()
    return statistics["connections_opened"], statistics["connections_discarded"]


def plain_row(ground, row) -> dict[bytes, bytes]:
    return {ground.column(name): value for name, value in row[1].items()}


# ------------------------------------------------------------------------------------------------ a late answer


def test_happybase_hands_out_the_row_before_after_a_time_out(ground, rows, proxy: Proxy) -> None:
    table = ground.plain(proxy.port, SHORT)
    proxy.plan = nth(1, Fault(late=True))
    with pytest.raises(TimeoutError):
        table.row(rows[0][0], [b"one+1", b"two+1"])
    for before, asked in itertools.pairwise(rows[:5]):
        assert table.row(asked[0], [b"one+1", b"two+1"]) == plain_row(ground, before)


def test_after_a_time_out_each_row_is_the_one_that_was_asked_for(ground, rows, proxy: Proxy, hasty) -> None:
    proxy.plan = nth(1, Fault(late=True), GET)
    with pytest.raises(StoreTimeout, match=r"^the gateway did not answer in time"):
        ground.read(hasty, rows[1][0])
    assert opened(hasty) == (1, 1)
    for row in rows[2:7]:
        assert ground.read(hasty, row[0]) == [row]
    assert opened(hasty) == (2, 1)


def test_an_answer_that_waits_on_a_connection_that_nobody_uses_is_never_read(ground, rows, proxy: Proxy, warm) -> None:
    client = warm._gateway.pool.take()
    protocol = client._protocol
    client._wire.begin()
    protocol.write_message_begin(GET, CALL, 1)
    Hbase.getRowWithColumns_args(ground.name, rows[1][0], [b"one+1"], {}).write(protocol)
    protocol.write_message_end()
    protocol.trans.flush()
    assert select.select([client._wire._socket], [], [], PATIENCE)[0]
    warm._gateway.pool.give(client)
    asked = len(proxy.requests(GET))
    assert ground.read(warm, rows[2][0]) == [rows[2]]
    assert opened(warm) == (2, 1)
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
    assert opened(warm) == (1, 1)
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
    start = threading.Barrier(threads, timeout=PATIENCE)

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


def test_happybase_mixes_the_rows_of_threads_that_share_a_connection(ground, rows) -> None:
    plain = [(row[0], plain_row(ground, row)) for row in rows]
    found: Counter[str] = Counter()
    for _ in range(20):  # it may break at once; then a new one is tried
        table = ground.plain(timeout=SHORT)
        found += read_by_threads(lambda key: (key, table.row(key)), plain, threads=4, each=200)
        if found["wrong"]:
            return
    pytest.fail(f"only {found}")


@pytest.mark.usefixtures("pressed")
def test_the_rows_of_threads_that_share_a_store_are_their_own(ground, rows) -> None:
    store = ground.store(timeout=PATIENCE / 4)
    found = read_by_threads(lambda key: ground.read(store, key)[0], rows, threads=16, each=250)
    assert found == {"right": 4_000}
    made, discarded = opened(store)
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
    store = ground.store(proxy.port, timeout=SHORT)
    ground.read(store, rows[0][0])
    proxy.plan = lambda request: rare(request) or often(request)

    def read(key: bytes):
        number = int(key[1:])
        others = [rows[(number + step) % ROWS] for step in range(1, 1 + number % 3)]
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
        assert ground.read(store, row[0]) == [row]


# ----------------------------------------------------------------------------------------------------- writes

LOST: Final = {
    "no answer": (Fault(answer=0), True),
    "half an answer": (Fault(answer=20), True),
    "a reset": (Fault(answer=0, then="reset"), True),
    "a half-closed line": (Fault(answer=0, then="half"), True),
    "a late answer": (Fault(late=True), True),
    "a line that hangs": (Fault(answer=0, then="hang"), True),
    "half a request": (Fault(request=30), False),
    "another's number": (Fault(altered=lambda answer: answer._replace(number=answer.number + 1)), True),
    "another's name": (Fault(altered=lambda answer: answer._replace(name="mutateRow")), True),
}


@pytest.mark.parametrize("lost", LOST)
def test_a_change_whose_answer_is_lost_is_sent_once_and_says_that_it_may_be_made(
    ground, proxy: Proxy, hasty, lost
) -> None:
    fault, applied = LOST[lost]
    changes = {
        "mutateRows": lambda: ground.put(hasty, b"put"),
        "mutateRowsTs": lambda: ground.put(hasty, b"stamped", timestamp=5),
        "atomicIncrement": lambda: hasty.increment(ground.TABLE, b"counted", ground.one, b"n", 3),
        "checkAndPut": lambda: hasty.compare_and_set(
            ground.TABLE,
            b"compared",
            [(ground.one, b"a", None)],
            Mutation(b"compared", (Put(ground.one, {b"a": b"1"}),)),
        ),
    }
    for name, change in changes.items():
        if name != "mutateRows" and lost == "another's name":
            continue
        proxy.plan = nth(1, fault, name)
        with pytest.raises(
            StoreError, match=r"it may have been applied, or still be, so look before it is sent again$"
        ) as told:
            change()
        assert type(told.value) is (StoreContractError if "another" in lost else StoreTimeout)
        assert len(proxy.requests(name)) == 1
        made, discarded = opened(hasty)
        assert made == discarded
    table = ground.plain()
    assert (table.row(b"put") == {b"one+1:a": b"1"}) is applied
    if lost != "another's name":
        assert (table.row(b"stamped", include_timestamp=True) == {b"one+1:a": (b"1", 5)}) is applied
        assert (table.row(b"counted") == {b"one+1:n": (3).to_bytes(8)}) is applied
        assert (table.row(b"compared") == {b"one+1:a": b"1"}) is applied


def test_a_change_that_was_never_sent_says_no_more_than_that(ground, proxy: Proxy, warm) -> None:
    proxy.refuse()
    proxy.cut()
    with pytest.raises(StoreUnavailable, match=r"^no gateway answers at"):
        ground.put(warm, b"put")
    with pytest.raises(StoreUnavailable, match=r"^no gateway answers at"):  # and no row is known to be anything else
        warm.apply(ground.TABLE, [Mutation(key, (Put(ground.one, {b"a": b"1"}),)) for key in (b"put", b"too")])
    proxy.accept()
    ground.put(warm, b"put", b"2")
    assert ground.plain().row(b"put") == {b"one+1:a": b"2"}


def test_of_a_batch_that_is_cut_it_is_known_what_is_written(ground, proxy: Proxy, warm) -> None:
    """Calls by timestamp: three rows each, of which the second call's answer is lost, or its request."""
    for fault in (Fault(answer=0), Fault(request=40)):
        name = b"answer" if fault.answer == 0 else b"request"
        keys = [name + b"%d" % number for number in range(9)]
        proxy.plan = nth(2, fault, "mutateRowsTs")
        sent = len(proxy.requests("mutateRowsTs"))
        changes = [Mutation(key, (Put(ground.one, {b"a": b"1"}, 1 + number // 3),)) for number, key in enumerate(keys)]
        with pytest.raises(PartlyWritten, match=r"rows written: 3, not written: 3, not known: 3$") as told:
            warm.apply(ground.TABLE, changes)
        error = told.value
        assert (error.written, error.unknown, error.unwritten) == (set(keys[:3]), set(keys[3:6]), set(keys[6:]))
        assert len(proxy.requests("mutateRowsTs")) == sent + 2
        table = ground.plain()
        there = {key for key, _ in table.rows(keys)}
        assert error.written <= there
        assert not error.unwritten & there
        assert (error.unknown <= there) is (fault.answer == 0)


# ------------------------------------------------------------------------------------------------------ scans


def scanned(scan: Iterator[list[tuple[bytes, dict[bytes, bytes]]]]):
    """Return the rows of a scan, and the error that ended it, if one did."""
    found = []
    try:
        for batch in scan:
            found += batch
    except StoreError as error:
        return found, error
    return found, None


SCANS: Final = {
    "forward": {},
    "reverse": {"span": Span(reverse=True)},
    "a span": {"span": Span(b"w00020", b"w00180")},
    "a span in reverse": {"span": Span(b"w00020", b"w00180", reverse=True)},
    "a limit": {"limit": 150},
    "in parts": {"cells": 2},
    "in parts in reverse": {"cells": 2, "span": Span(reverse=True)},
}


@pytest.mark.parametrize("scan", SCANS)
def test_a_scan_over_a_broken_line_has_the_right_rows_in_order_or_an_error(
    ground, rows, proxy: Proxy, scan: str
) -> None:
    faults = [
        lambda chance: Fault(answer=chance.randrange(3_000), then=chance.choice(SERIOUS)),
        lambda chance: Fault(request=chance.randrange(60), then=chance.choice(SERIOUS)),
    ]
    asked = {"span": Span(), **SCANS[scan]}
    whole, none = scanned(ground.store().scan(ground.TABLE, ground.whole, batch_size=17, **asked))
    assert none is None
    keys = {key for key, _ in whole}
    assert [row for row in rows if row[0] in keys] == (
        rows[20:180] if "span" in scan else rows[:150] if "limit" in scan else rows
    )
    store = ground.store(proxy.port, timeout=PATIENCE / 4)
    ground.read(store, rows[0][0])
    proxy.plan = at_random(3, 0.12, faults)
    ended: Counter[str] = Counter()
    for _ in range(30):
        found, error = scanned(store.scan(ground.TABLE, ground.whole, batch_size=17, **asked))
        assert found == (whole if error is None else whole[: len(found)])
        ended["right" if error is None else type(error).__name__] += 1
    assert ended.keys() == {"right", "StoreUnavailable"}
    assert min(ended.values()) >= 4


def test_a_scan_goes_on_behind_the_last_row_where_its_line_is_cut(ground, rows, proxy: Proxy, warm) -> None:
    scan = warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10)
    found = next(scan) + next(scan)
    proxy.cut()
    found += next(scan)
    proxy.plan = nth(1, Fault(answer=300), "scannerGetList")
    found += next(scan)
    assert found + [row for batch in scan for row in batch] == rows
    assert len(proxy.requests("scannerOpenWithScan")) == 3


def test_a_scan_that_could_not_be_opened_ends_nobody_elses(ground, rows, proxy: Proxy, warm) -> None:
    """A scanner is known by a small number, counted by the gateway for all: one that was not given is another's."""
    text = b"java.io.IOException"
    failed = b"\x0c\0\1\x0b\0\1" + len(text).to_bytes(4) + text + b"\0\0"
    proxy.plan = nth(1, Fault(altered=lambda answer: answer._replace(body=failed)), "scannerOpenWithScan")
    with pytest.raises(StoreError, match=r"^hbase answered `IOException`; read its log$"):
        next(warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10))
    assert proxy.requests("scannerClose") == []
    assert opened(warm) == (1, 0)


def test_a_scan_that_nobody_reads_to_its_end_gives_its_connection_back(ground, rows, proxy: Proxy, warm) -> None:
    scan = warm.scan(ground.TABLE, ground.whole, Span(), batch_size=10)
    next(scan)
    scan.close()
    assert len(proxy.requests("scannerClose")) == 1
    assert ground.read(warm, rows[0][0]) == rows[:1]
    assert opened(warm) == (1, 0)


# -------------------------------------------------------------------------------------------- other answers


@pytest.mark.parametrize("altered", [{"number": 0}, {"name": "getRow"}, {"kind": 1}])
def test_an_answer_to_something_else_is_dropped(ground, rows, proxy: Proxy, warm, altered) -> None:
    def alter(answer: Message) -> Message:
        return answer._replace(**altered)

    proxy.plan = nth(1, Fault(altered=alter), GET)
    assert ground.read(warm, rows[1][0]) == [rows[1]]
    assert opened(warm) == (2, 1)
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
    assert opened(warm) == (2, 1)
    proxy.plan = nth(1, Fault(altered=lambda answer: earlier._replace(number=answer.number)), GET)
    with pytest.raises(
        StoreContractError, match=r"^the store answered a row that was not asked for; the answer was dr"
    ):
        ground.read(warm, rows[1][0])


# ------------------------------------------------------------------------------------------------------- forks

FORKED: Final = """
import os, time
from cfacl.errors import Closed
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.registry import open_store

families = [StoredFamily("account", name, 1, "public") for name in ("one", "two")]
whole = Projection(map(Slice, families))
store = open_store({url!r}, clock=time.time_ns)
scan = store.scan("account", whole, Span(), batch_size=10)
found = next(scan)
store.get("account", [b"w00000"], whole)
before = store.statistics()
told, tell = os.pipe()
child = os.fork()
if not child:
    calls = [
        lambda: store.get("account", [b"w00000"], whole),
        lambda: store.apply("account", [Mutation(b"child", (Put(families[0], {{b"a": b"1"}}),))]),
        lambda: next(scan),
        lambda: store.system.get("x"),
        store.tables,
        store.reopen,
    ]
    for call in calls:
        try:
            call()
            said = "answered"
        except Closed as error:
            said = str(error)
        except BaseException as error:
            said = repr(error)
        os.write(tell, said.encode() + b"\\n")
    scan.close()
    store.close()
    del scan, store
    os._exit(0)
os.close(tell)
with open(told) as lines:
    said = lines.read().splitlines()
os.waitpid(child, 0)
for batch in scan:
    found += batch
row = store.get("account", [b"w00001"], whole)
answer = [said, [key.decode() for key, _ in found], row[0][0].decode(), before == store.statistics(), before]
store.close()
"""


def test_in_a_forked_child_the_store_is_closed_and_the_parents_connections_go_on(ground, rows, proxy, another) -> None:
    url = f"hbase://{proxy.host}:{proxy.port}/{ground.prefix}"
    said, keys, key, same, before = another().do(FORKED.format(url=url))
    assert said == ["the store was opened by the parent of this process; open it after the fork"] * 6
    assert keys == [row[0].decode() for row in rows]
    assert key == "w00001"
    assert same, "the parent had to open a connection anew"
    assert before["connections_opened"] == 2
    assert ground.plain().row(b"child") == {}
