"""What makes no sense, or is more than Cassandra takes, by way of `connect`: a typed error, and nothing half done unsaid."""

from __future__ import annotations

import json
import time
import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

import cfacl
from cfacl.model.settings import CassandraLayout
from cfacl.stores.cassandra.names import Described
from cfacl.testing.servers import RunningCassandra

pytestmark = pytest.mark.slow

TABLES: Final = """
policy = { name = "x", purposes = ["w"] }
stores.cassandra.tables.t.buckets = 4
stores.cassandra.tables.e.layout = "row"
principals.p = { kind = "service", roles = ["r"] }
roles.r.clearance = "personal"
"""
HOUSE: Final = {"a": 1, "b": 1, "v": 3}
#: The longest row key, and what is left of 65,535 bytes for a column name then.
KEY: Final = b"k" * 32_767
LEFT: Final = 65_535 - len(KEY)
FITS_NOT: Final = (
    "a row key and a column name are longer than {} bytes together, the most that the layout `ordered` takes"
)
VERSIONED: Final = " of a family that keeps several versions"
TOO_LARGE: Final = "this is larger than the node takes; send less at once, or raise `commitlog_segment_size`"

ORDERED: Final = "PRIMARY KEY ((b4), row, q)"


def policy(**tables: dict[str, int]) -> cfacl.Policy:
    """Tables of families, each with how many versions it keeps, beside those of the house."""
    tables = {"t": HOUSE, "e": HOUSE} | tables
    lines = [
        f'tables."{table}".families."{family}" = {{ level = "personal", purposes = ["w"], versions = {versions} }}'
        for table, families in tables.items()
        for family, versions in families.items()
    ]
    actions = '"read", "write", "delete"'
    grants = [
        f'{{ table = "{table}", at_or_below = "personal", actions = [{actions}], purposes = ["w"], why = "test" }}'
        for table in tables
    ]
    return cfacl.Policy.loads(f"{TABLES}roles.r.grants = [{', '.join(grants)}]\n" + "\n".join(lines))


POLICY: Final = policy()


class House:
    """A keyspace of its own behind a policy, and whoever else writes to it."""

    def __init__(self, server: RunningCassandra, keyspace: str, operator: Any) -> None:
        self.url = f"cassandra://{server.host}:{server.port}/{keyspace}?timeout=60"
        self.keyspace, self.operator = keyspace, operator
        self.db = cfacl.connect(self.url, policy=POLICY)
        self.db.create_tables()
        session = self.db.session("p", purpose="w")
        self.t, self.e = session.table("t"), session.table("e")

    def cql(self, text: str, *values: object) -> list[tuple[Any, ...]]:
        found: list[tuple[Any, ...]] = self.operator.execute(text.replace("HOME.", f"{self.keyspace}."), values).all()
        return found

    def again(self) -> Any:
        """Return the table `t` as somebody finds it who connects now."""
        self.db.close()
        self.db = cfacl.connect(self.url, policy=POLICY)
        return self.db.session("p", purpose="w").table("t")


@pytest.fixture
def house(cassandra: RunningCassandra, keyspaces: Callable[[], str], cassandra_operator: Any) -> Iterator[House]:
    made = House(cassandra, keyspaces(), cassandra_operator)
    yield made
    made.db.close()


def fails(call: Callable[[], object], kind: type[cfacl.CfaclError], says: str) -> Any:
    with pytest.raises(cfacl.CfaclError) as told:
        call()
    assert (type(told.value), str(told.value)) == (kind, says)
    return told.value


def calls(table: Any, key: bytes, column: bytes) -> dict[str, Callable[[], object]]:
    """Everything that changes a cell."""
    return {
        "put": lambda: table.put(key, {column: b"1"}),
        "put of several": lambda: table.put(key, {b"b:q": b"1", column: b"1"}),
        "delete": lambda: table.delete(key, [column]),
        "increment": lambda: table.counter_inc(key, column),
        "compare": lambda: table.compare_and_set(key, column, None, {column: b"1"}),
    }


# ------------------------------------------------------------------------------------------------- keys and columns


@pytest.mark.parametrize("key", [b"", KEY + b"k", b"k" * 65_536])
def test_a_row_key_that_no_store_takes_is_refused(house: House, key: bytes) -> None:
    says = f"a row key is 1 to 32767 bytes, not {len(key)}"
    for call in (
        *calls(house.t, key, b"a:q").values(),
        lambda: house.t.row(key),
        lambda: house.t.rows([b"u", key]),
        lambda: house.t.delete(key),
        lambda: batch(house.t, {b"u": {b"a:q": b"1"}, key: {b"a:q": b"1"}}),
    ):
        fails(call, cfacl.InvalidKey, says)
    assert list(house.t.scan()) == []


@pytest.mark.parametrize(("family", "most"), [(b"a", 65_535), (b"v", 65_527)])
def test_a_row_key_and_a_column_are_together_as_long_as_cassandra_takes(house: House, family: bytes, most: int) -> None:
    """It refuses what is longer in a plain change, and not in one under a condition, which it then kept for ever."""
    column = family + b":" + b"q" * (most - len(KEY))
    for name, call in calls(house.t, KEY, column + b"q").items():
        error = fails(call, cfacl.InvalidValue, FITS_NOT.format(f"{most:,}") + VERSIONED * (family == b"v"))
        assert error.__cause__ is None, f"{name} was sent"
    assert house.t.row(KEY, [column + b"q"]) == {}
    assert list(house.t.scan()) == []
    for call in calls(house.t, KEY, column).values():
        call()
    house.t.delete(KEY)
    assert list(house.t.scan()) == []


def test_in_the_layout_of_rows_each_is_as_long_as_it_may_be(house: House) -> None:
    for column in (b"a:" + b"q" * 65_535, b"v:" + b"q" * 65_527):
        house.e.put(KEY, {column: b"1"})
        assert house.e.row(KEY, [column]) == {column: b"1"}
    column = b"v:" + b"q" * 65_528
    for call in calls(house.e, KEY, column).values():
        fails(
            call,
            cfacl.InvalidValue,
            "a column name is longer than 65,527 bytes, the most that cassandra takes" + VERSIONED,
        )
    says = "a qualifier of `a` is 65536 bytes; at most 65535 are kept"
    for call in calls(house.e, KEY, b"a:" + b"q" * 65_536).values():
        fails(call, cfacl.InvalidValue, says)


# ---------------------------------------------------------------------------------------------- values and batches


def batch(table: Any, rows: dict[bytes, dict[bytes, bytes]], *, transaction: bool = False) -> None:
    with table.batch(transaction=transaction) as made:
        for key, data in rows.items():
            made.put(key, data)


def test_a_cell_that_fits_not_has_a_batch_refused_before_anything_of_it_is_sent(house: House) -> None:
    rows = {b"1": {b"a:q": b"1"}, KEY: {b"a:" + b"q" * (LEFT + 1): b"1"}, b"2": {b"a:q": b"1"}}
    for transaction in (False, True):
        fails(
            lambda: batch(house.t, rows, transaction=transaction),
            cfacl.InvalidValue,
            FITS_NOT.format("65,535"),
        )
    assert list(house.t.scan()) == []


@pytest.mark.parametrize("layout", ["t", "e"])
def test_a_value_over_the_limit_of_a_message_is_refused(house: House, layout: str) -> None:
    table = getattr(house, layout)
    large = b"x" * (17 << 20)
    for call in (
        lambda: table.put(b"u", {b"a:q": large}),
        lambda: table.put(b"u", {b"v:q": large}),
        lambda: table.put(b"u", {b"a:q": large, b"b:q": b"1"}),
        lambda: table.compare_and_set(b"u", b"a:q", None, {b"a:q": large}),
        lambda: batch(table, {b"u": {b"a:q": large}, b"v": {b"a:q": b"1"}}, transaction=True),
    ):
        fails(call, cfacl.InvalidValue, TOO_LARGE)
    assert table.row(b"u") == table.row(b"v") == {}


def test_of_a_batch_with_a_value_over_the_limit_it_is_said_what_is_written(house: House) -> None:
    rows = {b"1": {b"a:q": b"1"}, b"2": {b"a:q": b"x" * (17 << 20)}, b"3": {b"a:q": b"1"}}
    with pytest.raises(cfacl.PartlyWritten) as told:
        batch(house.t, rows)
    error = told.value
    assert str(error).startswith(f"{TOO_LARGE}; rows written: ")
    assert not error.unknown
    assert b"2" in error.unwritten
    assert {key for key, _ in house.t.scan()} == error.written


@pytest.mark.parametrize("layout", ["t", "e"])
def test_a_row_of_several_families_over_the_limit_is_refused_and_never_cut(house: House, layout: str) -> None:
    table = getattr(house, layout)
    third = b"x" * (3 << 20)
    fails(lambda: table.put(b"u", {b"a:q": third, b"b:q": third}), cfacl.InvalidValue, TOO_LARGE)
    assert table.row(b"u") == {}
    half = b"x" * (3 << 19)
    table.put(b"u", {b"a:q": half, b"b:q": half})  # over `batch_size_fail_threshold`, but of one partition
    assert table.row(b"u") == {b"a:q": half, b"b:q": half}


@pytest.mark.parametrize("layout", ["t", "e"])
def test_a_batch_over_the_limit_is_cut_only_without_a_transaction(house: House, layout: str) -> None:
    table = getattr(house, layout)
    rows = {b"%03d" % number: {b"a:q": b"x" * 1_024} for number in range(100)}
    fails(
        lambda: batch(table, rows, transaction=True),
        cfacl.RequestError,
        "the batch is larger than `batch_size_fail_threshold` of the cluster; send less at once",
    )
    assert list(table.scan()) == []
    batch(table, rows)
    assert {key for key, _ in table.scan()} == set(rows)


# ------------------------------------------------------------------------------------------------------ timestamps


def test_a_timestamp_that_no_change_may_bear_is_refused(house: House) -> None:
    house.t.put(b"u", {b"a:q": b"1"})
    ahead = "a timestamp may lie at most 5 s ahead of the clock; leave it out for now"
    never = "a timestamp is an int of milliseconds since 1970, 0 or more"
    soon = time.time_ns() // 1_000_000 + 60_000
    for timestamp, says in ((soon, ahead), (1 << 63, ahead), (1 << 100, ahead), (-1, never), (1.5, never)):
        for call in (
            lambda: house.t.put(b"u", {b"a:q": b"2"}, timestamp),
            lambda: house.t.delete(b"u", [b"a:q"], timestamp),
            lambda: house.t.delete(b"u", timestamp=timestamp),
        ):
            fails(call, cfacl.InvalidValue, says)
    fails(lambda: house.t.row(b"u", timestamp=-1), cfacl.InvalidValue, never)
    assert house.t.row(b"u", timestamp=1 << 100) == {b"a:q": b"1"}
    assert house.t.row(b"u", timestamp=0) == {}


# ------------------------------------------------------------------------------------------------ what others put there


def test_what_another_client_left_out_is_no_cell(house: House) -> None:
    """Keys without values, values set to none, and values not set."""
    known = house.db._store._schema._there().values()
    (table,) = [each for each in known if (each.described.table, each.described.family) == ("t", "a")]
    bucket, row = zlib.crc32(b"u") % table.buckets, b"u"
    house.cql(f"INSERT INTO {table.name} (b{table.buckets}, row, q) VALUES (%s, %s, %s)", bucket, row, b"bare")
    house.cql(f"INSERT INTO {table.name} (b{table.buckets}, row, q, v) VALUES (%s, %s, %s, null)", bucket, row, b"none")
    house.cql(
        f"INSERT INTO {table.name} (b{table.buckets}, row, q, guard) VALUES (%s, %s, %s, %s)",
        bucket,
        row,
        b"guarded",
        b"1",
    )
    house.cql(
        f"INSERT INTO {table.name} (b{table.buckets}, row, q, v) VALUES (%s, %s, %s, %s)", bucket, row, b"empty", b""
    )
    assert house.t.row(b"u") == {b"a:empty": b""}
    assert house.t.row(b"u", [b"a:bare", b"a:none"]) == {}
    assert list(house.t.scan()) == [(b"u", {b"a:empty": b""})]
    assert list(house.t.scan(scan_batching=1)) == [(b"u", {b"a:empty": b""})]
    assert house.t.compare_and_set(b"u", b"a:bare", None, {b"a:bare": b"1"})
    assert house.t.counter_inc(b"u", b"a:none", 2) == 2
    assert house.t.row(b"u") == {b"a:bare": b"1", b"a:empty": b"", b"a:none": (2).to_bytes(8)}


def test_a_table_that_somebody_made_by_hand_is_told_and_read_by_nobody(house: House) -> None:
    house.cql("CREATE TABLE HOME.theirs (k int PRIMARY KEY, v blob)")
    house.cql("CREATE TABLE HOME.t__a__77 (k int PRIMARY KEY) WITH comment = 'accounts'")
    before = house.db.drift()
    assert {(each.table, each.what) for each in before} == {("theirs", "unknown"), ("t__a__77", "unknown")}
    house.db.create_tables()
    assert house.db.drift() == before


def test_a_table_with_a_comment_as_ours_is_told_and_read_by_nobody(house: House) -> None:
    """A family that no record knows: whoever wrote it was not cfacl."""
    house.t.put(b"u", {b"a:q": b"1"})
    for identity, family in ((77, "a"), (78, "other")):
        made = Described("t", family, identity, CassandraLayout("ordered", 4), versioned=False)
        house.cql(f"CREATE TABLE HOME.{made.called} (b4 int, row blob, q blob, v blob, guard blob, {ORDERED})")
        house.cql(f"ALTER TABLE HOME.{made.called} WITH comment = '{made.comment()}'")
        house.cql(f"INSERT INTO HOME.{made.called} (b4, row, q, v) VALUES (0, 0x75, 0x71, 0x32)")
    table = house.again()
    assert {(each.table, each.family, each.what) for each in house.db.drift()} == {
        ("t", "a", "unknown"),
        ("t", "other", "unknown"),
    }
    assert table.row(b"u") == {b"a:q": b"1"}
    assert list(table.scan()) == [(b"u", {b"a:q": b"1"})]


def test_a_copy_of_a_comment_takes_no_family_away(house: House) -> None:
    """Whoever may make a table in the keyspace would be asked instead of the family's own."""
    house.t.put(b"u", {b"a:q": b"1"})
    (comment,) = [
        text
        for (text,) in house.cql("SELECT comment FROM system_schema.tables WHERE keyspace_name = %s", house.keyspace)
        if '"t"' in text and json.loads(text)["family"] == "a"
    ]
    for name in ("aaa", "zzz"):
        house.cql(f"CREATE TABLE HOME.{name} (b4 int, row blob, q blob, v blob, guard blob, {ORDERED})")
        house.cql(f"ALTER TABLE HOME.{name} WITH comment = '{comment}'")
    table = house.again()
    assert table.row(b"u") == {b"a:q": b"1"}
    assert {(each.table, each.what) for each in house.db.drift()} == {("aaa", "unknown"), ("zzz", "unknown")}


# -------------------------------------------------------------------------------------------------------- names, places


def test_names_of_any_kind_are_apart(cassandra: RunningCassandra, keyspaces: Callable[[], str]) -> None:
    """Mixed case that Cassandra would fold, words of its language, and names longer than its own may be."""
    long = "l" * 126
    families = {"select": 1, "Select": 1, "order": 1, f"f{long}": 1, f"f{long}x": 1}
    tables = dict.fromkeys(("table", "Table", "TABLE", f"t{long}", f"t{long}x", "a__b", "a.b-c"), families)
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{keyspaces()}?timeout=60"
    with cfacl.connect(url, policy=policy(**tables)) as db:
        db.create_tables()
        session = db.session("p", purpose="w")
        wanted = {}
        for table in tables:
            wanted[table] = {f"{each}:q".encode(): f"{table} {each}".encode() for each in families}
            session.table(table).put(b"u", wanted[table])
        for table, row in wanted.items():
            assert session.table(table).row(b"u") == row
            assert list(session.table(table).scan()) == [(b"u", row)]
        assert db.drift() == []


@pytest.mark.parametrize("name", ["it's", 'a"b', "größe", "a b", "", "a;b", "a" * 129, "a\\u0000b"])
def test_a_name_that_is_none_is_the_policys_mistake(name: str) -> None:
    written = name.replace('"', '\\"')
    for tables in ({written: {"a": 1}}, {"t": {written: 1}}):
        with pytest.raises(cfacl.PolicyError, match="the name must be 1 to 128 ASCII letters, digits, "):
            policy(**tables)


NO_KEYSPACE: Final = (
    'there is no keyspace `nowhere`; make it, in cqlsh `CREATE KEYSPACE "nowhere" WITH replication ='
    " {'class': 'NetworkTopologyStrategy', 'DATA_CENTER': 3}`"
)


@pytest.mark.parametrize(
    ("place", "query", "kind", "says"),
    [
        (
            "nowhere",
            "",
            cfacl.SchemaMissing,
            NO_KEYSPACE,
        ),
        ("nowhere", "?dc=mars", cfacl.RequestError, "no node is in data centre `mars`; known are `eu`"),
        ("system", "", cfacl.RequestError, "`system` is cassandra's own; make a keyspace of yours, and name that"),
    ],
)
def test_a_place_that_is_none_is_told(
    cassandra: RunningCassandra, place: str, query: str, kind: type[cfacl.CfaclError], says: str
) -> None:
    url = f"cassandra://{cassandra.host}:{cassandra.port}/{place}{query}"
    fails(lambda: cfacl.connect(url, policy=POLICY), kind, says)
