"""An HBase whose processes are killed under a store: what was acknowledged is there, and nothing else is made up."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Final

import pytest

from cfacl.errors import StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.request import Mutation, Put, Span
from cfacl.stores.hbase.address import parse
from cfacl.stores.hbase.http import NoAnswer
from cfacl.stores.hbase.store import HBaseStore
from cfacl.testing.announcements import absent
from cfacl.testing.servers import HBase, Missing
from cfacl.testing.servers.hbase import settings
from cfacl.testing.servers.hbase.server import MASTER

pytestmark = pytest.mark.slow

ROWS: Final = 3_000


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HBase]:
    """One that is this module's alone."""
    started = HBase(tmp_path_factory.mktemp("killed"), transports=("buffered", "http"))
    try:
        started.start()
    except Missing as missing:
        absent("hbase", str(missing))
    yield started
    started.stop()


@pytest.fixture
def hbase(server: HBase) -> HBase:
    """What the other fixtures stand on."""
    return server


@pytest.fixture
def rows(ground):
    return ground.fill(ROWS)


def begun(ground, store):
    """A scan in whose middle we are, and what it said until now."""
    scan = store.scan(ground.TABLE, ground.whole, Span(), batch_size=100)
    return scan, [row for batch in itertools.islice(scan, 3) for row in batch]


@pytest.mark.parametrize("name", ["buffered", MASTER])
def test_a_scan_whose_server_is_killed_ends_with_an_error(ground, server: HBase, rows, name: str) -> None:
    store = ground.store(timeout=ground.SHORT)
    scan, found = begun(ground, store)
    server.kill(name)
    try:
        with pytest.raises(StoreUnavailable if name == "buffered" else StoreTimeout):
            for batch in scan:
                found += batch
        assert found == rows[: len(found)]
        with pytest.raises(StoreError):
            ground.read(store, rows[0][0])
        with pytest.raises(StoreError):
            ground.put(store, b"x")
    finally:
        server.restart(name)
    assert ground.comes(lambda: ground.read(store, rows[-1][0])) == [rows[-1]]
    scan, found = begun(ground, store)
    found += [row for batch in scan for row in batch]
    # A gateway goes on trying what a store no longer waits for: with the master there again, the put may be made.
    assert found[:ROWS] == rows
    assert found[ROWS:] in ([], [(b"x", {b"one:a": b"1"})] if name == MASTER else [])


@pytest.mark.parametrize("name", ["buffered", MASTER])
def test_a_scan_goes_on_with_the_right_rows_where_its_server_is_there_again(ground, server, rows, name: str) -> None:
    store = ground.store()
    scan, found = begun(ground, store)
    server.restart(name)
    with contextlib.suppress(StoreError):
        for batch in scan:
            found += batch
    assert found == rows[: len(found)]
    assert name == MASTER or found == rows, "a gateway that is there again knows no scan, and one is begun anew"
    assert ground.comes(lambda: ground.read(store, rows[0][0])) == rows[:1]


def test_what_was_acknowledged_is_there_after_the_master_was_killed(ground, server: HBase) -> None:
    """Several threads put rows until it is killed: each that was acknowledged is there, and none is half there."""
    store = ground.store(timeout=ground.SHORT)
    acknowledged: list[bytes] = []
    enough = threading.Event()

    def write(number: int) -> None:
        with contextlib.suppress(StoreError):
            for count in itertools.count():
                key = b"%d-%06d" % (number, count)
                changes = Put(ground.one, {b"a": key}), Put(ground.two, {b"b": key})
                store.apply(ground.TABLE, [Mutation(key, changes)])
                acknowledged.append(key)
                if len(acknowledged) >= 1_000:
                    enough.set()

    with ThreadPoolExecutor(4) as threads:
        writing = [threads.submit(write, number) for number in range(4)]
        assert enough.wait(ground.PATIENCE)
        server.kill(MASTER)
        for each in writing:
            each.result()
    server.restart(MASTER)
    found = dict(ground.comes(lambda: [row for batch in scanned(ground, store) for row in batch]))
    assert set(acknowledged) <= found.keys()
    assert len(found) - len(acknowledged) <= 4, "one of each thread may have been applied without an answer"
    assert all(cells == {b"one:a": key, b"two:b": key} for key, cells in found.items())


def scanned(ground, store):
    return store.scan(ground.TABLE, ground.whole, Span(), batch_size=1_000)


def test_a_gateway_without_hbase_behind_it_is_told_when_a_store_is_opened(ground, server: HBase) -> None:
    server.kill(MASTER)
    try:
        with pytest.raises(StoreTimeout, match=r"^the gateway did not answer in time: is hbase behind it up"):
            ground.store(timeout=ground.SHORT).look()
    finally:
        server.restart(MASTER)
    ground.comes(ground.store().look)


@pytest.mark.parametrize(
    ("setting", "instead"),
    [("hadoop.proxyuser.hbase.", "hadoop.proxyuser.nobody."), ("support.proxyuser", "support.nothing")],
)
def test_a_gateway_that_may_no_longer_act_as_others_is_told(
    ground, server: HBase, rows, monkeypatch, setting: str, instead: str
) -> None:
    """It answers with a page, which plain happybase takes for an answer of another protocol."""
    url = f"hbase+http://{server.host}:{server.port('http')}/{ground.prefix}?doas=principal"
    with contextlib.closing(HBaseStore(parse(url), clock=time.time_ns)) as store:
        acting = store.acting_as("maya")
        assert ground.read(acting, rows[0][0]) == rows[:1]
        written = settings.write

        def write(configuration, *arguments, **values) -> None:
            written(configuration, *arguments, **values)
            site = configuration / "hbase-site.xml"
            site.write_text(site.read_text().replace(setting, instead))

        monkeypatch.setattr(settings, "write", write)
        server.restart("http")
        store.look()
        for call in (
            lambda: ground.read(acting, rows[0][0]),
            lambda: ground.put(acting, b"x"),
            lambda: next(acting.scan(ground.TABLE, ground.whole, Span(), batch_size=10)),
        ):
            with pytest.raises(
                StoreError, match=r"^the gateway at `.*` refuses to act so; let its user act as"
            ) as told:
                call()
            assert type(told.value) is StoreError
            assert isinstance(told.value.__cause__, NoAnswer)
        monkeypatch.undo()
        server.restart("http")
        assert ground.read(acting, rows[0][0]) == rows[:1]
