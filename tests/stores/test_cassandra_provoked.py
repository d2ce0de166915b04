"""Each exception class of the driver's, had from a real cluster where that can be, and what is said of it then."""

from __future__ import annotations

import importlib
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from cassandra.cluster import NoHostAvailable
from cassandra.protocol import ErrorMessage

from cfacl.errors import StoreContractError, StoreError, StoreTimeout, StoreUnavailable
from cfacl.model.projection import Projection, Slice, StoredFamily
from cfacl.model.request import Delete, Mutation, Put
from cfacl.model.settings import CassandraLayout, StoreSettings
from cfacl.stores.cassandra.address import parse
from cfacl.stores.cassandra.errors import KINDS, Otherwise
from cfacl.stores.cassandra.names import Described
from cfacl.stores.cassandra.store import CassandraStore, open_store
from cfacl.stores.cassandra.values import bigint, bound
from cfacl.testing.announcements import absent
from cfacl.testing.servers import Cassandra, Missing

TABLE: Final = "account"
ONE: Final = StoredFamily(TABLE, "one", 1, "public")
LOGGED: Final = StoredFamily(TABLE, "logged", 2, "public")
MINE: Final = StoredFamily(TABLE, "mine", 3, "public")
OTHER: Final = StoredFamily(TABLE, "other", 4, "public")
#: Seconds.
PATIENCE: Final = 60
#: A cluster that is soon at its end.
NARROW: Final = {
    "cdc_enabled": True,
    "cdc_total_space": "1MiB",  # less than one segment of its log
    "native_transport_max_request_data_in_flight": "1MiB",
    "native_transport_max_request_data_in_flight_per_ip": "1MiB",
    "native_transport_throw_on_overload": True,
    "read_request_timeout": "1s",
    "tombstone_failure_threshold": 100,
    "truncate_request_timeout": "1s",
    "user_defined_functions_enabled": True,
    "write_request_timeout": "1s",
}
#: What ends the message where a change may have been made.
PERHAPS: Final = "; it may have been applied, or still be, so look before it is sent again"


class Pair:
    """Two data centres of a node each: whoever asks in the first is served by its node alone."""

    def __init__(self, server: Cassandra) -> None:
        self.server = server
        self.store = self.open()
        self.ring = self.store._ring

    def open(self, query: str = "", level: str | None = None) -> CassandraStore:
        server = self.server
        store = CassandraStore(parse(f"cassandra://{server.host}:{server.port}/home?dc=eu{query}"), clock=time.time_ns)
        store.settle(
            StoreSettings(cassandra_layouts={TABLE: CassandraLayout("ordered", 4)}, cassandra_consistency=level)
        )
        return store

    @contextmanager
    def still(self, name: str) -> Iterator[None]:
        """Have a node stand still for a while."""
        self.server.pause(name)
        try:
            yield
        finally:
            self.server.resume(name)

    def put(self, family: StoredFamily = ONE, store: CassandraStore | None = None, value: bytes = b"1") -> None:
        (store or self.store).apply(TABLE, [Mutation(b"u", (Put(family, {b"a": value}),))])

    def get(self, family: StoredFamily = ONE, store: CassandraStore | None = None, key: bytes = b"u") -> object:
        return (store or self.store).get(TABLE, [key], Projection([Slice(family)]))


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    try:
        with Cassandra(tmp_path_factory.mktemp("pair"), data_centers=("eu", "us"), settings=NARROW) as server:
            with server.session("one", timeout=PATIENCE) as session:
                session.execute(
                    "CREATE KEYSPACE home WITH replication = {'class': 'NetworkTopologyStrategy', 'eu': 1, 'us': 1}"
                )
            made = Pair(server)
            with closing(made.store):
                made.store.create_table(TABLE, [ONE, LOGGED])
                made.ring.define("ALTER TABLE home.account__logged__2 WITH cdc = true")
                made.ring.define("CREATE TABLE home.plain (k int PRIMARY KEY)")
                made.store.system.compare_and_set("k", None, b"1")
                yield made
    except Missing as missing:
        absent("cassandra", str(missing))


def statement(pair: Pair, text: str) -> None:
    pair.ring.ask(pair.ring.prepare(text))


def exists(pair: Pair) -> None:
    pair.ring.define("CREATE TABLE home.plain (k int PRIMARY KEY)")


def function(pair: Pair) -> None:
    pair.ring.define(
        "CREATE OR REPLACE FUNCTION home.f (x int) RETURNS NULL ON NULL INPUT RETURNS int LANGUAGE java"
        " AS 'throw new RuntimeException();'"
    )
    pair.ring.define("INSERT INTO home.plain (k) VALUES (1)")
    statement(pair, "SELECT home.f(k) FROM home.plain")


def configuration(pair: Pair) -> None:
    pair.ring.define("CREATE KEYSPACE other WITH replication = {'class': 'Nowhere'}")


def another_layout(pair: Pair) -> None:
    """Somebody makes a table by hand, with the name and the comment that the family's own would have."""
    comment = Described(TABLE, "mine", 3, CassandraLayout("ordered", 4), versioned=False).comment()
    pair.ring.define(
        "CREATE TABLE IF NOT EXISTS home.account__mine__3 (row blob, q blob, v blob, PRIMARY KEY ((row), q))"
    )
    pair.ring.define(f"ALTER TABLE home.account__mine__3 WITH comment = '{comment}'")
    pair.get(MINE)


def place_in_an_answer(pair: Pair) -> None:
    with closing(pair.open()) as store:  # whose session is of no use afterwards
        select = bound(store._ring.prepare("SELECT k FROM home.plain"), ())
        select.fetch_size = 1
        store._ring.end(store._ring.begin(select, paging_state=b"\xff\xff\xff\xff"))


def tombstones(pair: Pair) -> None:
    pair.store.apply(TABLE, [Mutation(b"dead", (Delete(ONE, tuple(b"%d" % n for n in range(150))),))])
    pair.get(key=b"dead")


def full(pair: Pair) -> None:
    pair.put(LOGGED)


def overloaded(pair: Pair) -> None:
    """What waits for a replica that stands still is in flight."""
    with closing(pair.open(level="ALL")) as store, pair.still("two"):
        (table,) = store._schema.confirm(TABLE, [ONE])
        put = bound(table.put, (bigint(1), b"x" * 400_000, *table.key(b"large"), b"a"))
        futures = [store._ring.begin(put) for _ in range(8)]
        store._ring.end(futures[-1], applied=True)


def busy(pair: Pair) -> None:
    with closing(pair.open()) as store:
        (table,) = store._schema.confirm(TABLE, [ONE])
        put = bound(table.put, (bigint(1), b"x" * 400_000, *table.key(b"large"), b"a"))
        with pair.still("one"):
            for _ in range(1_000):  # until the system takes no more of it
                future = store._ring.begin(put)
                time.sleep(0.001)  # or the driver's thread would not come to it
                if future._event.is_set():
                    store._ring.end(future, applied=True)


def read_late(pair: Pair) -> None:
    with closing(pair.open(level="ALL")) as store:
        pair.get(store=store)
        with pair.still("two"):
            pair.get(store=store)


def write_late(pair: Pair) -> None:
    with closing(pair.open(level="ALL")) as store:
        pair.put(store=store)
        with pair.still("two"):
            pair.put(store=store)


def truncate(pair: Pair) -> None:
    with pair.still("two"):
        pair.ring.define("TRUNCATE home.plain")


def no_answer(pair: Pair) -> None:
    with closing(pair.open("&timeout=1")) as store:
        pair.get(store=store)
        with pair.still("one"):
            pair.get(store=store)


def killed(pair: Pair) -> None:
    with closing(pair.open("&timeout=30")) as store:
        (table,) = store._schema.confirm(TABLE, [ONE])
        put = bound(table.put, (bigint(1), b"1", *table.key(b"killed"), b"a"))
        pair.server.pause("one")
        future = store._ring.begin(put)
        try:
            pair.server.kill("one")
            store._ring.end(future, applied=True)
        finally:
            pair.server.restart("one")
            whole(pair)


def no_address(pair: Pair) -> None:
    open_store("cassandra://nowhere.invalid/home?timeout=2", clock=time.time_ns)


def whole(pair: Pair) -> None:
    """Return when both nodes answer again."""
    until = time.monotonic() + PATIENCE
    with closing(pair.open(level="ALL")) as store:
        while True:
            try:
                pair.put(store=store)
                pair.get()
            except StoreError:
                assert time.monotonic() < until
                time.sleep(0.2)
            else:
                return


Provoke = Callable[[Pair], object]
LATE: Final = "the replicas did not answer the coordinator in time"
#: By the driver's class, in `cassandra`: how it is had, and what we make of it.
PROVOKED: Final[dict[str, tuple[Provoke, type[StoreError], str]]] = {
    "AlreadyExists": (exists, StoreUnavailable, "somebody else makes this table; try again"),
    "FunctionFailure": (function, StoreError, "a function of the cluster failed; see the cause"),
    "InvalidRequest": (
        another_layout,
        Otherwise,
        "one of cfacl's tables is not as it was made; restore it",
    ),
    "OperationTimedOut": (no_answer, StoreTimeout, "no node answered in time; try again"),
    "ReadFailure": (
        tombstones,
        StoreUnavailable,
        "a replica failed at this read, as at too many tombstones; read its log; try again",
    ),
    "ReadTimeout": (read_late, StoreTimeout, f"{LATE}; try again"),
    "UnresolvableContactPoints": (
        no_address,
        StoreUnavailable,
        "no host of the URL has an address; see its names; try again",
    ),
    "WriteFailure": (full, StoreTimeout, f"a replica failed at this write; read its log{PERHAPS}"),
    "WriteTimeout": (write_late, StoreTimeout, LATE + PERHAPS),
    "connection.ConnectionBusy": (busy, StoreUnavailable, "all connections to the node are busy; try again"),
    "connection.ConnectionShutdown": (killed, StoreTimeout, f"a connection to a node was lost{PERHAPS}"),
    "protocol.ConfigurationException": (
        configuration,
        StoreError,
        "the cluster's configuration forbids this; see the cause",
    ),
    "protocol.OverloadedErrorMessage": (overloaded, StoreTimeout, f"the node is overloaded or starting{PERHAPS}"),
    "protocol.ProtocolException": (
        place_in_an_answer,
        StoreContractError,
        "the node can't read what the driver sent",
    ),
    "protocol.SyntaxException": (
        lambda pair: statement(pair, "SELEC"),
        StoreContractError,
        "the cluster does not know this statement; report it",
    ),
    "protocol.TruncateError": (truncate, StoreTimeout, f"the cluster failed to truncate; read its log{PERHAPS}"),
}
#: Had by another test of this folder.
ELSEWHERE: Final = {
    "AuthenticationFailed": (
        "identities",
        "test_whom_the_cluster_does_not_know_is_told_so_and_nothing_of_the_password",
    ),
    "Unauthorized": ("identities", "test_what_the_cluster_refuses_is_a_failure_and_never_a_denial_or_an_empty_row"),
    "Unavailable": ("store", "test_a_policy_says_how_many_replicas_answer"),
    "cluster.NoHostAvailable": ("store", "test_a_cluster_that_is_not_there_is_unavailable"),
}
#: Not to be had, and why.
NEVER: Final = {
    "CDCWriteFailure": "a replica whose space is full says `WriteFailure` to its coordinator, which knows no more",
    "DependencyException": "is of how the driver was built",
    "UnsupportedOperation": "is of options that are not set here, or of protocols before 5",
    "cluster.QueryExhausted": "a further page is asked for only where the server said that there is one",
    "cluster.UserTypeDoesNotExist": "no types of users are registered",
    "connection.CrcMismatchException": "no frame is altered on the way to this machine",
    "connection.ProtocolError": "is what a node never sends; `test_cassandra_identities` has something else that answers",
    "connection.ProtocolVersionUnsupported": "Cassandra 4.0 and later speak version 5, and no setting takes it from them:"
    " `native_transport_allow_older_protocols` is of those before",
    "metadata.NoMurmur3": "is of how the driver was built",
    "pool.NoConnectionsAvailable": "33,000 calls at once that nobody answered, in 90 s, had the pool be told as gone, and this not",
    "protocol.BadCredentials": "comes within `AuthenticationFailed`",
    "protocol.CDCWriteException": "as `CDCWriteFailure`",
    "protocol.ClientWriteError": "is of another server",
    "protocol.InternalError": "is of an address that is none",
    "protocol.IsBootstrappingErrorMessage": "a node that joins does not listen to clients yet",
    "protocol.NotSupportedError": "is of types and events that Cassandra 5.0 has not",
    "protocol.PreparedQueryNotFound": "the driver prepares such a statement again",
    "protocol.ServerError": "is a defect of the node's; `test_cassandra_failures` has the one that was seen, of a race",
    "query.TraceUnavailable": "no traces are asked for",
    "segment.CrcException": "comes within `CrcMismatchException`",
}


def of_others(name: str) -> bool:
    """Whether nobody meets a class: others derive from it, or the driver makes another error of it before it is raised."""
    module, _, kind = f"cassandra.{name}".rpartition(".")
    found: Any = getattr(importlib.import_module(module), kind)
    raw = issubclass(found, ErrorMessage) and found.to_exception is not ErrorMessage.to_exception
    return raw or bool(found.__subclasses__())


def test_every_class_is_provoked_or_it_is_said_why_not() -> None:
    said = [*PROVOKED, *ELSEWHERE, *NEVER]
    assert len(set(said)) == len(said)
    left = {each.removeprefix("cassandra.") for each in KINDS} - set(said)
    assert {each for each in left if not of_others(each)} == set()
    assert set(said) <= {each.removeprefix("cassandra.") for each in KINDS}
    for file, name in ELSEWHERE.values():
        assert f"def {name}(" in (Path(__file__).parent / f"test_cassandra_{file}.py").read_text("utf-8")


def met(error: BaseException | None) -> Iterator[str]:
    """Yield the classes of what went wrong, at every node."""
    if isinstance(error, NoHostAvailable) and error.errors:
        for each in error.errors.values():
            yield from met(each)
    else:
        yield f"{type(error).__module__}.{type(error).__qualname__}".removeprefix("cassandra.")


@pytest.mark.slow
@pytest.mark.parametrize("name", PROVOKED)
def test_it_is_told_as_ours(pair: Pair, name: str) -> None:
    provoke, kind, says = PROVOKED[name]
    whole(pair)
    with pytest.raises(StoreError) as told:
        provoke(pair)
    assert (type(told.value), str(told.value)) == (kind, says)
    assert list(met(told.value.__cause__)) == [name]


@pytest.mark.slow
def test_what_is_decided_by_nodes_of_which_one_stands_still_is_told_as_unknown(pair: Pair) -> None:
    whole(pair)
    with pytest.raises(StoreTimeout) as told, pair.still("two"):
        pair.store.system.compare_and_set("k", b"1", b"2")
    assert str(told.value) == LATE + PERHAPS
    assert list(met(told.value.__cause__)) == ["WriteTimeout"]
    whole(pair)
    assert pair.store.system.get("k") in (b"1", b"2")


@pytest.mark.slow
def test_a_table_is_told_as_perhaps_made_where_nobody_can_be_asked_whether_all_nodes_have_it(pair: Pair) -> None:
    """The driver asks over a connection of its own, which is gone for a while when a node was."""
    with closing(pair.open()) as store:
        store._ring._cluster.control_connection._connection.close()
        with pytest.raises(StoreTimeout) as told:
            store.create_table(TABLE, [OTHER])
        assert str(told.value) == f"a connection to a node was lost{PERHAPS}"
        store.reopen()
        store.create_table(TABLE, [OTHER])


@pytest.mark.slow
def test_preparing_takes_no_longer_than_the_url_says(pair: Pair) -> None:
    """Of which the driver's profiles say nothing, so that it would be ten seconds."""
    with closing(pair.open("&timeout=2.5")) as store:
        assert store._ring._session.default_timeout == 2.5
