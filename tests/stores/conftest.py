"""A clock that tests turn, a store of each kind, and a table in a real HBase with what breaks the way to it."""

from __future__ import annotations

import contextlib
import subprocess
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final, TypeVar

import happybase
import pytest

from cfacl.errors import StoreError
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Cells, Mutation, Put
from cfacl.stores.base import Store
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.store import HBaseStore
from cfacl.stores.registry import open_store
from cfacl.testing.announcements import absent
from cfacl.testing.clock import Clock
from cfacl.testing.conformance.suite import fresh_folder, pressed_switches
from cfacl.testing.servers import Operator, Proxy, Running

T = TypeVar("T")


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def folder() -> Iterator[Path]:
    """A fresh folder, in memory where the machine has that: these tests open hundreds of stores."""
    with fresh_folder() as made:
        yield made


@pytest.fixture
def rocksdb_url(folder: Path) -> str:
    return (folder / "store").as_uri().replace("file:", "rocksdb:", 1)


@pytest.fixture
def mounted() -> Iterator[Callable[..., bool]]:
    """Mount something at a place, by the arguments of `mount`, until the test ends; return whether this machine lets us."""
    places: list[Path] = []

    def mount(place: Path, *arguments: object) -> bool:
        command = ["mount", *map(str, arguments), str(place)]
        try:
            done = subprocess.run(command, capture_output=True, check=False, timeout=60)
        except OSError:
            return False
        if not done.returncode and place not in places:
            places.append(place)
        return not done.returncode

    yield mount
    for each in places:
        subprocess.run(["umount", str(each)], check=True, timeout=60)


@pytest.fixture
def pressed() -> Iterator[None]:
    """Have Python change threads as often as it can."""
    with pressed_switches():
        yield


@pytest.fixture(params=["memory", "rocksdb"])
def store(request: pytest.FixtureRequest, clock: Clock) -> Iterator[Store]:
    url = "memory://" if request.param == "memory" else request.getfixturevalue("rocksdb_url")
    opened = open_store(url, clock=clock)
    yield opened
    opened.close()


@pytest.fixture(scope="session")
def operator(hbase: Running) -> Iterator[Operator]:
    """Who does what Thrift can't."""
    if hbase.folder is None:
        absent("hbase", "an operator is at hand only where CFACL_HBASE names no server: unset it")
    with hbase.operator() as started:
        yield started


class Ground:
    """A table with two families and some rows in an HBase, and ways to it: stores, and plain happybase."""

    TABLE: Final = "account"
    #: How many rows the fixture `rows` has written.
    ROWS: Final = 200
    #: Seconds: until a hasty store gives an answer up, which a busy server's is not; until a test no longer waits.
    SHORT: Final = 3
    PATIENCE: Final = 180

    def __init__(self, server: Running) -> None:
        self.server = server
        self.one, self.two = (StoredFamily(self.TABLE, name, 1, "public") for name in ("one", "two"))
        self.prefix = f"g{uuid.uuid4().hex[:12]}_"
        self.name = (self.prefix + self.TABLE).encode()
        self.whole = Projection([Slice(self.one), Slice(self.two)])
        self._opened: list[Any] = []
        self.store().create_table(self.TABLE, [self.one, self.two])

    def store(self, port: int | None = None, **query: object) -> HBaseStore:
        """Return a store, at the buffered gateway or at another port."""
        said = "&".join(f"{name}={value}" for name, value in query.items())
        url = f"hbase://{self.server.host}:{port or self.server.port()}/{self.prefix}?{said}"
        self._opened.append(store := HBaseStore(parse(url), clock=time.time_ns))
        return store

    def plain(self, port: int | None = None, timeout: float | None = None) -> Any:
        """Return happybase's table, whose `connection` is its own; ``timeout`` in seconds."""
        milliseconds = None if timeout is None else timeout * 1000
        connection = happybase.Connection(self.server.host, port or self.server.port(), timeout=milliseconds)
        self._opened.append(connection)
        return connection.table(self.name)

    def row(self, number: int) -> tuple[bytes, dict[bytes, bytes]]:
        """Return the row of a number, which no other is like, as a store answers it."""
        key = b"w%05d" % number
        return key, {b"one:key": key, b"two:a": key * (number % 7), b"two:b": b""}

    def fill(self, count: int) -> list[tuple[bytes, dict[bytes, bytes]]]:
        """Write so many rows by way of happybase, and return them."""
        rows = [self.row(number) for number in range(count)]
        with self.plain().batch(batch_size=1_000) as batch:
            for key, cells in rows:
                batch.put(key, {self.column(each): value for each, value in cells.items()})
        return rows

    def column(self, name: bytes) -> bytes:
        """Return what HBase calls one of our columns."""
        family, _, qualifier = name.partition(b":")
        return family + b"+1:" + qualifier

    def opened(self, store: Store) -> tuple[int, int]:
        """Return how many connections were opened, and how many of these thrown away."""
        statistics: Any = store.statistics()
        return statistics["connections_opened"], statistics["connections_discarded"]

    def warmed(self, store: HBaseStore) -> HBaseStore:
        """Return a store that has one connection now, and knows the families."""
        assert self.read(store, self.row(0)[0]) == [self.row(0)]
        assert self.opened(store) == (1, 0)
        return store

    def read(self, store: Store, *keys: bytes) -> list[tuple[bytes, Cells]]:
        """Return rows."""
        return store.get(self.TABLE, keys, self.whole)

    def comes(self, read: Callable[[], T]) -> T:
        """Return what a read says as soon as it says anything but that it can't."""
        until = time.monotonic() + self.PATIENCE
        while True:
            try:
                return read()
            except StoreError:
                if time.monotonic() > until:
                    raise

    def put(self, store: Store, key: bytes, value: bytes = b"1", timestamp: int | None = None) -> None:
        """Put a cell."""
        store.apply(self.TABLE, [Mutation(key, (Put(self.one, {b"a": value}, timestamp),))])

    def close(self) -> None:
        for each in self._opened:
            with contextlib.suppress(Exception):  # whatever a test left of it
                each.close()
        connection = happybase.Connection(self.server.host, self.server.port())
        with contextlib.suppress(Exception):  # a test may have dropped it
            connection.delete_table(self.name, disable=True)
        connection.close()


@pytest.fixture
def ground(hbase: Running) -> Iterator[Ground]:
    made = Ground(hbase)
    yield made
    made.close()


@pytest.fixture
def proxy(hbase: Running) -> Iterator[Proxy]:
    """What breaks things between a client and the buffered gateway."""
    with Proxy(hbase.host, hbase.port()) as made:
        yield made


@pytest.fixture
def rows(ground: Ground) -> list[tuple[bytes, dict[bytes, bytes]]]:
    return ground.fill(ground.ROWS)


@pytest.fixture
def warm(ground: Ground, rows: object, proxy: Proxy) -> HBaseStore:
    """A store behind the proxy that has a connection."""
    return ground.warmed(ground.store(proxy.port))


@pytest.fixture
def hasty(ground: Ground, rows: object, proxy: Proxy) -> HBaseStore:
    """One that gives up soon."""
    return ground.warmed(ground.store(proxy.port, timeout=ground.SHORT))
