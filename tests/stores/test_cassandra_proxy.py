"""What a network and a node break on the way: no row is wrong or wrongly missing, and what is told is one of our errors."""

from __future__ import annotations

import logging
import random
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Any, Final

import pytest
from cassandra.policies import ConstantReconnectionPolicy

from cfacl.errors import PartlyWritten, StoreContractError, StoreTimeout, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put, Span
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra import scanning
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.store import CassandraStore, open_store
from cfacl.testing.servers import CassandraProxy, Fault, RunningCassandra, at_random, nth

pytestmark = pytest.mark.slow

TABLE: Final = "account"
ONE: Final = StoredFamily(TABLE, "one", 1, "public")
TWO: Final = StoredFamily(TABLE, "two", 2, "public")
LONG: Final = StoredFamily("long", "one", 3, "public")
WHOLE: Final = Projection([Slice(ONE), Slice(TWO)])
#: Of the table `long`: so many of so many bytes that each bucket has two pages, each of several segments.
ROWS, SIZE = 4_800, 1_280
#: Seconds: until a hasty store gives an answer up, and a patient one; until a test no longer waits.
HASTY, PATIENT, PATIENCE = 3, 60, 20
PERHAPS: Final = r"; it may have been applied, or still be, so look before it is sent again$"
AGAIN: Final = r"; try again$"

#: What ends at once, and what becomes of a request before the node has it whole.
UNSENT: Final = {
    "a request of which nothing comes": Fault(request=0),
    "half a request": Fault(request=30),
    "a request and a reset": Fault(request=30, then="reset"),
}
ENDED: Final = {
    **{f"{count} bytes of an answer": Fault(answer=count) for count in (0, 1, 5, 6, 7, 15, 22)},
    "a reset": Fault(answer=0, then="reset"),
    "a reset within an answer": Fault(answer=9, then="reset"),
    "a half-closed line": Fault(answer=0, then="half"),
    "a line that is half-closed within an answer": Fault(answer=9, then="half"),
    **{f"damage at {place}": Fault(damaged=place) for place in (0, 2, 3, 8, 18, -1)},
}
#: What comes never, or too late.
SILENT: Final = {
    "a line that hangs": Fault(answer=0, then="hang"),
    "a line that hangs within an answer": Fault(answer=9, then="hang"),
    "an answer that never comes": Fault(delay=10_000),
    "an answer of a stream that nobody waits for": Fault(altered=lambda answer: answer._replace(number=20_000)),
}
#: What is only late.
LATE: Final = {
    "a late answer": Fault(delay=0.2),
    **{f"pieces of {size}": Fault(piece=size, delay=0.001) for size in (1, 2, 5, 6, 7)},
}
FAULTS: Final = UNSENT | ENDED | SILENT


class Ground:
    """Two tables behind a proxy, a store that goes through it, one that gives up soon, and one that goes past it."""

    def __init__(self, server: RunningCassandra, proxy: CassandraProxy, keyspace: str) -> None:
        self.proxy = proxy
        self.keyspace = keyspace
        self.past = self.open(server.port)
        self.past.create_table(TABLE, [ONE, TWO])
        self.past.create_table("long", [LONG])
        self.past.apply("long", [Mutation(key, (Put(LONG, {b"a": value}),)) for key, value in self.rows()])
        self.patient, self.hasty = self.open(proxy.port), self.open(proxy.port, HASTY)
        self.row = b""
        for each in (self.patient, self.hasty):
            self.begin()
            self.put(each, b"0")
            self.get(each)
            self.count(each)
            self.scan(each, [])

    @staticmethod
    def rows() -> list[tuple[bytes, bytes]]:
        return [(b"%05d" % number, b"%05d" % number * (SIZE // 5)) for number in range(ROWS)]

    def url(self, port: int, timeout: float) -> str:
        return f"cassandra://{self.proxy.host}:{port}/{self.keyspace}?timeout={timeout}"

    def open(self, port: int, timeout: float = PATIENT) -> CassandraStore:
        store = CassandraStore(parse(self.url(port, timeout)), clock=time.time_ns)
        layout = CassandraLayout("ordered", 4)
        store.settle(StoreSettings(cassandra_layouts={TABLE: layout, "long": layout}))
        # Not a second, as a service waits, until it looks whether the node is there again.
        store._ring._cluster.reconnection_policy = ConstantReconnectionPolicy(0.05, None)
        return store

    def begin(self) -> None:
        """Have a row of its own for each test."""
        self.row = uuid.uuid4().hex.encode()

    def store(self, fault: Fault) -> CassandraStore:
        return self.hasty if fault in SILENT.values() else self.patient

    def put(self, store: CassandraStore, value: bytes) -> None:
        store.apply(TABLE, [Mutation(self.row, (Put(ONE, {b"a": value}), Put(TWO, {b"a": value})))])

    def get(self, store: CassandraStore) -> dict[bytes, Any] | None:
        found = store.get(TABLE, [self.row], WHOLE)
        return found[0][1] if found else None

    def count(self, store: CassandraStore) -> int:
        return store.increment(TABLE, self.row, ONE, b"n", 1)

    def scan(self, store: CassandraStore, found: list[Any]) -> None:
        """Put all rows of the long table behind what was found."""
        for batch in store.scan("long", Projection([Slice(LONG)]), Span(), batch_size=500):
            found += [(key, cells[b"one:a"]) for key, cells in batch]

    def comes(self, store: CassandraStore) -> None:
        """Return when a store can read again."""
        until = time.monotonic() + PATIENCE
        while True:
            try:
                store.get(TABLE, [b"any"], WHOLE)
            except (StoreUnavailable, StoreTimeout):
                assert time.monotonic() < until
                time.sleep(0.01)
            else:
                return

    def close(self) -> None:
        for each in (self.past, self.patient, self.hasty):
            each.close()


@pytest.fixture(scope="module", autouse=True)
def _small_pages() -> Iterator[None]:
    """Or a bucket of the long table would be one page."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scanning, "_SIZE", 4 << 20)
        yield


@pytest.fixture(scope="module")
def shared(cassandra: RunningCassandra, cassandra_operator: Any) -> Iterator[Ground]:
    name = f"t{uuid.uuid4().hex[:12]}"
    cassandra_operator.execute(
        f"CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 1}}"
    )
    with CassandraProxy(cassandra.host, cassandra.port) as proxy, closing(Ground(cassandra, proxy, name)) as made:
        yield made
    cassandra_operator.execute(f"DROP KEYSPACE {name}")


@pytest.fixture
def ground(shared: Ground) -> Iterator[Ground]:
    """What is shared, with a row of the test's own whose value is 0, and with nothing in its way before and behind."""
    shared.begin()
    shared.put(shared.past, b"0")
    for each in (shared.patient, shared.hasty):
        shared.comes(each)
    yield shared
    shared.proxy.plan = lambda _: None
    shared.proxy.accept()


def both(value: bytes) -> dict[bytes, bytes]:
    return {b"one:a": value, b"two:a": value}


def test_a_client_reaches_nothing_but_the_proxy(ground: Ground) -> None:
    for each in (ground.patient, ground.hasty):
        (node,) = each._ring._cluster.metadata.all_hosts()
        assert (node.endpoint.address, node.endpoint.port) == (ground.proxy.host, ground.proxy.port)


@pytest.mark.parametrize("name", FAULTS)
def test_a_row_whose_answer_is_lost_is_an_error_and_never_missing(ground: Ground, name: str) -> None:
    store = ground.store(FAULTS[name])
    ground.proxy.plan = nth(1, FAULTS[name], "SELECT")
    with pytest.raises(StoreTimeout if name in SILENT else StoreUnavailable, match=AGAIN):
        ground.get(store)
    ground.comes(store)
    assert ground.get(store) == both(b"0")


@pytest.mark.parametrize("name", FAULTS)
def test_a_put_whose_answer_is_lost_is_told_as_unknown_and_is_whole(ground: Ground, name: str) -> None:
    store = ground.store(FAULTS[name])
    seen = len(ground.proxy.requests("BATCH"))
    ground.proxy.plan = nth(1, FAULTS[name], "BATCH")
    with pytest.raises(StoreTimeout, match=PERHAPS):
        ground.put(store, b"1")
    assert len(ground.proxy.requests("BATCH")) == seen + 1
    until = time.monotonic() + PATIENCE
    while name not in UNSENT and ground.get(ground.past) != both(b"1"):
        assert time.monotonic() < until
    ground.comes(store)
    assert ground.get(store) == both(b"0" if name in UNSENT else b"1")
    ground.put(store, b"2")
    assert ground.get(store) == both(b"2")


def test_of_a_batch_the_rows_are_told_of_which_nothing_is_known(ground: Ground) -> None:
    keys = {b"%b-%d" % (ground.row, number) for number in range(6)}
    puts = (Put(ONE, {b"a": b"1"}), Put(TWO, {b"a": b"1"}))
    ground.proxy.plan = nth(3, Fault(answer=0), "BATCH")
    with pytest.raises(PartlyWritten) as told:
        ground.patient.apply(TABLE, [Mutation(key, puts) for key in sorted(keys)])
    found = told.value
    assert found.unknown
    assert sorted([*found.written, *found.unknown, *found.unwritten]) == sorted(keys)
    there = {key for key, cells in ground.past.get(TABLE, sorted(keys), WHOLE) if cells == both(b"1")}
    assert found.written <= there
    assert not found.unwritten & there


@pytest.mark.parametrize("name", FAULTS)
def test_a_count_whose_answer_is_lost_is_told_as_unknown_and_is_made_once(ground: Ground, name: str) -> None:
    store = ground.store(FAULTS[name])
    assert ground.count(store) == 1
    seen = len(ground.proxy.requests("BATCH"))
    ground.proxy.plan = nth(1, FAULTS[name], "BATCH")
    with pytest.raises(StoreTimeout, match=PERHAPS):
        ground.count(store)
    assert len(ground.proxy.requests("BATCH")) == seen + 1
    ground.comes(store)
    assert ground.count(store) == (2 if name in UNSENT else 3)


@pytest.mark.parametrize("name", FAULTS)
def test_a_scan_that_loses_a_page_has_all_rows_before_and_then_an_error(ground: Ground, name: str) -> None:
    store = ground.store(FAULTS[name])
    due = ground.rows()
    ground.proxy.plan = nth(7, FAULTS[name], "SELECT")  # the second page of the third bucket
    found: list[Any] = []
    with pytest.raises((StoreUnavailable, StoreTimeout), match=AGAIN):
        ground.scan(store, found)
    assert found == due[: len(found)]
    assert len(found) < ROWS
    ground.comes(store)
    found = []
    ground.scan(store, found)
    assert found == due


@pytest.mark.parametrize("name", LATE)
def test_what_comes_late_or_in_pieces_is_as_good(ground: Ground, name: str) -> None:
    """The driver by itself loses the head of a segment of which less than six bytes come at once."""
    ground.proxy.plan = lambda request: LATE[name] if request.name in ("BATCH", "SELECT") else None
    ground.put(ground.patient, b"1")
    assert ground.get(ground.patient) == both(b"1")
    assert [ground.count(ground.patient) for _ in range(3)] == [1, 2, 3]


@pytest.mark.parametrize("size", [997, 4_093, 131_077])
def test_pages_of_several_segments_come_in_pieces(ground: Ground, size: int) -> None:
    pieces = Fault(piece=size)
    ground.proxy.plan = lambda request: pieces if request.name == "SELECT" else None
    found: list[Any] = []
    ground.scan(ground.patient, found)
    assert found == ground.rows()


def test_an_answer_that_comes_when_it_was_given_up_is_nobody_elses(ground: Ground) -> None:
    ground.proxy.plan = nth(1, Fault(delay=HASTY + 0.5), "SELECT")
    with pytest.raises(StoreTimeout):
        ground.get(ground.hasty)
    until = time.monotonic() + 2 * HASTY
    while time.monotonic() < until:  # in which it comes
        assert ground.hasty.get(TABLE, [b"another"], WHOLE) == []


UNREADABLE: Final[dict[str, Callable[[Any], Any]]] = {
    "nothing": lambda answer: answer._replace(body=b""),
    "less": lambda answer: answer._replace(body=answer.body[:-3]),
    "garbage": lambda answer: answer._replace(body=b"\0\0\0\2" + b"\xff" * 20),
    "a row too few": lambda answer: answer._replace(body=b"\0\0\0\2" + b"\0" * 3),
}


@pytest.mark.parametrize("name", UNREADABLE)
def test_an_answer_that_makes_no_sense_is_told_and_its_rows_are_not_logged(
    ground: Ground, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    fault = Fault(altered=UNREADABLE[name])
    secret = b"a value that no log may have"
    ground.put(ground.patient, secret)
    ground.get(ground.patient)
    with caplog.at_level(logging.DEBUG):
        # The answers come together, and the driver would log those that it had not read yet.
        ground.proxy.plan = nth(1, fault, "SELECT")
        with pytest.raises(StoreContractError, match=r"^what came from the node can't be read$"):
            ground.get(ground.patient)
        ground.comes(ground.patient)
        ground.proxy.plan = nth(1, fault, "BATCH")
        with pytest.raises(StoreContractError, match=r"^what came from the node can't be read" + PERHAPS):
            ground.put(ground.patient, b"1")
    assert secret.decode() not in caplog.text
    assert secret.hex() not in caplog.text
    ground.comes(ground.patient)
    assert ground.get(ground.patient) == both(b"1")


def test_a_node_that_is_away_is_told_and_is_found_when_it_is_back(ground: Ground) -> None:
    ground.proxy.refuse()
    ground.proxy.cut()
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match=AGAIN):
            ground.get(ground.patient)
        with pytest.raises((StoreUnavailable, StoreTimeout)):
            ground.put(ground.patient, b"1")
    with pytest.raises(StoreUnavailable, match=r"^no node at .* can be reached"):
        open_store(ground.url(ground.proxy.port, PATIENT), clock=time.time_ns)
    ground.proxy.accept()
    ground.comes(ground.patient)
    assert ground.get(ground.patient) == both(b"0")
    ground.put(ground.patient, b"1")
    assert ground.get(ground.patient) == both(b"1")


@pytest.mark.parametrize("name", ["0 bytes of an answer", "a line that hangs"])
def test_what_is_broken_while_a_store_opens_is_told(ground: Ground, name: str) -> None:
    """At each request: of the handshake, of the driver's questions, and of ours."""
    number, opened = 0, False
    while not opened:
        number += 1
        seen = len(ground.proxy.exchanges)
        ground.proxy.plan = nth(number, FAULTS[name])
        try:
            open_store(ground.url(ground.proxy.port, HASTY), clock=time.time_ns).close()
        except (StoreUnavailable, StoreTimeout):
            continue
        opened = len(ground.proxy.exchanges) - seen < number
    assert number > 5


class User:
    """Changes rows of its own and reads them, and knows what each may hold: what was acknowledged, and what is unknown."""

    FAMILIES: Final = (ONE, TWO)

    def __init__(self, ground: Ground, seed: int) -> None:
        self.ground = ground
        self.store = ground.hasty
        self.chance = random.Random(seed)
        self.keys = [b"u%d-%d" % (seed, number) for number in range(3)]
        self.may: dict[bytes, set[bytes | None]] = {key: {None} for key in self.keys}
        self.counts: dict[bytes, set[int]] = {key: {0} for key in self.keys}
        self.ended = {"well": 0, "badly": 0}

    def use(self, times: int) -> None:
        for number in range(times):
            key = self.chance.choice(self.keys)
            step = self.chance.choice([self.put, self.delete, self.count, self.read, self.read])
            try:
                step(key, b"%d" % number)
            except (StoreUnavailable, StoreTimeout, PartlyWritten):
                self.ended["badly"] += 1
                self.ground.comes(self.store)
            else:
                self.ended["well"] += 1

    def change(self, key: bytes, value: bytes | None, change: tuple[Put | Delete, ...]) -> None:
        before = self.may[key]
        self.may[key] = before | {value}
        try:
            self.store.apply(TABLE, [Mutation(key, change)])
        except StoreUnavailable:  # which says that it was not made
            self.may[key] = before
            raise
        self.may[key] = {value}

    def put(self, key: bytes, value: bytes) -> None:
        self.change(key, value, tuple(Put(each, {b"a": value}) for each in self.FAMILIES))

    def delete(self, key: bytes, _: bytes) -> None:
        self.change(key, None, tuple(Delete(each, (b"a",)) for each in self.FAMILIES))

    def count(self, key: bytes, _: bytes) -> None:
        before = self.counts[key]
        self.counts[key] = before | {each + 1 for each in before}
        try:
            total = self.store.increment(TABLE, key, ONE, b"n", 1)
        except StoreUnavailable:
            self.counts[key] = before
            raise
        assert total - 1 in before
        self.counts[key] = {total}

    def read(self, key: bytes, _: bytes, store: CassandraStore | None = None) -> None:
        found = (store or self.store).get(TABLE, [key], WHOLE)
        cells = found[0][1] if found else {}
        for each in self.FAMILIES:
            assert cells.get(each.prefix + b"a") in self.may[key]
        assert int.from_bytes(cells.get(b"one:n", b""), "big") in self.counts[key]


@pytest.mark.parametrize("seed", [1, 2])
def test_under_load_with_a_share_of_all_broken_nothing_acknowledged_is_lost(ground: Ground, seed: int) -> None:
    faults = [
        lambda chance: Fault(answer=chance.randrange(60), then=chance.choice(["close", "reset", "half"])),
        lambda chance: Fault(request=chance.randrange(60), then=chance.choice(["close", "reset", "half"])),
        lambda chance: Fault(damaged=chance.randrange(200)),
        lambda chance: Fault(delay=chance.random() / 10),
        lambda chance: Fault(piece=chance.randrange(1, 9)),
        lambda _: Fault(late=True),
    ]
    users = [User(ground, seed * 100 + number) for number in range(4)]
    ground.proxy.plan = at_random(seed, 0.04, faults)
    with ThreadPoolExecutor(len(users)) as pool:
        list(pool.map(lambda user: user.use(100), users))
    ground.proxy.plan = lambda _: None
    ground.comes(ground.hasty)
    ended = [sum(user.ended[each] for user in users) for each in ("well", "badly")]
    assert ended[0] > 200
    assert ended[1] > 10
    for user in users:
        for key in user.keys:
            for store in (ground.hasty, ground.past):
                user.read(key, b"", store)
            found = ground.past.get(TABLE, [key], WHOLE)
            cells = found[0][1] if found else {}
            assert cells.get(b"one:a") == cells.get(b"two:a")
