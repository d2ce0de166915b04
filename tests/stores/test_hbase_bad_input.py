"""What goes wrong at a real server, and what is said of it: a typed error, and never a denial or an empty row."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest
from thriftpy2.thrift import TApplicationException

from cfacl.errors import (
    InvalidKey,
    InvalidValue,
    PartlyWritten,
    SchemaMissing,
    StoreContractError,
    StoreError,
    StoreTimeout,
    StoreUnavailable,
)
from cfacl.model.projection import Projection, Slice
from cfacl.model.request import MAX_KEY, Delete, Mutation, Put, Span
from cfacl.stores.hbase.definitions import BatchMutation, ColumnDescriptor, IllegalArgument, ServerError
from cfacl.stores.hbase.definitions import Mutation as Change
from cfacl.stores.hbase.errors import TableExists, mapped, text_of
from cfacl.stores.hbase.store import HBaseStore, open_store
from cfacl.stores.native import Refused
from cfacl.testing.servers import Operator, Running

pytestmark = pytest.mark.slow


def calls(ground, store: HBaseStore) -> dict[str, Callable[[], object]]:
    """Everything that touches rows, by name."""
    key = b"w00000"
    put = Mutation(key, (Put(ground.one, {b"a": b"1"}),))
    return {
        "get": lambda: ground.read(store, key),
        "get of several": lambda: ground.read(store, key, b"w00001"),
        "versions": lambda: store.versions(ground.TABLE, key, ground.one, b"key"),
        "scan": lambda: next(store.scan(ground.TABLE, ground.whole, Span(), batch_size=10)),
        "put": lambda: store.apply(ground.TABLE, [put]),
        "stamped put": lambda: ground.put(store, key, timestamp=5),
        "delete": lambda: store.apply(ground.TABLE, [Mutation(key, (Delete(ground.one),))]),
        "increment": lambda: store.increment(ground.TABLE, key, ground.one, b"n", 1),
        "compare": lambda: store.compare_and_set(ground.TABLE, key, [(ground.one, b"a", None)], put),
    }


def fails(call: Callable[[], object], kind: type[StoreError], message: str) -> None:
    with pytest.raises(kind) as told:
        call()
    assert str(told.value).startswith(message)
    assert told.value.__cause__ is not None, "the driver's own error is the cause"


# ----------------------------------------------------------------------------------------------------- opening


@pytest.mark.parametrize(("transport", "port"), [("framed", "buffered"), ("buffered", "framed"), ("buffered", "http")])
def test_another_transport_is_told_when_a_store_is_opened(hbase: Running, transport: str, port: str) -> None:
    url = f"hbase://{hbase.host}:{hbase.port(port)}?transport={transport}"
    with pytest.raises((StoreUnavailable, StoreContractError)) as told:
        open_store(url, clock=time.time_ns)
    where = f"{hbase.host}:{hbase.port(port)}"
    assert str(told.value).startswith(
        f"what listens at `{where}` does not answer as a gateway; is it `hbase thrift sta"
    )
    assert told.value.__cause__ is not None


@pytest.mark.parametrize("transport", ["buffered", "framed"])
def test_the_right_transport_opens(hbase: Running, transport: str) -> None:
    store = open_store(f"hbase://{hbase.host}:{hbase.port(transport)}?transport={transport}", clock=time.time_ns)
    store.tables()
    store.close()


def test_a_namespace_that_is_not_there_is_told(ground) -> None:
    url = f"hbase://{ground.server.host}:{ground.server.port()}/{ground.prefix}:"
    with closing(open_store(url, clock=time.time_ns)) as store:
        fails(
            lambda: store.create_table(ground.TABLE, [ground.one]),
            SchemaMissing,
            "there is no such namespace; `create_namespace` it in `hbase shell`",
        )


# ------------------------------------------------------------------------------- a table altered behind our back


def test_a_table_that_is_disabled_is_told_by_every_call(ground) -> None:
    ground.fill(2)
    store = ground.store()
    ground.read(store, b"w00000")
    ground.plain().connection.disable_table(ground.name)
    disabled = "the table is disabled; enable it by `Database.enable_table`, or in `hbase shell`"
    unserved = "hbase does not serve this region now; try again, and see whether the table is disabled"

    def told(named: tuple[str, Callable[[], object]]) -> None:
        # What is many rows to HBase's client it tries for a while, and knows no better then.
        tried = named[0] in ("get of several", "put", "stamped put", "delete")
        fails(named[1], StoreUnavailable, unserved if tried else disabled)

    with ThreadPoolExecutor() as threads:
        list(threads.map(told, calls(ground, store).items()))
    ground.plain().connection.enable_table(ground.name)
    assert ground.read(store, b"w00001") == [ground.row(1)]


def test_a_table_that_was_dropped_is_told_by_every_call(ground) -> None:
    ground.fill(2)
    stores = [ground.store() for _ in calls(ground, ground.store())]
    for store in stores:
        ground.read(store, b"w00000")
    ground.plain().connection.delete_table(ground.name, disable=True)
    for store, name in zip(stores, calls(ground, stores[0]), strict=True):
        fails(
            calls(ground, store)[name],
            SchemaMissing,
            "the store lacks family `one` of table `account`; `create_tables()",
        )
        with pytest.raises(SchemaMissing):
            calls(ground, store)[name]()


def test_a_family_that_was_dropped_is_told_by_every_call(ground, operator: Operator) -> None:
    ground.fill(2)
    stores = [ground.store() for _ in calls(ground, ground.store())]
    for store in stores:
        ground.read(store, b"w00000")
    operator.remove(ground.name, "one+1")
    for store, name in zip(stores, calls(ground, stores[0]), strict=True):
        fails(
            calls(ground, store)[name],
            SchemaMissing,
            "the store lacks family `one` of table `account`; `create_tables()",
        )
        with pytest.raises(SchemaMissing):
            calls(ground, store)[name]()


def test_of_a_batch_in_whose_middle_the_family_goes_it_is_known_what_is_written(
    ground, proxy, operator: Operator
) -> None:
    """Three calls of two rows each, told apart by their timestamps; the second's family is dropped before it."""
    store = ground.store(proxy.port)
    families = [ground.two, ground.one, ground.two]
    ground.read(store, b"w00000")

    def drop(request) -> None:
        if request.name == "mutateRowsTs" and len(proxy.requests("mutateRowsTs")) == 1:
            operator.remove(ground.name, "one+1")

    proxy.plan = drop
    changes = [
        Mutation(b"%d-%d" % (number, each), (Put(family, {b"a": b"1"}, 1 + number),))
        for number, family in enumerate(families)
        for each in range(2)
    ]
    with pytest.raises(
        PartlyWritten, match=r"^the store lacks a family; .*; rows written: 2, not written: 2, not known: 2$"
    ) as told:
        store.apply(ground.TABLE, changes)
    error = told.value
    assert (error.written, error.unknown, error.unwritten) == ({b"0-0", b"0-1"}, {b"1-0", b"1-1"}, {b"2-0", b"2-1"})
    assert isinstance(error.__cause__, ServerError)
    assert {key for key, _ in ground.plain().scan()} == error.written


# --------------------------------------------------------------------------------------------------- regions


def test_while_a_region_moves_there_is_an_error_and_then_the_right_row(ground, operator: Operator) -> None:
    rows = ground.fill(2)
    store = ground.store(timeout=2)
    ground.comes(lambda: ground.read(store, rows[0][0]))
    operator.unassign(ground.name)

    def told(call: Callable[[], object]) -> None:
        with pytest.raises((StoreTimeout, StoreUnavailable), match=r"hbase behind it up|does not serve this region"):
            call()

    with ThreadPoolExecutor() as threads:
        list(threads.map(told, calls(ground, store).values()))
    operator.assign(ground.name)
    assert ground.comes(lambda: ground.read(store, rows[1][0])) == [rows[1]]


@pytest.mark.parametrize("reverse", [False, True])
def test_a_scan_goes_on_where_its_regions_move_and_split(ground, operator: Operator, reverse: bool) -> None:
    rows = ground.fill(600)
    if reverse:
        rows = rows[::-1]
    scan = ground.store().scan(ground.TABLE, ground.whole, Span(reverse=reverse), batch_size=50)
    found = next(scan)
    operator.unassign(ground.name)
    operator.assign(ground.name)
    found += next(scan)
    operator.split(ground.name, b"w00300")
    for batch in scan:
        found += batch
    assert found == rows


# ----------------------------------------------------------------------------------------- keys and values


@pytest.mark.parametrize("length", [0, MAX_KEY + 1, 40_000])
def test_a_key_that_hbase_does_not_take_is_refused_before_it_is_sent(ground, proxy, length: int) -> None:
    """HBase says of such a key nothing at all, or tries it for a quarter of a minute."""
    store = ground.store(proxy.port)
    ground.read(store, b"w00000")
    sent = len(proxy.requests())
    key = b"k" * length
    put = Mutation(key, (Put(ground.one, {b"a": b"1"}),))
    for call in (
        lambda: ground.read(store, key),
        lambda: ground.read(store, b"a", key),
        lambda: store.versions(ground.TABLE, key, ground.one, b"a"),
        lambda: store.apply(ground.TABLE, [Mutation(b"a", put.changes), put]),
        lambda: store.increment(ground.TABLE, key, ground.one, b"n", 1),
        lambda: store.compare_and_set(ground.TABLE, key, [(ground.one, b"a", None)], put),
    ):
        with pytest.raises(InvalidKey, match=rf"^a row key is 1 to 32767 bytes, not {length}$"):
            call()
    assert len(proxy.requests()) == sent
    with pytest.raises(TApplicationException) as told:
        ground.plain().put(key, {b"one+1:a": b"1"})
    assert text_of(told.value) == "Internal error processing mutateRows"
    next(store.scan(ground.TABLE, ground.whole, Span(key, key + b"\0"), batch_size=1), None)  # a bound may be any


def test_a_value_over_the_servers_limit_is_refused_and_nothing_is_written(ground) -> None:
    store = ground.store()
    large = Put(ground.one, {b"a": b"x" * (11 << 20)})
    small = Put(ground.one, {b"a": b"1"})
    message = "a value is larger than the server takes; raise `hbase.client.keyvalue.maxsize`"
    fails(lambda: store.apply(ground.TABLE, [Mutation(b"1", (large,))]), InvalidValue, message)
    changes = [Mutation(key, (large if key == b"2" else small,)) for key in (b"1", b"2", b"3")]
    fails(lambda: store.apply(ground.TABLE, changes), InvalidValue, message)
    compared = [(ground.one, b"a", None)]
    fails(lambda: store.compare_and_set(ground.TABLE, b"1", compared, Mutation(b"1", (large,))), InvalidValue, message)
    assert list(ground.plain().scan()) == []
    with pytest.raises(PartlyWritten) as told:
        store.apply(
            ground.TABLE, [Mutation(b"0", (Delete(ground.one), small)), *changes, Mutation(b"4", (Delete(ground.two),))]
        )
    error = told.value
    assert isinstance(error.__cause__, IllegalArgument)
    assert (error.written, error.unknown, error.unwritten) == (set(), {b"0"}, {b"1", b"2", b"3", b"4"})
    assert list(ground.plain().scan()) == []


def test_a_request_that_is_too_large_for_the_gateway_is_told(ground) -> None:
    store = ground.store()
    huge = Mutation(b"1", (Put(ground.one, {b"a": bytes(120 << 20)}),))
    fails(
        lambda: store.apply(ground.TABLE, [huge]),
        StoreTimeout,
        "the gateway ended the connection, as one does that stops, or at a request too large; it may have been applied",
    )
    assert ground.read(store, b"1") == []


def test_a_cell_of_another_length_is_no_counter(ground) -> None:
    store = ground.store()
    for value in (b"", b"1", b"123456789"):
        ground.put(store, b"k", value)
        fails(
            lambda: store.increment(ground.TABLE, b"k", ground.one, b"a", 1),
            InvalidValue,
            "the cell is not a counter; a counter is 8 bytes",
        )
        assert ground.plain().row(b"k") == {b"one+1:a": value}
    ground.put(store, b"k", (7).to_bytes(8))
    assert store.increment(ground.TABLE, b"k", ground.one, b"a", 1) == 8


def test_what_the_gateway_fails_at_without_detail_is_told(ground) -> None:
    """As it does at a column without a colon, which the store never sends, and at a bad name of a table."""
    gateway = ground.store()._gateway
    bare = BatchMutation(b"k", [Change(False, b"column", b"1")])
    message = "the gateway failed at this and says no more; read its log"
    perhaps = "; it may have been applied, or still be, so look before it is sent again"
    fails(
        lambda: gateway.tell(lambda client: client.mutateRows(ground.name, [bare], {})), StoreError, message + perhaps
    )
    fails(lambda: gateway.ask(lambda client: client.getRow(b"no\0name", b"k", {})), StoreError, message)
    with pytest.raises(StoreError) as told:
        gateway.ask(lambda client: client.getRow(ground.name, b"", {}))
    assert isinstance(told.value.__cause__, TApplicationException)
    assert list(ground.plain().scan()) == []


def test_what_the_driver_cannot_send_is_told_and_spoils_no_connection(ground) -> None:
    """It notices in the middle of a message, of which a part is in its buffers then."""
    store = ground.store()
    wrong = BatchMutation(b"k", [Change(False, b"one+1:a", 5)])
    fails(
        lambda: store._gateway.tell(lambda client: client.mutateRows(ground.name, [wrong], {})),
        InvalidValue,
        "the driver can't send this; keys, column names and values are bytes",
    )
    assert ground.read(store, b"k") == []
    assert store.statistics() == {"connections_opened": 2, "connections_discarded": 1}


def test_a_table_that_somebody_else_made_meanwhile_is_told(ground) -> None:
    families = [ColumnDescriptor(name=b"f:")]
    fails(
        lambda: ground.store()._gateway.tell(lambda client: client.createTable(ground.name, families)),
        TableExists,
        "somebody else makes this table; try again",
    )


def test_an_answer_of_the_servers_own_failure_leaves_its_connection_as_good_as_before(ground) -> None:
    store = ground.store()
    ground.put(store, b"k")
    for _ in itertools.repeat(None, 20):
        with pytest.raises(InvalidValue):
            store.increment(ground.TABLE, b"k", ground.one, b"a", 1)
    assert store.statistics() == {"connections_opened": 1, "connections_discarded": 0}


# ------------------------------------------------------------------------------------------------ who may


def test_what_hbase_denies_is_a_failure_of_the_store_and_no_denial(hbase_acl: Running) -> None:
    """The gateway that a store speaks to acts as one user, here the superuser; the denials are of one over HTTP."""
    table = b"denied"
    with closing(hbase_acl.connection()) as superuser, closing(hbase_acl.connection("http", user="nobody")) as nobody:
        superuser.create_table(table, {"f": {}})
        denied = nobody.table(table)
        calls = (
            lambda: denied.row(b"k", [b"f"]),
            lambda: denied.rows([b"k", b"l"], [b"f"]),
            lambda: next(denied.scan(columns=[b"f"])),
            lambda: denied.put(b"k", {b"f:a": b"1"}),
            lambda: denied.delete(b"k", [b"f"]),
            lambda: denied.counter_inc(b"k", b"f:n"),
            lambda: nobody.create_table(b"another", {"f": {}}),
        )
        for number, call in enumerate(calls):
            with pytest.raises(ServerError) as told:
                call()
            assert "AccessDeniedException" in text_of(told.value)
            meant = mapped(told.value, "host:9090", applied=True)
            assert type(meant) is Refused
            assert meant.user == "nobody"
            letter = "RRRWWWC"[number]
            assert str(meant) == (
                f"hbase refuses `{letter}` on this to the user whom the gateway acts as, `nobody`;"
                " `grant` it in `hbase shell`"
            )


@pytest.mark.parametrize(
    ("value", "amount"), [(-1, -(1 << 63)), (1, (1 << 63) - 1), (-(1 << 63), -1), ((1 << 63) - 1, 1), (-5, -(1 << 63))]
)
def test_a_count_beyond_64_bits_is_set_back(ground, value: int, amount: int) -> None:
    """HBase goes on at the other end without a word."""
    store, key = ground.store(), b"%d %d" % (value, amount)
    store.apply(ground.TABLE, [Mutation(key, (Put(ground.one, {b"n": value.to_bytes(8, "big", signed=True)}),))])
    with pytest.raises(InvalidValue, match="64 bits"):
        store.increment(ground.TABLE, key, ground.one, b"n", amount)
    assert store.increment(ground.TABLE, key, ground.one, b"n", 0) == value


def test_records_that_were_removed_meanwhile_are_made_again(ground) -> None:
    store = ground.store()
    assert store.system.compare_and_set("k", None, b"1")
    plain = ground.server.connection()
    plain.delete_table(f"{ground.prefix}cfacl.records", disable=True)
    plain.close()
    assert store.system.get("k") is None
    assert store.system.compare_and_set("k", None, b"2")
    assert store.system.get("k") == b"2"
    assert abs(store.system.now() - time.time() * 1000) < 10_000


def test_what_time_it_is_there_is_not_what_it_once_was(ground) -> None:
    """A stamp from a clock that was ahead would hide what is stamped now; and nothing of it stays."""
    store = ground.store()
    before = store.system.now()
    plain = ground.server.connection()
    records = plain.table(f"{ground.prefix}cfacl.records".encode())
    records.put(b"clock", {b"record:value": b"-"}, timestamp=before + 3_600_000)
    assert abs(store.system.now() - before) < 60_000
    assert [key for key, _ in records.scan(row_prefix=b"clock")] == [b"clock"]
    records.delete(b"clock")
    plain.close()


def test_a_batch_that_is_longer_than_a_frame_is_sent_in_several(ground) -> None:
    where = f"hbase://{ground.server.host}:{ground.server.port('framed')}/{ground.prefix}?transport=framed"
    with closing(open_store(where, clock=time.time_ns)) as store:
        many = [Put(ground.one, {b"%032d" % n: b"x" * 64 for n in range(32)})]
        store.apply(ground.TABLE, [Mutation(b"framed%04d" % number, tuple(many)) for number in range(1_000)])
        wanted = Projection([Slice(ground.one)])
        assert len(store.get(ground.TABLE, [b"framed%04d" % number for number in range(1_000)], wanted)) == 1_000
