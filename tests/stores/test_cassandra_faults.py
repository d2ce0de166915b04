"""Nodes that die or stand still: no row is wrong, what was acknowledged is there, and what is told is one of our errors."""

from __future__ import annotations

import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

import cfacl
from cfacl.errors import PartlyWritten, StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Mutation, Put, Span
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.store import CassandraStore
from cfacl.testing.announcements import absent
from cfacl.testing.servers import Cassandra, Missing, RunningCassandra
from cfacl.testing.servers.artifacts import java_of

pytestmark = pytest.mark.slow

TABLE: Final = "account"
ONE: Final = StoredFamily(TABLE, "one", 1, "public")
TWO: Final = StoredFamily(TABLE, "two", 2, "public")
WHOLE: Final = Projection([Slice(ONE), Slice(TWO)])
ROWS: Final = 300
#: Which of three nodes has three of the four buckets first, so that it is the one that the driver asks for them.
ASKED: Final = "two"
#: Seconds.
PATIENCE: Final = 120


def opened(server: RunningCassandra, keyspace: str, query: str = "", **settings: Any) -> CassandraStore:
    url = f"cassandra://{server.host}:{server.port}/{keyspace}?timeout=4{query}"
    store = CassandraStore(parse(url), clock=time.time_ns)
    store.settle(StoreSettings(cassandra_layouts={TABLE: CassandraLayout("ordered", 4)}, **settings))
    return store


def row(number: int) -> Mutation:
    value = b"%d" % number
    return Mutation(b"w%05d" % number, (Put(ONE, {b"a": value}), Put(TWO, {b"a": value})))


@pytest.fixture(scope="module")
def three(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cassandra]:
    """Three nodes of one data centre, which tests may kill."""
    try:
        with Cassandra(tmp_path_factory.mktemp("three"), data_centers=("eu",) * 3) as server:
            with server.session("one", timeout=60) as session:
                session.execute("CREATE KEYSPACE home WITH replication = {'class': 'NetworkTopologyStrategy', 'eu': 3}")
            with closing(opened(server, "home")) as store:
                store.create_table(TABLE, [ONE, TWO])
                store.apply(TABLE, [row(number) for number in range(ROWS)])
            yield server
    except Missing as missing:
        absent("cassandra", str(missing))


def comes(holds: Callable[[], object]) -> None:
    """Return when something no longer fails."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            holds()
        except StoreError:
            if time.monotonic() > until:
                raise
            time.sleep(0.2)
        else:
            return


class Load:
    """Writers and readers of rows of their own, who note what was acknowledged, and how the rest ended."""

    def __init__(self, store: CassandraStore) -> None:
        self.store = store
        self.stop = threading.Event()
        self.errors: Counter[str] = Counter()
        self.wrong: list[object] = []
        #: when something went well, and when something failed; the seconds are the monotonic clock's
        self.well: list[float] = []
        self.badly: list[float] = []

    def use(self, name: bytes) -> None:
        number = 0
        sure = -1
        while not self.stop.is_set():
            number += 1
            value = b"%08d" % number
            try:
                self.store.apply(TABLE, [Mutation(name, (Put(ONE, {b"a": value}), Put(TWO, {b"a": value})))])
                sure = number
                found = self.store.get(TABLE, [name], WHOLE)
            except (StoreUnavailable, StoreTimeout) as error:
                self.errors[type(error).__name__] += 1
                self.badly.append(time.monotonic())
                continue
            self.well.append(time.monotonic())
            # What was not acknowledged may be there or not, and nothing older than what was.
            for each in (b"one:a", b"two:a"):
                if not found or int(found[0][1].get(each, b"-1")) < sure:
                    self.wrong.append((sure, found))

    def a_second(self, begin: float) -> int:
        """Return how many went well in the second that begins then."""
        return sum(begin <= each < begin + 1 for each in list(self.well))

    def recovered(self, since: float, rate: float) -> float | None:
        """Return when at least half went well of what did before, in a second; none, while it is not so."""
        seconds = [since + number / 10 for number in range(int(10 * max(0, time.monotonic() - 1 - since)))]
        return next((each for each in seconds if self.a_second(each) >= rate / 2), None)


def test_a_node_that_dies_under_load_costs_no_row_and_comes_back(
    three: Cassandra, figure: Callable[[str, object], None]
) -> None:
    """How long it took is a figure of the run."""
    with closing(opened(three, "home")) as store, ThreadPoolExecutor(4) as pool:
        load = Load(store)
        users = [pool.submit(load.use, b"load%d" % number) for number in range(4)]
        try:
            time.sleep(4)
            killed = time.monotonic()
            rate = load.a_second(killed - 1)
            three.kill(ASKED)
            while load.recovered(killed, rate) is None or time.monotonic() < killed + 8:
                assert time.monotonic() < killed + PATIENCE
                time.sleep(0.2)
        finally:
            load.stop.set()
        for each in users:
            each.result()
        assert load.wrong == []
        assert rate > 0
        assert len(load.badly) < sum(each > killed for each in load.well)
        back = load.recovered(killed, rate)
        assert back is not None
        well = sorted(each for each in load.well if each > killed)
        figure("went well in the second before the kill", rate)
        figure("seconds from the kill until half as much went well", round(back - killed, 1))
        figure("the longest time without any, in seconds", round(max(b - a for a, b in pairwise(well)), 2))
        figure("errors", dict(load.errors))
        figure("seconds from the kill to the last error", round(max(load.badly, default=killed) - killed, 2))
        asked = store.scan(TABLE, WHOLE, Span(b"w"), batch_size=100)
        assert [key for batch in asked for key, _ in batch] == [b"w%05d" % number for number in range(ROWS)]
        store.settle(StoreSettings(cassandra_consistency="ALL"))
        for _ in range(3):  # agreed on by two of three, and not acknowledged by all
            with pytest.raises(StoreTimeout, match=r"^too few replicas are up for this consistency; it may have been"):
                store.increment(TABLE, b"told", ONE, b"n", 1)
        restarted = time.monotonic()
        three.restart(ASKED)
        figure("seconds from the restart until the node answers", round(time.monotonic() - restarted, 1))
        store.settle(StoreSettings(cassandra_consistency="ALL"))
        comes(lambda: store.apply(TABLE, [row(0)]))
        comes(lambda: store.get(TABLE, [b"w00000"], WHOLE))
        figure("seconds from the restart until `ALL` is served", round(time.monotonic() - restarted, 1))
        assert store.increment(TABLE, b"told", ONE, b"n", 1) in range(1, 5)
        assert store.get(TABLE, [b"w00000"], WHOLE) == [(b"w00000", {b"one:a": b"0", b"two:a": b"0"})]


def test_a_node_that_stands_still_in_mid_scan_costs_no_row(three: Cassandra) -> None:
    with closing(opened(three, "home")) as store:
        scan = store.scan(TABLE, WHOLE, Span(b"w", b"x"), batch_size=20)
        found = next(scan)
        three.pause(ASKED)
        try:
            for batch in scan:
                found += batch
        except (StoreUnavailable, StoreTimeout):
            assert [key for key, _ in found] == [b"w%05d" % number for number in range(len(found))]
        else:
            assert len(found) == ROWS
        finally:
            three.resume(ASKED)
        assert all(cells == {b"one:a": b"%d" % n, b"two:a": b"%d" % n} for n, (_, cells) in enumerate(found))
        comes(lambda: list(store.scan(TABLE, WHOLE, Span(b"w", b"x"), batch_size=100)))


def test_full_collections_of_garbage_under_load_cost_no_row(
    three: Cassandra, figure: Callable[[str, object], None]
) -> None:
    """Of each node in turn, three times; while it is at it a node does nothing else."""
    jcmd = Path(java_of(17)).with_name("jcmd")
    with closing(opened(three, "home")) as store, ThreadPoolExecutor(4) as pool:
        comes(lambda: store.get(TABLE, [b"w00000"], WHOLE))
        load = Load(store)
        users = [pool.submit(load.use, b"garbage%d" % number) for number in range(4)]
        try:
            for pid in three.pids.values():
                for _ in range(3):
                    before = len(load.well)
                    ran = subprocess.run([jcmd, str(pid), "GC.run"], capture_output=True, check=True, timeout=60)
                    assert b"Command executed successfully" in ran.stdout
                    while len(load.well) < before + 20:
                        assert not any(each.done() for each in users)
                        time.sleep(0.01)
        finally:
            load.stop.set()
        for each in users:
            each.result()
        assert load.wrong == []
        figure("errors while all garbage was collected nine times", dict(load.errors))


class Writer:
    """Writes rows of its own, each once, until it was told of one that nobody knows of it."""

    def __init__(self, store: CassandraStore, name: bytes) -> None:
        self.store = store
        self.name = name
        self.made: list[bytes] = []
        self.unknown: list[bytes] = []
        self.unmade: list[bytes] = []
        self.told = ""

    def write(self) -> None:
        until = time.monotonic() + PATIENCE
        number = 0
        while not self.unknown:
            assert time.monotonic() < until
            number += 1
            key = b"%b-%06d" % (self.name, number)
            into = self.made
            try:
                self.store.apply(TABLE, [Mutation(key, (Put(ONE, {b"a": key}), Put(TWO, {b"a": key})))])
            except StoreTimeout as error:
                self.told = str(error)
                into = self.unknown
            except StoreUnavailable:
                into = self.unmade
            into.append(key)


def test_what_a_node_that_stands_still_had_in_hand_is_told_as_unknown_and_is_never_torn(
    three: Cassandra, figure: Callable[[str, object], None]
) -> None:
    """As in a long collection of garbage: for longer than an answer may take, and then it goes on with what it had."""
    with closing(opened(three, "home")) as store, ThreadPoolExecutor(8) as pool:
        comes(lambda: store.get(TABLE, [b"w00000"], WHOLE))
        writers = [Writer(store, b"still%d" % number) for number in range(8)]
        writing = [pool.submit(each.write) for each in writers]
        while not all(each.made or each.unknown for each in writers):
            time.sleep(0.01)
        three.pause(ASKED)
        try:
            for each in writing:
                each.result()
        finally:
            three.resume(ASKED)
        store.settle(StoreSettings(cassandra_consistency="ALL"))

        def found(key: bytes) -> dict[bytes, Any]:
            rows = store.get(TABLE, [key], WHOLE)
            return dict(rows[0][1]) if rows else {}

        comes(lambda: found(b"w00000"))
        whole = 0
        for each in writers:
            assert each.told.endswith("; it may have been applied, or still be, so look before it is sent again")
            for key in each.made:
                assert found(key) == {b"one:a": key, b"two:a": key}
            for key in each.unmade:
                assert found(key) == {}
            for key in each.unknown:
                until = time.monotonic() + PATIENCE
                while len(there := found(key)) == 1:  # the node may be at it
                    assert time.monotonic() < until
                assert there in ({}, {b"one:a": key, b"two:a": key})
                whole += bool(there)
        figure("rows acknowledged while a node stood still", sum(len(each.made) for each in writers))
        figure("rows unknown", len(writers))
        figure("of these there", whole)


def test_too_few_replicas_are_told_before_anything_is_written(three: Cassandra) -> None:
    with closing(opened(three, "home")) as store:
        for each in ("two", "three"):
            three.kill(each)
        try:

            def unavailable() -> None:
                with pytest.raises(StoreUnavailable, match="too few replicas"):
                    store.apply(TABLE, [Mutation(b"few", (Put(ONE, {b"a": b"1"}),))])

            until = time.monotonic() + PATIENCE
            while True:  # until it is known that they are gone, what is written times out, and may be there
                try:
                    store.apply(TABLE, [Mutation(b"late", (Put(ONE, {b"a": b"1"}),))])
                except StoreUnavailable:
                    break
                except StoreTimeout as error:
                    assert "it may have been applied" in str(error)  # noqa: PT017  # one of two ways to fail
                assert time.monotonic() < until
            unavailable()
            with pytest.raises((PartlyWritten, StoreUnavailable)):
                store.apply(TABLE, [row(number) for number in range(50)])
            with pytest.raises(StoreUnavailable):
                store.get(TABLE, [b"few"], WHOLE)
        finally:
            for each in ("two", "three"):
                three.restart(each)
        comes(lambda: store.get(TABLE, [b"few"], WHOLE))
        assert store.get(TABLE, [b"few"], WHOLE) == []


def test_what_is_kept_in_another_data_centre_is_not_asked_for_from_this_one(cassandra_ring: RunningCassandra) -> None:
    with cassandra_ring.session("one", timeout=60) as session:
        for name, spread in (("ours", "'eu': 2"), ("theirs", "'us': 1"), ("both", "'eu': 2, 'us': 1")):
            session.execute(
                f"CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', {spread}}}"
            )
    for name, eu, us in (("ours", True, False), ("theirs", False, True), ("both", True, True)):
        maker = "us" if name == "theirs" else "eu"
        host = {"eu": "one", "us": "three"}
        for center, there in ((maker, True), *(("eu", eu), ("us", us))):
            place = cassandra_ring.addresses[host[center]]
            url = f"cassandra://{place}:{cassandra_ring.port}/{name}?dc={center}&timeout=20"
            with closing(CassandraStore(parse(url), clock=time.time_ns)) as store:
                store.settle(StoreSettings(cassandra_layouts={TABLE: CassandraLayout("row")}))
                if center == maker:
                    store.create_table(TABLE, [ONE])
                mutation = Mutation(b"u", (Put(ONE, {b"a": b"1"}),))
                if there:
                    store.apply(TABLE, [mutation])
                    found = store.get(TABLE, [b"u"], Projection([Slice(ONE, (b"a",))]))
                    assert found == [(b"u", {b"one:a": b"1"})]
                    assert store.increment(TABLE, b"u", ONE, b"n", 1) >= 1
                    assert store.system.get("nothing") is None
                    continue
                with pytest.raises(StoreUnavailable, match="too few replicas"):
                    store.apply(TABLE, [mutation])
                with pytest.raises(StoreUnavailable, match="too few replicas"):
                    store.get(TABLE, [b"u"], Projection([Slice(ONE)]))
                with pytest.raises(StoreUnavailable, match="too few replicas") as told:
                    store.increment(TABLE, b"u", ONE, b"n", 1)
                assert "may have been" not in str(told.value)
                with pytest.raises(StoreUnavailable, match="too few replicas"):
                    store.compare_and_set(TABLE, b"u", [(ONE, b"a", b"guess")], mutation)


@pytest.mark.parametrize("kept", [1, 3])
def test_two_data_centres_count_together_and_only_one_takes_a_lock(cassandra_ring: RunningCassandra, kept: int) -> None:
    family = StoredFamily(TABLE, f"both{kept}", 10 + kept, "public", versions=kept)
    with cassandra_ring.session("one", timeout=60) as session:
        session.execute(
            f"CREATE KEYSPACE both{kept} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 2, 'us': 1}}"
        )
    stores = []
    for center, node in (("eu", "one"), ("us", "three")):
        url = f"cassandra://{cassandra_ring.addresses[node]}:{cassandra_ring.port}/both{kept}?dc={center}&timeout=20"
        stores.append(CassandraStore(parse(url), clock=time.time_ns))
    try:
        stores[0].create_table(TABLE, [family])

        def known(call: Callable[[], int]) -> int | None:
            """Return what is said; ``None`` where the nodes could not agree, and say so."""
            try:
                return call()
            except StoreTimeout as error:
                assert str(error).startswith("the nodes could not agree on a row on which others decided")  # noqa: PT017  # as it must be told
                return None

        def count(store: CassandraStore) -> list[int | None]:
            return [known(lambda: store.increment(TABLE, b"u", family, b"n", 1)) for _ in range(25)]

        def take(store: CassandraStore) -> list[int | None]:
            change = [Mutation(b"%d" % number, (Put(family, {b"lock": b"mine"}),)) for number in range(15)]
            held = [(family, b"lock", None)]
            return [known(lambda: store.compare_and_set(TABLE, each.key, held, each)) for each in change]

        def record(store: CassandraStore) -> list[int | None]:
            return [known(lambda: store.system.compare_and_set(f"{number}", None, b"mine")) for number in range(15)]

        with ThreadPoolExecutor(2) as pool:
            counts = [each for several in pool.map(count, stores) for each in several]
            told = [each for each in counts if each is not None]
            assert len(set(told)) == len(told)
            assert len(told) <= max(told) <= len(counts)
            for taken in (take, record):
                for pair in zip(*pool.map(taken, stores), strict=True):
                    assert pair.count(True) == 1 or (None in pair and True not in pair)
    finally:
        for store in stores:
            store.close()


@pytest.mark.parametrize("level", ["TWO", "EACH_QUORUM"])
def test_a_level_of_several_replicas_is_for_rows_alone(cassandra_ring: RunningCassandra, level: str) -> None:
    """What a node knows by itself has one replica."""
    name = f"level_{level.lower()}"
    with cassandra_ring.session("one", timeout=60) as session:
        session.execute(
            f"CREATE KEYSPACE {name} WITH replication = {{'class': 'NetworkTopologyStrategy', 'eu': 2, 'us': 1}}"
        )
    place = cassandra_ring.addresses["one"]
    policy = cfacl.Policy.loads(f"""
        policy = {{ name = "home", purposes = ["p"] }}
        [stores.cassandra]
        consistency = "{level}"
        [tables.t.families]
        a = {{ level = "public", purposes = ["p"] }}
        [roles.app]
        clearance = "public"
        grants = [{{ table = "t", families = ["a"], actions = ["read", "write"], purposes = ["p"], why = "test" }}]
        [principals]
        app = {{ kind = "service", roles = ["app"] }}
    """)
    with cfacl.connect(f"cassandra://{place}:{cassandra_ring.port}/{name}?dc=eu&timeout=20", policy=policy) as db:
        db.create_tables()
        with db.session("app", purpose="p") as session:
            table = session.table("t")
            table.put(b"u", {b"a:q": b"1"})
            assert table.row(b"u") == {b"a:q": b"1"}
            assert table.counter_inc(b"u", b"a:n") == 1
        assert db.drift() == []
